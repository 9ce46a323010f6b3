"""Supervisor: the older way to start, save and stop a training program."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from gradiente.graph.errors import OutOfRangeError
from gradiente.graph.graph import Graph, get_default_graph
from gradiente.summary.summary import SessionLog, Summary
from gradiente.summary.writer import FileWriter
from gradiente.train.checkpoint_state import latest_checkpoint
from gradiente.train.coordinator import Coordinator, LooperThread
from gradiente.train.monitored_session import Scaffold, initialize, new_session
from gradiente.train.queue_runner import start_queue_runners
from gradiente.train.training_util import get_global_step

USE_DEFAULT: Any = object()
"""For ``Supervisor``'s arguments: make the usual thing."""


class Supervisor:
    """Starts a session from the latest checkpoint or from the initializers, saves while it trains, and stops the threads.

    Use it as ``with sv.managed_session() as sess: while not sv.should_stop(): sess.run(train_op)``.

    Args:
        graph: the graph, which becomes read-only; the default graph without it.
        ready_op: gives the names of variables without a value.
        ready_for_local_init_op: accepted.
        is_chief: accepted; there is one process.
        init_op: initializes the variables.
        init_feed_dict: what it is fed.
        local_init_op: initializes the local variables.
        logdir: the folder of checkpoints and summaries; nothing is saved without it.
        summary_op: the summaries to write; None for none.
        saver: the Saver; None for none.
        global_step: the step's variable.
        save_summaries_secs: how often summaries are written; 0 for never.
        save_model_secs: how often checkpoints are written; 0 for never.
        recovery_wait_secs: accepted.
        stop_grace_secs: how long to wait for the threads.
        checkpoint_basename: the checkpoints' name.
        session_manager: accepted.
        summary_writer: the FileWriter; None for none.
        init_fn: a function of the session to call after ``init_op``.

    Source: TensorFlow 1's ``tf.train.Supervisor``.
    """

    USE_DEFAULT = USE_DEFAULT

    def __init__(
        self, graph: Graph | None = None, ready_op: Any = USE_DEFAULT, ready_for_local_init_op: Any = USE_DEFAULT,
        is_chief: bool = True, init_op: Any = USE_DEFAULT, init_feed_dict: Any = None, local_init_op: Any = USE_DEFAULT,
        logdir: str | None = None, summary_op: Any = USE_DEFAULT, saver: Any = USE_DEFAULT,
        global_step: Any = USE_DEFAULT, save_summaries_secs: float = 120, save_model_secs: float = 600,
        recovery_wait_secs: float = 30, stop_grace_secs: float = 120, checkpoint_basename: str = "model.ckpt",
        session_manager: Any = None, summary_writer: Any = USE_DEFAULT, init_fn: Callable[[Any], Any] | None = None,
        local_init_run_options: Any = None,
    ) -> None:  # fmt: skip
        del ready_for_local_init_op, is_chief, recovery_wait_secs, session_manager, local_init_run_options

        def given(value: Any) -> Any:
            return None if value is USE_DEFAULT else value

        self._graph = graph or get_default_graph()
        with self._graph.as_default():
            self._global_step = get_global_step() if global_step is USE_DEFAULT else global_step
            self._scaffold = Scaffold(
                given(init_op), init_feed_dict, _with_scaffold(init_fn),
                given(ready_op), local_init_op=given(local_init_op), summary_op=given(summary_op), saver=given(saver),
            ).finalize()  # fmt: skip
        self._summary_op = self._scaffold.summary_op if summary_op is USE_DEFAULT else summary_op
        self._saver = self._scaffold.saver if saver is USE_DEFAULT else saver
        self._logdir = logdir
        self._path = os.path.join(logdir, checkpoint_basename) if logdir else None
        self._summary_secs = save_summaries_secs
        self._model_secs = save_model_secs
        self._grace = stop_grace_secs
        self._coord = Coordinator()
        default = FileWriter(logdir) if logdir and summary_writer is USE_DEFAULT else None
        self._writer: Any = default if summary_writer is USE_DEFAULT else summary_writer
        self._written_graph = False

    @property
    def coord(self) -> Coordinator:
        """The Coordinator of the threads."""
        return self._coord

    @property
    def saver(self) -> Any:
        """The Saver."""
        return self._saver

    @property
    def summary_writer(self) -> Any:
        """The FileWriter."""
        return self._writer

    @property
    def summary_op(self) -> Any:
        """The summaries that are written."""
        return self._summary_op

    @property
    def global_step(self) -> Any:
        """The step's variable."""
        return self._global_step

    @property
    def save_path(self) -> str | None:
        """Where checkpoints go."""
        return self._path

    @property
    def init_op(self) -> Any:
        """The operation that initializes the variables."""
        return self._scaffold.init_op

    def prepare_or_wait_for_session(
        self, master: str = "", config: Any = None, wait_for_checkpoint: bool = False, max_wait_secs: float = 7200,
        start_standard_services: bool = True,
    ) -> Any:  # fmt: skip
        """A session whose variables have values, from the latest checkpoint or from the initializers."""
        del wait_for_checkpoint, max_wait_secs
        self._coord.clear_stop()
        with self._graph.as_default():
            session = new_session(master, config)
            found = latest_checkpoint(self._logdir) if self._logdir and self._saver is not None else None
            initialize(session, self._scaffold, found)
        if self._writer is not None and not self._written_graph:
            self._writer.add_graph(self._graph)
            self._writer.add_session_log(
                SessionLog(status=SessionLog.START, checkpoint_path=self._path or ""), self._step(session)
            )
            self._written_graph = True
        if start_standard_services:
            self.start_standard_services(session)
        self.start_queue_runners(session)
        return session

    def start_standard_services(self, sess: Any) -> list[Any]:
        """Start the threads that write checkpoints and summaries."""
        threads: list[Any] = []
        if self._writer is not None and self._summary_op is not None and self._summary_secs:
            threads.append(self.loop(self._summary_secs, self._write_summaries, args=(sess,)))
        if self._writer is not None and self._global_step is not None and self._summary_secs:
            counter = _StepCounter(self, sess)
            threads.append(self.loop(self._summary_secs, counter.write))
        if self._path and self._saver is not None and self._model_secs:
            threads.append(self.loop(self._model_secs, self._save, args=(sess,)))
        return threads

    def start_queue_runners(self, sess: Any, queue_runners: Sequence[Any] | None = None) -> list[Any]:
        """Start the threads of the queue runners."""
        if queue_runners is None:
            return start_queue_runners(sess=sess, coord=self._coord)
        return [
            t
            for runner in queue_runners
            for t in runner.create_threads(sess, self._coord, daemon=True, start=True)
        ]

    def loop(
        self, timer_interval_secs: float, target: Callable[..., Any], args: Any = None, kwargs: Any = None
    ) -> Any:
        """Start a thread that calls ``target`` every so many seconds until it is time to stop."""
        thread = LooperThread(self._coord, timer_interval_secs, target=target, args=args, kwargs=kwargs)
        thread.start()
        return thread

    def should_stop(self) -> bool:
        """Whether it is time to stop."""
        return self._coord.should_stop()

    def request_stop(self, ex: Any = None) -> None:
        """Ask the threads to stop; an error is raised again at the end."""
        self._coord.request_stop(ex)

    def wait_for_stop(self) -> None:
        """Wait until it is time to stop."""
        self._coord.wait_for_stop()

    def stop_on_exception(self) -> Any:
        """A ``with`` block that asks to stop when an error arises in it."""
        return self._coord.stop_on_exception()

    def stop(
        self, threads: Any = None, close_summary_writer: bool = True, ignore_live_threads: bool = False
    ) -> None:
        """Stop the threads and wait for them; raises the error that stopped them."""
        self._coord.request_stop()
        try:
            self._coord.join(
                threads, stop_grace_period_secs=self._grace, ignore_live_threads=ignore_live_threads
            )
        finally:
            if close_summary_writer:
                self._close_writer()

    def _close_writer(self) -> None:
        if self._writer is not None:
            self._writer.add_session_log(SessionLog(status=SessionLog.STOP))
            self._writer.close()
            self._written_graph = False

    def summary_computed(self, sess: Any, summary: Any, global_step: Any = None) -> None:
        """Write a summary that the program computed.

        Raises:
            RuntimeError: if there is no summary writer.
        """
        if self._writer is None:
            raise RuntimeError("Writing a summary requires a summary writer: give Supervisor a logdir.")
        self._writer.add_summary(summary, self._step(sess) if global_step is None else global_step)

    @contextmanager
    def managed_session(
        self,
        master: str = "",
        config: Any = None,
        start_standard_services: bool = True,
        close_summary_writer: bool = True,
    ) -> Iterator[Any]:
        """A ``with`` block that gives a ready session, and at its end saves, stops the threads and closes it.

        The end of the data (OutOfRangeError) ends the block like a normal one.
        """
        session = self.prepare_or_wait_for_session(
            master, config, start_standard_services=start_standard_services
        )
        ended_well = False
        try:
            with session.as_default(), self._graph.as_default():
                yield session
            ended_well = True
        except OutOfRangeError:
            ended_well = True
        except Exception as error:
            self._coord.request_stop(error)
        finally:
            try:
                # The threads save and summarize too, so they end first.
                self.stop(close_summary_writer=False, ignore_live_threads=True)
                if (
                    ended_well
                    and start_standard_services
                    and self._path
                    and self._saver is not None
                    and self._model_secs
                ):
                    self._save(session)
            finally:
                if close_summary_writer:
                    self._close_writer()
                session.close()

    PrepareSession = prepare_or_wait_for_session
    Loop = loop
    ShouldStop = should_stop
    RequestStop = request_stop
    Stop = stop
    StopOnException = stop_on_exception
    SummaryComputed = summary_computed

    def _step(self, sess: Any) -> int | None:
        return None if self._global_step is None else int(sess.run(self._global_step))

    def _save(self, sess: Any) -> None:
        self._saver.save(sess, self._path, global_step=self._global_step)

    def _write_summaries(self, sess: Any) -> None:
        self._writer.add_summary(sess.run(self._summary_op), self._step(sess))


def _with_scaffold(init_fn: Callable[[Any], Any] | None) -> Callable[[Any, Any], Any] | None:
    """A function of a session as one of a scaffold and a session."""
    if init_fn is None:
        return None

    def call(scaffold: Any, session: Any) -> Any:
        del scaffold
        return init_fn(session)

    return call


class _StepCounter:
    """Writes the steps per second since it was last called."""

    def __init__(self, supervisor: Supervisor, sess: Any) -> None:
        self._supervisor = supervisor
        self._session = sess
        self._last: tuple[float, int] | None = None

    def write(self) -> None:
        """Write the rate."""
        now, step = time.monotonic(), int(self._session.run(self._supervisor.global_step))
        before, self._last = self._last, (now, step)
        if before is not None and now > before[0]:
            rate = (step - before[1]) / (now - before[0])
            value = Summary.Value(tag="global_step/sec", simple_value=rate)
            self._supervisor.summary_writer.add_summary(Summary(value=[value]), step)
