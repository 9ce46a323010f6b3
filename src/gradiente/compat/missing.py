"""The error for a TensorFlow name that gradiente lacks: which, where in the program, and what is near it."""

from __future__ import annotations

import pkgutil
import sys
import types
from collections.abc import Callable
from importlib.machinery import PathFinder
from typing import Any

from gradiente.compat.outside import RENAMED, why_outside
from gradiente.graph.source import user_line

_MODULE_PREFIX = "gradiente."
_NEAR = 4
_NOT_PUBLIC = frozenset(
    {
        "annotations",
        "classify",
        "cli",
        "compat",
        "formats",
        "graph",
        "images",
        "kernels",
        "ops",
        "page",
        "platform",
        "runtime",
        "testing",
        "version",
    }
)
"""What a look into the package shows besides its public names: the folders, once they are imported."""


def missing_name(name: str) -> Any:
    """Returns what a TensorFlow 0.x name is called today, or raises the error for a name that does not exist.

    The public modules call this from their `__getattr__`, as `missing_name("nn.fractional_max_pool")`.

    Args:
        name: the name as a program writes it after `tf.`.

    Raises:
        AttributeError: with the name, the program's line and the names near it.
        ImportError: the same, where the program says `from tensorflow import name`.
    """
    last = name.rpartition(".")[2]
    if last.startswith("__"):
        raise AttributeError(f"module 'gradiente' has no attribute {last!r}", name=last, obj=None)
    if name in RENAMED:
        return pkgutil.resolve_name(_MODULE_PREFIX + RENAMED[name])
    importing = asked_by_import()
    if importing and _is_submodule(name):
        # `from gradiente import graph` asks for the attribute first and imports the module when this fails.
        raise AttributeError(name, name=last, obj=None)
    raise missing_error("tf." + name, name, importing=importing)


def missing_in(module: str) -> Callable[[str], Any]:
    """Returns what a public module, such as `nn`, defines as its `__getattr__`, to answer for the names it lacks."""

    def __getattr__(name: str) -> Any:
        return missing_name(f"{module}.{name}")

    return __getattr__


def missing_error(shown: str, name: str, *, importing: bool) -> AttributeError | ImportError:
    """The error for `shown`, in the class that Python has for the way it was asked for."""
    message = missing_message(shown, name)
    if importing:
        return ImportError(message, name=shown)
    return AttributeError(message, name=name.rpartition(".")[2], obj=None)


def missing_message(shown: str, name: str) -> str:
    """The text of the error: the name, the program's line, the reason, and what is near.

    Args:
        shown: the name as the program wrote it, such as `tensorflow.contrib.slim`.
        name: the same without `tf.` or `tensorflow.`.
    """
    lines = [f"gradiente has no {shown}."]
    line = user_line()
    if line.text:
        lines.append(f"{line.filename}:{line.lineno}: {line.text}")
    sentence = why_outside(name)
    if sentence:
        start = sentence if sentence.startswith("tf.") else sentence[0].upper() + sentence[1:]
        lines.append(start + ".")
    near = near_names(name)
    if near:
        lines.append("Near it: " + ", ".join(f"tf.{found}" for found in near) + ".")
    elif not sentence:
        lines.append("No public name is near it; docs/reference lists what there is.")
    return "\n  ".join(lines)


def near_names(name: str) -> list[str]:
    """Up to four public names that `name` may have meant, the likeliest first.

    >>> near_names("place_holder")[0]
    'placeholder'
    """
    import difflib

    renamed = RENAMED.get(name)
    folder, _, last = name.rpartition(".")
    by_last: dict[str, list[str]] = {}
    for public in public_names():
        by_last.setdefault(public.rpartition(".")[2], []).append(public)
    found = [renamed] if renamed else []
    for match in difflib.get_close_matches(last, by_last, n=_NEAR, cutoff=0.6):
        found += sorted(
            by_last[match], key=lambda public: (public.rpartition(".")[0] != folder, public.count("."))
        )
    return list(dict.fromkeys(found))[:_NEAR]


def public_names() -> list[str]:
    """Every public name, with those of the public modules as `nn.relu`."""
    import gradiente

    names: list[str] = []
    for name in dir(gradiente):
        if name.startswith("_") or name in _NOT_PUBLIC:
            continue
        names.append(name)
        value = getattr(gradiente, name, None)
        if isinstance(value, types.ModuleType) and value.__name__.startswith(_MODULE_PREFIX):
            names += [f"{name}.{inner}" for inner in dir(value) if _is_public(value, inner)]
    return names


def _is_public(module: types.ModuleType, name: str) -> bool:
    value = getattr(module, name, None)
    return not name.startswith("_") and not isinstance(value, types.ModuleType) and name != "annotations"


def asked_by_import() -> bool:
    """Whether the attribute is being looked up for a `from module import name`."""
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage] -- who asks decides the class of the error
    while frame is not None:
        code = frame.f_code
        if code.co_name == "_handle_fromlist" and code.co_filename.startswith("<frozen importlib"):
            return True
        if not (code.co_filename.startswith(_PACKAGE) or code.co_filename.startswith("<frozen importlib")):
            return False
        frame = frame.f_back
    return False


def _is_submodule(name: str) -> bool:
    parent = sys.modules.get((_MODULE_PREFIX + name).rpartition(".")[0])
    folders = getattr(parent, "__path__", None)
    return folders is not None and PathFinder.find_spec(_MODULE_PREFIX + name, folders) is not None


_PACKAGE = __file__.rpartition("compat")[0]
