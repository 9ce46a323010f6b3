"""Comparisons and logic, elementwise: their results are bools, through which no gradient flows."""

from __future__ import annotations

from typing import Any

from gradiente.graph.build import apply
from gradiente.graph.dtypes import NUMBERS, REALS, bool_, string
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, register
from gradiente.graph.shapes import broadcast_dims
from gradiente.graph.types import Array, Namespace
from gradiente.ops.arithmetic import broadcast_shape
from gradiente.ops.basic import same_shape

# Equal, NotEqual


def _equal_shape(op: Operation) -> list[Any]:
    if op.attrs["incompatible_shape_error"]:
        return broadcast_shape(op)
    try:
        return [broadcast_dims(op.inputs[0].shape.plain, op.inputs[1].shape.plain)]
    except ValueError:
        return [()]


def _equal(xp: Namespace, x: Array, y: Array) -> Array:
    return xp.equal(x, y)


def _not_equal(xp: Namespace, x: Array, y: Array) -> Array:
    return xp.not_equal(x, y)


for _name, _compute in (("Equal", _equal), ("NotEqual", _not_equal)):
    register(
        _name, "x: T, y: T -> z: bool", attrs={"incompatible_shape_error": True}, types={"T": (*NUMBERS, bool_, string)},
        shape=_equal_shape, gradient=NOT_DIFFERENTIABLE, compute=_compute,
    )  # fmt: skip


def equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Whether ``x == y``, elementwise; Python's ``==`` asks whether two tensors are the same one.

    Args:
        x: a tensor of numbers, bools or strings.
        y: a tensor of the same type; the two shapes broadcast.
        name: the operation's name.

    Returns:
        A bool tensor of the broadcast shape.
    """
    return apply("Equal", x, y, name=name)


def not_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Whether ``x != y``, elementwise.

    Args:
        x: a tensor of numbers, bools or strings.
        y: a tensor of the same type; the two shapes broadcast.
        name: the operation's name.

    Returns:
        A bool tensor of the broadcast shape.
    """
    return apply("NotEqual", x, y, name=name)


# Less, LessEqual, Greater, GreaterEqual


def _less(xp: Namespace, x: Array, y: Array) -> Array:
    return xp.less(x, y)


def _less_equal(xp: Namespace, x: Array, y: Array) -> Array:
    return xp.less_equal(x, y)


def _greater(xp: Namespace, x: Array, y: Array) -> Array:
    return xp.greater(x, y)


def _greater_equal(xp: Namespace, x: Array, y: Array) -> Array:
    return xp.greater_equal(x, y)


for _name, _compute in (
    ("Less", _less), ("LessEqual", _less_equal), ("Greater", _greater), ("GreaterEqual", _greater_equal),
):  # fmt: skip
    register(
        _name, "x: T, y: T -> z: bool", types={"T": REALS}, shape=broadcast_shape, gradient=NOT_DIFFERENTIABLE,
        compute=_compute,
    )  # fmt: skip


def less(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Whether ``x < y``, elementwise.

    Args:
        x: a tensor of real numbers.
        y: a tensor of the same type; the two shapes broadcast.
        name: the operation's name.

    Returns:
        A bool tensor of the broadcast shape.
    """
    return apply("Less", x, y, name=name)


def less_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Whether ``x <= y``, elementwise; arguments and result as in ``less``."""
    return apply("LessEqual", x, y, name=name)


def greater(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Whether ``x > y``, elementwise; arguments and result as in ``less``."""
    return apply("Greater", x, y, name=name)


def greater_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Whether ``x >= y``, elementwise; arguments and result as in ``less``."""
    return apply("GreaterEqual", x, y, name=name)


# ApproximateEqual


def _approximate_shape(op: Operation) -> list[Any]:
    return [op.inputs[0].shape.merge_with(op.inputs[1].shape)]


def _approximate_equal(xp: Namespace, x: Array, y: Array, *, tolerance: float) -> Array:
    return xp.abs(xp.subtract(x, y)) < tolerance


register(
    "ApproximateEqual", "x: T, y: T -> z: bool", attrs={"tolerance": 1e-5}, types={"T": NUMBERS},
    shape=_approximate_shape, gradient=NOT_DIFFERENTIABLE, compute=_approximate_equal,
)  # fmt: skip


def approximate_equal(x: Any, y: Any, tolerance: float = 1e-5, name: str | None = None) -> Tensor:
    """Whether ``|x - y| < tolerance``, elementwise.

    Args:
        x: a tensor of numbers.
        y: a tensor of the same type and shape.
        tolerance: the difference that is too large.
        name: the operation's name.

    Returns:
        A bool tensor.
    """
    return apply("ApproximateEqual", x, y, tolerance=tolerance, name=name)


# LogicalAnd, LogicalOr, LogicalNot


def _logical_and(xp: Namespace, x: Array, y: Array) -> Array:
    return xp.logical_and(x, y)


def _logical_or(xp: Namespace, x: Array, y: Array) -> Array:
    return xp.logical_or(x, y)


def _logical_not(xp: Namespace, x: Array) -> Array:
    return xp.logical_not(x)


for _name, _compute in (("LogicalAnd", _logical_and), ("LogicalOr", _logical_or)):
    register(
        _name,
        "x: bool, y: bool -> z: bool",
        shape=broadcast_shape,
        gradient=NOT_DIFFERENTIABLE,
        compute=_compute,
    )
register(
    "LogicalNot", "x: bool -> y: bool", shape=same_shape, gradient=NOT_DIFFERENTIABLE, compute=_logical_not
)


def logical_and(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Whether both ``x`` and ``y``, elementwise.

    Args:
        x: a bool tensor.
        y: a bool tensor; the two shapes broadcast.
        name: the operation's name.

    Returns:
        A bool tensor of the broadcast shape.
    """
    return apply("LogicalAnd", x, y, name=name)


def logical_or(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Whether ``x`` or ``y`` or both, elementwise; arguments and result as in ``logical_and``."""
    return apply("LogicalOr", x, y, name=name)


def logical_not(x: Any, name: str | None = None) -> Tensor:
    """Whether not ``x``, elementwise, for a bool tensor."""
    return apply("LogicalNot", x, name=name)


def logical_xor(x: Any, y: Any, name: str = "LogicalXor") -> Tensor:
    """Whether one of ``x`` and ``y`` but not both, elementwise; arguments and result as in ``logical_and``."""
    either, both = apply("LogicalOr", x, y), apply("LogicalAnd", x, y)
    return apply("LogicalAnd", either, apply("LogicalNot", both), name=name)
