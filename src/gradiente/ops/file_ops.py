"""Whole files: reading, writing and finding them."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from gradiente.graph.build import apply, apply_op
from gradiente.graph.errors import OpError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, register
from gradiente.graph.types import Array, Namespace
from gradiente.platform.file_io import as_op_errors, get_matching_files


class FileBytes(bytes):
    """The contents of a file, which remember the file's name for the errors of what decodes them."""

    path: str = ""

    @classmethod
    def of(cls, path: str, contents: bytes) -> FileBytes:
        """``contents``, read from ``path``."""
        made = cls(contents)
        made.path = path
        return made


def origin(contents: Any) -> str:
    """The name of the file that ``contents`` came from; an empty string if that is not known."""
    return contents.path if isinstance(contents, FileBytes) else ""


def scalar_bytes(value: Array) -> bytes:
    """The bytes in a string scalar."""
    return np.asarray(value, object).item()


def string_scalar(value: bytes) -> Array:
    """A string scalar."""
    array = np.empty((), object)
    array[()] = value
    return array


def strings(values: Any, shape: Any = None) -> Array:
    """A string array of a list of bytes."""
    items = list(values)
    array: Array = np.empty(len(items), object)
    for i, value in enumerate(items):
        array[i] = value
    return array if shape is None else array.reshape(shape)


def read_whole(path: bytes, op: Operation) -> FileBytes:
    """The contents of a file.

    Raises:
        NotFoundError, PermissionDeniedError, FailedPreconditionError: it is not there, is not to be read, is a folder.
    """
    name = os.fsdecode(path)
    try:
        with as_op_errors(), open(name, "rb") as file:
            return FileBytes.of(name, file.read())
    except OpError as error:
        raise type(error)(None, op, error.message) from None


# ReadFile


def _scalar_in(op: Operation) -> list[Any]:
    op.inputs[0].shape.assert_has_rank(0)
    return [()]


def _read_file(xp: Namespace, filename: Array, *, op: Operation) -> Array:
    del xp
    return string_scalar(read_whole(scalar_bytes(filename), op))


register(
    "ReadFile", "filename: string -> contents: string", shape=_scalar_in, host=_read_file, stateful=True,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def read_file(filename: Any, name: str | None = None) -> Tensor:
    """The contents of a file, a string scalar.

    Args:
        filename: the file's name, a string scalar.
        name: the operation's name.

    Raises:
        NotFoundError: when run, if there is no such file.

    Source: TensorFlow 1's ``tf.read_file``.
    """
    return apply("ReadFile", filename, name=name)


# WriteFile


def _two_scalars(op: Operation) -> list[Any]:
    for tensor in op.inputs:
        tensor.shape.assert_has_rank(0)
    return []


def _write_file(xp: Namespace, filename: Array, contents: Array, *, op: Operation) -> None:
    del xp
    path = os.fsdecode(scalar_bytes(filename))
    try:
        with as_op_errors():
            if os.path.dirname(path):
                os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(scalar_bytes(contents))
    except OpError as error:
        raise type(error)(None, op, error.message) from None


register(
    "WriteFile", "filename: string, contents: string ->", shape=_two_scalars, host=_write_file, stateful=True,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def write_file(filename: Any, contents: Any, name: str | None = None) -> Operation:
    """Write a file, making its folder if there is none; what the file held before is lost.

    Args:
        filename: the file's name, a string scalar.
        contents: what to write, a string scalar.
        name: the operation's name.

    Source: TensorFlow 1's ``tf.write_file``.
    """
    return apply_op("WriteFile", filename, contents, name=name)


# MatchingFiles


def _matching(xp: Namespace, pattern: Array) -> Array:
    del xp
    patterns = [os.fsdecode(p) for p in np.ravel(pattern)]
    return strings(os.fsencode(f) for f in sorted(get_matching_files(patterns)))


register(
    "MatchingFiles", "pattern: string -> filenames: string", shape=lambda op: [(None,)], host=_matching, stateful=True,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def matching_files(pattern: Any, name: str | None = None) -> Tensor:
    """The names of the files that match, sorted, a string vector.

    Args:
        pattern: a pattern with ``*``, ``?`` and ``[...]`` (in the file's name only, not across folders), or a vector of
            patterns.
        name: the operation's name.

    Source: TensorFlow 1's ``tf.matching_files``.
    """
    return apply("MatchingFiles", pattern, name=name)
