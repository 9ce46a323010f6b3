"""The usual hooks: stop, log, save, summarize, watch for NaN."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from gradiente.graph.graph import get_default_graph
from gradiente.graph.keys import GraphKeys
from gradiente.platform import tf_logging
from gradiente.summary.summary import SessionLog, Summary
from gradiente.summary.writer import FileWriterCache
from gradiente.train.session_run_hook import SessionRunArgs, SessionRunContext, SessionRunHook
from gradiente.train.training_util import get_global_step


class SecondOrStepTimer:
    """Says when it is time again: every so many seconds or steps.

    Raises:
        ValueError: if not exactly one of them is given.
    """

    def __init__(self, every_secs: float | None = None, every_steps: int | None = None) -> None:
        if (every_secs is None) == (every_steps is None):
            raise ValueError("Exactly one of every_secs and every_steps must be given.")
        self._every_secs = every_secs
        self._every_steps = every_steps
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self._last: tuple[int, float] | None = None

    def should_trigger_for_step(self, step: int) -> bool:
        """Whether it is time at this step."""
        if self._last is None:
            return True
        last_step, last_time = self._last
        if step == last_step:
            return False
        if self._every_secs is not None:
            return time.monotonic() >= last_time + self._every_secs
        return step >= last_step + (self._every_steps or 0)

    def update_last_triggered_step(self, step: int) -> tuple[float | None, int | None]:
        """Note that it happened at this step; returns the seconds and steps since the time before."""
        now = time.monotonic()
        before, self._last = self._last, (step, now)
        return (None, None) if before is None else (now - before[1], step - before[0])

    def last_triggered_step(self) -> int | None:
        """The step at which it happened last."""
        return None if self._last is None else self._last[0]


def _step_tensor(hook: SessionRunHook) -> Any:
    step = get_global_step()
    if step is None:
        raise RuntimeError(
            f"Global step should be created to use {type(hook).__name__}. Call tf.train.get_or_create_global_step() and "
            "pass it to minimize."
        )
    return step


class StopAtStepHook(SessionRunHook):
    """Asks to stop after a number of steps, or at a step.

    Args:
        num_steps: how many steps from where the training starts.
        last_step: the step to stop at.

    Raises:
        ValueError: if not exactly one of them is given.
    """

    def __init__(self, num_steps: int | None = None, last_step: int | None = None) -> None:
        if (num_steps is None) == (last_step is None):
            raise ValueError("Exactly one of num_steps and last_step must be specified.")
        self._num_steps = num_steps
        self._last_step = last_step

    def begin(self) -> None:
        self._step = _step_tensor(self)

    def after_create_session(self, session: Any, coord: Any) -> None:
        del coord
        if self._last_step is None:
            self._last_step = int(session.run(self._step)) + (self._num_steps or 0)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        del run_context
        return SessionRunArgs(self._step)

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        # Read after the run: within it, the step may be read before it is counted.
        if int(run_context.session.run(self._step)) >= (self._last_step or 0):
            run_context.request_stop()


class LoggingTensorHook(SessionRunHook):
    """Logs the values of tensors every so many runs or seconds, or at the end.

    Args:
        tensors: tensors by the names to show, or a list of tensors or their names.
        every_n_iter: after how many runs.
        every_n_secs: after how many seconds.
        at_end: also at the end.
        formatter: from a dictionary of values to the text.

    Raises:
        ValueError: if neither a period nor ``at_end`` is given, or both periods.
    """

    def __init__(
        self, tensors: Any, every_n_iter: int | None = None, every_n_secs: float | None = None, at_end: bool = False,
        formatter: Callable[[dict[str, Any]], str] | None = None,
    ) -> None:  # fmt: skip
        self._only_at_end = at_end and every_n_iter is None and every_n_secs is None
        self._at_end = at_end
        self._timer = None if self._only_at_end else SecondOrStepTimer(every_n_secs, every_n_iter)
        self._tensors = _named(tensors)
        self._formatter = formatter

    def begin(self) -> None:
        self._runs = 0
        graph = get_default_graph()
        self._current = {
            k: graph.as_graph_element(v, allow_operation=False) for k, v in self._tensors.items()
        }

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        del run_context
        self._due = self._timer is not None and self._timer.should_trigger_for_step(self._runs)
        return SessionRunArgs(self._current) if self._due else None

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        if self._due:
            self._log(run_values.results)
        self._runs += 1

    def _log(self, values: dict[str, Any]) -> None:
        seconds = None if self._timer is None else self._timer.update_last_triggered_step(self._runs)[0]
        if self._formatter is not None:
            tf_logging.info(self._formatter(values))
            return
        text = ", ".join(f"{name} = {values[name]}" for name in self._tensors)
        tf_logging.info("%s%s", text, "" if seconds is None else f" ({seconds:.3f} sec)")

    def end(self, session: Any) -> None:
        if self._at_end:
            self._log(session.run(self._current))


def _named(tensors: Any) -> dict[str, Any]:
    if isinstance(tensors, Mapping):
        return dict(tensors)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - user input
    return {t if isinstance(t, str) else t.name: t for t in tensors}


class NanLossDuringTrainingError(RuntimeError):
    """The loss is not a number any more."""

    def __str__(self) -> str:
        return "NaN loss during training. Lower the learning rate, or look for log(0) and 0/0 with tf.check_numerics."


class NanTensorHook(SessionRunHook):
    """Watches a loss, and stops or fails when it is not a number.

    Args:
        loss_tensor: the tensor.
        fail_on_nan_loss: raise NanLossDuringTrainingError; else only ask to stop.
    """

    def __init__(self, loss_tensor: Any, fail_on_nan_loss: bool = True) -> None:
        self._loss = loss_tensor
        self._fails = fail_on_nan_loss

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        del run_context
        return SessionRunArgs(self._loss)

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        if np.isnan(run_values.results).any():
            tf_logging.error("Model diverged with loss = NaN.")
            if self._fails:
                raise NanLossDuringTrainingError
            run_context.request_stop()


class CheckpointSaverHook(SessionRunHook):
    """Saves a checkpoint every so many steps or seconds, at the start and at the end.

    Args:
        checkpoint_dir: the folder.
        save_secs: after how many seconds.
        save_steps: after how many steps.
        saver: the Saver; else the scaffold's.
        checkpoint_basename: the checkpoints' name.
        scaffold: a Scaffold with a Saver.
        listeners: accepted.
    """

    def __init__(
        self, checkpoint_dir: str, save_secs: float | None = None, save_steps: int | None = None, saver: Any = None,
        checkpoint_basename: str = "model.ckpt", scaffold: Any = None, listeners: Iterable[Any] | None = None,
    ) -> None:  # fmt: skip
        del listeners
        if saver is not None and scaffold is not None:
            raise ValueError("You cannot provide both saver and scaffold.")
        self._folder = checkpoint_dir
        self._path = os.path.join(checkpoint_dir, checkpoint_basename)
        self._timer = SecondOrStepTimer(save_secs, save_steps)
        self._saver = saver
        self._scaffold = scaffold

    def begin(self) -> None:
        self._step = _step_tensor(self)
        os.makedirs(self._folder, exist_ok=True)

    def after_create_session(self, session: Any, coord: Any) -> None:
        del coord
        step = int(session.run(self._step))
        self._save(session, step)
        self._timer.update_last_triggered_step(step)

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        del run_values
        step = int(run_context.session.run(self._step))
        if self._timer.should_trigger_for_step(step):
            self._timer.update_last_triggered_step(step)
            self._save(run_context.session, step)

    def end(self, session: Any) -> None:
        step = int(session.run(self._step))
        if step != self._timer.last_triggered_step():
            self._save(session, step)

    def _save(self, session: Any, step: int) -> None:
        saver = self._saver or (self._scaffold.saver if self._scaffold is not None else None)
        if saver is None:
            found = get_default_graph().get_collection(GraphKeys.SAVERS)
            if not found:
                raise RuntimeError(
                    "CheckpointSaverHook has no Saver: pass saver or scaffold, or add one to GraphKeys.SAVERS."
                )
            saver = found[0]
        saver.save(session, self._path, global_step=step)


class SummarySaverHook(SessionRunHook):
    """Writes summaries every so many steps or seconds.

    Args:
        save_steps: after how many steps.
        save_secs: after how many seconds.
        output_dir: the folder, if no writer is given.
        summary_writer: the FileWriter.
        scaffold: a Scaffold with a summary operation.
        summary_op: the summary, or a list of them.
    """

    def __init__(
        self, save_steps: int | None = None, save_secs: float | None = None, output_dir: str | None = None,
        summary_writer: Any = None, scaffold: Any = None, summary_op: Any = None,
    ) -> None:  # fmt: skip
        if (scaffold is None) == (summary_op is None):
            raise ValueError("Exactly one of scaffold or summary_op must be provided.")
        self._timer = SecondOrStepTimer(save_secs, save_steps)
        self._folder = output_dir
        self._writer = summary_writer
        self._scaffold = scaffold
        self._summary_op = summary_op

    def begin(self) -> None:
        if self._writer is None and self._folder:
            self._writer = FileWriterCache.get(self._folder)
        self._step = _step_tensor(self)
        self._next_step: int | None = None

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        del run_context
        self._due = self._next_step is None or self._timer.should_trigger_for_step(self._next_step)
        wanted: dict[str, Any] = {"step": self._step}
        summary = self._summary_op if self._summary_op is not None else self._scaffold.summary_op
        if self._due and summary is not None:
            wanted["summary"] = summary
        return SessionRunArgs(wanted)

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        step = int(run_context.session.run(self._step))
        found = run_values.results.get("summary")
        if self._writer is not None and found is not None:
            if self._next_step is None:
                self._writer.add_session_log(SessionLog(status=SessionLog.START), step)
            self._timer.update_last_triggered_step(step)
            for summary in np.ravel(np.asarray(found, dtype=object)):
                self._writer.add_summary(summary, step)
        self._next_step = step + 1

    def end(self, session: Any) -> None:
        del session
        if self._writer is not None:
            self._writer.flush()


class StepCounterHook(SessionRunHook):
    """Measures steps per second, and writes and logs them.

    Args:
        every_n_steps: after how many steps.
        every_n_secs: after how many seconds.
        output_dir: the folder, if no writer is given.
        summary_writer: the FileWriter.
    """

    def __init__(
        self, every_n_steps: int | None = 100, every_n_secs: float | None = None, output_dir: str | None = None,
        summary_writer: Any = None,
    ) -> None:  # fmt: skip
        self._timer = SecondOrStepTimer(every_n_secs, every_n_steps)
        self._writer = summary_writer
        self._folder = output_dir

    def begin(self) -> None:
        if self._writer is None and self._folder:
            self._writer = FileWriterCache.get(self._folder)
        self._step = _step_tensor(self)

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        del run_values
        step = int(run_context.session.run(self._step))
        if not self._timer.should_trigger_for_step(step):
            return
        seconds, steps = self._timer.update_last_triggered_step(step)
        if seconds and steps:
            rate = steps / seconds
            tf_logging.info("global_step/sec: %g", rate)
            if self._writer is not None:
                self._writer.add_summary(
                    Summary(value=[Summary.Value(tag="global_step/sec", simple_value=rate)]), step
                )


class FinalOpsHook(SessionRunHook):
    """Runs something at the end and keeps its values in ``final_ops_values``."""

    def __init__(self, final_ops: Any, final_ops_feed_dict: Any = None) -> None:
        self._final_ops = final_ops
        self._feed = final_ops_feed_dict
        self._values: Any = None

    @property
    def final_ops_values(self) -> Any:
        """The values."""
        return self._values

    def end(self, session: Any) -> None:
        if self._final_ops is not None:
            self._values = session.run(self._final_ops, feed_dict=self._feed)


class FeedFnHook(SessionRunHook):
    """Feeds each run with what a function returns: a dictionary for ``feed_dict``."""

    def __init__(self, feed_fn: Callable[[], Any]) -> None:
        self._feed_fn = feed_fn

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        del run_context
        return SessionRunArgs(fetches=None, feed_dict=self._feed_fn())
