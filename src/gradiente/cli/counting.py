"""A bar for work that counts its way to an end, such as looking at every image."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar


class Counting:
    """Called with how many of how many are done, shows a bar on a terminal until all are; elsewhere nothing.

    Args:
        console: where.
        what: what is being done.
    """

    def __init__(self, console: Console, what: str) -> None:
        self._console, self._what = console, what
        self._bar: Bar | None = None
        self._task = TaskID(0)

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None:
            if not self._console.is_terminal or done >= total:
                return
            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(bar_width=None),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(compact=True),
                console=self._console,
                transient=True,
                expand=True,
            )
            self._task = self._bar.add_task(self._what, total=total, rate="")
            self._bar.start()
        speed = self._bar.tasks[self._task].speed
        self._bar.update(self._task, completed=done, rate="" if speed is None else f"{speed:,.0f}/s")
        if done >= total:
            self.end()

    def end(self) -> None:
        """Take the bar away, also when the work failed."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
