"""Who is told how a training run goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradiente.classify.training import Epoch


class Progress:
    """Takes a training run's news and does nothing with it; the command line shows it."""

    def note(self, text: str) -> None:
        """Something that a person should know."""

    def start(self, epochs: int, steps: int, batch: int) -> None:
        """Training begins."""

    def steps(self, epoch: int, step: int, loss: float, accuracy: float, images_per_second: float) -> None:
        """Some steps were taken: ``step`` in all; loss and accuracy are those of the last ones."""

    def epoch(self, row: Epoch) -> None:
        """An epoch ended."""

    def end(self) -> None:
        """Training ended, well or not."""
