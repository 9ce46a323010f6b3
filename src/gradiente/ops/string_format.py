"""How values are written as text: a short form for messages, as TensorFlow's Print and Assert show tensors."""

from __future__ import annotations

from typing import Any

import numpy as np


def element_text(value: Any) -> str:
    """One element: the shortest number that reads back the same, 1 and 0 for bools, strings as they are."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, (bool, np.bool_)):
        return "1" if value else "0"
    if np.iscomplexobj(value):
        return f"({element_text(np.real(value))},{element_text(np.imag(value))})"
    if isinstance(value, (float, np.floating)):
        return _shortest(value)
    return str(value)


def _shortest(value: Any) -> str:
    """A floating-point number in 6 digits (15 for float64) where they say it all, else in 9 (17)."""
    few, many = (15, 17) if np.asarray(value).dtype.itemsize == 8 else (6, 9)
    text = f"{float(value):.{few}g}"
    return text if type(value)(text) == value else f"{float(value):.{many}g}"


def summary(value: Any, limit: int) -> str:
    """A tensor's first ``limit`` elements (all if negative) on one line.

    A vector's elements are separated by spaces, the rows of anything larger come in brackets, ``...`` stands for what is
    left out: ``[1 2][3...]...``.
    """
    array: Any = np.asarray(value)
    most = array.size if limit < 0 else limit
    if array.ndim == 0:
        return element_text(array[()]) if most else "..."
    parts: list[str] = []
    _write(array, parts, 0, most, inner=False)
    return "".join(parts) + ("..." if array.size > most else "")


def _write(array: Any, parts: list[str], written: int, most: int, inner: bool) -> int:
    """Append the text of ``array`` to ``parts`` and return how many elements are written by then."""
    if written >= most:
        return written
    if array.ndim == 1:
        shown = array[: most - written]
        parts.append(" ".join(element_text(v) for v in shown))
        if inner and len(shown) < len(array):
            parts.append("...")
        return written + len(shown)
    for row in array:
        if written >= most:
            break
        parts.append("[")
        written = _write(row, parts, written, most, inner=True)
        parts.append("]")
    return written
