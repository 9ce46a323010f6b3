"""Softmax and its logarithm, along any axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradiente.graph.build import apply, convert_to_tensor
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import FLOATS
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import register
from gradiente.graph.shapes import TensorShape
from gradiente.graph.source import user_line
from gradiente.graph.types import Array, Namespace


def _softmax_shape(op: Operation) -> list[TensorShape]:
    return [op.inputs[0].shape.with_rank_at_least(1)]


def _softmax(xp: Namespace, logits: Array) -> Array:
    exponentials = xp.exp(logits - xp.max(logits, axis=-1, keepdims=True))
    return exponentials / xp.sum(exponentials, axis=-1, keepdims=True)


def _softmax_gradient(op: Operation, grad: Tensor) -> Tensor:
    softmax = op.outputs[0]
    return (grad - apply("Sum", grad * softmax, [-1], keep_dims=True)) * softmax


def _log_softmax(xp: Namespace, logits: Array) -> Array:
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))


def _log_softmax_gradient(op: Operation, grad: Tensor) -> Tensor:
    return grad - apply("Sum", grad, [-1], keep_dims=True) * apply("Exp", op.outputs[0])


register(
    "Softmax", "logits: T -> softmax: T", types={"T": FLOATS}, shape=_softmax_shape, compute=_softmax,
    gradient=_softmax_gradient,
)  # fmt: skip
register(
    "LogSoftmax", "logits: T -> logsoftmax: T", types={"T": FLOATS}, shape=_softmax_shape, compute=_log_softmax,
    gradient=_log_softmax_gradient,
)  # fmt: skip


def softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Tensor:
    """Exponentials that add up to 1.

    softmax(x)_i = exp(x_i) / Σ_j exp(x_j)

    Args:
        logits: a floating tensor of rank 1 or more.
        axis: the axis along which the result adds up to 1; the last by default.
        name: the operation's name.
        dim: the old name of ``axis``.

    Returns:
        A tensor of the same type and shape.

    Raises:
        InvalidArgumentError: if ``axis`` is beyond the last dimension.

    >>> with tf.Session() as sess:
    ...     print(sess.run(tf.nn.softmax([[0.0, 0.0], [np.log(3.0), 0.0]])))
    [[0.5  0.5 ]
     [0.75 0.25]]

    Source: TensorFlow 1's ``tf.nn.softmax``.
    """
    return _along_axis("Softmax", logits, either_axis(axis, dim), name)


def log_softmax(logits: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Tensor:
    """The logarithm of softmax, without overflow: x_i − log Σ_j exp(x_j).

    Args:
        logits: a floating tensor of rank 1 or more.
        axis: the axis along which the exponentials add up to 1; the last by default.
        name: the operation's name.
        dim: the old name of ``axis``.

    Returns:
        A tensor of the same type and shape.

    Source: TensorFlow 1's ``tf.nn.log_softmax``.
    """
    return _along_axis("LogSoftmax", logits, either_axis(axis, dim), name)


def either_axis(axis: Any, dim: Any) -> Any:
    """``axis``, or ``dim``, its old name; -1 when neither is given.

    Raises:
        ValueError: if both are given.
    """
    if dim is None:
        return -1 if axis is None else axis
    if axis is not None:
        raise ValueError(f"Cannot specify both 'axis' and 'dim', its old name. At {user_line()}")
    return dim


def _along_axis(op_type: str, logits: Any, axis: Any, name: str | None) -> Tensor:
    x = convert_to_tensor(logits, name="logits")
    if is_last(x, axis):
        return apply(op_type, x, name=name)
    swap = swapped_with_last(x, axis)
    return swap(apply(op_type, swap(x)), name=name)


def is_last(x: Tensor, axis: Any) -> bool:
    """Whether ``axis`` is the last axis of ``x`` for certain."""
    value = constant_value(axis) if isinstance(axis, Tensor) else axis
    return value is not None and (value == -1 or (x.shape.ndims is not None and value == x.shape.ndims - 1))


def swapped_with_last(x: Tensor, axis: Any) -> Callable[..., Tensor]:
    """The function that exchanges ``axis`` with the last axis, for tensors of the rank of ``x``.

    Raises:
        InvalidArgumentError: if ``x`` has no such axis.
    """
    rank = x.shape.ndims
    value = constant_value(axis) if isinstance(axis, Tensor) else axis
    if rank is not None and value is not None:
        if not -rank <= value < rank:
            raise InvalidArgumentError(
                None, None,
                f"`dim` must be in the range [{-rank}, {rank}) where {rank} is the number of dimensions in the input "
                f"{x.name!r} {x.shape}. Received: dim={value}. At {user_line()}",
            )  # fmt: skip
        order: Any = list(range(rank))
        order[value], order[-1] = order[-1], order[value]
    else:
        ranks = apply("Rank", x)
        position = convert_to_tensor(axis, dtype="int32")
        position = apply("Select", apply("Less", position, 0), position + ranks, position)
        last = ranks - 1
        order = apply(
            "ConcatV2",
            [
                apply("Range", 0, position, 1), apply("Reshape", last, [1]),
                apply("Range", position + 1, last, 1), apply("Reshape", position, [1]),
            ],
            0,
        )  # fmt: skip

    def swap(t: Tensor, name: str | None = None) -> Tensor:
        return apply("Transpose", t, order, name=name)

    return swap
