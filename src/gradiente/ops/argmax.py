"""The position of the largest and of the smallest element along an axis."""

from __future__ import annotations

from typing import Any

from gradiente.graph.build import apply
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import INDICES, REALS, DType, as_dtype, bool_, int16, int32, int64, uint16
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.elementwise import widened
from gradiente.ops.reduce import given
from gradiente.ops.reduction import normal_axes


def _shape(op: Operation) -> list[Any]:
    dims, axis = op.inputs[0].shape.plain, constant_value(op.inputs[1])
    if op.inputs[1].shape.ndims not in (None, 0):
        raise ValueError(f"The axis must be one number, but has shape {op.inputs[1].shape}.")
    if dims is None:
        return [None]
    if axis is None:
        return [(None,) * (len(dims) - 1)]
    (reduced,) = normal_axes(axis, len(dims))
    return [dims[:reduced] + dims[reduced + 1 :]]


def _arg_max(xp: Namespace, input: Array, dimension: Array, *, output_type: DType) -> Array:
    (axis,) = normal_axes(dimension, input.ndim)
    return xp.argmax(widened(xp, input), axis=axis).astype(output_type.np)


def _arg_min(xp: Namespace, input: Array, dimension: Array, *, output_type: DType) -> Array:
    (axis,) = normal_axes(dimension, input.ndim)
    return xp.argmin(widened(xp, input), axis=axis).astype(output_type.np)


register(
    "ArgMax", "input: T, dimension: Tidx -> output: output_type",
    attrs={"Tidx": attr("type", int32, (int16, *INDICES)), "output_type": attr("type", int64, (int16, uint16, *INDICES))},
    types={"T": (*REALS, bool_)}, shape=_shape, gradient=NOT_DIFFERENTIABLE, compute=_arg_max, static=("dimension",),
)  # fmt: skip
register(
    "ArgMin", "input: T, dimension: Tidx -> output: output_type",
    attrs={"Tidx": attr("type", int32, INDICES), "output_type": attr("type", int64, INDICES)},
    types={"T": (*REALS, bool_)}, shape=_shape, gradient=NOT_DIFFERENTIABLE, compute=_arg_min, static=("dimension",),
)  # fmt: skip


def argmax(
    input: Any, axis: Any = None, name: str | None = None, dimension: Any = None, output_type: Any = int64
) -> Tensor:
    """The position of the largest element along an axis; of equal ones, the first.

    Args:
        input: a tensor of real numbers or bools.
        axis: the axis; 0 without it.
        name: the operation's name.
        dimension: the old name of ``axis``.
        output_type: int64 or int32.

    Returns:
        Positions, of the shape of ``input`` without that axis. For scores ``[examples, classes]`` and axis 1, each
        example's class.

    Raises:
        ValueError: if the axis is out of range.

    Example:
        >>> with tf.Session() as sess:
        ...     sess.run(tf.argmax([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2]], 1))
        array([1, 0])
    """
    axis = given("argmax", axis=axis, dimension=dimension)
    return apply("ArgMax", input, 0 if axis is None else axis, output_type=as_dtype(output_type), name=name)


def argmin(
    input: Any, axis: Any = None, name: str | None = None, dimension: Any = None, output_type: Any = int64
) -> Tensor:
    """The position of the smallest element along an axis; arguments and result as in ``argmax``."""
    axis = given("argmin", axis=axis, dimension=dimension)
    return apply("ArgMin", input, 0 if axis is None else axis, output_type=as_dtype(output_type), name=name)


def arg_max(input: Any, dimension: Any, output_type: Any = int64, name: str | None = None) -> Tensor:
    """The old form of ``argmax``, in which the axis must be given."""
    return argmax(input, dimension, name, output_type=output_type)


def arg_min(input: Any, dimension: Any, output_type: Any = int64, name: str | None = None) -> Tensor:
    """The old form of ``argmin``, in which the axis must be given."""
    return argmin(input, dimension, name, output_type=output_type)
