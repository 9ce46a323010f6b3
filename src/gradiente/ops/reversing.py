"""Ops that turn dimensions around: reverse, reverse_sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import INDICES, int32, int64
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import attr, register
from gradiente.graph.shapes import TensorShape
from gradiente.graph.types import Array, Namespace
from gradiente.ops.shape import checked_axis

# ReverseV2, Reverse


def _reverse_shape(op: Operation) -> list[TensorShape]:
    x, axis = op.inputs
    axis.shape.with_rank(1)
    value = constant_value(axis)
    if value is not None and x.shape.ndims is not None and axis.dtype.is_integer:
        axes = [checked_axis(int(a), x.shape.ndims) for a in value]
        if len(set(axes)) < len(axes):
            raise ValueError(f"'axis' names a dimension twice: {value.tolist()}.")
    return [x.shape]


def _reverse_v2(xp: Namespace, x: Array, axis: Array) -> Array:
    return xp.flip(x, tuple(int(a) for a in axis))


def _reverse_mask(xp: Namespace, x: Array, dims: Array) -> Array:
    return xp.flip(x, tuple(int(i) for i in np.flatnonzero(dims)))


def _reverse_gradient(op: Operation, grad: Tensor) -> list[Any]:
    return [apply(op.type, grad, op.inputs[1]), None]


register(
    "ReverseV2", "tensor: T, axis: Tidx -> output: T", attrs={"Tidx": attr("type", int32, INDICES)},
    shape=_reverse_shape, compute=_reverse_v2, static=("axis",), gradient=_reverse_gradient,
)  # fmt: skip
register(
    "Reverse", "tensor: T, dims: bool -> output: T", shape=_reverse_shape, compute=_reverse_mask, static=("dims",),
    gradient=_reverse_gradient,
)  # fmt: skip


def reverse(tensor: Any, axis: Any, name: str | None = None) -> Tensor:
    """``tensor`` with some dimensions turned around (``tf.reverse``, ``tf.reverse_v2``).

    Args:
        tensor: a tensor of rank n.
        axis: the dimensions: a list of integers. A list of n bools, as before TensorFlow 1.0, is accepted.
        name: the operation's name.

    Raises:
        ValueError: if a dimension is out of range or named twice.
    """
    dims = convert_to_tensor(axis, name="axis")
    return apply("Reverse" if dims.dtype.is_bool else "ReverseV2", tensor, dims, name=name or "ReverseV2")


reverse_v2 = reverse


# ReverseSequence


def _reverse_sequence_shape(op: Operation) -> list[TensorShape]:
    x, lengths = op.inputs
    seq, batch = op.attrs["seq_dim"], op.attrs["batch_dim"]
    lengths.shape.with_rank(1)
    if x.shape.plain is not None:
        for axis in (seq, batch):
            checked_axis(axis, len(x.shape.plain), lowest=0)
        if seq == batch:
            raise ValueError(f"seq_dim and batch_dim must differ, but are both {seq}.")
        rows = x.shape[batch : batch + 1]
        if not rows.is_compatible_with(lengths.shape):
            raise ValueError(
                f"'seq_lengths' needs one length for each of the {rows[0]} batch entries: {lengths.shape}."
            )
    return [x.shape]


def _reverse_sequence(
    xp: Namespace, x: Array, lengths: Array, *, seq_dim: int, batch_dim: int, ctx: Any
) -> Array:
    size = x.shape[seq_dim]
    ctx.check(xp.all((lengths >= 0) & (lengths <= size)), f"seq_lengths must be in [0, {size}]")
    steps = xp.arange(size)
    back = lengths[:, None] - 1 - steps
    source = xp.where(back >= 0, back, steps)
    source = source if batch_dim < seq_dim else xp.transpose(source)
    shape = [1] * x.ndim
    shape[seq_dim], shape[batch_dim] = size, x.shape[batch_dim]
    return xp.take_along_axis(x, xp.broadcast_to(xp.reshape(source, shape), x.shape), axis=seq_dim)


def _reverse_sequence_gradient(op: Operation, grad: Tensor) -> list[Any]:
    attrs = {"seq_dim": op.attrs["seq_dim"], "batch_dim": op.attrs["batch_dim"]}
    return [apply("ReverseSequence", grad, op.inputs[1], **attrs), None]


register(
    "ReverseSequence", "input: T, seq_lengths: Tlen -> output: T",
    attrs={"seq_dim": attr("int"), "batch_dim": 0, "Tlen": attr("type", int64, INDICES)},
    shape=_reverse_sequence_shape, compute=_reverse_sequence, checks=True, gradient=_reverse_sequence_gradient,
)  # fmt: skip


def reverse_sequence(
    input: Any, seq_lengths: Any, seq_axis: int | None = None, batch_axis: int | None = None, name: str | None = None,
    seq_dim: int | None = None, batch_dim: int | None = None,
) -> Tensor:  # fmt: skip
    """Sequences turned around, each up to its own length; what comes after stays.

    Args:
        input: a tensor with a batch and a sequence dimension.
        seq_lengths: one length for each batch entry, at most the size of ``seq_axis``.
        seq_axis: the sequence dimension (formerly ``seq_dim``).
        batch_axis: the batch dimension (formerly ``batch_dim``), 0 by default.
        name: the operation's name.
        seq_dim: the old name of ``seq_axis``.
        batch_dim: the old name of ``batch_axis``.

    Raises:
        ValueError: if ``seq_axis`` is missing. InvalidArgumentError when run, if a length is too large.
    """
    seq = seq_dim if seq_axis is None else seq_axis
    batch = batch_dim if batch_axis is None else batch_axis
    if seq is None:
        raise ValueError("tf.reverse_sequence needs seq_axis, the dimension to turn around.")
    return apply("ReverseSequence", input, seq_lengths, seq_dim=seq, batch_dim=batch or 0, name=name)
