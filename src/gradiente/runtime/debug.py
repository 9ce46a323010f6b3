"""``GRADIENTE_DEBUG``: what the runtime tells about itself, on standard error.

A comma-separated list of topics, validated when it is read:

- ``plan``: the plan of every new kind of run;
- ``compile``: every compilation, with the signature that caused it;
- ``xla``: the program handed to XLA, as text;
- ``time``: what building, planning, compiling and running take.

``with debug("plan,compile"):`` sets it inside a block.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

TOPICS = frozenset({"plan", "compile", "xla", "time"})


def _parse(text: str) -> frozenset[str]:
    topics = frozenset(part.strip() for part in text.split(",") if part.strip())
    unknown = topics - TOPICS
    if unknown:
        raise ValueError(
            f"GRADIENTE_DEBUG names {', '.join(sorted(unknown))}, which is not a topic; it is a comma-separated list of "
            f"{', '.join(sorted(TOPICS))}."
        )
    return topics


_topics: ContextVar[frozenset[str] | None] = ContextVar("gradiente_debug", default=None)
_environment: list[frozenset[str]] = []


def topics() -> frozenset[str]:
    """The topics that are on here."""
    chosen = _topics.get()
    if chosen is not None:
        return chosen
    if not _environment:
        _environment.append(_parse(os.environ.get("GRADIENTE_DEBUG", "")))
    return _environment[0]


@contextmanager
def debug(text: str) -> Iterator[None]:
    """Switch topics on inside a ``with`` block.

    Args:
        text: as in the environment variable, for instance ``"plan,compile"``; an empty string switches all off.

    Raises:
        ValueError: if a topic does not exist.
    """
    token = _topics.set(_parse(text))
    try:
        yield
    finally:
        _topics.reset(token)


def enabled(topic: str) -> bool:
    """Whether a topic is on."""
    return topic in topics()


def tell(topic: str, text: str) -> None:
    """Write a line about a topic."""
    sys.stderr.write(f"gradiente {topic}: {text}\n")


def note_compilation(operations: int, tensors: Sequence[Any], values: Sequence[Any]) -> None:
    """Tell that a segment of so many operations is being traced for compilation, for inputs of these shapes."""
    if enabled("compile"):
        signature = ", ".join(
            f"{t.name} {v.dtype}{list(v.shape)}" for t, v in zip(tensors, values, strict=True)
        )
        tell("compile", f"{operations} operations for ({signature})")
