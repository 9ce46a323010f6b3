"""Monitored sessions, their hooks, and the Supervisor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradiente as tf
from gradiente.platform import tf_logging


def network() -> Any:
    w = tf.Variable(8.0, name="w")
    tf.summary.scalar("value", w)
    return tf.train.GradientDescentOptimizer(0.25).minimize(
        w * w, global_step=tf.train.get_or_create_global_step()
    )


def tags(folder: Path) -> list[tuple[int, str]]:
    return [
        (event.step, value.tag)
        for file in sorted(folder.glob("events.*"))
        for event in tf.train.summary_iterator(str(file))
        for value in event.summary.value
    ]


def test_training_stops_saves_and_goes_on(tmp_path: Path) -> None:
    for last, expected in ((3, 1.0), (5, 0.25)):
        with tf.Graph().as_default():
            step = network()
            session = tf.train.MonitoredTrainingSession(
                checkpoint_dir=str(tmp_path), hooks=[tf.train.StopAtStepHook(last_step=last)], save_checkpoint_steps=2,
                save_summaries_steps=2, log_step_count_steps=None,
            )  # fmt: skip
            with session as sess:
                while not sess.should_stop():
                    sess.run(step)
            assert tf.get_default_graph().finalized
        path = tf.train.latest_checkpoint(str(tmp_path))
        assert path == str(tmp_path / f"model.ckpt-{last}")
        assert tf.train.load_variable(path, "w") == expected
    tf.summary.FileWriterCache.clear()
    assert tags(tmp_path) == [(1, "value"), (3, "value"), (4, "value")]


def test_hooks_are_called_in_order_and_add_to_the_run() -> None:
    step = network()
    x = tf.placeholder(tf.float32, [], name="x")
    double = 2.0 * x
    calls: list[Any] = []

    class Recorder(tf.train.SessionRunHook):
        def begin(self) -> None:
            calls.append("begin")

        def after_create_session(self, session: Any, coord: Any) -> None:
            calls.append("created")

        def before_run(self, run_context: Any) -> Any:
            calls.append(run_context.original_args.fetches)
            return tf.train.SessionRunArgs({"double": double}, feed_dict={x: 21.0})

        def after_run(self, run_context: Any, run_values: Any) -> None:
            calls.append(run_values.results["double"])

        def end(self, session: Any) -> None:
            calls.append("end")

    final = tf.train.FinalOpsHook(double, {x: 4.0})
    with tf.train.MonitoredSession(hooks=[Recorder(), final]) as sess:
        sess.run(step)
        with pytest.raises(RuntimeError, match="fed by a user and by a hook"):
            sess.run(step, {x: 1.0})
    assert [c if not isinstance(c, np.generic) else float(c) for c in calls[:4]] == [
        "begin",
        "created",
        step,
        42.0,
    ]
    assert calls[-1] == "end"
    assert final.final_ops_values == 8.0
    with pytest.raises(RuntimeError, match="after the session was closed"):
        sess.run(step)


def test_logging_and_feeding(monkeypatch: pytest.MonkeyPatch) -> None:
    step = network()
    x = tf.placeholder(tf.float32, [], name="x")
    shown = tf.identity(x, name="shown")
    lines: list[str] = []
    monkeypatch.setattr(
        tf_logging, "info", lambda text, *values: lines.append(text % values if values else text)
    )
    hooks = [
        tf.train.FeedFnHook(lambda: {x: 5.0}),
        tf.train.LoggingTensorHook({"x": shown}, every_n_iter=2, at_end=False),
        tf.train.LoggingTensorHook(
            ["shown:0"], every_n_iter=3, formatter=lambda values: f"value {values['shown:0']}"
        ),
        tf.train.StopAtStepHook(num_steps=4),
    ]
    with tf.train.SingularMonitoredSession(hooks=hooks) as sess:
        while not sess.should_stop():
            sess.run(step)
    assert [line.split(" (")[0] for line in lines] == ["x = 5.0", "value 5.0", "x = 5.0", "value 5.0"]


def test_not_a_number() -> None:
    network()
    x = tf.placeholder(tf.float32, [])
    with pytest.raises(tf.train.NanLossDuringTrainingError, match="NaN loss"):  # noqa: SIM117
        with tf.train.MonitoredSession(hooks=[tf.train.NanTensorHook(x)]) as sess:
            sess.run(x, {x: np.nan})


def test_nan_may_only_stop() -> None:
    network()
    x = tf.placeholder(tf.float32, [])
    with tf.train.MonitoredSession(hooks=[tf.train.NanTensorHook(x, fail_on_nan_loss=False)]) as sess:
        sess.run(x, {x: np.nan})
        assert sess.should_stop()


def test_what_hooks_need() -> None:
    with pytest.raises(ValueError, match="Exactly one"):
        tf.train.StopAtStepHook()
    with pytest.raises(ValueError, match="Exactly one"):
        tf.train.SummarySaverHook(save_steps=1)
    tf.Variable(1.0)
    with pytest.raises(RuntimeError, match=r"Global step should be created.*get_or_create_global_step"):
        tf.train.MonitoredSession(hooks=[tf.train.StopAtStepHook(last_step=1)])


def test_a_scaffold_that_leaves_variables_out() -> None:
    network()
    with pytest.raises(
        RuntimeError, match=r"Variables not initialized: w, global_step: the init_op leaves them out"
    ):
        tf.train.MonitoredSession(tf.train.ChiefSessionCreator(tf.train.Scaffold(init_op=tf.no_op())))


def test_supervisor(tmp_path: Path) -> None:
    for expected_start, expected_end in ((0, 2), (2, 4)):
        with tf.Graph().as_default():
            step = network()
            supervisor = tf.train.Supervisor(logdir=str(tmp_path), summary_op=None)
            with supervisor.managed_session() as sess:
                assert sess.run(supervisor.global_step) == expected_start
                for _ in range(2):
                    assert not supervisor.should_stop()
                    sess.run(step)
                supervisor.summary_computed(
                    sess, tf.Summary(value=[tf.Summary.Value(tag="mine", simple_value=1.0)])
                )
            assert supervisor.should_stop()
            assert tf.train.latest_checkpoint(str(tmp_path)) == str(tmp_path / f"model.ckpt-{expected_end}")
    assert tags(tmp_path) == [(2, "mine"), (4, "mine")]


def test_an_error_ends_the_supervised_session() -> None:
    network()
    supervisor = tf.train.Supervisor()
    with pytest.raises(KeyError, match="mine"), supervisor.managed_session():
        raise KeyError("mine")
    assert supervisor.should_stop()
