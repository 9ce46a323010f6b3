"""Convolution and its two gradients under XLA, for any number of axes; channels-last like ``nn_conv_numpy``.

In two dimensions, float32 on the CPU goes to the C++ kernels. What follows is for everything else, and is their twin.

XLA's transposed convolution is slow on the CPU when the input has few channels; there the gradients are written as a
matrix product and a sum of shifted copies instead.

Every convolution is written in the one layout for which XLA has a fast kernel on the CPU: outside of loops XLA would turn
the others round itself; inside them it does not, and computes them element by element.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from gradiente.graph.types import Array
from gradiente.kernels import conv as kernels
from gradiente.kernels import depthwise as depthwise_kernels
from gradiente.kernels.library import on_cpu
from gradiente.ops.nn_window import Pads, Window

_FEW_CHANNELS = 2
"""Up to so many input channels, the filter's gradient is one matrix product on the CPU."""


def _for_kernels(windows: Sequence[Window], *arrays: Array) -> bool:
    return len(windows) == 2 and kernels.conv_usable(*arrays)


def _steps(windows: Sequence[Window]) -> tuple[list[int], list[int]]:
    return [w.stride for w in windows], [w.dilation for w in windows]


def _dimension_numbers(lhs: str, rhs: str, out: str, spatial: int) -> tuple[str, str, str]:
    """Layout names for any number of spatial axes: ``.`` stands for all of them."""
    axes = "DHW0123456789"[:spatial]
    return lhs.replace(".", axes), rhs.replace(".", axes), out.replace(".", axes)


def conv(x: Array, filters: Array, windows: Sequence[Window], pads: Pads, groups: int = 1) -> Array:
    """See ``nn_conv_numpy.conv``; with ``groups`` equal to the channels it is depthwise."""
    import jax
    import jax.numpy as jnp

    if groups == 1 and _for_kernels(windows, x, filters):
        return kernels.conv2d(x, filters, *_steps(windows), pads)
    if on_cpu() and groups == 1 and all(w.size == w.stride == 1 for w in windows) and not np.any(pads):
        # A 1x1 convolution is a matrix product, and XLA's product is the faster one on the CPU.
        return jnp.tensordot(x, filters.reshape(filters.shape[-2:]), 1)
    return jax.lax.conv_general_dilated(
        x, filters, [w.stride for w in windows], pads, rhs_dilation=[w.dilation for w in windows],
        dimension_numbers=_dimension_numbers("N.C", ".IO", "N.C", len(windows)), feature_group_count=groups,
    )  # fmt: skip


def conv_input_gradient(
    grad: Array, filters: Array, sizes: Sequence[int], windows: Sequence[Window], pads: Pads
) -> Array:
    """See ``nn_conv_numpy.conv_input_gradient``."""
    import jax

    if _for_kernels(windows, grad, filters):
        return kernels.conv2d_input_gradient(grad, filters, sizes, *_steps(windows), pads)
    if on_cpu() and 2 * filters.shape[-2] <= filters.shape[-1]:
        return _spread(grad, filters, sizes, windows, pads)
    n = len(windows)
    turned = jax.lax.rev(filters, tuple(range(n))).swapaxes(-1, -2)
    return jax.lax.conv_general_dilated(
        grad, turned, [1] * n, _transposed_pads(grad, sizes, windows, pads), lhs_dilation=[w.stride for w in windows],
        rhs_dilation=[w.dilation for w in windows],
        dimension_numbers=_dimension_numbers("N.C", ".IO", "N.C", n),
    )  # fmt: skip


def _transposed_pads(
    grad: Array, sizes: Sequence[int], windows: Sequence[Window], pads: Pads
) -> list[tuple[int, int]]:
    """The padding with which a convolution over the spread-out gradient gives back the input's sizes."""
    spread = [(o - 1) * w.stride + 1 for o, w in zip(grad.shape[1:-1], windows, strict=True)]
    return [
        (w.extent - 1 - before, size + before - s)
        for w, (before, _), size, s in zip(windows, pads, sizes, spread, strict=True)
    ]


