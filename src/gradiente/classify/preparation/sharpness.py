"""How many pixels of an image are its own: images that were scaled up have fewer than it seems."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

_LEAST = 0.03
"""The share of the coarse detail's strength from which on finer detail counts as being there."""


def effective_side(images: Any) -> int:
    """The side, in pixels, to which images could be scaled down without losing detail.

    In a photograph each octave of spatial frequency carries about the same energy (its power falls as 1/f²; Field 1987).
    What was scaled up, or is out of focus, has next to none above the frequency that it came with. The energy per octave
    is taken in rings of the spectrum, half an octave wide, relative to that of the coarsest; the middle one of all images
    decides.

    Args:
        images: uint8 ``[n, side, side, channels]``.

    Returns:
        Twice the highest frequency that is there, in cycles an image: at least 4, at most ``side``.
    """
    side = images.shape[1]
    grey = images.astype(np.float64).mean(-1)
    window = np.hanning(side)
    grey = (grey - grey.mean((1, 2), keepdims=True)) * window[:, None] * window
    power = np.abs(np.fft.fft2(grey)) ** 2
    frequency = np.fft.fftfreq(side) * side
    radius = np.hypot(frequency[:, None], frequency)
    edges = [2.0 * 2 ** (k / 2) for k in range(int(2 * math.log2(max(side, 4) / 4)) + 1)]
    rings = [power[:, (radius >= low) & (radius < high)].sum(1) for low, high in pairwise(edges)]
    if not rings:
        return int(side)
    energy = np.stack(rings, 1)
    coarse = energy[:, :4].mean(1, keepdims=True)
    there = energy[coarse[:, 0] > 0] / coarse[coarse[:, 0] > 0]
    if not there.size:
        return int(side)
    strong = np.flatnonzero(np.median(there, 0) >= _LEAST)
    return int(min(side, 2 * edges[int(strong[-1]) + 1])) if len(strong) else 4
