"""Calling a kernel from a program that JAX traces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradiente.graph.types import Array
from gradiente.kernels.library import library


def call(target: str, shape: Sequence[int], *operands: Array, **attributes: Any) -> Array:
    """The float32 result, of that shape, of one of the library's functions (``library.TARGETS``).

    Raises:
        RuntimeError: without the library; ``library.usable`` tells beforehand.
    """
    return call_all(target, [shape], *operands, **attributes)[0]


def call_all(
    target: str, shapes: Sequence[Sequence[int]], *operands: Array, **attributes: Any
) -> list[Array]:
    """The same of a function with several results.

    Raises:
        RuntimeError: without the library.
    """
    return call_typed(target, [(shape, "float32") for shape in shapes], *operands, **attributes)


def call_typed(
    target: str, results: Sequence[tuple[Sequence[int], str]], *operands: Array, **attributes: Any
) -> list[Array]:
    """The same of a function whose results have those shapes and types.

    Raises:
        RuntimeError: without the library.
    """
    import jax

    if library() is None:
        raise RuntimeError(
            f"{target} was called, but gradiente's CPU kernels are not installed, or switched off."
        )
    untyped: Any = jax
    described = [untyped.ShapeDtypeStruct(tuple(shape), np.dtype(kind)) for shape, kind in results]
    return list(untyped.ffi.ffi_call(target, described)(*operands, **attributes))
