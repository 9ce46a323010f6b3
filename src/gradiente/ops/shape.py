"""Shapes as tensors: a tensor's shape, size and rank, and broadcasting to a shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.constants import constant_value, constant_value_as_shape
from gradiente.graph.dtypes import INDICES, as_dtype, int32
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.shapes import UNKNOWN, TensorShape, as_shape, broadcast_dims
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import scalar_shape
from gradiente.ops.unbroadcast import unbroadcast

_OUT_TYPE = attr("type", int32, INDICES)


# Shape, ShapeN


def _shape_shape(op: Operation) -> list[Any]:
    return [(op.inputs[0].shape.ndims,)]


def _shape(xp: Namespace, x: Array, *, out_type: Any) -> Array:
    del xp
    return np.asarray(np.shape(x), out_type.np).reshape(-1)


register(
    "Shape", "input: T -> output: out_type", attrs={"out_type": _OUT_TYPE}, shape=_shape_shape, compute=_shape,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def shape(input: Any, name: str | None = None, out_type: Any = int32, optimize: bool = True) -> Tensor:
    """The shape of ``input``, as a rank-1 integer tensor.

    Args:
        input: a tensor of any shape.
        name: the operation's name.
        out_type: int32 or int64.
        optimize: make a constant where the shape is known while building.

    Source: TensorFlow 1's ``tf.shape``.
    """
    with name_scope(name, "Shape", [input] if isinstance(input, Tensor) else None) as scope:
        x = convert_to_tensor(input)
        if optimize and x.shape.is_fully_defined():
            value = np.asarray(x.shape.plain, as_dtype(out_type).np).reshape(-1)
            return apply("Const", value=value, dtype=out_type, name=scope)
        return apply("Shape", x, out_type=out_type, name=scope)


def _shape_n_shape(op: Operation) -> list[Any]:
    return [(t.shape.ndims,) for t in op.inputs]


def _shape_n(xp: Namespace, tensors: list[Array], *, out_type: Any) -> tuple[Array, ...]:
    return tuple(_shape(xp, x, out_type=out_type) for x in tensors)


register(
    "ShapeN", "input: N*T -> output: N*out_type", attrs={"out_type": _OUT_TYPE}, shape=_shape_n_shape,
    compute=_shape_n, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def shape_n(input: Sequence[Any], out_type: Any = int32, name: str | None = None) -> list[Tensor]:
    """The shapes of several tensors of one type, as a list of rank-1 integer tensors."""
    return apply("ShapeN", list(input), out_type=out_type, name=name)


# Size, Rank


def _size(xp: Namespace, x: Array, *, out_type: Any) -> Array:
    del xp
    return np.asarray(np.size(x), out_type.np)


register(
    "Size", "input: T -> output: out_type", attrs={"out_type": _OUT_TYPE}, shape=scalar_shape, compute=_size,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def size(input: Any, name: str | None = None, out_type: Any = int32) -> Tensor:
    """The number of elements of ``input``, as an integer scalar (``tf.size``)."""
    with name_scope(name, "Size", [input] if isinstance(input, Tensor) else None) as scope:
        x = convert_to_tensor(input)
        count = x.shape.num_elements()
        if count is not None:
            return apply("Const", value=np.asarray(count, as_dtype(out_type).np), dtype=out_type, name=scope)
        return apply("Size", x, out_type=out_type, name=scope)


def _rank(xp: Namespace, x: Array) -> Array:
    del xp
    return np.asarray(np.ndim(x), np.int32)


register("Rank", "input: T -> output: int32", shape=scalar_shape, compute=_rank, gradient=NOT_DIFFERENTIABLE)


def rank(input: Any, name: str | None = None) -> Tensor:
    """The number of dimensions of ``input``, as an int32 scalar (``tf.rank``)."""
    with name_scope(name, "Rank", [input] if isinstance(input, Tensor) else None) as scope:
        x = convert_to_tensor(input)
        if x.shape.ndims is not None:
            return apply("Const", value=np.asarray(x.shape.ndims, np.int32), dtype=int32, name=scope)
        return apply("Rank", x, name=scope)


# BroadcastTo, BroadcastArgs


def _broadcast_to_shape(op: Operation) -> list[Any]:
    target, given = constant_value_as_shape(op.inputs[1]), op.inputs[0].shape
    if target.plain is None or given.plain is None:
        return [target]
    if len(given.plain) > len(target.plain):
        raise ValueError(
            f"A tensor of rank {given.ndims} can't be broadcast to {target}, which has fewer dimensions."
        )
    lead = len(target.plain) - len(given.plain)
    for wanted, have in zip(target.plain[lead:], given.plain, strict=True):
        if wanted is not None and have is not None and have not in (1, wanted):
            raise ValueError(
                f"Incompatible shapes: {given} can't be broadcast to {target}; each size must be 1 or equal."
            )
    return [target]


def _broadcast_to(xp: Namespace, x: Array, sizes: Array) -> Array:
    return xp.broadcast_to(x, tuple(int(d) for d in sizes))


def _broadcast_to_gradient(op: Operation, grad: Tensor) -> list[Any]:
    return [unbroadcast(grad, op.inputs[0], op.outputs[0]), None]


register(
    "BroadcastTo", "input: T, shape: Tidx -> output: T", attrs={"Tidx": attr("type", int32, INDICES)},
    shape=_broadcast_to_shape, compute=_broadcast_to, static=("shape",), gradient=_broadcast_to_gradient,
)  # fmt: skip


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """``input`` repeated along its missing dimensions and those of size 1, so that it has shape ``shape``.

    Args:
        input: a tensor.
        shape: a shape that ``input``'s can be broadcast to.
        name: the operation's name.

    Raises:
        ValueError: if some size of ``input`` is neither 1 nor that of ``shape``.

    Source: TensorFlow 1's ``tf.broadcast_to``.
    """
    return apply("BroadcastTo", input, as_shape_input(shape), name=name)


def as_shape_input(shape: Any) -> Any:
    """A shape that the user gave (a tensor, a list that may hold tensors, a TensorShape) as an op's input."""
    if isinstance(shape, TensorShape):
        sizes = shape.as_list()
        if None in sizes:
            raise ValueError(f"Cannot convert a partially known shape {shape} to a tensor; use tf.shape(x).")
        return np.asarray(sizes, np.int32)
    return np.zeros(0, np.int32) if type(shape) in (list, tuple) and not len(shape) else shape


