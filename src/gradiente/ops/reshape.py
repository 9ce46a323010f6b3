"""Ops that arrange the same elements in another shape: reshape, transpose, expand_dims, squeeze."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.constants import constant_value, constant_value_as_shape
from gradiente.graph.dtypes import INDICES, int32
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.shapes import TensorShape, fully_defined, unknown_shape
from gradiente.graph.types import Array, Namespace
from gradiente.ops.shape import as_shape_input, checked_axis, known_axis, unknown_like

_AXIS_TYPE = attr("type", int32, INDICES)


# Reshape


def _product(dims: Any) -> int:
    return int(np.prod(dims, dtype=np.int64))


def _reshape_shape(op: Operation) -> list[TensorShape]:
    tensor, sizes = op.inputs
    value = constant_value(sizes)
    if value is not None and np.ndim(value) == 1 and int(np.sum(np.asarray(value) < 0)) > 1:
        raise ValueError(
            f"Only one size may be -1 in the shape {value.tolist()}: two can't both be worked out."
        )
    target, count = constant_value_as_shape(sizes), tensor.shape.num_elements()
    if target.plain is None:
        return [target]
    known = _product([d for d in target.plain if d is not None])
    unknown = sum(d is None for d in target.plain)
    if count is None or (unknown and not known) or unknown > 1:
        return [target]
    asked = value.tolist() if value is not None else target
    if not unknown:
        if known != count:
            raise ValueError(
                f"Cannot reshape a tensor with {count} elements to shape {asked} ({known} elements): the number of "
                f"elements must stay the same. Use -1 for the one size that follows from the others."
            )
        return [target]
    if count % known:
        raise ValueError(
            f"Cannot reshape a tensor with {count} elements to shape {asked}: {count} is not a multiple of {known}."
        )
    return [TensorShape.of(tuple(count // known if d is None else d for d in target.plain))]


def _reshape(xp: Namespace, x: Array, sizes: Array, *, op: Operation) -> Array:
    dims = [int(d) for d in sizes]
    count, known = _product(x.shape), _product([d for d in dims if d >= 0])
    if -1 in dims:
        fits = dims.count(-1) == 1 and known > 0 and count % known == 0
        dims = [count // max(known, 1) if d < 0 else d for d in dims]
    else:
        fits = known == count
    if not fits:
        raise InvalidArgumentError(
            None, op, f"Input to reshape is a tensor of shape {tuple(x.shape)} with {count} values, but the requested "
            f"shape is {[int(d) for d in sizes]}: the number of elements must stay the same."
        )  # fmt: skip
    return xp.reshape(x, dims)


def _reshape_gradient(op: Operation, grad: Tensor) -> list[Any]:
    return [apply("Reshape", grad, apply("Shape", op.inputs[0])), None]


register(
    "Reshape", "tensor: T, shape: Tshape -> output: T", attrs={"Tshape": _AXIS_TYPE}, shape=_reshape_shape,
    compute=_reshape, static=("shape",), gradient=_reshape_gradient,
)  # fmt: skip


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """The elements of ``tensor``, in row-major order, in another shape.

    Args:
        tensor: a tensor of any shape.
        shape: the new shape: a list of sizes (numbers or integer scalars) or an integer vector. One size may be -1: it
            follows from the number of elements.
        name: the operation's name.

    Returns:
        A tensor of shape ``shape``.

    Raises:
        ValueError: if the number of elements is known and does not fit; InvalidArgumentError when it is found running.

    Example:
        >>> tf.reshape(tf.placeholder(tf.float32, [None, 784]), [-1, 28, 28, 1]).shape
        TensorShape([None, 28, 28, 1])

    Source: TensorFlow 1's ``tf.reshape``.
    """
    return apply("Reshape", tensor, as_shape_input(shape), name=name)


# Transpose, ConjugateTranspose, InvertPermutation


def _transpose_shape(op: Operation) -> list[TensorShape]:
    x, perm = op.inputs
    order = constant_value(perm)
    length = None if perm.shape.plain is None else perm.shape.with_rank(1).as_list()[0]
    dims = x.shape.plain
    if dims is None:
        return [unknown_shape(length)]
    if length is not None and length != len(dims):
        raise ValueError(
            f"'perm' must list each of the {len(dims)} dimensions once, but has {length} elements."
        )
    if order is None:
        return [unknown_like(x.shape)]
    axes = [checked_axis(int(a), len(dims), "perm") or 0 for a in order]
    if sorted(axes) != list(range(len(dims))):
        raise ValueError(
            f"'perm' must list each of the {len(dims)} dimensions once, but is {order.tolist()}."
        )
    return [TensorShape.of(tuple(dims[a] for a in axes))]


def _transpose(xp: Namespace, x: Array, perm: Array) -> Array:
    return xp.transpose(x, [int(a) for a in perm])


def _conjugate_transpose(xp: Namespace, x: Array, perm: Array) -> Array:
    return xp.conj(_transpose(xp, x, perm))


def _transpose_gradient(op: Operation, grad: Tensor) -> list[Any]:
    return [apply(op.type, grad, apply("InvertPermutation", op.inputs[1])), None]


for _name, _compute in (("Transpose", _transpose), ("ConjugateTranspose", _conjugate_transpose)):
    register(
        _name, "x: T, perm: Tperm -> y: T", attrs={"Tperm": _AXIS_TYPE}, shape=_transpose_shape, compute=_compute,
        static=("perm",), gradient=_transpose_gradient,
    )  # fmt: skip


def transpose(a: Any, perm: Any = None, name: str = "transpose", conjugate: bool = False) -> Tensor:
    """``a`` with its dimensions in another order.

    y[i_perm[0], ..., i_perm[n-1]] = a[i_0, ..., i_n-1]

    Args:
        a: a tensor of rank n.
        perm: the order: dimension i of the result is dimension ``perm[i]`` of ``a``. Reversed by default, which is a
            matrix's transpose.
        name: the operation's name.
        conjugate: also take the complex conjugate.

    Returns:
        The transposed tensor.

    Raises:
        ValueError: if ``perm`` does not list each dimension once.

    Source: TensorFlow 1's ``tf.transpose``.
    """
    with name_scope(name, "transpose", [a] if isinstance(a, Tensor) else None) as scope:
        x = convert_to_tensor(a, name="a")
        op_type = "ConjugateTranspose" if conjugate and x.dtype.is_complex else "Transpose"
        if perm is None and x.shape.ndims is not None:
            perm = np.arange(x.shape.ndims - 1, -1, -1, dtype=np.int32)
        elif perm is None:
            rank = apply("Rank", x)
            perm = apply("Sub", apply("Sub", rank, 1), apply("Range", 0, rank, 1))
        return apply(op_type, x, perm, name=scope)


def _invert_permutation_shape(op: Operation) -> list[TensorShape]:
    return [op.inputs[0].shape.with_rank(1)]


def _invert_permutation(xp: Namespace, x: Array, *, op: Operation) -> Array:
    del xp
    if sorted(x.tolist()) != list(range(x.size)):
        raise InvalidArgumentError(None, op, f"{x.tolist()} does not list each of 0 to {x.size - 1} once.")
    return np.argsort(x).astype(x.dtype)


register(
    "InvertPermutation", "x: T -> y: T", attrs={"T": attr("type", int32, INDICES)}, shape=_invert_permutation_shape,
    compute=_invert_permutation, static=("x",), gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def invert_permutation(x: Any, name: str | None = None) -> Tensor:
    """The permutation that undoes ``x``: y[x[i]] = i.

    Args:
        x: an integer vector that holds each of 0 to n-1 once.
        name: the operation's name.

    Raises:
        InvalidArgumentError: when run, if ``x`` is no permutation.
    """
    return apply("InvertPermutation", x, name=name)


# ExpandDims, Squeeze


def _expand_dims_shape(op: Operation) -> list[Any]:
    x, dim = op.inputs
    rank = x.shape.ndims
    if rank is None or x.shape.plain is None:
        return [None]
    axis = known_axis(dim, rank + 1, "axis")
    if axis is None:
        return [(None,) * (rank + 1)]
    return [(*x.shape.plain[:axis], 1, *x.shape.plain[axis:])]


def _expand_dims(xp: Namespace, x: Array, dim: Array) -> Array:
    return xp.expand_dims(x, int(np.reshape(dim, ())))


register(
    "ExpandDims", "input: T, dim: Tdim -> output: T", attrs={"Tdim": _AXIS_TYPE}, shape=_expand_dims_shape,
    compute=_expand_dims, static=("dim",), gradient=_reshape_gradient,
)  # fmt: skip


def expand_dims(input: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Tensor:
    """``input`` with a dimension of size 1 inserted at ``axis``.

    Args:
        input: a tensor of rank n.
        axis: where, in [-n-1, n]: 0 is before the first dimension, -1 after the last.
        name: the operation's name.
        dim: the old name of ``axis``.

    Raises:
        ValueError: if ``axis`` is out of range, or neither or both names are given.
    """
    if (axis is None) == (dim is None):
        raise ValueError(
            "tf.expand_dims needs the position of the new dimension: give 'axis' (formerly 'dim'), once."
        )
    return apply("ExpandDims", input, dim if axis is None else axis, name=name)


def _squeeze_shape(op: Operation) -> list[Any]:
    dims, axes = op.inputs[0].shape.plain, op.attrs["squeeze_dims"]
    if dims is None:
        return [None]
    if not axes:
        known = fully_defined(dims)
        return [None if known is None else tuple(d for d in known if d != 1)]
    dropped = {checked_axis(a, len(dims)) for a in axes}
    for a in dropped:
        if a is not None and dims[a] not in (None, 1):
            raise ValueError(f"Can not squeeze dim[{a}], expected a dimension of 1, got {dims[a]}.")
    return [tuple(d for i, d in enumerate(dims) if i not in dropped)]


def _squeeze(xp: Namespace, x: Array, *, squeeze_dims: list[int], op: Operation) -> Array:
    wrong = [a for a in squeeze_dims if x.shape[a] != 1]
    if wrong:
        raise InvalidArgumentError(
            None, op, f"Can not squeeze dim[{wrong[0]}], expected a dimension of 1, got {x.shape[wrong[0]]}."
        )
    return xp.squeeze(x, tuple(squeeze_dims) if squeeze_dims else None)


def _squeeze_gradient(op: Operation, grad: Tensor) -> list[Any]:
    return [apply("Reshape", grad, apply("Shape", op.inputs[0]))]


register(
    "Squeeze", "input: T -> output: T", attrs={"squeeze_dims": attr("list(int)", [])}, shape=_squeeze_shape,
    compute=_squeeze, gradient=_squeeze_gradient,
)  # fmt: skip


def squeeze(input: Any, axis: Any = None, name: str | None = None, squeeze_dims: Any = None) -> Tensor:
    """``input`` without its dimensions of size 1.

    Args:
        input: a tensor.
        axis: a dimension or a list of them to remove; all of size 1 by default.
        name: the operation's name.
        squeeze_dims: the old name of ``axis``.

    Raises:
        ValueError: if a dimension of ``axis`` has another size than 1, or both names are given.
    """
    if axis is not None and squeeze_dims is not None:
        raise ValueError("Give 'axis' or its old name 'squeeze_dims' to tf.squeeze, not both.")
    axes = squeeze_dims if axis is None else axis
    return apply("Squeeze", input, squeeze_dims=[int(a) for a in np.reshape(axes, -1)] if axes is not None else [],
                 name=name)  # fmt: skip
