"""Monitored sessions: made ready, restored from checkpoints, run with hooks, closed properly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any

from gradiente.graph.errors import AbortedError, OutOfRangeError, UnavailableError
from gradiente.graph.graph import get_default_graph
from gradiente.graph.keys import GraphKeys
from gradiente.ops.basic import group
from gradiente.ops.variable_lists import (
    global_variables_initializer,
    local_variables_initializer,
    report_uninitialized_variables,
)
from gradiente.summary.summary import merge_all
from gradiente.train.basic_session_run_hooks import CheckpointSaverHook, StepCounterHook, SummarySaverHook
from gradiente.train.checkpoint_state import latest_checkpoint
from gradiente.train.coordinator import Coordinator
from gradiente.train.queue_runner import start_queue_runners
from gradiente.train.saver import Saver
from gradiente.train.session_run_hook import (
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
)

_UNSET: Any = object()


class Scaffold:
    """What a session needs to start: initializers, a Saver, the merged summary. What is left out is made at ``finalize``.

    Args:
        init_op: initializes the global variables.
        init_feed_dict: what it is fed.
        init_fn: a function ``(scaffold, session)`` to call after it.
        ready_op: gives the names of variables without a value.
        ready_for_local_init_op: accepted.
        local_init_op: initializes the local variables.
        summary_op: the summaries to write.
        saver: the Saver.
        copy_from_scaffold: accepted.
        local_init_feed_dict: what ``local_init_op`` is fed.
    """

    def __init__(
        self, init_op: Any = None, init_feed_dict: Any = None, init_fn: Any = None, ready_op: Any = None,
        ready_for_local_init_op: Any = None, local_init_op: Any = None, summary_op: Any = None, saver: Any = None,
        copy_from_scaffold: Any = None, local_init_feed_dict: Any = None,
    ) -> None:  # fmt: skip
        del ready_for_local_init_op, copy_from_scaffold
        self.init_op = init_op
        self.init_feed_dict = init_feed_dict
        self.init_fn = init_fn
        self.ready_op = ready_op
        self.local_init_op = local_init_op
        self.local_init_feed_dict = local_init_feed_dict
        self.summary_op = summary_op
        self.saver = saver

    def finalize(self) -> Scaffold:
        """Make what was left out, and make the graph read-only."""
        graph = get_default_graph()
        if self.init_op is None:
            self.init_op = group(
                global_variables_initializer(), *graph.get_collection(GraphKeys.INIT_OP), name="init"
            )
        if self.local_init_op is None:
            tables = graph.get_collection(GraphKeys.TABLE_INITIALIZERS)
            self.local_init_op = group(local_variables_initializer(), *tables, name="local_init")
        if self.ready_op is None:
            self.ready_op = report_uninitialized_variables()
        if self.summary_op is None:
            self.summary_op = merge_all()
        if self.saver is None:
            found = graph.get_collection(GraphKeys.SAVERS)
            self.saver = found[0] if found else Saver(allow_empty=True)
        self.saver.build()
        graph.finalize()
        return self


class ChiefSessionCreator:
    """Makes a session: restored from the latest checkpoint if there is one, else initialized.

    Args:
        scaffold: the Scaffold.
        master: accepted: the empty string, this process.
        config: a ConfigProto.
        checkpoint_dir: the folder to restore from.
        checkpoint_filename_with_path: the checkpoint to restore.
    """

    def __init__(
        self, scaffold: Scaffold | None = None, master: str = "", config: Any = None, checkpoint_dir: str | None = None,
        checkpoint_filename_with_path: str | None = None,
    ) -> None:  # fmt: skip
        self.scaffold = scaffold or Scaffold()
        self._master = master
        self._config = config
        self._folder = checkpoint_dir
        self._checkpoint = checkpoint_filename_with_path

    def create_session(self) -> Any:
        """The session.

        Raises:
            RuntimeError: if variables have no value after that.
        """
        scaffold = self.scaffold.finalize()
        session = new_session(self._master, self._config)
        path = self._checkpoint or (latest_checkpoint(self._folder) if self._folder else None)
        initialize(session, scaffold, path)
        return session


def new_session(target: str, config: Any) -> Any:
    """A session of the default graph."""
    from importlib import import_module

    # Found at run time: training comes before the sessions in the order of the stages.
    return import_module("gradiente.runtime.session").Session(
        target, graph=get_default_graph(), config=config
    )


def initialize(session: Any, scaffold: Scaffold, checkpoint: str | None) -> None:
    """Give a session's variables their values: a checkpoint's, or the initializers'."""
    if checkpoint:
        scaffold.saver.restore(session, checkpoint)
    else:
        session.run(scaffold.init_op, feed_dict=scaffold.init_feed_dict)
        if scaffold.init_fn is not None:
            scaffold.init_fn(scaffold, session)
    session.run(scaffold.local_init_op, feed_dict=scaffold.local_init_feed_dict)
    missing = session.run(scaffold.ready_op)
    if len(missing):
        names = ", ".join(n.decode() for n in missing[:8])
        why = f"the checkpoint {checkpoint} lacks them" if checkpoint else "the init_op leaves them out"
        raise RuntimeError(f"Variables not initialized: {names}: {why}.")


