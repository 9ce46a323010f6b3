"""Tensors made from nothing but sizes: zeros, ones, fill, range, linspace, one value like another tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.constants import constant_array, constant_value, constant_value_as_shape
from gradiente.graph.dtypes import (
    COMPLEX,
    FLOATS,
    INDICES,
    INTEGERS,
    DType,
    as_dtype,
    bool_,
    float32,
    float64,
    int32,
    int64,
    string,
)
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.shapes import TensorShape, as_shape
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import same_shape
from gradiente.ops.shape import as_shape_input

_LARGEST_CONSTANT = 1000
"""``zeros`` and ``ones`` of fewer elements are constants, as in TensorFlow; larger ones are filled when run."""


# Fill, ZerosLike, OnesLike


def _fill_shape(op: Operation) -> list[TensorShape]:
    dims, value = op.inputs
    value.shape.with_rank(0)
    return [constant_value_as_shape(dims)]


def _fill(xp: Namespace, dims: Array, value: Array) -> Array:
    return xp.full(tuple(int(d) for d in dims), value, dtype=value.dtype)


def _fill_gradient(op: Operation, grad: Tensor) -> list[Any]:
    axes = apply("Range", 0, apply("Rank", op.outputs[0]), 1)
    return [None, apply("Sum", grad, axes, keep_dims=False)]


register(
    "Fill", "dims: index_type, value: T -> output: T", attrs={"index_type": attr("type", int32, INDICES)},
    shape=_fill_shape, compute=_fill, static=("dims",), gradient=_fill_gradient,
)  # fmt: skip


def fill(dims: Any, value: Any, name: str | None = None) -> Tensor:
    """A tensor of shape ``dims``, every element ``value``.

    Args:
        dims: the shape: a list or an integer vector.
        value: a scalar.
        name: the operation's name.
    """
    return apply("Fill", as_shape_input(dims), value, name=name)


def _zeros_like(xp: Namespace, x: Array) -> Array:
    if x.dtype == object:
        return np.full(x.shape, b"", object)
    return xp.zeros(x.shape, x.dtype)


def _ones_like(xp: Namespace, x: Array) -> Array:
    return xp.ones(x.shape, x.dtype)


register("ZerosLike", "x: T -> y: T", shape=same_shape, compute=_zeros_like, gradient=NOT_DIFFERENTIABLE)
register(
    "OnesLike", "x: T -> y: T", types={"T": FLOATS + INTEGERS + COMPLEX + (bool_,)}, shape=same_shape,
    compute=_ones_like, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def zeros(shape: Any, dtype: Any = float32, name: str | None = None) -> Tensor:
    """A tensor of zeros (False, or empty strings).

    Args:
        shape: its shape: a list or an integer vector.
        dtype: its type.
        name: the operation's name.

    Example:
        >>> tf.zeros([2, 3]).shape
        TensorShape([2, 3])
    """
    kind = as_dtype(dtype).base_dtype
    return _filled(shape, b"" if kind is string else False if kind is bool_ else 0, kind, name, "zeros")


def ones(shape: Any, dtype: Any = float32, name: str | None = None) -> Tensor:
    """A tensor of ones (or True).

    Args:
        shape: its shape: a list or an integer vector.
        dtype: its type.
        name: the operation's name.
    """
    kind = as_dtype(dtype).base_dtype
    return _filled(shape, True if kind is bool_ else 1, kind, name, "ones")


def _filled(shape: Any, value: Any, dtype: DType, name: str | None, default: str) -> Tensor:
    with name_scope(name, default) as scope:
        if not isinstance(shape, Tensor):
            sizes = _plain_sizes(shape)
            if sizes is not None and int(np.prod(sizes, dtype=np.int64)) < _LARGEST_CONSTANT:
                array = np.full(sizes, constant_array(value, dtype), dtype.np)
                return apply("Const", value=array, dtype=dtype, name=scope)
            shape = convert_to_tensor(as_shape_input(shape), dtype_hint=int32, name="shape_as_tensor")
        if not shape.shape.is_fully_defined() or shape.shape.ndims != 1:
            shape = apply("Reshape", shape, np.asarray([-1], np.int32))
        return apply(
            "Fill", shape, apply("Const", value=constant_array(value, dtype), dtype=dtype), name=scope
        )


def _plain_sizes(shape: Any) -> tuple[int, ...] | None:
    """A shape given as numbers, as a tuple; None where a tensor is among them."""
    if hasattr(shape, "__index__") and not getattr(shape, "ndim", 0):
        return (int(shape),)
    if not isinstance(shape, TensorShape) and any(isinstance(d, Tensor) for d in shape):
        return None
    sizes = as_shape(shape)
    if not sizes.is_fully_defined():
        raise ValueError(f"Cannot convert a partially known shape {sizes} to a tensor; use tf.shape(x).")
    return tuple(d or 0 for d in sizes.as_list())


def zeros_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Tensor:
    """Zeros of the shape of ``tensor``.

    Args:
        tensor: a tensor of any shape.
        dtype: the type of the zeros; by default that of ``tensor``.
        name: the operation's name.
        optimize: make a constant where the shape is known while building.
    """
    with name_scope(name, "zeros_like", [tensor] if isinstance(tensor, Tensor) else None) as scope:
        x = convert_to_tensor(tensor, name="tensor")
        kind = x.dtype.base_dtype if dtype is None else as_dtype(dtype).base_dtype
        if optimize and x.shape.is_fully_defined():
            return zeros(x.shape, kind, name=scope)
        if kind is x.dtype.base_dtype:
            return apply("ZerosLike", x, name=scope)
        filled = zeros(apply("Shape", x), kind, name=scope)
        filled.set_shape(x.shape)
        return filled


def ones_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Tensor:
    """Ones of the shape of ``tensor``.

    Args:
        tensor: a tensor of any shape.
        dtype: the type of the ones; by default that of ``tensor``.
        name: the operation's name.
        optimize: make a constant where the shape is known while building.
    """
    with name_scope(name, "ones_like", [tensor] if isinstance(tensor, Tensor) else None) as scope:
        x = convert_to_tensor(tensor, name="tensor")
        kind = x.dtype.base_dtype if dtype is None else as_dtype(dtype).base_dtype
        known = optimize and x.shape.is_fully_defined()
        filled = ones(x.shape if known else apply("Shape", x), kind, name=scope)
        filled.set_shape(x.shape)
        return filled


# Range, LinSpace

_RANGE_TYPES = (int32, int64, float32, float64)


def _range_size(start: Any, limit: Any, delta: Any) -> int:
    if delta == 0:
        raise ValueError("Requires delta != 0.")
    if (delta > 0 and start > limit) or (delta < 0 and start < limit):
        sign, relation = (">", "<=") if delta > 0 else ("<", ">=")
        raise ValueError(
            f"Requires start {relation} limit when delta {sign} 0: start is {start}, limit is {limit}."
        )
    if isinstance(delta, int):
        return -(-(limit - start) // delta)
    return int(np.ceil(np.abs((limit - start) / delta)))


def _range_shape(op: Operation) -> list[Any]:
    for t in op.inputs:
        t.shape.with_rank(0)
    values = [constant_value(t) for t in op.inputs]
    if any(v is None for v in values):
        return [(None,)]
    return [(_range_size(*(v.item() for v in values)),)]


def _range(xp: Namespace, start: Array, limit: Array, delta: Array, *, op: Operation) -> Array:
    first, last, step = start.item(), limit.item(), delta.item()
    try:
        count = _range_size(first, last, step)
    except ValueError as error:
        raise InvalidArgumentError(None, op, str(error)) from None
    return xp.asarray((first + np.arange(count) * step).astype(start.dtype))


register(
    "Range", "start: Tidx, limit: Tidx, delta: Tidx -> output: Tidx",
    attrs={"Tidx": attr("type", int32, FLOATS + INTEGERS)}, shape=_range_shape, compute=_range,
    static=("start", "limit", "delta"), gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range") -> Tensor:
    """The numbers ``start``, ``start + delta``, ... before ``limit``, as a vector.

    Args:
        start: the first number; with one argument, the limit, and the first number is 0.
        limit: the end, which is not included.
        delta: the step; it may be negative.
        dtype: the type: by default the widest of the arguments' among int32, int64, float32, float64.
        name: the operation's name.

    Raises:
        ValueError: if ``delta`` is 0 or leads away from ``limit``.

    Source: TensorFlow 1's ``tf.range``.
    """
    if limit is None:
        start, limit = 0, start
    with name_scope(name, "range", [v for v in (start, limit, delta) if isinstance(v, Tensor)]) as scope:
        parts = [
            convert_to_tensor(v, dtype=None if isinstance(v, Tensor) else dtype, name=n)
            for v, n in ((start, "start"), (limit, "limit"), (delta, "delta"))
        ]
        kinds = [t.dtype.base_dtype for t in parts]
        if dtype is not None:
            wanted = as_dtype(dtype).base_dtype
        elif all(k in _RANGE_TYPES for k in kinds):
            wanted = _RANGE_TYPES[max(_RANGE_TYPES.index(k) for k in kinds)]
        else:
            wanted = kinds[0]
        parts = [t if k is wanted else _cast(t, wanted) for t, k in zip(parts, kinds, strict=True)]
        return apply("Range", *parts, name=scope)


def _cast(tensor: Tensor, dtype: DType) -> Tensor:
    value = constant_value(tensor)
    if value is not None:
        return apply(
            "Const", value=value.astype(dtype.np), dtype=dtype, name=tensor.op.name.rsplit("/", 1)[-1]
        )
    return apply("Cast", tensor, DstT=dtype)


def _linspace_shape(op: Operation) -> list[Any]:
    for t in op.inputs:
        t.shape.with_rank(0)
    count = constant_value(op.inputs[2])
    if count is not None and count <= 0:
        raise ValueError(f"'num' must be at least 1, but is {count}.")
    return [(None if count is None else int(count),)]


def _linspace(xp: Namespace, start: Array, stop: Array, num: Array, *, op: Operation) -> Array:
    count = int(num)
    if count <= 0:
        raise InvalidArgumentError(None, op, f"Requires num > 0: {count}")
    if count == 1:
        return xp.reshape(start, (1,))
    step = (stop - start) / (count - 1)
    inner = start + step * xp.arange(count - 1).astype(start.dtype)
    return xp.concatenate([inner, xp.reshape(stop, (1,))]).astype(start.dtype)


def _linspace_gradient(op: Operation, grad: Tensor) -> list[Any]:
    kind = op.inputs[0].dtype.base_dtype.np
    weights = apply("LinSpace", np.asarray(0, kind), np.asarray(1, kind), op.inputs[2])
    last = apply("Sum", apply("Mul", grad, weights), [0], keep_dims=False)
    return [apply("Sub", apply("Sum", grad, [0], keep_dims=False), last), last, None]


register(
    "LinSpace", "start: T, stop: T, num: Tidx -> output: T", attrs={"Tidx": attr("type", int32, INDICES)},
    types={"T": FLOATS}, shape=_linspace_shape, compute=_linspace, static=("num",), gradient=_linspace_gradient,
)  # fmt: skip


def linspace(start: Any, stop: Any, num: Any, name: str | None = None) -> Tensor:
    """``num`` numbers at equal distances from ``start`` to ``stop``, both included (``tf.linspace``, ``tf.lin_space``).

    Args:
        start: the first number, a floating-point scalar.
        stop: the last number.
        num: how many; at least 1.
        name: the operation's name.

    Raises:
        ValueError: if ``num`` is less than 1.
    """
    return apply("LinSpace", start, stop, num, name=name)


lin_space = linspace


def meshgrid(*args: Any, indexing: str = "xy", name: str = "meshgrid") -> list[Tensor]:
    """Grids of coordinates: one tensor per vector, each of the shape that the vectors span.

    Args:
        *args: vectors (or scalars) of lengths n_1, n_2, ...
        indexing: ``xy`` lets the first vector run along the columns, ``ij`` each along its own dimension.
        name: the name scope.

    Returns:
        Tensors of shape [n_2, n_1, ...] for ``xy``, [n_1, n_2, ...] for ``ij``.

    Raises:
        ValueError: if ``indexing`` is neither.
    """
    if indexing not in ("xy", "ij"):
        raise ValueError("Argument `indexing` must be either 'xy' or 'ij'.")
    with name_scope(name, "meshgrid", [a for a in args if isinstance(a, Tensor)]):
        count = len(args)
        vectors = [convert_to_tensor(a) for a in args]
        parts: list[Tensor] = []
        for i, v in enumerate(vectors):
            shape = np.ones(count, np.int32)
            shape[i] = -1
            parts.append(apply("Reshape", v, shape))
        sizes = [apply("Size", v) for v in vectors]
        if indexing == "xy" and count > 1:
            swapped = [1, 0, *np.arange(2, count).tolist()]
            parts = [apply("Transpose", p, swapped) for p in parts]
            sizes[0], sizes[1] = sizes[1], sizes[0]
        target = apply("Pack", sizes) if sizes else None
        return [apply("BroadcastTo", p, target) for p in parts]
