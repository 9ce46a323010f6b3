"""Ops on strings, which run on the host: join, split, cut, length."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import INDICES
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.shapes import SCALAR, TensorShape, broadcast_dims
from gradiente.graph.sparse import SparseTensor
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import same_shape
from gradiente.ops.shape import checked_axis

_UNIT = {"unit": attr("string", "BYTE", ("BYTE", "UTF8_CHAR"))}


def each(function: Callable[[Any], Any], array: Array, dtype: Any = object) -> Array:
    """The function's values on the elements of an array."""
    return _each_row(lambda row: function(row[0]), [array], dtype)


def _each_row(
    function: Callable[[Sequence[Any]], Any], arrays: Sequence[Array], dtype: Any = object
) -> Array:
    """The function's values on the elements that stand at one place of arrays, which are broadcast to one shape."""
    wide: Any = np.broadcast_arrays(*arrays)
    result = np.empty(wide[0].shape, dtype)
    for place in np.ndindex(result.shape):
        result[place] = function([a[place] for a in wide])
    return result


def as_text(value: bytes) -> str:
    """A string's characters; bytes that are no UTF-8 survive the way back."""
    return value.decode("utf-8", "surrogateescape")


def as_bytes(value: str) -> bytes:
    """Characters as the bytes of a string."""
    return value.encode("utf-8", "surrogateescape")


# StringJoin, ReduceJoin


def _join_shape(op: Operation) -> list[TensorShape]:
    shape = SCALAR
    for t in op.inputs:
        if t.shape.ndims is None:
            return [t.shape]
        if t.shape.ndims:
            shape = t.shape if not shape.ndims else shape.merge_with(t.shape)
    return [shape]


def _join(xp: Namespace, inputs: list[Array], *, separator: str) -> Array:
    del xp
    return _each_row(as_bytes(separator).join, inputs)


