"""Division and remainder, in each of the ways that TensorFlow divides."""

from __future__ import annotations

from typing import Any

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import COMPLEX, FLOATS, REALS, DType, float32, float64, int32, int64
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.arithmetic import broadcast_shape
from gradiente.ops.complex_numbers import conj
from gradiente.ops.unbroadcast import unbroadcast

_BY_ZERO = (
    "Integer division by zero: a divisor is 0. Test it with tf.equal, or divide as floats with tf.truediv."
)


def _same_type(x: Any, y: Any) -> tuple[Tensor, Tensor]:
    """``x`` and ``y`` as tensors of one type, which a tensor among them settles."""
    settled = getattr(y, "dtype", None)
    if isinstance(settled, DType) and not isinstance(x, Tensor):
        x = convert_to_tensor(x, dtype=settled.base_dtype, name="x")
    x = convert_to_tensor(x, name="x")
    return x, convert_to_tensor(y, dtype=x.dtype.base_dtype, name="y")


# RealDiv


def _real_div_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    x, y = op.inputs
    cx, cy = conj(x), conj(y)
    to_y = apply("Mul", grad, apply("RealDiv", apply("RealDiv", apply("Neg", cx), cy), cy))
    return [unbroadcast(apply("RealDiv", grad, cy), x, y), unbroadcast(to_y, y, x)]


def _real_div(xp: Namespace, x: Array, y: Array) -> Array:
    return xp.divide(x, y)


register(
    "RealDiv", "x: T, y: T -> z: T", types={"T": FLOATS + COMPLEX}, shape=broadcast_shape,
    gradient=_real_div_gradient, compute=_real_div,
)  # fmt: skip


def realdiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient ``x / y`` of floating-point or complex numbers, elementwise.

    Args:
        x: the dividend.
        y: the divisor, of the same type; the two shapes broadcast.
        name: the operation's name.

    Returns:
        A tensor of the broadcast shape.
    """
    return apply("RealDiv", x, y, name=name)


_AS_FLOAT = {1: float32, 2: float32, 4: float64, 8: float64}
"""By the bytes of an integer type, the floating type that ``truediv`` divides in."""


def truediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient ``x / y`` as Python 3 divides: integers become floats first.

    Args:
        x: the dividend. 8- and 16-bit integers are divided as float32, longer ones as float64.
        y: the divisor, of the same type; the two shapes broadcast.
        name: the name scope.

    Returns:
        A floating-point or complex tensor of the broadcast shape.

    Raises:
        TypeError: if the types differ.
    """
    with name_scope(name, "truediv") as scope:
        x, y = _same_type(x, y)
        if x.dtype.is_integer:
            wide: DType = _AS_FLOAT[x.dtype.base_dtype.np.itemsize]
            x, y = apply("Cast", x, DstT=wide), apply("Cast", y, DstT=wide)
        return apply("RealDiv", x, y, name=scope)


