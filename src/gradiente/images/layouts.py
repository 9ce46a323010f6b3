"""Recognises how a folder says which class each of its images belongs to."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from gradiente.images.categories import Categories, find_categories, has_categories, read_categories
from gradiente.images.labelled import (
    PARTS,
    ImageFile,
    LabelledFiles,
    composed,
    is_image_name,
    natural_key,
    part_named,
    some,
    written,
)
from gradiente.images.problems import CategoriesError, DataNotFoundError, NoImagesError, reading
from gradiente.images.wording import Phrase


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
    with reading(root):
        if categories is not None:
            path = Path(categories)
            images = find_images(root)
            return _by_categories(root, read_categories(path, [_name(p, root) for p in images]))
        folders, images = _inside(root)
        if images:
            found = find_categories(root, [p.name for p in images])
            if found is not None:
                return _by_categories(root, found)
        parts = {f: part for f in folders if (part := part_named(f.name))}
        if len(parts) == len(folders) and "train" in parts.values():
            return _by_parts(root, parts) or _without_classes(root, list(parts))
        if folders:
            below = _categories_of_folders(root, folders)
            return _by_folder(root, folders, images) if below is None else _by_categories(root, below)
    if images:
        raise CategoriesError(
            f"{root} has {len(images):,} images ({some([p.name for p in images])}), and nothing says their classes. Put "
            "them into one sub-folder per class, or write a file categories.txt beside them, with lines such as "
            "`im-0.png -> sanic`."
        )
    raise NoImagesError(f"{root} has no images. It needs one sub-folder of images per class.")


def _categories_of_folders(root: Path, folders: list[Path]) -> Categories | None:
    """The file of categories beside folders that are no classes, such as ``labels.csv`` beside ``images/``."""
    if not has_categories(root):
        return None
    names = [_name(path, root) for folder in folders for path in _walk(folder)]
    try:
        found = find_categories(root, names)
    except CategoriesError:
        if len(folders) == 1:
            raise
        return None  # a table of something else beside folders that are classes
    if found is None:
        return None
    known = _names(names)
    return found if 2 * sum(name in known for name in found.by_name) > len(names) else None


def find_images(root: Path) -> list[Path]:
    """All image files in a folder and below it, in natural order.

    Raises:
        DataNotFoundError: a folder can't be read.
    """
    with reading(root):
        return sorted(_walk(root), key=lambda p: natural_key(_name(p, root)))


def _name(path: Path, root: Path) -> str:
    """How a file is called in lists."""
    return written(path.relative_to(root).as_posix())


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
    images: dict[str, list[Path]] = {}
    for folder in folders:
        images.setdefault(composed(folder.name), []).extend(find_images(folder))
    notes: list[Phrase] = []
    empty = [name for name, paths in images.items() if not paths]
    if empty:
        notes.append(Phrase("empty_folders", count=len(empty), names=empty))
    if beside:
        notes.append(Phrase("beside", count=len(beside), names=[written(p.name) for p in beside]))
    classes = tuple(name for name, paths in images.items() if paths)
    files = tuple(
        ImageFile(path, _name(path, root), label)
        for label, name in enumerate(classes)
        for path in images[name]
    )
    if not files:
        raise NoImagesError(
            f"{root} has {len(folders)} sub-folders ({some(list(images))}), and none has an image in it."
        )
    return LabelledFiles(root, classes, files, Phrase("layout_folders"), tuple(notes))


def _by_parts(root: Path, parts: Mapping[Path, str]) -> LabelledFiles | None:
    """The parts' images with their classes; None where the parts have none."""
    order = sorted(parts, key=lambda p: PARTS.index(parts[p]))
    found = [(parts[p], written(p.name), _one_part(p)) for p in order]
    classes = sorted({name for _, _, inside in found for name in inside.classes}, key=natural_key)
    files: list[ImageFile] = []
    for part, folder, inside in found:
        for file in inside.files:
            if file.part not in (None, part):
                raise CategoriesError(
                    f"{file.path} lies in the folder {folder}, and its table of categories says that it is for {file.part}."
                )
            name = _name(file.path, root)
            files.append(ImageFile(file.path, name, classes.index(inside.classes[file.label]), part))
    if not files:
        return None
    layouts = sorted({inside.layout for _, _, inside in found if inside.files})
    layout = Phrase("layout_divided", layouts=layouts, parts=", ".join(folder for _, folder, _ in found))
    notes = tuple(
        Phrase("of_part", part=folder, note=note) for _, folder, inside in found for note in inside.notes
    )
    return LabelledFiles(root, tuple(classes), tuple(files), layout, notes)


