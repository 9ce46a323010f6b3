"""Depthwise convolution and its gradients on the CPU, channels-last and float32: the calls of the C++ kernels.

Images are [batch, rows, columns, channels], filters [rows, columns, channels, multiplier]. The kernels know a multiplier of
1: for another the image's channels are repeated first.
"""

from __future__ import annotations

import numpy as np

from gradiente.graph.types import Array
from gradiente.kernels.call import call
from gradiente.kernels.conv import (
    ACTIVATIONS,
    Activation,
    Padding,
    Pair,
    activated,
    conv_usable,
    output_sizes,
    window_attribute,
)  # fmt: skip


def _repeated(x: Array, multiplier: int) -> Array:
    import jax.numpy as jnp

    return jnp.repeat(x, multiplier, axis=-1) if multiplier > 1 else x


def _flat(filters: Array) -> Array:
    """The filters of all outputs, [rows, columns, channels · multiplier, 1]."""
    return filters.reshape(*filters.shape[:2], -1, 1)


def depthwise(x: Array, filters: Array, strides: Pair, dilations: Pair, padding: Padding) -> Array:
    """The convolution. Needs ``conv_usable(x, filters)``."""
    images, flat = _repeated(x, filters.shape[3]), _flat(filters)
    shape = (x.shape[0], *output_sizes(x, filters, strides, dilations, padding), flat.shape[2])
    return call(
        "gradiente_depthwise", shape, images, flat, window=window_attribute(strides, dilations, padding)
    )


def depthwise_bias_act(
    x: Array, filters: Array, bias: Array, activation: Activation = "none", strides: Pair = (1, 1),
    dilations: Pair = (1, 1), padding: Padding = ((0, 0), (0, 0)),
) -> Array:  # fmt: skip
    """activation(depthwise(x, filters) + bias) in one pass; see ``conv.conv2d_bias_act``. ``bias`` has a value an output."""
    import jax

    images, flat = _repeated(x, filters.shape[3]), _flat(filters)
    if not conv_usable(x, filters, bias):
        y = jax.lax.conv_general_dilated(
            images, flat.swapaxes(2, 3), strides, list(padding), rhs_dilation=dilations,
            dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=flat.shape[2],
        )  # fmt: skip
        return activated(y + bias, activation)
    shape = (x.shape[0], *output_sizes(x, filters, strides, dilations, padding), flat.shape[2])
    return call(
        "gradiente_depthwise_bias", shape, images, flat, bias, window=window_attribute(strides, dilations, padding),
        activation=np.int64(ACTIVATIONS.index(activation)),
    )  # fmt: skip


def depthwise_input_gradient(
    grad: Array, filters: Array, sizes: Pair, strides: Pair, dilations: Pair, padding: Padding
) -> Array:
    """The derivative of Σ grad · depthwise(x, filters) with respect to x, whose rows and columns are ``sizes``."""
    channels, multiplier = filters.shape[2:]
    shape = (grad.shape[0], *sizes, channels * multiplier)
    window = window_attribute(strides, dilations, padding)
    shares = call("gradiente_depthwise_input_gradient", shape, grad, _flat(filters), window=window)
    return shares.reshape(*shape[:3], channels, multiplier).sum(-1) if multiplier > 1 else shares


def depthwise_filter_gradient(
    x: Array, grad: Array, sizes: Pair, strides: Pair, dilations: Pair, padding: Padding
) -> Array:
    """The derivative of Σ grad · depthwise(x, filters) with respect to the filters, whose rows and columns are ``sizes``."""
    channels, outputs = x.shape[3], grad.shape[3]
    images = _repeated(x, outputs // channels)
    window = window_attribute(strides, dilations, padding)
    flat = call("gradiente_depthwise_filter_gradient", (*sizes, outputs, 1), images, grad, window=window)
    return flat.reshape(*sizes, channels, outputs // channels)
