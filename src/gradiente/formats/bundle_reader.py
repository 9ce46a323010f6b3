"""Reads TensorFlow's checkpoints of version 2: ``prefix.index`` and ``prefix.data-00000-of-00001``."""

from __future__ import annotations

import os
import struct
from math import prod
from typing import Any

import numpy as np

from gradiente.formats import crc32c
from gradiente.formats.checkpoint_protos import BundleEntryProto, BundleHeaderProto, parse
from gradiente.formats.sstable import TableReader
from gradiente.formats.tensor_slices import TensorSlice, dtype_of, join, shape_of, slice_of
from gradiente.formats.varint import decode_varint
from gradiente.graph import dtypes
from gradiente.graph.dtypes import DType
from gradiente.graph.errors import DataLossError, NotFoundError, UnimplementedError
from gradiente.graph.types import Array

_VERSION = 1
_MOST_SHARDS = 100_000
_CHUNK = 1 << 20
_LARGEST_UINT32 = (1 << 32) - 1


def shard_name(prefix: str, shard: int, shards: int) -> str:
    """The name of one of the files that hold a checkpoint's values."""
    return f"{prefix}.data-{shard:05d}-of-{shards:05d}"


class BundleReader:
    """Reads the tensors of a checkpoint of version 2.

    It keeps no file open, so several threads may use it.

    Args:
        prefix: the path without ``.index``.

    Raises:
        NotFoundError: there is no ``prefix.index``.
        DataLossError: the index is damaged.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        index = prefix + ".index"
        try:
            with open(index, "rb") as file:
                entries = dict(TableReader(file, index).entries())
        except FileNotFoundError as error:
            raise NotFoundError(
                None, None, f"There is no checkpoint {prefix}: {index} does not exist."
            ) from error
        header = parse(BundleHeaderProto, entries.pop(b"", b""), f"The header of {index}")
        if not 0 < header.num_shards <= _MOST_SHARDS:
            raise DataLossError(None, None, f"{index} claims {header.num_shards} data files. It is damaged.")
        if header.version.min_consumer > _VERSION:
            raise UnimplementedError(
                None,
                None,
                f"{index} has the format's version {header.version.min_consumer}; {_VERSION} is known.",
            )
        self._shards: int = header.num_shards
        self._big_endian = header.endianness == 1
        self._entries: dict[bytes, Any] = {
            key: parse(BundleEntryProto, value, f"The entry {key!r} of {index}")
            for key, value in entries.items()
        }
        parts = {
            part.key(_text(key))
            for key, entry in self._entries.items()
            for part in map(slice_of, entry.slices)
        }
        self._names = {_text(key): key for key in self._entries if key not in parts}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def names(self) -> list[str]:
        """The names of the tensors, sorted."""
        return sorted(self._names)

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's shape; of the whole where it was saved in parts."""
        return shape_of(self._entry(name).shape, self._what(name))

    def dtype(self, name: str) -> DType:
        """A tensor's dtype."""
        return dtype_of(self._entry(name).dtype, self._what(name))

    def read(self, name: str) -> Array:
        """A tensor's values.

        Raises:
            NotFoundError: the checkpoint has no such tensor, or a data file is missing.
            DataLossError: a data file is damaged.
        """
        entry = self._entry(name)
        if not entry.slices:
            return self._values(entry, self.shape(name), self.dtype(name), self._what(name))
        parts = [slice_of(proto) for proto in entry.slices]
        keys = {part: part.key(name) for part in parts}
        for key in keys.values():
            if key not in self._entries:
                raise DataLossError(
                    None, None, f"A part of {self._what(name)} is missing: the index is damaged."
                )
        dtype = self.dtype(name)

        def read(part: TensorSlice, shape: tuple[int, ...]) -> Array:
            return self._values(self._entries[keys[part]], shape, dtype, f"a part of {self._what(name)}")

        return join(self.shape(name), dtype, parts, read, self._what(name))

    def _entry(self, name: str) -> Any:
        key = self._names.get(name)
        if key is None:
            raise NotFoundError(None, None, f"Key {name} not found in checkpoint {self._prefix}.")
        return self._entries[key]

    def _what(self, name: str) -> str:
        return f"the tensor {name} of the checkpoint {self._prefix}"

    def _values(self, entry: Any, shape: tuple[int, ...], dtype: DType, what: str) -> Array:
        count = prod(shape)
        if dtype is dtypes.string:
            data = self._bytes(entry, count, what)
            return _strings(data, count, entry.crc32c, self._big_endian, what).reshape(shape)
        size = count * dtype.size
        if entry.size != size or dtype_of(entry.dtype, what) is not dtype:
            raise DataLossError(
                None, None, f"{what} takes {entry.size} bytes, and {dtype.name} {list(shape)} takes {size}. "
                "The index is damaged.",
            )  # fmt: skip
        data = self._bytes(entry, size, what)
        if _checksum(data) != entry.crc32c:
            raise DataLossError(
                None, None, f"The values of {what} don't fit their checksum: the data is damaged."
            )
        values = np.frombuffer(data, dtype.np)
        return (values.byteswap() if self._big_endian else values).reshape(shape)

    def _bytes(self, entry: Any, least: int, what: str) -> bytearray:
        """The bytes of an entry, after its place and its size (at least ``least``) have been found possible."""
        if not 0 <= entry.shard_id < self._shards or entry.offset < 0 or entry.size < least:
            raise DataLossError(
                None, None, f"{what} has an impossible place in the data files: the index is damaged."
            )
        path = shard_name(self._prefix, entry.shard_id, self._shards)
        try:
            with open(path, "rb") as file:
                there = os.fstat(file.fileno()).st_size
                if entry.offset + entry.size > there:
                    raise DataLossError(
                        None, None, f"{path} is truncated: {what} ends at byte {entry.offset + entry.size}, and the file "
                        f"has {there} bytes.",
                    )  # fmt: skip
                data = bytearray(entry.size)
                file.seek(entry.offset)
                if file.readinto(data) != entry.size:
                    raise DataLossError(None, None, f"{path} became shorter while {what} was read.")
        except FileNotFoundError as error:
            raise NotFoundError(
                None, None, f"The data file {path} of the checkpoint does not exist."
            ) from error
        return data


