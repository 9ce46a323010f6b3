"""Text and bytes: the conversions of `tf.compat`."""

from __future__ import annotations

import numbers
import os
from typing import Any

import numpy as np

bytes_or_text_types = (bytes, str)
integral_types = (numbers.Integral, np.integer)
real_types = (numbers.Real, np.integer, np.floating)
complex_types = (numbers.Complex, np.number)


def as_bytes(bytes_or_text: Any, encoding: str = "utf-8") -> bytes:
    r"""Returns `bytes_or_text` as bytes.

    Args:
        bytes_or_text: a `str`, `bytes` or `bytearray`.
        encoding: the encoding of text.

    Raises:
        TypeError: for anything else.

    >>> as_bytes("año")
    b'a\xc3\xb1o'
    """
    if isinstance(bytes_or_text, str):
        return bytes_or_text.encode(encoding)
    if isinstance(bytes_or_text, bytes | bytearray):
        return bytes(bytes_or_text)
    raise TypeError(f"as_bytes wants text or bytes, not {bytes_or_text!r}.")


def as_text(bytes_or_text: Any, encoding: str = "utf-8") -> str:
    """Returns `bytes_or_text` as a `str`.

    Args:
        bytes_or_text: a `str` or `bytes`.
        encoding: the encoding of bytes.

    Raises:
        TypeError: for anything else.

    >>> as_text(b"doge")
    'doge'
    """
    if isinstance(bytes_or_text, str):
        return bytes_or_text
    if isinstance(bytes_or_text, bytes | bytearray):
        return bytes(bytes_or_text).decode(encoding)
    raise TypeError(f"as_text wants text or bytes, not {bytes_or_text!r}.")


as_str = as_text


def as_str_any(value: Any, encoding: str = "utf-8") -> str:
    """Returns bytes decoded and anything else as `str(value)`.

    >>> as_str_any(3.5)
    '3.5'
    """
    return as_text(value, encoding) if isinstance(value, bytes) else str(value)


def path_to_str(path: Any) -> str:
    """Returns a path (text, bytes or `os.PathLike`) as a `str`."""
    return path if isinstance(path, str) else os.fsdecode(path)


path_to_bytes = os.fsencode
