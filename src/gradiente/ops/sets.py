"""Ops on vectors as sets: unique elements, with counts, and the difference of two lists. They run on the host."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.dtypes import INDICES, int32
from gradiente.graph.operation import Operation
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.types import Array, Namespace

Unique = namedtuple("Unique", ["y", "idx"])  # pyright: ignore[reportUntypedNamedTuple] - as TensorFlow's
UniqueWithCounts = namedtuple("UniqueWithCounts", ["y", "idx", "count"])  # pyright: ignore[reportUntypedNamedTuple] - as TensorFlow's
ListDiff = namedtuple("ListDiff", ["out", "idx"])  # pyright: ignore[reportUntypedNamedTuple] - as TensorFlow's

_INDEX_TYPE = {"out_idx": attr("type", int32, INDICES)}


def _unique_shape(op: Operation) -> list[Any]:
    shape = op.inputs[0].shape.with_rank(1)
    return [(None,), shape, *[(None,)] * (len(op.op_def.outputs) - 2)]


def _in_order_met(x: Array) -> tuple[Array, Array, Array]:
    """The distinct elements in the order in which they come, each element's place among them, and their counts."""
    values, first, inverse, counts = np.unique(x, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return values[order], rank[np.reshape(inverse, -1)], counts[order]


def _unique(xp: Namespace, x: Array, *, out_idx: Any) -> tuple[Array, Array]:
    del xp
    y, idx, _ = _in_order_met(x)
    return y, idx.astype(out_idx.np)


def _unique_with_counts(xp: Namespace, x: Array, *, out_idx: Any) -> tuple[Array, Array, Array]:
    del xp
    y, idx, count = _in_order_met(x)
    return y, idx.astype(out_idx.np), count.astype(out_idx.np)


register(
    "Unique", "x: T -> y: T, idx: out_idx", attrs=_INDEX_TYPE, shape=_unique_shape, host=_unique,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
register(
    "UniqueWithCounts", "x: T -> y: T, idx: out_idx, count: out_idx", attrs=_INDEX_TYPE, shape=_unique_shape,
    host=_unique_with_counts, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def unique(x: Any, out_idx: Any = int32, name: str | None = None) -> Any:
    """The distinct elements of a vector, in the order in which they first come.

    Args:
        x: a vector.
        out_idx: the type of ``idx``.
        name: the operation's name.

    Returns:
        (y, idx) with ``y[idx[i]] = x[i]``.
    """
    return Unique(*apply("Unique", x, out_idx=out_idx, name=name))


def unique_with_counts(x: Any, out_idx: Any = int32, name: str | None = None) -> Any:
    """Like ``unique``, with the number of times that each element comes: (y, idx, count)."""
    return UniqueWithCounts(*apply("UniqueWithCounts", x, out_idx=out_idx, name=name))


def _list_diff_shape(op: Operation) -> list[Any]:
    for t in op.inputs:
        t.shape.with_rank(1)
    return [(None,), (None,)]


def _list_diff(xp: Namespace, x: Array, y: Array, *, out_idx: Any) -> tuple[Array, Array]:
    del xp
    excluded = set(y.tolist())
    idx = np.asarray([i for i, v in enumerate(x.tolist()) if v not in excluded], out_idx.np)
    return x[idx], idx


register(
    "ListDiff", "x: T, y: T -> out: T, idx: out_idx", attrs=_INDEX_TYPE, shape=_list_diff_shape, host=_list_diff,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def setdiff1d(x: Any, y: Any, index_dtype: Any = int32, name: str | None = None) -> Any:
    """The elements of vector ``x`` that ``y`` does not hold, in their order (``tf.setdiff1d``, ``tf.listdiff``).

    Args:
        x: a vector.
        y: a vector of the same type.
        index_dtype: the type of ``idx``.
        name: the operation's name.

    Returns:
        (out, idx) with ``out[i] = x[idx[i]]``.
    """
    return ListDiff(*apply("ListDiff", x, y, out_idx=index_dtype, name=name))


def listdiff(x: Any, y: Any, out_idx: Any = None, name: str | None = None) -> Any:
    """The old name of ``setdiff1d``."""
    return setdiff1d(x, y, out_idx or int32, name)