def divide(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient ``x / y`` as Python 3 divides; see ``truediv``."""
    return truediv(x, y, name)


def div(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient as Python 2 divides: ``x // y`` of integers, ``x / y`` of floats.

    Args:
        x: the dividend.
        y: the divisor, of the same type; the two shapes broadcast.
        name: the operation's name.
    """
    with name_scope(name, "div") as scope:
        x, y = _same_type(x, y)
        return apply("FloorDiv" if x.dtype.is_integer else "RealDiv", x, y, name=scope)


# FloorDiv


def _divisor(xp: Namespace, y: Array, ctx: Any) -> Array:
    """An integer divisor, checked, with 1 in place of 0."""
    zero = y == 0
    ctx.check(~xp.any(zero), _BY_ZERO)
    return xp.where(zero, xp.ones_like(y), y)


def _floor_div(xp: Namespace, x: Array, y: Array, *, ctx: Any) -> Array:
    if x.dtype.kind in "iu":
        return xp.floor_divide(x, _divisor(xp, y, ctx))
    return xp.floor(xp.divide(x, y))


register(
    "FloorDiv", "x: T, y: T -> z: T", types={"T": REALS}, shape=broadcast_shape, gradient=lambda op, grad: [None, None],
    compute=_floor_div, checks=True,
)  # fmt: skip


def floordiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient rounded down, ``floor(x / y)``: Python's ``x // y``.

    Args:
        x: the dividend, real numbers.
        y: the divisor, of the same type; the two shapes broadcast.
        name: the operation's name.

    Returns:
        A tensor of that type and the broadcast shape. No gradient flows through it.

    Raises:
        InvalidArgumentError: when it runs, if an integer is divided by 0.
    """
    return apply("FloorDiv", x, y, name=name or "floordiv")


def floor_div(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient rounded down; see ``floordiv``."""
    return apply("FloorDiv", x, y, name=name)


# FloorMod


def _floor_mod_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    x, y = op.inputs
    quotient = apply("FloorDiv", x, y)
    return [unbroadcast(grad, x, y), unbroadcast(apply("Mul", grad, apply("Neg", quotient)), y, x)]


def _floor_mod(xp: Namespace, x: Array, y: Array, *, ctx: Any) -> Array:
    if x.dtype.kind in "iu":
        return xp.remainder(x, _divisor(xp, y, ctx))
    rest = xp.fmod(x, y)
    return xp.where((x < 0) == (y < 0), rest, xp.fmod(rest + y, y))


register(
    "FloorMod", "x: T, y: T -> z: T", types={"T": REALS}, shape=broadcast_shape, gradient=_floor_mod_gradient,
    compute=_floor_mod, checks=True,
)  # fmt: skip


def floormod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The remainder with the divisor's sign, ``x - y * floor(x / y)``: Python's ``x % y``.

    Args:
        x: the dividend, real numbers.
        y: the divisor, of the same type; the two shapes broadcast.
        name: the operation's name.

    Returns:
        A tensor of that type and the broadcast shape.

    Raises:
        InvalidArgumentError: when it runs, if an integer is divided by 0.
    """
    return apply("FloorMod", x, y, name=name)


mod = floormod


# TruncateDiv, Div


def _truncate_div(xp: Namespace, x: Array, y: Array, *, ctx: Any) -> Array:
    if x.dtype.kind not in "iu":
        return xp.divide(x, y)
    y = _divisor(xp, y, ctx)
    quotient, rest = xp.floor_divide(x, y), xp.remainder(x, y)
    up = (rest != 0) & ((x < 0) != (y < 0))
    return quotient + up.astype(quotient.dtype)


def _div_gradient(op: Operation, grad: Tensor) -> Any:
    return [None, None] if op.inputs[0].dtype.is_integer else _real_div_gradient(op, grad)


register(
    "TruncateDiv", "x: T, y: T -> z: T", types={"T": REALS + COMPLEX}, shape=broadcast_shape, compute=_truncate_div,
    gradient=_div_gradient, checks=True,
)  # fmt: skip
register(
    "Div", "x: T, y: T -> z: T", types={"T": REALS + COMPLEX}, shape=broadcast_shape, compute=_truncate_div,
    gradient=_div_gradient, checks=True,
)  # fmt: skip


def truncatediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient rounded towards zero, as C divides integers.

    Args:
        x: the dividend, integers.
        y: the divisor, of the same type; the two shapes broadcast.
        name: the operation's name.

    Raises:
        InvalidArgumentError: when it runs, if an integer is divided by 0.
    """
    return apply("TruncateDiv", x, y, name=name)


# TruncateMod, Mod


def _truncate_mod_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    x, y = op.inputs
    quotient = apply("RealDiv", apply("Sub", x, op.outputs[0]), y)
    return [unbroadcast(grad, x, y), unbroadcast(apply("Mul", grad, apply("Neg", quotient)), y, x)]


def _truncate_mod(xp: Namespace, x: Array, y: Array, *, ctx: Any) -> Array:
    return xp.fmod(x, _divisor(xp, y, ctx) if x.dtype.kind in "iu" else y)


register(
    "TruncateMod", "x: T, y: T -> z: T", types={"T": (*FLOATS, int32, int64)}, shape=broadcast_shape,
    gradient=_truncate_mod_gradient, compute=_truncate_mod, checks=True,
)  # fmt: skip
register(
    "Mod", "x: T, y: T -> z: T", types={"T": (*FLOATS, int32, int64)}, shape=broadcast_shape,
    gradient=NOT_DIFFERENTIABLE, compute=_truncate_mod, checks=True,
)  # fmt: skip


def truncatemod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The remainder with the dividend's sign, as C's ``%`` and ``fmod`` give it.

    Args:
        x: the dividend, floats or 32- or 64-bit integers.
        y: the divisor, of the same type; the two shapes broadcast.
        name: the operation's name.

    Raises:
        InvalidArgumentError: when it runs, if an integer is divided by 0.
    """
    return apply("TruncateMod", x, y, name=name)


# DivNoNan


def _div_no_nan_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    x, y = op.inputs
    cx, cy = conj(x), conj(y)
    to_y = apply("Mul", grad, apply("DivNoNan", apply("DivNoNan", apply("Neg", cx), cy), cy))
    return [unbroadcast(apply("DivNoNan", grad, cy), x, y), unbroadcast(to_y, y, x)]


def _div_no_nan(xp: Namespace, x: Array, y: Array) -> Array:
    zero = y == 0
    quotient = xp.divide(x, xp.where(zero, xp.ones_like(y), y))
    return xp.where(zero, xp.zeros_like(quotient), quotient)


register(
    "DivNoNan", "x: T, y: T -> z: T", types={"T": FLOATS + COMPLEX}, shape=broadcast_shape,
    gradient=_div_no_nan_gradient, compute=_div_no_nan,
)  # fmt: skip


def div_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient ``x / y``, with 0 where the divisor is 0.

    Args:
        x: the dividend, floating-point or complex.
        y: the divisor, of the same type; the two shapes broadcast.
        name: the operation's name.
    """
    return apply("DivNoNan", x, y, name=name or "div_no_nan")


divide_no_nan = div_no_nan
