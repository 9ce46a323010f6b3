"""Where each output pixel of a resized image looks in the input, along one axis: TensorFlow 1's rules."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from gradiente.graph.types import Array

Vector = np.ndarray[Any, Any]

_TABLE = 1 << 10
"""Steps between two pixels in TensorFlow's table of the cubic kernel."""

_CATMULL_ROM, _LEGACY_CUBIC = -0.5, -0.75


class Grid(NamedTuple):
    """How the pixels of an output axis lie on those of an input axis."""

    input_size: int
    output_size: int
    align_corners: bool
    half_pixel_centers: bool

    @property
    def scale(self) -> np.float32:
        """Input pixels for one output pixel."""
        if self.align_corners and self.output_size > 1:
            return np.float32(self.input_size - 1) / np.float32(self.output_size - 1)
        return np.float32(self.input_size) / np.float32(self.output_size)

    @property
    def positions(self) -> Vector:
        """The place of each output pixel on the input axis, float32."""
        out = np.arange(self.output_size, dtype=np.float32)
        if self.half_pixel_centers:
            return (out + np.float32(0.5)) * self.scale - np.float32(0.5)
        return out * self.scale


def nearest(grid: Grid) -> Vector:
    """The nearest input pixel of each output pixel."""
    out = np.arange(grid.output_size, dtype=np.float32)
    at = (out + np.float32(0.5)) * grid.scale if grid.half_pixel_centers else out * grid.scale
    if grid.align_corners:
        at = at + np.float32(0.5)
    return np.clip(np.floor(at).astype(np.int64), 0, grid.input_size - 1)


def linear(grid: Grid) -> tuple[Vector, Vector, Vector]:
    """The two input pixels beside each output pixel, and the weight of the second."""
    at = grid.positions
    below = np.floor(at)
    last = grid.input_size - 1
    lower = np.clip(below.astype(np.int64), 0, last)
    upper = np.clip(np.ceil(at).astype(np.int64), 0, last)
    return lower, upper, (at - below).astype(np.float32)


@lru_cache(maxsize=2)
def _cubic_table(a: float) -> tuple[Vector, Vector]:
    """The kernel at distances 0 to 1 and 1 to 2, in float32."""
    near = np.arange(_TABLE + 1) / _TABLE
    x = near.astype(np.float32).astype(np.float64)
    first = ((a + 2) * x - (a + 3)) * x * x + 1
    x = x + 1
    second = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return first.astype(np.float32), second.astype(np.float32)


def cubic(grid: Grid) -> tuple[Vector, Vector]:
    """The four input pixels around each output pixel, and their weights: ``[output, 4]`` each."""
    first, second = _cubic_table(_CATMULL_ROM if grid.half_pixel_centers else _LEGACY_CUBIC)
    at = grid.positions
    below = np.floor(at)
    step = np.rint((at - below) * np.float32(_TABLE)).astype(np.int64)
    wanted = below.astype(np.int64)[:, None] + np.arange(-1, 3)
    indices = np.clip(wanted, 0, grid.input_size - 1)
    weights = np.stack([second[step], first[step], first[_TABLE - step], second[_TABLE - step]], axis=1)
    if grid.half_pixel_centers:
        weights = np.where(indices == wanted, weights, np.float32(0))
        total = weights.sum(axis=1, keepdims=True)
        weights = np.where(np.abs(total) >= 1e-30, weights / np.where(total == 0, 1, total), weights)
    return indices, weights.astype(np.float32)


@lru_cache(maxsize=256)
def area(grid: Grid) -> Array:
    """The share of each input pixel in each output pixel: a matrix ``[output, input]``."""
    scale = grid.scale
    matrix = np.zeros((grid.output_size, grid.input_size), np.float32)
    for out in range(grid.output_size):
        start, end = np.float32(out) * scale, np.float32(out + 1) * scale
        for i in range(int(np.floor(start)), int(np.ceil(end))):
            left, right = max(np.float32(i), start), min(np.float32(i + 1), end)
            matrix[out, min(max(i, 0), grid.input_size - 1)] += right - left
    return matrix / scale


def nearest_matrix(grid: Grid) -> Array:
    """``nearest`` as a matrix ``[output, input]``."""
    return _matrix(grid, nearest(grid)[:, None], np.ones((grid.output_size, 1), np.float32))


def linear_matrix(grid: Grid) -> Array:
    """``linear`` as a matrix ``[output, input]``."""
    lower, upper, weight = linear(grid)
    return _matrix(grid, np.stack([lower, upper], 1), np.stack([1 - weight, weight], 1))


def cubic_matrix(grid: Grid) -> Array:
    """``cubic`` as a matrix ``[output, input]``."""
    return _matrix(grid, *cubic(grid))


def _matrix(grid: Grid, indices: Vector, weights: Vector) -> Array:
    matrix = np.zeros((grid.output_size, grid.input_size), np.float32)
    np.add.at(matrix, (np.arange(grid.output_size)[:, None], indices), weights)
    return matrix
