"""How good predictions are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gradiente.classify.evaluation.reliability import calibration_error


@dataclass(frozen=True)
class Scores:
    """What comparing predictions with the right classes gives.

    Attributes:
        classes: the classes' names.
        confusion: how many images of class [row] were taken for class [column].
        loss: the mean cross-entropy, in nats.
        calibration_error: by how much the probabilities are off, see ``calibration_error``.
    """

    classes: tuple[str, ...]
    confusion: npt.NDArray[np.int64]
    loss: float
    calibration_error: float = 0.0

    @property
    def count(self) -> int:
        """The number of images."""
        return int(self.confusion.sum())

    @property
    def correct(self) -> int:
        """How many of them were classified right."""
        return int(np.trace(self.confusion))

    @property
    def accuracy(self) -> float:
        """P: the proportion that was classified right."""
        return self.correct / self.count if self.count else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Between which values the accuracy on all such images lies, with 95 % confidence (Wilson's interval)."""
        n, p, z = self.count, self.accuracy, 1.959964
        if not n:
            return 0.0, 1.0
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)

    def per_class(self) -> list[dict[str, Any]]:
        """Precision, recall, F1 and number of images of each class; a quotient 0/0 is 0."""
        taken, there = self.confusion.sum(0), self.confusion.sum(1)
        rows: list[dict[str, Any]] = []
        for i, name in enumerate(self.classes):
            right = float(self.confusion[i, i])
            precision = right / taken[i] if taken[i] else 0.0
            recall = right / there[i] if there[i] else 0.0
            f1 = 2 * precision * recall / (precision + recall) if right else 0.0
            rows.append(
                {
                    "class": name,
                    "precision": float(precision),
                    "recall": float(recall),
                    "f1": float(f1),
                    "count": int(there[i]),
                }
            )
        return rows

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the classes that have images: small classes count as much as large ones."""
        values = [row["f1"] for row in self.per_class() if row["count"]]
        return sum(values) / len(values) if values else 0.0

    def as_json(self) -> dict[str, Any]:
        """The scores as a JSON object."""
        return {
            "accuracy": self.accuracy,
            "interval95": list(self.interval),
            "correct": self.correct,
            "count": self.count,
            "loss": self.loss,
            "calibration_error": self.calibration_error,
            "macro_f1": self.macro_f1,
            "per_class": self.per_class(),
            "confusion": self.confusion.tolist(),
        }


def score(
    classes: Sequence[str], labels: npt.NDArray[np.integer[Any]], probabilities: npt.NDArray[np.float32]
) -> Scores:
    """Compare predictions with the right classes.

    Args:
        classes: the classes' names.
        labels: the right classes, ``[n]``.
        probabilities: what was predicted, ``[n, classes]``.

    >>> score(["cat", "dog"], np.array([0, 1, 1]), np.array([[.9, .1], [.6, .4], [.2, .8]], np.float32)).correct
    2
    """
    confusion = np.zeros((len(classes), len(classes)), np.int64)
    np.add.at(confusion, (labels, probabilities.argmax(1)), 1)
    right = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    loss = float(-np.log(np.maximum(right, 1e-30)).mean()) if len(labels) else 0.0
    return Scores(tuple(classes), confusion, loss, calibration_error(probabilities, labels))
