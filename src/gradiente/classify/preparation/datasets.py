"""The data of a run: what the settings name, opened, divided and loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gradiente.classify.preparation.choice import choose
from gradiente.classify.problems import ClassesDifferError, SettingsError
from gradiente.classify.settings import Settings
from gradiente.images.dataset import Dataset as Dataset
from gradiente.images.dataset import Part as Part
from gradiente.images.loading import Resize, Unreadable
from gradiente.images.opening import MNIST, open_collection, survey_collection
from gradiente.images.wording import Phrase

_MNIST_SIZE = (28, 28, 1)


def open_dataset(
    settings: Settings, watch: Callable[[int, int], None] | None = None
) -> tuple[Dataset, Settings, tuple[Phrase, ...]]:
    """Read the data that the settings name, and choose the network for it where they leave that open.

    Args:
        settings: what a person asked for.
        watch: is told now and then how many of how many files were looked at.

    Returns:
        The data; the settings with the network and the size of image that are used; why they were chosen.

    Raises:
        DataError: a subclass, if there are no images, one class only, a class with one image, ...
        SettingsError: the settings want MNIST in another size.
    """
    given = (settings.image_height, settings.image_width, settings.channels)
    if settings.data == MNIST and any(
        g is not None and g != own for g, own in zip(given, _MNIST_SIZE, strict=True)
    ):
        raise SettingsError("MNIST has grey images of 28x28; leave out the image size and the channels.")
    collection = open_collection(settings.data, settings.categories, watch)
    collection = collection.split(settings.seed, settings.validation, settings.test)
    choice = choose(settings, collection)
    height, width, channels = (
        choice.settings.image_height,
        choice.settings.image_width,
        choice.settings.channels,
    )
    if height is None or width is None or channels is None:
        raise RuntimeError("No image size was chosen.")
    return collection.load(height, width, channels), choice.settings, choice.reasons


def open_test_part(
    source: str,
    categories: str | None,
    classes: Sequence[str],
    shape: tuple[int, int, int],
    resize: Resize = "stretch",
) -> tuple[Part, tuple[str, ...], tuple[Unreadable, ...], dict[str, str]]:
    """Read images to test a model with: MNIST's test images, or all of a folder (its ``test`` part, where it has one).

    Args:
        source: ``"mnist"`` or a folder.
        categories: the file that says the images' classes.
        classes: the model's classes.
        shape: height, width and channels of the model's images.
        resize: how images of other proportions are brought to it.

    Returns:
        The examples, labelled with positions in ``classes``; notes; unreadable files; the files' SHA-256 sums by name.

    Raises:
        ClassesDifferError: the data has classes that the model lacks.
        DataError: a subclass, if there are no images.
    """
    collection = survey_collection(source, categories, duplicates=False).for_test()
    if source == MNIST and shape != _MNIST_SIZE:
        raise ClassesDifferError(_differ(collection.classes, classes, "MNIST"))
    chosen = (collection.parts or {})["test"]
    present: list[int] = np.unique(collection.labels[chosen]).tolist()
    there = [collection.classes[i] for i in present]
    if not set(there) <= set(classes):
        raise ClassesDifferError(_differ(there, classes, "MNIST" if source == MNIST else source))
    data = collection.load(*shape, resize)
    position = {name: at for at, name in enumerate(classes)}
    table = np.array([position.get(name, -1) for name in data.classes], np.int32)
    part = data.parts["test"]
    digests = {name: digest for (_, name), digest in (data.digests or {}).items()}
    return Part(part.images, table[part.labels], part.names), data.notes, data.unreadable, digests


def _differ(there: Sequence[str], ours: Sequence[str], source: str) -> str:
    return (
        f"The classes of {source} are not the model's. There: {', '.join(there)}. The model's: {', '.join(ours)}. "
        "Rename the folders or categories, or train with this data."
    )
