"""Powers, roots, exponentials and logarithms, elementwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor
from gradiente.graph.dtypes import COMPLEX, FLOATS, INTEGERS, int8, int16, int32, int64
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.arithmetic import broadcast_shape
from gradiente.ops.basic import same_shape
from gradiente.ops.complex_numbers import conj
from gradiente.ops.unbroadcast import unbroadcast

_SMOOTH = {"T": FLOATS + COMPLEX}
_INVERTIBLE = {"T": (*FLOATS, int8, int16, int32, int64, *COMPLEX)}


def widened(xp: Namespace, x: Array) -> Array:
    """``x``, as float32 if it is a 16-bit float: formulas of several steps lose too much in 16 bits."""
    del xp
    return x.astype(np.float32) if x.dtype.itemsize == 2 and x.dtype.kind not in "iu" else x


def _conjugate(xp: Namespace, x: Array) -> Array:
    return xp.conj(x) if x.dtype.kind == "c" else x


# Square


def _square_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    return [apply("Mul", grad, apply("Mul", conj(op.inputs[0]), 2))]


def _square(xp: Namespace, x: Array) -> Array:
    return xp.square(x)


register(
    "Square", "x: T -> y: T", types={"T": FLOATS + INTEGERS + COMPLEX}, shape=same_shape, gradient=_square_gradient,
    compute=_square,
)  # fmt: skip


def square(x: Any, name: str | None = None) -> Any:
    """The square ``x²``, elementwise.

    Args:
        x: a tensor of numbers.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    return apply("Square", x, name=name)


# Sqrt, SqrtGrad


def _sqrt(xp: Namespace, x: Array) -> Array:
    return xp.sqrt(x)


def _sqrt_grad(xp: Namespace, y: Array, dy: Array) -> Array:
    return dy * 0.5 / _conjugate(xp, y)


def _sqrt_grad_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    slope = apply("RealDiv", grad, op.inputs[0])
    return [apply("Neg", apply("Mul", conj(slope), op.outputs[0])), apply("Mul", slope, 0.5)]


register(
    "Sqrt", "x: T -> y: T", types=_SMOOTH, shape=same_shape, compute=_sqrt,
    gradient=lambda op, grad: [apply("SqrtGrad", op.outputs[0], grad)],
)  # fmt: skip
register(
    "SqrtGrad", "y: T, dy: T -> z: T", types=_SMOOTH, shape=same_shape, gradient=_sqrt_grad_gradient,
    compute=_sqrt_grad,
)  # fmt: skip


def sqrt(x: Any, name: str | None = None) -> Tensor:
    """The square root ``√x``, elementwise; NaN for negative numbers.

    Args:
        x: a floating-point or complex tensor.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    return apply("Sqrt", x, name=name)


# Rsqrt, RsqrtGrad


def _rsqrt(xp: Namespace, x: Array) -> Array:
    return (1 / xp.sqrt(widened(xp, x))).astype(x.dtype)


def _device_rsqrt(xp: Namespace, x: Array) -> Array:
    del xp
    from jax import lax

    return lax.rsqrt(x)


def _rsqrt_grad(xp: Namespace, y: Array, dy: Array) -> Array:
    return dy * -0.5 * _conjugate(xp, y * y * y)


def _rsqrt_grad_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    y, dy = conj(op.inputs[0]), op.inputs[1]
    to_y = apply("Mul", apply("Mul", apply("Mul", conj(grad), -1.5), dy), apply("Square", y))
    return [to_y, apply("RsqrtGrad", y, grad)]


register(
    "Rsqrt", "x: T -> y: T", types=_SMOOTH, shape=same_shape, compute=_rsqrt, device=_device_rsqrt,
    gradient=lambda op, grad: [apply("RsqrtGrad", op.outputs[0], grad)],
)  # fmt: skip
register(
    "RsqrtGrad", "y: T, dy: T -> z: T", types=_SMOOTH, shape=same_shape, gradient=_rsqrt_grad_gradient,
    compute=_rsqrt_grad,
)  # fmt: skip


def rsqrt(x: Any, name: str | None = None) -> Tensor:
    """One over the square root, ``1 / √x``, elementwise.

    Args:
        x: a floating-point or complex tensor.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    return apply("Rsqrt", x, name=name)


# Reciprocal, Inv and their gradients


def _reciprocal(xp: Namespace, x: Array) -> Array:
    if x.dtype.kind == "i":
        safe = xp.where(x == 0, xp.ones_like(x), x)
        return xp.where(xp.abs(safe) == 1, safe, xp.zeros_like(x))
    return (1 / x).astype(x.dtype)


def _reciprocal_grad(xp: Namespace, y: Array, dy: Array) -> Array:
    return -dy * _conjugate(xp, y * y)


def _reciprocal_grad_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    y, dy = conj(op.inputs[0]), op.inputs[1]
    to_y = apply("Mul", apply("Mul", apply("Mul", conj(grad), -2.0), dy), y)
    return [to_y, apply("ReciprocalGrad", y, grad)]


