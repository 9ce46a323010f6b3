"""The import hook: while it is installed, `import tensorflow` finds gradiente."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from typing import Any

from gradiente.compat.forward import Forward
from gradiente.compat.missing import missing_message
from gradiente.compat.table import ROOT, Row, row_of

_NO_TENSORFLOW = "tensorboard.compat.notf"
"""The module by which tensorboard is told to keep to its own stub instead of importing tensorflow."""


class _Loader:
    """Makes the module that a row describes.

    Not a subclass of importlib.abc's, which costs more to import than all of this package.
    """

    def __init__(self, row: Row) -> None:
        self._row = row

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        return Forward(spec.name, self._row)

    def exec_module(self, module: types.ModuleType) -> None:
        if self._row.module:
            # A module that replaces itself in sys.modules is what the import statement then hands out.
            sys.modules[module.__name__] = importlib.import_module(self._row.module)


def _spec(fullname: str, row: Row) -> ModuleSpec:
    loader: Any = _Loader(row)
    return ModuleSpec(fullname, loader, is_package=True)


class _Finder:
    """Answers for `tensorflow` and everything below it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == _NO_TENSORFLOW:
            return _spec(fullname, Row())
        if fullname != ROOT and not fullname.startswith(ROOT + "."):
            return None
        row = row_of(fullname)
        if row is None:
            name = fullname.removeprefix(ROOT + ".").removeprefix("compat.v1.")
            raise ModuleNotFoundError(missing_message(fullname, name), name=fullname)
        return _spec(fullname, row)


class Installation:
    """An installed hook; leaving its `with` block, or `uninstall()`, takes it out again."""

    def __init__(self) -> None:
        self._finder = _Finder()
        self._set_aside = _take_out()
        sys.meta_path.insert(0, self._finder)

    def uninstall(self) -> None:
        """Takes the hook out, and `tensorflow` with all below it out of `sys.modules`."""
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
            _take_out()
            sys.modules.update(self._set_aside)

    def __enter__(self) -> Installation:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.uninstall()


def install() -> Installation:
    """Makes `import tensorflow`, and TensorFlow 1's module paths below it, find gradiente.

    A real TensorFlow that the process has imported already is set aside until `uninstall()`.

    Returns:
        The installation, which is a context manager too.

    >>> with install():
    ...     import tensorflow as tf
    >>> tf.__version__
    '1.15.5'
    """
    return Installation()


def active() -> bool:
    """Whether an installed hook answers for `tensorflow` now."""
    return any(isinstance(finder, _Finder) for finder in sys.meta_path)


def _take_out() -> dict[str, types.ModuleType]:
    names = [name for name in sys.modules if name in (ROOT, _NO_TENSORFLOW) or name.startswith(ROOT + ".")]
    return {name: sys.modules.pop(name) for name in names}
