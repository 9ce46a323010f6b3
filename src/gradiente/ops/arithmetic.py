"""Arithmetic of two tensors, elementwise with broadcasting: sums, products, powers, extremes."""

from __future__ import annotations

from typing import Any

from gradiente.graph.build import apply, convert_to_tensor
from gradiente.graph.dtypes import COMPLEX, FLOATS, NUMBERS, REALS, int8, int16, int32, int64
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import register
from gradiente.graph.shapes import broadcast_dims
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import same_shape
from gradiente.ops.complex_numbers import complex_abs, conj
from gradiente.ops.unbroadcast import unbroadcast

SIGNED = (int8, int16, int32, int64)


def broadcast_shape(op: Operation) -> list[Any]:
    """Shape rule: two inputs, broadcast against each other."""
    a, b = (t.shape.plain for t in op.inputs)
    try:
        return [broadcast_dims(a, b)]
    except ValueError as error:
        raise ValueError(
            f"{error} Counted from the last axis, sizes must be equal, or one of them 1; tf.reshape or "
            "tf.expand_dims adds an axis of size 1."
        ) from None


# Add, AddV2


def _add_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    x, y = op.inputs
    return [unbroadcast(grad, x, y), unbroadcast(grad, y, x)]


def _add(xp: Namespace, x: Array, y: Array) -> Array:
    return xp.add(x, y)


for _name in ("Add", "AddV2"):
    register(
        _name,
        "x: T, y: T -> z: T",
        types={"T": NUMBERS},
        shape=broadcast_shape,
        gradient=_add_gradient,
        compute=_add,
    )


