"""TensorBoard's event files: TFRecord files of Event messages, as TensorBoard's package defines them.

TensorBoard's own writer is not used: it imports TensorFlow where that is installed, takes five times as long to
import as the messages, and computes its checksums in Python.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import warnings
import weakref
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from gradiente.formats.tfrecord import TFRecordWriter, tf_record_iterator
from gradiente.graph.errors import DataLossError

_FILE_VERSION = "brain.Event:2"
_WRITER = "gradiente.formats.event_file"
_file_numbers = count()


def _protos() -> Any:
    # Imported at the first use: it takes longer than much of gradiente.
    from tensorboard.compat.proto import event_pb2

    return event_pb2


def event_of_scalar(tag: str, value: float, step: int, wall_time: float | None = None) -> Any:
    """An Event message with one number, TensorBoard's simplest.

    Args:
        tag: the name of the curve.
        value: the number.
        step: the training step.
        wall_time: seconds since 1970; None for now.

    Returns:
        The Event.
    """
    event = _protos().Event(step=step, wall_time=time.time() if wall_time is None else wall_time)
    event.summary.value.add(tag=tag, simple_value=value)
    return event


class EventFileWriter:
    """Writes Event messages to a new file in a folder, for TensorBoard.

    What is added is written at the latest ``flush_secs`` seconds after, when the next event comes, and when the
    writer is flushed or closed, and when the program ends. Several threads may use a writer.

    Args:
        logdir: the folder; it is made where it does not exist.
        max_queue: how many events may wait for being written.
        flush_secs: how long an event may wait, in seconds, for the next one to bring it to the file.
        filename_suffix: the end of the file's name.

    Source: TensorFlow 1's ``EventFileWriter``.

    >>> import tempfile
    >>> writer = EventFileWriter(tempfile.mkdtemp())
    >>> writer.add_event(event_of_scalar("loss", 0.5, step=1))
    >>> writer.close()
    >>> [event.step for event in read_events(writer.path)]
    [0, 1]
    """

    def __init__(
        self,
        logdir: str | Path,
        max_queue: int = 10,
        flush_secs: float = 120,
        filename_suffix: str | None = None,
    ) -> None:
        self._logdir = os.fspath(logdir)
        self._max_queue = max_queue
        self._flush_secs = flush_secs
        self._suffix = filename_suffix or ""
        self._lock = threading.Lock()
        self._start()

    @property
    def path(self) -> str:
        """The file that is being written, or was last."""
        return self._path

    def get_logdir(self) -> str:
        """The folder."""
        return self._logdir

    def add_event(self, event: Any) -> None:
        """Append an Event message. After ``close`` and before ``reopen`` it is dropped, with a warning.

        Raises:
            TypeError: it is no Event message of TensorBoard's package.
        """
        if not isinstance(event, _protos().Event):
            raise TypeError(f"add_event takes an Event message, and received {type(event).__name__}.")
        data = event.SerializeToString()
        with self._lock:
            if not self._finalizer.alive:
                warnings.warn(
                    f"The event writer of {self._logdir} is closed, and an event was dropped. Call reopen() first.",
                    stacklevel=2,
                )
                return
            self._records.write(data)
            self._waiting += 1
            if self._waiting > self._max_queue or time.monotonic() >= self._next_flush:
                self._flush()

    def flush(self) -> None:
        """Write what was added to the file."""
        with self._lock:
            if self._finalizer.alive:
                self._flush()

    def close(self) -> None:
        """Write what was added, and close the file. Closing again does nothing."""
        with self._lock:
            self._finalizer()

    def reopen(self) -> None:
        """Begin a new file in the same folder if the writer is closed; otherwise do nothing."""
        with self._lock:
            if not self._finalizer.alive:
                self._start()

    def _start(self) -> None:
        os.makedirs(self._logdir, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{next(_file_numbers)}"
        self._path = os.path.join(self._logdir, name + self._suffix)
        self._records = TFRecordWriter(self._path)
        # Closes the file when the writer is forgotten and when the program ends, once.
        self._finalizer: Any = weakref.finalize(self, self._records.close)
        first = _protos().Event(wall_time=time.time(), file_version=_FILE_VERSION)
        first.source_metadata.writer = _WRITER
        self._records.write(first.SerializeToString())
        self._flush()

    def _flush(self) -> None:
        self._records.flush()
        self._waiting = 0
        self._next_flush = time.monotonic() + self._flush_secs


def read_events(path: str | Path) -> Iterator[Any]:
    """The Event messages of a file.

    Args:
        path: an event file.

    Yields:
        Each message, in the file's order; the first holds the file's version.

    Raises:
        NotFoundError: there is no such file.
        DataLossError: the file is damaged; the messages before have been given out. A file that is still being
            written may end within a message.

    Source: TensorFlow 1's ``tf.train.summary_iterator``.
    """
    for record in tf_record_iterator(path):
        try:
            yield _protos().Event.FromString(record)
        except DecodeError as error:
            raise DataLossError(
                None, None, f"{os.fspath(path)} has a record that is no Event: {error}."
            ) from error
