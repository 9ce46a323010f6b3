"""The user's source line: where in the user's program an operation was made."""

from __future__ import annotations

import linecache
import os
import sys

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_PASSED_OVER = (_PACKAGE, os.path.dirname(os.__file__) + os.sep + "contextlib.py", "<frozen")


class SourceLine:
    """A line of the user's program."""

    __slots__ = ("filename", "function", "lineno")

    def __init__(self, filename: str, lineno: int, function: str) -> None:
        self.filename = filename
        self.lineno = lineno
        self.function = function

    @property
    def text(self) -> str:
        """The line itself, or an empty string when the file can't be read."""
        return linecache.getline(self.filename, self.lineno).strip()

    def __str__(self) -> str:
        text = self.text
        return f"{self.filename}:{self.lineno}" + (f": {text}" if text else "")

    def __repr__(self) -> str:
        return f"SourceLine({self.filename!r}, {self.lineno})"


def user_line() -> SourceLine:
    """The innermost line on the stack that lies outside gradiente."""
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage] - the only fast way to the stack
    last = frame
    while frame is not None:
        filename = frame.f_code.co_filename
        if not filename.startswith(_PASSED_OVER):
            return SourceLine(filename, frame.f_lineno, frame.f_code.co_name)
        last = frame
        frame = frame.f_back
    return SourceLine(last.f_code.co_filename, last.f_lineno, last.f_code.co_name)
