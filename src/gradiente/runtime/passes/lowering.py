"""Which kernel a fused step calls: from its parts and its inputs' values to those of its outputs, or None to run the parts.

On a GPU, for other types than float32, and for values whose shapes don't fit (which is for the parts to say), there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradiente.kernels import batch_norm, conv, dense, depthwise, pool
from gradiente.kernels.library import usable
from gradiente.ops.nn_batch_norm import statistics, suits_kernels
from gradiente.ops.nn_window import Window, explicit_pairs, output_sizes, padding_of
from gradiente.runtime.passes.program import Fused

_SPATIAL = (1, 2)


_ACTIVATIONS: dict[str, conv.Activation] = {"Relu": "relu", "Relu6": "relu6"}


def _activation(step: Fused) -> conv.Activation:
    return _ACTIVATIONS.get(step.parts[-1].type, "none")


def conv2d_bias_activation(step: Fused, x: Any, filters: Any, bias: Any) -> Sequence[Any] | None:
    """Convolution, bias and rectifier."""
    geometry = convolution_geometry(step, x, filters, bias)
    if geometry is None or bias.shape != filters.shape[3:]:
        return None
    return [conv.conv2d_bias_act(x, filters, bias, _activation(step), *geometry)]


def depthwise_bias_activation(step: Fused, x: Any, filters: Any, bias: Any) -> Sequence[Any] | None:
    """Depthwise convolution, bias and rectifier."""
    geometry = convolution_geometry(step, x, filters, bias)
    if geometry is None or bias.shape != (filters.shape[2] * filters.shape[3],):
        return None
    return [depthwise.depthwise_bias_act(x, filters, bias, _activation(step), *geometry)]


Geometry = tuple[conv.Pair, conv.Pair, conv.Padding]
"""Strides, dilations and padding."""


def convolution_geometry(step: Fused, x: Any, filters: Any, bias: Any) -> Geometry | None:
    """The geometry; None where the kernels don't suit."""
    if x.ndim != 4 or filters.ndim != 4 or x.shape[3] != filters.shape[2]:
        return None
    if not conv.conv_usable(x, filters, bias):
        return None
    found = geometry_and_results(step.parts[0].attrs, x.shape[1:3], filters.shape[:2])
    return None if found is None else found[0]


def geometry_and_results(
    attrs: Mapping[str, Any], sizes: Sequence[int], taps: Sequence[int]
) -> tuple[Geometry, tuple[int, ...]] | None:
    """Of a convolution of images of ``sizes`` with a filter of ``taps``, the geometry, and the result's rows and columns.

    None where they don't fit.
    """
    strides, dilations = attrs["strides"][1:3], attrs["dilations"][1:3]
    windows = [Window(*w) for w in zip(taps, strides, dilations, strict=True)]
    explicit = explicit_pairs(attrs, _SPATIAL)
    try:
        results = output_sizes(sizes, windows, attrs["padding"], explicit)
    except ValueError:
        return None
    padding = padding_of(sizes, windows, attrs["padding"], explicit)
    return (strides, dilations, padding), tuple(size or 0 for size in results)


def matmul_bias_activation(step: Fused, a: Any, b: Any, bias: Any) -> Sequence[Any] | None:
    """Matrix product, bias and rectifier."""
    turn_a, turn_b = (step.parts[0].attrs[f"transpose_{name}"] for name in "ab")
    if not dense.product_suits(a, b, turn_a, turn_b) or bias.shape != (b.shape[0 if turn_b else 1],):
        return None
    return [dense.product(a, b, turn_a, turn_b, bias, _activation(step))] if usable(bias) else None


def weighted_entropy_gradient(step: Fused, logits: Any, labels: Any, weights: Any) -> Sequence[Any] | None:
    """The derivative of the sum of weighted cross-entropies by the logits."""
    del step
    if not dense.cross_entropy_suits(logits, labels) or weights.shape != (logits.shape[0], 1):
        return None
    return [dense.cross_entropy(logits, labels, weights)[1]] if weights.dtype == logits.dtype else None


def max_pool_relu_gradient(step: Fused, x: Any, y: Any, grad: Any) -> Sequence[Any] | None:
    """The gradient of the rectifier and of the maximum over windows."""
    attrs = step.parts[0].attrs
    if attrs["data_format"] != "NHWC" or x.ndim != 4 or grad.shape != y.shape or not usable(x, grad):
        return None
    sizes, strides = attrs["ksize"], attrs["strides"]
    if (sizes[0], sizes[3], strides[0], strides[3]) != (1, 1, 1, 1):
        return None
    windows = [Window(*w) for w in zip(sizes[1:3], strides[1:3], strict=True)]
    explicit = explicit_pairs(attrs, range(4))[1:3]
    try:
        expected = output_sizes(x.shape[1:3], windows, attrs["padding"], explicit)
    except ValueError:
        return None
    if grad.shape != (x.shape[0], *expected, x.shape[3]):
        return None
    padding = padding_of(x.shape[1:3], windows, attrs["padding"], explicit)
    return [pool.max_pool_gradient(x, grad, sizes[1:3], strides[1:3], padding, relu=True)]


def batch_norm_activation(
    step: Fused, x: Any, scale: Any, offset: Any, mean: Any, variance: Any, *other: Any
) -> Sequence[Any] | None:
    """Batch normalization, what is added to it, and rectifier."""
    norm = step.parts[0]
    if not suits_kernels(norm, x, scale, offset) or any(o.shape != x.shape or not usable(o) for o in other):
        return None
    added, rectified = other[0] if other else None, step.parts[-1].type == "Relu"
    y, *moments = batch_norm.batch_norm(x, scale, offset, norm.attrs["epsilon"], added, rectified)
    return [y, *statistics(norm, x, mean, variance, *moments)]


def batch_norm_relu_gradient(
    step: Fused, grad: Any, x: Any, scale: Any, mean: Any, variance: Any, offset: Any
) -> Sequence[Any] | None:
    """The gradient of the rectifier and of the batch normalization before it."""
    norm = step.parts[-1]
    if grad.shape != x.shape or not usable(grad) or not suits_kernels(norm, x, scale, mean, variance, offset):
        return None
    made = batch_norm.batch_norm_gradient(grad, x, scale, mean, variance, norm.attrs["epsilon"], offset)
    return [*made, scale[:0], scale[:0]]