register(
    "StringJoin", "inputs: N*string -> output: string", attrs={"separator": attr("string", "")}, shape=_join_shape,
    host=_join, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def string_join(inputs: Sequence[Any], separator: str = "", name: str | None = None) -> Tensor:
    """Strings put together element by element, with ``separator`` between them.

    Args:
        inputs: a list of string tensors of one shape; scalars go with any.
        separator: what comes between.
        name: the operation's name.
    """
    return apply("StringJoin", list(inputs), separator=separator, name=name)


def _reduce_join_shape(op: Operation) -> list[Any]:
    dims, axes = op.inputs[0].shape.plain, constant_value(op.inputs[1])
    if dims is None or axes is None:
        return [None if dims is None or not op.attrs["keep_dims"] else (None,) * len(dims)]
    gone = {checked_axis(int(a), len(dims)) for a in np.reshape(axes, -1)}
    if op.attrs["keep_dims"]:
        return [tuple(1 if i in gone else d for i, d in enumerate(dims))]
    return [tuple(d for i, d in enumerate(dims) if i not in gone)]


def _reduce_join(xp: Namespace, inputs: Array, axes: Array, *, keep_dims: bool, separator: str) -> Array:
    del xp
    order = [int(a) % max(inputs.ndim, 1) for a in np.reshape(axes, -1)]
    joined = inputs
    for axis in order:
        rows = np.moveaxis(joined, axis, -1)
        flat = np.empty(rows.shape[:-1], object)
        for place in np.ndindex(flat.shape):
            flat[place] = as_bytes(separator).join(rows[place])
        joined = np.expand_dims(flat, axis)
    return joined if keep_dims else np.squeeze(joined, tuple(order))


register(
    "ReduceJoin", "inputs: string, reduction_indices: int32 -> output: string",
    attrs={"keep_dims": False, "separator": attr("string", "")}, shape=_reduce_join_shape, host=_reduce_join,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def reduce_join(
    inputs: Any, axis: Any = None, keep_dims: bool | None = None, separator: str = "", name: str | None = None,
    reduction_indices: Any = None, keepdims: bool | None = None,
) -> Tensor:  # fmt: skip
    """Strings put together along dimensions.

    Args:
        inputs: a string tensor.
        axis: a dimension or a list of them, joined in this order; by default all, the last one first.
        keep_dims: keep the dimensions, with size 1. ``keepdims`` is its newer name.
        separator: what comes between.
        name: the operation's name.
        reduction_indices: the old name of ``axis``.
        keepdims: see ``keep_dims``.
    """
    with name_scope(name, "ReduceJoin", [inputs] if isinstance(inputs, Tensor) else None):
        tensor = convert_to_tensor(inputs)
        axes = reduction_indices if axis is None else axis
        if axes is None:
            if tensor.shape.ndims is None:
                axes = apply("Range", apply("Sub", apply("Rank", tensor), 1), -1, -1)
            else:
                axes = np.arange(tensor.shape.ndims - 1, -1, -1, dtype=np.int32)
        keep = bool(keep_dims if keepdims is None else keepdims)
        return apply("ReduceJoin", tensor, axes, keep_dims=keep, separator=separator)


# StringSplit


def _split_shape(op: Operation) -> list[Any]:
    op.inputs[0].shape.with_rank(1)
    return [(None, 2), (None,), (2,)]


def _split(xp: Namespace, rows: Array, delimiter: Array, *, skip_empty: bool) -> tuple[Array, Array, Array]:
    del xp
    marks = bytes(delimiter[()])
    pattern = re.compile(b"[" + re.escape(marks) + b"]") if marks else None
    lists: list[list[bytes]] = []
    for row in rows:
        parts = pattern.split(row) if pattern else [row[j : j + 1] for j in range(len(row))]
        lists.append([p for p in parts if p or not skip_empty] if row else [])
    return _as_sparse(lists)


def _as_sparse(lists: list[list[bytes]]) -> tuple[Array, Array, Array]:
    """Lists of strings as the rows of a sparse matrix: indices, values, shape."""
    places = [(i, j) for i, parts in enumerate(lists) for j in range(len(parts))]
    values = [p for parts in lists for p in parts]
    found = np.empty(len(values), object)
    found[:] = values
    widest = max((len(parts) for parts in lists), default=0)
    return np.asarray(places, np.int64).reshape(-1, 2), found, np.asarray([len(lists), widest], np.int64)


register(
    "StringSplit", "input: string, delimiter: string -> indices: int64, values: string, shape: int64",
    attrs={"skip_empty": True}, shape=_split_shape, host=_split, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def string_split(
    source: Any, sep: Any = None, skip_empty: bool = True, delimiter: Any = None, result_type: str = "SparseTensor",
    name: str | None = None,
) -> SparseTensor:  # fmt: skip
    """Each string of a vector taken apart at every character of ``sep``.

    Args:
        source: a vector of strings.
        sep: the characters to split at, a space by default; empty: into single bytes.
        skip_empty: leave empty parts out.
        delimiter: the old name of ``sep``.
        result_type: ``SparseTensor``, the only one there is.
        name: the operation's name.

    Returns:
        A SparseTensor of shape [strings, most parts]: row i holds the parts of string i.
    """
    if result_type != "SparseTensor":
        raise ValueError(f"tf.string_split gives a SparseTensor, not a {result_type}.")
    rows = convert_to_tensor(source)
    with name_scope(name, "StringSplit", [rows]) as scope:
        marks = delimiter if sep is None else sep
        parts = apply("StringSplit", rows, " " if marks is None else marks, skip_empty=skip_empty, name=scope)
        return SparseTensor(*parts)


def _split_words(xp: Namespace, rows: Array, sep: Array, *, maxsplit: int) -> tuple[Array, Array, Array]:
    del xp
    mark = bytes(sep[()])
    return _as_sparse([row.split(mark or None, maxsplit) for row in rows])


register(
    "StringSplitV2", "input: string, sep: string -> indices: int64, values: string, shape: int64",
    attrs={"maxsplit": -1}, shape=_split_shape, host=_split_words, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def string_split_v2(
    input: Any = None, sep: Any = None, maxsplit: int = -1, result_type: str = "SparseTensor", source: Any = None,
    name: str | None = None,
) -> SparseTensor:  # fmt: skip
    """Each string of a vector taken apart at every ``sep``, as Python's ``str.split`` does (``tf.strings.split``).

    Args:
        input: a vector of strings.
        sep: the separator; by default, and if empty, any white space.
        maxsplit: how often to split each string at most; always if negative.
        result_type: ``SparseTensor``, the only one there is.
        source: the old name of ``input``.
        name: the operation's name.

    Returns:
        A SparseTensor of shape [strings, most parts].

    Raises:
        ValueError: if ``result_type`` asks for a ragged tensor.
    """
    if result_type != "SparseTensor":
        raise ValueError(f"tf.strings.split gives a SparseTensor, not a {result_type}.")
    rows = convert_to_tensor(source if input is None else input)
    with name_scope(name, "StringSplit", [rows]):
        return SparseTensor(*apply("StringSplitV2", rows, "" if sep is None else sep, maxsplit=maxsplit))


# Substr, StringLength


def _substr_shape(op: Operation) -> list[Any]:
    text, position, length = (t.shape for t in op.inputs)
    position.assert_is_compatible_with(length)
    return [broadcast_dims(text.plain, broadcast_dims(position.plain, length.plain))]


def _substr(xp: Namespace, text: Array, position: Array, length: Array, *, unit: str, op: Operation) -> Array:
    del xp

    def cut(row: Sequence[Any]) -> bytes:
        value, start, count = row
        whole: Any = as_text(value) if unit == "UTF8_CHAR" else value
        if not -len(whole) <= start <= len(whole):
            raise InvalidArgumentError(None, op, f"pos {start} out of range for string {value!r}")
        start = start + len(whole) if start < 0 else start
        part = whole[start : start + max(int(count), 0)]
        return as_bytes(part) if unit == "UTF8_CHAR" else part

    return _each_row(cut, [text, position, length])


register(
    "Substr", "input: string, pos: T, len: T -> output: string", attrs=_UNIT, types={"T": INDICES}, shape=_substr_shape,
    host=_substr, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def substr(input: Any, pos: Any, len: Any, name: str | None = None, unit: str = "BYTE") -> Tensor:
    """``len`` bytes (or characters) of each string from ``pos`` on.

    Args:
        input: a string tensor.
        pos: the first position; negative from the end. A scalar, or one for each string.
        len: how many; fewer where the string ends.
        name: the operation's name.
        unit: ``BYTE`` or ``UTF8_CHAR``.

    Raises:
        InvalidArgumentError: when run, if a position is outside its string.
    """
    return apply("Substr", input, pos, len, unit=unit, name=name)


def _length(xp: Namespace, text: Array, *, unit: str) -> Array:
    del xp
    return each(lambda v: len(as_text(v) if unit == "UTF8_CHAR" else v), text, dtype=np.int32)


register(
    "StringLength", "input: string -> output: int32", attrs=_UNIT, shape=same_shape, host=_length,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def string_length(input: Any, name: str | None = None, unit: str = "BYTE") -> Tensor:
    """The number of bytes (or characters) of each string, as int32 (``tf.string_length``, ``tf.strings.length``)."""
    return apply("StringLength", input, unit=unit, name=name)
