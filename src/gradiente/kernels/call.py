"""Calling a kernel from a program that JAX traces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradiente.graph.types import Array


def call(target: str, shape: Sequence[int], *operands: Array, **attributes: Any) -> Array:
    """The float32 result, of that shape, of one of the library's functions (``library.TARGETS``)."""
    import jax

    untyped: Any = jax
    result = untyped.ShapeDtypeStruct(tuple(shape), np.float32)
    return untyped.ffi.ffi_call(target, result)(*operands, **attributes)
