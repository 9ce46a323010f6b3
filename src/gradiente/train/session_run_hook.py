"""Hooks: what a monitored session does around each run."""

from __future__ import annotations

from typing import Any, NamedTuple


class SessionRunValues(NamedTuple):
    """What a run gave a hook.

    Attributes:
        results: the values of what the hook asked for.
        options: what the program passed.
        run_metadata: what the program passed.
    """

    results: Any
    options: Any = None
    run_metadata: Any = None


class SessionRunArgs(NamedTuple):
    """What a hook adds to a run.

    Attributes:
        fetches: tensors or operations, in any nesting.
        feed_dict: values to feed.
        options: accepted.
    """

    fetches: Any
    feed_dict: Any = None
    options: Any = None


class SessionRunContext:
    """What a hook knows of the run it is called for."""

    def __init__(self, original_args: SessionRunArgs, session: Any) -> None:
        self._original_args = original_args
        self._session = session
        self._stop_requested = False

    @property
    def original_args(self) -> SessionRunArgs:
        """What the program asked for."""
        return self._original_args

    @property
    def session(self) -> Any:
        """The session."""
        return self._session

    @property
    def stop_requested(self) -> bool:
        """Whether a hook asked to stop."""
        return self._stop_requested

    def request_stop(self) -> None:
        """Ask to stop: ``should_stop()`` is True from now on."""
        self._stop_requested = True


class SessionRunHook:
    """The base of hooks: override what is wanted. Source: TensorFlow 1's ``tf.train.SessionRunHook``."""

    def begin(self) -> None:
        """Called before the session is made; the graph may still be changed."""

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Called when the session is made; the graph is final."""

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Called before each run; may return more to run."""
        del run_context
        return None

    def after_run(self, run_context: SessionRunContext, run_values: Any) -> None:
        """Called after each run with the values that ``before_run`` asked for."""

    def end(self, session: Any) -> None:
        """Called at the end, unless an error ended the training."""
