"""A collection of labelled images: found and looked at, then divided into parts, then loaded in one size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gradiente.images.dataset import Dataset, Images, Part
from gradiente.images.decoded_cache import DecodedCache
from gradiente.images.duplicates import Duplicates
from gradiente.images.labelled import PARTS
from gradiente.images.loading import Resize, Unreadable, UnreadableError
from gradiente.images.memory import fits_in_memory
from gradiente.images.problems import NoImagesError
from gradiente.images.readers import ArrayReader, Reader
from gradiente.images.splitting import split
from gradiente.images.streaming import Streamed
from gradiente.images.wording import Phrase
from gradiente.images.workers import in_parallel

_FEW = 3
"""Of fewer images for test than this, a person is told."""


@dataclass(frozen=True)
class Collection:
    """Labelled images that were found and looked at, but not yet loaded.

    Attributes:
        root: the folder or file that they are in.
        layout: what was recognised, as a phrase.
        classes: the classes' names, in natural order.
        names: what the images are called in lists.
        labels: int32 ``[n]``, positions in ``classes``.
        sizes: int32 ``[n, 2]``, height and width of each image.
        grey: bool ``[n]``, which images have no colours.
        given: the part that each image lies in, or None.
        duplicates: which images are the same picture.
        notes: what a person should know about the data.
        unreadable: the files that were left out, and why.
        odd: the files that something is wrong with and that are read all the same.
        reader: gives the pixels.
        kinds: what each image is, such as ``"JPEG RGB"``.
        small: a small picture of each, uint8 ``[n, 16, 16, 3]``.
        digests: the SHA-256 sum of each file, or of each image of an array.
        parts: the images of each part, once the collection is divided.
    """

    root: Path
    layout: Phrase
    classes: tuple[str, ...]
    names: list[str]
    labels: npt.NDArray[np.int32]
    sizes: npt.NDArray[np.int32]
    grey: npt.NDArray[np.bool_]
    given: Sequence[str | None]
    duplicates: Duplicates
    notes: tuple[Phrase, ...]
    unreadable: tuple[Unreadable, ...]
    odd: tuple[Unreadable, ...]
    reader: Reader
    kinds: Sequence[str]
    small: npt.NDArray[np.uint8]
    digests: list[str]
    parts: dict[str, npt.NDArray[np.intp]] | None = field(default=None)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def source(self) -> Phrase:
        """What the data is, as a phrase."""
        return Phrase("source", root=str(self.root), layout=self.layout)

    @property
    def counts(self) -> dict[str, int]:
        """The number of images of each class."""
        counts: list[int] = np.bincount(self.labels, minlength=len(self.classes)).tolist()
        return dict(zip(self.classes, counts, strict=True))

    @property
    def channels(self) -> int:
        """1 if all images are grey, else 3."""
        return 1 if self.grey.all() else 3

    def natural_size(self, longest: int = 64) -> tuple[int, int]:
        """Height and width: all images' own where they have one size, else a square of their middle shorter side.

        Args:
            longest: the most that either may be.
        """
        if len(self.sizes) and (self.sizes == self.sizes[0]).all() and self.sizes.max() <= longest:
            return int(self.sizes[0, 0]), int(self.sizes[0, 1])
        side = max(1, min(longest, int(np.median(self.sizes.min(1)))))
        return side, side

    def sample(
        self, count: int, height: int, width: int, channels: int, *, seed: int = 0, resize: Resize = "stretch"
    ) -> npt.NDArray[np.uint8]:
        """Some images, of the training part once the collection is divided: to look at before deciding about all.

        Returns:
            uint8 ``[at most count, height, width, channels]``.
        """
        among = np.arange(len(self)) if self.parts is None else self.parts["train"]
        chosen = np.random.default_rng(seed).permutation(among)[:count]
        return Streamed(self.reader, chosen, (height, width, channels), resize)[:]

    def split(self, seed: int = 0, validation: float = 0.15, test: float = 0.2) -> Collection:
        """The collection divided into parts: as it is given, else in the same proportions in each class.

        The same pictures stay in one part. A part that is not given is taken from what is given for training.

        Args:
            seed: decides the division.
            validation: the proportion for validation.
            test: the proportion for test.

        Raises:
            TooFewImagesError: a class has fewer than two images, or none for training.
        """
        given = self.given if any(self.given) else None
        keys = self.duplicates.keys
        names = np.array(split(self.labels.tolist(), keys, self.classes, seed, given, test, validation))
        parts = {part: np.flatnonzero(names == part) for part in PARTS}
        tested: list[int] = np.bincount(self.labels[parts["test"]], minlength=len(self.classes)).tolist()
        few = [
            Phrase("class_has", name=repr(name), number=count)
            for name, count in zip(self.classes, tested, strict=True)
            if count < _FEW
        ]
        note = Phrase("few_for_test", classes=few)
        return replace(self, parts=parts, notes=(*self.notes, note) if few else self.notes)

    def for_test(self) -> Collection:
        """The collection with the part given for test as its only part; where none is given, with all images in it."""
        given = np.array([part == "test" for part in self.given])
        return replace(self, parts={"test": np.flatnonzero(given) if given.any() else np.arange(len(self))})

    def load(
        self, height: int, width: int, channels: int, resize: Resize = "stretch", memory: int | None = None
    ) -> Dataset:
        """The images of each part in one size: in memory where they fit, else read from the disk when they are asked for.

        Args:
            height: the rows of the images.
            width: their columns.
            channels: 1 for grey, 3 for RGB.
            resize: how they are brought to that size: see ``Resize``.
            memory: how many bytes of memory they may take; a share of what is free without it.

        Raises:
            ValueError: the collection is not divided yet.
            NoImagesError: none can be read.
        """
        if self.parts is None:
            raise ValueError("Divide the collection first: collection.split(seed).load(...).")
        shape = (height, width, channels)
        unreadable = list(self.unreadable)
        in_memory = fits_in_memory(len(self) * height * width * channels, memory)
        notes, cache = list(self.notes), None
        if not in_memory and not _holds(self.reader, shape):
            cache, note = _cache(self.reader, shape, resize)
            notes.append(note)
        parts: dict[str, Part] = {}
        for name, chosen in self.parts.items():
            images: Images = Streamed(self.reader, chosen, shape, resize, cache)
            if in_memory:
                images, kept, late = _in_memory(self.reader, chosen, shape, resize)
                chosen, unreadable = chosen[kept], unreadable + late
            positions: list[int] = chosen.tolist()
            keys = np.array([self.duplicates.keys[i] for i in positions], np.int64)
            parts[name] = Part(images, self.labels[chosen], [self.names[i] for i in positions], keys)
        if not any(map(len, parts.values())):
            first = unreadable[0]
            raise NoImagesError(
                f"None of the {len(self):,} images can be read: {first.path}: {first.reason}."
            )
        sums = dict(zip(self.names, self.digests, strict=True))
        digests = {(part, name): sums[name] for part, found in parts.items() for name in found.names}
        return Dataset(
            self.classes, parts, self.source, tuple(notes), tuple(unreadable), digests, self.odd, cache
        )


def _holds(reader: Reader, shape: tuple[int, int, int]) -> bool:
    """Whether a reader has its images in memory already, in this very size."""
    return isinstance(reader, ArrayReader) and len(reader) > 0 and reader.pixels(0).shape == shape


def _cache(reader: Reader, shape: tuple[int, int, int], resize: Resize) -> tuple[DecodedCache | None, Phrase]:
    """The cache of decoded images, where there can be one, and what to say about it."""
    count, gib = len(reader), len(reader) * math.prod(shape) / 2**30
    size: dict[str, Any] = {"count": count, "shape": "x".join(map(str, shape)), "gib": gib}
    try:
        cache = DecodedCache(f"{reader.identity} {resize}", count, shape)
    except OSError as error:
        return None, Phrase("from_disk_anew", **size, why=error.strerror or str(error))
    if cache.room < count:
        return cache, Phrase("from_disk_some", **size, kept=cache.room, path=str(cache.path))
    return cache, Phrase("from_disk", **size, path=str(cache.path))


def _in_memory(
    reader: Reader, chosen: npt.NDArray[np.intp], shape: tuple[int, int, int], resize: Resize
) -> tuple[npt.NDArray[np.uint8], list[int], list[Unreadable]]:
    """The images, which of those chosen they are, and those that can't be read after all."""
    everything = list(range(len(chosen)))
    if isinstance(reader, ArrayReader) and _holds(reader, shape):
        return reader.whole(chosen), everything, []
    images = np.empty((len(chosen), *shape), np.uint8)

    def put(row: int) -> Unreadable | None:
        try:
            images[row] = reader.read(int(chosen[row]), *shape, resize)
        except UnreadableError as error:
            return Unreadable(reader.place(int(chosen[row])), error.reason)
        return None

    problems = in_parallel(put, everything)
    kept = [row for row in everything if problems[row] is None]
    late = [problem for problem in problems if problem is not None]
    return (images if not late else images[kept]), kept, late
