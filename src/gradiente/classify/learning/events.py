"""The history as TensorBoard's event files: training and validation as two runs, so that it draws them in one chart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import gradiente as tf

if TYPE_CHECKING:
    from gradiente.classify.learning.history import Epoch

EVENTS = "events"
"""The sub-folder of a run: ``tensorboard --logdir RUN/events``."""


class Events:
    """Writes loss and accuracy of each epoch.

    Args:
        run: the run's folder.
    """

    def __init__(self, run: Path) -> None:
        self._writers = {
            name: tf.summary.FileWriter(str(run / EVENTS / name)) for name in ("train", "validation")
        }

    def epoch(self, row: Epoch) -> None:
        """Write one epoch, at its step."""
        self._write("train", row.step, row.loss, row.accuracy)
        if row.validation_loss is not None and row.validation_accuracy is not None:
            self._write("validation", row.step, row.validation_loss, row.validation_accuracy)

    def _write(self, name: str, step: int, loss: float, accuracy: float) -> None:
        summary = tf.summary.Summary()
        summary.value.add(tag="loss", simple_value=loss)
        summary.value.add(tag="accuracy", simple_value=accuracy)
        self._writers[name].add_summary(summary, step)
        self._writers[name].flush()

    def close(self) -> None:
        """Close the files."""
        for writer in self._writers.values():
            writer.close()
