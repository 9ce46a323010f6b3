"""Two-dimensional convolution and its gradients on the CPU, channels-last: the calls of the C++ kernels.

Images are [batch, rows, columns, channels], filters [rows, columns, channels, outputs]; all are float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from gradiente.graph.types import Array
from gradiente.kernels.call import call
from gradiente.kernels.choice import requested_method
from gradiente.kernels.library import usable

Activation = Literal["none", "relu", "relu6"]
ACTIVATIONS: tuple[Activation, ...] = ("none", "relu", "relu6")
"""Their places are the kernels' numbers for them."""

METHOD_NUMBERS = {None: 0, "xla": 0, "direct": 1, "winograd": 2, "fourier": 3}
"""The kernels' numbers for the methods; where XLA's is asked for, nothing calls a kernel but for its twin."""

Pair = Sequence[int]
Padding = Sequence[tuple[int, int]]


def conv_usable(*arrays: Array) -> bool:
    """Whether these kernels can take the arrays, and are not switched off by ``GRADIENTE_CONV=xla``."""
    return requested_method() != "xla" and usable(*arrays)


def window_attribute(strides: Pair, dilations: Pair, padding: Padding) -> Any:
    """The kernels' ``window`` attribute: they take the padding after the input from the output's size."""
    method = METHOD_NUMBERS[requested_method()]
    return np.array([*strides, *dilations, *(before for before, _ in padding), method], np.int64)


def output_sizes(x: Array, filters: Array, strides: Pair, dilations: Pair, padding: Padding) -> list[int]:
    """The rows and columns of the convolution's result."""
    return [
        (size + before + after - (taps - 1) * dilation - 1) // stride + 1
        for size, taps, stride, dilation, (before, after) in zip(
            x.shape[1:3], filters.shape[:2], strides, dilations, padding, strict=True
        )
    ]


def conv2d(x: Array, filters: Array, strides: Pair, dilations: Pair, padding: Padding) -> Array:
    """The convolution. Needs ``conv_usable(x, filters)``."""
    shape = (x.shape[0], *output_sizes(x, filters, strides, dilations, padding), filters.shape[3])
    return call("gradiente_conv2d", shape, x, filters, window=window_attribute(strides, dilations, padding))


def conv2d_bias_act(
    x: Array, filters: Array, bias: Array, activation: Activation = "none", strides: Pair = (1, 1),
    dilations: Pair = (1, 1), padding: Padding = ((0, 0), (0, 0)),
) -> Array:  # fmt: skip
    """activation(conv(x, filters) + bias) in one pass over the output; in plain JAX where the kernels don't suit.

    Args:
        x: [batch, rows, columns, channels].
        filters: [rows, columns, channels, outputs].
        bias: [outputs].
        activation: one of ``ACTIVATIONS``.
        strides: of rows and columns.
        dilations: of rows and columns.
        padding: zeros before and after rows and columns.
    """
    if not conv_usable(x, filters, bias):
        return activated(_conv2d_twin(x, filters, strides, dilations, padding) + bias, activation)
    shape = (x.shape[0], *output_sizes(x, filters, strides, dilations, padding), filters.shape[3])
    return call(
        "gradiente_conv2d_bias", shape, x, filters, bias, window=window_attribute(strides, dilations, padding),
        activation=np.int64(ACTIVATIONS.index(activation)),
    )  # fmt: skip


def _conv2d_twin(x: Array, filters: Array, strides: Pair, dilations: Pair, padding: Padding) -> Array:
    import jax

    return jax.lax.conv_general_dilated(
        x, filters, strides, list(padding), rhs_dilation=dilations, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def activated(x: Array, activation: Activation) -> Array:
    """The activation in plain JAX."""
    import jax.numpy as jnp

    if activation == "none":
        return x
    return jnp.maximum(x, 0) if activation == "relu" else jnp.clip(x, 0, 6)


def conv2d_input_gradient(
    grad: Array, filters: Array, sizes: Pair, strides: Pair, dilations: Pair, padding: Padding
) -> Array:
    """The derivative of Σ grad · conv2d(x, filters) with respect to x, whose rows and columns are ``sizes``."""
    shape = (grad.shape[0], *sizes, filters.shape[2])
    window = window_attribute(strides, dilations, padding)
    return call("gradiente_conv2d_input_gradient", shape, grad, filters, window=window)


def conv2d_filter_gradient(
    x: Array, grad: Array, sizes: Pair, strides: Pair, dilations: Pair, padding: Padding
) -> Array:
    """The derivative of Σ grad · conv2d(x, filters) with respect to the filters, whose rows and columns are ``sizes``."""
    shape = (*sizes, x.shape[3], grad.shape[3])
    window = window_attribute(strides, dilations, padding)
    return call("gradiente_conv2d_filter_gradient", shape, x, grad, window=window)
