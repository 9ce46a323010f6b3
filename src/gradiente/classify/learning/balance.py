"""What makes classes of different sizes count the same: weights in the loss, or how often their images are taken."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def balanced_weights(labels: npt.NDArray[np.int32], num_classes: int) -> list[float]:
    """What an example of each class weighs: n / (classes · n_class), so that the mean weight is 1 (King and Zeng 2001).

    >>> balanced_weights(np.array([0, 0, 0, 1], np.int32), 2)
    [0.6666666666666666, 2.0]
    """
    counts = np.bincount(labels, minlength=num_classes)
    present = int((counts > 0).sum())
    return [float(len(labels) / (present * count)) if count else 0.0 for count in counts]


def balanced_positions(labels: npt.NDArray[np.int32], seed: int) -> npt.NDArray[np.int32]:
    """Positions of examples such that every class has as many as the largest one, its examples repeated evenly.

    Args:
        labels: the class of each example.
        seed: decides which examples are repeated once more than others.

    >>> balanced_positions(np.array([0, 0, 0, 1, 1], np.int32), 0).tolist().count(2)
    1
    """
    counts = np.bincount(labels)
    most = int(counts.max())
    parts: list[npt.NDArray[np.int32]] = []
    for label in np.flatnonzero(counts):
        members = np.random.default_rng((seed, int(label))).permutation(np.flatnonzero(labels == label))
        parts.append(np.resize(members, most).astype(np.int32))
    return np.sort(np.concatenate(parts))
