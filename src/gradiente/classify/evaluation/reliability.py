"""How far probabilities are off: how often predictions of each degree of certainty are right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_BINS = 15


@dataclass(frozen=True)
class Bin:
    """The images whose highest probability lies in one interval.

    Attributes:
        low: the interval's lower end.
        high: its upper end.
        count: the number of images.
        confidence: the mean of their highest probabilities.
        accuracy: the proportion of them that was classified right.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability(
    probabilities: npt.NDArray[np.float32], labels: npt.NDArray[np.integer[Any]], bins: int = _BINS
) -> list[Bin]:
    """How often predictions of each degree of certainty are right, for the intervals that have any.

    Args:
        probabilities: what was predicted, ``[n, classes]``.
        labels: the right classes, ``[n]``.
        bins: the number of equal intervals between 0 and 1.

    >>> reliability(np.array([[.9, .1], [.8, .2]], np.float32), np.array([0, 1]), 4)[0].accuracy
    0.5
    """
    sure, right = probabilities.max(1, initial=0), probabilities.argmax(1) == labels
    # A network whose loss ran away is sure of nothing: its probabilities are no numbers, and in no interval.
    at = np.minimum((np.where(np.isfinite(sure), sure, -1) * bins).astype(int), bins - 1)
    found: list[Bin] = []
    for i in range(bins):
        here = at == i
        if count := int(here.sum()):
            found.append(
                Bin(i / bins, (i + 1) / bins, count, float(sure[here].mean()), float(right[here].mean()))
            )
    return found


def calibration_error(
    probabilities: npt.NDArray[np.float32], labels: npt.NDArray[np.integer[Any]], bins: int = _BINS
) -> float:
    """The expected calibration error: Σ (images in the bin / n) · |accuracy − confidence| (Guo et al. 2017, equation 3).

    Args:
        probabilities: what was predicted, ``[n, classes]``.
        labels: the right classes, ``[n]``.
        bins: the number of equal intervals between 0 and 1.

    >>> round(calibration_error(np.array([[.9, .1], [.8, .2]], np.float32), np.array([0, 1]), 1), 6)
    0.35
    """
    rows = reliability(probabilities, labels, bins)
    return sum(row.count * abs(row.accuracy - row.confidence) for row in rows) / max(1, len(labels))
