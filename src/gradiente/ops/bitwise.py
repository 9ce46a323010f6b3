"""Bitwise logic of integers, elementwise (``tf.bitwise``)."""

from __future__ import annotations

from typing import Any

from gradiente.graph.build import apply
from gradiente.graph.dtypes import INTEGERS
from gradiente.graph.operation import Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.arithmetic import broadcast_shape
from gradiente.ops.basic import same_shape

_INTEGERS = {"T": INTEGERS}


def _and(xp: Namespace, x: Array, y: Array) -> Array:
    return xp.bitwise_and(x, y)


def _or(xp: Namespace, x: Array, y: Array) -> Array:
    return xp.bitwise_or(x, y)


def _xor(xp: Namespace, x: Array, y: Array) -> Array:
    return xp.bitwise_xor(x, y)


def _invert(xp: Namespace, x: Array) -> Array:
    return xp.invert(x)


def _left_shift(xp: Namespace, x: Array, y: Array) -> Array:
    return xp.left_shift(x, y)


def _right_shift(xp: Namespace, x: Array, y: Array) -> Array:
    return xp.right_shift(x, y)


for _name, _compute in (
    ("BitwiseAnd", _and), ("BitwiseOr", _or), ("BitwiseXor", _xor), ("LeftShift", _left_shift),
    ("RightShift", _right_shift),
):  # fmt: skip
    register(
        _name, "x: T, y: T -> z: T", types=_INTEGERS, shape=broadcast_shape, gradient=NOT_DIFFERENTIABLE,
        compute=_compute,
    )  # fmt: skip
register(
    "Invert", "x: T -> y: T", types=_INTEGERS, shape=same_shape, gradient=NOT_DIFFERENTIABLE, compute=_invert
)


def bitwise_and(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The bits set in both ``x`` and ``y``, elementwise.

    Args:
        x: a tensor of integers.
        y: a tensor of the same type; the two shapes broadcast.
        name: the operation's name.
    """
    return apply("BitwiseAnd", x, y, name=name)


def bitwise_or(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The bits set in ``x`` or ``y``, elementwise; arguments as in ``bitwise_and``."""
    return apply("BitwiseOr", x, y, name=name)


def bitwise_xor(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The bits set in one of ``x`` and ``y``, elementwise; arguments as in ``bitwise_and``."""
    return apply("BitwiseXor", x, y, name=name)


def invert(x: Any, name: str | None = None) -> Tensor:
    """Every bit of each integer flipped."""
    return apply("Invert", x, name=name)


def left_shift(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The bits of ``x`` moved ``y`` places up, elementwise; arguments as in ``bitwise_and``."""
    return apply("LeftShift", x, y, name=name)


def right_shift(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The bits of ``x`` moved ``y`` places down, elementwise, keeping the sign; arguments as in ``bitwise_and``."""
    return apply("RightShift", x, y, name=name)
