"""Special functions, elementwise: error functions, gamma functions, and products that are 0 where a factor is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.dtypes import COMPLEX, FLOATS, float32, float64
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.arithmetic import broadcast_shape
from gradiente.ops.basic import same_shape
from gradiente.ops.complex_numbers import conj
from gradiente.ops.elementwise import widened
from gradiente.ops.unbroadcast import unbroadcast

_FLOATS = {"T": FLOATS}


def _library(xp: Namespace) -> Any:
    """The special functions of an array namespace: SciPy's, or JAX's copy of them."""
    if xp.__name__ == "numpy":
        from scipy import special
    else:
        from jax.scipy import special
    return special


def _bell(x: Tensor, height: float) -> Tensor:
    """``height * exp(-x²)``."""
    return apply("Mul", apply("Exp", apply("Neg", apply("Square", x))), height)


# Erf, Erfc


def _erf(xp: Namespace, x: Array) -> Array:
    return _library(xp).erf(widened(xp, x)).astype(x.dtype)


def _erfc(xp: Namespace, x: Array) -> Array:
    return _library(xp).erfc(widened(xp, x)).astype(x.dtype)


def _erf_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    return [apply("Mul", grad, _bell(op.inputs[0], 2 / math.sqrt(math.pi)))]


def _erfc_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    return [apply("Mul", grad, _bell(op.inputs[0], -2 / math.sqrt(math.pi)))]


register("Erf", "x: T -> y: T", types=_FLOATS, shape=same_shape, gradient=_erf_gradient, compute=_erf)
register("Erfc", "x: T -> y: T", types=_FLOATS, shape=same_shape, gradient=_erfc_gradient, compute=_erfc)


def erf(x: Any, name: str | None = None) -> Tensor:
    """The error function ``2/√π ∫₀ˣ exp(-t²) dt``, elementwise.

    Args:
        x: a floating-point tensor.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``, with values between -1 and 1.
    """
    return apply("Erf", x, name=name)


def erfc(x: Any, name: str | None = None) -> Tensor:
    """The complement of the error function, ``1 - erf x``, elementwise; arguments and result as in ``erf``."""
    return apply("Erfc", x, name=name)


# Erfinv, Ndtri


def _erfinv(xp: Namespace, x: Array) -> Array:
    return _library(xp).erfinv(widened(xp, x)).astype(x.dtype)


def _ndtri(xp: Namespace, x: Array) -> Array:
    return _library(xp).ndtri(widened(xp, x)).astype(x.dtype)


def _erfinv_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    slope = apply("Mul", apply("Exp", apply("Square", op.outputs[0])), math.sqrt(math.pi) / 2)
    return [apply("Mul", grad, slope)]


def _ndtri_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    slope = apply(
        "Mul", apply("Exp", apply("Mul", apply("Square", op.outputs[0]), 0.5)), math.sqrt(2 * math.pi)
    )
    return [apply("Mul", grad, slope)]


register(
    "Erfinv", "x: T -> y: T", types=_FLOATS, shape=same_shape, gradient=_erfinv_gradient, compute=_erfinv
)
register("Ndtri", "x: T -> y: T", types=_FLOATS, shape=same_shape, gradient=_ndtri_gradient, compute=_ndtri)


def erfinv(x: Any, name: str | None = None) -> Tensor:
    """The inverse of the error function, elementwise, for values between -1 and 1; see ``erf``."""
    return apply("Erfinv", x, name=name)


def ndtri(x: Any, name: str | None = None) -> Tensor:
    """The number below which a standard normal variable lies with probability ``x``, elementwise; see ``erf``."""
    return apply("Ndtri", x, name=name)


# Lgamma, Digamma, Polygamma, Zeta


def _lgamma(xp: Namespace, x: Array) -> Array:
    return _library(xp).gammaln(widened(xp, x)).astype(x.dtype)


def _digamma(xp: Namespace, x: Array) -> Array:
    return _library(xp).digamma(widened(xp, x)).astype(x.dtype)


def _polygamma(xp: Namespace, a: Array, x: Array) -> Array:
    return _library(xp).polygamma(a.astype(np.int32), x).astype(x.dtype)


def _zeta(xp: Namespace, x: Array, q: Array) -> Array:
    return _library(xp).zeta(x, q).astype(x.dtype)


def _digamma_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    x = op.inputs[0]
    if x.dtype.base_dtype in (float32, float64):
        return [apply("Mul", grad, apply("Polygamma", apply("OnesLike", x), x))]
    wide = apply("Cast", x, DstT=float32)
    slope = apply("Polygamma", apply("OnesLike", wide), wide)
    return [apply("Mul", grad, apply("Cast", slope, DstT=x.dtype.base_dtype))]


def _polygamma_gradient(op: Operation, grad: Tensor) -> list[Tensor | None]:
    n, x = op.inputs
    return [None, unbroadcast(apply("Mul", grad, apply("Polygamma", apply("AddV2", n, 1), x)), x, n)]


def _zeta_gradient(op: Operation, grad: Tensor) -> list[Tensor | None]:
    x, q = op.inputs
    slope = apply("Neg", apply("Mul", x, apply("Zeta", apply("AddV2", x, 1), q)))
    return [None, unbroadcast(apply("Mul", grad, slope), q, x)]


register(
    "Lgamma", "x: T -> y: T", types=_FLOATS, shape=same_shape, compute=_lgamma,
    gradient=lambda op, grad: [apply("Mul", grad, apply("Digamma", op.inputs[0]))],
)  # fmt: skip
register(
    "Digamma", "x: T -> y: T", types=_FLOATS, shape=same_shape, gradient=_digamma_gradient, compute=_digamma
)
register(
    "Polygamma", "a: T, x: T -> z: T", types={"T": (float32, float64)}, shape=broadcast_shape,
    gradient=_polygamma_gradient, compute=_polygamma,
)  # fmt: skip
register(
    "Zeta", "x: T, q: T -> z: T", types={"T": (float32, float64)}, shape=broadcast_shape, gradient=_zeta_gradient,
    compute=_zeta,
)  # fmt: skip


def lgamma(x: Any, name: str | None = None) -> Tensor:
    """The logarithm of the gamma function's magnitude, ``ln |Γ(x)|``, elementwise; see ``erf``."""
    return apply("Lgamma", x, name=name)


