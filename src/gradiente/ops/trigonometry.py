"""Trigonometric and hyperbolic functions and their inverses, elementwise. Angles are in radians."""

from __future__ import annotations

from typing import Any

from gradiente.graph.build import apply
from gradiente.graph.dtypes import COMPLEX, FLOATS
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.arithmetic import broadcast_shape
from gradiente.ops.basic import same_shape
from gradiente.ops.complex_numbers import conj
from gradiente.ops.unbroadcast import unbroadcast

_SMOOTH = {"T": FLOATS + COMPLEX}


def _one_minus_square(x: Tensor) -> Tensor:
    return apply("Sub", 1, apply("Square", x))


# Sin


def _sin(xp: Namespace, x: Array) -> Array:
    return xp.sin(x)


def _sin_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    return [apply("Mul", grad, apply("Cos", conj(op.inputs[0])))]


register("Sin", "x: T -> y: T", types=_SMOOTH, shape=same_shape, gradient=_sin_gradient, compute=_sin)


def sin(x: Any, name: str | None = None) -> Tensor:
    """The sine ``sin x``, elementwise.

    Args:
        x: a floating-point or complex tensor.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    return apply("Sin", x, name=name)


# Cos


def _cos(xp: Namespace, x: Array) -> Array:
    return xp.cos(x)


def _cos_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    return [apply("Mul", grad, apply("Neg", apply("Sin", conj(op.inputs[0]))))]


register("Cos", "x: T -> y: T", types=_SMOOTH, shape=same_shape, gradient=_cos_gradient, compute=_cos)


def cos(x: Any, name: str | None = None) -> Tensor:
    """The cosine ``cos x``, elementwise.

    Args:
        x: a floating-point or complex tensor.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    return apply("Cos", x, name=name)


# Tan


def _tan(xp: Namespace, x: Array) -> Array:
    return xp.tan(x)


def _tan_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    return [apply("Mul", grad, apply("Square", apply("Reciprocal", apply("Cos", conj(op.inputs[0])))))]


register("Tan", "x: T -> y: T", types=_SMOOTH, shape=same_shape, gradient=_tan_gradient, compute=_tan)


def tan(x: Any, name: str | None = None) -> Tensor:
    """The tangent ``sin x / cos x``, elementwise.

    Args:
        x: a floating-point or complex tensor.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    return apply("Tan", x, name=name)


# Asin


def _asin(xp: Namespace, x: Array) -> Array:
    return xp.arcsin(x)


def _asin_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    return [apply("Mul", grad, apply("Reciprocal", apply("Sqrt", _one_minus_square(conj(op.inputs[0])))))]


register("Asin", "x: T -> y: T", types=_SMOOTH, shape=same_shape, gradient=_asin_gradient, compute=_asin)


def asin(x: Any, name: str | None = None) -> Tensor:
    """The angle from -π/2 to π/2 whose sine is ``x``, elementwise; NaN outside -1 to 1.

    Args:
        x: a floating-point or complex tensor.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    return apply("Asin", x, name=name)


# Acos


def _acos(xp: Namespace, x: Array) -> Array:
    return xp.arccos(x)


def _acos_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    return [
        apply(
            "Neg",
            apply("Mul", grad, apply("Reciprocal", apply("Sqrt", _one_minus_square(conj(op.inputs[0]))))),
        )
    ]


register("Acos", "x: T -> y: T", types=_SMOOTH, shape=same_shape, gradient=_acos_gradient, compute=_acos)


def acos(x: Any, name: str | None = None) -> Tensor:
    """The angle from 0 to π whose cosine is ``x``, elementwise; NaN outside -1 to 1.

    Args:
        x: a floating-point or complex tensor.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    return apply("Acos", x, name=name)


# Atan


def _atan(xp: Namespace, x: Array) -> Array:
    return xp.arctan(x)


def _atan_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    return [apply("Mul", grad, apply("Reciprocal", apply("AddV2", apply("Square", conj(op.inputs[0])), 1)))]


register("Atan", "x: T -> y: T", types=_SMOOTH, shape=same_shape, gradient=_atan_gradient, compute=_atan)


def atan(x: Any, name: str | None = None) -> Tensor:
    """The angle from -π/2 to π/2 whose tangent is ``x``, elementwise.

    Args:
        x: a floating-point or complex tensor.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    return apply("Atan", x, name=name)


