"""Runs a user's program as `python program.py` would, with `tensorflow` answered by gradiente."""

from __future__ import annotations

import importlib.util
import os
import sys
import tokenize
import types
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from typing import Any

from gradiente.compat import python2
from gradiente.compat.hook import install
from gradiente.compat.missing import missing_message

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_PACKAGE = os.path.dirname(_HERE.rstrip(os.sep)) + os.sep
_INTERRUPTED = 130
_FAILED = 1
_UNUSABLE = 2


def run_program(path: str, args: Sequence[str]) -> int:
    """Runs the program at `path` as `__main__`, and returns its exit status.

    Args:
        path: a Python file, or a folder that holds a `__main__.py`.
        args: what follows the path on the command line: the program's own `sys.argv[1:]`.

    Raises:
        SystemExit: where the program calls `sys.exit`, with its own status.
    """
    refusal = _refusal(path)
    if refusal:
        return _fail(refusal)
    folder = path if os.path.isdir(path) else os.path.dirname(os.path.realpath(path))
    file = os.path.abspath(os.path.join(path, "__main__.py") if os.path.isdir(path) else path)
    _set_search_folder(os.path.abspath(folder))
    return _run(file, [path, *args], SourceFileLoader("__main__", file), None)


def run_module(name: str, args: Sequence[str]) -> int:
    """Runs the module `name` as `python -m name` does, and returns its exit status."""
    _set_search_folder(os.getcwd())
    with install():
        try:
            spec = importlib.util.find_spec(name)
            if spec is not None and spec.submodule_search_locations is not None:
                spec = importlib.util.find_spec(f"{name}.__main__")
        except ModuleNotFoundError:
            spec = None
    if spec is None or not isinstance(spec.loader, SourceFileLoader) or spec.origin is None:
        return _fail(
            f"gradiente run -m: no module {name!r} in {os.getcwd()} or among the installed packages."
        )
    return _run(spec.origin, [spec.origin, *args], spec.loader, spec)


def _refusal(path: str) -> str | None:
    if path.endswith(".ipynb"):
        return (
            f"{path} is a notebook; gradiente runs programs.\n"
            f"Remedy: `jupyter nbconvert --to script {path}`, then `gradiente run "
            f"{os.path.splitext(path)[0]}.py`. In the notebook itself, `from gradiente import compat; "
            "compat.install()` before `import tensorflow` does the same."
        )
    if not os.path.exists(path):
        return f"gradiente run: there is no file {path!r} (seen from {os.getcwd()})."
    if os.path.isdir(path) and not os.path.exists(os.path.join(path, "__main__.py")):
        return f"gradiente run: {path!r} is a folder without a __main__.py; name the program in it."
    return None


def _fail(message: str, status: int = _UNUSABLE) -> int:
    sys.stderr.write(message + "\n")
    return status


def _set_search_folder(folder: str) -> None:
    if getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, folder)
    else:
        sys.path[0] = folder


def _run(file: str, argv: list[str], loader: SourceFileLoader, spec: ModuleSpec | None) -> int:
    module = types.ModuleType("__main__")
    module.__file__ = file
    module.__loader__ = loader
    module.__spec__ = spec
    module.__package__ = spec.parent if spec else None
    sys.argv[:] = argv
    sys.modules["__main__"] = module
    install()
    try:
        with open(file, "rb") as source:
            code = compile(source.read(), file, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return _report_syntax(error, file)
    return _execute(code, module, file)


def _execute(code: types.CodeType, module: types.ModuleType, file: str) -> int:
    try:
        exec(code, module.__dict__)
    except SystemExit:
        raise
    except KeyboardInterrupt as error:
        _report(error, file)
        return _INTERRUPTED
    except BaseException as error:
        _report(error, file)
        return _FAILED
    return 0


def _report(error: BaseException, file: str) -> None:
    """Shows the traceback from the program's first line on, with a remark where one helps."""
    first = error.__traceback__.tb_next if error.__traceback__ else None
    traceback = _without_hook_frames(first)
    remark = _remark(error, file)
    if remark:
        error.add_note(remark)
    sys.excepthook(type(error), error.with_traceback(traceback), traceback)


def _report_syntax(error: SyntaxError | ValueError, file: str) -> int:
    message = python2.explain_syntax(_read(file), file)
    if message:
        return _fail(message, _FAILED)
    sys.excepthook(type(error), error.with_traceback(None), None)
    return _FAILED


def _remark(error: BaseException, file: str) -> str | None:
    if isinstance(error, SyntaxError) and error.filename and error.filename != file:
        return python2.explain_syntax(_read(error.filename), error.filename)
    if isinstance(error, AttributeError):
        module: Any = error.obj
        name = error.name
        if isinstance(module, types.ModuleType) and module.__name__.startswith("gradiente.") and name:
            public = module.__name__.removeprefix("gradiente.")
            return missing_message(f"tf.{public}.{name}", f"{public}.{name}")
    return python2.explain_error(error, file)


def _read(path: str) -> str:
    try:
        with tokenize.open(path) as file:
            return file.read()
    except (OSError, SyntaxError, UnicodeDecodeError):
        with open(path, encoding="latin-1") as file:
            return file.read()


def _without_hook_frames(first: types.TracebackType | None) -> types.TracebackType | None:
    """Cuts off the end of the traceback that lies in the import hook and in module `__getattr__`s."""
    last_shown = None
    traceback = first
    while traceback is not None:
        code = traceback.tb_frame.f_code
        in_package = code.co_filename.startswith(_PACKAGE)
        of_hook = code.co_filename.startswith(_HERE) or (in_package and code.co_name == "__getattr__")
        if not of_hook:
            last_shown = traceback
        traceback = traceback.tb_next
    if last_shown is not None:
        last_shown.tb_next = None
        return first
    return first
