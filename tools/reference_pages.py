"""The reference's pages, one for each public module, made when the documentation is built.

MkDocs calls ``on_files``. A public module only hands names on (``from gradiente.ops.math import matmul as matmul``), so
reading it without running it says which names there are and where each one is written.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any, NamedTuple

from mkdocs.structure.files import File, Files

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "gradiente"


PUBLIC_FOLDERS = ("summary", "train")
"""The folders whose ``__init__.py`` is a public module, too."""


class Name(NamedTuple):
    """A public name, and the object that it stands for."""

    name: str
    home: str


def handed_on(path: Path) -> list[Name]:
    """The names that a public module hands on, in its own order."""
    names: list[Name] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module not in (None, "gradiente"):
            names += [
                Name(alias.asname, f"{node.module}.{alias.name}")
                for alias in node.names
                if alias.asname and not alias.asname.startswith("_")
            ]
    return names


def page(title: str, path: Path) -> str:
    """The text of one module's page: its docstring, then each name."""
    about = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    parts = [f"# {title}", about.partition("\n")[0]]
    for entry in sorted(handed_on(path), key=lambda entry: entry.name.lower()):
        heading = f"{title}.{entry.name}"
        parts.append(
            f'::: {entry.home}\n    options:\n      heading: "{heading}"\n      toc_label: "{entry.name}"'
        )
    return "\n\n".join(parts) + "\n"


def on_files(files: Files, config: Any) -> Files:
    """Add the pages to those that MkDocs found."""
    index = [
        "# The reference",
        "What `import gradiente as tf` offers, made from the docstrings. The tests run the examples.",
    ]
    modules = {"tf" if path.stem == "__init__" else f"tf.{path.stem}": path for path in PACKAGE.glob("*.py")}
    modules |= {f"tf.{folder}": PACKAGE / folder / "__init__.py" for folder in PUBLIC_FOLDERS}
    for title, path in sorted(modules.items()):
        if not path.exists() or not handed_on(path):
            continue
        source = f"reference/{title}.md"
        files.append(File.generated(config, source, content=page(title, path)))
        index.append(f"- [`{title}`]({title}.md)")
    files.append(
        File.generated(
            config,
            "reference/index.md",
            content="\n\n".join(index[:2]) + "\n\n" + "\n".join(index[2:]) + "\n",
        )
    )
    return files
