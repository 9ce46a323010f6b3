"""The data of a run as arrays: MNIST, or a folder of images, in parts for training, validation and test."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gradiente.classify.problems import (
    ClassesDifferError,
    NoImagesError,
    OneClassError,
    OutOfMemoryError,
    SettingsError,
)
from gradiente.classify.settings import MNIST, Settings
from gradiente.images import mnist
from gradiente.images.labelled import PARTS, ImageFile, LabelledFiles, some
from gradiente.images.layouts import find_labelled
from gradiente.images.loading import Surveyed, Unreadable, load_images, survey
from gradiente.images.splitting import split

_MNIST_VALIDATION = 5000
_MNIST_SIZE = (28, 28, 1)
_LONGEST_SIDE = 64


@dataclass(frozen=True)
class Part:
    """Examples of one part.

    Attributes:
        images: uint8 ``[n, height, width, channels]``.
        labels: int32 ``[n]``.
        names: what the images are called in lists.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int32]
    names: Sequence[str]

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
        digests: for a folder, the SHA-256 sum of each file by part and name.
    """

    classes: tuple[str, ...]
    parts: dict[str, Part]
    source: str
    notes: tuple[str, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    digests: dict[tuple[str, str], str] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        height, width, channels = self.parts["train"].images.shape[1:]
        return height, width, channels

    def split_table(self) -> str:
        """The division as CSV: part, image, class and, for a folder, the SHA-256 sum of the file."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["part", "image", "class", "sha256"])
        for name, part in self.parts.items():
            for image, label in zip(part.names, part.labels, strict=True):
                writer.writerow(
                    [name, image, self.classes[label], (self.digests or {}).get((name, image), "")]
                )
        return text.getvalue()


def open_dataset(settings: Settings) -> tuple[Dataset, Settings]:
    """Read the data that the settings name.

    Returns:
        The data, and the settings with the size of image that was used.

    Raises:
        DataError: a subclass, if there are no images, one class only, a class with one image, ...
        OutOfMemoryError: the images don't fit into the memory.
        SettingsError: the settings want MNIST in another size.
    """
    if settings.data == MNIST:
        given = (settings.image_height, settings.image_width, settings.channels)
        if any(g is not None and g != own for g, own in zip(given, _MNIST_SIZE, strict=True)):
            raise SettingsError("MNIST has grey images of 28x28; leave out the image size and the channels.")
        height, width, channels = _MNIST_SIZE
        data = _open_mnist()
    else:
        found = find_labelled(settings.data, settings.categories)
        if len(found.classes) == 1:
            raise OneClassError(_one_class(found))
        found, surveyed, unreadable = _readable(found)
        if len(labels := sorted({f.label for f in found.files})) == 1:
            raise OneClassError(
                f"All images of {found.root} that can be read are of the class {found.classes[labels[0]]!r}."
            )
        height, width, channels = _size(settings, surveyed)
        data = _open_folder(found, surveyed, unreadable, settings, (height, width, channels))
    return data, replace(settings, image_height=height, image_width=width, channels=channels)


def open_test_part(
    source: str, categories: str | None, classes: Sequence[str], shape: tuple[int, int, int]
) -> tuple[Part, tuple[str, ...], tuple[Unreadable, ...], dict[str, str]]:
    """Read images to test a model with: MNIST's test images, or all of a folder (its ``test`` part, where it has one).

    Args:
        source: ``"mnist"`` or a folder.
        categories: the file that says the images' classes.
        classes: the model's classes.
        shape: height, width and channels of the model's images.

    Returns:
        The examples, labelled with positions in ``classes``; notes; unreadable files; the files' SHA-256 sums by name.

    Raises:
        ClassesDifferError: the data has classes that the model lacks.
        DataError: a subclass, if there are no images.
    """
    if source == MNIST:
        digits = tuple(map(str, range(10)))
        if tuple(classes) != digits or shape != _MNIST_SIZE:
            raise ClassesDifferError(_differ(digits, classes, "MNIST"))
        return _open_mnist().parts["test"], (), (), {}
    found = find_labelled(source, categories)
    if any(f.part == "test" for f in found.files):
        found = found.only(f for f in found.files if f.part == "test")
    present = {found.classes[f.label] for f in found.files}
    if not present <= set(classes):
        raise ClassesDifferError(_differ([c for c in found.classes if c in present], classes, source))
    found, surveyed, unreadable = _readable(found)
    images, kept, late = _load(found.files, shape)
    files = [found.files[i] for i in kept]
    position = {name: at for at, name in enumerate(classes)}
    labels = np.array([position[found.classes[f.label]] for f in files], np.int32)
    digests = {found.files[i].name: surveyed[i].sha256 for i in kept}
    return Part(images, labels, [f.name for f in files]), found.notes, (*unreadable, *late), digests


def _differ(there: Sequence[str], ours: Sequence[str], source: str) -> str:
    return (
        f"The classes of {source} are not the model's. There: {', '.join(there)}. The model's: {', '.join(ours)}. "
        "Rename the folders or categories, or train with this data."
    )


def _one_class(found: LabelledFiles) -> str:
    return (
        f"{found.root} has one class only, {found.classes[0]!r} ({len(found.files):,} images; {found.layout}). A classifier "
        "needs at least two: name the folder that holds the sub-folders of the classes."
    )


