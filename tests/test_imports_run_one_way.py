"""Imports run one way: a later stage may import an earlier one, never the reverse (docs/layout.md)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src"

PUBLIC = "the public modules"
"""``gradiente/__init__.py``, ``nn.py``, ``image.py``, ...: every module outside the folders named below."""

ORDER = (
    "graph",
    "formats",
    "platform",
    "kernels",
    "ops",
    "gradients",
    "summary",
    "train",
    "runtime",
    "testing",
    "images",
    PUBLIC,
    "classify.problems",
    "classify.settings",
    "classify.run_folder",
    "classify.networks",
    "classify.model",
    "classify.preparation",
    "classify.evaluation",
    "classify.learning",
    "classify.report",
    "classify.exporting",
    "classify",
    "compat",
    "cli",
    "page",
    "__main__",
)
"""The stages, first to last: folders and modules under ``src/gradiente``. The longest that fits a module is its own."""

EXCEPTIONS = {
    (module, "gradiente.compat")
    for module in (
        "gradiente", "gradiente.nn", "gradiente.image", "gradiente.math", "gradiente.linalg", "gradiente.random",
        "gradiente.strings", "gradiente.io", "gradiente.debugging", "gradiente.initializers", "gradiente.train",
        "gradiente.summary", "gradiente.bitwise", "gradiente.python_io",
    )
}  # fmt: skip
"""``tf.compat`` is one of the public names that the package hands on, and it answers for the names that a public module
lacks."""

JAX_EVERYWHERE = ("runtime", "kernels")
JAX_INSIDE_FUNCTIONS = ("ops",)


class Import(NamedTuple):
    module: str
    line: int
    lazy: bool


class Module(NamedTuple):
    name: str
    path: Path
    is_package: bool


def modules(source: Path) -> list[Module]:
    """Every module of the package under ``source``."""
    found: list[Module] = []
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        found.append(Module(".".join(parts[:-1] if is_package else parts), path, is_package))
    return found


def stage(module: str) -> str:
    """The stage of a module of gradiente."""
    inside = module.removeprefix("gradiente").removeprefix(".")
    fitting = [name for name in ORDER if inside == name or inside.startswith(name + ".")]
    return max(fitting, key=len, default=PUBLIC)


def imports(module: Module, known: frozenset[str]) -> Iterator[Import]:
    """What a module imports, wherever in it the import stands. ``known`` are the names that are modules."""
    package = module.name if module.is_package else module.name.rpartition(".")[0]

    def visit(node: ast.AST, lazy: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, lazy)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
                base = f"{above}.{base}" if base else above
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield Import(inner if inner in known else base, node.lineno, lazy)
        inside_function = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, inside_function)

    yield from visit(ast.parse(module.path.read_text(encoding="utf-8")), False)


def violations(source: Path) -> list[str]:
    """The imports under ``source`` that run backwards, or that bring jax in where it has no business."""
    everything = modules(source)
    known = frozenset(module.name for module in everything)
    wrong: list[str] = []
    for module in everything:
        here = stage(module.name)
        for imported in imports(module, known):
            where = f"{module.path.relative_to(source)}:{imported.line}"
            top = imported.module.partition(".")[0]
            if top == "gradiente":
                there = stage(imported.module)
                backwards = ORDER.index(there) > ORDER.index(here)
                if backwards and (module.name, imported.module) not in EXCEPTIONS:
                    wrong.append(f"{where} ({here}) imports {imported.module} ({there}), a later stage")
            elif top in ("jax", "jaxlib"):
                allowed = here in JAX_EVERYWHERE or (here in JAX_INSIDE_FUNCTIONS and imported.lazy)
                if not allowed:
                    wrong.append(f"{where} ({here}) imports {imported.module}")
    return wrong


def test_imports_run_one_way() -> None:
    assert len(modules(SOURCE)) > 20
    assert violations(SOURCE) == []


@pytest.mark.parametrize(
    ("path", "text", "fault"),
    [
        (
            "graph/graph.py",
            "import gradiente.runtime.session",
            "gradiente.runtime.session (runtime), a later stage",
        ),
        ("graph/graph.py", "def f():\n    from gradiente.ops import math\n", "gradiente.ops.math (ops)"),
        ("graph/graph.py", "from ..ops import math", "gradiente.ops.math (ops)"),
        ("ops/math.py", "import gradiente as tf", f"gradiente ({PUBLIC})"),
        ("ops/math.py", "from gradiente import gradients", "gradiente.gradients (gradients)"),
        ("ops/math.py", "import jax.numpy as jnp", "math.py:1 (ops) imports jax.numpy"),
        ("graph/graph.py", "def f():\n    import jax\n", "graph.py:2 (graph) imports jax"),
        ("nn.py", "from gradiente.classify.train import train", "gradiente.classify.train (classify)"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, path: str, text: str, fault: str) -> None:
    package(tmp_path, {path: text})
    (found,) = violations(tmp_path)
    assert fault in found


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("ops/math.py", "def f():\n    import jax\n"),
        ("ops/math.py", "from gradiente.graph import graph"),
        ("runtime/session.py", "import jax\nfrom gradiente.ops.math import f"),
        ("nn.py", "from gradiente.ops.math import f as f"),
        ("classify/train.py", "import gradiente as tf"),
    ],
)
def test_a_right_import_passes(tmp_path: Path, path: str, text: str) -> None:
    package(tmp_path, {path: text})
    assert violations(tmp_path) == []


def package(folder: Path, changed: dict[str, str]) -> None:
    """A package of a few empty modules, with ``changed`` ones among them."""
    names = ("__init__", "nn", "gradients", "graph/graph", "ops/math", "runtime/session", "classify/train")
    for path, text in ({f"{name}.py": "" for name in names} | changed).items():
        file = folder / "gradiente" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        (file.parent / "__init__.py").touch()
        file.write_text(text, encoding="utf-8")
