"""Reads TensorFlow's checkpoints of version 1: one table, or one a shard, with the values in it."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from gradiente.formats.checkpoint_protos import SavedTensorSlices, parse
from gradiente.formats.sstable import TableReader
from gradiente.formats.tensor_slices import TensorSlice, dtype_of, join, shape_of, slice_of
from gradiente.graph.dtypes import DType
from gradiente.graph.errors import DataLossError, NotFoundError
from gradiente.graph.types import Array

_META_KEY = b""
_FIELDS = {
    "float32": "float_val", "float64": "double_val", "int64": "int64_val", "bool": "bool_val",
    "uint32": "uint32_val", "uint64": "uint64_val", "complex64": "scomplex_val", "complex128": "dcomplex_val",
    "float16": "half_val", "bfloat16": "half_val", "string": "string_val",
}  # fmt: skip
"""Where a TensorProto keeps the values of a type; the small integers are in ``int_val``."""


class V1Reader:
    """Reads the tensors of a checkpoint of version 1. It keeps no file open.

    Args:
        paths: its files.

    Raises:
        DataLossError: a file is damaged, or no checkpoint.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._metas: dict[str, Any] = {}
        self._places: dict[str, list[tuple[TensorSlice, str]]] = {}
        for path in paths:
            for meta in self._load(path, _META_KEY).meta.tensor:
                self._metas.setdefault(meta.name, meta)
                self._places.setdefault(meta.name, []).extend((slice_of(part), path) for part in meta.slice)

    def __contains__(self, name: str) -> bool:
        return name in self._metas

    def names(self) -> list[str]:
        """The names of the tensors, sorted."""
        return sorted(self._metas)

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's shape."""
        return shape_of(self._meta(name).shape, self._what(name))

    def dtype(self, name: str) -> DType:
        """A tensor's dtype."""
        return dtype_of(self._meta(name).type, self._what(name))

    def read(self, name: str) -> Array:
        """A tensor's values.

        Raises:
            NotFoundError: the checkpoint has no such tensor.
            DataLossError: the file is damaged.
        """
        dtype = self.dtype(name)
        places = dict(self._places.get(name, []))

        def read(part: TensorSlice, shape: tuple[int, ...]) -> Array:
            saved = self._load(places[part], part.key(name)).data
            return _values(saved.data, dtype, prod(shape), self._what(name)).reshape(shape)

        return join(self.shape(name), dtype, list(places), read, self._what(name))

    def _meta(self, name: str) -> Any:
        if name not in self._metas:
            raise NotFoundError(None, None, f"Key {name} not found in checkpoint.")
        return self._metas[name]

    def _what(self, name: str) -> str:
        return f"the tensor {name} of the checkpoint"

    def _load(self, path: str, key: bytes) -> Any:
        try:
            with open(path, "rb") as file:
                data = TableReader(file, path).get(key)
        except FileNotFoundError as error:
            raise NotFoundError(None, None, f"The checkpoint {path} does not exist.") from error
        if data is None:
            raise DataLossError(
                None, None, f"{path} lacks the entry {key!r}: it is damaged, or no checkpoint."
            )
        return parse(SavedTensorSlices, data, f"The entry {key!r} of {path}")


def _values(proto: Any, dtype: DType, count: int, what: str) -> Array:
    """The values of a TensorProto, flat."""
    if proto.tensor_content:
        if len(proto.tensor_content) != count * dtype.size:
            raise DataLossError(
                None, None, f"{what} has not the values its shape needs: the file is damaged."
            )
        return np.frombuffer(proto.tensor_content, dtype.np)
    values = getattr(proto, _FIELDS.get(dtype.name, "int_val"))
    if len(values) != count * (2 if dtype.is_complex else 1):
        raise DataLossError(
            None, None, f"{what} has {len(values)} values, and needs {count}: the file is damaged."
        )
    if dtype.name in ("float16", "bfloat16"):
        return (np.array(values, np.int64) & 0xFFFF).astype(np.uint16).view(dtype.np)
    if dtype.is_complex:
        return np.array(values, dtype.real_dtype.np).view(dtype.np)
    if dtype.name == "string":
        strings = np.empty(count, object)
        strings[:] = list(values)
        return strings
    wide = np.array(values)
    return wide.astype(dtype.np) if count else np.empty(0, dtype.np)
