"""Sparse tensors as strings, in which form they go through queues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.dtypes import DType, as_dtype, int64
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.shapes import TensorShape
from gradiente.graph.sparse import SparseTensor
from gradiente.graph.types import Array, Namespace
from gradiente.ops.file_ops import strings


def _as_bytes(array: Array) -> bytes:
    """An array as a serialized TensorProto."""
    from gradiente.graph.protos import make_tensor_proto

    return make_tensor_proto(array).SerializeToString()


def _as_array(data: bytes) -> Array:
    from tensorboard.compat.proto import tensor_pb2

    from gradiente.graph.protos import make_ndarray

    proto: Any = vars(tensor_pb2)["TensorProto"]()
    proto.ParseFromString(data)
    return make_ndarray(proto)


# SerializeSparse, SerializeManySparse


def _serialize(xp: Namespace, sparse_indices: Array, sparse_values: Array, sparse_shape: Array) -> Array:
    del xp
    return strings([_as_bytes(sparse_indices), _as_bytes(sparse_values), _as_bytes(sparse_shape)])


def _serialize_many(xp: Namespace, sparse_indices: Array, sparse_values: Array, sparse_shape: Array) -> Array:
    del xp
    rows: list[bytes] = []
    for row in range(int(sparse_shape[0])):
        mine = sparse_indices[:, 0] == row
        parts = (sparse_indices[mine, 1:], sparse_values[mine], sparse_shape[1:])
        rows.extend(_as_bytes(p) for p in parts)
    return strings(rows, (int(sparse_shape[0]), 3))


_INPUTS = "sparse_indices: int64, sparse_values: T, sparse_shape: int64 -> serialized_sparse: out_type"
for _name, _host, _rows in (
    ("SerializeSparse", _serialize, ()),
    ("SerializeManySparse", _serialize_many, (None,)),
):
    register(
        _name, _INPUTS, attrs={"out_type": as_dtype("string")}, shape=lambda op, rows=_rows: [(*rows, 3)], host=_host,
        gradient=NOT_DIFFERENTIABLE,
    )  # fmt: skip


# DeserializeManySparse


def _deserialized_shape(op: Operation) -> list[Any]:
    op.inputs[0].shape.with_rank(2)
    return [(None, None), (None,), (None,)]


def _deserialize_many(
    xp: Namespace, serialized_sparse: Array, *, dtype: DType, op: Operation
) -> tuple[Array, ...]:
    del xp
    rows = [tuple(_as_array(part) for part in row) for row in serialized_sparse]
    ranks = {len(shape) for _, _, shape in rows}
    if len(ranks) > 1:
        raise InvalidArgumentError(
            None, op, f"The sparse tensors of a batch must have one rank, not {sorted(ranks)}."
        )
    rank = ranks.pop() if ranks else 0
    indices = [np.insert(i.reshape(-1, rank), 0, row, axis=1) for row, (i, _, _) in enumerate(rows)]
    values = [v for _, v, _ in rows]
    sizes = np.max([s for _, _, s in rows], axis=0) if rows else np.zeros(rank, np.int64)
    return (
        np.concatenate(indices).astype(int64.np) if rows else np.zeros((0, rank + 1), int64.np),
        np.concatenate(values) if rows else np.zeros(0, dtype.np),
        np.concatenate([[len(rows)], sizes]).astype(int64.np),
    )


register(
    "DeserializeManySparse",
    "serialized_sparse: string -> sparse_indices: int64, sparse_values: dtype, sparse_shape: int64",
    attrs={"dtype": attr("type")}, shape=_deserialized_shape, host=_deserialize_many, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


class Stored(NamedTuple):
    """What a string in the place of a sparse tensor stands for."""

    dtype: DType
    shape: TensorShape


def stored_sparse(
    lists: Sequence[Sequence[Any]], many: bool
) -> tuple[list[list[Tensor]], list[Stored | None]]:
    """Lists of tensors whose sparse ones are replaced by strings.

    Args:
        lists: lists of the same kinds of tensors.
        many: whether the first dimension counts examples.

    Returns:
        The lists, and for each place in them what is stored there (None: a tensor as it was).
    """
    op_type = "SerializeManySparse" if many else "SerializeSparse"
    dense: list[list[Tensor]] = [
        [
            apply(op_type, t.indices, t.values, t.dense_shape) if isinstance(t, SparseTensor) else t
            for t in tensors
        ]
        for tensors in lists
    ]
    notes: list[Stored | None] = []
    for tensor in lists[0]:
        if isinstance(tensor, SparseTensor):
            shape = tensor.shape[1:] if many else tensor.shape
            notes.append(Stored(tensor.dtype, TensorShape((None,)).concatenate(shape)))
        else:
            notes.append(None)
    return dense, notes


def restored_sparse(tensors: Sequence[Tensor], notes: Sequence[Stored | None]) -> list[Any]:
    """A batch whose strings are sparse tensors again, with one more dimension in front."""
    restored: list[Any] = []
    for tensor, note in zip(tensors, notes, strict=True):
        if note is None:
            restored.append(tensor)
            continue
        indices, values, shape = apply("DeserializeManySparse", tensor, dtype=note.dtype)
        if note.shape.ndims is not None:
            indices.set_shape([None, note.shape.ndims])
            shape.set_shape([note.shape.ndims])
        restored.append(SparseTensor(indices, values, shape))
    return restored
