"""TFRecord files: records of bytes with their lengths and checksums, plain or compressed (``tf.python_io``)."""

from __future__ import annotations

import gzip
import io
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, TypeAlias

from gradiente.formats.crc32c import masked_crc32c
from gradiente.graph.errors import (
    DataLossError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
)

_HEADER = struct.Struct("<QI")
_FOOTER = struct.Struct("<I")
_CHUNK = 1 << 20


class TFRecordCompressionType:
    """How the records of a file are compressed: all together, as one stream."""

    NONE = 0
    ZLIB = 1
    GZIP = 2


class TFRecordOptions:
    """How a TFRecord file is read or written.

    Args:
        compression_type: a ``TFRecordCompressionType``, or ``""``, ``"ZLIB"`` or ``"GZIP"``, or None for no
            compression.
        flush_mode: accepted for TensorFlow's sake.
        input_buffer_size: likewise.
        output_buffer_size: likewise.
        window_bits: the window of the compressor, in bits.
        compression_level: 0 (none) to 9 (smallest); None for zlib's default.
        compression_method: accepted for TensorFlow's sake; there is only deflate.
        mem_level: how much memory the compressor may use, 1 to 9.
        compression_strategy: zlib's strategy.

    Raises:
        ValueError: there is no such compression.

    Source: TensorFlow's ``tf.python_io.TFRecordOptions``.
    """

    compression_type_map = {  # noqa: RUF012 - TensorFlow's public name, read by programs
        TFRecordCompressionType.NONE: "",
        TFRecordCompressionType.ZLIB: "ZLIB",
        TFRecordCompressionType.GZIP: "GZIP",
    }

    def __init__(
        self,
        compression_type: str | int | None = None,
        flush_mode: int | None = None,
        input_buffer_size: int | None = None,
        output_buffer_size: int | None = None,
        window_bits: int | None = None,
        compression_level: int | None = None,
        compression_method: int | None = None,
        mem_level: int | None = None,
        compression_strategy: int | None = None,
    ) -> None:
        self.compression_type = self.get_compression_type_string(compression_type)
        self.flush_mode = flush_mode
        self.input_buffer_size = input_buffer_size
        self.output_buffer_size = output_buffer_size
        self.window_bits = window_bits
        self.compression_level = compression_level
        self.compression_method = compression_method
        self.mem_level = mem_level
        self.compression_strategy = compression_strategy

    @classmethod
    def get_compression_type_string(cls, options: TFRecordOptions | str | int | None) -> str:
        """``""``, ``"ZLIB"`` or ``"GZIP"`` for options, a compression type, its name or None."""
        if isinstance(options, TFRecordOptions):
            return options.compression_type
        if not options:
            return ""
        name = cls.compression_type_map.get(options, "") if isinstance(options, int) else options
        if name not in cls.compression_type_map.values() or not name:
            raise ValueError(f"There is no TFRecord compression {options!r}: use '', 'ZLIB' or 'GZIP'.")
        return name


Options: TypeAlias = TFRecordOptions | str | int | None
"""What says how a file is compressed: options, a compression type, its name, or None for none."""


def read_records(path: str | Path, options: Options = None) -> Iterator[tuple[int, bytes]]:
    """The records of a file with the offsets at which they start.

    Args:
        path: the file.
        options: how it is compressed.

    Yields:
        ``(offset, record)``; the offset is that of the uncompressed stream.

    Raises:
        NotFoundError: there is no such file.
        PermissionDeniedError: the file may not be read.
        DataLossError: a record is truncated or does not fit its checksum, or the compressed stream is damaged.
            The records before it have been given out.
    """
    compression = TFRecordOptions.get_compression_type_string(options)
    name = os.fspath(path)
    with _open(name) as raw:
        stream = _uncompressed(raw, compression)
        offset = 0
        try:
            while header := _read(stream, _HEADER.size):
                length = _length(header, name, offset, compression)
                body = _read(stream, length + _FOOTER.size)
                if len(body) < length + _FOOTER.size:
                    raise _data_loss("truncated", name, offset, f"it should have {length} bytes")
                record = bytes(body[:length])
                if masked_crc32c(record) != _FOOTER.unpack_from(body, length)[0]:
                    raise _data_loss("corrupted", name, offset, "its bytes don't fit their checksum")
                yield offset, record
                offset += _HEADER.size + length + _FOOTER.size
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            reason = f"the {compression} stream is damaged ({error})"
            raise _data_loss("corrupted", name, offset, reason) from error


def tf_record_iterator(path: str | Path, options: Options = None) -> Iterator[bytes]:
    """The records of a TFRecord file.

    Args:
        path: the file.
        options: how it is compressed.

    Yields:
        Each record's bytes.

    Raises:
        NotFoundError: there is no such file.
        DataLossError: a record is truncated or corrupted; the records before it have been given out.

    Source: TensorFlow 1's ``tf.python_io.tf_record_iterator``.
    """
    for _, record in read_records(path, options):
        yield record