# Sinh


def _sinh(xp: Namespace, x: Array) -> Array:
    return xp.sinh(x)


def _sinh_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    return [apply("Mul", grad, apply("Cosh", conj(op.inputs[0])))]


register("Sinh", "x: T -> y: T", types=_SMOOTH, shape=same_shape, gradient=_sinh_gradient, compute=_sinh)


def sinh(x: Any, name: str | None = None) -> Tensor:
    """The hyperbolic sine ``(eˣ - e⁻ˣ) / 2``, elementwise.

    Args:
        x: a floating-point or complex tensor.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    return apply("Sinh", x, name=name)


# Cosh


def _cosh(xp: Namespace, x: Array) -> Array:
    return xp.cosh(x)


def _cosh_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    return [apply("Mul", grad, apply("Sinh", conj(op.inputs[0])))]


register("Cosh", "x: T -> y: T", types=_SMOOTH, shape=same_shape, gradient=_cosh_gradient, compute=_cosh)


def cosh(x: Any, name: str | None = None) -> Tensor:
    """The hyperbolic cosine ``(eˣ + e⁻ˣ) / 2``, elementwise.

    Args:
        x: a floating-point or complex tensor.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    return apply("Cosh", x, name=name)


# Asinh


def _asinh(xp: Namespace, x: Array) -> Array:
    return xp.arcsinh(x)


def _asinh_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    return [apply("RealDiv", grad, apply("Cosh", conj(op.outputs[0])))]


register("Asinh", "x: T -> y: T", types=_SMOOTH, shape=same_shape, gradient=_asinh_gradient, compute=_asinh)


def asinh(x: Any, name: str | None = None) -> Tensor:
    """The inverse of the hyperbolic sine, elementwise.

    Args:
        x: a floating-point or complex tensor.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    return apply("Asinh", x, name=name)


# Acosh


def _acosh(xp: Namespace, x: Array) -> Array:
    return xp.arccosh(x)


def _acosh_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    return [apply("RealDiv", grad, apply("Sinh", conj(op.outputs[0])))]


register("Acosh", "x: T -> y: T", types=_SMOOTH, shape=same_shape, gradient=_acosh_gradient, compute=_acosh)


def acosh(x: Any, name: str | None = None) -> Tensor:
    """The inverse of the hyperbolic cosine, elementwise; NaN below 1.

    Args:
        x: a floating-point or complex tensor.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    return apply("Acosh", x, name=name)


# Atanh


def _atanh(xp: Namespace, x: Array) -> Array:
    return xp.arctanh(x)


def _atanh_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    return [apply("Mul", grad, apply("Reciprocal", _one_minus_square(conj(op.inputs[0]))))]


register("Atanh", "x: T -> y: T", types=_SMOOTH, shape=same_shape, gradient=_atanh_gradient, compute=_atanh)


def atanh(x: Any, name: str | None = None) -> Tensor:
    """The inverse of the hyperbolic tangent, elementwise; NaN outside -1 to 1.

    Args:
        x: a floating-point or complex tensor.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    return apply("Atanh", x, name=name)


# Atan2


def _atan2(xp: Namespace, y: Array, x: Array) -> Array:
    return xp.arctan2(y, x)


def _atan2_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    y, x = op.inputs
    scaled = apply("RealDiv", grad, apply("AddV2", apply("Square", x), apply("Square", y)))
    to_y, to_x = apply("Mul", x, scaled), apply("Neg", apply("Mul", y, scaled))
    return [unbroadcast(to_y, y, x), unbroadcast(to_x, x, y)]


register(
    "Atan2",
    "y: T, x: T -> z: T",
    types={"T": FLOATS},
    shape=broadcast_shape,
    gradient=_atan2_gradient,
    compute=_atan2,
)


def atan2(y: Any, x: Any, name: str | None = None) -> Tensor:
    """The angle from -π to π of the point ``(x, y)``, elementwise.

    Args:
        y: a floating-point tensor.
        x: a tensor of the same type; the two shapes broadcast.
        name: the operation's name.

    Returns:
        A tensor of that type and the broadcast shape.
    """
    return apply("Atan2", y, x, name=name)
