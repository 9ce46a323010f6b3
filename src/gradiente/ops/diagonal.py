"""Diagonals and bands of matrices: taking them, and making matrices of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import COMPLEX, FLOATS, int32, int64
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import same_shape

_PLAIN = {"T": (*FLOATS, int32, int64, *COMPLEX)}
_ALIGN = attr("string", "RIGHT_LEFT", ("LEFT_RIGHT", "RIGHT_LEFT", "LEFT_LEFT", "RIGHT_RIGHT"))

# Diag, DiagPart


def _diag_shape(op: Operation) -> list[Any]:
    dims = op.inputs[0].shape.plain
    return [None if dims is None else (*dims, *dims)]


def _diag(xp: Namespace, diagonal: Array) -> Array:
    return xp.diag(diagonal.reshape(-1)).reshape((*diagonal.shape, *diagonal.shape))


def _diag_part_shape(op: Operation) -> list[Any]:
    dims = op.inputs[0].shape.plain
    if dims is None:
        return [None]
    half = len(dims) // 2
    if (
        len(dims) % 2
        or not dims
        or any(None not in (a, b) and a != b for a, b in zip(dims[:half], dims[half:], strict=True))
    ):
        raise ValueError(
            f"The first half of the sizes must equal the second half, but the shape is {op.inputs[0].shape}."
        )
    return [tuple(b if a is None else a for a, b in zip(dims[:half], dims[half:], strict=True))]


def _diag_part(xp: Namespace, input: Array) -> Array:
    half = input.shape[: input.ndim // 2]
    size = int(np.prod(half, dtype=np.int64))
    return xp.diagonal(input.reshape((size, size))).reshape(half)


register(
    "Diag", "diagonal: T -> output: T", types=_PLAIN, shape=_diag_shape, compute=_diag,
    gradient=lambda op, grad: [apply("DiagPart", grad)],
)  # fmt: skip
register(
    "DiagPart", "input: T -> diagonal: T", types=_PLAIN, shape=_diag_part_shape, compute=_diag_part,
    gradient=lambda op, grad: [apply("Diag", grad)],
)  # fmt: skip


def diag(diagonal: Any, name: str | None = None) -> Tensor:
    """The tensor of twice the rank that has ``diagonal`` on its diagonal and zeros elsewhere.

    Args:
        diagonal: ``[d1, ..., dk]``.
        name: the operation's name.

    Returns:
        ``[d1, ..., dk, d1, ..., dk]``: for a vector, a square matrix.
    """
    return apply("Diag", diagonal, name=name)


def diag_part(input: Any, name: str | None = None) -> Tensor:
    """The diagonal of a tensor ``[d1, ..., dk, d1, ..., dk]``, the inverse of ``diag``.

    Args:
        input: the tensor, for instance a square matrix.
        name: the operation's name.

    Raises:
        ValueError: if the two halves of the shape differ.
    """
    return apply("DiagPart", input, name=name)


# MatrixDiag, MatrixDiagPart, MatrixSetDiag in their first and third versions


def _band(k: Any) -> tuple[int, int]:
    """The lowest and the highest diagonal that ``k``, a number or a pair, names."""
    numbers = np.asarray(k).reshape(-1).tolist()
    return int(numbers[0]), int(numbers[-1])


def _length(rows: int, columns: int, d: int) -> int:
    return min(rows + min(d, 0), columns - max(d, 0))


def _starts(rows: int, columns: int, band: tuple[int, int], align: str) -> dict[int, int]:
    """Where each diagonal begins in its row of the packed form, by its number."""
    low, high = band
    longest = max(_length(rows, columns, d) for d in range(low, high + 1))
    left_above, left_below = align.startswith("LEFT"), align.endswith("LEFT")
    return {
        d: 0 if (d >= 0 and left_above) or (d <= 0 and left_below) else longest - _length(rows, columns, d)
        for d in range(low, high + 1)
    }


def _places(rows: int, columns: int, band: tuple[int, int], align: str) -> tuple[Array, Array, Array]:
    """For each element of a matrix: whether it lies in the band, and where it stands in the packed form."""
    low, high = band
    i, j = np.arange(rows)[:, None], np.arange(columns)[None, :]
    d = j - i
    inside = (d >= low) & (d <= high)
    starts = _starts(rows, columns, band, align)
    offset = np.asarray([starts[x] for x in range(low, high + 1)])[np.clip(d, low, high) - low]
    row, column = high - d, np.minimum(i, j) + offset
    return inside, np.where(inside, row, 0), np.where(inside, column, 0)


def _packed(values: Array, band: tuple[int, int]) -> Array:
    """The packed form with an axis for the diagonals, which a single one leaves out."""
    return values[..., None, :] if band[0] == band[1] else values


def _matrix_size(diagonal: Any, band: tuple[int, int], rows: int, columns: int) -> tuple[Any, Any]:
    longest = diagonal[-1]
    if longest is None:
        return (None if rows < 0 else rows), (None if columns < 0 else columns)
    least_rows, least_columns = longest - min(band[1], 0), longest + max(band[0], 0)
    if rows < 0 and columns < 0:
        rows = columns = max(least_rows, least_columns)
    return (least_rows if rows < 0 else rows), (least_columns if columns < 0 else columns)


def _check_length(length: int | None, size: tuple[Any, Any], band: tuple[int, int]) -> None:
    longest = max(_length(size[0], size[1], d) for d in range(band[0], band[1] + 1))
    if length is not None and length != longest:
        named = (
            f"diagonal {band[0]} has"
            if band[0] == band[1]
            else f"diagonals {band[0]} to {band[1]} have at most"
        )
        raise ValueError(
            f"The diagonal has {length} elements, but of a [{size[0]}, {size[1]}] matrix, {named} {longest}."
        )


def _matrix_diag_v3_shape(op: Operation) -> list[Any]:
    dims = op.inputs[0].shape.with_rank_at_least(1).plain
    k, rows, columns = (constant_value(t) for t in op.inputs[1:4])
    if dims is None or k is None:
        return [None]
    band = _band(k)
    batch = dims[:-1] if band[0] == band[1] else dims[:-2]
    if rows is None or columns is None:
        return [(*batch, None, None)]
    size = _matrix_size(dims, band, int(rows), int(columns))
    if None not in size:
        _check_length(dims[-1], size, band)
    return [(*batch, *size)]


def _matrix_diag_v3(
    xp: Namespace,
    diagonal: Array,
    k: Array,
    num_rows: Array,
    num_cols: Array,
    padding_value: Array,
    *,
    align: str,
) -> Array:
    band = _band(k)
    rows, columns = _matrix_size(diagonal.shape, band, int(num_rows), int(num_cols))
    inside, row, column = _places(rows, columns, band, align)
    return xp.where(inside, _packed(diagonal, band)[..., row, column], padding_value)


def _matrix_diag_v3_gradient(op: Operation, grad: Tensor) -> list[Tensor | None]:
    zero = np.asarray(0, grad.dtype.base_dtype.np)
    return [
        apply("MatrixDiagPartV3", grad, op.inputs[1], zero, align=op.attrs["align"]),
        None,
        None,
        None,
        None,
    ]


register(
    "MatrixDiagV3", "diagonal: T, k: int32, num_rows: int32, num_cols: int32, padding_value: T -> output: T",
    attrs={"align": _ALIGN}, shape=_matrix_diag_v3_shape, gradient=_matrix_diag_v3_gradient, compute=_matrix_diag_v3,
    static=("k", "num_rows", "num_cols"),
)  # fmt: skip


def _matrix_diag_shape(op: Operation) -> list[Any]:
    dims = op.inputs[0].shape.with_rank_at_least(1).plain
    return [None if dims is None else (*dims, dims[-1])]


def _matrix_diag(xp: Namespace, diagonal: Array) -> Array:
    return xp.where(np.eye(diagonal.shape[-1], dtype=bool), diagonal[..., None], xp.zeros((), diagonal.dtype))


register(
    "MatrixDiag", "diagonal: T -> output: T", shape=_matrix_diag_shape, compute=_matrix_diag,
    gradient=lambda op, grad: [apply("MatrixDiagPart", grad)],
)  # fmt: skip


def _matrix_diag_part_v3_shape(op: Operation) -> list[Any]:
    dims, k = op.inputs[0].shape.with_rank_at_least(2).plain, constant_value(op.inputs[1])
    if dims is None or k is None:
        return [None]
    low, high = _band(k)
    longest = None if None in dims[-2:] else max(_length(dims[-2], dims[-1], d) for d in range(low, high + 1))  # pyright: ignore[reportArgumentType] - no None
    return [(*dims[:-2], longest) if low == high else (*dims[:-2], high - low + 1, longest)]


def _matrix_diag_part_v3(xp: Namespace, input: Array, k: Array, padding_value: Array, *, align: str) -> Array:
    rows, columns = input.shape[-2:]
    low, high = band = _band(k)
    lengths = {d: _length(rows, columns, d) for d in range(low, high + 1)}
    starts, longest = _starts(rows, columns, band, align), max(lengths.values())
    numbers = np.asarray(range(high, low - 1, -1))
    step = np.arange(longest)[None, :] - np.asarray([starts[d] for d in numbers])[:, None]
    inside = (step >= 0) & (step < np.asarray([lengths[d] for d in numbers])[:, None])
    i, j = step + np.maximum(-numbers, 0)[:, None], step + np.maximum(numbers, 0)[:, None]
    values = xp.where(inside, input[..., np.where(inside, i, 0), np.where(inside, j, 0)], padding_value)
    return values[..., 0, :] if low == high else values


def _matrix_diag_part_v3_gradient(op: Operation, grad: Tensor) -> list[Tensor | None]:
    zeros = apply("ZerosLike", op.inputs[0])
    return [apply("MatrixSetDiagV3", zeros, grad, op.inputs[1], align=op.attrs["align"]), None, None]


register(
    "MatrixDiagPartV3", "input: T, k: int32, padding_value: T -> diagonal: T", attrs={"align": _ALIGN},
    shape=_matrix_diag_part_v3_shape, gradient=_matrix_diag_part_v3_gradient, compute=_matrix_diag_part_v3,
    static=("k",),
)  # fmt: skip


def _matrix_diag_part_shape(op: Operation) -> list[Any]:
    dims = op.inputs[0].shape.with_rank_at_least(2).plain
    if dims is None:
        return [None]
    return [(*dims[:-2], None if None in dims[-2:] else min(d or 0 for d in dims[-2:]))]


def _matrix_diag_part(xp: Namespace, input: Array) -> Array:
    return xp.diagonal(input, axis1=-2, axis2=-1)


register(
    "MatrixDiagPart", "input: T -> diagonal: T", shape=_matrix_diag_part_shape, compute=_matrix_diag_part,
    gradient=lambda op, grad: [apply("MatrixSetDiag", apply("ZerosLike", op.inputs[0]), grad)],
)  # fmt: skip


def _matrix_set_diag_v3_shape(op: Operation) -> list[Any]:
    shape, diagonal = op.inputs[0].shape.with_rank_at_least(2), op.inputs[1].shape.with_rank_at_least(1)
    k = constant_value(op.inputs[2])
    if (
        shape.plain is not None
        and diagonal.plain is not None
        and k is not None
        and None not in shape.plain[-2:]
    ):
        _check_length(diagonal.plain[-1], shape.plain[-2:], _band(k))  # pyright: ignore[reportArgumentType] - a pair
    return [shape]


def _matrix_set_diag_v3(xp: Namespace, input: Array, diagonal: Array, k: Array, *, align: str) -> Array:
    band = _band(k)
    inside, row, column = _places(input.shape[-2], input.shape[-1], band, align)
    return xp.where(inside, _packed(diagonal, band)[..., row, column], input)


def _matrix_set_diag_v3_gradient(op: Operation, grad: Tensor) -> list[Tensor | None]:
    k, align = op.inputs[2], op.attrs["align"]
    zero = np.asarray(0, grad.dtype.base_dtype.np)
    return [
        apply("MatrixSetDiagV3", grad, apply("ZerosLike", op.inputs[1]), k, align=align),
        apply("MatrixDiagPartV3", grad, k, zero, align=align),
        None,
    ]


register(
    "MatrixSetDiagV3", "input: T, diagonal: T, k: int32 -> output: T", attrs={"align": _ALIGN},
    shape=_matrix_set_diag_v3_shape, gradient=_matrix_set_diag_v3_gradient, compute=_matrix_set_diag_v3, static=("k",),
)  # fmt: skip


def _matrix_set_diag(xp: Namespace, input: Array, diagonal: Array) -> Array:
    return _matrix_set_diag_v3(xp, input, diagonal, np.asarray(0), align="RIGHT_LEFT")


def _matrix_set_diag_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    zeros = apply("ZerosLike", op.inputs[1])
    return [apply("MatrixSetDiag", grad, zeros), apply("MatrixDiagPart", grad)]


register(
    "MatrixSetDiag", "input: T, diagonal: T -> output: T", shape=same_shape, gradient=_matrix_set_diag_gradient,
    compute=_matrix_set_diag,
)  # fmt: skip


def matrix_diag(
    diagonal: Any, name: str = "diag", k: Any = 0, num_rows: Any = -1, num_cols: Any = -1, padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:  # fmt: skip
    """A matrix, or a batch of them, with given diagonals.

    Args:
        diagonal: ``[..., n]``, or ``[..., diagonals, n]`` when ``k`` names several, the highest first.
        name: the operation's name.
        k: which diagonal, 0 the main one, positive above it; or ``[lowest, highest]``.
        num_rows: the rows of the matrix; as few as possible without it.
        num_cols: the columns, likewise.
        padding_value: the value of the other elements.
        align: which end shorter diagonals are aligned to, above and below the main one.

    Returns:
        ``[..., rows, columns]``.
    """
    diagonal = convert_to_tensor(diagonal, name="diagonal")
    padding = (
        np.asarray(padding_value, diagonal.dtype.base_dtype.np)
        if not isinstance(padding_value, Tensor)
        else padding_value
    )
    return apply("MatrixDiagV3", diagonal, k, num_rows, num_cols, padding, align=align, name=name)


def matrix_diag_part(
    input: Any, name: str = "diag_part", k: Any = 0, padding_value: Any = 0, align: str = "RIGHT_LEFT"
) -> Tensor:
    """The diagonals of a matrix, or of a batch of them; arguments as in ``matrix_diag``.

    Args:
        input: ``[..., rows, columns]``.
        name: the operation's name.
        k: which diagonal, or ``[lowest, highest]``.
        padding_value: fills up the shorter of several diagonals.
        align: which end they are aligned to.

    Returns:
        ``[..., n]`` for one diagonal, ``[..., diagonals, n]`` for several, the highest first.
    """
    input = convert_to_tensor(input, name="input")
    padding = (
        np.asarray(padding_value, input.dtype.base_dtype.np)
        if not isinstance(padding_value, Tensor)
        else padding_value
    )
    return apply("MatrixDiagPartV3", input, k, padding, align=align, name=name)


def matrix_set_diag(
    input: Any, diagonal: Any, name: str = "set_diag", k: Any = 0, align: str = "RIGHT_LEFT"
) -> Tensor:
    """A matrix, or a batch of them, with its diagonals replaced; arguments as in ``matrix_diag``.

    Args:
        input: ``[..., rows, columns]``.
        diagonal: the new diagonals, as ``matrix_diag_part`` gives them.
        name: the operation's name.
        k: which diagonal, or ``[lowest, highest]``.
        align: which end several diagonals are aligned to.
    """
    return apply("MatrixSetDiagV3", input, diagonal, k, align=align, name=name)
