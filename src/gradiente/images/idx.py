"""The IDX format of the MNIST files: a magic number, the sizes, then unsigned bytes."""

from __future__ import annotations

import gzip
import io
import zlib
from math import prod
from pathlib import Path
from typing import IO, TypeAlias

import numpy as np
import numpy.typing as npt

Source: TypeAlias = str | Path | IO[bytes] | bytes
"""Where a file comes from: its path, an open binary file, or its bytes."""

_UNSIGNED_BYTE = 0x08
_LARGEST = 1 << 31
_CHUNK = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"


def read_idx(source: Source, rank: int | None = None) -> npt.NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, compressed with gzip or plain.

    Args:
        source: the file's path, an open binary file, or the file's bytes.
        rank: the number of dimensions that the file must have (3 for images, 1 for labels), or None for any.

    Returns:
        A writable uint8 array of the shape that the header states.

    Raises:
        ValueError: the file is not an IDX file of unsigned bytes, has another rank, is shorter or longer
            than its header says, or is damaged. The message names the file.
        FileNotFoundError: there is no file at this path.

    Source: the description of the format on the MNIST database's page.

    >>> read_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4])).tolist()
    [5, 0, 4]
    """
    name = _name(source)
    try:
        if isinstance(source, (str, Path)):
            with open(source, "rb") as raw:
                return _read(raw, name, rank)
        return _read(io.BytesIO(source) if isinstance(source, bytes) else source, name, rank)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"The IDX file {name} is damaged: {error}. Get the file anew.") from error


def _name(source: Source) -> str:
    if isinstance(source, (str, Path)):
        return str(source)
    return str(getattr(source, "name", "given as bytes"))


def _read(raw: IO[bytes], name: str, rank: int | None) -> npt.NDArray[np.uint8]:
    head = raw.read(2)
    rest = _Prefixed(head, raw)
    if head == _GZIP_MAGIC:
        with gzip.GzipFile(fileobj=rest) as stream:
            return _parse(stream, name, rank)
    return _parse(rest, name, rank)


class _Prefixed(io.RawIOBase):
    """A file whose first bytes were read already, to see what it is, and which may not be able to seek."""

    def __init__(self, head: bytes, raw: IO[bytes]) -> None:
        self._head = head
        self._raw = raw

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if not self._head:
            return self._raw.read(size)
        if size < 0:
            head, self._head = self._head, b""
            return head + self._raw.read()
        head, self._head = self._head[:size], self._head[size:]
        return head + self._raw.read(size - len(head))


def _parse(stream: gzip.GzipFile | _Prefixed, name: str, rank: int | None) -> npt.NDArray[np.uint8]:
    magic = bytes(_exactly(stream, 4, name, "magic number"))
    if magic[:2] != b"\0\0" or magic[2] != _UNSIGNED_BYTE or magic[3] == 0:
        raise ValueError(
            f"Invalid magic number {int.from_bytes(magic, 'big')} in the IDX file {name}: a file of unsigned "
            "bytes starts with 0, 0, 8 and its number of dimensions (2051 for images, 2049 for labels)."
        )
    if rank is not None and magic[3] != rank:
        raise ValueError(
            f"Invalid magic number {int.from_bytes(magic, 'big')} in the IDX file {name}: {2048 + rank} "
            f"({rank} dimension{'s' if rank > 1 else ''}) was expected. Were images and labels swapped?"
        )
    sizes = _exactly(stream, 4 * magic[3], name, "sizes")
    shape = [int.from_bytes(sizes[at : at + 4], "big") for at in range(0, len(sizes), 4)]
    if prod(shape) >= _LARGEST:
        raise ValueError(
            f"The IDX file {name} claims the shape {shape}: {_LARGEST} bytes or more. It is damaged."
        )
    values = _exactly(stream, prod(shape), name, f"values of shape {shape}")
    if stream.read(1):
        raise ValueError(f"The IDX file {name} goes on after its values of shape {shape}. It is damaged.")
    return np.frombuffer(values, np.uint8).reshape(shape)


def _exactly(stream: gzip.GzipFile | _Prefixed, count: int, name: str, what: str) -> bytearray:
    """Read so many bytes, in pieces, so that a false header can't ask for more memory than the file fills."""
    data = bytearray()
    while len(data) < count:
        piece = stream.read(min(_CHUNK, count - len(data)))
        if not piece:
            raise ValueError(
                f"The IDX file {name} is truncated: its {what} take {count} bytes, and {len(data)} are "
                "there. Get the file anew."
            )
        data += piece
    return data
