"""Ops that take a part of a tensor by position: slice, strided_slice, and indexing with [ ]."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.constants import constant_value, constant_value_as_shape
from gradiente.graph.dtypes import INDICES, int16, int32, int64
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import register
from gradiente.graph.shapes import TensorShape
from gradiente.graph.types import Array, Namespace
from gradiente.ops.creation import ones_like
from gradiente.ops.dynamic_slice import (
    MASKS,
    Positions,
    block_traceable,
    dynamic_block,
    slice_traceable,
    strided_slice_traceable,
)
from gradiente.ops.joining import stack
from gradiente.ops.slice_spec import checked_index, known_elements, numpy_index, pieces, sliced_dims

newaxis = None


# Slice


def _slice_shape(op: Operation) -> list[TensorShape]:
    x, begin, size = op.inputs
    dims, first = x.shape.plain, known_elements(begin)
    sizes = constant_value(size)
    if sizes is None:
        asked = constant_value_as_shape(size)
        if dims is not None and asked.plain is not None and len(asked.plain) != len(dims):
            raise ValueError(
                f"'begin' and 'size' need one number for each of the {len(dims)} dimensions of {x.shape}."
            )
        return [asked if dims is None or asked.plain is not None else TensorShape.of((None,) * len(dims))]
    if dims is None:
        return [TensorShape.of(tuple(None if s < 0 else int(s) for s in sizes))]
    if len(sizes) != len(dims) or (first is not None and len(first) != len(dims)):
        raise ValueError(
            f"'begin' and 'size' need one number for each of the {len(dims)} dimensions of shape {x.shape}, but have "
            f"{'?' if first is None else len(first)} and {len(sizes)}."
        )
    starts = first or [None] * len(dims)
    result: list[int | None] = []
    for axis, (d, b, s) in enumerate(zip(dims, starts, sizes.tolist(), strict=True)):
        if d is not None and b is not None and (not 0 <= b <= d or b + max(s, 0) > d):
            raise ValueError(
                f"Slice out of range in dimension {axis}: begin {b} and size {s} must stay within its size {d}."
            )
        result.append(s if s >= 0 else None if d is None or b is None else d - b)
    return [TensorShape.of(tuple(result))]


def _slice(xp: Namespace, x: Array, begin: Array, size: Array, *, op: Operation) -> Array:
    del xp
    index: list[slice] = []
    for axis, (d, b, s) in enumerate(zip(x.shape, begin.tolist(), size.tolist(), strict=True)):
        end = d if s < 0 else b + s
        if not 0 <= b <= end <= d:
            raise InvalidArgumentError(
                None, op, f"Expected begin[{axis}] in [0, {d}] and begin + size within its size {d}, but "
                f"begin is {b} and size is {s}."
            )  # fmt: skip
        index.append(slice(b, end))
    return x[tuple(index)]


def _slice_on_device(xp: Namespace, x: Array, begin: Array, size: Array, *, op: Operation, ctx: Any) -> Array:
    if isinstance(begin, np.ndarray):
        return _slice(xp, x, begin, size, op=op)
    return dynamic_block(xp, x, begin, [int(s) for s in size], ctx)


def _slice_gradient(op: Operation, grad: Tensor) -> list[Any]:
    x, begin, size = op.inputs
    kind = begin.dtype.base_dtype
    shape = apply("Shape", x, out_type=kind)
    if slice_traceable(op) and constant_value(begin) is None and x.shape.ndims is not None:
        ones = np.ones(x.shape.ndims, kind.np)
        return [apply("StridedSliceGrad", shape, begin, apply("AddV2", begin, size), ones, grad), None, None]
    before = apply("Reshape", begin, [-1, 1])
    rest = apply("Sub", shape, apply("Shape", op.outputs[0], out_type=kind))
    after = apply("Reshape", apply("Sub", rest, begin), [-1, 1])
    return [apply("Pad", grad, apply("ConcatV2", [before, after], 1)), None, None]


register(
    "Slice", "input: T, begin: Index, size: Index -> output: T", types={"Index": INDICES}, shape=_slice_shape,
    compute=_slice, device=_slice_on_device, static=("begin", "size"), traceable=slice_traceable, checks=True,
    gradient=_slice_gradient,
)  # fmt: skip


def slice_(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """A block of ``input_``: ``size[i]`` elements of dimension i from ``begin[i]`` on (``tf.slice``).

    Args:
        input_: a tensor of rank n.
        begin: n positions, from 0: a list or an integer vector.
        size: n sizes; -1 is all that is left.
        name: the operation's name.

    Raises:
        ValueError: if the block is known not to lie in the tensor; InvalidArgumentError when it is found running.
    """
    return apply("Slice", input_, begin, size, name=name)


# StridedSlice, StridedSliceGrad


def _strided_slice_shape(op: Operation) -> list[Any]:
    x, begin, end, strides = op.inputs
    begins, ends, steps = known_elements(begin), known_elements(end), known_elements(strides)
    dims = x.shape.plain
    count = next((len(v) for v in (begins, ends, steps) if v is not None), None)
    if dims is None or count is None:
        return [None]
    begins, ends, steps = (v or [None] * count for v in (begins, ends, steps))
    if not len(begins) == len(ends) == len(steps):
        raise ValueError(
            f"'begin', 'end' and 'strides' must be of equal length, but have {len(begins)}, {len(ends)}, {len(steps)}."
        )
    return [tuple(sliced_dims(dims, pieces(len(dims), count, op.attrs), begins, ends, steps))]


def _index_of(
    op: Operation, shape: tuple[int, ...], begin: Array, end: Array, strides: Array
) -> tuple[Any, ...]:
    rules = pieces(len(shape), len(begin), op.attrs)
    axis = 0
    for rule in rules:
        if rule.shrink and rule.position is not None:
            checked_index(int(begin[rule.position]), int(strides[rule.position]), shape[axis], axis)
        axis += not rule.new
    return numpy_index(rules, begin.tolist(), end.tolist(), strides.tolist())


def _strided_slice(
    xp: Namespace, x: Array, begin: Array, end: Array, strides: Array, *, op: Operation
) -> Array:
    return xp.asarray(x[_index_of(op, x.shape, begin, end, strides)])


def _strided_slice_on_device(
    xp: Namespace, x: Array, begin: Array, end: Array, strides: Array, *, op: Operation, ctx: Any
) -> Array:
    if isinstance(begin, np.ndarray) and isinstance(end, np.ndarray):
        return _strided_slice(xp, x, begin, end, strides, op=op)
    from jax import lax

    positions = Positions(op, x.shape, begin, end, strides)
    if positions.traced:
        x = lax.dynamic_slice(x, positions.taken(xp, ctx), positions.shape)
    return x[positions.rest]


def _strided_slice_gradient(op: Operation, grad: Tensor) -> list[Any]:
    x, begin, end, strides = op.inputs
    shape = apply("Shape", x, out_type=begin.dtype.base_dtype)
    masks = {name: op.attrs[name] for name in MASKS}
    return [apply("StridedSliceGrad", shape, begin, end, strides, grad, **masks), None, None, None]


register(
    "StridedSlice", "input: T, begin: Index, end: Index, strides: Index -> output: T", attrs=MASKS,
    types={"Index": (int16, int32, int64)}, shape=_strided_slice_shape, compute=_strided_slice,
    device=_strided_slice_on_device, static=("begin", "end", "strides"), traceable=strided_slice_traceable, checks=True,
    gradient=_strided_slice_gradient,
)  # fmt: skip


def _strided_slice_grad(
    xp: Namespace, shape: Array, begin: Array, end: Array, strides: Array, dy: Array, *, op: Operation
) -> Array:
    sizes = tuple(int(d) for d in shape)
    index = _index_of(op, sizes, begin, end, strides)
    if xp is np:
        dx = np.zeros(sizes, dy.dtype)
        dx[index] = dy
        return dx
    return _between_zeros(sizes, index, dy)


def _between_zeros(sizes: tuple[int, ...], index: tuple[Any, ...], dy: Array) -> Array:
    """``dx[index] = dy`` on zeros. XLA joins a padding with its neighbours, unlike the scatter of ``.at``."""
    from jax import lax

    kept: list[int] = []
    backwards: list[int] = []
    config: list[tuple[int, int, int]] = []
    for size, item in zip(sizes, (i for i in index if i is not None), strict=True):
        taken = range(size)[item] if isinstance(item, slice) else range(size)[item : item + 1 or None]
        if taken.step < 0:
            backwards.append(len(kept))
            taken = taken[::-1]
        kept.append(len(taken))
        after = size - 1 - taken[-1] if taken else size
        config.append((taken[0] if taken else 0, after, taken.step - 1))
    return lax.pad(lax.rev(dy.reshape(kept), backwards), dy.dtype.type(0), config)


def _strided_slice_grad_on_device(
    xp: Namespace,
    shape: Array,
    begin: Array,
    end: Array,
    strides: Array,
    dy: Array,
    *,
    op: Operation,
    ctx: Any,
) -> Array:
    if isinstance(begin, np.ndarray) and isinstance(end, np.ndarray):
        return _strided_slice_grad(xp, shape, begin, end, strides, dy, op=op)
    from jax import lax

    sizes = [int(d) for d in shape]
    if block_traceable(op):
        return lax.dynamic_update_slice(xp.zeros(sizes, dy.dtype), dy, [begin[i] for i in range(len(sizes))])
    positions = Positions(op, sizes, begin, end, strides)
    part = xp.zeros(positions.shape, dy.dtype).at[positions.rest].set(dy)
    if not positions.traced:
        return part
    return lax.dynamic_update_slice(xp.zeros(sizes, dy.dtype), part, positions.taken(xp, ctx))


def _strided_slice_grad_gradient(op: Operation, grad: Tensor) -> list[Any]:
    _, begin, end, strides, _ = op.inputs
    masks = {name: op.attrs[name] for name in MASKS}
    return [None, None, None, None, apply("StridedSlice", grad, begin, end, strides, **masks)]


register(
    "StridedSliceGrad", "shape: Index, begin: Index, end: Index, strides: Index, dy: T -> output: T", attrs=MASKS,
    types={"Index": INDICES}, shape=lambda op: [constant_value_as_shape(op.inputs[0])], compute=_strided_slice_grad,
    device=_strided_slice_grad_on_device, static=("shape", "begin", "end", "strides"),
    traceable=strided_slice_traceable, checks=True, gradient=_strided_slice_grad_gradient,
)  # fmt: skip


def strided_slice(
    input_: Any, begin: Any, end: Any, strides: Any = None, begin_mask: int = 0, end_mask: int = 0,
    ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0, var: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """The part of ``input_`` from ``begin`` to ``end`` in steps of ``strides``, as Python's ``x[b:e:s, ...]``.

    Args:
        input_: a tensor of rank n.
        begin: m positions, m <= n; negative ones count from the end.
        end: m positions, not included.
        strides: m steps, not 0; 1 by default.
        begin_mask: bit i set: ignore ``begin[i]`` and take from the start on.
        end_mask: bit i set: ignore ``end[i]`` and take to the end.
        ellipsis_mask: bit i set: entry i stands for as many whole dimensions as are not listed (``...``).
        new_axis_mask: bit i set: entry i is a new dimension of size 1.
        shrink_axis_mask: bit i set: take ``begin[i]`` alone and drop the dimension.
        var: accepted; a variable is assigned to with ``var[...].assign``.
        name: the operation's name.

    Raises:
        ValueError: if an index is known to be out of range, or a stride is 0.

    Source: TensorFlow 1's ``tf.strided_slice``.
    """
    del var
    if strides is None:
        strides = ones_like(begin)
    return apply(
        "StridedSlice", input_, begin, end, strides, begin_mask=begin_mask, end_mask=end_mask,
        ellipsis_mask=ellipsis_mask, new_axis_mask=new_axis_mask, shrink_axis_mask=shrink_axis_mask,
        name=name or "StridedSlice",
    )  # fmt: skip


# Indexing


def getitem(tensor: Tensor, key: Any) -> Tensor:
    """``tensor[key]``: numbers, slices, ``...``, ``tf.newaxis`` and integer scalars, separated by commas.

    Raises:
        TypeError: for other keys; a bool mask or a list of positions has a function of its own.
    """
    begin: list[Any] = []
    end: list[Any] = []
    strides: list[Any] = []
    masks = dict.fromkeys(MASKS, 0)
    for i, item in enumerate(key if isinstance(key, tuple) else (key,)):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - user input
        entry: Any = item
        bit = 1 << i
        if isinstance(entry, slice):
            first, last, step = _slice_parts(item)
            if first is None or (isinstance(first, int) and first == sys.maxsize):
                masks["begin_mask"] |= bit
            if last is None or (isinstance(last, int) and last == sys.maxsize):
                masks["end_mask"] |= bit
            begin.append(0 if masks["begin_mask"] & bit else _position(first, tensor))
            end.append(0 if masks["end_mask"] & bit else _position(last, tensor))
            strides.append(1 if step is None else _position(step, tensor))
        elif entry is Ellipsis or entry is None:
            begin.append(0)
            end.append(0)
            strides.append(1)
            masks["ellipsis_mask" if entry is Ellipsis else "new_axis_mask"] |= bit
        else:
            position = _position(entry, tensor)
            begin.append(position)
            end.append(position + 1)
            strides.append(1)
            masks["shrink_axis_mask"] |= bit
    with name_scope(None, "strided_slice", [tensor]) as scope:
        bounds = [_bounds(v, n) for v, n in ((begin, "stack"), (end, "stack_1"), (strides, "stack_2"))]
        if any(b.dtype.base_dtype is int64 for b in bounds):
            bounds = [b if b.dtype.base_dtype is int64 else apply("Cast", b, DstT=int64) for b in bounds]
        return apply("StridedSlice", tensor, *bounds, name=scope, **masks)


def _slice_parts(item: Any) -> tuple[Any, Any, Any]:
    return item.start, item.stop, item.step


def _bounds(values: list[Any], name: str) -> Tensor:
    if not values:
        return convert_to_tensor(np.zeros(0, np.int32), name=name)
    return stack(values, name=name)


def _position(value: Any, tensor: Tensor) -> Any:
    """An index that the user wrote, as a Python int or an integer scalar tensor."""
    convert = getattr(value, "_as_graph_element", None)
    if convert is not None:
        value = convert_to_tensor(value)
    kind = getattr(value, "dtype", None)
    if isinstance(value, Tensor):
        if value.dtype.is_bool or value.shape.ndims not in (None, 0):
            raise TypeError(_remedy(value, tensor, mask=value.dtype.is_bool))
        if value.dtype.is_integer:
            return value
    elif isinstance(value, (bool, list, tuple, np.ndarray)) and not (
        isinstance(value, np.ndarray) and value.ndim == 0
    ):
        array = np.asarray(value)  # pyright: ignore[reportUnknownArgumentType] - user input
        raise TypeError(_remedy(value, tensor, mask=array.dtype.kind == "b"))
    elif getattr(kind, "kind", "i") in "iu" and hasattr(value, "__index__"):  # pyright: ignore[reportUnknownArgumentType]
        return int(value.__index__())
    raise TypeError(
        f"Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar integer tensors are valid indices "
        f"of tensor {tensor.name!r}, got {value!r}."
    )


def _remedy(key: Any, tensor: Tensor, mask: bool) -> str:
    call = f"tf.boolean_mask({tensor.op.name}, mask)" if mask else f"tf.gather({tensor.op.name}, positions)"
    return f"Tensor {tensor.name!r} can't be indexed with {key!r}: use {call}, which takes several elements at once."


Tensor.operators["getitem"] = getitem
