"""Two-dimensional pooling and its gradients on the CPU, channels-last and float32: the calls of the C++ kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradiente.graph.types import Array
from gradiente.kernels.call import call

Pair = Sequence[int]
Padding = Sequence[tuple[int, int]]


def _window(sizes: Pair, strides: Pair, padding: Padding) -> Any:
    return np.array([*sizes, *strides, *(before for before, _ in padding)], np.int64)


def _pooled(x: Array, sizes: Pair, strides: Pair, padding: Padding) -> tuple[int, ...]:
    outputs = (
        (length + before + after - size) // stride + 1
        for length, size, stride, (before, after) in zip(x.shape[1:3], sizes, strides, padding, strict=True)
    )
    return (x.shape[0], *outputs, x.shape[3])


def max_pool(x: Array, sizes: Pair, strides: Pair, padding: Padding) -> Array:
    """The largest value that each window sees; padding is never the largest."""
    shape = _pooled(x, sizes, strides, padding)
    return call("gradiente_max_pool", shape, x, window=_window(sizes, strides, padding))


def max_pool_gradient(
    x: Array, grad: Array, sizes: Pair, strides: Pair, padding: Padding, relu: bool = False
) -> Array:
    """The derivative of Σ grad · max_pool(x): each window's goes to the first of its largest values.

    With ``relu``, x is a ReLU's result, and what comes back is the gradient of the ReLU's input.
    """
    window = _window(sizes, strides, padding)
    return call("gradiente_max_pool_gradient", x.shape, x, grad, window=window, relu=relu)


def average_pool(x: Array, sizes: Pair, strides: Pair, padding: Padding) -> Array:
    """The mean of what each window sees; padding does not count."""
    shape = _pooled(x, sizes, strides, padding)
    return call("gradiente_average_pool", shape, x, window=_window(sizes, strides, padding))


def average_pool_gradient(
    grad: Array, shape: Sequence[int], sizes: Pair, strides: Pair, padding: Padding
) -> Array:
    """The derivative of Σ grad · average_pool(x), where x has that shape."""
    return call("gradiente_average_pool_gradient", shape, grad, window=_window(sizes, strides, padding))