class MonitoredSession:
    """A session that starts itself, runs hooks around each run, and stops when one asks for it or the data ends.

    Use it as ``with MonitoredSession() as sess: while not sess.should_stop(): sess.run(train_op)``.

    Args:
        session_creator: makes the session; a ChiefSessionCreator by default.
        hooks: SessionRunHooks.
        stop_grace_period_secs: how long to wait for the threads at the end.

    Source: TensorFlow 1's ``tf.train.MonitoredSession``.
    """

    def __init__(
        self,
        session_creator: Any = None,
        hooks: Iterable[SessionRunHook] | None = None,
        stop_grace_period_secs: float = 120,
    ) -> None:
        self._hooks = list(hooks or ())
        for hook in self._hooks:
            hook.begin()
        self._creator = session_creator or ChiefSessionCreator()
        self._session: Any = self._creator.create_session()
        self._coordinator = Coordinator()
        self._grace = stop_grace_period_secs
        start_queue_runners(sess=self._session, coord=self._coordinator)
        self._entered: Any = None
        for hook in self._hooks:
            hook.after_create_session(self._session, self._coordinator)

    @property
    def graph(self) -> Any:
        """The graph."""
        return self._session.graph

    def should_stop(self) -> bool:
        """Whether a hook or the end of the data asked to stop."""
        return self._session is None or self._coordinator.should_stop()

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """Run like ``Session.run``, with the hooks' fetches and feeds.

        Raises:
            RuntimeError: if the session is closed.
        """
        if self._session is None:
            raise RuntimeError(
                "Run called even after the session was closed: ask should_stop() before each run."
            )
        context = SessionRunContext(SessionRunArgs(fetches, feed_dict), self._session)
        asked: dict[int, Any] = {}
        feeds = dict(feed_dict or {})
        for number, hook in enumerate(self._hooks):
            added = hook.before_run(context)
            if added is None:
                continue
            if added.fetches is not None:
                asked[number] = added.fetches
            more: dict[Any, Any] = added.feed_dict or {}
            for key, value in more.items():
                if key in feeds:
                    raise RuntimeError(f"Same tensor is fed by a user and by a hook: {key}.")
                feeds[key] = value
        results = self._session.run({"caller": fetches, "hooks": asked}, feeds, options, run_metadata)
        for number, hook in enumerate(self._hooks):
            hook.after_run(context, SessionRunValues(results["hooks"].get(number), options, run_metadata))
        if context.stop_requested:
            self._coordinator.request_stop()
        return results["caller"]

    def run_step_fn(self, step_fn: Any) -> Any:
        """Call ``step_fn(step_context)``, whose ``session`` runs without hooks."""
        context = SessionRunContext(SessionRunArgs(None), self._session)
        result = step_fn(context)
        if context.stop_requested:
            self._coordinator.request_stop()
        return result

    def close(self) -> None:
        """Call the hooks' ``end`` and close the session."""
        self._finish(None)

    def __enter__(self) -> MonitoredSession:
        self._entered = self._session.as_default()
        self._entered.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        del kind, traceback
        ended = isinstance(value, OutOfRangeError | StopIteration)
        self._entered.__exit__(None, None, None)
        self._finish(None if ended else value)
        return ended

    def _finish(self, error: BaseException | None) -> None:
        if self._session is None:
            return
        try:
            if error is None or isinstance(error, AbortedError | UnavailableError):
                for hook in self._hooks:
                    hook.end(self._session)
        finally:
            session, self._session = self._session, None
            self._coordinator.request_stop()
            session.close()
            self._coordinator.join(stop_grace_period_secs=self._grace, ignore_live_threads=True)


