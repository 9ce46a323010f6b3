"""Names that ``tf.train`` had for summaries before ``tf.summary``, and the reader of event files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gradiente.formats.event_file import read_events
from gradiente.summary.writer import FileWriter, FileWriterCache

SummaryWriter = FileWriter
SummaryWriterCache = FileWriterCache


def summary_iterator(path: str | Path) -> Iterator[Any]:
    """The Event messages of an event file, in its order.

    Args:
        path: the file, ``events.out.tfevents...``.

    Raises:
        NotFoundError: if there is no such file.
        DataLossError: if it is damaged.
    """
    return read_events(path)