def _checksum(data: bytearray) -> int:
    crc = 0
    view = memoryview(data)
    for at in range(0, len(data), _CHUNK):
        crc = crc32c.extend(crc, view[at : at + _CHUNK])
    return crc32c.mask(crc)


def _strings(data: bytearray, count: int, checksum: int, big_endian: bool, what: str) -> Array:
    """Strings: all lengths, the lengths' checksum, all bytes. Lengths count as 4 bytes in checksums if they fit."""
    order = ">" if big_endian else "<"
    damaged = DataLossError(None, None, f"The strings of {what} are damaged.")
    lengths: list[int] = []
    at = crc = 0
    try:
        for _ in range(count):
            length, at = decode_varint(data, at)
            lengths.append(length)
            crc = crc32c.extend(crc, struct.pack(order + ("I" if length <= _LARGEST_UINT32 else "Q"), length))
    except ValueError as error:
        raise damaged from error
    stored = bytes(data[at : at + 4])
    at += 4
    if stored != struct.pack(order + "I", crc32c.mask(crc)) or at + sum(lengths) != len(data):
        raise damaged
    crc = crc32c.extend(crc32c.extend(crc, stored), memoryview(data)[at:])
    if crc32c.mask(crc) != checksum:
        raise damaged
    values = np.empty(count, object)
    for which, length in enumerate(lengths):
        values[which] = bytes(data[at : at + length])
        at += length
    return values


def _text(key: bytes) -> str:
    return key.decode(errors="surrogateescape")
