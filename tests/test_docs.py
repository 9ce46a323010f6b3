"""What `make docs` would stop at, found without the tools that build the documentation."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs").rglob("*.md"))


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    path = ROOT / "tools" / "reference_pages.py"
    spec = importlib.util.spec_from_file_location("reference_pages", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_describes_each_object_once(reference: ModuleType):
    modules = reference.public_modules()
    places = reference.described_at(modules)
    text = {title: reference.page(title, path, places) for title, path in modules.items()}
    described = Counter(
        home for page in text.values() for home in re.findall(r"^::: (\S+)$", page, re.MULTILINE)
    )
    assert len(described) > 700
    assert [home for home, count in described.items() if count > 1] == []
    for page in text.values():
        for other, home in re.findall(r"The same as \[`[^`]+`\]\((\S+)\.md#(\S+)\)", page):
            assert f"::: {home}\n" in text[other]


def test_an_object_with_several_names_is_described_under_its_own(reference: ModuleType):
    modules = reference.public_modules()
    places = reference.described_at(modules)
    assert places["gradiente.ops.initializers.glorot_uniform_initializer"] == (
        "tf",
        "glorot_uniform_initializer",
    )
    page = reference.page("tf.initializers", modules["tf.initializers"], places)
    link = "tf.md#gradiente.ops.initializers.glorot_uniform_initializer"
    assert (
        f"## tf.initializers.glorot_uniform\n\nThe same as [`tf.glorot_uniform_initializer`]({link})." in page
    )


def docstrings() -> Iterator[tuple[str, ast.AST, str]]:
    for path in sorted((ROOT / "src" / "gradiente").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                text = ast.get_docstring(node)
                if text:
                    name = getattr(node, "name", "the module's docstring")
                    yield f"{path.relative_to(ROOT)}, {name}", node, text


def test_no_docstring_holds_a_link_by_accident():
    """`a[b][c]` outside of code is a link to c."""
    links: list[str] = []
    for where, _, text in docstrings():
        prose = re.sub(r"^ *>>> .*(?:\n.+)*", "", text, flags=re.MULTILINE)
        prose = re.sub(r"``.+?``|`.+?`", "", prose, flags=re.DOTALL)
        links += [f"{where}: {link}" for link in re.findall(r"\[[^\[\]]+\]\[[^\[\]]*\]", prose)]
    assert links == [], "put the expression between double backticks"


def test_what_a_context_manager_class_yields_has_a_type():
    """The signature of a function says its type; that of a class can't."""
    for where, node, text in docstrings():
        if isinstance(node, ast.ClassDef) and "Yields:" in text:
            assert re.search(r"Yields:\n +\w+ \(\w+\): ", text), f"{where}: write `name (Type): what it is`"


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_between_pages_lead_somewhere(page: Path):
    for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in link and not link.startswith("reference/"):
            assert (page.parent / link).exists(), (
                f"{page.relative_to(ROOT)} links to {link}, which is not there"
            )


def test_every_page_is_in_the_navigation():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = set(re.findall(r"[\w./-]+\.md", text.partition("\nnav:")[2])) - {"reference/index.md"}
    assert listed == {page.relative_to(ROOT / "docs").as_posix() for page in PAGES}
