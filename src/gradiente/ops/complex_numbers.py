"""Complex numbers: their parts, magnitude, angle and conjugate."""

from __future__ import annotations

from typing import Any

from gradiente.graph.build import apply, convert_to_tensor
from gradiente.graph.dtypes import COMPLEX, DType, complex64, complex128, float32, float64
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import attr, register
from gradiente.graph.shapes import broadcast_dims
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import same_shape
from gradiente.ops.unbroadcast import unbroadcast

_PARTS = {complex64: float32, complex128: float64}
_WHOLES = {float32: complex64, float64: complex128}
_PART_ATTRS = {
    "T": attr("type", complex64, COMPLEX),
    "Tout": attr("type", float32, (float32, float64)),
}


def _part(op_type: str, x: Tensor, name: str | None) -> Tensor:
    return apply(op_type, x, Tout=_PARTS[x.dtype.base_dtype], name=name)


def _with_real(x: Tensor, imaginary: Tensor | None = None) -> Tensor:
    """``x + i imaginary`` for real tensors."""
    wide = _WHOLES[x.dtype.base_dtype]
    return apply("Complex", x, apply("ZerosLike", x) if imaginary is None else imaginary, Tout=wide)


# Conj


def _conj(xp: Namespace, input: Array) -> Array:
    return xp.conj(input)


register(
    "Conj", "input: T -> output: T", attrs={"T": attr("type", complex64, COMPLEX)}, shape=same_shape, compute=_conj,
    gradient=lambda op, grad: [apply("Conj", grad)],
)  # fmt: skip


def conj(x: Any, name: str | None = None) -> Tensor:
    """The complex conjugate, ``a - bi`` of ``a + bi``; a real tensor is returned as it is.

    Args:
        x: a tensor of any shape.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    x = convert_to_tensor(x, name="x")
    return apply("Conj", x, name=name) if x.dtype.is_complex else x


# Complex


def _complex_shape(op: Operation) -> list[Any]:
    return [broadcast_dims(op.inputs[0].shape.plain, op.inputs[1].shape.plain)]


def _complex_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    a, b = op.inputs
    return [unbroadcast(real(grad), a, b), unbroadcast(imag(grad), b, a)]


def _numpy_complex(xp: Namespace, real: Array, imag: Array, *, Tout: DType) -> Array:
    real, imag = xp.broadcast_arrays(real, imag)
    whole = xp.empty(real.shape, Tout.np)
    whole.real, whole.imag = real, imag
    return whole


def _device_complex(xp: Namespace, real: Array, imag: Array) -> Array:
    from jax import lax

    return lax.complex(*xp.broadcast_arrays(real, imag))


register(
    "Complex", "real: T, imag: T -> out: Tout",
    attrs={"T": attr("type", float32, (float32, float64)), "Tout": attr("type", complex64, COMPLEX)},
    shape=_complex_shape, gradient=_complex_gradient, compute=_numpy_complex, device=_device_complex,
)  # fmt: skip


def complex(real: Any, imag: Any, name: str | None = None) -> Tensor:
    """The complex numbers ``real + i imag``.

    Args:
        real: the real parts, float32 or float64.
        imag: the imaginary parts, of the same type; the two shapes broadcast.
        name: the operation's name.

    Returns:
        A complex64 or complex128 tensor.

    Raises:
        TypeError: if the parts are not both float32 or both float64.
    """
    real = convert_to_tensor(real, name="real")
    imag = convert_to_tensor(imag, dtype=real.dtype.base_dtype, name="imag")
    wide = _WHOLES.get(real.dtype.base_dtype)
    if wide is None:
        raise TypeError(
            f"tf.complex takes float32 or float64 parts, but {real.name!r} is {real.dtype.name}. Use tf.cast."
        )
    return apply("Complex", real, imag, Tout=wide, name=name)


# Real, Imag


def _real(xp: Namespace, input: Array) -> Array:
    return xp.real(input)


def _imag(xp: Namespace, input: Array) -> Array:
    return xp.imag(input)


def _imag_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    del op
    return [_with_real(apply("ZerosLike", grad), grad)]


register(
    "Real", "input: T -> output: Tout", attrs=_PART_ATTRS, shape=same_shape, compute=_real,
    gradient=lambda op, grad: [_with_real(grad)],
)  # fmt: skip
register(
    "Imag", "input: T -> output: Tout", attrs=_PART_ATTRS, shape=same_shape, compute=_imag, gradient=_imag_gradient
)  # fmt: skip


def real(input: Any, name: str | None = None) -> Tensor:
    """The real part, ``a`` of ``a + bi``; a real tensor is returned as it is.

    Args:
        input: a tensor of any shape.
        name: the operation's name.

    Returns:
        float32 for complex64, float64 for complex128.
    """
    input = convert_to_tensor(input, name="input")
    return _part("Real", input, name) if input.dtype.is_complex else input


def imag(input: Any, name: str | None = None) -> Tensor:
    """The imaginary part, ``b`` of ``a + bi``; zeros for a real tensor.

    Args:
        input: a tensor of any shape.
        name: the operation's name.

    Returns:
        float32 for complex64, float64 for complex128.
    """
    input = convert_to_tensor(input, name="input")
    return _part("Imag", input, name) if input.dtype.is_complex else apply("ZerosLike", input, name=name)


# ComplexAbs


def _complex_abs_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    return [apply("Mul", _with_real(grad), apply("Sign", op.inputs[0]))]


def _complex_abs(xp: Namespace, x: Array) -> Array:
    return xp.abs(x)


register(
    "ComplexAbs", "x: T -> y: Tout", attrs=_PART_ATTRS, shape=same_shape, compute=_complex_abs,
    gradient=_complex_abs_gradient,
)  # fmt: skip


def complex_abs(x: Any, name: str | None = None) -> Tensor:
    """The magnitude ``sqrt(a² + b²)`` of complex numbers ``a + bi``.

    Args:
        x: a complex tensor of any shape.
        name: the operation's name.

    Returns:
        float32 for complex64, float64 for complex128.
    """
    return _part("ComplexAbs", convert_to_tensor(x, name="x"), name)


# Angle


def _angle_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    x = op.inputs[0]
    # The angle grows fastest along i x / |x|², whose conjugate divides the gradient.
    turned = apply("Complex", imag(x), real(x), Tout=x.dtype.base_dtype)
    return [apply("Mul", apply("Neg", _with_real(grad)), apply("Reciprocal", turned))]


def _angle(xp: Namespace, input: Array) -> Array:
    return xp.angle(input)


register(
    "Angle", "input: T -> output: Tout", attrs=_PART_ATTRS, shape=same_shape, compute=_angle, gradient=_angle_gradient
)  # fmt: skip


def angle(input: Any, name: str | None = None) -> Tensor:
    """The angle in radians, ``atan2(b, a)`` of ``a + bi``; for a real tensor 0, or pi where it is negative.

    Args:
        input: a tensor of any shape.
        name: the operation's name.

    Returns:
        float32 for complex64, float64 for complex128.
    """
    input = convert_to_tensor(input, name="input")
    if input.dtype.is_complex:
        return _part("Angle", input, name)
    zeros = apply("ZerosLike", input)
    turned = apply("AddV2", zeros, 3.141592653589793)
    return apply("SelectV2", apply("Less", input, zeros), turned, zeros, name=name)
