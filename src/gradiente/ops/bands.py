"""Bands, identity matrices, traces and transposes of matrices, and the cross product of vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import INDICES, REALS, as_dtype, float32, int64
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import same_shape
from gradiente.ops.complex_numbers import conj
from gradiente.ops.diagonal import matrix_diag, matrix_diag_part, matrix_set_diag
from gradiente.ops.reduce import reduce_sum

# MatrixBandPart


def _band_part(xp: Namespace, input: Array, num_lower: Array, num_upper: Array) -> Array:
    below = xp.arange(input.shape[-2])[:, None] - xp.arange(input.shape[-1])[None, :]
    kept = ((num_lower < 0) | (below <= num_lower)) & ((num_upper < 0) | (-below <= num_upper))
    return xp.where(kept, input, xp.zeros((), input.dtype))


def _band_part_gradient(op: Operation, grad: Tensor) -> list[Tensor | None]:
    return [apply("MatrixBandPart", grad, op.inputs[1], op.inputs[2]), None, None]


register(
    "MatrixBandPart", "input: T, num_lower: Tindex, num_upper: Tindex -> band: T",
    attrs={"Tindex": attr("type", int64, INDICES)}, shape=same_shape, gradient=_band_part_gradient,
    compute=_band_part,
)  # fmt: skip


def matrix_band_part(input: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> Tensor:
    """A matrix, or a batch of them, with zeros outside a band around the diagonal.

    ``matrix_band_part(x, -1, 0)`` is the lower triangle, ``matrix_band_part(x, 0, -1)`` the upper one.

    Args:
        input: ``[..., rows, columns]``.
        num_lower: how many diagonals below the main one to keep; all of them if negative.
        num_upper: how many above it, likewise.
        name: the operation's name.
    """
    return apply("MatrixBandPart", input, num_lower, num_upper, name=name)


# Cross


def _cross_shape(op: Operation) -> list[Any]:
    shape = op.inputs[0].shape.with_rank_at_least(1).merge_with(op.inputs[1].shape)
    if shape.plain is not None and shape.plain[-1] not in (3, None):
        raise ValueError(
            f"The cross product is of vectors of 3 numbers, but the last axis of {shape} has {shape.plain[-1]}."
        )
    return [shape]


def _cross_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    a, b = op.inputs
    return [apply("Cross", b, grad), apply("Cross", grad, a)]


def _cross(xp: Namespace, a: Array, b: Array) -> Array:
    a0, a1, a2 = a[..., 0], a[..., 1], a[..., 2]
    b0, b1, b2 = b[..., 0], b[..., 1], b[..., 2]
    return xp.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], axis=-1)


register(
    "Cross",
    "a: T, b: T -> product: T",
    types={"T": REALS},
    shape=_cross_shape,
    gradient=_cross_gradient,
    compute=_cross,
)


def cross(a: Any, b: Any, name: str | None = None) -> Tensor:
    """The cross product of vectors of three numbers.

    Args:
        a: ``[..., 3]``.
        b: of the same type and shape.
        name: the operation's name.

    Returns:
        ``[..., 3]``, at right angles to both.
    """
    return apply("Cross", a, b, name=name)


def trace(x: Any, name: str | None = None) -> Tensor:
    """The trace, the sum along the main diagonal, of a matrix or of each of a batch.

    Args:
        x: ``[..., rows, columns]``.
        name: the operation's name.

    Returns:
        ``[...]``.
    """
    with name_scope(name, "Trace", [x]) as scope:
        return reduce_sum(matrix_diag_part(convert_to_tensor(x, name="x")), [-1], name=scope)


def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Any = None,
    dtype: Any = float32,
    name: str | None = None,
) -> Tensor:
    """The identity matrix, or a batch of them: ones on the main diagonal, zeros elsewhere.

    Args:
        num_rows: the number of rows, an int or a scalar tensor.
        num_columns: the number of columns; as many as rows without it.
        batch_shape: the leading sizes of a batch.
        dtype: the type.
        name: the operation's name.

    Returns:
        ``[*batch_shape, num_rows, num_columns]``.
    """
    with name_scope(name, "eye"):
        kind = as_dtype(dtype)
        one = np.asarray(1, kind.np)
        square = num_columns is None
        columns = num_rows if square else num_columns
        shorter = _smaller(num_rows, columns)
        batch = np.zeros(0, np.int32) if batch_shape is None else batch_shape
        ones = apply("Fill", _joined(batch, [shorter]), one, name="ones")
        if square:
            return matrix_diag(ones, name="diag")
        zeros = apply("Fill", _joined(batch, [num_rows, columns]), np.asarray(0, kind.np), name="zeros")
        return matrix_set_diag(zeros, ones, name="set_diag")


def _smaller(a: Any, b: Any) -> Any:
    if isinstance(a, Tensor) or isinstance(b, Tensor):
        return apply("Minimum", a, b)
    return min(int(a), int(b))


def _joined(batch: Any, sizes: list[Any]) -> Any:
    """``batch`` followed by ``sizes``: a constant, or a tensor where a part is one."""
    parts = [*sizes] if isinstance(batch, Tensor) else [*batch, *sizes]
    if not isinstance(batch, Tensor):
        if not any(isinstance(p, Tensor) for p in parts):
            return np.asarray([int(p) for p in parts], np.int32)
        return apply("Pack", [_size(p) for p in parts])
    return apply(
        "ConcatV2", [apply("Cast", batch, DstT="int32"), apply("Pack", [_size(p) for p in parts])], 0
    )


def _size(value: Any) -> Tensor:
    if isinstance(value, Tensor):
        return value if value.dtype.base_dtype == "int32" else apply("Cast", value, DstT="int32")
    return convert_to_tensor(int(value), dtype="int32")


def matrix_transpose(a: Any, name: str = "matrix_transpose", conjugate: bool = False) -> Tensor:
    """The transpose of a matrix, or of each of a batch: the last two axes change places.

    Args:
        a: ``[..., rows, columns]``.
        name: the name scope.
        conjugate: take the complex conjugate too.

    Returns:
        ``[..., columns, rows]``.

    Raises:
        ValueError: if ``a`` has fewer than two axes.
    """
    with name_scope(name, None, [a]):
        a = convert_to_tensor(a, name="a")
        rank = a.shape.ndims
        if rank is None:
            last = apply("Rank", a)
            ends = [apply("Sub", last, 1), apply("Sub", last, 2)]
            order: Any = apply("ConcatV2", [apply("Range", 0, ends[1], 1), apply("Pack", ends)], 0)
        elif rank < 2:
            raise ValueError(
                f"tf.matrix_transpose needs at least 2 axes, but {a.name!r}, made at {a.op.source}, has {a.shape}."
            )
        else:
            order = np.asarray([*range(rank - 2), rank - 1, rank - 2], np.int32)
        flipped = apply("Transpose", a, order, name="transpose")
        return conj(flipped) if conjugate else flipped


def adjoint(matrix: Any, name: str | None = None) -> Tensor:
    """The conjugate transpose of a matrix, or of each of a batch; see ``matrix_transpose``."""
    return matrix_transpose(matrix, name or "adjoint", conjugate=True)
