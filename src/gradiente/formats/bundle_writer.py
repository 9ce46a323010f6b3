"""Writes TensorFlow's checkpoints of version 2."""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from math import prod
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np

from gradiente.formats import crc32c
from gradiente.formats.bundle_reader import shard_name
from gradiente.formats.checkpoint_protos import BundleEntryProto, BundleHeaderProto
from gradiente.formats.sstable import TableWriter
from gradiente.formats.tensor_slices import TensorSlice, slice_proto
from gradiente.formats.varint import encode_varint
from gradiente.graph import dtypes
from gradiente.graph.dtypes import DType
from gradiente.graph.types import Array

_PRODUCER = 1
_CHUNK = 1 << 20
_LARGEST_UINT32 = (1 << 32) - 1


class BundleWriter:
    """Writes tensors to ``prefix.data-00000-of-00001`` and their index to ``prefix.index``.

    A context manager: the files appear under their names when it ends without an error, the index last, and both
    complete; before that, and after an error, what stood there before stays.

    Args:
        prefix: the path without the files' endings; its folder must exist.

    >>> import tempfile, os
    >>> from gradiente.formats.tensor_bundle import CheckpointReader
    >>> prefix = os.path.join(tempfile.mkdtemp(), "model.ckpt")
    >>> with BundleWriter(prefix) as writer:
    ...     writer.add("weights", np.float32([1, 2]))
    >>> CheckpointReader(prefix).get_tensor("weights").tolist()
    [1.0, 2.0]
    """

    def __init__(self, prefix: str | Path) -> None:
        self._prefix = os.fspath(prefix)
        self._suffix = f".tmp-{os.getpid()}-{id(self):x}"
        self._data: IO[bytes] = open(self._data_path() + self._suffix, "wb")  # noqa: SIM115 - finish closes it
        self._offset = 0
        self._entries: dict[bytes, Any] = {}

    def add(self, name: str, values: Array) -> None:
        """Write a tensor.

        Args:
            name: its name.
            values: a NumPy array of one of gradiente's dtypes, or what becomes one; strings as bytes or str.

        Raises:
            ValueError: the name is empty, or was added before.
            TypeError: no dtype of gradiente fits the values.
        """
        self._check_new(name)
        self._entries[name.encode()] = self._write(_native(values))

    def add_slice(self, name: str, shape: Sequence[int], starts: Sequence[int], values: Array) -> None:
        """Write a part of a tensor, such as one of a partitioned variable's.

        Args:
            name: the name of the whole tensor.
            shape: the shape of the whole tensor.
            starts: where the part starts in each dimension.
            values: the part.

        Raises:
            ValueError: the part does not lie within the tensor, was added before, or differs from the other parts
                in the tensor's shape or dtype.
        """
        array = _native(values)
        part = TensorSlice(tuple(starts), array.shape)
        try:
            part.box(shape)
        except ValueError as error:
            raise ValueError(f"BundleWriter.add_slice can't place a part of {name}: {error}.") from error
        dtype = dtypes.as_dtype(array.dtype)
        whole = self._entries.get(name.encode())
        if whole is None:
            self._check_new(name)
            whole = _entry(dtype, shape)
        elif (
            not whole.slices or [d.size for d in whole.shape.dim] != list(shape) or whole.dtype != int(dtype)
        ):
            raise ValueError(f"The part of {name} does not agree with what was added under this name before.")
        key = part.key(name)
        if key in self._entries:
            raise ValueError(f"The part of {name} that starts at {list(starts)} was added already.")
        self._entries[key] = self._write(array)
        slice_proto(part, whole.slices.add())
        self._entries[name.encode()] = whole

    def finish(self) -> None:
        """Complete both files and give them their names."""
        _complete(self._data)
        index_path = self._prefix + ".index"
        with open(index_path + self._suffix, "wb") as index:
            table = TableWriter(index)
            header = BundleHeaderProto(num_shards=1)
            header.version.producer = _PRODUCER
            table.add(b"", header.SerializeToString())
            for key in sorted(self._entries):
                table.add(key, self._entries[key].SerializeToString())
            table.finish()
            _complete(index)
        os.replace(self._data_path() + self._suffix, self._data_path())
        os.replace(index_path + self._suffix, index_path)

    def discard(self) -> None:
        """Leave everything as it was before."""
        self._data.close()
        for path in (self._data_path(), self._prefix + ".index"):
            Path(path + self._suffix).unlink(missing_ok=True)

    def __enter__(self) -> BundleWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.discard()
            return
        try:
            self.finish()
        except BaseException:
            self.discard()
            raise

    def _data_path(self) -> str:
        return shard_name(self._prefix, 0, 1)

    def _check_new(self, name: str) -> None:
        if not name:
            raise ValueError("A tensor in a checkpoint needs a name.")
        if name.encode() in self._entries:
            raise ValueError(f"The tensor {name} was added to the checkpoint already.")

    def _write(self, array: Array) -> Any:
        dtype = dtypes.as_dtype(array.dtype)
        entry = _entry(dtype, array.shape)
        pieces = _string_pieces(array) if dtype is dtypes.string else _pieces(array)
        crc = 0
        entry.offset = self._offset
        for stored, counted in pieces:
            crc = crc32c.extend(crc, counted)
            self._data.write(stored)
            self._offset += len(stored)
        entry.size = self._offset - entry.offset
        entry.crc32c = crc32c.mask(crc)
        return entry


def _native(values: Array) -> Array:
    """The values as an array in this machine's byte order, the only one that the format's writers use."""
    array = np.asarray(values)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _entry(dtype: DType, shape: Sequence[int]) -> Any:
    entry = BundleEntryProto(dtype=int(dtype))
    entry.shape.SetInParent()
    for size in shape:
        entry.shape.dim.add(size=size)
    return entry


def _pieces(array: Array) -> Any:
    """What is stored, piece by piece, and what of it the checksum counts: the same."""
    flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    for at in range(0, flat.size, _CHUNK):
        piece = flat[at : at + _CHUNK].tobytes()
        yield piece, piece


def _string_pieces(array: Array) -> Any:
    """Strings: all lengths, the lengths' checksum, all bytes. Lengths count as 4 bytes in checksums if they fit."""
    strings = [
        text.encode() if isinstance(text, str) else bytes(text) for text in array.reshape(prod(array.shape))
    ]
    crc = 0
    for text in strings:
        counted = struct.pack("<I" if len(text) <= _LARGEST_UINT32 else "<Q", len(text))
        crc = crc32c.extend(crc, counted)
        yield encode_varint(len(text)), counted
    checksum = struct.pack("<I", crc32c.mask(crc))
    yield checksum, checksum
    for text in strings:
        yield text, text


def _complete(file: IO[bytes]) -> None:
    """Have the operating system put the file on the disk, and close it."""
    with file:
        file.flush()
        os.fsync(file.fileno())
