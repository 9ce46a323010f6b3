"""The stack of default sessions, which ``Tensor.eval`` and ``Operation.run`` use."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Stack(threading.local):
    def __init__(self) -> None:
        self.sessions: list[Any] = []


_stack = _Stack()


def get_default_session() -> Any:
    """The innermost session entered with ``with session:`` (or an InteractiveSession) in this thread, or None."""
    return _stack.sessions[-1] if _stack.sessions else None


def push_default_session(session: Any) -> None:
    """Make ``session`` the default until it is removed."""
    _stack.sessions.append(session)


def remove_default_session(session: Any) -> None:
    """Take ``session`` off the stack, wherever it stands."""
    for position in range(len(_stack.sessions) - 1, -1, -1):
        if _stack.sessions[position] is session:
            del _stack.sessions[position]
            return


@contextmanager
def default_session(session: Any) -> Iterator[Any]:
    """Make ``session`` the default inside a ``with`` block."""
    push_default_session(session)
    try:
        yield session
    finally:
        remove_default_session(session)


def run_in_default_session(fetch: Any, feed_dict: Any, session: Any, graph: Any) -> Any:
    """Run ``fetch`` in ``session`` or in the default session, which must be one of ``graph``.

    Raises:
        ValueError: if there is no session, or it is a session of another graph.
    """
    if session is None:
        session = get_default_session()
        if session is None:
            raise ValueError(
                f"Cannot run {fetch.name!r}: no default session. Use `with tf.Session():`, an InteractiveSession, "
                "or pass session=..."
            )
    if session.graph is not graph:
        raise ValueError(
            f"Cannot run {fetch.name!r} in this session: the session's graph is not the one that contains it. "
            "Make the session with graph=... of that graph."
        )
    return session.run(fetch, feed_dict)
