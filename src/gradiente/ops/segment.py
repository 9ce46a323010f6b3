"""Reductions of rows that belong together: segments, sorted and unsorted."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import INDICES, NUMBERS, int16, int32
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
