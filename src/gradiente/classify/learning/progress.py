"""Who is told how a training run goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradiente.classify.learning.history import Epoch


class Progress:
    """Takes a training run's news and does nothing with it; the command line shows it."""

    def note(self, text: str) -> None:
        """Something that a person should know."""

    def looking(self, done: int, total: int) -> None:
        """The data is being looked at: so many of so many files."""

    def start(self, epochs: int, steps: int, batch: int, done: int = 0) -> None:
        """Training begins, or goes on after ``done`` of its steps."""

    def steps(self, epoch: int, step: int, loss: float, accuracy: float, images_per_second: float) -> None:
        """Some steps were taken: ``step`` in all; loss and accuracy are those of the last ones."""

    def epoch(self, row: Epoch, again: bool = False) -> None:
        """An epoch ended; with ``again``, it did so before the run was taken up again."""

    def end(self) -> None:
        """Training ended, well or not."""