def add(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The sum ``x + y``, elementwise.

    Args:
        x: a tensor of numbers.
        y: a tensor of the same type; the two shapes broadcast.
        name: the operation's name.

    Returns:
        A tensor of the broadcast shape.
    """
    return apply("AddV2", x, y, name=name or "Add")


# Sub


def _sub_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    x, y = op.inputs
    return [unbroadcast(grad, x, y), unbroadcast(apply("Neg", grad), y, x)]


def _sub(xp: Namespace, x: Array, y: Array) -> Array:
    return xp.subtract(x, y)


register(
    "Sub",
    "x: T, y: T -> z: T",
    types={"T": NUMBERS},
    shape=broadcast_shape,
    gradient=_sub_gradient,
    compute=_sub,
)


def subtract(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The difference ``x - y``, elementwise.

    Args:
        x: a tensor of numbers.
        y: a tensor of the same type; the two shapes broadcast.
        name: the operation's name.

    Returns:
        A tensor of the broadcast shape.
    """
    return apply("Sub", x, y, name=name)


sub = subtract


# Mul


def _mul_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    x, y = op.inputs
    return [unbroadcast(apply("Mul", grad, conj(y)), x, y), unbroadcast(apply("Mul", conj(x), grad), y, x)]


def _mul(xp: Namespace, x: Array, y: Array) -> Array:
    return xp.multiply(x, y)


register(
    "Mul",
    "x: T, y: T -> z: T",
    types={"T": NUMBERS},
    shape=broadcast_shape,
    gradient=_mul_gradient,
    compute=_mul,
)


def multiply(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The product ``x * y``, elementwise (``tf.matmul`` multiplies matrices).

    Args:
        x: a tensor of numbers.
        y: a tensor of the same type; the two shapes broadcast.
        name: the operation's name.

    Returns:
        A tensor of the broadcast shape.
    """
    return apply("Mul", x, y, name=name)


mul = multiply


def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """A number times a tensor, ``scalar * x``.

    Args:
        scalar: a number or a tensor of rank 0.
        x: a tensor, or IndexedSlices, whose values are multiplied.
        name: the operation's name.

    Raises:
        ValueError: if ``scalar`` is not of rank 0.
    """
    from gradiente.graph.indexed_slices import IndexedSlices

    scalar = convert_to_tensor(scalar, dtype=x.dtype.base_dtype, name="scalar")
    if scalar.shape.ndims not in (0, None):
        raise ValueError(f"tf.scalar_mul takes a scalar first, but {scalar.name!r} has shape {scalar.shape}.")
    if isinstance(x, IndexedSlices):
        return IndexedSlices(apply("Mul", scalar, x.values, name=name), x.indices, x.dense_shape)
    return apply("Mul", scalar, x, name=name)


# Neg


def _neg(xp: Namespace, x: Array) -> Array:
    return xp.negative(x)


register(
    "Neg", "x: T -> y: T", types={"T": FLOATS + SIGNED + COMPLEX}, shape=same_shape, compute=_neg,
    gradient=lambda op, grad: [apply("Neg", grad)],
)  # fmt: skip


def negative(x: Any, name: str | None = None) -> Tensor:
    """The negative ``-x``, elementwise.

    Args:
        x: a tensor of signed numbers.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    return apply("Neg", x, name=name)


neg = negative


# SquaredDifference


def _squared_difference_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    x, y = op.inputs
    slope = apply("Mul", apply("Mul", grad, 2), conj(apply("Sub", x, y)))
    return [unbroadcast(slope, x, y), unbroadcast(apply("Neg", slope), y, x)]


def _squared_difference(xp: Namespace, x: Array, y: Array) -> Array:
    difference = xp.subtract(x, y)
    return (
        xp.multiply(xp.conj(difference), difference)
        if difference.dtype.kind == "c"
        else xp.square(difference)
    )


register(
    "SquaredDifference", "x: T, y: T -> z: T", types={"T": (*FLOATS, int32, int64, *COMPLEX)}, shape=broadcast_shape,
    gradient=_squared_difference_gradient, compute=_squared_difference,
)  # fmt: skip


def squared_difference(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The squared difference ``(x - y)²``, elementwise (``|x - y|²`` for complex numbers).

    Args:
        x: a tensor of numbers.
        y: a tensor of the same type; the two shapes broadcast.
        name: the operation's name.

    Returns:
        A tensor of the broadcast shape.
    """
    return apply("SquaredDifference", x, y, name=name)


# Maximum, Minimum


def _extreme_gradient(comparison: str) -> Any:
    def gradient(op: Operation, grad: Tensor) -> list[Tensor]:
        x, y = op.inputs
        zeros = apply("ZerosLike", grad)
        takes_x = apply(comparison, x, y)
        from_x = apply("SelectV2", takes_x, grad, zeros)
        from_y = apply("SelectV2", takes_x, zeros, grad)
        return [unbroadcast(from_x, x, y), unbroadcast(from_y, y, x)]

    return gradient


def _maximum(xp: Namespace, x: Array, y: Array) -> Array:
    return xp.maximum(x, y)


def _minimum(xp: Namespace, x: Array, y: Array) -> Array:
    return xp.minimum(x, y)


register(
    "Maximum", "x: T, y: T -> z: T", types={"T": REALS}, shape=broadcast_shape,
    gradient=_extreme_gradient("GreaterEqual"), compute=_maximum,
)  # fmt: skip
register(
    "Minimum", "x: T, y: T -> z: T", types={"T": REALS}, shape=broadcast_shape,
    gradient=_extreme_gradient("LessEqual"), compute=_minimum,
)  # fmt: skip


def maximum(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The larger of ``x`` and ``y``, elementwise. Where they are equal, the gradient flows to ``x``.

    Args:
        x: a tensor of real numbers.
        y: a tensor of the same type; the two shapes broadcast.
        name: the operation's name.

    Returns:
        A tensor of the broadcast shape.
    """
    return apply("Maximum", x, y, name=name)


def minimum(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The smaller of ``x`` and ``y``, elementwise. Where they are equal, the gradient flows to ``x``.

    Args:
        x: a tensor of real numbers.
        y: a tensor of the same type; the two shapes broadcast.
        name: the operation's name.

    Returns:
        A tensor of the broadcast shape.
    """
    return apply("Minimum", x, y, name=name)


# Abs


def _abs(xp: Namespace, x: Array) -> Array:
    return xp.abs(x)


register(
    "Abs", "x: T -> y: T", types={"T": FLOATS + SIGNED}, shape=same_shape, compute=_abs,
    gradient=lambda op, grad: [apply("Mul", grad, apply("Sign", op.inputs[0]))],
)  # fmt: skip


def abs(x: Any, name: str | None = None) -> Tensor:
    """The absolute value ``|x|``, elementwise; the magnitude of complex numbers.

    Args:
        x: a tensor of signed or complex numbers.
        name: the operation's name.

    Returns:
        A tensor of the shape of ``x``: of its type, or of its real type if it is complex.
    """
    x = convert_to_tensor(x, name="x")
    return complex_abs(x, name) if x.dtype.is_complex else apply("Abs", x, name=name)
