"""A collection of labelled images: found and looked at, then divided into parts, then loaded in one size."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gradiente.images import mnist
from gradiente.images.arrays import LabelledArrays, class_table, find_arrays
from gradiente.images.dataset import Dataset, Images, Part
from gradiente.images.decoded_cache import DecodedCache
from gradiente.images.duplicates import CLOSE_SIDE, Duplicates, find_duplicates
from gradiente.images.labelled import PARTS, LabelledFiles, some
from gradiente.images.layouts import find_labelled
from gradiente.images.loading import Resize, Unreadable
from gradiente.images.memory import fits_in_memory
from gradiente.images.problems import NoImagesError, OneClassError
from gradiente.images.readers import ArrayReader, FileReader, Reader
from gradiente.images.splitting import split
from gradiente.images.streaming import Streamed
from gradiente.images.survey import Surveyed, survey
from gradiente.images.workers import in_parallel

MNIST = "mnist"
"""The name of the data that comes with the package."""

_MNIST_VALIDATION = 5000

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
        small: a small picture of each, uint8 ``[n, 16, 16, 3]``; None where they were not made.
        digests: for files, the SHA-256 sum of each.
        parts: the images of each part, once the collection is divided.
    """

    root: Path
    layout: str
    classes: tuple[str, ...]
    names: list[str]
    labels: npt.NDArray[np.int32]
    sizes: npt.NDArray[np.int32]
    grey: npt.NDArray[np.bool_]
    given: Sequence[str | None]
    duplicates: Duplicates
    notes: tuple[str, ...]
    unreadable: tuple[Unreadable, ...]
    odd: tuple[Unreadable, ...]
    reader: Reader
    kinds: list[str]
    small: npt.NDArray[np.uint8] | None = None
    digests: list[str] | None = None
    parts: dict[str, npt.NDArray[np.intp]] | None = field(default=None)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def source(self) -> str:
        """What the data is, as a phrase."""
        return f"{self.root}: {self.layout}" if self.layout else str(self.root)

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
            f"{name!r} has {count}" for name, count in zip(self.classes, tested, strict=True) if count < _FEW
        ]
        note = f"Classes with few images for test: {some(few)}. What the test says about them is hardly more than chance."
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
        if not in_memory:
            cache, note = _cache(self.reader, shape, resize)
            notes.append(note)
        parts: dict[str, Part] = {}
        for name, chosen in self.parts.items():
            images: Images = Streamed(self.reader, chosen, shape, resize, cache)
            if in_memory:
                images, kept, late = _in_memory(self.reader, chosen, shape, resize)
                chosen, unreadable = chosen[kept], unreadable + late
            positions: list[int] = chosen.tolist()
            parts[name] = Part(images, self.labels[chosen], [self.names[i] for i in positions])
        if not any(map(len, parts.values())):
            raise NoImagesError(f"None of the {len(self):,} images can be read: {unreadable[0]}.")
        digests: dict[tuple[str, str], str] | None = None
        if self.digests is not None:
            sums = dict(zip(self.names, self.digests, strict=True))
            digests = {(part, name): sums[name] for part, found in parts.items() for name in found.names}
        return Dataset(self.classes, parts, self.source, tuple(notes), tuple(unreadable), digests, self.odd)


def _cache(reader: Reader, shape: tuple[int, int, int], resize: Resize) -> tuple[DecodedCache | None, str]:
    """The cache of decoded images, where there can be one, and what to say about it."""
    size = f"{len(reader):,} images of {'x'.join(map(str, shape))} take {len(reader) * math.prod(shape) / 2**30:.1f} GiB"
    text = f"{size}: they are read from the disk as they are needed"
    try:
        cache = DecodedCache(f"{reader.identity} {resize}", len(reader), shape)
    except OSError as error:
        return None, f"{text}, and decoded anew each time ({error.strerror or error})."
    return cache, f"{text}; what was decoded is kept in {cache.path}."


