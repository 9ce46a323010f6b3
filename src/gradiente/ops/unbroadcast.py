"""The one helper that undoes broadcasting in gradient rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.dtypes import int32
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, register
from gradiente.graph.types import Array, Namespace


def _gradient_args(xp: Namespace, s0: Array, s1: Array) -> tuple[Array, Array]:
    del xp
    rank = max(len(s0), len(s1))
    a = np.concatenate([np.ones(rank - len(s0), s0.dtype), s0])
    b = np.concatenate([np.ones(rank - len(s1), s1.dtype), s1])
    summed_a, summed_b = (
        (a == 1) | (np.arange(rank) < rank - len(s0)),
        (b == 1) | (np.arange(rank) < rank - len(s1)),
    )
    both_one = (a == 1) & (b == 1)
    lead_a, lead_b = np.arange(rank) < rank - len(s0), np.arange(rank) < rank - len(s1)
    r0 = np.flatnonzero((summed_a & ~both_one) | lead_a)
    r1 = np.flatnonzero((summed_b & ~both_one) | lead_b)
    return r0.astype(s0.dtype), r1.astype(s0.dtype)


def _gradient_args_shape(op: Operation) -> list[Any]:
    del op
    return [(None,), (None,)]


register(
    "BroadcastGradientArgs", "s0: T, s1: T -> r0: T, r1: T", attrs={"T": int32},
    shape=_gradient_args_shape, compute=_gradient_args,
    static=("s0", "s1"), gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def unbroadcast(grad: Tensor, to: Tensor, other: Tensor) -> Tensor:
    """The gradient of ``to``, given that of an elementwise operation on ``to`` and ``other``.

    Sums ``grad`` over the axes along which ``to`` was broadcast and gives it ``to``'s shape.

    Args:
        grad: of the broadcast shape.
        to: the input whose gradient is wanted.
        other: the other input.
    """
    shape, other_shape = to.shape, other.shape
    if shape.is_fully_defined() and shape == grad.shape:
        return grad
    if shape.is_fully_defined() and shape == other_shape:
        return grad
    if (
        shape.ndims is not None
        and other_shape.ndims is not None
        and _axes_known(shape.plain, other_shape.plain)
    ):
        axes = _gradient_args(np, _known(shape.plain), _known(other_shape.plain))[0]
        if not axes.size:
            return grad
        summed = apply("Sum", grad, axes.astype(np.int32), keep_dims=False)
    else:
        axes = apply("BroadcastGradientArgs", apply("Shape", to), apply("Shape", other))[0]
        summed = apply("Sum", grad, axes, keep_dims=False)
    return apply("Reshape", summed, apply("Shape", to))


def _axes_known(a: Any, b: Any) -> bool:
    """Whether the static shapes settle which axes were broadcast: an unknown size could be 1."""
    rank = max(len(a), len(b))
    return all(
        x is not None and (y is not None or x == 1)
        for x, y in zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True)
    )


def _known(dims: Any) -> Any:
    return np.asarray([2 if d is None else d for d in dims], np.int64)
