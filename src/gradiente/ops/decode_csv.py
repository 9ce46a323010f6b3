"""Lines of comma-separated values to tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import DType, float32, float64, int32, int64, string
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.file_ops import origin, strings

_TYPES = (float32, float64, int32, int64, string)


def fields_of(record: bytes, delimiter: bytes, quotes: bool) -> list[bytes]:
    """The fields of a record.

    A field in double quotes may contain the delimiter and line ends; a quote in it is written twice.

    Raises:
        ValueError: quotes are not closed, or stand where they may not.
    """
    has_quotes = quotes and b'"' in record
    if not has_quotes and b"\n" not in record and b"\r" not in record:
        return record.split(delimiter) if record else []
    found: list[bytes] = []
    at = 0
    while at < len(record):
        if record[at : at + 1] in (b"\n", b"\r"):
            at += 1
        elif quotes and record[at : at + 1] == b'"':
            field, at = _quoted(record, at + 1, delimiter)
            found.append(field)
        else:
            end = record.find(delimiter, at)
            end = len(record) if end < 0 else end
            field = record[at:end]
            if (quotes and b'"' in field) or b"\n" in field or b"\r" in field:
                raise ValueError("Unquoted fields cannot have quotes/CRLFs inside")
            found.append(field)
            at = end + 1
    if record.endswith(delimiter):
        found.append(b"")
    return found


def _quoted(record: bytes, at: int, delimiter: bytes) -> tuple[bytes, int]:
    """The field whose opening quote stands before ``at``, and where the next field begins."""
    parts: list[bytes] = []
    while True:
        end = record.find(b'"', at)
        if end < 0:
            raise ValueError("Quoted field has to end with quote followed by delim or end")
        parts.append(record[at:end])
        after = record[end + 1 : end + 2]
        if not after or after == delimiter:
            return b"".join(parts), end + 2
        if after != b'"':
            raise ValueError("Quote inside a string has to be escaped by another quote")
        parts.append(b'"')
        at = end + 2


def _integer(text: bytes, dtype: DType) -> int:
    if b"_" in text:
        raise ValueError
    value = int(text)
    if not dtype.min <= value <= dtype.max:
        raise ValueError
    return value


def _number(text: bytes, dtype: DType) -> float:
    del dtype
    if b"_" in text:
        raise ValueError
    return float(text)


def _converter(dtype: DType) -> Callable[[bytes, DType], Any]:
    return _integer if dtype.is_integer else _number if dtype.is_floating else lambda text, dtype: text


def _csv_shape(op: Operation) -> list[Any]:
    for default in op.inputs[1:]:
        shape = default.shape
        size = shape.num_elements()
        if (shape.ndims or 0) > 1 or (size is not None and size > 1):
            raise ValueError(
                f"A default is a scalar or a vector of at most one element ([] where the column is required), not of "
                f"shape {shape}."
            )
    return [op.inputs[0].shape] * len(op.attrs["OUT_TYPE"])


def _decode_csv(
    xp: Namespace, records: Array, record_defaults: list[Array], *, field_delim: str, use_quote_delim: bool,
    na_value: str, select_cols: list[int], op: Operation,
) -> list[Array]:  # fmt: skip
    del xp
    delimiter, missing = field_delim.encode(), (b"", na_value.encode())
    types: Sequence[DType] = op.attrs["OUT_TYPE"]
    converters = [_converter(t) for t in types]
    defaults = [d.ravel()[0] if d.size else None for d in record_defaults]
    columns: list[list[Any]] = [[] for _ in types]
    for number, record in enumerate(records.ravel()):
        try:
            fields = fields_of(bytes(record), delimiter, use_quote_delim)
        except ValueError as error:
            raise _invalid(op, str(error), number, record) from None
        if select_cols:
            fields = [fields[c] for c in select_cols if c < len(fields)]
        if len(fields) != len(types):
            raise _invalid(op, f"Expect {len(types)} fields but have {len(fields)}", number, record)
        for column, text in enumerate(fields):
            if text in missing:
                if defaults[column] is None:
                    raise _invalid(op, f"Field {column} is required but missing", number, record)
                columns[column].append(defaults[column])
                continue
            try:
                columns[column].append(converters[column](text, types[column]))
            except ValueError:
                shown = text.decode(errors="replace")
                raise _invalid(
                    op, f"Field {column} is not a valid {types[column].name}: {shown!r}", number, record
                ) from None
    return [
        strings(values, records.shape) if t is string else np.array(values, t.np).reshape(records.shape)
        for values, t in zip(columns, types, strict=True)
    ]


def _invalid(op: Operation, what: str, number: int, record: Any) -> InvalidArgumentError:
    file = f" ({origin(record)})" if origin(record) else ""
    shown = bytes(record[:80]).decode(errors="replace")
    return InvalidArgumentError(
        None, op, f"{what} in record {number}{file}: {shown!r}. record_defaults says how many columns there are, of which "
        "types, and what stands for an empty one.",
    )  # fmt: skip


register(
    "DecodeCSV", "records: string, record_defaults: list(OUT_TYPE) -> output: list(OUT_TYPE)",
    attrs={"field_delim": ",", "use_quote_delim": True, "na_value": "", "select_cols": attr("list(int)", ())},
    shape=_csv_shape, host=_decode_csv, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def decode_csv(
    records: Any, record_defaults: Sequence[Any], field_delim: str = ",", use_quote_delim: bool = True,
    name: str | None = None, na_value: str = "", select_cols: Sequence[int] | None = None,
) -> list[Tensor]:  # fmt: skip
    """The columns of lines of comma-separated values.

    Args:
        records: the lines, strings of any shape.
        record_defaults: for each column, what an empty field means: a list of one value, whose type is the column's
            (float32, float64, int32, int64 or string). An empty tensor (``tf.constant([], tf.int32)``) makes the
            column required.
        field_delim: the character between fields.
        use_quote_delim: whether double quotes surround fields that contain the delimiter.
        name: the operation's name.
        na_value: a text that means an empty field, besides the empty one.
        select_cols: the columns to give, in increasing order; all by default.

    Returns:
        One tensor for each column, of the shape of ``records``.

    Raises:
        InvalidArgumentError: when run, if a line does not have that many fields, a required one is empty or one is no
            number; the error names the line and the column.

    Source: TensorFlow 1's ``tf.decode_csv``; RFC 4180.
    """
    if select_cols is not None:
        if any(a >= b for a, b in zip(select_cols, list(select_cols)[1:], strict=False)):
            raise ValueError(f"select_cols is not strictly increasing: {list(select_cols)}.")
        if any(c < 0 for c in select_cols):
            raise ValueError(f"select_cols has negative values: {list(select_cols)}.")
        if len(select_cols) != len(record_defaults):
            raise ValueError(
                f"Length of select_cols ({len(select_cols)}) and record_defaults ({len(record_defaults)}) do not match."
            )
    with name_scope(name, "DecodeCSV", [records]) as scope:
        defaults = [convert_to_tensor(d, name=f"record_defaults_{i}") for i, d in enumerate(record_defaults)]
        for i, default in enumerate(defaults):
            if default.dtype.base_dtype not in _TYPES:
                raise TypeError(
                    f"Column {i} of decode_csv would be of type {default.dtype.name}; it is one of "
                    f"{', '.join(t.name for t in _TYPES)}."
                )
        return apply(
            "DecodeCSV", records, defaults, field_delim=field_delim, use_quote_delim=use_quote_delim,
            na_value=na_value, select_cols=select_cols, name=scope,
        )  # fmt: skip
