"""Convolution and pooling in plain loops, as their definitions read: the references of the op table's rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def same_pads(size: int, window: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    extent = (window - 1) * dilation + 1
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + extent - size, 0)
    return total // 2, total - total // 2


def pads_of(
    padding: Any,
    sizes: Sequence[int],
    windows: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
) -> list[tuple[int, int]]:
    if padding == "VALID":
        return [(0, 0)] * len(sizes)
    if padding == "SAME":
        return [same_pads(*a) for a in zip(sizes, windows, strides, dilations, strict=True)]
    return [(int(a), int(b)) for a, b in padding]


def outputs_of(
    sizes: Sequence[int], windows: Sequence[int], strides: Sequence[int], dilations: Sequence[int], pads: Any
) -> list[int]:
    return [
        (w + sum(p) - ((f - 1) * d + 1)) // s + 1
        for w, f, s, d, p in zip(sizes, windows, strides, dilations, pads, strict=True)
    ]


def _seen(
    out: Sequence[int], windows: Sequence[int], strides: Sequence[int], dilations: Sequence[int], pads: Any,
    sizes: Sequence[int],
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:  # fmt: skip
    """The positions inside one window, with the input elements that lie there."""
    for k in product(*map(range, windows)):
        at = tuple(
            o * s + i * d - p[0] for o, s, i, d, p in zip(out, strides, k, dilations, pads, strict=True)
        )
        if all(0 <= a < w for a, w in zip(at, sizes, strict=True)):
            yield k, at


def conv(
    x: Array, w: Array, strides: Sequence[int], padding: Any, dilations: Sequence[int] | None = None,
    depthwise: bool = False,
) -> Array:  # fmt: skip
    """Channels-last convolution of any number of spatial axes."""
    sizes, windows = x.shape[1:-1], w.shape[:-2]
    dilations = dilations or [1] * len(sizes)
    pads = pads_of(padding, sizes, windows, strides, dilations)
    outputs = outputs_of(sizes, windows, strides, dilations, pads)
    channels = w.shape[-2] * w.shape[-1] if depthwise else w.shape[-1]
    y = np.zeros((x.shape[0], *outputs, channels), x.dtype)
    for out in product(*map(range, outputs)):
        for k, at in _seen(out, windows, strides, dilations, pads, sizes):
            pixel = x[(slice(None), *at)]
            if depthwise:
                y[(slice(None), *out)] += (pixel[:, :, None] * w[k]).reshape(x.shape[0], -1)
            else:
                y[(slice(None), *out)] += pixel @ w[k]
    return y


def conv_transpose(
    x: Array,
    w: Array,
    shape: Sequence[int],
    strides: Sequence[int],
    padding: Any,
    dilations: Sequence[int] | None = None,
) -> Array:
    """The transpose of ``conv``: ``w`` is [*window, out, in]."""
    sizes, windows = shape[1:-1], w.shape[:-2]
    dilations = dilations or [1] * len(sizes)
    pads = pads_of(padding, sizes, windows, strides, dilations)
    y = np.zeros(tuple(shape), x.dtype)
    for out in product(*map(range, x.shape[1:-1])):
        for k, at in _seen(out, windows, strides, dilations, pads, sizes):
            y[(slice(None), *at)] += x[(slice(None), *out)] @ w[k].T
    return y


def pool(
    x: Array, windows: Sequence[int], strides: Sequence[int], padding: Any, reduce: Callable[..., Array]
) -> Array:
    """Channels-last pooling of any number of spatial axes; padding is not seen."""
    sizes = x.shape[1:-1]
    ones = [1] * len(sizes)
    pads = pads_of(padding, sizes, windows, strides, ones)
    outputs = outputs_of(sizes, windows, strides, ones, pads)
    y = np.zeros((x.shape[0], *outputs, x.shape[-1]), x.dtype)
    for out in product(*map(range, outputs)):
        values = [x[(slice(None), *at)] for _, at in _seen(out, windows, strides, ones, pads, sizes)]
        y[(slice(None), *out)] = reduce(np.stack(values), axis=0)
    return y


def first(x: Array) -> Array:
    """A channels-first array made channels-last."""
    return np.moveaxis(x, 1, -1)


def last(x: Array) -> Array:
    """The reverse of ``first``."""
    return np.moveaxis(x, -1, 1)