def _without_classes(root: Path, parts: list[Path]) -> LabelledFiles:
    """The parts' images by a file of categories beside them."""
    said = _categories_of_folders(root, parts)
    if said is None:
        raise NoImagesError(
            f"{root} is divided into {some([p.name for p in parts])}, but these have no sub-folders with images, and no "
            "file beside them says their classes."
        )
    return _by_categories(root, said)


def _one_part(folder: Path) -> LabelledFiles:
    """What is in one of the parts: classes as sub-folders, or images with a file of categories."""
    folders, images = _inside(folder)
    if images:
        found = find_categories(folder, [p.name for p in images])
        if found is not None:
            return _by_categories(folder, found)
    if not folders:
        return _nothing(folder, "no_categories_here" if images else "no_sub_folders")
    if not any(True for f in folders for _ in _walk(f)):
        return _nothing(folder, "no_images_here")
    return _by_folder(folder, folders, images)


def _nothing(folder: Path, note: str) -> LabelledFiles:
    return LabelledFiles(folder, (), (), Phrase("layout_folders"), (Phrase(note),))


def _by_categories(root: Path, said: Categories) -> LabelledFiles:
    images = {_name(p, root): p for p in find_images(root)}
    if not images:
        raise NoImagesError(f"{root} has no images.")
    known = _names(images)
    by_image: dict[str, str] = {}
    for name in said.by_name:
        if name not in known:
            continue
        first = by_image.setdefault(known[name], name)
        for values in (said.by_name, said.parts):
            if values.get(first) != values.get(name):
                raise CategoriesError(
                    f"{said.path} names {known[name]} twice: {first} is {values.get(first)!r} and {name} is "
                    f"{values.get(name)!r}. Leave one of the two lines."
                )
    missing = [name for name in said.by_name if name not in known]
    if not by_image:
        raise CategoriesError(
            f"{said.path} names none of the {len(images):,} images in {root}; it names {some(missing)}, and there are "
            f"{some(list(images))}."
        )
    notes: list[Phrase] = []
    file = said.path.name
    if missing:
        notes.append(Phrase("missing", file=file, count=len(missing), names=missing))
    without = [name for name in images if name not in by_image]
    if without:
        notes.append(Phrase("unnamed", file=file, count=len(without), names=without))
    classes = tuple(sorted({said.by_name[name] for name in by_image.values()}, key=natural_key))
    folders = _parts_of_folders(images)
    files: list[ImageFile] = []
    for image, path in images.items():
        if image not in by_image:
            continue
        name = by_image[image]
        part, folder = said.parts.get(name), folders.get(image)
        if part and folder and part != folder:
            raise CategoriesError(
                f"{said.path} says that {name} is for {part}, and it lies in the folder for {folder}. Move it, or change "
                f"the column {said.column!r}."
            )
        files.append(ImageFile(path, image, classes.index(said.by_name[name]), part or folder))
    layout = Phrase("layout_categories", file=file)
    if said.column:
        layout = Phrase("layout_split_column", file=file, column=said.column)
    elif folders:
        named = {image.partition("/")[0]: part for image, part in folders.items()}
        tops = sorted(named, key=lambda folder: PARTS.index(named[folder]))
        layout = Phrase("layout_divided", layouts=[layout], parts=", ".join(tops))
    return LabelledFiles(root, classes, tuple(files), layout, tuple(notes))


def _parts_of_folders(images: Collection[str]) -> dict[str, str]:
    """The part of each image by the folder that it lies in; empty unless all lie in folders called as parts."""
    parts = {
        image: part for image in images if "/" in image and (part := part_named(image.partition("/")[0]))
    }
    return parts if len(parts) == len(images) and "train" in parts.values() else {}


def _names(images: Collection[str]) -> dict[str, str]:
    """The names by which a file of categories may call the images: their path, and what is unambiguous of it."""
    names: dict[str, str] = {}
    shorter: dict[str, list[str]] = {}
    for image in images:
        whole = composed(image)
        names[whole] = image
        last = whole.rpartition("/")[2]
        for short in {whole.rpartition(".")[0], last, last.rpartition(".")[0]} - {whole}:
            shorter.setdefault(short, []).append(image)
    for short, full in shorter.items():
        if len(full) == 1:
            names.setdefault(short, full[0])
    return names
