"""Environment variables that say one of a few words."""

from __future__ import annotations

import os
from collections.abc import Sequence


def chosen(variable: str, words: Sequence[str], what: str) -> str | None:
    """What the variable says, or None where it says nothing.

    Args:
        variable: its name.
        words: what it may say.
        what: what each word is, for the error: ``"a way to convolve"``.

    Raises:
        ValueError: if it says something else.
    """
    text = os.environ.get(variable, "").strip()
    if text and text not in words:
        raise ValueError(f"{variable} is {text!r}, which is not {what}; it can be {', '.join(words)}.")
    return text or None
