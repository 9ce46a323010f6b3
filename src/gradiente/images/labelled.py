"""Image files with their classes, before any of them is opened."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gradiente.images.wording import Phrase, words

PARTS = ("train", "validation", "test")
"""The parts of a data set."""

_PART_NAMES = {
    "train": "train", "training": "train", "entrenamiento": "train", "val": "validation", "valid": "validation",
    "validation": "validation", "validacion": "validation", "validación": "validation", "test": "test", "testing": "test",
    "t10k": "test", "prueba": "test",
}  # fmt: skip
"""What the parts may be called, see ``part_named``."""

EXTENSIONS = frozenset(
    {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".jfif", ".jpe", ".dib"}
)
"""The file names that are taken for images."""


@dataclass(frozen=True)
class ImageFile:
    """One image file.

    Attributes:
        path: where it is.
        name: how it is called in lists: its path inside the data's folder, with forward slashes.
        label: the position of its class in ``classes``.
        part: the part that its folder puts it into (``"train"``, ...), or None.
    """

    path: Path
    name: str
    label: int
    part: str | None = None


@dataclass(frozen=True)
class LabelledFiles:
    """The image files of a data set.

    Attributes:
        root: the data's folder.
        classes: the classes' names, in natural order.
        files: the images, in natural order of their names.
        layout: what was recognised, as a phrase.
        notes: what a person should know: files left out, names that are missing.
    """

    root: Path
    classes: tuple[str, ...]
    files: tuple[ImageFile, ...]
    layout: Phrase
    notes: tuple[Phrase, ...] = field(default=())


def written(name: str) -> str:
    """A file's name as text that can be written: bytes that are no UTF-8, as out of old archives, are taken for Latin-1."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name).decode("latin-1")
    return name


def composed(name: str) -> str:
    """A name with its accents in their letters: macOS keeps them apart in the names of files, and a table does not."""
    return unicodedata.normalize("NFC", written(name))


def folded(name: str) -> str:
    """A name as it is compared where upper and lower case don't count."""
    return composed(name).casefold()


def part_named(name: str) -> str | None:
    """The part that data means by a name: that of a folder or an array, or a word in a column of a table.

    >>> part_named("Validación")
    'validation'
    """
    return _PART_NAMES.get(folded(name))


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """A sorting key under which numbers in names count as numbers.

    >>> sorted(["im-10.png", "im-2.png"], key=natural_key)
    ['im-2.png', 'im-10.png']
    """
    parts = re.split(r"(\d+)", text)
    return tuple((0, int(p), p) if p.isdecimal() else (1, 0, p.casefold()) for p in parts if p)


def is_image_name(path: Path) -> bool:
    """Whether a file's name is that of an image; hidden files are none."""
    return path.suffix.casefold() in EXTENSIONS and not path.name.startswith(".")


def some(names: Sequence[str], most: int = 3) -> str:
    """The first names, and how many more there are.

    >>> some(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    return words("en").some(names, most)
