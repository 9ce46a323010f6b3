"""Reductions of rows that belong together: segments, sorted and unsorted."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import INDICES, NUMBERS, REALS, as_dtype, int16, int32
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import attr, register
from gradiente.graph.types import Array, Namespace

_UNSORTED = "data: T, segment_ids: Tindices, num_segments: Tnumsegments -> output: T"
_ATTRS = {"Tnumsegments": attr("type", int32, INDICES)}
_IDS = (int16, int32, *INDICES[1:])


def _unsorted_shape(op: Operation) -> list[Any]:
    data, ids = op.inputs[0].shape.plain, op.inputs[1].shape.plain
    number = constant_value(op.inputs[2])
    count = None if number is None else int(number)
    if count is not None and count < 0:
        raise ValueError(f"num_segments must not be negative, but is {count}.")
    if ids is None or data is None:
        return [None]
    if len(ids) > len(data) or any(
        a is not None and b is not None and a != b for a, b in zip(data[: len(ids)], ids, strict=True)
    ):
        raise ValueError(
            f"segment_ids names the segment of each row, so data's shape must begin with its shape: data has "
            f"{op.inputs[0].shape}, segment_ids {op.inputs[1].shape}."
        )
    return [(count, *data[len(ids) :])]


def _flat_segments(xp: Namespace, data: Array, ids: Array, count: int, ctx: Any) -> tuple[Array, Array]:
    """The rows as ``[rows, ...]`` and a segment for each: ``count``, which is dropped, for negative ones."""
    flat = ids.reshape(-1)
    ctx.check(
        xp.all(flat < count), f"A segment id is out of range: ids must be less than num_segments, {count}."
    )
    rows = data.reshape((flat.shape[0], *data.shape[ids.ndim :]))
    return rows, xp.where((flat < 0) | (flat >= count), count, flat.astype(np.int64))


def _scattered(xp: Namespace, rows: Array, ids: Array, count: int, kind: str, start: Any) -> Array:
    """``count`` rows that begin as ``start``, into which each of ``rows`` is added, multiplied, or taken as an extreme."""
    if xp is np:
        result = np.full((count + 1, *rows.shape[1:]), start, rows.dtype)
        update = {"add": np.add, "multiply": np.multiply, "max": np.maximum, "min": np.minimum}[kind]
        update.at(result, ids, rows)
        return result[:count]
    result = xp.full((count, *rows.shape[1:]), start, rows.dtype)
    return getattr(result.at[ids], kind)(rows, mode="drop")


def _unsorted_sum(
    xp: Namespace, data: Array, segment_ids: Array, num_segments: Array, *, ctx: Any
) -> Array:  # fmt: skip
    count = int(num_segments)
    rows, ids = _flat_segments(xp, data, segment_ids, count, ctx)
    return _scattered(xp, rows, ids, count, "add", 0)


def taken_rows(values: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
    """The row of ``values`` that each id names, zeros for negative ids; and which ids are not negative, of that shape."""
    rows = apply("GatherV2", values, apply("Maximum", ids, 0), 0)
    added = apply("Sub", apply("Rank", rows), apply("Rank", ids))
    shape = apply("ConcatV2", [apply("Shape", ids), apply("Fill", apply("Reshape", added, [1]), 1)], 0)
    named = apply("Reshape", apply("GreaterEqual", ids, 0), shape)
    return apply("SelectV2", named, rows, apply("ZerosLike", rows)), named


def _unsorted_sum_gradient(op: Operation, grad: Tensor) -> list[Tensor | None]:
    return [taken_rows(grad, op.inputs[1])[0], None, None]


register(
    "UnsortedSegmentSum", _UNSORTED, attrs=_ATTRS, types={"T": NUMBERS, "Tindices": _IDS}, shape=_unsorted_shape,
    gradient=_unsorted_sum_gradient, compute=_unsorted_sum, static=("num_segments",), checks=True,
)  # fmt: skip


def unsorted_segment_sum(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """The sum of the rows of each segment: ``outputₛ = Σ dataᵢ`` over the i whose ``segment_idsᵢ`` is s.

    Args:
        data: numbers, of a shape that begins with the shape of ``segment_ids``.
        segment_ids: the segment of each row, in any order; rows with a negative id are left out.
        num_segments: the number of segments.
        name: the operation's name.

    Returns:
        ``[num_segments, ...]``; zeros for a segment without rows.

    Raises:
        InvalidArgumentError: when it runs, if an id is not less than ``num_segments``.
    """
    return apply("UnsortedSegmentSum", data, segment_ids, num_segments, name=name)


# UnsortedSegmentProd


def _unsorted_prod(xp: Namespace, data: Array, segment_ids: Array, num_segments: Array, *, ctx: Any) -> Array:
    count = int(num_segments)
    rows, ids = _flat_segments(xp, data, segment_ids, count, ctx)
    return _scattered(xp, rows, ids, count, "multiply", 1)


def product_slope(data: Tensor, ids: Tensor, products: Tensor, reduce: Any) -> Tensor:
    """Each element's cofactor in its segment's product, found without dividing by zero.

    With one zero in a segment, the zero's cofactor is the product of the others; with two, every cofactor is 0.
    """
    zero = apply("Equal", data, apply("ZerosLike", data))
    others = apply("SelectV2", zero, apply("OnesLike", data), data)
    others_product = taken_rows(reduce("Prod", others), ids)[0]
    zeros = taken_rows(reduce("Sum", apply("Cast", zero, DstT=int32)), ids)[0]
    cofactor = apply("SelectV2", zero, others_product, apply("RealDiv", taken_rows(products, ids)[0], others))
    return apply("SelectV2", apply("Greater", zeros, 1), apply("ZerosLike", cofactor), cofactor)


def _unsorted_prod_gradient(op: Operation, grad: Tensor) -> list[Tensor | None]:
    data, ids, count = op.inputs

    def reduce(kind: str, values: Tensor) -> Tensor:
        return apply(f"UnsortedSegment{kind}", values, ids, count)

    slope = product_slope(data, ids, op.outputs[0], reduce)
    return [apply("Mul", taken_rows(grad, ids)[0], slope), None, None]


register(
    "UnsortedSegmentProd", _UNSORTED, attrs=_ATTRS, types={"T": NUMBERS, "Tindices": INDICES}, shape=_unsorted_shape,
    gradient=_unsorted_prod_gradient, compute=_unsorted_prod, static=("num_segments",), checks=True,
)  # fmt: skip


def unsorted_segment_prod(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """The product of the rows of each segment, 1 without rows; arguments as in ``unsorted_segment_sum``."""
    return apply("UnsortedSegmentProd", data, segment_ids, num_segments, name=name)


# UnsortedSegmentMax, UnsortedSegmentMin


def _least(dtype: Any) -> Any:
    """The least finite number of a NumPy type: what TensorFlow gives for the maximum of no rows."""
    return as_dtype(dtype).min


def _largest(dtype: Any) -> Any:
    return as_dtype(dtype).max


def _unsorted_max(xp: Namespace, data: Array, segment_ids: Array, num_segments: Array, *, ctx: Any) -> Array:
    count = int(num_segments)
    rows, ids = _flat_segments(xp, data, segment_ids, count, ctx)
    return _scattered(xp, rows, ids, count, "max", _least(data.dtype))


def _unsorted_min(xp: Namespace, data: Array, segment_ids: Array, num_segments: Array, *, ctx: Any) -> Array:
    count = int(num_segments)
    rows, ids = _flat_segments(xp, data, segment_ids, count, ctx)
    return _scattered(xp, rows, ids, count, "min", _largest(data.dtype))


def extreme_gradient(data: Tensor, ids: Tensor, extremes: Tensor, grad: Tensor, total: Any) -> Tensor:
    """The gradient of a segment's extreme, shared evenly among the rows that attain it."""
    at_rows, named = taken_rows(extremes, ids)
    attains = apply("LogicalAnd", apply("Equal", data, at_rows), named)
    count = total(apply("Cast", attains, DstT=grad.dtype.base_dtype))
    share = taken_rows(apply("DivNoNan", grad, count), ids)[0]
    return apply("SelectV2", attains, share, apply("ZerosLike", share))


