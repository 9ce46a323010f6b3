"""All rows of the op table: those of every ``cases_*.py`` beside this file."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.ops.harness import Case


def all_cases() -> list[Case]:
    """The rows, in the order of their files."""
    cases: list[Case] = []
    for path in sorted(Path(__file__).parent.glob("cases_*.py")):
        cases.extend(importlib.import_module(f"tests.ops.{path.stem}").CASES)
    return cases
