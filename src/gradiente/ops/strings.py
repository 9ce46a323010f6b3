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
    places: list[tuple[int, int]] = []
    values: list[bytes] = []
    widest = 0
    for i, row in enumerate(rows):
        parts = pattern.split(row) if pattern else [row[j : j + 1] for j in range(len(row))]
        if not row:
            parts = []
        if skip_empty:
            parts = [p for p in parts if p]
        places.extend((i, j) for j in range(len(parts)))
        values.extend(parts)
        widest = max(widest, len(parts))
    found = np.empty(len(values), object)
    found[:] = values
    return np.asarray(places, np.int64).reshape(-1, 2), found, np.asarray([len(rows), widest], np.int64)


register(
    "StringSplit", "input: string, delimiter: string -> indices: int64, values: string, shape: int64",
    attrs={"skip_empty": True}, shape=_split_shape, host=_split, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def string_split(
    source: Any, delimiter: Any = " ", skip_empty: bool = True, name: str | None = None, sep: Any = None
) -> SparseTensor:
    """Each string of a vector taken apart at every character of ``delimiter``.

    Args:
        source: a vector of strings.
        delimiter: the characters to split at; empty: into single bytes.
        skip_empty: leave empty parts out.
        name: the operation's name.
        sep: the newer name of ``delimiter``.

    Returns:
        A SparseTensor of shape [strings, most parts]: row i holds the parts of string i.
    """
    rows = convert_to_tensor(source)
    with name_scope(name, "StringSplit", [rows]) as scope:
        parts = apply(
            "StringSplit", rows, delimiter if sep is None else sep, skip_empty=skip_empty, name=scope
        )
        return SparseTensor(*parts)


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
