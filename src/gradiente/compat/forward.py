"""A module under one of TensorFlow's old names, whose names live elsewhere."""

from __future__ import annotations

import importlib
import pkgutil
import types
from typing import Any

from gradiente.compat.missing import asked_by_import, missing_error
from gradiente.compat.outside import RENAMED
from gradiente.compat.table import ROOT, Row, row_of


class Forward(types.ModuleType):
    """A module that looks its names up where its row of the table says, once each.

    Args:
        path: its full old name, such as `tensorflow.python.ops.math_ops`.
        row: where its names live.
    """

    def __init__(self, path: str, row: Row) -> None:
        super().__init__(path, f"TensorFlow's `{path}`, handed on by gradiente.")
        self._row = row
        self.__dict__.update(row.values)

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return dir(self)
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}", name=name, obj=None)
        value = self._look_up(name)
        self.__dict__[name] = value
        return value

    def _look_up(self, name: str) -> Any:
        row = self._row
        if name in row.names:
            return pkgutil.resolve_name(row.names[name])
        path = f"{self.__name__}.{name}"
        if row_of(path) is not None:
            return importlib.import_module(path)
        for source in row.sources:
            module = pkgutil.resolve_name(source)
            if name in dir(module):
                return getattr(module, name)
        if self.__name__ == ROOT:
            # Some public modules are imported when they are first asked for, and are not in dir() before.
            return getattr(importlib.import_module("gradiente"), name)
        relative = path.removeprefix(ROOT + ".").removeprefix("compat.v1.")
        if relative in RENAMED:
            return pkgutil.resolve_name("gradiente." + RENAMED[relative])
        shown = path if relative.startswith(("python.", "core.")) else "tf." + relative
        raise missing_error(shown, relative, importing=asked_by_import())

    def __dir__(self) -> list[str]:
        names = {*self._row.values, *self._row.names}
        for source in self._row.sources:
            names.update(dir(pkgutil.resolve_name(source)))
        return sorted(name for name in names if not name.startswith("_"))