class SingularMonitoredSession(MonitoredSession):
    """A MonitoredSession whose session is made from settings (see ``MonitoredTrainingSession``)."""

    def __init__(
        self, hooks: Iterable[SessionRunHook] | None = None, scaffold: Scaffold | None = None, master: str = "",
        config: Any = None, checkpoint_dir: str | None = None, stop_grace_period_secs: float = 120,
        checkpoint_filename_with_path: str | None = None,
    ) -> None:  # fmt: skip
        creator = ChiefSessionCreator(scaffold, master, config, checkpoint_dir, checkpoint_filename_with_path)
        super().__init__(creator, hooks, stop_grace_period_secs)

    def raw_session(self) -> Any:
        """The session underneath."""
        return self._session


def MonitoredTrainingSession(
    master: str = "", is_chief: bool = True, checkpoint_dir: str | None = None, scaffold: Scaffold | None = None,
    hooks: Sequence[SessionRunHook] | None = None, chief_only_hooks: Sequence[SessionRunHook] | None = None,
    save_checkpoint_secs: Any = _UNSET, save_summaries_steps: Any = _UNSET, save_summaries_secs: Any = _UNSET,
    config: Any = None, stop_grace_period_secs: float = 120, log_step_count_steps: int | None = 100,
    max_wait_secs: float = 7200, save_checkpoint_steps: Any = _UNSET, summary_dir: str | None = None,
) -> MonitoredSession:  # fmt: skip
    """A MonitoredSession for training: saves checkpoints and summaries in a folder, and goes on from its latest checkpoint.

    Args:
        master: accepted.
        is_chief: accepted; there is one process.
        checkpoint_dir: the folder; nothing is saved without it.
        scaffold: the Scaffold.
        hooks: more hooks.
        chief_only_hooks: more hooks.
        save_checkpoint_secs: save after so many seconds; 600 by default.
        save_summaries_steps: write summaries after so many steps; 100 by default.
        save_summaries_secs: or after so many seconds.
        config: a ConfigProto.
        stop_grace_period_secs: how long to wait for threads at the end.
        log_step_count_steps: log steps per second after so many steps; None for never.
        max_wait_secs: accepted.
        save_checkpoint_steps: save after so many steps instead.
        summary_dir: another folder for summaries.

    Source: TensorFlow 1's ``tf.train.MonitoredTrainingSession``.
    """
    del is_chief, max_wait_secs
    if save_summaries_steps is _UNSET and save_summaries_secs is _UNSET:
        save_summaries_steps = 100
    if save_checkpoint_secs is _UNSET and save_checkpoint_steps is _UNSET:
        save_checkpoint_secs = 600
    settings = (save_summaries_steps, save_summaries_secs, save_checkpoint_secs, save_checkpoint_steps)
    steps, seconds, saved_seconds, saved_steps = (None if s is _UNSET else s for s in settings)
    scaffold = scaffold or Scaffold()
    every = [*(hooks or ()), *(chief_only_hooks or ())]
    folder = summary_dir or checkpoint_dir
    if folder:
        if log_step_count_steps:
            every.append(StepCounterHook(log_step_count_steps, output_dir=folder))
        if steps or seconds:
            every.append(SummarySaverHook(steps, seconds, folder, scaffold=scaffold))
    if checkpoint_dir and (saved_seconds or saved_steps):
        every.append(CheckpointSaverHook(checkpoint_dir, saved_seconds, saved_steps, scaffold=scaffold))
    creator = ChiefSessionCreator(scaffold, master, config, checkpoint_dir)
    return MonitoredSession(creator, every, stop_grace_period_secs)