def _spread(
    grad: Array, filters: Array, sizes: Sequence[int], windows: Sequence[Window], pads: Pads
) -> Array:
    """The input's gradient as one matrix product, whose columns are shifted to where the window saw them and added."""
    import jax
    import jax.numpy as jnp

    n = len(windows)
    shares = jnp.tensordot(grad, filters, ([n + 1], [n + 1]))
    total: Any = 0
    for position in product(*(range(w.size) for w in windows)):
        share = shares[(slice(None),) * (n + 1) + position]
        config = [(0, 0, 0)]
        for p, w, (before, _), size, o in zip(position, windows, pads, sizes, grad.shape[1:-1], strict=True):
            start = p * w.dilation - before
            config.append((start, size - start - ((o - 1) * w.stride + 1), w.stride - 1))
        total = total + jax.lax.pad(share, np.zeros((), share.dtype), [*config, (0, 0, 0)])
    return total


def conv_filter_gradient(x: Array, grad: Array, windows: Sequence[Window], pads: Pads) -> Array:
    """See ``nn_conv_numpy.conv_filter_gradient``."""
    import jax
    import jax.numpy as jnp

    n = len(windows)
    if _for_kernels(windows, x, grad):
        return kernels.conv2d_filter_gradient(x, grad, [w.size for w in windows], *_steps(windows), pads)
    if on_cpu() and x.shape[-1] <= _FEW_CHANNELS:
        return _columns_product(x, grad, windows, pads)
    by_channel = jax.lax.conv_general_dilated(
        x.swapaxes(0, -1), jnp.moveaxis(grad, 0, -2), [w.dilation for w in windows],
        _filter_pads(x, grad, windows, pads), rhs_dilation=[w.stride for w in windows],
        dimension_numbers=_dimension_numbers("N.C", ".IO", "N.C", n),
    )  # fmt: skip
    return jnp.moveaxis(by_channel, 0, -2)


def _filter_pads(x: Array, grad: Array, windows: Sequence[Window], pads: Pads) -> list[tuple[int, int]]:
    """The padding with which the input, convolved with the spread-out gradient, gives the filter's sizes."""
    return [
        (before, (o - 1) * w.stride + w.extent - size - before)
        for size, o, w, (before, _) in zip(x.shape[1:-1], grad.shape[1:-1], windows, pads, strict=True)
    ]


def _columns_product(x: Array, grad: Array, windows: Sequence[Window], pads: Pads) -> Array:
    import jax
    import jax.numpy as jnp

    n = len(windows)
    zero = np.zeros((), x.dtype)
    padded = jax.lax.pad(
        x, zero, [(0, 0, 0), *((b, a, 0) for b, a in _filter_pads(x, grad, windows, pads)), (0, 0, 0)]
    )
    columns: list[Array] = []
    for position in product(*(range(w.size) for w in windows)):
        slices = tuple(
            slice(p * w.dilation, p * w.dilation + (o - 1) * w.stride + 1, w.stride)
            for p, w, o in zip(position, windows, grad.shape[1:-1], strict=True)
        )
        columns.append(padded[(slice(None), *slices)])
    shared = list(range(n + 1))
    flat = jnp.tensordot(jnp.concatenate(columns, axis=-1), grad, (shared, shared))
    return flat.reshape(*(w.size for w in windows), x.shape[-1], grad.shape[-1])


def depthwise(x: Array, filters: Array, windows: Sequence[Window], pads: Pads) -> Array:
    """See ``nn_conv_numpy.depthwise``."""
    if _for_kernels(windows, x, filters):
        return depthwise_kernels.depthwise(x, filters, *_steps(windows), pads)
    if on_cpu():
        return _sum_of_shifts(x, filters, windows, [(*pad, 0) for pad in pads])
    channels, multiplier = filters.shape[-2:]
    flat = filters.reshape(*filters.shape[:-2], 1, channels * multiplier)
    return conv(x, flat, windows, pads, groups=channels)


