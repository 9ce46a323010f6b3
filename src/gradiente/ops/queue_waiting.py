"""Waiting on a queue: until something changes, the session is closed, or nothing can ever change.

A program that reads from a queue before its threads are started would wait for ever. What is known about the threads
of the process tells such a wait from one that will end; ``docs/decisions/queues.md`` has the rules.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PATIENCE_VARIABLE = "GRADIENTE_QUEUE_PATIENCE"
_PATIENCE = 60.0
_POLL = 0.05
_STABLE_POLLS = 10
"""Consecutive looks that must agree that nobody can end a wait."""

_blocked: dict[threading.Thread, Callable[[], bool]] = {}
"""The threads that wait here, with what says whether their wait is over."""

_idle: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
"""Threads that never touch a queue's elements, such as those that close it when a coordinator says stop."""


def patience() -> float:
    """Seconds that a wait goes on while only threads are alive that have not touched the queue; 0 means for ever.

    Raises:
        ValueError: the environment variable is no number of seconds.
    """
    text = os.environ.get(PATIENCE_VARIABLE, "")
    if not text:
        return _PATIENCE
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if seconds < 0:
        raise ValueError(f"{PATIENCE_VARIABLE}={text!r} is no number of seconds (0: wait for ever).")
    return seconds


def mark_idle(thread: threading.Thread) -> None:
    """Say that a thread never puts elements into queues nor takes any out."""
    _idle.add(thread)


@contextmanager
def waiting(is_over: Callable[[], bool]) -> Iterator[None]:
    """Note, while the block runs, that this thread waits until ``is_over()``."""
    me = threading.current_thread()
    _blocked[me] = is_over
    try:
        yield
    finally:
        _blocked.pop(me, None)


class Threads:
    """The threads known to put elements into a queue."""

    def __init__(self) -> None:
        self._known: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
        self.ever = False
        """Whether there ever was one."""
        self.failure: Exception | None = None
        """What ended one of them that no coordinator watched."""

    def add(self, thread: threading.Thread) -> None:
        """Count ``thread`` among them."""
        self._known.add(thread)
        self.ever = True

    def other_alive(self) -> bool:
        """Whether one of them, other than the caller, is running."""
        me = threading.current_thread()
        return any(t.is_alive() for t in list(self._known) if t is not me)


class Patience:
    """Decides, look by look, when a wait has become hopeless."""

    def __init__(self, producers: Threads | None) -> None:
        self._producers = producers
        self._hopeless_looks = 0
        self._started = time.monotonic()

    def exhausted(self) -> bool:
        """Whether nobody can end the wait, or nobody known has for longer than ``patience()``."""
        if self._producers is not None and self._producers.other_alive():
            self._hopeless_looks = 0
            self._started = time.monotonic()
            return False
        me = threading.current_thread()
        free = [t for t in threading.enumerate() if t is not me and t not in _idle and not _is_stuck(t)]
        if not free:
            self._hopeless_looks += 1
            return self._hopeless_looks >= _STABLE_POLLS
        self._hopeless_looks = 0
        if self._producers is None or (me is not threading.main_thread() and threading.main_thread() in free):
            return False
        limit = patience()
        return limit > 0 and time.monotonic() - self._started > limit


def _is_stuck(thread: threading.Thread) -> bool:
    is_over = _blocked.get(thread)
    return is_over is not None and not is_over()


def wait_for(
    condition: threading.Condition, is_over: Callable[[], bool], producers: Threads | None, deadline: float | None,
    hopeless: Callable[[], Exception], late: Callable[[], Exception],
) -> None:  # fmt: skip
    """Wait, holding ``condition``, until ``is_over()``.

    The waits are short ones, so that Ctrl-C reaches the main thread at once on every platform.

    Args:
        condition: notified when something changes.
        is_over: what the caller waits for.
        producers: the threads known to bring it about; None if any thread may.
        deadline: the ``time.monotonic()`` after which to give up.
        hopeless: makes the error for a wait that can't end.
        late: makes the error for a wait past its deadline.
    """
    look = Patience(producers)
    with waiting(is_over):
        while not is_over():
            condition.wait(_POLL)
            if is_over():
                return
            if deadline is not None and time.monotonic() > deadline:
                raise late()
            if look.exhausted():
                raise hopeless()


def deadline_of(session: Any) -> float | None:
    """When an operation that starts to wait now must give up: ConfigProto's ``operation_timeout_in_ms``."""
    milliseconds = getattr(getattr(session, "_config", None), "operation_timeout_in_ms", 0) or 0
    return time.monotonic() + milliseconds / 1000 if milliseconds else None
