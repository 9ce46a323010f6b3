"""The reference's pages, one for each public module, made when the documentation is built.

MkDocs calls ``on_files``. A public module only hands names on (``from gradiente.ops.math import matmul as matmul``), so
reading it without running it says which names there are and where each one is written. What has several names
(``tf.initializers.glorot_uniform`` is ``tf.glorot_uniform_initializer``) is described under one of them, to which the
others lead.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mkdocs.structure.files import Files

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "gradiente"
PUBLIC_FOLDERS = ("summary", "train")
"""The folders whose ``__init__.py`` is a public module, too."""


class Name(NamedTuple):
    """A public name, and the object that it stands for."""

    name: str
    home: str


def public_modules() -> dict[str, Path]:
    """The modules that hand names on, by the names under which users reach them, in the order of their pages."""
    modules = {"tf" if path.stem == "__init__" else f"tf.{path.stem}": path for path in PACKAGE.glob("*.py")}
    modules |= {f"tf.{folder}": PACKAGE / folder / "__init__.py" for folder in PUBLIC_FOLDERS}
    return {title: path for title, path in sorted(modules.items()) if handed_on(path)}


def handed_on(path: Path) -> list[Name]:
    """The names that a public module hands on, in the order of the alphabet."""
    names: list[Name] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module not in (None, "gradiente"):
            names += [
                Name(alias.asname, f"{node.module}.{alias.name}")
                for alias in node.names
                if alias.asname and not alias.asname.startswith("_")
            ]
    return sorted(names, key=lambda entry: entry.name.lower())


def described_at(modules: Mapping[str, Path]) -> dict[str, tuple[str, str]]:
    """Where each object is described: the page, and the name it has there.

    That is the first page that has it, and there the name that the object itself bears, if it is handed on under it.
    """
    places: dict[str, tuple[str, str]] = {}
    for title, path in modules.items():
        for entry in handed_on(path):
            own = entry.name == entry.home.rpartition(".")[2]
            page_of, _ = places.get(entry.home, (title, ""))
            if entry.home not in places or (own and page_of == title):
                places[entry.home] = (title, entry.name)
    return places


def page(title: str, path: Path, places: Mapping[str, tuple[str, str]]) -> str:
    """The text of one module's page: its docstring, then each name."""
    about = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    parts = [f"# {title}", about.partition("\n")[0]]
    for entry in dict.fromkeys(handed_on(path)):
        heading = f"{title}.{entry.name}"
        described = places[entry.home]
        if described == (title, entry.name):
            parts.append(
                f'::: {entry.home}\n    options:\n      heading: "{heading}"\n      toc_label: "{entry.name}"'
            )
        else:
            other = ".".join(described)
            parts.append(f"## {heading}\n\nThe same as [`{other}`]({described[0]}.md#{entry.home}).")
    return "\n\n".join(parts) + "\n"


def on_files(files: Files, config: Any) -> Files:
    """Add the pages to those that MkDocs found."""
    from mkdocs.structure.files import File

    index = [
        "# The reference",
        "What `import gradiente as tf` offers, made from the docstrings. The tests run the examples.",
    ]
    modules = public_modules()
    places = described_at(modules)
    for title, path in modules.items():
        files.append(File.generated(config, f"reference/{title}.md", content=page(title, path, places)))
        index.append(f"- [`{title}`]({title}.md)")
    files.append(
        File.generated(
            config,
            "reference/index.md",
            content="\n\n".join(index[:2]) + "\n\n" + "\n".join(index[2:]) + "\n",
        )
    )
    return files
