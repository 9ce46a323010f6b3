"""Sign, rounding, and the tests for NaN and infinity, elementwise."""

from __future__ import annotations

from typing import Any

from gradiente.graph.build import apply, convert_to_tensor
from gradiente.graph.dtypes import COMPLEX, FLOATS, int8, int16, int32, int64
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import same_shape

_SIGNED = {"T": (*FLOATS, int8, int16, int32, int64, *COMPLEX)}
_FLOATS = {"T": FLOATS}


def _flat(op: Operation, grad: Tensor) -> list[None]:
    """Steps have no slope: no gradient."""
    del op, grad
    return [None]


# Sign


def _sign(xp: Namespace, x: Array) -> Array:
    return xp.sign(x)


register(
    "Sign", "x: T -> y: T", types=_SIGNED, shape=same_shape, compute=_sign,
    gradient=lambda op, grad: [apply("ZerosLike", op.inputs[0])],
)  # fmt: skip


def sign(x: Any, name: str | None = None) -> Tensor:
    """The sign, elementwise: -1, 0 or 1; ``x / |x|`` of a complex number.

    Args:
        x: a tensor of signed numbers.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``. Its gradient is 0.
    """
    return apply("Sign", x, name=name)


# Ceil, Floor


def _ceil(xp: Namespace, x: Array) -> Array:
    return xp.ceil(x)


def _floor(xp: Namespace, x: Array) -> Array:
    return xp.floor(x)


register("Ceil", "x: T -> y: T", types=_FLOATS, shape=same_shape, gradient=_flat, compute=_ceil)
register("Floor", "x: T -> y: T", types=_FLOATS, shape=same_shape, gradient=_flat, compute=_floor)


def ceil(x: Any, name: str | None = None) -> Tensor:
    """The smallest whole number not less than ``x``, elementwise.

    Args:
        x: a floating-point tensor.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``. No gradient flows through it.
    """
    return apply("Ceil", x, name=name)


def floor(x: Any, name: str | None = None) -> Tensor:
    """The largest whole number not greater than ``x``, elementwise; see ``ceil``."""
    return apply("Floor", x, name=name)


# Round, Rint


def _round(xp: Namespace, x: Array) -> Array:
    return x if x.dtype.kind in "iu" else xp.rint(x)


register("Round", "x: T -> y: T", types=_SIGNED, shape=same_shape, gradient=_flat, compute=_round)
register("Rint", "x: T -> y: T", types=_FLOATS, shape=same_shape, gradient=_flat, compute=_round)


def round(x: Any, name: str | None = None) -> Tensor:
    """The nearest whole number, elementwise; halves go to the even one. Integers are returned as they are.

    Args:
        x: a tensor of numbers.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``. No gradient flows through it.
    """
    x = convert_to_tensor(x, name="x")
    return x if x.dtype.is_integer else apply("Round", x, name=name)


def rint(x: Any, name: str | None = None) -> Tensor:
    """The nearest whole number, elementwise, for floating-point tensors; see ``round``."""
    return apply("Rint", x, name=name)


# IsNan, IsInf, IsFinite


def _is_nan(xp: Namespace, x: Array) -> Array:
    return xp.isnan(x)


def _is_inf(xp: Namespace, x: Array) -> Array:
    return xp.isinf(x)


def _is_finite(xp: Namespace, x: Array) -> Array:
    return xp.isfinite(x)


for _name, _compute in (("IsNan", _is_nan), ("IsInf", _is_inf), ("IsFinite", _is_finite)):
    register(
        _name,
        "x: T -> y: bool",
        types=_FLOATS,
        shape=same_shape,
        gradient=NOT_DIFFERENTIABLE,
        compute=_compute,
    )


def is_nan(x: Any, name: str | None = None) -> Tensor:
    """Whether each element is NaN (no number).

    Args:
        x: a floating-point tensor.
        name: the operation's name.

    Returns:
        A bool tensor of the shape of ``x``.
    """
    return apply("IsNan", x, name=name)


def is_inf(x: Any, name: str | None = None) -> Tensor:
    """Whether each element is infinite; see ``is_nan``."""
    return apply("IsInf", x, name=name)


def is_finite(x: Any, name: str | None = None) -> Tensor:
    """Whether each element is neither infinite nor NaN; see ``is_nan``."""
    return apply("IsFinite", x, name=name)
