"""Convolution and its two gradients over NumPy: the windows of the input against the filter, for any number of axes.

Inputs are channels-last. The filter is [*window, in, out]; depthwise, [*window, in, multiplier].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from gradiente.graph.types import Array
from gradiente.ops.nn_window import Pads, Window


def _padded(x: Array, pads: Pads) -> Array:
    if not any(any(p) for p in pads):
        return x
    return np.pad(x, ((0, 0), *pads, (0, 0)))


def _offsets(
    windows: Sequence[Window], outputs: Sequence[int]
) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """Each position in the window, with the slices of the padded input that all windows see there."""
    for position in np.ndindex(*(w.size for w in windows)):
        yield (
            position,
            tuple(
                slice(p * w.dilation, p * w.dilation + (o - 1) * w.stride + 1, w.stride)
                for p, w, o in zip(position, windows, outputs, strict=True)
            ),
        )


def _patches(x: Array, windows: Sequence[Window], pads: Pads) -> Array:
    """A view [batch, *outputs, channels, *window] of everything that the windows see."""
    axes = tuple(range(1, len(windows) + 1))
    views = np.lib.stride_tricks.sliding_window_view(
        _padded(x, pads), tuple(w.extent for w in windows), axis=axes
    )
    strides = tuple(slice(None, None, w.stride) for w in windows)
    return views[(slice(None), *strides, slice(None), *(slice(None, None, w.dilation) for w in windows))]


def conv(x: Array, filters: Array, windows: Sequence[Window], pads: Pads) -> Array:
    """y[n, o, m] = Σ_{k, c} x[n, S·o + D·k − P, c] · filters[k, c, m]."""
    n = len(windows)
    patches = _patches(x, windows, pads)
    window_axes = [n + 1, *range(n + 2, 2 * n + 2)]
    return np.tensordot(patches, filters, (window_axes, [n, *range(n)]))


def conv_filter_gradient(x: Array, grad: Array, windows: Sequence[Window], pads: Pads) -> Array:
    """The derivative of Σ grad · conv(x, filters) with respect to the filters."""
    n = len(windows)
    shared = list(range(n + 1))
    product = np.tensordot(_patches(x, windows, pads), grad, (shared, shared))
    return np.moveaxis(product, 0, n)


def conv_input_gradient(
    grad: Array, filters: Array, sizes: Sequence[int], windows: Sequence[Window], pads: Pads
) -> Array:
    """The derivative of Σ grad · conv(x, filters) with respect to x, whose spatial sizes are ``sizes``."""
    n = len(windows)
    shares = np.tensordot(grad, filters, ([n + 1], [n + 1]))
    rows = (slice(None),) * (n + 1)
    return _spread(lambda position: shares[rows + position], grad, filters.shape[n], sizes, windows, pads)


def _spread(
    share: Callable[[tuple[int, ...]], Array],
    grad: Array,
    channels: int,
    sizes: Sequence[int],
    windows: Sequence[Window],
    pads: Pads,
) -> Array:
    """Add what each position of the window contributes to the input elements that it saw, then cut off the padding."""
    outputs = grad.shape[1:-1]
    needed = [
        max(s + b + a, (o - 1) * w.stride + w.extent)
        for s, (b, a), o, w in zip(sizes, pads, outputs, windows, strict=True)
    ]
    total: Array = np.zeros((grad.shape[0], *needed, channels), grad.dtype)
    for position, slices in _offsets(windows, outputs):
        total[(slice(None), *slices)] += share(position)
    return total[(slice(None), *(slice(b, b + s) for s, (b, _) in zip(sizes, pads, strict=True)))]


def depthwise(x: Array, filters: Array, windows: Sequence[Window], pads: Pads) -> Array:
    """y[n, o, c·M + m] = Σ_k x[n, S·o + D·k − P, c] · filters[k, c, m]."""
    n = len(windows)
    patches = _patches(x, windows, pads)
    outputs = patches.shape[1 : n + 1]
    total = np.zeros((*patches.shape[: n + 2], filters.shape[-1]), x.dtype)
    for position in np.ndindex(*(w.size for w in windows)):
        total += patches[(slice(None),) * (n + 2) + position][..., None] * filters[position]
    return total.reshape(x.shape[0], *outputs, -1)


def depthwise_filter_gradient(
    x: Array, grad: Array, windows: Sequence[Window], pads: Pads, multiplier: int
) -> Array:
    """The derivative of Σ grad · depthwise(x, filters) with respect to the filters."""
    n = len(windows)
    patches = _patches(x, windows, pads)
    channels = x.shape[-1]
    split = grad.reshape(*grad.shape[:-1], channels, multiplier)
    total = np.zeros((*(w.size for w in windows), channels, multiplier), x.dtype)
    rows = (slice(None),) * (n + 2)
    for position in np.ndindex(*(w.size for w in windows)):
        seen = np.ascontiguousarray(patches[rows + position]).reshape(-1, channels)
        total[position] = np.einsum("rc,rcm->cm", seen, split.reshape(-1, channels, multiplier))
    return total


def depthwise_input_gradient(
    grad: Array, filters: Array, sizes: Sequence[int], windows: Sequence[Window], pads: Pads
) -> Array:
    """The derivative of Σ grad · depthwise(x, filters) with respect to x, whose spatial sizes are ``sizes``."""
    channels, multiplier = filters.shape[-2:]
    split = grad.reshape(*grad.shape[:-1], channels, multiplier)
    return _spread(lambda position: (split * filters[position]).sum(-1), grad, channels, sizes, windows, pads)
