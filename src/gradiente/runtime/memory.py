"""Memory that stays with the process from run to run, instead of going back to the system after each.

XLA's CPU programs take the memory of their intermediate values from malloc and free it when they end. glibc gives blocks of
that size back to the system, which hands them out zeroed, page by page, in the next run: a quarter of a training step's time
at large batches. Telling glibc to keep them concerns all of the process, so it is done only where that is wanted.
"""

from __future__ import annotations

import ctypes
import platform

from gradiente.kernels.environment import chosen

VARIABLE = "GRADIENTE_MEMORY"

_WORDS = ("keep", "return")

_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8
"""mallopt's parameters (glibc's malloc.h)."""

_MOST_FREE = 1 << 30
"""Bytes of free memory at the heap's end from which on it is given back."""


def settle_memory(keep: bool) -> bool:
    """Keep the memory of intermediate values from run to run, if that is wanted.

    Threads that have allocated before stay as they are, so this comes before XLA is started.

    Args:
        keep: whether to keep it where the environment variable ``GRADIENTE_MEMORY`` says neither ``keep`` nor ``return``.

    Returns:
        Whether the process keeps it from now on; False also where its C library is not glibc.

    Raises:
        ValueError: if the variable says something else.
    """
    wish = chosen(VARIABLE, _WORDS, "what becomes of free memory")
    if not (keep if wish is None else wish == "keep") or platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    # No blocks of their own for large requests, one heap for all threads (that of a thread goes back as soon as it is
    # empty), and its end trimmed late.
    done = [mallopt(_MMAP_MAX, 0), mallopt(_ARENA_MAX, 1), mallopt(_TRIM_THRESHOLD, _MOST_FREE)]
    return done == [1, 1, 1]
