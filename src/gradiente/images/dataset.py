"""The data of a training run: images with their classes, in parts for training, validation and test."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from gradiente.images.decoded_cache import DecodedCache
from gradiente.images.loading import Unreadable
from gradiente.images.streaming import Streamed
from gradiente.images.wording import Phrase

Images: TypeAlias = npt.NDArray[np.uint8] | Streamed
"""Images of one size: in memory, or read from the disk when they are asked for.

Both have ``shape``, ``ndim``, ``dtype`` and ``len``, and answer ``images[at]`` for a number, a slice or an array of numbers
with a uint8 array.
"""


@dataclass(frozen=True)
class Part:
    """Examples of one part.

    Attributes:
        images: uint8 ``[n, height, width, channels]``: an array, or ``Streamed`` where they are more than fits in memory.
        labels: int32 ``[n]``.
        names: what the images are called in lists.
        pictures: int64 ``[n]``, the same number for images that are the same picture, or nearly; None where nobody looked.
    """

    images: Images
    labels: npt.NDArray[np.int32]
    names: Sequence[str]
    pictures: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """The data of a training run.

    Attributes:
        classes: the classes' names.
        parts: the examples of ``"train"``, ``"validation"`` and ``"test"``.
        source: what the data is, as a phrase.
        notes: what a person should know about it.
        unreadable: the files that were left out, and why.
        digests: the SHA-256 sum of each file, or of each image of an array, by part and name.
        odd: the files that something is wrong with and that are read all the same.
        cache: where decoded images are kept, if they are.
    """

    classes: tuple[str, ...]
    parts: dict[str, Part]
    source: str
    notes: tuple[Phrase, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    digests: dict[tuple[str, str], str] | None = None
    odd: tuple[Unreadable, ...] = ()
    cache: DecodedCache | None = None

    @property
    def trouble(self) -> Phrase | None:
        """What went wrong with the images since they were opened, and does not stop anything; None if nothing did."""
        return None if self.cache is None else self.cache.trouble

    def all_notes(self) -> list[Phrase]:
        """What a person should know about the data, by now."""
        return [*self.notes, *([] if self.trouble is None else [self.trouble])]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        height, width, channels = self.parts["train"].images.shape[1:]
        return height, width, channels

    def split_table(self) -> str:
        """The division as CSV: part, image, class and, for a folder, the SHA-256 sum of the file."""
        rows: list[tuple[str, str, str, str]] = []
        for name, part in self.parts.items():
            labels: list[int] = part.labels.tolist()
            for image, label in zip(part.names, labels, strict=True):
                rows.append((name, image, self.classes[label], (self.digests or {}).get((name, image), "")))
        return _csv(("part", "image", "class", "sha256"), rows)

    def quarantine_table(self) -> str:
        """The files that something is wrong with as CSV: file, reason, and whether it is used all the same."""
        rows = ((str(u.path), u.reason, "yes" if u.used else "no") for u in (*self.unreadable, *self.odd))
        return _csv(("file", "reason", "used"), rows)


def _csv(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()
