"""The two S-shaped functions, whose gradients are computed from their outputs: sigmoid and tanh."""

from __future__ import annotations

from typing import Any

from gradiente.graph.build import apply, name_scope
from gradiente.graph.dtypes import COMPLEX, FLOATS
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import same_shape
from gradiente.ops.complex_numbers import conj
from gradiente.ops.elementwise import widened

_SMOOTH = {"T": FLOATS + COMPLEX}

# Sigmoid, SigmoidGrad


def _sigmoid(xp: Namespace, x: Array) -> Array:
    return (1 / (1 + xp.exp(-widened(xp, x)))).astype(x.dtype)


def _device_sigmoid(xp: Namespace, x: Array) -> Array:
    del xp
    from jax import lax

    return lax.logistic(x)


def _sigmoid_grad(xp: Namespace, y: Array, dy: Array) -> Array:
    slope = y * (1 - y)
    return dy * (xp.conj(slope) if slope.dtype.kind == "c" else slope)


def _sigmoid_grad_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    y, dy = conj(op.inputs[0]), op.inputs[1]
    arriving = apply("Mul", conj(grad), dy)
    to_y = apply("Sub", arriving, apply("Mul", apply("Mul", arriving, 2), y))
    return [to_y, apply("SigmoidGrad", y, grad)]


register(
    "Sigmoid", "x: T -> y: T", types=_SMOOTH, shape=same_shape, compute=_sigmoid, device=_device_sigmoid,
    gradient=lambda op, grad: [apply("SigmoidGrad", op.outputs[0], grad)],
)  # fmt: skip
register(
    "SigmoidGrad", "y: T, dy: T -> z: T", types=_SMOOTH, shape=same_shape, compute=_sigmoid_grad,
    gradient=_sigmoid_grad_gradient,
)  # fmt: skip


def sigmoid(x: Any, name: str | None = None) -> Tensor:
    """The logistic function ``φ(x) = 1 / (1 + e⁻ˣ)``, elementwise, with ``φ' = φ (1 - φ)``.

    Args:
        x: a floating-point or complex tensor.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``, with values between 0 and 1.

    Source: the course's activation function, equation 8.

    Example:
        >>> with tf.Session() as sess:
        ...     sess.run(tf.sigmoid([0.0, 100.0]))
        array([0.5, 1. ], dtype=float32)
    """
    return apply("Sigmoid", x, name=name)


def log_sigmoid(x: Any, name: str | None = None) -> Tensor:
    """The logarithm of the sigmoid, ``-ln(1 + e⁻ˣ)``, elementwise, exact for small x too.

    Args:
        x: a floating-point tensor.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    with name_scope(name, "LogSigmoid", [x]) as scope:
        return apply("Neg", apply("Softplus", apply("Neg", x)), name=scope)


# Tanh, TanhGrad


def _tanh(xp: Namespace, x: Array) -> Array:
    return xp.tanh(x)


def _tanh_grad(xp: Namespace, y: Array, dy: Array) -> Array:
    slope = 1 - y * y
    return dy * (xp.conj(slope) if slope.dtype.kind == "c" else slope)


def _tanh_grad_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    y, dy = conj(op.inputs[0]), op.inputs[1]
    to_y = apply("Mul", apply("Mul", apply("Mul", conj(grad), -2), dy), y)
    return [to_y, apply("TanhGrad", y, grad)]


register(
    "Tanh", "x: T -> y: T", types=_SMOOTH, shape=same_shape, compute=_tanh,
    gradient=lambda op, grad: [apply("TanhGrad", op.outputs[0], grad)],
)  # fmt: skip
register(
    "TanhGrad", "y: T, dy: T -> z: T", types=_SMOOTH, shape=same_shape, compute=_tanh_grad,
    gradient=_tanh_grad_gradient,
)  # fmt: skip


def tanh(x: Any, name: str | None = None) -> Tensor:
    """The hyperbolic tangent ``(eˣ - e⁻ˣ) / (eˣ + e⁻ˣ)``, elementwise, with ``tanh' = 1 - tanh²``.

    Args:
        x: a floating-point or complex tensor.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``, with values between -1 and 1.
    """
    return apply("Tanh", x, name=name)