def _sum_of_shifts(
    x: Array, filters: Array, windows: Sequence[Window], pads: Sequence[tuple[int, int, int]]
) -> Array:
    """A depthwise convolution as the sum, over the window's positions, of the shifted input times a row of the filter.

    XLA makes one loop of it that runs along the channels, 8 to 20 times as fast on the CPU as its grouped convolution.

    Args:
        x: ``[batch, ..., channels]``.
        filters: ``[*window, channels, multiplier]``.
        windows: the window along each axis.
        pads: zeros before, after and between the elements of each axis.
    """
    import jax

    channels, multiplier = filters.shape[-2:]
    # The barrier keeps XLA from working out the padding anew for every position.
    lax: Any = jax.lax  # the barrier has no types
    padded = lax.optimization_barrier(lax.pad(x, np.zeros((), x.dtype), [(0, 0, 0), *pads, (0, 0, 0)]))
    if multiplier > 1:
        padded = padded[..., None]
    sizes = [(p - w.extent) // w.stride + 1 for p, w in zip(padded.shape[1:], windows, strict=False)]
    total: Any = 0
    for position in product(*(range(w.size) for w in windows)):
        slices = tuple(
            slice(p * w.dilation, p * w.dilation + (o - 1) * w.stride + 1, w.stride)
            for p, w, o in zip(position, windows, sizes, strict=True)
        )
        weights = filters[position] if multiplier > 1 else filters[position][:, 0]
        total = total + padded[(slice(None), *slices)] * weights
    return total.reshape(x.shape[0], *sizes, channels * multiplier)


def depthwise_input_gradient(
    grad: Array, filters: Array, sizes: Sequence[int], windows: Sequence[Window], pads: Pads
) -> Array:
    """See ``nn_conv_numpy.depthwise_input_gradient``."""
    import jax

    if _for_kernels(windows, grad, filters):
        return depthwise_kernels.depthwise_input_gradient(grad, filters, sizes, *_steps(windows), pads)
    n = len(windows)
    channels, multiplier = filters.shape[-2:]
    if on_cpu() and multiplier == 1:
        spread = [
            (*pad, w.stride - 1)
            for pad, w in zip(_transposed_pads(grad, sizes, windows, pads), windows, strict=True)
        ]
        dense = [replace(w, stride=1) for w in windows]
        return _sum_of_shifts(grad, jax.lax.rev(filters, tuple(range(n))), dense, spread)
    # One group a channel: its multiplier outputs are the group's inputs here, so the filter is [*window, M, C].
    turned = jax.lax.rev(filters, tuple(range(n))).swapaxes(-1, -2)
    return jax.lax.conv_general_dilated(
        grad, turned, [1] * n, _transposed_pads(grad, sizes, windows, pads), lhs_dilation=[w.stride for w in windows],
        rhs_dilation=[w.dilation for w in windows], feature_group_count=channels,
        dimension_numbers=_dimension_numbers("N.C", ".IO", "N.C", n),
    )  # fmt: skip


def depthwise_filter_gradient(
    x: Array, grad: Array, windows: Sequence[Window], pads: Pads, multiplier: int
) -> Array:
    """See ``nn_conv_numpy.depthwise_filter_gradient``: for each position of the window, one sum of products."""
    import jax
    import jax.numpy as jnp

    if _for_kernels(windows, x, grad):
        sizes = [w.size for w in windows]
        return depthwise_kernels.depthwise_filter_gradient(x, grad, sizes, *_steps(windows), pads)
    channels = x.shape[-1]
    zero = np.zeros((), x.dtype)
    padded = jax.lax.pad(
        x, zero, [(0, 0, 0), *((b, a, 0) for b, a in _filter_pads(x, grad, windows, pads)), (0, 0, 0)]
    )
    split = grad.reshape(*grad.shape[:-1], channels, multiplier)
    sums: list[Array] = []
    for position in product(*(range(w.size) for w in windows)):
        slices = tuple(
            slice(p * w.dilation, p * w.dilation + (o - 1) * w.stride + 1, w.stride)
            for p, w, o in zip(position, windows, grad.shape[1:-1], strict=True)
        )
        sums.append(
            jnp.sum(padded[(slice(None), *slices)][..., None] * split, axis=tuple(range(len(windows) + 1)))
        )
    return jnp.stack(sums).reshape(*(w.size for w in windows), channels, multiplier)
