"""Batch normalization on the CPU, channels-last and float32: the calls of the C++ kernels."""

from __future__ import annotations

import numpy as np

from gradiente.graph.types import Array
from gradiente.kernels.call import call_all
from gradiente.kernels.library import usable


def batch_norm_suits(x: Array, *vectors: Array) -> bool:
    """Whether the kernels can take an array whose last axis is the channels', and vectors of a value for each."""
    return x.ndim >= 2 and all(v.shape == x.shape[-1:] for v in vectors) and usable(x, *vectors)


def batch_norm(
    x: Array, scale: Array, offset: Array, epsilon: float, other: Array | None = None, rectified: bool = False
) -> tuple[Array, Array, Array]:
    """Normalize: scale · (x − μ) / √(σ² + ε) + offset, μ and σ²: the mean and the variance over all axes but the last.

    Args:
        x: [..., channels].
        scale: [channels].
        offset: [channels].
        epsilon: ε.
        other: of x's shape: what is added to the result.
        rectified: whether max(result, 0) is wanted.

    Returns:
        The result, μ and σ².
    """
    shapes = (x.shape, scale.shape, scale.shape)
    attributes = {"epsilon": np.float32(epsilon), "rectified": rectified}
    if other is None:
        y, mean, variance = call_all("gradiente_batch_norm", shapes, x, scale, offset, **attributes)
    else:
        y, mean, variance = call_all(
            "gradiente_batch_norm_add", shapes, x, scale, offset, other, **attributes
        )
    return y, mean, variance


def batch_norm_gradient(
    grad: Array,
    x: Array,
    scale: Array,
    mean: Array,
    variance: Array,
    epsilon: float,
    offset: Array | None = None,
) -> tuple[Array, Array, Array]:
    """The derivatives of Σ grad · batch_norm(x, scale, offset) by x, scale and offset; with ``offset`` those of
    Σ grad · max(batch_norm(x, scale, offset), 0).
    """
    shapes = (x.shape, scale.shape, scale.shape)
    number = np.float32(epsilon)
    if offset is None:
        operands = (grad, x, scale, mean, variance)
        made = call_all("gradiente_batch_norm_gradient", shapes, *operands, epsilon=number)
    else:
        operands = (grad, x, scale, offset, mean, variance)
        made = call_all("gradiente_batch_norm_relu_gradient", shapes, *operands, epsilon=number)
    to_x, to_scale, to_offset = made
    return to_x, to_scale, to_offset