for _name in ("Reciprocal", "Inv"):
    register(
        _name, "x: T -> y: T", types=_INVERTIBLE, shape=same_shape, compute=_reciprocal,
        gradient=lambda op, grad: [apply("ReciprocalGrad", op.outputs[0], grad)],
    )  # fmt: skip
for _name in ("ReciprocalGrad", "InvGrad"):
    register(
        _name, "y: T, dy: T -> z: T", types=_SMOOTH, shape=same_shape, gradient=_reciprocal_grad_gradient,
        compute=_reciprocal_grad,
    )  # fmt: skip


def reciprocal(x: Any, name: str | None = None) -> Tensor:
    """One over each element, ``1 / x``.

    Args:
        x: a tensor of signed numbers.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    return apply("Reciprocal", x, name=name)


inv = reciprocal


# Exp


def _exp(xp: Namespace, x: Array) -> Array:
    return xp.exp(x)


register(
    "Exp", "x: T -> y: T", types=_SMOOTH, shape=same_shape, compute=_exp,
    gradient=lambda op, grad: [apply("Mul", grad, conj(op.outputs[0]))],
)  # fmt: skip


def exp(x: Any, name: str | None = None) -> Tensor:
    """The exponential ``eˣ``, elementwise.

    Args:
        x: a floating-point or complex tensor.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    return apply("Exp", x, name=name)


# Expm1


def _expm1(xp: Namespace, x: Array) -> Array:
    return xp.expm1(x)


register(
    "Expm1", "x: T -> y: T", types=_SMOOTH, shape=same_shape, compute=_expm1,
    gradient=lambda op, grad: [apply("Mul", grad, apply("Exp", conj(op.inputs[0])))],
)  # fmt: skip


def expm1(x: Any, name: str | None = None) -> Tensor:
    """``eˣ - 1``, elementwise, exact also for x near 0.

    Args:
        x: a floating-point or complex tensor.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    return apply("Expm1", x, name=name)


# Log


def _log(xp: Namespace, x: Array) -> Array:
    return xp.log(x)


register(
    "Log", "x: T -> y: T", types=_SMOOTH, shape=same_shape, compute=_log,
    gradient=lambda op, grad: [apply("Mul", grad, apply("Reciprocal", conj(op.inputs[0])))],
)  # fmt: skip


def log(x: Any, name: str | None = None) -> Tensor:
    """The natural logarithm ``ln x``, elementwise; -inf at 0 and NaN for negative numbers.

    Args:
        x: a floating-point or complex tensor.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    return apply("Log", x, name=name)


# Log1p


def _log1p(xp: Namespace, x: Array) -> Array:
    return xp.log1p(x)


def _log1p_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    return [apply("Mul", grad, apply("Reciprocal", apply("AddV2", conj(op.inputs[0]), 1)))]


register(
    "Log1p", "x: T -> y: T", types=_SMOOTH, shape=same_shape, compute=_log1p, gradient=_log1p_gradient
)  # fmt: skip


def log1p(x: Any, name: str | None = None) -> Tensor:
    """The natural logarithm of ``1 + x``, elementwise, exact also for x near 0.

    Args:
        x: a floating-point or complex tensor.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    return apply("Log1p", x, name=name)


# Pow


def _pow_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    x, y = op.inputs
    cx, cy, cz = conj(x), conj(y), conj(op.outputs[0])
    to_x = apply("Mul", apply("Mul", grad, cy), apply("Pow", cx, apply("Sub", cy, 1)))
    has_log = apply("NotEqual", cx, 0) if x.dtype.is_complex else apply("Greater", cx, 0)
    safe = apply("SelectV2", has_log, cx, apply("OnesLike", cx))
    to_y = apply("Mul", apply("Mul", grad, cz), apply("Log", safe))
    return [unbroadcast(to_x, x, y), unbroadcast(to_y, y, x)]


_NEGATIVE_POWER = (
    "Integers can't be raised to negative powers: the result is no integer. Use tf.cast to make them floats."
)


def _pow(xp: Namespace, x: Array, y: Array, *, ctx: Any) -> Array:
    if x.dtype.kind == "i":
        negative = y < 0
        ctx.check(~xp.any(negative), _NEGATIVE_POWER)
        y = xp.where(negative, xp.zeros_like(y), y)
    return xp.power(x, y).astype(x.dtype)


register(
    "Pow", "x: T, y: T -> z: T", types={"T": (*FLOATS, int8, int16, int32, int64, *COMPLEX)}, shape=broadcast_shape,
    gradient=_pow_gradient, compute=_pow, checks=True,
)  # fmt: skip


def pow(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The power ``xʸ``, elementwise.

    Args:
        x: the base, signed numbers.
        y: the exponent, of the same type; the two shapes broadcast.
        name: the operation's name.

    Returns:
        A tensor of that type and the broadcast shape.

    Raises:
        InvalidArgumentError: when it runs, if an integer exponent is negative.
    """
    if not isinstance(x, Tensor) and not isinstance(y, Tensor):
        x = convert_to_tensor(x)
    return apply("Pow", x, y, name=name)