def _broadcast_args_shape(op: Operation) -> list[Any]:
    a, b = (t.shape.with_rank(1).plain for t in op.inputs)
    if a is None or b is None or a[0] is None or b[0] is None:
        return [(None,)]
    return [(max(a[0], b[0]),)]


def _broadcast_args(xp: Namespace, s0: Array, s1: Array) -> Array:
    del xp
    plain = broadcast_dims(tuple(int(d) for d in s0), tuple(int(d) for d in s1))
    return np.asarray(plain, s0.dtype).reshape(-1)


register(
    "BroadcastArgs", "s0: T, s1: T -> r0: T", attrs={"T": attr("type", int32, INDICES)}, shape=_broadcast_args_shape,
    compute=_broadcast_args, static=("s0", "s1"), gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Tensor:
    """The shape that two shapes broadcast to, all three as integer tensors (``tf.broadcast_dynamic_shape``)."""
    return apply("BroadcastArgs", as_shape_input(shape_x), as_shape_input(shape_y))


# EnsureShape


def _ensure_shape_shape(op: Operation) -> list[TensorShape]:
    return [op.inputs[0].shape.merge_with(op.attrs["shape"])]


def _ensure_shape(xp: Namespace, x: Array, *, shape: TensorShape, op: Operation) -> Array:
    del xp
    if not shape.is_compatible_with(np.shape(x)):
        raise InvalidArgumentError(
            None,
            op,
            f"Shape of the tensor {tuple(np.shape(x))} is not compatible with expected shape {shape}.",
        )
    return x


register(
    "EnsureShape", "input: T -> output: T", attrs={"shape": attr("shape")}, shape=_ensure_shape_shape,
    compute=_ensure_shape, gradient=lambda op, grad: [grad],
)  # fmt: skip


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Tensor:
    """``x``, with the promise that it has shape ``shape`` (None for unknown sizes).

    Raises:
        ValueError: while building, if ``x`` is known not to have it; InvalidArgumentError when it is found running.

    Source: TensorFlow 1's ``tf.ensure_shape``.
    """
    return apply("EnsureShape", x, shape=as_shape(shape), name=name)


def known_axis(tensor: Tensor, rank: int | None, what: str = "axis", lowest: int | None = None) -> int | None:
    """The value of an axis input, counted from the front, or None where it (or, if negative, the rank) is not known.

    Args:
        tensor: a scalar integer tensor, or one of one element.
        rank: the number of dimensions to count in.
        what: the axis's name in the error message.
        lowest: the smallest value allowed; ``-rank`` by default.

    Raises:
        ValueError: if the axis is out of range.
    """
    value = constant_value(tensor)
    if value is None:
        return None
    if np.size(value) != 1:
        raise ValueError(f"'{what}' must be one number, not {np.asarray(value).tolist()}.")
    return checked_axis(int(np.reshape(value, ())), rank, what, lowest)


def checked_axis(axis: int, rank: int | None, what: str = "axis", lowest: int | None = None) -> int | None:
    """``axis`` counted from the front; None where that needs a rank that is not known.

    Raises:
        ValueError: if it is out of range.
    """
    if rank is None:
        return axis if axis >= 0 else None
    least = -rank if lowest is None else lowest
    if not least <= axis < rank:
        raise ValueError(f"'{what}' must be in [{least}, {rank}) for {rank} dimensions, but is {axis}.")
    return axis + rank if axis < 0 else axis


def unknown_like(shape: TensorShape) -> TensorShape:
    """A shape of the rank of ``shape``, all sizes unknown."""
    return UNKNOWN if shape.ndims is None else TensorShape.of((None,) * shape.ndims)