def _unsorted_extreme_gradient(op: Operation, grad: Tensor) -> list[Tensor | None]:
    data, ids, number = op.inputs

    def total(values: Tensor) -> Tensor:
        return apply("UnsortedSegmentSum", values, ids, number)

    return [extreme_gradient(data, ids, op.outputs[0], grad, total), None, None]


for _name, _compute in (("UnsortedSegmentMax", _unsorted_max), ("UnsortedSegmentMin", _unsorted_min)):
    register(
        _name, _UNSORTED, attrs=_ATTRS, types={"T": REALS, "Tindices": INDICES}, shape=_unsorted_shape,
        gradient=_unsorted_extreme_gradient, compute=_compute, static=("num_segments",), checks=True,
    )  # fmt: skip


def unsorted_segment_max(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """The largest of the rows of each segment, elementwise; the type's least number without rows.

    Arguments are those of ``unsorted_segment_sum``.
    """
    return apply("UnsortedSegmentMax", data, segment_ids, num_segments, name=name)


def unsorted_segment_min(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """The smallest of the rows of each segment, elementwise; the type's largest number without rows.

    Arguments are those of ``unsorted_segment_sum``.
    """
    return apply("UnsortedSegmentMin", data, segment_ids, num_segments, name=name)


# Means


def _rows_per_segment(data: Tensor, ids: Tensor, number: Any) -> Tensor:
    """How many rows each segment has, at least 1, with axes of size 1 so that it divides the sums."""
    ones = apply("Fill", apply("Shape", ids), convert_to_tensor(np.asarray(1, data.dtype.base_dtype.np)))
    counts = apply("Maximum", apply("UnsortedSegmentSum", ones, ids, number), 1)
    added = apply("Reshape", apply("Sub", apply("Rank", data), apply("Rank", ids)), [1])
    return apply("Reshape", counts, apply("ConcatV2", [apply("Shape", counts), apply("Fill", added, 1)], 0))


def unsorted_segment_mean(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """The mean of the rows of each segment, 0 without rows; arguments as in ``unsorted_segment_sum``."""
    with name_scope(name, "UnsortedSegmentMean") as scope:
        data, ids = convert_to_tensor(data), convert_to_tensor(segment_ids)
        total = apply("UnsortedSegmentSum", data, ids, num_segments)
        return apply("RealDiv", total, _rows_per_segment(data, ids, num_segments), name=f"{scope}truediv")


def unsorted_segment_sqrt_n(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """The sum of the rows of each segment divided by the root of their number, 0 without rows.

    Arguments are those of ``unsorted_segment_sum``.
    """
    with name_scope(name, "UnsortedSegmentSqrtN") as scope:
        data, ids = convert_to_tensor(data), convert_to_tensor(segment_ids)
        total = apply("UnsortedSegmentSum", data, ids, num_segments)
        root = apply("Sqrt", _rows_per_segment(data, ids, num_segments))
        return apply("RealDiv", total, root, name=f"{scope}truediv")
