"""Opens a collection of labelled images: finds them, looks at each, and at which are there more than once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gradiente.images import mnist
from gradiente.images.arrays import LabelledArrays, class_table, find_arrays
from gradiente.images.collection import Collection
from gradiente.images.duplicates import CLOSE_SIDE, SMALL_SIDE, Duplicates, find_duplicates, not_compared
from gradiente.images.labelled import LabelledFiles
from gradiente.images.layouts import find_labelled
from gradiente.images.loading import Unreadable, UnreadableError
from gradiente.images.problems import NoImagesError, OneClassError
from gradiente.images.readers import ArrayReader, FileReader, Reader
from gradiente.images.survey import Surveyed, small_pictures, survey
from gradiente.images.wording import Phrase
from gradiente.images.workers import in_parallel

MNIST = "mnist"
"""The name of the data that comes with the package."""

_MNIST_VALIDATION = 5000

_SHOWN_ALIKE = 4
"""Of images that are the same, how many a note names."""


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
    *,
    duplicates: bool = True,
) -> Collection:
    """The same as ``open_collection``, but for any use: one class is enough.

    Args:
        data: as for ``open_collection``.
        categories: likewise.
        watch: likewise.
        duplicates: whether to look for images that are there more than once.

    Raises:
        DataError: a subclass, if there are no images, ...
    """
    if str(data) == MNIST:
        return _open_mnist(duplicates)
    arrays = find_arrays(Path(data)) if categories is None else None
    if arrays is not None:
        return _open_arrays(arrays, duplicates)
    return _open_files(find_labelled(data, categories), watch, duplicates)


def _open_files(found: LabelledFiles, watch: Callable[[int, int], None] | None, compared: bool) -> Collection:
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
    duplicates = not_compared(len(files))
    if compared:
        duplicates = find_duplicates(
            digests, small, lambda wanted: _close(reader, wanted, side), sizes.min(1) <= SMALL_SIDE
        )
    notes = [*found.notes, *duplicate_notes(duplicates, names, labels.tolist(), classes, given)]
    if odd:
        shown = [Phrase("file", name=f.name, reason=s.remark) for f, s in good if s.remark]
        notes.append(Phrase("another_format", count=len(odd), examples=shown))
    gone = [name for name in found.classes if name not in classes]
    if gone:
        notes.append(Phrase("class_gone", names=gone))
    return Collection(
        found.root, found.layout, classes, names, labels, sizes,
        np.array([s.grey for s in surveyed]), given, duplicates, tuple(notes), unreadable, odd, reader,
        [f"{s.format} {s.mode}" for s in surveyed], small, digests,
    )  # fmt: skip


def _close(reader: Reader, wanted: Sequence[int], side: int) -> npt.NDArray[np.uint8]:
    """Images for a close comparison; white for one that can't be read any more."""

    def look(at: int) -> npt.NDArray[np.uint8]:
        try:
            return reader.read(at, side, side, 3, "stretch")
        except UnreadableError:
            return np.full((side, side, 3), 255, np.uint8)

    return np.stack(in_parallel(look, wanted))


def _open_mnist(compared: bool) -> Collection:
    train, test = mnist.load()
    held = _MNIST_VALIDATION
    images = (train.images[:held], train.images[held:], test.images)
    labels = (train.labels[:held], train.labels[held:], test.labels)
    names = [f"mnist-train-{i}" for i in range(len(train.labels))]
    names += [f"mnist-test-{i}" for i in range(len(test.labels))]
    layout = Phrase("layout_mnist")
    arrays = LabelledArrays(Path("MNIST"), layout, images, labels, ("validation", "train", "test"))
    return _open_arrays(arrays, compared, names)


def _open_arrays(arrays: LabelledArrays, compared: bool, names: list[str] | None = None) -> Collection:
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
    digests = [hashlib.sha256(image).hexdigest() for part in arrays.images for image in part]
    small = np.concatenate([small_pictures(images) for images in arrays.images])

    def close(wanted: Sequence[int]) -> npt.NDArray[np.uint8]:
        if max(height, width) > CLOSE_SIDE:
            return _close(reader, wanted, CLOSE_SIDE)
        return np.stack([reader.pixels(at) for at in wanted])

    sizes = np.full((len(labels), 2), (height, width), np.int32)
    duplicates = not_compared(len(labels))
    if compared:
        duplicates = find_duplicates(digests, small, close, sizes.min(1) <= SMALL_SIDE)
    return Collection(
        arrays.root, arrays.layout, classes, names, labels, sizes,
        np.full(len(labels), channels == 1), given, duplicates,
        tuple(duplicate_notes(duplicates, names, labels.tolist(), classes, given)), (), (), reader,
        [Phrase("kind_array")] * len(labels), small, digests,
    )  # fmt: skip


def duplicate_notes(
    found: Duplicates,
    names: Sequence[str],
    labels: Sequence[int],
    classes: Sequence[str],
    given: Sequence[str | None],
) -> list[Phrase]:
    """What a person should know about images that are there more than once."""
    notes: list[Phrase] = []
    if found.exact:
        count = sum(len(group) - 1 for group in found.exact)
        notes.append(
            Phrase("copies", count=count, examples=[_alike(names[i] for i in group) for group in found.exact])
        )
    if found.near:
        count = len({at for pair in found.near for at in pair})
        pairs = [f"{names[a]} ~ {names[b]}" for a, b in found.near]
        notes.append(Phrase("near_copies", count=count, examples=pairs))
    groups = found.groups()
    differing = [group for group in groups if len({labels[i] for i in group}) > 1]
    if differing:
        shown = [
            _alike(f"{names[i]} ({classes[labels[i]]})" for i in _first_of_each(group, labels))
            for group in differing
        ]
        notes.append(Phrase("classes_differ", count=len(differing), examples=shown))
    across = [group for group in groups if len({given[i] for i in group}) > 1]
    if across:
        shown = [_alike(names[i] for i in _first_of_each(group, given)) for group in across]
        notes.append(Phrase("parts_differ", count=len(across), examples=shown))
    return notes


def _alike(names: Iterable[str]) -> str:
    """The first of names of the same picture."""
    shown = list(islice(names, _SHOWN_ALIKE + 1))
    return " = ".join([*shown[:_SHOWN_ALIKE], *(["…"] if len(shown) > _SHOWN_ALIKE else [])])


def _first_of_each(group: Sequence[int], values: Sequence[object]) -> list[int]:
    """Of a group, the first image with each of the values."""
    return list({values[at]: at for at in reversed(group)}.values())[::-1]
