"""Norms of vectors and matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.operation import Tensor
from gradiente.ops.arithmetic import abs
from gradiente.ops.complex_numbers import conj, real
from gradiente.ops.decompositions import svd
from gradiente.ops.reduce import given, reduce_max, reduce_sum


def norm(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool | None = None, name: str | None = None,
    keep_dims: bool | None = None,
) -> Tensor:  # fmt: skip
    """The norm of a tensor, taken as one vector, as vectors along an axis, or as matrices along two.

    For vectors, ``(Σ|x|ᵖ)^(1/p)``; for p = ∞, the largest ``|x|``. For matrices: ``'fro'`` or ``'euclidean'``, the
    root of the sum of squares; 1, the largest column sum; ∞, the largest row sum; 2, the largest singular value.

    Args:
        tensor: a floating-point or complex tensor.
        ord: ``'euclidean'``, ``'fro'`` (matrices), or a positive number, ``np.inf`` included.
        axis: the axis of the vectors, or the two axes of the matrices; without it, all elements are one vector.
        keepdims: keep the axes, with size 1.
        name: the name scope.
        keep_dims: the old name of ``keepdims``.

    Returns:
        A real tensor without those axes.

    Raises:
        ValueError: if ``ord`` is no norm of what ``axis`` names.
    """
    keep = bool(given("norm", keepdims=keepdims, keep_dims=keep_dims))
    matrices = isinstance(axis, (list, tuple, np.ndarray)) and len(axis) == 2  # pyright: ignore[reportUnknownArgumentType] - user input
    _check(ord, matrices)
    with name_scope(name, "norm", [tensor]):
        tensor = convert_to_tensor(tensor)
        if ord in ("fro", "euclidean") or (ord == 2 and not matrices):
            # The root of the sum of squares, of matrices as of vectors.
            squares = apply("Mul", tensor, conj(tensor), name="mul")
            result = apply("Sqrt", reduce_sum(real(squares), axis, keepdims=True))
        elif ord == 2:
            result = _largest_singular_value(tensor, axis)
        elif matrices:
            summed, largest = _pair(axis) if ord == 1 else _pair(axis)[::-1]
            result = reduce_max(reduce_sum(abs(tensor), summed, keepdims=True), largest, keepdims=True)
        elif ord == np.inf:
            result = reduce_max(abs(tensor), axis, keepdims=True)
        elif ord == 1:
            result = reduce_sum(abs(tensor), axis, keepdims=True)
        else:
            result = apply("Pow", reduce_sum(apply("Pow", abs(tensor), ord), axis, keepdims=True), 1.0 / ord)
        if keep:
            return result
        return apply("Squeeze", result, squeeze_dims=_dropped(result, axis))


def _pair(axis: Any) -> tuple[int, int]:
    return int(axis[0]), int(axis[1])


def _check(ord: Any, matrices: bool) -> None:
    if isinstance(ord, str):
        if ord not in ("euclidean", "fro") or (ord == "fro" and not matrices):
            where = "matrices" if matrices else "vectors ('fro' is for matrices: give axis two numbers)"
            raise ValueError(f"tf.norm: {ord!r} is no norm of {where}.")
        return
    if not np.isreal(ord) or ord <= 0:
        raise ValueError(f"tf.norm: ord is 'euclidean', 'fro' or a positive number, not {ord!r}.")
    if matrices and ord not in (1, 2, np.inf):
        raise ValueError(f"tf.norm: for matrices, ord is 'euclidean', 'fro', 1, 2 or np.inf, not {ord!r}.")


def _dropped(result: Tensor, axis: Any) -> list[int]:
    """The axes to squeeze: those of the norm; none means all, which have size 1 then."""
    if axis is None:
        return list(range(result.shape.ndims)) if result.shape.ndims is not None else []
    return [int(a) for a in (axis if isinstance(axis, (list, tuple, np.ndarray)) else [axis])]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - user input


def _largest_singular_value(tensor: Tensor, axis: Any) -> Tensor:
    rank = tensor.shape.ndims
    if rank is None:
        raise ValueError(
            f"tf.norm: ord=2 of matrices needs a known rank, but the shape of {tensor.name!r} is unknown."
        )
    rows, columns = (int(a) % rank for a in axis)
    order = [i for i in range(rank) if i not in (rows, columns)] + [rows, columns]
    values = svd(apply("Transpose", tensor, np.asarray(order, np.int32)), compute_uv=False)
    largest = apply("ExpandDims", reduce_max(values, -1, keepdims=True), -1)
    return apply("Transpose", largest, np.argsort(order).astype(np.int32))