class TFRecordWriter:
    """Writes records to a file; a context manager that closes it.

    Args:
        path: the file; what it held before is lost.
        options: how to compress.

    Raises:
        NotFoundError: the file's folder does not exist.
        PermissionDeniedError: the file may not be written.

    Source: TensorFlow 1's ``tf.python_io.TFRecordWriter``.

    >>> import tempfile, os
    >>> path = os.path.join(tempfile.mkdtemp(), "two.tfrecord")
    >>> with TFRecordWriter(path, "GZIP") as writer:
    ...     writer.write(b"one")
    ...     writer.write(b"two")
    >>> list(tf_record_iterator(path, "GZIP"))
    [b'one', b'two']
    """

    def __init__(self, path: str | Path, options: Options = None) -> None:
        full = options if isinstance(options, TFRecordOptions) else TFRecordOptions(options)
        self._path = os.fspath(path)
        self._file: IO[bytes] | None = _open(self._path, "wb")
        self._compressor = _compressor(full)

    def write(self, record: bytes) -> None:
        """Append a record."""
        if not isinstance(record, (bytes, bytearray, memoryview)):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
            raise TypeError(
                f"TFRecordWriter.write takes bytes, and received {type(record).__name__}. "
                "For an Example, pass example.SerializeToString()."
            )
        length = struct.pack("<Q", len(record))
        self._put(
            b"".join(
                (length, _FOOTER.pack(masked_crc32c(length)), record, _FOOTER.pack(masked_crc32c(record)))
            )
        )

    def flush(self) -> None:
        """Hand everything written so far to the operating system."""
        file = self._open_file()
        if self._compressor is not None:
            file.write(self._compressor.flush(zlib.Z_SYNC_FLUSH))
        file.flush()

    def close(self) -> None:
        """Finish the file. Closing again does nothing."""
        if self._file is None:
            return
        file, self._file = self._file, None
        with file:
            if self._compressor is not None:
                file.write(self._compressor.flush())

    def __enter__(self) -> TFRecordWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put(self, data: bytes) -> None:
        file = self._open_file()
        file.write(data if self._compressor is None else self._compressor.compress(data))

    def _open_file(self) -> IO[bytes]:
        if self._file is None:
            raise FailedPreconditionError(
                None,
                None,
                f"The TFRecordWriter of {self._path} is closed. Make a new one; it starts the file anew.",
            )
        return self._file


def _open(path: str, mode: str = "rb") -> IO[bytes]:
    try:
        return open(path, mode)
    except FileNotFoundError as error:
        raise NotFoundError(None, None, f"{path}; No such file or directory") from error
    except PermissionError as error:
        raise PermissionDeniedError(None, None, f"{path}; Permission denied") from error
    except IsADirectoryError as error:
        raise InvalidArgumentError(
            None, None, f"{path} is a directory; the path of a file is needed."
        ) from error


class _ZlibReader(io.RawIOBase):
    """The bytes of a zlib stream."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._decompressor = zlib.decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer).cast("B")
        while not self._decompressor.eof:
            data = self._decompressor.unconsumed_tail or self._raw.read(_CHUNK)
            piece = self._decompressor.decompress(data, len(view))
            if piece:
                view[: len(piece)] = piece
                return len(piece)
            if not data:
                raise EOFError("the zlib stream ended before its end marker")
        return 0


def _uncompressed(raw: IO[bytes], compression: str) -> Any:
    if compression == "GZIP":
        return gzip.GzipFile(fileobj=raw)
    if compression == "ZLIB":
        return io.BufferedReader(_ZlibReader(raw), _CHUNK)
    return raw


def _compressor(options: TFRecordOptions) -> Any:
    if not options.compression_type:
        return None
    window = options.window_bits if options.window_bits is not None else zlib.MAX_WBITS
    if options.compression_type == "GZIP" and 0 < window <= zlib.MAX_WBITS:
        window += 16
    level = options.compression_level if options.compression_level is not None else zlib.Z_DEFAULT_COMPRESSION
    memory = options.mem_level if options.mem_level is not None else zlib.DEF_MEM_LEVEL
    strategy = options.compression_strategy
    return zlib.compressobj(
        level, zlib.DEFLATED, window, memory, zlib.Z_DEFAULT_STRATEGY if strategy is None else strategy
    )


def _read(stream: Any, count: int) -> bytearray:
    """Up to ``count`` bytes, in pieces, so that a false length can't ask for more memory than the file fills."""
    data = bytearray()
    while len(data) < count:
        piece = stream.read(min(_CHUNK, count - len(data)))
        if not piece:
            break
        data += piece
    return data


def _length(header: bytearray, name: str, offset: int, compression: str) -> int:
    if len(header) < _HEADER.size:
        raise _data_loss("truncated", name, offset, "its header is not complete")
    length, checksum = _HEADER.unpack(header)
    if masked_crc32c(header[:8]) != checksum:
        hint = "" if compression else " or is compressed (pass TFRecordOptions with its compression)"
        raise _data_loss(
            "corrupted",
            name,
            offset,
            f"its length does not fit its checksum; the file is damaged, is no TFRecord{hint}",
        )
    return length


def _data_loss(kind: str, name: str, offset: int, why: str) -> DataLossError:
    return DataLossError(None, None, f"{kind} record at {offset} of {name}: {why}.")
