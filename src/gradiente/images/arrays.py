"""Data sets that are files of arrays: IDX, as MNIST's, and NumPy's NPZ."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from gradiente.images.idx import read_idx
from gradiente.images.labelled import natural_key, part_named, some
from gradiente.images.memory import free_memory
from gradiente.images.problems import (
    CategoriesError,
    DataNotFoundError,
    NoImagesError,
    TooLargeError,
    reading,
)
from gradiente.images.wording import Phrase

_PART = r"train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?|t10k"
_PART_OF_NAME = re.compile(rf"(?<![a-z])(?:{_PART})(?![a-z])", re.IGNORECASE)
_IDX_IMAGES = re.compile(
    r"(?P<before>.*)images(?P<between>[-_.])idx3(?P<after>[-_.]ubyte(?:\.gz)?)", re.IGNORECASE
)
_KEY = re.compile(
    rf"(?:(?P<first>{_PART})[-_. ]?)?(?:(?P<images>x|images?|imgs?|data|features)|(?P<labels>y|labels?|targets?|classes))"
    rf"(?:[-_. ]?(?P<last>{_PART}))?"
)
_NAMES = ("class_names", "label_names", "names", "clases")


@dataclass(frozen=True)
class LabelledArrays:
    """Images and their classes out of files of arrays.

    Attributes:
        root: the file or folder.
        layout: what was recognised, as a phrase.
        images: uint8 ``[n, height, width, channels]``, an array for each part.
        labels: a name or number for each image, likewise.
        parts: the parts' names; None for what is in no part.
        class_names: the names of the classes that the labels count from 0, where the file has them.
    """

    root: Path
    layout: Phrase
    images: tuple[npt.NDArray[np.uint8], ...]
    labels: tuple[npt.NDArray[Any], ...]
    parts: tuple[str | None, ...]
    class_names: tuple[str, ...] = ()


def find_arrays(root: Path) -> LabelledArrays | None:
    """The arrays that a file or folder holds; None where it is neither an NPZ file nor a folder with IDX files.

    Raises:
        DataNotFoundError: a file or the folder can't be read.
        NoImagesError: it has no arrays of images.
        CategoriesError: the labels don't fit the images.
        TooLargeError: the arrays don't fit into the memory.
    """
    with reading(root):
        if root.is_file():
            return _npz(root) if root.suffix.casefold() == ".npz" else None
        if not root.is_dir():
            return None
        files = sorted((p for p in root.iterdir() if p.is_file()), key=lambda p: natural_key(p.name))
    pairs = [(p, match) for p in files if (match := _IDX_IMAGES.fullmatch(p.name))]
    if pairs:
        # Beside what was unpacked from it, a compressed file is a copy.
        names = {p.name for p, _ in pairs}
        return _idx(root, [(p, m) for p, m in pairs if p.suffix != ".gz" or p.stem not in names])
    archives = [p for p in files if p.suffix.casefold() == ".npz"]
    return _npz(archives[0]) if len(archives) == 1 and len(files) == 1 else None


def _idx(root: Path, pairs: list[tuple[Path, re.Match[str]]]) -> LabelledArrays:
    images: list[npt.NDArray[np.uint8]] = []
    labels: list[npt.NDArray[Any]] = []
    parts: list[str | None] = []
    for path, match in pairs:
        name = f"{match['before']}labels{match['between']}idx1{match['after']}"
        other = next(
            (p for n in (name, name.removesuffix(".gz"), name + ".gz") if (p := root / n).is_file()), None
        )
        if other is None:
            raise CategoriesError(
                f"{path} has images, and {root / name}, which would have their classes, is not there."
            )
        try:
            images.append(read_idx(path, rank=3)[..., np.newaxis])
            labels.append(read_idx(other, rank=1))
        except (ValueError, OSError) as error:
            raise DataNotFoundError(f"{path} and {other.name} can't be read: {error}") from error
        found = _PART_OF_NAME.search(match["before"])
        parts.append(part_named(found[0]) if found else None)
        _check_lengths(path, images[-1], labels[-1])
        if parts[-1] in parts[:-1]:
            other = pairs[parts.index(parts[-1])][0].name
            raise CategoriesError(
                f"{path} and {other} are both for {parts[-1] or 'the same part'}: keep one of them in the folder, or "
                "call them train-images, validation-images and test-images."
            )
    _check_sizes(root, images)
    return LabelledArrays(root, Phrase("layout_idx"), tuple(images), tuple(labels), tuple(parts))


def _check_lengths(path: Path, images: npt.NDArray[Any], labels: npt.NDArray[Any]) -> None:
    if len(images) != len(labels):
        raise CategoriesError(
            f"{path} has {len(images):,} images and {len(labels):,} labels: one label each is needed."
        )


def _check_sizes(source: Path, images: Sequence[npt.NDArray[Any]]) -> None:
    if len({array.shape[1:] for array in images}) > 1:
        raise NoImagesError(
            f"The images of {source} are of several sizes: {', '.join(str(array.shape[1:]) for array in images)}. Save them "
            "in one size, or as files in one folder per class."
        )


def _npz(path: Path) -> LabelledArrays:
    try:
        arrays = _read_npz(path)
    except TooLargeError:
        raise
    except (OSError, ValueError, zipfile.BadZipFile, EOFError, KeyError, NotImplementedError) as error:
        raise DataNotFoundError(f"{path} can't be read as an NPZ file: {error}") from error
    images: dict[str | None, str] = {}
    labels: dict[str | None, str] = {}
    for key in arrays:
        if match := _KEY.fullmatch(key.casefold()):
            part = match["first"] or match["last"]
            into = images if match["images"] else labels
            into.setdefault(part_named(part) if part else None, key)
    both = [part for part in images if part in labels]
    if not both:
        there = ", ".join(f"{key} {list(value.shape)}" for key, value in arrays.items()) or "nothing"
        raise NoImagesError(
            f"{path} has {there}. It needs arrays of images and of labels called x_train and y_train (x_test, y_test, ...), "
            "train_images and train_labels, or images and labels."
        )
    pixels = tuple(_as_images(arrays[images[part]], f"{images[part]} of {path}") for part in both)
    classes = tuple(_as_labels(arrays[labels[part]], f"{labels[part]} of {path}") for part in both)
    for part, these, those in zip(both, pixels, classes, strict=True):
        _check_lengths(Path(f"{path}: {images[part]}"), these, those)
    _check_sizes(path, pixels)
    names = next((arrays[name] for name in _NAMES if name in arrays), None)
    given = () if names is None or names.dtype.kind not in "US" else tuple(map(str, names.ravel().tolist()))
    layout = Phrase("layout_arrays", names=", ".join(images[part] for part in both))
    return LabelledArrays(path, layout, pixels, classes, tuple(both), given)


def _read_npz(path: Path) -> Mapping[str, npt.NDArray[Any]]:
    """The arrays of an NPZ file: none with Python objects, and none that claims more memory than the file has bytes for."""
    with zipfile.ZipFile(path) as archive:
        total = sum(entry.file_size for entry in archive.infolist())
        free = free_memory()
        if total > free // 2:
            raise TooLargeError(
                f"{path} unpacks to {total / 2**30:.1f} GiB, and {free / 2**30:.1f} GiB of memory are free. Save its images "
                "as files in one folder per class: those are read as they are needed."
            )
        entries = [entry for entry in archive.infolist() if entry.filename.endswith(".npy")]
        for entry in entries:
            with archive.open(entry) as file:
                version = np.lib.format.read_magic(file)
                read = (
                    np.lib.format.read_array_header_1_0
                    if version == (1, 0)
                    else np.lib.format.read_array_header_2_0
                )
                shape, _, dtype = read(file)
                if dtype.hasobject:
                    raise ValueError(
                        f"{entry.filename} holds Python objects, which could run code; save plain numbers"
                    )
                if int(np.prod([int(n) for n in shape], dtype=object)) * dtype.itemsize > entry.file_size:
                    raise ValueError(
                        f"{entry.filename} claims the shape {shape}, and has {entry.file_size:,} bytes"
                    )
    with np.load(path, allow_pickle=False) as found:
        names = {entry.filename.removesuffix(".npy") for entry in entries}
        return {key: found[key] for key in found.files if key in names}


def _as_images(values: npt.NDArray[Any], what: str) -> npt.NDArray[np.uint8]:
    """Any array of images as uint8 ``[n, height, width, 1 or 3]``."""
    if values.ndim == 3:
        values = values[..., np.newaxis]
    if values.ndim == 4 and values.shape[3] not in (1, 3, 4) and values.shape[1] in (1, 3):
        values = values.transpose(0, 2, 3, 1)
    if (
        values.ndim != 4
        or values.shape[3] not in (1, 3, 4)
        or 0 in values.shape[1:]
        or values.dtype.kind not in "uifb"
    ):
        raise NoImagesError(
            f"{what} is {values.dtype} of the shape {list(values.shape)}. Images are numbers [n, height, width] or "
            "[n, height, width, 1 or 3]."
        )
    if values.dtype != np.uint8:
        values = _in_bytes(values)
    if values.shape[3] == 4:
        alpha = values[..., 3:].astype(np.uint16)
        values = ((values[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return np.ascontiguousarray(values)


def _in_bytes(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    if values.dtype.kind == "f":
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    if low < 0:
        bottom, top = (-1.0, 1.0) if low >= -1 and high <= 1 else (low, high)
    else:
        unit = values.dtype.kind in "fb" and high <= 1
        bottom, top = 0.0, 1.0 if unit else 255.0 if high <= 255 else 65535.0 if high <= 65535 else high
    result = np.empty(values.shape, np.uint8)
    for at in range(
        len(values)
    ):  # one at a time, as floating-point copies of all would take eight times the memory
        scaled = (values[at].astype(np.float64) - bottom) * (255.0 / (top - bottom))
        result[at] = np.clip(np.rint(scaled), 0, 255)
    return result


def _as_labels(values: npt.NDArray[Any], what: str) -> npt.NDArray[Any]:
    """Labels ``[n]``: numbers or text; one-hot rows become numbers."""
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 2 and values.dtype.kind in "uifb" and bool((np.sort(values, 1)[:, :-1] == 0).all()):
        of_none: list[int] = np.flatnonzero(values.max(1, initial=0) == 0).tolist()
        if of_none:
            raise CategoriesError(
                f"{what} has rows that are no class's, as row {of_none[0]}: each has to have a 1 at its class."
            )
        return values.argmax(1)
    if (
        values.ndim == 1
        and values.dtype.kind == "f"
        and bool((np.isfinite(values) & (values == np.rint(values))).all())
    ):
        return values.astype(np.int64)
    if values.ndim != 1 or values.dtype.kind not in "uibUS":
        raise CategoriesError(
            f"{what} is {values.dtype} of the shape {list(values.shape)}. Labels are whole numbers or text [n], or one-hot "
            "rows [n, classes]."
        )
    return values


def class_table(arrays: LabelledArrays) -> tuple[tuple[str, ...], npt.NDArray[np.int32]]:
    """The classes in natural order, and for each image of all parts its position among them."""
    values = [_as_text(v) if v.dtype.kind == "S" else v for v in arrays.labels]
    kinds = {v.dtype.kind == "U" for v in values if len(v)}
    if len(kinds) > 1:
        raise CategoriesError(
            f"The labels of {arrays.root} are text in some parts and numbers in others. Save them as one of the two."
        )
    text = True in kinds
    everything = np.concatenate([v if text else v.astype(np.int64) for v in values])
    distinct, position = np.unique(everything, return_inverse=True)
    names = [str(v) for v in cast("list[Any]", distinct.tolist())]
    if arrays.class_names and not text:
        if len(set(arrays.class_names)) < len(arrays.class_names):
            twice = next(name for name, n in Counter(arrays.class_names).items() if n > 1)
            raise CategoriesError(
                f"{arrays.root} calls more than one class {twice!r}. Give each another name."
            )
        if len(distinct) and not (int(distinct[0]) >= 0 and int(distinct[-1]) < len(arrays.class_names)):
            raise CategoriesError(
                f"{arrays.root} names {len(arrays.class_names)} classes ({some(arrays.class_names)}), and has labels from "
                f"{distinct[0]} to {distinct[-1]}."
            )
        names = [arrays.class_names[int(v)] for v in distinct]
        return tuple(names), position.astype(np.int32)
    order = sorted(range(len(names)), key=lambda at: natural_key(names[at]))
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order))
    return tuple(names[at] for at in order), rank[position]


def _as_text(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    try:
        return np.char.decode(values, "utf-8")
    except UnicodeDecodeError:
        return np.char.decode(values, "latin-1")
