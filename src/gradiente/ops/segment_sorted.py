"""Reductions of rows that belong together and stand together: the last id says how many segments there are."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import INDICES, NUMBERS, REALS
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.elementwise import widened
from gradiente.ops.segment import extreme_gradient, product_slope, taken_rows

_SIGNATURE = "data: T, segment_ids: Tindices -> output: T"


def _shape(op: Operation) -> list[Any]:
    data, ids = op.inputs[0].shape.plain, op.inputs[1].shape
    if ids.ndims not in (None, 1):
        raise ValueError(
            f"segment_ids must be a vector, but has shape {ids}; tf.unsorted_segment_sum takes any shape."
        )
    if data is None:
        return [None]
    if not data or (ids.plain and None not in (ids.plain[0], data[0]) and ids.plain[0] != data[0]):
        raise ValueError(
            f"segment_ids names the segment of each row: data has shape {op.inputs[0].shape}, segment_ids {ids}."
        )
    known = constant_value(op.inputs[1])
    return [((int(known[-1]) + 1 if known.size else 0) if known is not None else None, *data[1:])]


def _checked(data: Array, ids: Array, op: Operation) -> int:
    """The number of segments of ids that ascend from 0 or more."""
    if len(ids) != len(data):
        raise InvalidArgumentError(
            None, op, f"segment_ids has {len(ids)} ids for {len(data)} rows; each row needs one."
        )
    if len(ids) and (ids[0] < 0 or np.any(np.diff(ids) < 0)):
        raise InvalidArgumentError(
            None,
            op,
            f"segment ids are not increasing: {ids[:20].tolist()}. Sort the rows, or use tf.unsorted_segment_sum.",
        )
    return int(ids[-1]) + 1 if len(ids) else 0


def _filled(data: Array, ids: Array, op: Operation, update: Any, start: Any, dtype: Any = None) -> Array:
    """``update`` of each segment's rows from ``start``; segments without rows are 0, as TensorFlow leaves them."""
    result = np.full((_checked(data, ids, op), *data.shape[1:]), start, dtype or data.dtype)
    update.at(result, ids, data)
    empty = np.bincount(ids.astype(np.int64), minlength=len(result)) == 0 if len(ids) else np.zeros(0, bool)
    result[empty] = 0
    return result


def _sum(xp: Namespace, data: Array, segment_ids: Array, *, op: Operation) -> Array:
    wide = widened(xp, data)
    return _filled(wide, segment_ids, op, np.add, 0).astype(data.dtype)


def _mean(xp: Namespace, data: Array, segment_ids: Array, *, op: Operation) -> Array:
    total = _filled(widened(xp, data), segment_ids, op, np.add, 0)
    counts = np.bincount(segment_ids.astype(np.int64), minlength=len(total))[: len(total)]
    counts = np.maximum(counts, 1).reshape((-1,) + (1,) * (data.ndim - 1))
    mean = np.trunc(total / counts) if data.dtype.kind in "iu" else total / counts.astype(total.real.dtype)
    return mean.astype(data.dtype)


def _prod(xp: Namespace, data: Array, segment_ids: Array, *, op: Operation) -> Array:
    result = np.ones((_checked(data, segment_ids, op), *data.shape[1:]), widened(xp, data).dtype)
    np.multiply.at(result, segment_ids, widened(xp, data))
    return result.astype(data.dtype)


def _max(xp: Namespace, data: Array, segment_ids: Array, *, op: Operation) -> Array:
    wide = widened(xp, data)
    start = np.iinfo(wide.dtype).min if wide.dtype.kind in "iu" else -np.inf
    return _filled(wide, segment_ids, op, np.maximum, start).astype(data.dtype)


def _min(xp: Namespace, data: Array, segment_ids: Array, *, op: Operation) -> Array:
    wide = widened(xp, data)
    start = np.iinfo(wide.dtype).max if wide.dtype.kind in "iu" else np.inf
    return _filled(wide, segment_ids, op, np.minimum, start).astype(data.dtype)


def _sum_gradient(op: Operation, grad: Tensor) -> list[Tensor | None]:
    return [apply("GatherV2", grad, op.inputs[1], 0), None]


def _mean_gradient(op: Operation, grad: Tensor) -> list[Tensor | None]:
    data, ids = op.inputs
    ones = apply("Cast", apply("OnesLike", ids), DstT=grad.dtype.base_dtype)
    counts = (
        apply("Maximum", apply("SegmentSum", ones, ids), 1)
        if grad.dtype.is_floating
        else apply("SegmentSum", ones, ids)
    )
    axes = apply("Fill", apply("Reshape", apply("Sub", apply("Rank", data), 1), [1]), 1)
    counts = apply("Reshape", counts, apply("ConcatV2", [apply("Shape", counts), axes], 0))
    return [apply("GatherV2", apply("DivNoNan", grad, counts), ids, 0), None]


def _prod_gradient(op: Operation, grad: Tensor) -> list[Tensor | None]:
    data, ids = op.inputs

    def reduce(kind: str, values: Tensor) -> Tensor:
        return apply(f"Segment{kind}", values, ids)

    slope = product_slope(data, ids, op.outputs[0], reduce)
    return [apply("Mul", taken_rows(grad, ids)[0], slope), None]


def _extreme_gradient(op: Operation, grad: Tensor) -> list[Tensor | None]:
    data, ids = op.inputs

    def total(values: Tensor) -> Tensor:
        return apply("SegmentSum", values, ids)

    return [extreme_gradient(data, ids, op.outputs[0], grad, total), None]


for _name, _host, _gradient, _types in (
    ("SegmentSum", _sum, _sum_gradient, NUMBERS),
    ("SegmentMean", _mean, _mean_gradient, NUMBERS),
    ("SegmentProd", _prod, _prod_gradient, NUMBERS),
    ("SegmentMax", _max, _extreme_gradient, REALS),
    ("SegmentMin", _min, _extreme_gradient, REALS),
):
    register(
        _name,
        _SIGNATURE,
        types={"T": _types, "Tindices": INDICES},
        shape=_shape,
        gradient=_gradient,
        host=_host,
    )


def segment_sum(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The sum of the rows of each segment: ``outputₛ = Σ dataᵢ`` over the i whose ``segment_idsᵢ`` is s.

    Args:
        data: numbers, ``[rows, ...]``.
        segment_ids: the segment of each row, in ascending order; the last one says how many segments there are.
        name: the operation's name.

    Returns:
        ``[segments, ...]``; 0 for a segment without rows.

    Raises:
        InvalidArgumentError: when it runs, if the ids do not ascend.
    """
    return apply("SegmentSum", data, segment_ids, name=name)


def segment_mean(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The mean of the rows of each segment; arguments and result as in ``segment_sum``."""
    return apply("SegmentMean", data, segment_ids, name=name)


def segment_prod(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The product of the rows of each segment, 1 without rows; arguments and result as in ``segment_sum``."""
    return apply("SegmentProd", data, segment_ids, name=name)


def segment_max(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The largest of the rows of each segment, elementwise; arguments and result as in ``segment_sum``."""
    return apply("SegmentMax", data, segment_ids, name=name)


def segment_min(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The smallest of the rows of each segment, elementwise; arguments and result as in ``segment_sum``."""
    return apply("SegmentMin", data, segment_ids, name=name)
