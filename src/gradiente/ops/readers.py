"""Readers: they take the names of files from a queue and give the files' records (``tf.TextLineReader`` and its kin)."""

from __future__ import annotations

from typing import Any

from gradiente.formats.tfrecord import TFRecordOptions
from gradiente.graph.build import apply, apply_op
from gradiente.graph.operation import Operation, Tensor
from gradiente.ops.reader_ops import Reader

assert Reader  # declares the operations


class ReaderBase:
    """A reader of a graph; each session has its own place in the files.

    Args:
        reader_ref: the tensor that stands for the reader.
        supports_serialize: whether ``serialize_state`` can be used.

    Source: TensorFlow 1's ``tf.ReaderBase``.
    """

    def __init__(self, reader_ref: Tensor, supports_serialize: bool = False) -> None:
        self._reader_ref = reader_ref
        self._supports_serialize = supports_serialize

    @property
    def reader_ref(self) -> Tensor:
        """The tensor that stands for the reader."""
        return self._reader_ref

    @property
    def supports_serialize(self) -> bool:
        """Whether the reader can say where it is."""
        return self._supports_serialize

    def read(self, queue: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
        """The next record.

        Args:
            queue: a queue of names of files, or the tensor that stands for it; the next name is taken when a file is
                at its end.
            name: the operation's name.

        Returns:
            The record's key (its file, and where in it) and its value, string scalars. Running them raises
            OutOfRangeError when the queue is closed and all its files are read.
        """
        return apply("ReaderReadV2", self._reader_ref, _handle(queue), name=name or "ReaderReadV2")

    def read_up_to(self, queue: Any, num_records: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
        """The next records, up to ``num_records`` of one file.

        Args:
            queue: see ``read``.
            num_records: the most records.
            name: the operation's name.

        Returns:
            Their keys and values, string vectors.
        """
        return apply(
            "ReaderReadUpToV2", self._reader_ref, _handle(queue), num_records, name=name or "ReaderReadUpToV2"
        )

    def num_records_produced(self, name: str | None = None) -> Tensor:
        """The number of records read so far, an int64 scalar."""
        return apply("ReaderNumRecordsProducedV2", self._reader_ref, name=name)

    def num_work_units_completed(self, name: str | None = None) -> Tensor:
        """The number of files read to their end, an int64 scalar."""
        return apply("ReaderNumWorkUnitsCompletedV2", self._reader_ref, name=name)

    def serialize_state(self, name: str | None = None) -> Tensor:
        """Where the reader is, a string scalar for ``restore_state``."""
        return apply("ReaderSerializeStateV2", self._reader_ref, name=name)

    def restore_state(self, state: Any, name: str | None = None) -> Operation:
        """Go back to where ``serialize_state`` was run."""
        return apply_op("ReaderRestoreStateV2", self._reader_ref, state, name=name)

    def reset(self, name: str | None = None) -> Operation:
        """Forget the file and the counts, as if nothing had been read."""
        return apply_op("ReaderResetV2", self._reader_ref, name=name)


def _handle(queue: Any) -> Tensor:
    return queue if isinstance(queue, Tensor) else queue.queue_ref


class WholeFileReader(ReaderBase):
    """Gives each file as one record: its name and its contents.

    Args:
        name: the operation's name.

    Source: TensorFlow 1's ``tf.WholeFileReader``.
    """

    def __init__(self, name: str | None = None) -> None:
        super().__init__(apply("WholeFileReaderV2", name=name), supports_serialize=True)


class TextLineReader(ReaderBase):
    """Gives the lines of text files, without their ends; a key is ``file:number of the line``.

    Args:
        skip_header_lines: lines to leave out at the start of each file.
        name: the operation's name.

    Source: TensorFlow 1's ``tf.TextLineReader``.
    """

    def __init__(self, skip_header_lines: int | None = None, name: str | None = None) -> None:
        super().__init__(apply("TextLineReaderV2", skip_header_lines=skip_header_lines, name=name))


class FixedLengthRecordReader(ReaderBase):
    """Gives records of a fixed number of bytes; a key is ``file:number of the record``.

    Args:
        record_bytes: the bytes of a record.
        header_bytes: bytes to leave out at the start of each file.
        footer_bytes: bytes to leave out at its end.
        hop_bytes: the bytes from one record's start to the next; ``record_bytes`` by default.
        name: the operation's name.
        encoding: ``"ZLIB"`` for compressed files; none by default.

    Raises:
        ValueError: if a number of bytes is not sensible.

    Source: TensorFlow 1's ``tf.FixedLengthRecordReader``.
    """

    def __init__(
        self, record_bytes: int, header_bytes: int | None = None, footer_bytes: int | None = None,
        hop_bytes: int | None = None, name: str | None = None, encoding: str | None = None,
    ) -> None:  # fmt: skip
        if record_bytes <= 0:
            raise ValueError(f"record_bytes must be positive, not {record_bytes}.")
        for what, value in (("header", header_bytes), ("footer", footer_bytes), ("hop", hop_bytes)):
            if value is not None and value < 0:
                raise ValueError(f"{what}_bytes must not be negative, and is {value}.")
        super().__init__(
            apply(
                "FixedLengthRecordReaderV2",
                record_bytes=record_bytes,
                header_bytes=header_bytes,
                footer_bytes=footer_bytes,
                hop_bytes=hop_bytes,
                encoding=encoding,
                name=name,
            )
        )


class TFRecordReader(ReaderBase):
    """Gives the records of TFRecord files; a key is ``file:offset``.

    Args:
        name: the operation's name.
        options: how the files are compressed, a TFRecordOptions.

    Source: TensorFlow 1's ``tf.TFRecordReader``.
    """

    def __init__(self, name: str | None = None, options: Any = None) -> None:
        compression = TFRecordOptions.get_compression_type_string(options)
        super().__init__(apply("TFRecordReaderV2", compression_type=compression, name=name))


class IdentityReader(ReaderBase):
    """Gives what is in the queue itself, as key and as value.

    Args:
        name: the operation's name.

    Source: TensorFlow 1's ``tf.IdentityReader``.
    """

    def __init__(self, name: str | None = None) -> None:
        super().__init__(apply("IdentityReaderV2", name=name), supports_serialize=True)
