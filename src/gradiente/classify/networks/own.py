"""Networks that a person wrote: ``my_net.py:build``."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from pathlib import Path
from typing import Any

import gradiente as tf
from gradiente.classify.problems import ImageTooSmallError, SettingsError

_EXAMPLE = (
    "A network is a function build(images, num_classes, training) that returns logits [batch, num_classes]."
)


def is_own(name: str) -> bool:
    """Whether a network's name is that of a person's own: ``file.py:function``."""
    return ":" in name or name.endswith(".py")


def own_network(name: str) -> Any:
    """The function that ``file.py:function`` names.

    The file is run to get it, as a program of its owner's. What it builds is checked each time, and faults in it are told
    with the file's line. A model keeps the operations that the function built, and nothing of the file.

    Args:
        name: the file's path, a colon, the function's name.

    Returns:
        ``network(images, num_classes, training) -> logits``.

    Raises:
        SettingsError: there is no such file or function, or the file can't be run.
    """
    path_text, _, function_name = name.rpartition(":")
    path = Path(path_text)
    if path.suffix != ".py" or not function_name:
        raise SettingsError(
            f"{name!r} names no network: a .py file, a colon and a function are wanted, such as my_net.py:build."
        )
    if not path.is_file():
        raise SettingsError(f"There is no file {path_text} for the network {name!r}.")
    module = _run(path, name)
    function = getattr(module, function_name, None)
    if not inspect.isfunction(function):
        names: list[str] = [key for key in dir(module) if key[0] != "_"]
        there = [key for key in names if inspect.isfunction(getattr(module, key))]
        raise SettingsError(
            f"{path} has no function {function_name!r}. It has {', '.join(there) or 'none'}. {_EXAMPLE}"
        )
    try:
        inspect.signature(function).bind(None, 2, True)
    except TypeError as error:
        raise SettingsError(
            f"{name} can't be called as a network: {error}. It is {function_name}{inspect.signature(function)} at line "
            f"{function.__code__.co_firstlineno}. {_EXAMPLE}"
        ) from error

    def network(images: Any, num_classes: int, training: bool) -> Any:
        try:
            logits = function(images, num_classes, training)
        except Exception as error:  # anything may go wrong in a person's own code
            text = f"{name} fails{_line(error, path)}: {type(error).__name__}: {error}"
            if images.dtype == tf.bfloat16:
                text += " (Its images are bfloat16; with --precision float32 they are float32.)"
            too_small = "(W − F + 2P)/S + 1" in str(error)
            raise (ImageTooSmallError if too_small else SettingsError)(text) from error
        _check(logits, num_classes, images.dtype, name)
        return logits

    return network


def _run(path: Path, name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"gradiente_network_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise SettingsError(f"{path} can't be read as Python for the network {name!r}.")
    module = importlib.util.module_from_spec(spec)
    beside = str(path.resolve().parent)
    sys.path.insert(0, beside)  # so that it can import files that lie beside it
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise SettingsError(f"{path} is no Python at line {error.lineno}: {error.msg}.") from error
    except Exception as error:
        raise SettingsError(
            f"{path} can't be run{_line(error, path)}: {type(error).__name__}: {error}"
        ) from error
    finally:
        sys.path.remove(beside)
    return module


def _line(error: Exception, path: Path) -> str:
    """The last line of the person's file on the way to the error."""
    own = [
        f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).resolve() == path.resolve()
    ]
    return f" at {path}:{own[-1].lineno} ({own[-1].line})" if own else ""


def _check(logits: Any, num_classes: int, dtype: Any, name: str) -> None:
    if not isinstance(logits, tf.Tensor):
        raise SettingsError(f"{name} must return a tensor of logits, not {type(logits).__name__}. {_EXAMPLE}")
    if not logits.shape.is_compatible_with([None, num_classes]) or logits.shape.ndims is None:
        raise SettingsError(
            f"{name} must return logits of the shape [batch, {num_classes}], one for each class, and returns "
            f"{logits.name!r} of the shape {logits.shape}."
        )
    if logits.dtype not in (tf.float32, dtype):
        raise SettingsError(
            f"{name} must return float32 logits, and returns {logits.name!r} of {logits.dtype.name}."
        )
    if logits.op.type == "Softmax":
        raise SettingsError(
            f"{name} returns probabilities ({logits.name!r} is a softmax); return the logits before it: the loss applies "
            "the softmax itself."
        )
    odd = [v.op.name for v in tf.global_variables() if v.dtype.base_dtype != tf.float32]
    if odd:
        raise SettingsError(
            f"{name} has variables that are not float32, which a model can't keep: {', '.join(odd)}."
        )
