"""Ops that choose elements by a condition: where, boolean_mask, one_hot, sequence_mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.constants import constant_array, constant_value
from gradiente.graph.dtypes import NUMBERS, DType, as_dtype, bool_, float32, int8, int32, int64, uint8
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.shapes import TensorShape, broadcast_dims
from gradiente.graph.types import Array, Namespace
from gradiente.ops.shape import checked_axis
from gradiente.ops.unbroadcast import unbroadcast

# Select, SelectV2


def _select_shape(op: Operation) -> list[TensorShape]:
    condition, x, y = op.inputs
    if not x.shape.is_compatible_with(y.shape):
        raise ValueError(f"'x' and 'y' must have one shape, but have {x.shape} and {y.shape}.")
    shape = x.shape.merge_with(y.shape)
    if condition.shape.ndims in (None, 0) or shape.plain is None:
        return [shape]
    if condition.shape.ndims == 1 and len(shape.plain) > 1:
        if not condition.shape.is_compatible_with(shape.plain[:1]):
            raise ValueError(
                f"A condition that is a vector chooses rows: it needs the length of the first dimension of {shape}, but has "
                f"shape {condition.shape}."
            )
        return [shape]
    if not condition.shape.is_compatible_with(shape):
        raise ValueError(
            f"'condition' must be a scalar, a vector or of shape {shape}, but has shape {condition.shape}."
        )
    return [shape.merge_with(condition.shape)]


def _select(xp: Namespace, condition: Array, x: Array, y: Array, *, op: Operation) -> Array:
    if x.shape != y.shape:
        raise InvalidArgumentError(
            None, op, f"'t' and 'e' must have the same size, but have {x.shape} and {y.shape}."
        )
    if condition.ndim == 1 and x.ndim > 1:
        condition = xp.reshape(condition, (-1,) + (1,) * (x.ndim - 1))
    return xp.where(condition, x, y)


def _select_gradient(op: Operation, grad: Tensor) -> list[Any]:
    condition, x, _ = op.inputs
    none = apply("ZerosLike", x)
    return [None, apply("Select", condition, grad, none), apply("Select", condition, none, grad)]


register(
    "Select",
    "condition: bool, t: T, e: T -> output: T",
    shape=_select_shape,
    compute=_select,
    gradient=_select_gradient,
)


def _select_v2_shape(op: Operation) -> list[Any]:
    condition, x, y = (t.shape.plain for t in op.inputs)
    return [broadcast_dims(condition, broadcast_dims(x, y))]


def _select_v2(xp: Namespace, condition: Array, x: Array, y: Array) -> Array:
    return xp.where(condition, x, y)


def _select_v2_gradient(op: Operation, grad: Tensor) -> list[Any]:
    condition, x, y = op.inputs
    none = apply("ZerosLike", grad)
    return [
        None,
        unbroadcast(apply("SelectV2", condition, grad, none), x, grad),
        unbroadcast(apply("SelectV2", condition, none, grad), y, grad),
    ]


register(
    "SelectV2", "condition: bool, t: T, e: T -> output: T", shape=_select_v2_shape, compute=_select_v2,
    gradient=_select_v2_gradient,
)  # fmt: skip


# Where


def _where_shape(op: Operation) -> list[Any]:
    return [(None, op.inputs[0].shape.ndims)]


def _where(xp: Namespace, x: Array) -> Array:
    del xp
    return np.argwhere(x).astype(np.int64).reshape(-1, x.ndim)


register(
    "Where", "input: T -> index: int64", attrs={"T": attr("type", bool_, (*NUMBERS, bool_))}, shape=_where_shape,
    host=_where, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """Elements of ``x`` where ``condition`` holds and of ``y`` elsewhere; with one argument, where it holds.

    Args:
        condition: bools of the shape of ``x``; a scalar; or a vector that chooses whole rows. Alone, it may be of any
            numeric type: what is not zero holds.
        x: a tensor.
        y: a tensor of the type and shape of ``x``.
        name: the operation's name.

    Returns:
        A tensor of the shape of ``x``. With one argument: the coordinates of the true elements, int64 of shape
        [number of them, rank of ``condition``], in row-major order.

    Raises:
        ValueError: if only one of ``x`` and ``y`` is given, or the shapes don't agree.

    Source: TensorFlow 1's ``tf.where`` (``tf.select`` before 1.0).
    """
    if x is None and y is None:
        with name_scope(name, "Where") as scope:
            return apply(
                "Where", convert_to_tensor(condition, dtype_hint=bool_, name="condition"), name=scope
            )
    if x is None or y is None:
        raise ValueError("tf.where needs both x and y, or neither.")
    return apply("Select", condition, x, y, name=name)


def where_v2(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """Like ``where``, but the three arguments are broadcast to one shape (``tf.where_v2``)."""
    if x is None and y is None:
        return where(condition, name=name)
    if x is None or y is None:
        raise ValueError("tf.where_v2 needs both x and y, or neither.")
    return apply("SelectV2", condition, x, y, name=name)


def boolean_mask(tensor: Any, mask: Any, name: str = "boolean_mask", axis: Any = None) -> Tensor:
    """The elements (or rows) of ``tensor`` whose place in ``mask`` is True.

    Args:
        tensor: a tensor of rank n.
        mask: bools of known rank k, 1 <= k <= n, of the shape of k dimensions of ``tensor``.
        name: the operation's name.
        axis: the first of those dimensions; 0 by default.

    Returns:
        A tensor of rank n - k + 1, in which the k dimensions are one, as long as there are True elements.

    Raises:
        ValueError: if the mask is a scalar, of unknown rank, or does not fit.

    Source: TensorFlow 1's ``tf.boolean_mask``.
    """
    with name_scope(name, "boolean_mask", [t for t in (tensor, mask) if isinstance(t, Tensor)]):
        x, chosen = (
            convert_to_tensor(tensor, name="tensor"),
            convert_to_tensor(mask, name="mask", dtype_hint=bool_),
        )
        count = chosen.shape.ndims
        if count is None:
            raise ValueError(
                "The number of mask dimensions must be known: give the mask a shape with set_shape."
            )
        if count == 0:
            raise ValueError("mask cannot be scalar.")
        start = 0 if axis is None else int(constant_value(axis) if isinstance(axis, Tensor) else axis)
        if start < 0:
            start = checked_axis(start, x.shape.ndims) or 0
        x.shape[start : start + count].assert_is_compatible_with(chosen.shape)
        sizes = apply("Shape", x)
        middle = apply(
            "Prod", apply("StridedSlice", sizes, [start], [start + count], [1]), [0], keep_dims=False
        )
        before = apply("StridedSlice", sizes, [0], [start], [1])
        after = apply("StridedSlice", sizes, [start + count], [0], [1], end_mask=1)
        flat = apply("Reshape", x, apply("ConcatV2", [before, apply("Pack", [middle]), after], 0))
        if x.shape.plain is not None:
            long = x.shape[start : start + count].num_elements()
            flat.set_shape((*x.shape.plain[:start], long, *x.shape.plain[start + count :]))
        places = apply("Where", apply("Reshape", chosen, [-1]))
        return apply("GatherV2", flat, apply("Squeeze", places, squeeze_dims=[1]), start)


# OneHot


def _one_hot_shape(op: Operation) -> list[Any]:
    indices, depth = op.inputs[:2]
    if indices.shape.plain is None:
        return [None]
    count = constant_value(depth)
    if count is not None and (np.ndim(count) or count < 0):
        raise ValueError(f"'depth' must be a non-negative number, but is {np.asarray(count).tolist()}.")
    axis = checked_axis(op.attrs["axis"], len(indices.shape.plain) + 1, lowest=-1) or 0
    dims = indices.shape.plain
    return [(*dims[:axis], None if count is None else int(count), *dims[axis:])]


def _one_hot(xp: Namespace, indices: Array, depth: Array, on: Array, off: Array, *, axis: int) -> Array:
    where_ = indices.ndim if axis == -1 else axis
    steps = xp.reshape(xp.arange(int(depth)), (-1,) + (1,) * (indices.ndim - where_))
    hot = xp.expand_dims(indices, where_) == steps
    return xp.where(hot, on, off)


register(
    "OneHot", "indices: TI, depth: int32, on_value: T, off_value: T -> output: T",
    attrs={"axis": -1, "TI": attr("type", int64, (uint8, int8, int32, int64))}, shape=_one_hot_shape, compute=_one_hot,
    static=("depth",), gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def one_hot(
    indices: Any, depth: Any, on_value: Any = None, off_value: Any = None, axis: int | None = None, dtype: Any = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """A vector of ``depth`` elements for each index: ``on_value`` at the index, ``off_value`` elsewhere.

    Args:
        indices: integers of any shape; those outside [0, ``depth``) give ``off_value`` everywhere.
        depth: the length of the new dimension.
        on_value: a scalar, 1 by default.
        off_value: a scalar, 0 by default.
        axis: where the new dimension comes; last by default.
        dtype: the type: by default that of the values, or float32.
        name: the operation's name.

    Returns:
        A tensor of one rank more than ``indices``.

    Raises:
        TypeError: if the types of ``on_value``, ``off_value`` and ``dtype`` differ.

    Example:
        >>> with tf.Session() as sess:
        ...     print(sess.run(tf.one_hot([2, 0], 3)))
        [[0. 0. 1.]
         [1. 0. 0.]]

    Source: TensorFlow 1's ``tf.one_hot``.
    """
    with name_scope(name, "one_hot", [indices] if isinstance(indices, Tensor) else None) as scope:
        kind = None if dtype is None else as_dtype(dtype).base_dtype
        for value, what in ((on_value, "on_value"), (off_value, "off_value")):
            if value is not None:
                typed = hasattr(value, "dtype")
                found = as_dtype(value.dtype if typed else constant_array(value).dtype).base_dtype
                if kind is not None and found is not kind and typed:
                    raise TypeError(f"dtype {found.name} of {what} does not match {kind.name} of tf.one_hot.")
                kind = kind or found
        kind = kind or float32
        on, off = (
            _as_kind(v, d, kind, n) for v, d, n in ((on_value, 1, "on_value"), (off_value, 0, "off_value"))
        )
        # Names as in TensorFlow: one_hot is the scope of its inputs and the operation itself.
        positions = convert_to_tensor(indices, name="indices")
        return apply("OneHot", positions, depth, on, off, axis=-1 if axis is None else axis, name=scope)


def _as_kind(value: Any, default: int, kind: DType, name: str) -> Tensor:
    if value is None:
        value = bool(default) if kind is bool_ else default
    return convert_to_tensor(value, dtype=kind, name=name)


def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = bool_, name: str | None = None) -> Tensor:
    """For each length, a row that is True in its first so many elements: mask[..., j] = j < lengths[...].

    Args:
        lengths: integers of any shape.
        maxlen: the rows' length; the greatest of ``lengths`` by default.
        dtype: the type of the mask.
        name: the operation's name.

    Returns:
        A tensor of shape ``lengths.shape + [maxlen]``.
    """
    with name_scope(name, "SequenceMask", [lengths] if isinstance(lengths, Tensor) else None):
        counts = convert_to_tensor(lengths)
        kind = counts.dtype.base_dtype
        if maxlen is None:
            axes = apply("Range", 0, apply("Rank", counts), 1)
            longest = apply("Max", counts, axes, keep_dims=False)
            maxlen = apply("Maximum", longest, np.asarray(0, kind.np))
        limit = convert_to_tensor(maxlen)
        if limit.shape.ndims not in (None, 0):
            raise ValueError("maxlen must be scalar for sequence_mask.")
        if limit.dtype.base_dtype is not kind:
            limit = apply("Cast", limit, DstT=kind)
        steps = apply("Range", np.asarray(0, kind.np), limit, np.asarray(1, kind.np))
        mask = apply("Less", steps, apply("ExpandDims", counts, np.asarray(-1, np.int32)))
        wanted = as_dtype(dtype).base_dtype
        return mask if wanted is bool_ else apply("Cast", mask, DstT=wanted)
