"""What every test and every docstring example starts from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

import gradiente
from gradiente.graph.graph import reset_default_graph

SHARED_DATA = Path(__file__).resolve().parent.parent / "shared" / "data"

# The time that one example takes says how busy the machine is, not whether the code is right.
settings.register_profile("gradiente", deadline=None)
settings.load_profile("gradiente")


@pytest.fixture(autouse=True)
def _own_default_graph() -> None:
    """Each test builds in a default graph of its own, so that names and seeds don't depend on the tests before."""
    reset_default_graph()


@pytest.fixture(autouse=True)
def _names_in_docstring_examples(doctest_namespace: dict[str, Any]) -> None:
    doctest_namespace.update(tf=gradiente, np=np)


@pytest.fixture
def shared_data() -> Path:
    """The folder of photographs beside the repository, for tests with the mark ``shared_data``."""
    return SHARED_DATA


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if SHARED_DATA.is_dir():
        return
    absent = pytest.mark.skip(reason="needs ../shared/data, which is not here")
    for item in items:
        if item.get_closest_marker("shared_data"):
            item.add_marker(absent)