def _in_memory(
    reader: Reader, chosen: npt.NDArray[np.intp], shape: tuple[int, int, int], resize: Resize
) -> tuple[npt.NDArray[np.uint8], list[int], list[Unreadable]]:
    """The images, which of those chosen they are, and those that can't be read after all."""
    everything = list(range(len(chosen)))
    if isinstance(reader, ArrayReader) and len(chosen) and reader.pixels(int(chosen[0])).shape == shape:
        return reader.whole(chosen), everything, []
    images = np.empty((len(chosen), *shape), np.uint8)

    def put(row: int) -> Unreadable | None:
        try:
            images[row] = reader.read(int(chosen[row]), *shape, resize)
        except ValueError as error:
            return Unreadable(reader.place(int(chosen[row])), str(error))
        return None

    problems = in_parallel(put, everything)
    kept = [row for row in everything if problems[row] is None]
    late = [problem for problem in problems if problem is not None]
    return (images if not late else images[kept]), kept, late


def open_collection(
    data: str | Path,
    categories: str | Path | None = None,
    watch: Callable[[int, int], None] | None = None,
) -> Collection:
    """Find the images that ``data`` names, with their classes, and look at each: for training.

    Args:
        data: a folder of images, a folder of IDX files, an NPZ file, or ``"mnist"``.
        categories: the file that says the images' classes, where it is not found by itself.
        watch: is told now and then how many of how many files were looked at.

    Raises:
        DataError: a subclass, if there are no images, one class only, ...
    """
    collection = survey_collection(data, categories, watch)
    if len(collection.classes) == 1:
        bad = f" {len(collection.unreadable):,} files can't be read." if collection.unreadable else ""
        raise OneClassError(
            f"{collection.root} has images of one class only, {collection.classes[0]!r} ({len(collection):,}; "
            f"{collection.layout}).{bad} A classifier needs at least two: name the folder that holds the sub-folders of "
            "the classes."
        )
    return collection


def survey_collection(
    data: str | Path,
    categories: str | Path | None = None,
    watch: Callable[[int, int], None] | None = None,
) -> Collection:
    """The same as ``open_collection``, but for any use: one class is enough.

    Raises:
        DataError: a subclass, if there are no images, ...
    """
    if str(data) == MNIST:
        return _open_mnist()
    arrays = find_arrays(Path(data)) if categories is None else None
    if arrays is not None:
        return _open_arrays(arrays)
    return _open_files(find_labelled(data, categories), watch)


def _open_files(found: LabelledFiles, watch: Callable[[int, int], None] | None) -> Collection:
    looks = survey([file.path for file in found.files], watch)
    good = [(f, s) for f, s in zip(found.files, looks, strict=True) if isinstance(s, Surveyed)]
    unreadable = tuple(look for look in looks if isinstance(look, Unreadable))
    if not good:
        first = f": {unreadable[0].path.name}: {unreadable[0].reason}" if unreadable else ""
        raise NoImagesError(f"None of the {len(found.files):,} images in {found.root} can be read{first}.")
    files, surveyed = [f for f, _ in good], [s for _, s in good]
    odd = tuple(Unreadable(f.path, s.remark, used=True) for f, s in good if s.remark)
    present = sorted({f.label for f in files})
    classes = tuple(found.classes[label] for label in present)
    labels = np.searchsorted(present, [f.label for f in files]).astype(np.int32)
    names, given = [f.name for f in files], [f.part for f in files]
    digests, small = [s.sha256 for s in surveyed], np.stack([s.small for s in surveyed])
    reader = FileReader([f.path for f in files], digests)
    sizes = np.array([(s.height, s.width) for s in surveyed], np.int32)
    side = int(np.clip(np.median(sizes.min(1)), 32, CLOSE_SIDE))
    duplicates = find_duplicates(digests, small, lambda at: _close(reader, at, side))
    notes = [*found.notes, *duplicate_notes(duplicates, names, labels.tolist(), classes, given)]
    if odd:
        shown = some([f"{f.name}: {s.remark}" for f, s in good if s.remark])
        notes.append(
            f"{len(odd):,} files are of another format than their names say, and are read all the same ({shown})."
        )
    gone = [name for name in found.classes if name not in classes]
    if gone:
        notes.append(f"No image of {some(gone)} can be read: left out as a class.")
    return Collection(
        found.root, found.layout, classes, names, labels, sizes,
        np.array([s.grey for s in surveyed]), given, duplicates, tuple(notes), unreadable, odd, reader,
        [f"{s.format} {s.mode}" for s in surveyed], small, digests,
    )  # fmt: skip


