"""Ops that take a tensor apart along one dimension: unstack, split."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import INDICES, int8, int32, int64
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.joining import may_be_axis
from gradiente.ops.shape import checked_axis, known_axis, unknown_like

_AXIS_TYPE = attr("type", int32, INDICES)


# Unpack


def _unpack_shape(op: Operation) -> list[Any]:
    dims, count = op.inputs[0].shape.plain, op.attrs["num"]
    if dims is None:
        return [None] * count
    axis = checked_axis(op.attrs["axis"], len(dims)) or 0
    if dims[axis] not in (None, count):
        raise ValueError(
            f"Dimension {axis} has size {dims[axis]}, so it can't be unstacked into {count} tensors."
        )
    return [(*dims[:axis], *dims[axis + 1 :])] * count


def _unpack(xp: Namespace, value: Array, *, num: int, axis: int, op: Operation) -> tuple[Array, ...]:
    if value.shape[axis] != num:
        raise InvalidArgumentError(
            None,
            op,
            f"Dimension {axis} has size {value.shape[axis]}, so it can't be unstacked into {num} tensors.",
        )
    rows = xp.moveaxis(value, axis, 0)
    return tuple(rows[i] for i in range(num))


def _unpack_gradient(op: Operation, *grads: Tensor) -> list[Any]:
    return [apply("Pack", list(grads), axis=op.attrs["axis"])]


register(
    "Unpack", "value: T -> output: num*T", attrs={"num": attr("int"), "axis": 0}, shape=_unpack_shape, compute=_unpack,
    gradient=_unpack_gradient,
)  # fmt: skip


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str = "unstack") -> list[Tensor]:
    """A tensor taken apart along one dimension (``tf.unstack``, formerly ``tf.unpack``).

    Args:
        value: a tensor of rank n.
        num: the size of dimension ``axis``; by default what is known of it.
        axis: the dimension to take apart.
        name: the operation's name.

    Returns:
        A list of ``num`` tensors of rank n-1.

    Raises:
        ValueError: if ``num`` is not given and not known, or ``axis`` is out of range.
    """
    tensor = convert_to_tensor(value)
    if num is None:
        dims = tensor.shape.plain
        where = None if dims is None else checked_axis(axis, len(dims))
        num = None if dims is None or where is None else dims[where]
        if num is None:
            raise ValueError(
                f"Cannot infer argument `num` from shape {tensor.shape}: give tf.unstack the size of axis {axis}, or fix it "
                "with set_shape."
            )
    return apply("Unpack", tensor, num=num, axis=axis, name=name)


unpack = unstack


# Split, SplitV


def _split_shape(op: Operation) -> list[Any]:
    dim, value = op.inputs
    count = op.attrs["num_split"]
    dims = value.shape.plain
    axis = known_axis(dim, value.shape.ndims, "axis")
    if dims is None or axis is None:
        return [unknown_like(value.shape)] * count
    along = dims[axis]
    if along is not None and along % count:
        raise ValueError(
            f"Dimension size must be evenly divisible by {count} but is {along}: tf.split makes equal parts of axis {axis}. "
            "Give a list of sizes for unequal ones."
        )
    part = None if along is None else along // count
    return [(*dims[:axis], part, *dims[axis + 1 :])] * count


def _split(xp: Namespace, dim: Array, value: Array, *, num_split: int, op: Operation) -> tuple[Array, ...]:
    axis = int(dim)
    if value.shape[axis] % num_split:
        raise InvalidArgumentError(
            None, op, f"Number of ways to split should evenly divide the split dimension, but got split_dim {axis} (size = "
            f"{value.shape[axis]}) and num_split {num_split}."
        )  # fmt: skip
    return tuple(xp.split(value, num_split, axis=axis))


def _split_gradient(op: Operation, *grads: Tensor) -> list[Any]:
    return [None, apply("ConcatV2", list(grads), op.inputs[0])]


register(
    "Split", "split_dim: int32, value: T -> output: num_split*T", attrs={"num_split": attr("int")}, shape=_split_shape,
    compute=_split, static=("split_dim",),
    gradient=_split_gradient,
)  # fmt: skip


def _split_v_shape(op: Operation) -> list[Any]:
    value, sizes, dim = op.inputs
    count = op.attrs["num_split"]
    dims = value.shape.plain
    axis = known_axis(dim, value.shape.ndims, "axis")
    if dims is None or axis is None:
        return [unknown_like(value.shape)] * count
    known = constant_value(sizes)
    parts: list[int | None] = [None] * count if known is None else [int(s) if s >= 0 else None for s in known]
    along = dims[axis]
    if known is not None and along is not None:
        total = sum(p or 0 for p in parts)
        if None in parts and total <= along:
            parts = [along - total if p is None else p for p in parts]
        elif total != along:
            raise ValueError(
                f"The sizes {known.tolist()} add up to {total}, but axis {axis} of shape {value.shape} has size {along}."
            )
    return [(*dims[:axis], p, *dims[axis + 1 :]) for p in parts]


def _split_v(xp: Namespace, value: Array, sizes: Array, dim: Array, *, op: Operation) -> tuple[Array, ...]:
    axis, parts = int(dim), [int(s) for s in sizes]
    if -1 in parts:
        parts[parts.index(-1)] = value.shape[axis] - (sum(parts) + 1)
    if min(parts, default=0) < 0 or sum(parts) != value.shape[axis]:
        raise InvalidArgumentError(
            None,
            op,
            f"The sizes {[int(s) for s in sizes]} must add up to the size {value.shape[axis]} of axis {axis}.",
        )
    return tuple(xp.split(value, [int(c) for c in np.cumsum(parts)[:-1]], axis=axis))


def _split_v_gradient(op: Operation, *grads: Tensor) -> list[Any]:
    return [apply("ConcatV2", list(grads), op.inputs[2]), None, None]


register(
    "SplitV", "value: T, size_splits: Tlen, split_dim: int32 -> output: num_split*T",
    attrs={"num_split": attr("int"), "Tlen": attr("type", int64, (int8, int32, int64))}, shape=_split_v_shape,
    compute=_split_v, static=("size_splits", "split_dim"),
    gradient=_split_v_gradient,
)  # fmt: skip


def split(
    value: Any = None, num_or_size_splits: Any = None, axis: Any = 0, num: int | None = None, name: str = "split",
    split_dim: Any = None, num_split: Any = None,
) -> list[Tensor]:  # fmt: skip
    """A tensor cut along one dimension.

    Args:
        value: the tensor.
        num_or_size_splits: a number of equal parts, or a list of sizes (one may be -1: the rest).
        axis: the dimension to cut.
        num: the number of parts, where the sizes are a tensor of unknown length.
        name: the operation's name.
        split_dim: the name of ``axis`` before TensorFlow 1.0, where the order was
            ``tf.split(split_dim, num_split, value)``. That order is recognised and accepted.
        num_split: the old name of ``num_or_size_splits``.

    Returns:
        A list of tensors.

    Raises:
        ValueError: if the size is no multiple of the number of parts, or the sizes don't add up to it.
        TypeError: if the order of the arguments can't be told.

    Example:
        >>> [t.shape.as_list() for t in tf.split(tf.zeros([4, 6]), 3, axis=1)]
        [[4, 2], [4, 2], [4, 2]]

    Source: TensorFlow 1's ``tf.split``.
    """
    if num_split is not None:
        num_or_size_splits = num_split
    if split_dim is not None:
        axis = split_dim
    elif not may_be_axis(axis):
        if value is not None and not may_be_axis(value):
            raise TypeError(
                f"The arguments of tf.split can't be told apart: the axis is one number, but received {axis!r}. Write "
                "tf.split(value, num_or_size_splits, axis); before TensorFlow 1.0 it was "
                "tf.split(split_dim, num_split, value)."
            )
        value, axis = axis, value
    if value is None or num_or_size_splits is None:
        raise TypeError(
            "tf.split needs the tensor and the number of parts: tf.split(value, num_or_size_splits, axis)."
        )
    tensor = convert_to_tensor(value)
    sizes: Any = num_or_size_splits
    if not isinstance(sizes, Tensor) and np.ndim(sizes) == 0:
        return apply("Split", axis, tensor, num_split=int(sizes), name=name)
    sizes = convert_to_tensor(sizes, dtype_hint=int32)
    if sizes.shape.ndims == 0:
        raise ValueError(
            "Rank-0 tensors are not supported as the num_or_size_splits argument to split; give a number."
        )
    if num is None:
        num = None if sizes.shape.plain is None else sizes.shape.plain[0]
        if num is None:
            raise ValueError(
                "Cannot infer argument `num` from the sizes' shape: give tf.split the number of parts."
            )
    return apply("SplitV", tensor, sizes, axis, num_split=num, name=name)
