"""The epochs of a training run, and their table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to.

    Attributes:
        epoch: its number, from 1.
        step: how many steps were taken in all.
        loss: the mean loss of the epoch's batches, dropout and variations included.
        accuracy: the proportion of them that was classified right.
        validation_loss: the mean cross-entropy of the validation part after the epoch; None without such a part.
        validation_accuracy: the proportion of it that was classified right.
        seconds: how long the epoch took, without the validation.
        images_per_second: training images in a second.
    """

    epoch: int
    step: int
    loss: float
    accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    seconds: float
    images_per_second: float

    def better_than(self, other: Epoch) -> bool:
        """Whether its validation came out better: more images right, or as many with a smaller loss.

        Without a validation part the later epoch is the better one.
        """
        mine, others = self.validation_accuracy, other.validation_accuracy
        if mine is None or others is None:
            return self.epoch > other.epoch
        return (mine, -(self.validation_loss or 0.0)) > (others, -(other.validation_loss or 0.0))


def history_table(history: Sequence[Epoch]) -> str:
    """The epochs as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(Epoch)])
    for row in history:
        writer.writerow(
            ["" if v is None else f"{v:.6g}" if isinstance(v, float) else v for v in asdict(row).values()]
        )
    return text.getvalue()
