"""Files that say the class of each image: lines such as ``im-0.png -> sanic``, or CSV and TSV tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from gradiente.images.labelled import composed, folded, natural_key, part_named, some
from gradiente.images.problems import CategoriesError

SUFFIXES = frozenset({".txt", ".csv", ".tsv"})
_PREFERRED = (
    "categories.txt",
    "categories.csv",
    "categories.tsv",
    "metadata.csv",
    "labels.csv",
    "labels.txt",
    "categorias.txt",
    "categorías.txt",
    "categorias.csv",
    "categorías.csv",
    "etiquetas.csv",
    "etiquetas.txt",
)
_LABEL_COLUMNS = (
    "category", "class", "label", "target", "y", "class_name", "label_name", "categoria", "categoría", "clase", "etiqueta",
)  # fmt: skip
_SPLIT_COLUMN = "split"
_LIKE_SPLIT = ("subset", "partition", "part", "set", "particion", "partición", "parte", "conjunto")
"""Columns that are taken for the split where all that they say are names of parts."""

_LARGEST = 256 << 20


@dataclass(frozen=True)
class Categories:
    """What a file of categories says.

    Attributes:
        path: the file.
        by_name: the category by the name of the image as the file has it.
        parts: likewise the part, where the file says it.
        column: the column that says the parts, or None.
    """

    path: Path
    by_name: dict[str, str]
    parts: dict[str, str] = field(default_factory=dict[str, str])
    column: str | None = None


def read_categories(path: Path, images: Collection[str]) -> Categories:
    """Read a file of categories.

    The file has lines ``name -> category``, or is a table separated by commas, semicolons or tabs: with a header and
    the columns in any order, or with two columns without one. A column ``split`` of a table says the part of each image, by
    the names that folders may have: ``train``, ``val``, ``test``, ...

    Args:
        path: the file.
        images: the names of the image files, which tell a table's columns apart.

    Returns:
        What it says. Names may lack the extension where that is unambiguous.

    Raises:
        CategoriesError: it is no such file, says nothing, names an image twice with different categories or parts, or has a
            split that is no name of a part.
    """
    text = _text(path)
    rows, column = _arrows(text, path) if "->" in text else _table(text, path, _stems(images))
    found: dict[str, str] = {}
    parts: dict[str, str] = {}
    for name, category, part in rows:
        name = _as_path(name)
        for what, before, now in (("categories", found, category), ("parts", parts, part)):
            if now is not None and before.setdefault(name, now) != now:
                raise CategoriesError(
                    f"{path} puts {name} into the {what} {before[name]!r} and {now!r}. Leave one of the two lines."
                )
    if not found:
        raise CategoriesError(
            f"{path} is empty: it has to say the category of each image, as `im-0.png -> sanic`."
        )
    return Categories(path, found, parts, column)


def find_categories(folder: Path, images: Collection[str]) -> Categories | None:
    """What the file in ``folder`` says that has the categories of the images in it; None if there is none."""
    files = [
        p for p in folder.iterdir() if p.suffix.casefold() in SUFFIXES and p.is_file() and p.name[0] != "."
    ]
    files.sort(key=lambda p: (_rank(p), natural_key(p.name)))
    known = _stems(images)
    known |= {name.rpartition("/")[2] for name in known}
    for path in files:
        try:
            found = read_categories(path, images)
        except CategoriesError:
            if folded(path.name) in _PREFERRED:
                raise
            continue
        if any(name in known for name in found.by_name):
            return found
    return None


def has_categories(folder: Path) -> bool:
    """Whether a folder has a file that by its name says the categories of images."""
    return any(folded(p.name) in _PREFERRED for p in folder.iterdir() if p.is_file())


def _rank(path: Path) -> int:
    name = folded(path.name)
    return _PREFERRED.index(name) if name in _PREFERRED else len(_PREFERRED)


def _stems(images: Collection[str]) -> set[str]:
    names = {composed(name) for name in images}
    names |= {name.rpartition("/")[2] for name in names}
    return names | {name.rpartition(".")[0] or name for name in names}


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise CategoriesError(
                f"{path} has {path.stat().st_size:,} bytes: too many for a file of categories."
            )
        data = path.read_bytes()
    except OSError as error:
        raise CategoriesError(f"{path} can't be read: {error.strerror or error}.") from error
    if b"\0" in data:
        raise CategoriesError(
            f"{path} is no text. A file of categories has lines such as `im-0.png -> sanic`."
        )
    try:
        return composed(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return data.decode("latin-1")


_Row = tuple[str, str, str | None]
"""An image's name, its category, and its part."""