def digamma(x: Any, name: str | None = None) -> Tensor:
    """The derivative of ``lgamma``, elementwise; see ``erf``."""
    return apply("Digamma", x, name=name)


def polygamma(a: Any, x: Any, name: str | None = None) -> Tensor:
    """The a-th derivative of ``digamma`` at ``x``, elementwise, for whole ``a``.

    Args:
        a: which derivative, float32 or float64. No gradient flows to it.
        x: where, of the same type; the two shapes broadcast.
        name: the operation's name.
    """
    return apply("Polygamma", a, x, name=name)


def zeta(x: Any, q: Any, name: str | None = None) -> Tensor:
    """The Hurwitz zeta function ``Σₙ (q + n)⁻ˣ`` over n = 0, 1, ..., elementwise.

    Args:
        x: the exponent, float32 or float64, greater than 1. No gradient flows to it.
        q: the shift, of the same type; the two shapes broadcast.
        name: the operation's name.
    """
    return apply("Zeta", x, q, name=name)


# MulNoNan, Xlogy, Xlog1py, Xdivy


def _where_not_zero(xp: Namespace, factor: Array, product: Array) -> Array:
    return xp.where(factor == 0, xp.zeros_like(product), product)


def _mul_no_nan(xp: Namespace, x: Array, y: Array) -> Array:
    return _where_not_zero(xp, y, xp.multiply(x, y))


def _xlogy(xp: Namespace, x: Array, y: Array) -> Array:
    return _where_not_zero(xp, x, x * xp.log(y))


def _xlog1py(xp: Namespace, x: Array, y: Array) -> Array:
    return _where_not_zero(xp, x, x * xp.log1p(y))


def _xdivy(xp: Namespace, x: Array, y: Array) -> Array:
    return _where_not_zero(xp, x, xp.divide(x, y))


def _mul_no_nan_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    x, y = op.inputs
    return [unbroadcast(apply("MulNoNan", grad, y), x, y), unbroadcast(apply("MulNoNan", x, grad), y, x)]


def _masked(op_type: str) -> Any:
    """The gradient of ``x f(y)``, 0 where x is 0, for the f that ``op_type`` multiplies by."""

    def gradient(op: Operation, grad: Tensor) -> list[Tensor]:
        x, y = op.inputs
        cx, cy = conj(x), conj(y)
        present = apply("Cast", apply("NotEqual", x, apply("ZerosLike", x)), DstT=x.dtype.base_dtype)
        to_x = apply(op_type, present, cy)
        if op_type == "Xlogy":
            to_y = apply("Xdivy", cx, cy)
        elif op_type == "Xlog1py":
            to_y = apply("Xdivy", cx, apply("AddV2", cy, 1))
        else:
            to_y = apply("Xdivy", apply("Neg", cx), apply("Square", cy))
        return [unbroadcast(apply("Mul", grad, to_x), x, y), unbroadcast(apply("Mul", grad, to_y), y, x)]

    return gradient


register(
    "MulNoNan", "x: T, y: T -> z: T", types={"T": FLOATS + COMPLEX}, shape=broadcast_shape,
    gradient=_mul_no_nan_gradient, compute=_mul_no_nan,
)  # fmt: skip
for _name, _compute in (("Xlogy", _xlogy), ("Xlog1py", _xlog1py), ("Xdivy", _xdivy)):
    register(
        _name, "x: T, y: T -> z: T", types={"T": FLOATS + COMPLEX}, shape=broadcast_shape, gradient=_masked(_name),
        compute=_compute,
    )  # fmt: skip


def multiply_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The product ``x y``, and 0 where ``y`` is 0, even where ``x`` is NaN or infinite.

    Args:
        x: a floating-point or complex tensor.
        y: a tensor of the same type; the two shapes broadcast.
        name: the operation's name.
    """
    return apply("MulNoNan", x, y, name=name or "multiply_no_nan")


def xlogy(x: Any, y: Any, name: str | None = None) -> Tensor:
    """``x ln y``, and 0 where ``x`` is 0; arguments as in ``multiply_no_nan``."""
    return apply("Xlogy", x, y, name=name or "xlogy")


def xlog1py(x: Any, y: Any, name: str | None = None) -> Tensor:
    """``x ln(1 + y)``, and 0 where ``x`` is 0; arguments as in ``multiply_no_nan``."""
    return apply("Xlog1py", x, y, name=name or "xlog1py")


def xdivy(x: Any, y: Any, name: str | None = None) -> Tensor:
    """``x / y``, and 0 where ``x`` is 0; arguments as in ``multiply_no_nan``."""
    return apply("Xdivy", x, y, name=name or "xdivy")
