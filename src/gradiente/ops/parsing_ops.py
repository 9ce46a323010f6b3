"""The ops that read serialized Examples and SequenceExamples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradiente.formats import example as messages
from gradiente.graph.dtypes import DType, float32, int64, string
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.shapes import TensorShape
from gradiente.graph.types import Array, Namespace
from gradiente.ops.file_ops import origin, scalar_bytes, strings

FEATURE_TYPES = (float32, int64, string)

_KINDS = {"bytes_list": string, "float_list": float32, "int64_list": int64}


class Where(NamedTuple):
    """What an error says of the place."""

    op: Operation
    name: str
    row: int

    def error(self, key: str, what: str) -> InvalidArgumentError:
        """The error about a feature."""
        return InvalidArgumentError(
            None, self.op, f"Name: {self.name or '<unknown>'}, Key: {key}, Index: {self.row}.  {what}"
        )


def parsed(message: Any, data: Any, where: Where) -> Any:
    """The message that the bytes are.

    Raises:
        InvalidArgumentError: they are no such message.
    """
    from google.protobuf.message import DecodeError

    try:
        return message.FromString(bytes(data))
    except DecodeError:
        file = f" of {origin(data)}" if origin(data) else ""
        raise InvalidArgumentError(
            None, where.op,
            f"Could not parse example input{file}, value: {bytes(data[:60])!r}. It is no serialized "
            f"{message.DESCRIPTOR.name} (example.SerializeToString() makes one).",
        ) from None  # fmt: skip


def values_of(feature: Any, key: str, dtype: DType, where: Where) -> Array | None:
    """A feature's values, a vector; None if it has none.

    Raises:
        InvalidArgumentError: they are of another type.
    """
    kind = feature.WhichOneof("kind")
    if kind is None:
        return None
    if _KINDS[kind] is not dtype:
        raise where.error(
            key, f"Data types don't match. Data type: {_KINDS[kind].name} but expected type: {dtype.name}"
        )
    values = getattr(feature, kind).value
    return strings(values) if dtype is string else np.array(values, dtype.np)


def _sizes(shape: TensorShape) -> tuple[int, ...]:
    return tuple(d or 0 for d in shape.as_list())


class ExampleFeatures:
    """The features of one example, by key."""

    def __init__(self, features: Mapping[str, Any], where: Where) -> None:
        self._features = features
        self.where = where

    def get(self, key: str, dtype: DType) -> Array | None:
        """The values under a key; None if there are none."""
        return values_of(self._features[key], key, dtype, self.where) if key in self._features else None

    def dense(self, key: str, dtype: DType, shape: TensorShape, default: Array) -> Array:
        """The values under a key in a shape, whose first size may be unknown; else the default."""
        values = self.get(key, dtype)
        if shape.plain and shape.plain[0] is None:
            return self._rows(key, np.zeros(0, dtype.np) if values is None else values, shape)
        sizes = _sizes(shape)
        count = int(np.prod(sizes, dtype=np.int64))
        if values is None:
            if default.size != count or (count and not default.size):
                raise InvalidArgumentError(
                    None, self.where.op,
                    f"Name: {self.where.name or '<unknown>'}, Feature: {key} (data type: {dtype.name}) is required but "
                    f"could not be found. The example has {', '.join(sorted(self._features)) or 'no features'}; give the "
                    "FixedLenFeature a default_value if it may be missing.",
                )  # fmt: skip
            return default.reshape(sizes)
        if values.size != count:
            raise self.where.error(
                key,
                f"Number of {dtype.name} values != expected.  values size: {values.size} but output shape: {shape}",
            )
        return values.reshape(sizes)

    def _rows(self, key: str, values: Array, shape: TensorShape) -> Array:
        row = _sizes(shape[1:])
        stride = int(np.prod(row, dtype=np.int64))
        if stride and values.size % stride:
            raise self.where.error(
                key, f"Number of {values.dtype} values is not a multiple of stride length. values size: {values.size} but "
                f"output shape: {shape}",
            )  # fmt: skip
        return values.reshape((values.size // max(stride, 1), *row))


def keys_of(tensors: Sequence[Array]) -> list[str]:
    """The keys in a list of string scalars."""
    return [scalar_bytes(k).decode() for k in tensors]


# ParseExample: a batch of Examples


def _parse_example_shape(op: Operation) -> list[Any]:
    attrs = op.attrs
    batch = op.inputs[0].shape.with_rank(1)
    sparse = attrs["Nsparse"]
    dense = [batch.concatenate(s) for s in attrs["dense_shapes"]]
    return [(None, 2)] * sparse + [(None,)] * sparse + [(2,)] * sparse + dense


def _parse_example(
    xp: Namespace, serialized: Array, names: Array, sparse_keys: list[Array], dense_keys: list[Array],
    dense_defaults: list[Array], *, op: Operation, sparse_types: Sequence[DType], Tdense: Sequence[DType],
    dense_shapes: Sequence[TensorShape],
) -> list[Array]:  # fmt: skip
    del xp
    examples: list[ExampleFeatures] = []
    for i, data in enumerate(serialized):
        where = Where(op, names[i].decode(errors="replace") if names.size else "", i)
        examples.append(ExampleFeatures(parsed(messages.Example, data, where).features.feature, where))
    sparse = [
        batch_sparse([e.get(key, t) for e in examples], t)
        for key, t in zip(keys_of(sparse_keys), sparse_types, strict=True)
    ]
    dense = [
        batch_dense([e.dense(key, t, shape, default) for e in examples], shape, t, default)
        for key, t, shape, default in zip(
            keys_of(dense_keys), Tdense, dense_shapes, dense_defaults, strict=True
        )
    ]
    return [*(s[0] for s in sparse), *(s[1] for s in sparse), *(s[2] for s in sparse), *dense]


def batch_sparse(rows: Sequence[Array | None], dtype: DType) -> tuple[Array, Array, Array]:
    """Vectors of different lengths as the indices, values and shape of one sparse matrix."""
    lengths = [0 if r is None else len(r) for r in rows]
    present = [r for r in rows if r is not None]
    row = np.repeat(np.arange(len(rows)), lengths)
    column = np.concatenate([np.arange(n) for n in lengths]) if rows else np.zeros(0)
    return (
        np.stack([row, column], axis=1).astype(int64.np),
        np.concatenate(present) if present else np.zeros(0, dtype.np),
        np.array([len(rows), max(lengths, default=0)], int64.np),
    )


def batch_dense(rows: Sequence[Array], shape: TensorShape, dtype: DType, default: Array) -> Array:
    """Arrays stacked; those of different lengths are filled up with the default."""
    if not (shape.plain and shape.plain[0] is None):
        return np.stack(rows) if rows else np.zeros((0, *_sizes(shape)), dtype.np)
    longest = max((len(r) for r in rows), default=0)
    batch = np.full((len(rows), longest, *_sizes(shape[1:])), default.ravel()[0], dtype.np)
    for i, row in enumerate(rows):
        batch[i, : len(row)] = row
    return batch


register(
    "ParseExample",
    "serialized: string, names: string, sparse_keys: Nsparse*string, dense_keys: Ndense*string, "
    "dense_defaults: list(Tdense) -> sparse_indices: Nsparse*int64, sparse_values: list(sparse_types), "
    "sparse_shapes: Nsparse*int64, dense_values: list(Tdense)",
    attrs={"dense_shapes": attr("list(shape)")}, shape=_parse_example_shape, host=_parse_example,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


# ParseSingleExample


def _parse_single_shape(op: Operation) -> list[Any]:
    op.inputs[0].shape.assert_has_rank(0)
    sparse = op.attrs["num_sparse"]
    return [(None, 1)] * sparse + [(None,)] * sparse + [(1,)] * sparse + list(op.attrs["dense_shapes"])


def _parse_single(
    xp: Namespace, serialized: Array, dense_defaults: list[Array], *, op: Operation, sparse_keys: list[Any],
    dense_keys: list[Any], sparse_types: Sequence[DType], Tdense: Sequence[DType], dense_shapes: Sequence[TensorShape],
) -> list[Array]:  # fmt: skip
    del xp
    where = Where(op, origin(scalar_bytes(serialized)), 0)
    example = ExampleFeatures(
        parsed(messages.Example, scalar_bytes(serialized), where).features.feature, where
    )
    sparse = [
        single_sparse(example.get(_text(k), t), t) for k, t in zip(sparse_keys, sparse_types, strict=True)
    ]
    dense = [
        example.dense(_text(k), t, shape, default)
        for k, t, shape, default in zip(dense_keys, Tdense, dense_shapes, dense_defaults, strict=True)
    ]
    return [*(s[0] for s in sparse), *(s[1] for s in sparse), *(s[2] for s in sparse), *dense]


def _text(key: str | bytes) -> str:
    return key.decode() if isinstance(key, bytes) else key


def single_sparse(values: Array | None, dtype: DType) -> tuple[Array, Array, Array]:
    """A vector as the indices, values and shape of a sparse vector."""
    if values is None:
        values = np.zeros(0, dtype.np)
    return np.arange(len(values), dtype=int64.np)[:, None], values, np.array([len(values)], int64.np)


register(
    "ParseSingleExample",
    "serialized: string, dense_defaults: list(Tdense) -> sparse_indices: num_sparse*int64, "
    "sparse_values: list(sparse_types), sparse_shapes: num_sparse*int64, dense_values: list(Tdense)",
    attrs={
        "sparse_keys": attr("list(string)"), "dense_keys": attr("list(string)"), "dense_shapes": attr("list(shape)"),
    },
    shape=_parse_single_shape, host=_parse_single, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


# ParseSingleSequenceExample


def _parse_sequence_shape(op: Operation) -> list[Any]:
    attrs = op.attrs
    n, m = attrs["Ncontext_sparse"], attrs["Nfeature_list_sparse"]
    return [
        *[(None, 1)] * n, *[(None,)] * n, *[(1,)] * n, *attrs["context_dense_shapes"],
        *[(None, 2)] * m, *[(None,)] * m, *[(2,)] * m,
        *(TensorShape((None,)).concatenate(s) for s in attrs["feature_list_dense_shapes"]),
    ]  # fmt: skip


def _parse_sequence(
    xp: Namespace, serialized: Array, feature_list_dense_missing_assumed_empty: Array,
    context_sparse_keys: list[Array], context_dense_keys: list[Array], feature_list_sparse_keys: list[Array],
    feature_list_dense_keys: list[Array], context_dense_defaults: list[Array], debug_name: Array, *, op: Operation,
) -> list[Array]:  # fmt: skip
    del xp
    attrs = op.attrs
    where = Where(
        op, scalar_bytes(debug_name).decode(errors="replace") or origin(scalar_bytes(serialized)), 0
    )
    message = parsed(messages.SequenceExample, scalar_bytes(serialized), where)
    context = ExampleFeatures(message.context.feature, where)
    context_sparse = [
        single_sparse(context.get(k, t), t)
        for k, t in zip(keys_of(context_sparse_keys), attrs["context_sparse_types"], strict=True)
    ]
    context_dense = [
        context.dense(k, t, shape, default)
        for k, t, shape, default in zip(
            keys_of(context_dense_keys), attrs["Tcontext_dense"], attrs["context_dense_shapes"], context_dense_defaults,
            strict=True,
        )
    ]  # fmt: skip
    lists = message.feature_lists.feature_list
    may_miss = set(keys_of(list(feature_list_dense_missing_assumed_empty)))
    sparse = [
        batch_sparse([values_of(f, k, t, where) for f in (lists[k].feature if k in lists else ())], t)
        for k, t in zip(keys_of(feature_list_sparse_keys), attrs["feature_list_sparse_types"], strict=True)
    ]
    dense = [
        _steps(lists, k, t, shape, k in may_miss, where)
        for k, t, shape in zip(
            keys_of(feature_list_dense_keys), attrs["feature_list_dense_types"], attrs["feature_list_dense_shapes"],
            strict=True,
        )
    ]  # fmt: skip
    out: list[Array] = []
    for parts, values in ((context_sparse, context_dense), (sparse, dense)):
        for position in range(3):
            out.extend(p[position] for p in parts)
        out.extend(values)
    return out


def _steps(lists: Any, key: str, dtype: DType, shape: TensorShape, may_miss: bool, where: Where) -> Array:
    """The features of a list, one row each."""
    if key not in lists:
        if not may_miss:
            raise where.error(
                key, f"Feature list '{key}' is required but could not be found.  Did you mean to include it in "
                "feature_list_dense_missing_assumed_empty (allow_missing=True)?",
            )  # fmt: skip
        return np.zeros((0, *_sizes(shape)), dtype.np)
    empty = np.zeros(0, dtype.np)
    rows = [
        ExampleFeatures({key: f}, Where(where.op, where.name, i)).dense(key, dtype, shape, empty)
        for i, f in enumerate(lists[key].feature)
    ]
    return np.stack(rows) if rows else np.zeros((0, *_sizes(shape)), dtype.np)


register(
    "ParseSingleSequenceExample",
    "serialized: string, feature_list_dense_missing_assumed_empty: string, "
    "context_sparse_keys: Ncontext_sparse*string, context_dense_keys: Ncontext_dense*string, "
    "feature_list_sparse_keys: Nfeature_list_sparse*string, feature_list_dense_keys: Nfeature_list_dense*string, "
    "context_dense_defaults: list(Tcontext_dense), debug_name: string -> "
    "context_sparse_indices: Ncontext_sparse*int64, context_sparse_values: list(context_sparse_types), "
    "context_sparse_shapes: Ncontext_sparse*int64, context_dense_values: list(Tcontext_dense), "
    "feature_list_sparse_indices: Nfeature_list_sparse*int64, "
    "feature_list_sparse_values: list(feature_list_sparse_types), "
    "feature_list_sparse_shapes: Nfeature_list_sparse*int64, "
    "feature_list_dense_values: list(feature_list_dense_types)",
    attrs={
        "context_dense_shapes": attr("list(shape)", ()), "feature_list_dense_shapes": attr("list(shape)", ()),
        "Ncontext_sparse": 0, "Ncontext_dense": 0, "Nfeature_list_sparse": 0, "Nfeature_list_dense": 0,
    },
    shape=_parse_sequence_shape, host=_parse_sequence, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