def _as_path(name: str) -> str:
    return name.replace("\\", "/").removeprefix("./")


def _arrows(text: str, path: Path) -> tuple[list[_Row], None]:
    rows: list[_Row] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, arrow, category = (part.strip() for part in line.rpartition("->"))
        if not arrow or not name or not category:
            raise CategoriesError(
                f"{path}, line {number}: {line.strip()[:80]!r} is not of the form `im-0.png -> sanic`."
            )
        rows.append((name, category, None))
    return rows, None


def _table(text: str, path: Path, known: set[str]) -> tuple[list[_Row], str | None]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max("\t;,", key=first.count)
    try:
        read = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error as error:
        raise CategoriesError(
            f"{path} is no table: {error}. It may have a quotation mark without the one that ends it."
        ) from error
    rows = [[c.strip() for c in row] for row in read if any(row)]
    if not rows:
        return [], None
    width = len(rows[0])
    for number, row in enumerate(rows, 1):
        if len(row) != width or width < 2:
            raise CategoriesError(
                f"{path}, row {number} has {len(row)} columns and the first has {width}. A table of categories has a "
                "column of image names and a column of categories in every row; or write lines `im-0.png -> sanic`."
            )
    hits = [sum(_as_path(row[i]) in known for row in rows) for i in range(width)]
    name_at = max(range(width), key=hits.__getitem__)
    if not hits[name_at]:
        raise CategoriesError(
            f"{path}: no column has the names of the images beside it; it begins with {some(rows[0])}."
        )
    has_header = _as_path(rows[0][name_at]) not in known
    said = [row for row in rows[has_header:] if row[name_at]]
    split_at = _split_column(path, rows[0], said, name_at) if has_header else None
    label_at = _label_column(path, rows[0], (name_at, split_at), has_header)
    if split_at is None:
        return [(row[name_at], row[label_at], None) for row in said], None
    return [(r[name_at], r[label_at], part_named(r[split_at])) for r in said], rows[0][split_at]


def _split_column(path: Path, header: list[str], rows: list[list[str]], name_at: int) -> int | None:
    """The column that says the part of each image, if there is one."""
    for at, name in enumerate(header):
        known = name.casefold() == _SPLIT_COLUMN
        if at == name_at or not (known or name.casefold() in _LIKE_SPLIT):
            continue
        unknown = [row for row in rows if part_named(row[at]) is None]
        if not unknown:
            return at
        if known:
            values = sorted({row[at] for row in unknown}, key=natural_key)
            raise CategoriesError(
                f"{path}: its column {name!r} has {some([repr(value) for value in values])}, as for "
                f"{some([row[name_at] for row in unknown])}. It has to say train, validation or test of every image; or "
                "give the column another name, and gradiente divides the images itself."
            )
    return None


def _label_column(path: Path, header: list[str], besides: Collection[int | None], has_header: bool) -> int:
    others = [i for i in range(len(header)) if i not in besides]
    if len(others) == 1:
        return others[0]
    named = [i for wanted in _LABEL_COLUMNS for i in others if has_header and header[i].casefold() == wanted]
    if not named:
        raise CategoriesError(
            f"{path}: which column has the categories? It has the columns {', '.join(header)}; call one of them `category`."
        )
    return named[0]
