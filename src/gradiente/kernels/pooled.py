"""Convolution, bias, rectifier and pool of 2×2 in one on the CPU, and the gradients: the calls of the C++ kernels.

The convolution's result is never in memory, nor is its gradient: in its place stands, for each window, which of its elements
was the largest and got through the rectifier. All is channels-last; images, filters and gradients are float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.types import Array
from gradiente.kernels.call import call, call_typed
from gradiente.kernels.conv import Padding, Pair, output_sizes, window_attribute

WINDOW = (2, 2)
"""Rows and columns of a window, and from one to the next."""


def _window(results: Pair, strides: Pair, dilations: Pair, padding: Padding) -> Any:
    return np.array([*window_attribute(strides, dilations, padding), *results], np.int64)


def conv2d_pool(
    x: Array, filters: Array, bias: Array, pooled: Pair, strides: Pair, dilations: Pair, padding: Padding
) -> tuple[Array, Array]:
    """max_pool(relu(conv2d(x, filters) + bias)), and which element of each window it was. Needs ``conv_usable``.

    Args:
        x: [batch, rows, columns, channels].
        filters: [rows, columns, channels, outputs].
        bias: [outputs].
        pooled: rows and columns of windows; the first lies at the first row and column, and each has an element at least.
        strides: of the convolution.
        dilations: of the convolution.
        padding: of the convolution.

    Returns:
        The largest of each window, and, as uint8, the place of the first of them, 0 to 3 row by row; 4 where the gradient
        of the rectifier is zero.
    """
    shape = (x.shape[0], *pooled, filters.shape[3])
    window = _window(output_sizes(x, filters, strides, dilations, padding), strides, dilations, padding)
    results = ((shape, "float32"), (shape, "uint8"))
    largest, places = call_typed("gradiente_pooled_conv2d", results, x, filters, bias, window=window)
    return largest, places


def pooled_input_gradient(
    grad: Array, places: Array, filters: Array, results: Pair, sizes: Pair, strides: Pair, dilations: Pair,
    padding: Padding,
) -> Array:  # fmt: skip
    """The derivative of Σ grad · conv2d_pool(x, filters, bias) with respect to x, whose rows and columns are ``sizes``.

    ``results`` are those of the convolution's result.
    """
    shape = (grad.shape[0], *sizes, filters.shape[2])
    window = _window(results, strides, dilations, padding)
    return call("gradiente_pooled_input_gradient", shape, grad, places, filters, window=window)


def pooled_filter_gradient(
    x: Array, grad: Array, places: Array, results: Pair, sizes: Pair, strides: Pair, dilations: Pair,
    padding: Padding,
) -> Array:  # fmt: skip
    """The same with respect to the filters, whose rows and columns are ``sizes``."""
    shape = (*sizes, x.shape[3], grad.shape[3])
    window = _window(results, strides, dilations, padding)
    return call("gradiente_pooled_filter_gradient", shape, x, grad, places, window=window)


def pooled_bias_gradient(grad: Array, places: Array) -> Array:
    """The same with respect to the bias."""
    return call("gradiente_pooled_sums", grad.shape[-1:], grad, places)


def pooled_gradient(grad: Array, places: Array, results: Pair) -> Array:
    """The same with respect to the convolution's result."""
    return call("gradiente_pooled_gradient", (grad.shape[0], *results, grad.shape[3]), grad, places)
