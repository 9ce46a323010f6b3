"""Pooling on the device: the C++ kernels for float32 on the CPU, the arithmetic of ``nn_pool_compute`` for everything else.

A window is given for every axis of the input; ``channels`` is the axis of the channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradiente.graph.types import Array
from gradiente.kernels import pool as kernels
from gradiente.kernels.library import usable
from gradiente.ops import nn_pool_compute as pool
from gradiente.ops.nn_window import Pads, Window


def _suits(windows: Sequence[Window], channels: int, *arrays: Array) -> bool:
    """Whether the windows move along two spatial axes only, and the kernels can take the arrays."""
    flat = windows[channels % len(windows)]
    return len(windows) == 4 and (flat.size, flat.stride) == (1, 1) and usable(*arrays)


def _spatial(channels: int) -> slice:
    return slice(2, 4) if channels == 1 else slice(1, 3)


def _arguments(windows: Sequence[Window], pads: Pads, channels: int) -> tuple[list[int], list[int], Pads]:
    spatial = windows[_spatial(channels)]
    return [w.size for w in spatial], [w.stride for w in spatial], pads[_spatial(channels)]


def _last(x: Array, channels: int) -> Array:
    import jax.numpy as jnp

    return jnp.moveaxis(x, 1, -1) if channels == 1 else x


def _back(x: Array, channels: int) -> Array:
    import jax.numpy as jnp

    return jnp.moveaxis(x, -1, 1) if channels == 1 else x


def maximum(xp: Any, x: Array, windows: Sequence[Window], pads: Pads, channels: int) -> Array:
    """See ``nn_pool_compute.maximum``."""
    if not _suits(windows, channels, x):
        return pool.maximum(xp, x, windows, pads)
    return _back(kernels.max_pool(_last(x, channels), *_arguments(windows, pads, channels)), channels)


def to_maximum(xp: Any, x: Array, grad: Array, windows: Sequence[Window], pads: Pads, channels: int) -> Array:
    """See ``nn_pool_compute.to_maximum``."""
    if not _suits(windows, channels, x, grad):
        return pool.to_maximum(xp, x, grad, windows, pads)
    arguments = _arguments(windows, pads, channels)
    return _back(kernels.max_pool_gradient(_last(x, channels), _last(grad, channels), *arguments), channels)


def average(xp: Any, x: Array, windows: Sequence[Window], pads: Pads, channels: int) -> Array:
    """See ``nn_pool_compute.average``."""
    if not _suits(windows, channels, x):
        return pool.average(xp, x, windows, pads)
    return _back(kernels.average_pool(_last(x, channels), *_arguments(windows, pads, channels)), channels)


def to_average(
    xp: Any, grad: Array, sizes: Sequence[int], windows: Sequence[Window], pads: Pads, channels: int
) -> Array:
    """See ``nn_pool_compute.to_average``."""
    if not _suits(windows, channels, grad) or 0 in sizes:
        return pool.to_average(xp, grad, sizes, windows, pads)
    shape = [sizes[0], *sizes[_spatial(channels)], sizes[channels % 4]]
    arguments = _arguments(windows, pads, channels)
    return _back(kernels.average_pool_gradient(_last(grad, channels), shape, *arguments), channels)
