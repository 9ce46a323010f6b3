"""Sorted tables of keys and values, the container of TensorFlow's checkpoint indices (LevelDB's format).

A table is a sequence of blocks and a footer. A block holds sorted entries, each key given by how much it shares
with the one before and by its rest, then the offsets of the entries that share nothing. After a block stand one
byte with its compression and a checksum. The last block is the index: the place of each block under a key that
is not less than the block's keys.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO

from gradiente.formats import snappy
from gradiente.formats.crc32c import masked_crc32c
from gradiente.formats.varint import decode_varint, encode_varint
from gradiente.graph.errors import DataLossError

_MAGIC = 0xDB4775248B80FB57
_FOOTER_SIZE = 48
_TRAILER = struct.Struct("<BI")
_UINT32 = struct.Struct("<I")
_NO_COMPRESSION = 0
_SNAPPY = 1
_MOST_EXPANSION = 64
"""The most by which a table may grow in memory. Snappy's copies give at most 64 bytes for two; keys that share
their beginnings grow less than this in real tables, and without a limit a small file could fill the memory."""
_BLOCK_SIZE = 256 << 10
_RESTART_INTERVAL = 16
_MAX_BLOCK = 1 << 31


class TableReader:
    """Reads a table.

    Args:
        file: the open file, which the reader does not close.
        name: the file's name, for errors.

    Raises:
        DataLossError: the file is no table, or its index is damaged.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self._name = name
        self._size = file.seek(0, 2)
        if self._size < _FOOTER_SIZE:
            raise self._damaged(f"it has {self._size} bytes, and a table's footer takes {_FOOTER_SIZE}")
        file.seek(self._size - _FOOTER_SIZE)
        footer = file.read(_FOOTER_SIZE)
        if struct.unpack("<Q", footer[40:])[0] != _MAGIC:
            raise self._damaged(
                "it does not end with a table's magic number: it is truncated, or something else"
            )
        try:
            _, at = self._handle(footer, 0)
            self._index, _ = self._handle(footer, at)
        except ValueError as error:
            raise self._damaged(str(error)) from error

    def entries(self) -> Iterator[tuple[bytes, bytes]]:
        """All keys with their values, in order.

        Raises:
            DataLossError: a block is damaged.
        """
        last: bytes | None = None
        key_bytes = 0
        for _, handle in self._blocks():
            for key, value in self._block(*handle):
                if last is not None and key <= last:
                    raise self._damaged(f"the key {key!r} comes after {last!r}, and keys must increase")
                last = key
                key_bytes += len(key)
                if key_bytes > _MOST_EXPANSION * self._size:
                    raise self._damaged("its keys are far longer than what it can hold")
                yield key, value

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, or None.

        Raises:
            DataLossError: a block is damaged.
        """
        for last, handle in self._blocks():
            if last >= key:
                return next((value for found, value in self._block(*handle) if found == key), None)
        return None

    def _blocks(self) -> Iterator[tuple[bytes, tuple[int, int]]]:
        """For each block, a key that none of its keys passes, and its place."""
        for key, value in self._block(*self._index):
            try:
                yield key, self._handle(value, 0)[0]
            except ValueError as error:
                raise self._damaged(str(error)) from error

    def _handle(self, data: bytes, at: int) -> tuple[tuple[int, int], int]:
        offset, at = decode_varint(data, at)
        size, at = decode_varint(data, at)
        if offset + size + _TRAILER.size > self._size:
            raise ValueError(f"a block of {size} bytes at {offset} would pass the end of the file")
        return (offset, size), at

    def _block(self, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
        self._file.seek(offset)
        data = self._file.read(size + _TRAILER.size)
        if len(data) != size + _TRAILER.size:
            raise self._damaged(f"the block at {offset} is truncated")
        kind, checksum = _TRAILER.unpack_from(data, size)
        if masked_crc32c(data[: size + 1]) != checksum:
            raise self._damaged(f"the block at {offset} does not fit its checksum")
        try:
            if kind == _SNAPPY:
                content = snappy.decompress(data[:size], min(_MOST_EXPANSION * size, _MAX_BLOCK))
            elif kind == _NO_COMPRESSION:
                content = data[:size]
            else:
                raise ValueError(f"its compression {kind} is unknown")
            yield from _block_entries(content)
        except ValueError as error:
            raise self._damaged(f"the block at {offset}: {error}") from error

    def _damaged(self, why: str) -> DataLossError:
        return DataLossError(None, None, f"{self._name} can't be read as a table: {why}.")


def _block_entries(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The entries of a block. Raises ValueError where it is damaged."""
    if len(content) < _UINT32.size:
        raise ValueError("it is too short")
    (restarts,) = _UINT32.unpack_from(content, len(content) - _UINT32.size)
    end = len(content) - _UINT32.size * (restarts + 1)
    if end < 0:
        raise ValueError(f"it has no room for its {restarts} restart offsets")
    at = 0
    key = b""
    while at < end:
        shared, at = decode_varint(content, at)
        rest, at = decode_varint(content, at)
        length, at = decode_varint(content, at)
        if shared > len(key) or at + rest + length > end:
            raise ValueError("an entry passes its end")
        key = key[:shared] + content[at : at + rest]
        at += rest
        yield key, content[at : at + length]
        at += length


