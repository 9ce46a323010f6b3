"""Ops that join tensors: concat, stack, tile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.constants import constant_value_as_shape
from gradiente.graph.dtypes import INDICES, int32
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.shapes import UNKNOWN, TensorShape
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import identity
from gradiente.ops.shape import checked_axis, known_axis, unknown_like

_AXIS_TYPE = attr("type", int32, INDICES)


# ConcatV2, Concat, ConcatOffset


def _concat_shape(op: Operation) -> list[TensorShape]:
    first = op.op_def.inputs[0].name == "concat_dim"
    axis_input = op.inputs[0] if first else op.inputs[-1]
    return [_joined(op.inputs[1:] if first else op.inputs[:-1], axis_input)]


def _joined(values: Sequence[Tensor], axis_input: Tensor) -> TensorShape:
    shape = UNKNOWN
    for v in values:
        if v.shape.ndims is not None:
            if shape.ndims is not None and shape.ndims != v.shape.ndims:
                raise ValueError(
                    f"Concat needs tensors of one rank, but {values[0].name!r} has shape {values[0].shape} and {v.name!r} "
                    f"has shape {v.shape}. Use tf.expand_dims or tf.reshape on one, or tf.stack to join along a new axis."
                )
            shape = v.shape
    if shape.ndims is None:
        return UNKNOWN
    if shape.ndims == 0:
        raise ValueError("Can't concatenate scalars (use tf.stack instead).")
    axis = known_axis(axis_input, shape.ndims, "axis")
    if axis is None:
        return unknown_like(shape)
    dims: list[int | None] = [None] * shape.ndims
    total: int | None = 0
    for v in values:
        plain = v.shape.with_rank(shape.ndims).plain or ()
        for i, d in enumerate(plain):
            if i != axis and d is not None:
                if dims[i] not in (None, d):
                    raise ValueError(
                        f"Dimension {i} in both shapes must be equal, but are {dims[i]} and {d}: tensors joined along axis "
                        f"{axis} must agree in every other. Shapes: {', '.join(str(t.shape) for t in values)}."
                    )
                dims[i] = d
        total = None if total is None or plain[axis] is None else total + (plain[axis] or 0)
    dims[axis] = total
    return TensorShape.of(tuple(dims))


def _concatenate(xp: Namespace, values: list[Array], axis: Array, op: Operation) -> Array:
    where = int(np.reshape(axis, ()))
    shapes = [list(v.shape) for v in values]
    if any(len(s) != len(shapes[0]) or not -len(s) <= where < len(s) for s in shapes) or any(
        a != b
        for s in shapes
        for i, (a, b) in enumerate(zip(s, shapes[0], strict=True))
        if i != where % len(s)
    ):
        raise InvalidArgumentError(
            None, op, f"ConcatOp: tensors joined along axis {where} must agree in every other dimension, but their shapes "
            f"are {', '.join(map(str, shapes))}."
        )  # fmt: skip
    return xp.concatenate(values, axis=where)


def _concat_v2(xp: Namespace, values: list[Array], axis: Array, *, op: Operation) -> Array:
    return _concatenate(xp, values, axis, op)


def _concat(xp: Namespace, axis: Array, values: list[Array], *, op: Operation) -> Array:
    return _concatenate(xp, values, axis, op)


def _concat_parts(values: Sequence[Tensor], axis: Tensor, grad: Tensor) -> list[Any]:
    """The part of ``grad`` that belongs to each of the tensors that were joined."""
    if len(values) == 1:
        return [grad]
    shapes = apply("ShapeN", list(values))
    if axis.dtype.base_dtype is not int32:
        axis = apply("Cast", axis, DstT=int32)
    offsets = apply("ConcatOffset", axis, shapes)
    return [apply("Slice", grad, offset, shape) for offset, shape in zip(offsets, shapes, strict=True)]


def _concat_v2_gradient(op: Operation, grad: Tensor) -> list[Any]:
    return [*_concat_parts(op.inputs[:-1], op.inputs[-1], grad), None]


def _concat_gradient(op: Operation, grad: Tensor) -> list[Any]:
    return [None, *_concat_parts(op.inputs[1:], op.inputs[0], grad)]


register(
    "ConcatV2", "values: N*T, axis: Tidx -> output: T", attrs={"Tidx": _AXIS_TYPE}, shape=_concat_shape,
    compute=_concat_v2, static=("axis",), gradient=_concat_v2_gradient,
)  # fmt: skip
register(
    "Concat", "concat_dim: int32, values: N*T -> output: T", shape=_concat_shape, compute=_concat,
    static=("concat_dim",), gradient=_concat_gradient,
)  # fmt: skip


def _concat_offset(xp: Namespace, concat_dim: Array, shapes: list[Array]) -> tuple[Array, ...]:
    del xp
    axis, before = int(concat_dim), 0
    offsets: list[Array] = []
    for s in shapes:
        offset = np.zeros_like(s)
        offset[axis] = before
        before += int(s[axis])
        offsets.append(offset)
    return tuple(offsets)


register(
    "ConcatOffset", "concat_dim: int32, shape: N*shape_type -> offset: N*shape_type",
    attrs={"shape_type": _AXIS_TYPE}, shape=lambda op: [t.shape for t in op.inputs[1:]], compute=_concat_offset,
    static=("concat_dim", "shape"), gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def concat(values: Any = None, axis: Any = None, name: str = "concat", concat_dim: Any = None) -> Tensor:
    """The tensors joined along one of their dimensions.

    Args:
        values: a list of tensors of one type and rank, which agree in every dimension but ``axis``.
        axis: the dimension, from 0; negative from the last.
        name: the operation's name.
        concat_dim: the name of ``axis`` before TensorFlow 1.0, where it came first: ``tf.concat(concat_dim, values)``.
            That order is recognised and accepted.

    Returns:
        One tensor, whose size along ``axis`` is the sum of theirs.

    Raises:
        ValueError: if the shapes don't agree.
        TypeError: if the order of the arguments can't be told.

    Example:
        >>> a, b = tf.zeros([2, 3]), tf.zeros([2, 5])
        >>> tf.concat([a, b], 1).shape
        TensorShape([2, 8])
        >>> tf.concat(1, [a, b]).shape
        TensorShape([2, 8])

    Source: TensorFlow 1's ``tf.concat``.
    """
    if concat_dim is not None:
        if axis is not None and values is None:
            values = axis
        axis = concat_dim
    if values is None or axis is None:
        raise TypeError("tf.concat needs the tensors and the axis: tf.concat([a, b], axis=1).")
    if not may_be_axis(axis):
        if not may_be_axis(values):
            raise TypeError(
                "The arguments of tf.concat can't be told apart: one must be a list of tensors and the other one number, "
                f"the axis; received {values!r} and {axis!r}. Write tf.concat([a, b], axis=1); before TensorFlow 1.0 it was "
                "tf.concat(1, [a, b])."
            )
        values, axis = axis, values
    items: list[Any] = list(values) if isinstance(values, (list, tuple)) else [values]  # pyright: ignore[reportUnknownArgumentType] - user input
    if len(items) == 1:
        with name_scope(name, "concat", [t for t in items if isinstance(t, Tensor)]):
            return identity(convert_to_tensor(items[0]), name=name)
    return apply("ConcatV2", items, axis, name=name)


def may_be_axis(value: Any) -> bool:
    """Whether a value that the user passed may be an axis: one number, or an integer scalar tensor."""
    if isinstance(value, Tensor):
        return value.dtype.is_integer and value.shape.ndims in (None, 0)
    return not isinstance(value, (list, tuple)) and np.ndim(value) == 0


# Pack, ParallelConcat


def _pack_shape(op: Operation) -> list[Any]:
    shape = UNKNOWN
    for t in op.inputs:
        if not shape.is_compatible_with(t.shape):
            raise ValueError(
                f"Shapes must be equal to stack tensors, but are {', '.join(str(v.shape) for v in op.inputs)}."
            )
        shape = shape.merge_with(t.shape)
    if shape.plain is None:
        return [None]
    axis = checked_axis(op.attrs["axis"], len(shape.plain) + 1) or 0
    return [(*shape.plain[:axis], len(op.inputs), *shape.plain[axis:])]


def _pack(xp: Namespace, values: list[Array], *, axis: int, op: Operation) -> Array:
    if any(v.shape != values[0].shape for v in values):
        raise InvalidArgumentError(
            None,
            op,
            f"Shapes of all inputs must match to be stacked, but are {', '.join(str(v.shape) for v in values)}.",
        )
    return xp.stack(values, axis=axis)


def _pack_gradient(op: Operation, grad: Tensor) -> list[Any]:
    return apply("Unpack", grad, num=len(op.inputs), axis=op.attrs["axis"])


register(
    "Pack",
    "values: N*T -> output: T",
    attrs={"axis": 0},
    shape=_pack_shape,
    compute=_pack,
    gradient=_pack_gradient,
)


def stack(values: Any, axis: int = 0, name: str = "stack") -> Tensor:
    """Tensors of one shape joined along a new dimension (``tf.stack``, formerly ``tf.pack``).

    Args:
        values: a list of N tensors of one shape and type.
        axis: where the new dimension, of size N, comes; 0 is first, -1 last.
        name: the operation's name.

    Returns:
        A tensor of one rank more.

    Raises:
        ValueError: if the shapes differ or ``axis`` is out of range.
    """
    items: Any = list(values) if isinstance(values, (list, tuple, np.ndarray)) else values  # pyright: ignore[reportUnknownArgumentType] - user input
    if isinstance(items, Tensor):
        raise TypeError(
            f"tf.stack takes a list of tensors, not one tensor: {items.name!r} of shape {items.shape}."
        )
    if not any(isinstance(v, Tensor) or hasattr(v, "_as_graph_element") for v in items) and axis == 0:
        return convert_to_tensor(values, name=name)
    with name_scope(name, "stack", [v for v in items if isinstance(v, Tensor)]) as scope:
        kind = next((v.dtype.base_dtype for v in items if isinstance(v, Tensor)), None)
        parts = [convert_to_tensor(v, dtype=kind, name=str(i)) for i, v in enumerate(items)]
        return apply("Pack", parts, axis=axis, name=scope)


pack = stack


def _parallel_concat(xp: Namespace, values: list[Array]) -> Array:
    return xp.concatenate(values, axis=0)


register(
    "ParallelConcat", "values: N*T -> output: T", attrs={"shape": attr("shape")},
    shape=lambda op: [op.attrs["shape"]], compute=_parallel_concat,
)  # fmt: skip


def parallel_stack(values: Sequence[Any], name: str = "parallel_stack") -> Tensor:
    """Tensors of one known shape joined along a new first dimension (``tf.parallel_stack``).

    Raises:
        ValueError: if a shape is not fully known, or they differ.
    """
    with name_scope(name, "parallel_stack", [v for v in values if isinstance(v, Tensor)]) as scope:
        first = convert_to_tensor(values[0])
        first.shape.assert_is_fully_defined()
        rows = [apply("ExpandDims", convert_to_tensor(v, dtype=first.dtype), 0) for v in values]
        for row in rows:
            row.shape[1:].assert_is_compatible_with(first.shape)
        return apply(
            "ParallelConcat", rows, shape=TensorShape([len(rows)]).concatenate(first.shape), name=scope
        )


# Tile


def _tile_shape(op: Operation) -> list[TensorShape]:
    x, multiples = op.inputs
    times = constant_value_as_shape(multiples).plain
    dims = x.shape.plain
    if times is None or dims is None:
        return [unknown_like(x.shape) if times is None else TensorShape.of((None,) * len(times))]
    if len(times) != len(dims):
        raise ValueError(
            f"'multiples' needs one number for each of the {len(dims)} dimensions of shape {x.shape}, but has {len(times)}."
        )
    return [
        TensorShape.of(
            tuple(None if d is None or t is None else d * t for d, t in zip(dims, times, strict=True))
        )
    ]


def _tile(xp: Namespace, x: Array, multiples: Array) -> Array:
    return xp.tile(x, tuple(int(m) for m in multiples))


def _tile_gradient(op: Operation, grad: Tensor) -> list[Any]:
    x, multiples = op.inputs
    shape = apply("Shape", x, out_type=multiples.dtype.base_dtype)
    parts = apply("Reshape", apply("Pack", [multiples, shape], axis=1), [-1])
    if x.shape.ndims is None:
        axes = apply("Range", 0, apply("Size", parts), 2)
    else:
        axes = np.arange(0, 2 * x.shape.ndims, 2, dtype=np.int32)
    summed = apply("Sum", apply("Reshape", grad, parts), axes, keep_dims=False)
    return [apply("Reshape", summed, apply("Shape", x)), None]


register(
    "Tile", "input: T, multiples: Tmultiples -> output: T", attrs={"Tmultiples": _AXIS_TYPE}, shape=_tile_shape,
    compute=_tile, static=("multiples",), gradient=_tile_gradient,
)  # fmt: skip


def tile(input: Any, multiples: Any, name: str | None = None) -> Tensor:
    """``input`` repeated ``multiples[i]`` times along dimension i.

    Args:
        input: a tensor of rank n.
        multiples: n whole numbers: a list or an integer vector.
        name: the operation's name.

    Raises:
        ValueError: if there is not one number for each dimension.
    """
    return apply("Tile", input, multiples, name=name)
