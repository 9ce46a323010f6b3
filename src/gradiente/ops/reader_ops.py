"""The ops of readers, and what a reader is while a session runs: the file it is in, and how far."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradiente.formats.tfrecord import read_records
from gradiente.graph.dtypes import int64
from gradiente.graph.errors import InvalidArgumentError, OpError
from gradiente.graph.operation import Operation
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import no_outputs, scalar_shape
from gradiente.ops.file_ops import FileBytes, read_whole, scalar_bytes, string_scalar, strings
from gradiente.ops.queue_ops import handle_of, held_by
from gradiente.ops.queue_storage import Queue
from gradiente.ops.queue_waiting import waiting
from gradiente.platform.file_io import as_op_errors

Records = Iterator[tuple[bytes, bytes]]
"""Keys and values of the records of one file."""


class Reader:
    """A reader of a session: it takes names of files from a queue and gives their records, one after another.

    Args:
        op: the operation that made it.
        open_file: from a file's name to its records.
    """

    def __init__(self, op: Operation, open_file: Callable[[bytes, Operation], Records]) -> None:
        self.op = op
        self._open_file = open_file
        self._lock = threading.Lock()
        self._file: bytes | None = None
        self._records: Records | None = None
        self._in_file = 0
        self.produced = 0
        self.files_completed = 0

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with waiting(lambda: not self._lock.locked()):
            self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()

    def read(self, queue: Queue, count: int, op: Operation, session: Any) -> list[tuple[bytes, bytes]]:
        """Up to ``count`` records of one file, the next one of the queue when the last is at its end.

        Raises:
            OutOfRangeError: the queue is closed and empty, and the last file is at its end.
        """
        with self._alone():
            while True:
                if self._records is None:
                    self._next_file(queue, op, session)
                found = self._from_file(count, op)
                if found:
                    return found

    def _next_file(self, queue: Queue, op: Operation, session: Any) -> None:
        if len(queue.dtypes) != 1 or queue.dtypes[0].name != "string":
            raise InvalidArgumentError(
                None, op, f"A reader takes names of files from a queue of strings; {queue} holds "
                f"{', '.join(t.name for t in queue.dtypes)}.",
            )  # fmt: skip
        ((filename,),) = queue.take(1, op, session)
        self._start(scalar_bytes(filename), op)

    def _start(self, filename: bytes, op: Operation) -> None:
        self._file, self._in_file = filename, 0
        self._records = self._open_file(filename, op)

    def _from_file(self, count: int, op: Operation) -> list[tuple[bytes, bytes]]:
        assert self._records is not None
        found: list[tuple[bytes, bytes]] = []
        try:
            while len(found) < count:
                record = next(self._records, None)
                if record is None:
                    self._records = None
                    self.files_completed += 1
                    break
                found.append(record)
        except OpError as error:
            self._records = None
            raise type(error)(None, op, error.message) from error
        self._in_file += len(found)
        self.produced += len(found)
        return found

    # --- its state --------------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Forget the file and the counts."""
        with self._alone():
            self._records = self._file = None
            self._in_file = self.produced = self.files_completed = 0

    def state(self) -> bytes:
        """The file it is in, how far it is, and the counts."""
        with self._alone():
            open_file = (
                os.fsdecode(self._file) if self._records is not None and self._file is not None else None
            )
            return json.dumps([open_file, self._in_file, self.produced, self.files_completed]).encode()

    def restore(self, state: bytes, op: Operation) -> None:
        """Go back to where ``state()`` was taken.

        Raises:
            InvalidArgumentError: ``state`` is no such state.
        """
        try:
            filename, in_file, produced, completed = json.loads(state)
        except (ValueError, TypeError) as error:
            raise InvalidArgumentError(
                None, op, f"Could not parse the state of reader '{self.op.name}': {error}"
            ) from None
        with self._alone():
            self._records = None
            if filename is not None:
                self._start(os.fsencode(filename), op)
                self._from_file(in_file, op)
            self.produced, self.files_completed = produced, completed


def _whole(op: Operation) -> Callable[[bytes, Operation], Records]:
    del op

    def open_file(path: bytes, op: Operation) -> Records:
        yield path, read_whole(path, op)

    return open_file


def _identity(op: Operation) -> Callable[[bytes, Operation], Records]:
    del op
    return lambda path, op: iter([(path, path)])


def _lines(maker: Operation) -> Callable[[bytes, Operation], Records]:
    skipped: int = maker.attrs["skip_header_lines"]

    def open_file(path: bytes, op: Operation) -> Records:
        del op
        with as_op_errors(), open(os.fsdecode(path), "rb") as file:
            for number, line in enumerate(file, 1):
                if number > skipped:
                    text = line.removesuffix(b"\n").removesuffix(b"\r")
                    if text or line.endswith(b"\n"):
                        yield (
                            b"%s:%d" % (path, number),
                            FileBytes.of(f"{os.fsdecode(path)}, line {number}", text),
                        )

    return open_file


