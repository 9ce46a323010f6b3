"""Ops on the order of elements: top_k, in_top_k, sort, argsort."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import INDICES, REALS, int16, int32
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.shape import checked_axis

TopK = namedtuple("TopKV2", ["values", "indices"])  # pyright: ignore[reportUntypedNamedTuple] - as TensorFlow's

_SMALL = (int16, *INDICES)


# TopKV2


def _top_k_shape(op: Operation) -> list[Any]:
    shape = op.inputs[0].shape.with_rank_at_least(1)
    count = op.attrs["k"] if len(op.inputs) == 1 else constant_value(op.inputs[1])
    if count is not None and count < 0:
        raise ValueError(f"'k' must not be negative, but is {int(count)}.")
    if shape.plain is None:
        return [None, None]
    last = shape.plain[-1]
    if count is not None and last is not None and last < count:
        raise ValueError(f"input must have at least k columns, but has {last} and k is {int(count)}.")
    result = (*shape.plain[:-1], None if count is None else int(count))
    return [result, result]


def _top(xp: Namespace, x: Array, count: int, index_type: Any, op: Operation) -> tuple[Array, Array]:
    if count < 0 or count > x.shape[-1]:
        raise InvalidArgumentError(
            None, op, f"input must have at least k columns. Had {x.shape[-1]}, needed {count}."
        )
    if xp is np:
        order = np.argsort(_descending(x), axis=-1, kind="stable")[..., :count]
        return np.take_along_axis(x, order, axis=-1), order.astype(index_type.np)
    from jax import lax

    values, order = lax.top_k(x, count)
    return values, order.astype(index_type.np)


def _descending(x: Array) -> Array:
    """A key whose ascending order is the descending order of ``x``: of equal elements the first comes first."""
    if x.dtype.kind == "f":
        return -x
    if x.dtype.kind == "u":
        return np.iinfo(x.dtype).max - x
    return ~x if x.dtype.kind == "i" else -x.astype(np.float32)


def _top_k_v2(xp: Namespace, x: Array, k: Array, *, index_type: Any, op: Operation) -> tuple[Array, Array]:
    return _top(xp, x, int(k), index_type, op)


def _top_k_v1(xp: Namespace, x: Array, *, k: int, op: Operation) -> tuple[Array, Array]:
    return _top(xp, x, k, int32, op)


def _top_k_gradient(op: Operation, grad: Tensor, _: Any) -> list[Any]:
    """Put each gradient back at the place that its value was taken from, rows side by side."""
    x, indices = op.inputs[0], op.outputs[1]
    shape = apply("Shape", x)
    columns = apply("StridedSlice", shape, [-1], [0], [1], shrink_axis_mask=1)
    picked = apply("StridedSlice", apply("Shape", indices), [-1], [0], [1], shrink_axis_mask=1)
    if indices.dtype.base_dtype is not int32:
        indices = apply("Cast", indices, DstT=int32)
    rows = apply("Reshape", indices, apply("Pack", [-1, picked]))
    size = apply("Size", x)
    starts = apply("Reshape", apply("Range", 0, size, columns), [-1, 1])
    places = apply("Reshape", apply("AddV2", rows, starts), [-1, 1])
    scattered = apply("ScatterNd", places, apply("Reshape", grad, [-1]), apply("Pack", [size]))
    return [apply("Reshape", scattered, shape), *[None] * (len(op.inputs) - 1)]


register(
    "TopKV2", "input: T, k: Tk -> values: T, indices: index_type",
    attrs={"sorted": True, "Tk": attr("type", int32, _SMALL), "index_type": attr("type", int32, _SMALL)},
    types={"T": REALS}, shape=_top_k_shape, compute=_top_k_v2, static=("k",), gradient=_top_k_gradient,
)  # fmt: skip
register(
    "TopK", "input: T -> values: T, indices: int32", attrs={"k": attr("int"), "sorted": True}, types={"T": REALS},
    shape=_top_k_shape, compute=_top_k_v1, gradient=_top_k_gradient,
)  # fmt: skip


def top_k(input: Any, k: Any = 1, sorted: bool = True, name: str | None = None) -> Any:
    """The ``k`` largest elements of each row, largest first, and where they are (``tf.nn.top_k``).

    Args:
        input: a tensor; its last dimension holds the rows.
        k: how many; at most the rows' length.
        sorted: accepted; the result is always sorted.
        name: the operation's name.

    Returns:
        (values, indices), both of shape ``input.shape[:-1] + [k]``. Of equal elements the first comes first.

    Raises:
        ValueError: if ``k`` is known to be more than the rows' length.

    Source: TensorFlow 1's ``tf.nn.top_k``.
    """
    return TopK(*apply("TopKV2", input, k, sorted=sorted, name=name))


# InTopKV2


def _in_top_k_shape(op: Operation) -> list[Any]:
    predictions, targets = op.inputs[:2]
    predictions.shape.with_rank(2)
    targets.shape.with_rank(1)
    if not predictions.shape[:1].is_compatible_with(targets.shape):
        raise ValueError(
            f"'predictions' needs one row for each of the 'targets', but their shapes are {predictions.shape} and "
            f"{targets.shape}."
        )
    return [predictions.shape[:1].merge_with(targets.shape) if predictions.shape.ndims else targets.shape]


def _in_top(xp: Namespace, predictions: Array, targets: Array, k: Array) -> Array:
    classes = predictions.shape[1]
    valid = (targets >= 0) & (targets < classes)
    column = xp.clip(targets, 0, classes - 1)[:, None]
    own = xp.take_along_axis(predictions, column, axis=1)
    above = xp.sum(predictions > own, axis=1)
    finite = xp.isfinite(own[:, 0]) & ~xp.any(~xp.isfinite(predictions) & (above < k)[:, None], axis=1)
    return valid & finite & (above < k)


def _in_top_k_v2(xp: Namespace, predictions: Array, targets: Array, k: Array) -> Array:
    return _in_top(xp, predictions, targets, k)


def _in_top_k_v1(xp: Namespace, predictions: Array, targets: Array, *, k: int) -> Array:
    return _in_top(xp, predictions, targets, np.asarray(k))


register(
    "InTopKV2", "predictions: float32, targets: T, k: T -> precision: bool", attrs={"T": attr("type", int32, INDICES)},
    shape=_in_top_k_shape, compute=_in_top_k_v2, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
register(
    "InTopK", "predictions: float32, targets: T -> precision: bool",
    attrs={"k": attr("int"), "T": attr("type", int32, INDICES)}, shape=_in_top_k_shape, compute=_in_top_k_v1,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def in_top_k(predictions: Any, targets: Any, k: Any, name: str | None = None) -> Tensor:
    """Whether each target class is among the ``k`` highest predictions of its row (``tf.nn.in_top_k``).

    Classes that tie with the k-th place all count as among them; a row with a prediction that is not finite does not count.

    Args:
        predictions: float32 of shape [batch, classes].
        targets: class numbers, of shape [batch].
        k: how many places count.
        name: the operation's name.

    Returns:
        Bools of shape [batch].
    """
    with name_scope(name, "in_top_k"):
        return apply("InTopKV2", predictions, targets, k)


# sort, argsort


def sort(values: Any, axis: int = -1, direction: str = "ASCENDING", name: str | None = None) -> Tensor:
    """The elements of ``values`` in order along ``axis`` (``tf.sort``).

    Args:
        values: a tensor of rank 1 or more.
        axis: the dimension to sort along; last by default.
        direction: ``ASCENDING`` or ``DESCENDING``.
        name: the operation's name.
    """
    with name_scope(name, "sort"):
        return _ordered(values, axis, direction, which=0)


def argsort(
    values: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = False, name: str | None = None
) -> Tensor:
    """The int32 positions that put ``values`` in order along ``axis`` (``tf.argsort``).

    Args:
        values: a tensor of rank 1 or more.
        axis: the dimension to sort along; last by default.
        direction: ``ASCENDING`` or ``DESCENDING``.
        stable: accepted; equal elements keep their order.
        name: the operation's name.
    """
    del stable
    with name_scope(name, "argsort"):
        return _ordered(values, axis, direction, which=1)


def _ordered(values: Any, axis: int, direction: str, which: int) -> Tensor:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError(f"direction must be ASCENDING or DESCENDING, not {direction!r}.")
    x = convert_to_tensor(values, name="values")
    rank = x.shape.ndims
    if rank is None and axis != -1:
        raise ValueError("Sorting along another axis than the last needs a tensor of known rank.")
    where = -1 if rank is None else checked_axis(axis, rank) or 0
    moved = rank is not None and where != rank - 1
    order = list(range(rank or 0))
    if moved:
        order[where], order[-1] = order[-1], order[where]
        x = apply("Transpose", x, order)
    length = apply("StridedSlice", apply("Shape", x), [-1], [0], [1], shrink_axis_mask=1)
    down = direction == "DESCENDING"
    result = apply("TopKV2", x if down else _opposite(x), length)[which]
    if which == 0 and not down:
        result = _opposite(result)
    return apply("Transpose", result, order) if moved else result


def _opposite(x: Tensor) -> Tensor:
    """The elements in the opposite order of size: applied twice, the elements again, without overflow."""
    if not x.dtype.is_integer:
        return apply("Neg", x)
    return apply("Sub", np.asarray(x.dtype.max if x.dtype.is_unsigned else -1, x.dtype.base_dtype.np), x)