class TableWriter:
    """Writes a table, uncompressed, as TensorFlow writes checkpoint indices.

    Args:
        file: the open file, which the writer does not close.
        block_size: how many bytes a block has before the next one begins.
    """

    def __init__(self, file: IO[bytes], block_size: int = _BLOCK_SIZE) -> None:
        self._file = file
        self._block_size = block_size
        self._offset = 0
        self._block = _BlockBuilder()
        self._index = _BlockBuilder(restart_interval=1)
        self._last: bytes | None = None

    def add(self, key: bytes, value: bytes) -> None:
        """Append an entry.

        Raises:
            ValueError: the key is not greater than the one before.
        """
        if self._last is not None and key <= self._last:
            raise ValueError(f"A table's keys must increase, and {key!r} comes after {self._last!r}.")
        self._last = key
        self._block.add(key, value)
        if self._block.size >= self._block_size:
            self._end_block()

    def finish(self) -> None:
        """Write what is left, the index and the footer."""
        self._end_block()
        metaindex = self._write(_BlockBuilder().finish())
        index = self._write(self._index.finish())
        self._file.write((metaindex + index).ljust(_FOOTER_SIZE - 8, b"\0") + struct.pack("<Q", _MAGIC))

    def _end_block(self) -> None:
        if self._block.size:
            self._index.add(self._last or b"", self._write(self._block.finish()))
            self._block = _BlockBuilder()

    def _write(self, content: bytes) -> bytes:
        typed = content + bytes([_NO_COMPRESSION])
        self._file.write(typed + _UINT32.pack(masked_crc32c(typed)))
        handle = encode_varint(self._offset) + encode_varint(len(content))
        self._offset += len(content) + _TRAILER.size
        return handle


class _BlockBuilder:
    """The entries of a block under construction."""

    def __init__(self, restart_interval: int = _RESTART_INTERVAL) -> None:
        self._data = bytearray()
        self._restarts = [0]
        self._interval = restart_interval
        self._count = 0
        self._key = b""

    @property
    def size(self) -> int:
        return len(self._data)

    def add(self, key: bytes, value: bytes) -> None:
        shared = 0
        if self._count and self._count % self._interval == 0:
            self._restarts.append(len(self._data))
        else:
            shared = _common_prefix(self._key, key)
        self._data += encode_varint(shared) + encode_varint(len(key) - shared) + encode_varint(len(value))
        self._data += key[shared:] + value
        self._key = key
        self._count += 1

    def finish(self) -> bytes:
        return bytes(self._data) + struct.pack(
            f"<{len(self._restarts) + 1}I", *self._restarts, len(self._restarts)
        )


def _common_prefix(a: bytes, b: bytes) -> int:
    for at, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return at
    return min(len(a), len(b))