def _records(maker: Operation) -> Callable[[bytes, Operation], Records]:
    compression: str = maker.attrs["compression_type"]

    def open_file(path: bytes, op: Operation) -> Records:
        del op
        name = os.fsdecode(path)
        for offset, record in read_records(name, compression):
            yield b"%s:%d" % (path, offset), FileBytes.of(f"{name}, record at {offset}", record)

    return open_file


def _fixed(maker: Operation) -> Callable[[bytes, Operation], Records]:
    attrs = maker.attrs
    size, header, footer = attrs["record_bytes"], attrs["header_bytes"], attrs["footer_bytes"]
    hop = attrs["hop_bytes"] or size

    def open_file(path: bytes, op: Operation) -> Records:
        contents: bytes = read_whole(path, op)
        if attrs["encoding"] == "ZLIB":
            contents = zlib.decompress(contents)
        last = len(contents) - footer - size
        for number, start in enumerate(range(header, last + 1, hop)):
            yield (
                b"%s:%d" % (path, number),
                FileBytes.of(f"{os.fsdecode(path)}, record {number}", contents[start : start + size]),
            )

    return open_file


def _maker(files: Callable[[Operation], Callable[[bytes, Operation], Records]]) -> Any:
    def host(xp: Namespace, *, ctx: Any, op: Operation) -> Array:
        del xp
        key = ("reader", op.attrs["shared_name"] or op.name)
        return handle_of(ctx.session.resource(key, lambda: Reader(op, files(op))))

    return host


_COMMON: dict[str, Any] = {"container": "", "shared_name": ""}
for _name, _files, _attrs in (
    ("WholeFileReaderV2", _whole, {}),
    ("IdentityReaderV2", _identity, {}),
    ("TextLineReaderV2", _lines, {"skip_header_lines": 0}),
    ("TFRecordReaderV2", _records, {"compression_type": ""}),
    ("FixedLengthRecordReaderV2", _fixed,
     {"record_bytes": attr("int"), "header_bytes": 0, "footer_bytes": 0, "hop_bytes": 0, "encoding": ""}),
):  # fmt: skip
    register(
        _name, "-> reader_handle: resource", attrs={**_COMMON, **_attrs}, shape=scalar_shape, host=_maker(_files),
        stateful=True, gradient=NOT_DIFFERENTIABLE,
    )  # fmt: skip


# ReaderReadV2, ReaderReadUpToV2


def _read(
    xp: Namespace, reader_handle: Array, queue_handle: Array, *, ctx: Any, op: Operation
) -> tuple[Array, Array]:
    del xp
    ((key, value),) = held_by(reader_handle).read(held_by(queue_handle), 1, op, ctx.session)
    return string_scalar(key), string_scalar(value)


def _read_up_to(
    xp: Namespace, reader_handle: Array, queue_handle: Array, num_records: Array, *, ctx: Any, op: Operation
) -> tuple[Array, Array]:
    del xp
    if int(num_records) <= 0:
        raise InvalidArgumentError(None, op, f"num_records must be positive, not {int(num_records)}.")
    found = held_by(reader_handle).read(held_by(queue_handle), int(num_records), op, ctx.session)
    return strings(k for k, _ in found), strings(v for _, v in found)


register(
    "ReaderReadV2", "reader_handle: resource, queue_handle: resource -> key: string, value: string",
    shape=lambda op: [(), ()], host=_read, stateful=True, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
register(
    "ReaderReadUpToV2",
    "reader_handle: resource, queue_handle: resource, num_records: int64 -> keys: string, values: string",
    shape=lambda op: [(None,), (None,)], host=_read_up_to, stateful=True, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


# ReaderNumRecordsProducedV2, ReaderNumWorkUnitsCompletedV2, ReaderSerializeStateV2, ReaderRestoreStateV2, ReaderResetV2


def _produced(xp: Namespace, reader_handle: Array) -> Array:
    del xp
    return np.asarray(held_by(reader_handle).produced, int64.np)


def _completed(xp: Namespace, reader_handle: Array) -> Array:
    del xp
    return np.asarray(held_by(reader_handle).files_completed, int64.np)


def _state(xp: Namespace, reader_handle: Array) -> Array:
    del xp
    return string_scalar(held_by(reader_handle).state())


def _restore(xp: Namespace, reader_handle: Array, state: Array, *, op: Operation) -> None:
    del xp
    held_by(reader_handle).restore(scalar_bytes(state), op)


def _reset(xp: Namespace, reader_handle: Array) -> None:
    del xp
    held_by(reader_handle).reset()


for _name, _signature, _host in (
    ("ReaderNumRecordsProducedV2", "reader_handle: resource -> records_produced: int64", _produced),
    ("ReaderNumWorkUnitsCompletedV2", "reader_handle: resource -> units_completed: int64", _completed),
    ("ReaderSerializeStateV2", "reader_handle: resource -> state: string", _state),
    ("ReaderRestoreStateV2", "reader_handle: resource, state: string ->", _restore),
    ("ReaderResetV2", "reader_handle: resource ->", _reset),
):
    register(
        _name, _signature, shape=no_outputs if _signature.endswith(">") else scalar_shape, host=_host, stateful=True,
        gradient=NOT_DIFFERENTIABLE,
    )  # fmt: skip
