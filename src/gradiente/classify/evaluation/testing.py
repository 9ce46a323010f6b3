"""The test phase: a model, and images that it has not seen."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gradiente.classify.evaluation.scores import Scores, score
from gradiente.classify.model.classifier import Classifier, load
from gradiente.classify.preparation.datasets import open_test_part
from gradiente.images.loading import Unreadable


@dataclass(frozen=True)
class Tested:
    """The outcome of a test phase.

    Attributes:
        scores: the comparison of the predictions with the right classes.
        names: the images.
        labels: the positions of their right classes.
        probabilities: what was predicted, ``[n, classes]``.
        notes: what a person should know about the data.
        unreadable: files that can't be read, and why.
        seen: how many of the images the model was trained or chosen with.
    """

    scores: Scores
    names: Sequence[str]
    labels: npt.NDArray[np.int32]
    probabilities: npt.NDArray[np.float32]
    notes: tuple[str, ...]
    unreadable: tuple[Unreadable, ...]
    seen: int

    def as_json(self) -> dict[str, Any]:
        """The outcome as one JSON object."""
        classes = self.scores.classes
        predicted = self.probabilities.argmax(1)
        return {
            **self.scores.as_json(),
            "classes": list(classes),
            "seen_in_training": self.seen,
            "images": [
                {
                    "name": name,
                    "class": classes[label],
                    "predicted": classes[guess],
                    "probability": float(row[guess]),
                }
                for name, label, guess, row in zip(
                    self.names, self.labels, predicted, self.probabilities, strict=True
                )
            ],
            "unreadable": [{"file": str(u.path), "reason": u.reason} for u in self.unreadable],
            "notes": list(self.notes),
        }


def test(run: str | Path, data: str | Path, categories: str | Path | None = None) -> Tested:  # noqa: PT028 - no pytest test
    """Let a run's model classify labelled images, and compare.

    Args:
        run: the run's folder.
        data: ``"mnist"``, or a folder of images as for training; of one that is divided, the ``test`` part.
        categories: the file that says the images' classes, where it is not found by itself.

    Raises:
        RunNotFoundError, ModelError: there is no such model, or its files can't be used.
        ClassesDifferError: the data has classes that the model lacks.
        DataError: another subclass says what is wrong with the data.
    """
    model: Classifier = load(run)
    said = model.description
    part, notes, unreadable, digests = open_test_part(
        str(data), None if categories is None else str(categories), said.classes, said.shape, said.resize
    )
    probabilities = model.probabilities(part.images)
    known = _used(Path(run))
    seen = sum(digests.get(name, "") in known for name in part.names) if known else 0
    scores = score(model.classes, part.labels, probabilities)
    return Tested(scores, part.names, part.labels, probabilities, notes, unreadable, seen)


def _used(run: Path) -> set[str]:
    """The SHA-256 sums of the files that the run learnt from or was chosen by."""
    path = run / "split.csv"
    if not path.is_file():
        return set()
    with open(path, encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return {
            row["sha256"] for row in rows if row.get("part") in ("train", "validation") and row.get("sha256")
        }
