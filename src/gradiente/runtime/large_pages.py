"""Arrays that a program reads in every run, in pages of 2 MB.

A step that reads some MB from anywhere, as the rows of a batch, or all of a dense layer's weights for one example, spends a
tenth of its time on looking up where pages of 4 KB lie. XLA asks malloc for an array's memory, which is in use by the time
one could ask for other pages. Linux 6.1 and later move an array that is there already.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

from gradiente.runtime.backend import jax

_LEAST = 4 << 20
"""Bytes of an array that holds a whole page wherever it lies, and some more."""

_LARGE = 2 << 20

_COLLAPSE = 25
"""``MADV_COLLAPSE`` of Linux's madvise."""


def has_large_pages(value: Any) -> bool:
    """Whether an array is large enough for such pages, and the system may have them."""
    return value.nbytes >= _LEAST and sys.platform.startswith("linux")


def in_large_pages(value: Any) -> Any:
    """A copy of the JAX array in large pages, in memory of XLA's own, so that a program may write new values there.

    An array on a GPU stays where it is.
    """
    if value.platform() != "cpu":
        return value
    # XLA reads a NumPy array where it lies, if it can. A program that may write there takes other memory instead.
    owned = jax.device_put(value, may_alias=False).block_until_ready()
    move_to_large_pages(owned)
    return owned


def move_to_large_pages(value: Any) -> None:
    """Put the memory of a JAX array into large pages where it lies, with what else is in the first and the last of them."""
    start, end = value.unsafe_buffer_pointer(), value.unsafe_buffer_pointer() + value.nbytes
    first, last = start // _LARGE * _LARGE, -(-end // _LARGE) * _LARGE
    # A refusal leaves everything as it was. It may be for what is around the array.
    if _madvise()(first, last - first, _COLLAPSE):
        first, last = -(-start // _LARGE) * _LARGE, end // _LARGE * _LARGE
        _madvise()(first, last - first, _COLLAPSE)


@cache
def _madvise() -> Any:
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    return madvise
