"""Dense layers on the CPU: products of matrices, bias gradients and the softmax cross-entropy; the calls of the C++ kernels.

All are float32. Each function is for arrays that its ``suits`` accepts; the twin is what the operation does with jax.numpy.
"""

from __future__ import annotations

import numpy as np

from gradiente.graph.types import Array
from gradiente.kernels.call import call, call_all
from gradiente.kernels.conv import ACTIVATIONS, Activation
from gradiente.kernels.library import library, usable

_NARROW = 16
"""Columns of a product below which XLA leaves many of a vector's lanes idle."""

_FEW = range(8, 129)
"""How many of its rows, or of the terms of its sums, a product has where XLA's own does not get up to speed."""

_SOME = range(8, 257)
"""The same of rows where neither operand is turned."""

_LARGE = 1 << 16
"""Numbers in a right operand from which on reading it takes longer than the call, where few rows are multiplied."""


def product_suits(a: Array, b: Array, turn_a: bool = False, turn_b: bool = False) -> bool:
    """Whether ``product`` can take the matrices, and is faster than XLA's own product by measurement: for few columns, where
    rows, or terms, are few, and where the left operand is turned.

    Where only the instruction set makes the difference, it is AVX-512's: XLA's product uses what the processor has, whatever
    ``GRADIENTE_CPU`` says, and with AVX2 the kernels were slower by half.
    """
    if a.ndim != 2 or b.ndim != 2 or not usable(a, b):
        return False
    depth, rows = a.shape if turn_a else a.shape[::-1]
    columns, inner = b.shape if turn_b else b.shape[::-1]
    if depth != inner:
        return False
    if columns < _NARROW or (turn_a and columns == _NARROW):
        return True
    if not (turn_a or turn_b) and rows < _FEW.start:
        return depth * columns >= _LARGE
    if not _has_avx512() or columns == _NARROW:
        return False
    if turn_a:
        return True
    return rows >= _FEW.start and (depth < _FEW.stop or rows in (_FEW if turn_b else _SOME))


def _has_avx512() -> bool:
    kernels = library()
    return kernels is not None and kernels.cpu == "avx512"


def product(
    a: Array, b: Array, turn_a: bool = False, turn_b: bool = False, bias: Array | None = None,
    activation: Activation = "none",
) -> Array:  # fmt: skip
    """activation(a·b + bias), of a's or b's transpose where ``turn_a`` or ``turn_b`` says so.

    Args:
        a: [rows, depth].
        b: [depth, columns].
        turn_a: a is [depth, rows] instead.
        turn_b: b is [columns, depth] instead.
        bias: [columns].
        activation: only together with a bias.
    """
    shape = (a.shape[1 if turn_a else 0], b.shape[0 if turn_b else 1])
    turned = {"a_turned": turn_a, "b_turned": turn_b}
    if bias is None:
        return call("gradiente_product", shape, a, b, **turned)
    number = np.int64(ACTIVATIONS.index(activation))
    return call("gradiente_product_bias", shape, a, b, bias, **turned, activation=number)


def column_sums_suit(x: Array) -> bool:
    """Whether ``column_sums`` can take the array."""
    return x.ndim >= 2 and usable(x)


def column_sums(x: Array) -> Array:
    """The sum over all axes but the last: a bias's gradient."""
    return call("gradiente_column_sums", x.shape[-1:], x)


def cross_entropy_suits(logits: Array, labels: Array) -> bool:
    """Whether ``cross_entropy`` can take the arrays."""
    return logits.ndim == 2 and logits.shape == labels.shape and usable(logits, labels)


def cross_entropy(logits: Array, labels: Array, weights: Array | None = None) -> tuple[Array, Array]:
    """Of softmax(logits) against labels, both [rows, classes]: each row's loss, and its derivative by the logits.

    With ``weights``, one for each row, the derivative is that of the sum of the weighted losses.
    """
    shapes = (logits.shape[:1], logits.shape)
    if weights is None:
        loss, gradient = call_all("gradiente_cross_entropy", shapes, logits, labels)
    else:
        loss, gradient = call_all("gradiente_weighted_cross_entropy", shapes, logits, labels, weights)
    return loss, gradient


def gather_rows_suits(x: Array, which: Array) -> bool:
    """Whether ``gather_rows`` can take the arrays, and is faster than XLA's gather, which goes element by element."""
    return x.ndim >= 2 and which.ndim == 1 and which.dtype == "int32" and bool(which.size) and usable(x)


def gather_rows(x: Array, which: Array) -> Array:
    """x[which]: some rows of an array of two axes or more. Positions outside of it read a row at its edge."""
    return call("gradiente_gather_rows", (*which.shape, *x.shape[1:]), x, which)