def _open_mnist() -> Dataset:
    train, test = mnist.load()
    n = _MNIST_VALIDATION

    def part(examples: Any, start: int, stop: int | None, name: str) -> Part:
        images, labels = examples.images[start:stop], examples.labels[start:stop].astype(np.int32)
        return Part(images, labels, [f"mnist-{name}-{i}" for i in range(start, start + len(labels))])

    parts = {"train": part(train, n, None, "train"), "validation": part(train, 0, n, "train"),
             "test": part(test, 0, None, "test")}  # fmt: skip
    return Dataset(tuple(map(str, range(10))), parts, "MNIST, handwritten digits")


def _readable(found: LabelledFiles) -> tuple[LabelledFiles, list[Surveyed], tuple[Unreadable, ...]]:
    """The files whose headers can be read, and what they say."""
    surveyed, unreadable = survey(found.files)
    good = [(f, s) for f, s in zip(found.files, surveyed, strict=True) if s is not None]
    if not good:
        first = f": {unreadable[0].path.name}: {unreadable[0].reason}" if unreadable else ""
        raise NoImagesError(f"None of the {len(found.files):,} images in {found.root} can be read{first}.")
    return found.only(f for f, _ in good), [s for _, s in good], tuple(unreadable)


def _size(settings: Settings, surveyed: Sequence[Surveyed]) -> tuple[int, int, int]:
    """The size that was asked for, else squares as large as the images' shorter sides, up to 64; grey if all are grey."""
    side = int(np.median([min(s.height, s.width) for s in surveyed]))
    side = max(1, min(_LONGEST_SIDE, side))
    channels = settings.channels or (1 if all(s.grey for s in surveyed) else 3)
    return settings.image_height or side, settings.image_width or side, channels


def _load(
    files: Sequence[ImageFile], shape: tuple[int, int, int]
) -> tuple[npt.NDArray[np.uint8], list[int], list[Unreadable]]:
    height, width, channels = shape
    needed = len(files) * height * width * channels
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > memory // 3:
        fitting = int(((memory // 3) / (len(files) * channels)) ** 0.5)
        raise OutOfMemoryError(
            f"{len(files):,} images of {height}x{width}x{channels} take {needed / 2**30:.1f} GiB, and this machine has "
            f"{memory / 2**30:.1f} GiB. Use --image-size {fitting} or less."
        )
    images, kept, unreadable = load_images([f.path for f in files], height, width, channels)
    if not kept:
        raise NoImagesError(
            f"None of the {len(files):,} images can be read: {unreadable[0].path}: {unreadable[0].reason}."
        )
    return images, kept, unreadable


def _open_folder(
    found: LabelledFiles,
    surveyed: Sequence[Surveyed],
    unreadable: tuple[Unreadable, ...],
    settings: Settings,
    shape: tuple[int, int, int],
) -> Dataset:
    images, kept, late = _load(found.files, shape)
    files = [found.files[i] for i in kept]
    digests = [surveyed[i].sha256 for i in kept]
    present = sorted({f.label for f in files})
    classes = tuple(found.classes[label] for label in present)
    labels = np.searchsorted(present, [f.label for f in files]).astype(np.int32)
    given = [f.part for f in files]
    notes = [*found.notes, *_duplicates(files, labels, digests, classes, given)]
    gone = [name for name in found.classes if name not in classes]
    if gone:
        notes.append(f"No image of {some(gone)} can be read: left out as a class.")
    names = split(
        labels.tolist(),
        digests,
        classes,
        settings.seed,
        given if any(given) else None,
        settings.test,
        settings.validation,
    )
    parts: dict[str, Part] = {}
    sums: dict[tuple[str, str], str] = {}
    for part in PARTS:
        at = [i for i, name in enumerate(names) if name == part]
        parts[part] = Part(images[at], labels[at], [files[i].name for i in at])
        sums.update({(part, files[i].name): digests[i] for i in at})
    source = f"{found.root}: {found.layout}"
    return Dataset(classes, parts, source, tuple(notes), (*unreadable, *late), sums)


def _duplicates(
    files: Sequence[ImageFile],
    labels: npt.NDArray[np.int32],
    digests: Sequence[str],
    classes: Sequence[str],
    given: Sequence[str | None],
) -> list[str]:
    groups: dict[str, list[int]] = {}
    for at, digest in enumerate(digests):
        groups.setdefault(digest, []).append(at)
    several = [group for group in groups.values() if len(group) > 1]
    if not several:
        return []
    count = sum(len(group) - 1 for group in several)
    examples = some([" = ".join(files[i].name for i in group) for group in several])
    notes = [
        f"{count:,} images are byte for byte copies of others and stay in one part with them: {examples}."
    ]
    differing = [group for group in several if len({int(labels[i]) for i in group}) > 1]
    if differing:
        shown = some(
            [" = ".join(f"{files[i].name} ({classes[labels[i]]})" for i in group) for group in differing]
        )
        notes.append(
            f"{len(differing):,} of these have copies of different classes; one of them must be wrong: {shown}."
        )
    across = [group for group in several if len({given[i] for i in group}) > 1]
    if across:
        shown = some([" = ".join(files[i].name for i in group) for group in across])
        notes.append(
            f"{len(across):,} lie in more than one of your parts, which makes the accuracy look better: {shown}."
        )
    return notes
