"""Recognises how a folder says which class each of its images belongs to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from gradiente.images.categories import find_categories, has_categories, read_categories
from gradiente.images.labelled import ImageFile, LabelledFiles, is_image_name, natural_key, some
from gradiente.images.problems import CategoriesError, DataNotFoundError, NoImagesError

_PART_NAMES = {"train": "train", "training": "train", "val": "validation", "valid": "validation",
               "validation": "validation", "test": "test", "testing": "test"}  # fmt: skip


def find_labelled(root: str | Path, categories: str | Path | None = None) -> LabelledFiles:
    """The image files of a folder, with their classes.

    Recognised are: one sub-folder per class (images may lie deeper in it); images with a file of categories (see
    ``read_categories``), which may lie in sub-folders beside it; and either inside the folders ``train``, ``validation``
    and ``test``.

    Args:
        root: the folder.
        categories: the file of categories, where it is not in the folder or not the only one.

    Returns:
        The files, with the classes in natural order and notes on what was left out.

    Raises:
        DataNotFoundError: there is no such folder, or it can't be read.
        CategoriesError: the file of categories can't be used.
        NoImagesError: the folder is laid out in none of these ways.
    """
    root = Path(root)
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "does not exist"
        raise DataNotFoundError(f"{root} {what}. Name a folder of images.")
    try:
        if categories is not None:
            return _by_categories(root, Path(categories))
        folders, images = _inside(root)
        if images:
            found = find_categories(root, [p.name for p in images])
            if found is not None:
                return _by_categories(root, found[0])
        parts = [f for f in folders if f.name.casefold() in _PART_NAMES]
        if (
            parts
            and len(parts) == len(folders)
            and any(_PART_NAMES[p.name.casefold()] == "train" for p in parts)
        ):
            return _by_parts(root, parts)
        if folders:
            below = _categories_of_folders(root, folders)
            return _by_folder(root, folders, images) if below is None else _by_categories(root, below)
    except OSError as error:
        raise DataNotFoundError(
            f"{error.filename or root} can't be read: {error.strerror or error}."
        ) from error
    if images:
        raise CategoriesError(
            f"{root} has {len(images):,} images ({some([p.name for p in images])}), and nothing says their classes. Put "
            "them into one sub-folder per class, or write a file categories.txt beside them, with lines such as "
            "`im-0.png -> sanic`."
        )
    raise NoImagesError(f"{root} has no images. It needs one sub-folder of images per class.")


def _categories_of_folders(root: Path, folders: list[Path]) -> Path | None:
    """The file of categories beside folders that are no classes, such as ``labels.csv`` beside ``images/``."""
    if not has_categories(root):
        return None
    names = [path.relative_to(root).as_posix() for folder in folders for path in _walk(folder)]
    try:
        found = find_categories(root, names)
    except CategoriesError:
        if len(folders) == 1:
            raise
        return None  # a table of something else beside folders that are classes
    if found is None:
        return None
    known = _names({name: root / name for name in names})
    return found[0] if 2 * sum(name in known for name in found[1]) > len(names) else None


def find_images(root: Path) -> list[Path]:
    """All image files in a folder and below it, in natural order."""
    return sorted(_walk(root), key=lambda p: natural_key(p.relative_to(root).as_posix()))


def _walk(folder: Path) -> Iterator[Path]:
    def stop(error: OSError) -> None:
        raise error

    for parent, folders, names in os.walk(folder, onerror=stop):
        folders[:] = [f for f in folders if not f.startswith(".")]
        yield from (p for p in map(Path(parent).joinpath, names) if is_image_name(p))


def _inside(root: Path) -> tuple[list[Path], list[Path]]:
    """The sub-folders and the images directly in a folder, in natural order."""
    entries = sorted(
        (p for p in root.iterdir() if not p.name.startswith(".")), key=lambda p: natural_key(p.name)
    )
    return [p for p in entries if p.is_dir()], [p for p in entries if is_image_name(p)]


def _by_folder(root: Path, folders: list[Path], beside: list[Path]) -> LabelledFiles:
    images = {f.name: find_images(f) for f in folders}
    notes: list[str] = []
    empty = [name for name, paths in images.items() if not paths]
    if empty:
        notes.append(f"Left out {len(empty)} sub-folders without images: {some(empty)}.")
    if beside:
        names = some([p.name for p in beside])
        notes.append(f"Left out {len(beside)} images that are in no sub-folder: {names}.")
    classes = tuple(name for name, paths in images.items() if paths)
    files = tuple(
        ImageFile(path, path.relative_to(root).as_posix(), label)
        for label, name in enumerate(classes)
        for path in images[name]
    )
    if not files:
        raise NoImagesError(
            f"{root} has {len(folders)} sub-folders ({some(list(images))}), and none has an image in it."
        )
    return LabelledFiles(root, classes, files, "one sub-folder per class", tuple(notes))


def _by_parts(root: Path, parts: list[Path]) -> LabelledFiles:
    found = [(_PART_NAMES[p.name.casefold()], _one_part(p)) for p in parts]
    classes = sorted({name for _, inside in found for name in inside.classes}, key=natural_key)
    files = tuple(
        ImageFile(
            file.path, file.path.relative_to(root).as_posix(), classes.index(inside.classes[file.label]), part
        )
        for part, inside in found
        for file in inside.files
    )
    if not files:
        raise NoImagesError(
            f"{root} is divided into {some([p.name for p in parts])}, but these have no sub-folders with images."
        )
    layouts = sorted({inside.layout for _, inside in found if inside.files})
    layout = f"{'; '.join(layouts)}, divided into {', '.join(p.name for p in parts)}"
    notes = tuple(
        f"{path.name}: {note}"
        for path, (_, inside) in zip(parts, found, strict=True)
        for note in inside.notes
    )
    return LabelledFiles(root, tuple(classes), files, layout, notes)


def _one_part(folder: Path) -> LabelledFiles:
    """What is in one of the parts: classes as sub-folders, or images with a file of categories."""
    folders, images = _inside(folder)
    if images:
        found = find_categories(folder, [p.name for p in images])
        if found is not None:
            return _by_categories(folder, found[0])
    if not folders:
        why = "; it has no file that says the classes of the images in it" if images else ""
        return LabelledFiles(
            folder, (), (), "", (f"Left out, as it has no sub-folders of classes with images{why}.",)
        )
    if not any(True for f in folders for _ in _walk(f)):
        return LabelledFiles(folder, (), (), "", ("Left out, as it has no images.",))
    return _by_folder(folder, folders, images)


def _by_categories(root: Path, path: Path) -> LabelledFiles:
    images = {p.relative_to(root).as_posix(): p for p in find_images(root)}
    if not images:
        raise NoImagesError(f"{root} has no images.")
    said = read_categories(path, list(images))
    known = _names(images)
    pairs = {known[name]: category for name, category in said.items() if name in known}
    missing = [name for name in said if name not in known]
    if not pairs:
        raise CategoriesError(
            f"{path} names none of the {len(images):,} images in {root}; it names {some(missing)}, and there are "
            f"{some(list(images))}."
        )
    notes: list[str] = []
    if missing:
        notes.append(f"{path.name} names {len(missing):,} images that are not there: {some(missing)}.")
    without = [name for name in images if name not in pairs]
    if without:
        notes.append(f"Left out {len(without):,} images that {path.name} does not name: {some(without)}.")
    classes = tuple(sorted(set(pairs.values()), key=natural_key))
    files = tuple(
        ImageFile(images[name], name, classes.index(pairs[name])) for name in images if name in pairs
    )
    return LabelledFiles(root, classes, files, f"images with categories in {path.name}", tuple(notes))


def _names(images: Mapping[str, Path]) -> dict[str, str]:
    """The names by which a file of categories may call the images: their path, and what is unambiguous of it."""
    names: dict[str, str] = {}
    shorter: dict[str, list[str]] = {}
    for name, path in images.items():
        names[name] = name
        for short in {name.rpartition(".")[0], path.name, path.stem} - {name}:
            shorter.setdefault(short, []).append(name)
    for short, full in shorter.items():
        if len(full) == 1:
            names.setdefault(short, full[0])
    return names
