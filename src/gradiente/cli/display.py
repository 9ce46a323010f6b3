"""How a training run looks: a live bar on a terminal, plain lines elsewhere; and how Ctrl-C stops it."""

from __future__ import annotations

import math
import signal
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from gradiente.classify.learning.progress import Progress
from gradiente.cli.counting import Counting

if TYPE_CHECKING:
    from gradiente.classify.learning.history import Epoch


class Display(Progress):
    """Shows a training run.

    Args:
        console: where.
        quiet: show nothing but what is said with ``say``.
    """

    def __init__(self, console: Console, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._bar: Bar | None = None
        self._task = TaskID(0)
        self._epochs = 0
        self._validation = ""
        self._stopping = False
        self._handler: Any = None
        self._looking = Counting(console, "looking at the images")

    @property
    def stopping(self) -> bool:
        """Whether Ctrl-C was pressed during training."""
        return self._stopping

    def note(self, text: str) -> None:
        if not self._quiet:
            self.say(text)

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def looking(self, done: int, total: int) -> None:
        if not self._quiet:
            self._looking(done, total)

    def start(self, epochs: int, steps: int, batch: int, done: int = 0) -> None:
        self._epochs = epochs
        if threading.current_thread() is threading.main_thread():
            self._handler = signal.signal(signal.SIGINT, self._interrupt)
        if self._quiet or not self._console.is_terminal:
            return
        self._bar = Bar(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[state]}"),
            TimeRemainingColumn(compact=True),
            console=self._console,
            transient=True,
            expand=True,
        )
        self._task = self._bar.add_task(
            "",
            total=steps,
            completed=done,
            epoch=f"{1 + done * epochs // max(steps, 1)}/{epochs}",
            state="compiling",
        )
        self._bar.start()

    def steps(self, epoch: int, step: int, loss: float, accuracy: float, images_per_second: float) -> None:
        if self._bar is not None:
            learns = (
                ""
                if math.isnan(loss)
                else f"loss {loss:.4f}  train {100 * accuracy:.1f} %{self._validation}  "
            )
            state = f"{learns}{images_per_second:,.0f} images/s"
            self._bar.update(self._task, completed=step, epoch=f"{epoch}/{self._epochs}", state=state)

    def epoch(self, row: Epoch, again: bool = False) -> None:
        if row.validation_accuracy is not None:
            self._validation = f"  validation {100 * row.validation_accuracy:.1f} %"
        if self._quiet or again:
            return
        validation = (
            "" if row.validation_accuracy is None else f"  validation {100 * row.validation_accuracy:.2f} %"
        )
        self.say(
            f"epoch {row.epoch}/{self._epochs}  loss {row.loss:.4f}  train {100 * row.accuracy:.2f} %{validation}  "
            f"{row.images_per_second:,.0f} images/s  {row.seconds:.1f} s"
        )

    def end(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)
            self._handler = None

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self._stopping:
            raise KeyboardInterrupt
        self._stopping = True
        print("\nStopping after these steps. Ctrl-C again stops at once.", file=sys.stderr)


def console(on_errors: bool = False) -> Console:
    """The terminal, or with ``on_errors`` the error output, where the standard output is for JSON."""
    return Console(stderr=on_errors)