def _close(reader: Reader, at: int, side: int) -> npt.NDArray[np.uint8]:
    """An image for a close comparison; white for one that can't be read any more."""
    try:
        return reader.read(at, side, side, 3, "stretch")
    except ValueError:
        return np.full((side, side, 3), 255, np.uint8)


def _open_mnist() -> Collection:
    train, test = mnist.load()
    held = _MNIST_VALIDATION
    images = (train.images[:held], train.images[held:], test.images)
    labels = (train.labels[:held], train.labels[held:], test.labels)
    names = [f"mnist-train-{i}" for i in range(len(train.labels))]
    names += [f"mnist-test-{i}" for i in range(len(test.labels))]
    arrays = LabelledArrays(
        Path("MNIST, handwritten digits"), "", images, labels, ("validation", "train", "test")
    )
    return _open_arrays(arrays, names)


def _open_arrays(arrays: LabelledArrays, names: list[str] | None = None) -> Collection:
    classes, labels = class_table(arrays)
    if not len(labels):
        raise NoImagesError(f"{arrays.root} has arrays of no images.")
    reader = ArrayReader(arrays.images, arrays.root)
    counts = [len(images) for images in arrays.images]
    if names is None:
        names = [
            f"{part or arrays.root.stem}-{i}"
            for part, n in zip(arrays.parts, counts, strict=True)
            for i in range(n)
        ]
    given = [part for part, n in zip(arrays.parts, counts, strict=True) for _ in range(n)]
    height, width, channels = arrays.images[0].shape[1:]
    digests = [
        hashlib.blake2b(image.tobytes(), digest_size=16).hexdigest()
        for part in arrays.images
        for image in part
    ]
    duplicates = find_duplicates(digests)
    return Collection(
        arrays.root, arrays.layout, classes, names, labels, np.full((len(labels), 2), (height, width), np.int32),
        np.full(len(labels), channels == 1), given, duplicates,
        tuple(duplicate_notes(duplicates, names, labels.tolist(), classes, given)), (), (), reader,
        ["array"] * len(labels),
    )  # fmt: skip


def duplicate_notes(
    found: Duplicates,
    names: Sequence[str],
    labels: Sequence[int],
    classes: Sequence[str],
    given: Sequence[str | None],
) -> list[str]:
    """What a person should know about images that are there more than once."""
    notes: list[str] = []
    if found.exact:
        count = sum(len(group) - 1 for group in found.exact)
        examples = some([" = ".join(names[i] for i in group) for group in found.exact])
        notes.append(
            f"{count:,} images are byte for byte copies of others and stay in one part with them: {examples}."
        )
    if found.near:
        count = len({at for pair in found.near for at in pair})
        examples = some([f"{names[a]} ~ {names[b]}" for a, b in found.near])
        notes.append(
            f"{count:,} images are nearly the same as others and stay in one part with them: {examples}."
        )
    groups = found.groups()
    differing = [group for group in groups if len({labels[i] for i in group}) > 1]
    if differing:
        shown = some([" = ".join(f"{names[i]} ({classes[labels[i]]})" for i in _first_of_each(group, labels))
                      for group in differing])  # fmt: skip
        notes.append(
            f"{len(differing):,} groups of these have different classes; one must be wrong: {shown}."
        )
    across = [group for group in groups if len({given[i] for i in group}) > 1]
    if across:
        shown = some([" = ".join(names[i] for i in _first_of_each(group, given)) for group in across])
        notes.append(
            f"{len(across):,} groups of these lie in more than one of your parts, which makes the accuracy look better than "
            f"it is: {shown}."
        )
    return notes


def _first_of_each(group: Sequence[int], values: Sequence[object]) -> list[int]:
    """Of a group, the first image with each of the values."""
    return list({values[at]: at for at in reversed(group)}.values())[::-1]
