"""Batch normalization on the CPU, channels-last and float32: the calls of the C++ kernels."""

from __future__ import annotations

import numpy as np

from gradiente.graph.types import Array
from gradiente.kernels.call import call_all
from gradiente.kernels.library import usable


def batch_norm_suits(x: Array, *vectors: Array) -> bool:
    """Whether the kernels can take an array whose last axis is the channels', and vectors of a value for each."""
    return x.ndim >= 2 and all(v.shape == x.shape[-1:] for v in vectors) and usable(x, *vectors)


def batch_norm(x: Array, scale: Array, offset: Array, epsilon: float) -> tuple[Array, Array, Array]:
    """Normalize: scale · (x − μ) / √(σ² + ε) + offset, μ and σ²: the mean and the variance over all axes but the last."""
    shapes = (x.shape, scale.shape, scale.shape)
    y, mean, variance = call_all(
        "gradiente_batch_norm", shapes, x, scale, offset, epsilon=np.float32(epsilon)
    )
    return y, mean, variance


def batch_norm_gradient(
    grad: Array, x: Array, scale: Array, mean: Array, variance: Array, epsilon: float
) -> tuple[Array, Array, Array]:
    """The derivatives of Σ grad · batch_norm(x, scale, offset) by x, scale and offset."""
    shapes = (x.shape, scale.shape, scale.shape)
    operands = (grad, x, scale, mean, variance)
    to_x, to_scale, to_offset = call_all(
        "gradiente_batch_norm_gradient", shapes, *operands, epsilon=np.float32(epsilon)
    )
    return to_x, to_scale, to_offset
