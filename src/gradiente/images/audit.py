"""What a person should know about a collection of images before training with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gradiente.images.collection import Collection
from gradiente.images.duplicates import is_flat
from gradiente.images.wording import Phrase

TINY = 16
"""An image with fewer rows or columns than this is called tiny."""

IMBALANCED = 4.0
"""Classes are called imbalanced where the largest has more than so many times the images of the smallest."""


_SAID_OTHERWISE = frozenset({"copies", "near_copies", "classes_differ", "parts_differ", "another_format"})
"""The notes that tell of groups of duplicates and of odd files, which an audit has."""


@dataclass(frozen=True)
class Group:
    """Images that are the same picture.

    Attributes:
        members: the images.
        exact: whether all are equal byte for byte.
        classes: the classes that they are of.
        parts: the parts that they lie in; empty where the data is in no parts.
    """

    members: tuple[int, ...]
    exact: bool
    classes: tuple[str, ...]
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Audit:
    """The findings.

    Attributes:
        collection: what was looked at.
        counts: the number of images by class, then by part (``""`` where the data is in no parts).
        kinds: how many images there are of each format and mode.
        smallest: height and width of the image with the fewest pixels.
        median: the median height and width.
        largest: height and width of the image with the most pixels.
        groups: images that are there more than once.
        blank: images that show nothing.
        tiny: images with fewer than ``TINY`` rows or columns.
        imbalance: how many times the images of the smallest class the largest has.
    """

    collection: Collection
    counts: dict[str, dict[str, int]]
    kinds: dict[str, int]
    smallest: tuple[int, int]
    median: tuple[int, int]
    largest: tuple[int, int]
    groups: tuple[Group, ...]
    blank: tuple[int, ...]
    tiny: tuple[int, ...]
    imbalance: float

    @property
    def notes(self) -> list[Phrase]:
        """What a person should know beside what the other findings say."""
        return [note for note in self.collection.notes if note.key not in _SAID_OTHERWISE]

    @property
    def conflicting(self) -> tuple[Group, ...]:
        """The groups whose images are of different classes."""
        return tuple(group for group in self.groups if len(group.classes) > 1)

    @property
    def across(self) -> tuple[Group, ...]:
        """The groups that lie in more than one part, which makes the accuracy look better than it is."""
        return tuple(group for group in self.groups if len(group.parts) > 1)

    def as_json(self) -> dict[str, Any]:
        """The findings as one JSON object."""
        data = self.collection
        names = data.names
        return {
            "data": str(data.root),
            "layout": data.layout,
            "images": len(data),
            "classes": self.counts,
            "kinds": self.kinds,
            "sizes": {"smallest": self.smallest, "median": self.median, "largest": self.largest},
            "grey": int(data.grey.sum()),
            "imbalance": self.imbalance,
            "unreadable": [{"file": str(u.path), "reason": u.reason} for u in data.unreadable],
            "odd": [{"file": str(u.path), "reason": u.reason} for u in data.odd],
            "duplicates": [
                {"images": [names[i] for i in group.members], "exact": group.exact, "classes": list(group.classes),
                 "parts": list(group.parts)} for group in self.groups
            ],
            "duplicates_complete": data.duplicates.complete,
            "blank": [names[i] for i in self.blank],
            "tiny": [names[i] for i in self.tiny],
            "notes": list(data.notes),
        }  # fmt: skip


def audit(collection: Collection) -> Audit:
    """Look at a collection as a whole."""
    sizes = collection.sizes
    pixels = sizes[:, 0].astype(np.int64) * sizes[:, 1]
    labels: list[int] = collection.labels.tolist()
    counts: dict[str, dict[str, int]] = {name: {} for name in collection.classes}
    for (label, part), count in sorted(
        Counter(zip(labels, [p or "" for p in collection.given], strict=True)).items()
    ):
        counts[collection.classes[label]][part] = count
    totals = [sum(parts.values()) for parts in counts.values()]
    equal = set(collection.duplicates.exact)
    groups = [
        Group(
            members,
            members in equal,
            tuple(collection.classes[i] for i in sorted({labels[i] for i in members})),
            tuple(sorted({part for i in members if (part := collection.given[i])})),
        )
        for members in collection.duplicates.groups()
    ]
    blank = _numbers(is_flat(collection.small))
    return Audit(
        collection, counts, dict(Counter(collection.kinds).most_common()), _size(sizes[pixels.argmin()]),
        _size(np.median(sizes, axis=0)), _size(sizes[pixels.argmax()]), tuple(groups), blank,
        _numbers(sizes.min(1) < TINY), max(totals) / max(1, min(totals)),
    )  # fmt: skip


def _size(pair: Sequence[float] | npt.NDArray[Any]) -> tuple[int, int]:
    return int(pair[0]), int(pair[1])


def _numbers(chosen: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    numbers: list[int] = np.flatnonzero(chosen).tolist()
    return tuple(numbers)
