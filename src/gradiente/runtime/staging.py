"""Fed arrays at addresses that XLA's CPU programs can read where they are.

XLA takes a NumPy array without copying it if it begins at a multiple of 64 bytes, which NumPy's own do by chance only;
others it copies in a thread of its own, into memory that is new each time. For a batch of a hundred images, waiting for that
thread takes longer than the copy. So the copy is made here, into memory that is kept from run to run; a large one by the
kernels' threads together.
"""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import addressof, c_char
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from gradiente.graph.types import is_array
from gradiente.kernels.library import library
from gradiente.runtime.backend import jax

ALIGNMENT = 64
"""Bytes, as XLA's CPU backend aligns its own buffers."""

_SMALL = 64 << 10
"""Bytes up to which a copy by NumPy takes least: less than making an array of JAX's for one that is aligned."""

Array = np.ndarray[Any, Any]


def is_aligned(value: Array) -> bool:
    """Whether XLA's CPU programs can read the array where it is."""
    return value.flags.c_contiguous and _address(value) % ALIGNMENT == 0


def _address(value: Any) -> int:
    try:
        return addressof(c_char.from_buffer(value))  # half the time of the other way, in every run
    except (TypeError, ValueError):  # read-only, or empty
        return value.__array_interface__["data"][0]


def aligned_empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """An array of undefined values at a multiple of ``ALIGNMENT``."""
    size = dtype.itemsize
    for n in shape:
        size *= n
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -memory.__array_interface__["data"][0] % ALIGNMENT
    return memory[start : start + size].view(dtype).reshape(shape)


def _copy(memory: Array, value: Array) -> None:
    """Copy an array into memory of its own shape and type, which nobody else writes to."""
    native = library() if value.nbytes > _SMALL and value.flags.c_contiguous else None
    if native is None:
        memory[...] = value
    else:
        native.copy(_address(memory), _address(value), value.nbytes)


@cache
def _reads_host_memory() -> bool:
    return jax.default_backend() == "cpu"


class _Kept(NamedTuple):
    """Memory that is kept, and the same as an array of JAX's, unless XLA reads it elsewhere."""

    memory: Array
    array: Any

    @staticmethod
    def like(value: Array) -> _Kept:
        memory = aligned_empty(value.shape, value.dtype)
        with jax.enable_x64(True):
            array = jax.device_put(memory)
        same = array.unsafe_buffer_pointer() == memory.__array_interface__["data"][0]
        return _Kept(memory, array if same else memory)


class Staging:
    """The aligned copies of an executable's inputs, kept for the next run.

    A run takes them and gives them back when the executable is done; a run beside it, in another thread, makes its own.
    One copy an input is kept, so the memory is that of one batch.

    Args:
        count: the number of inputs.
    """

    def __init__(self, count: int) -> None:
        self._free: list[_Kept | None] = [None] * count

    def take(self, values: Sequence[Any]) -> tuple[Sequence[Any], Sequence[tuple[int, _Kept]]]:
        """The values, NumPy arrays replaced by aligned copies, unless they are large and aligned; and these copies, to
        ``give_back``.
        """
        result: list[Any] = list(values)
        taken: list[tuple[int, _Kept]] = []
        for position, value in enumerate(values):
            if not is_array(value) or value.dtype.hasobject or not _reads_host_memory():
                continue
            if value.nbytes > _SMALL and is_aligned(value):
                continue
            kept, self._free[position] = self._free[position], None
            if kept is None or kept.memory.shape != value.shape or kept.memory.dtype != value.dtype:
                kept = _Kept.like(value)
            _copy(kept.memory, value)
            taken.append((position, kept))
            result[position] = kept.array
        return result, taken

    def give_back(self, taken: Sequence[tuple[int, _Kept]]) -> None:
        """Keep the copies for the next run; nobody reads them any more."""
        for position, kept in taken:
            self._free[position] = kept
