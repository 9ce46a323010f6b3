"""FileWriter: summaries, graphs and other events into TensorBoard's files."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar

from gradiente.formats.event_file import EventFileWriter
from gradiente.graph.graph import Graph
from gradiente.graph.graph_def import graph_def as as_graph_def
from gradiente.ops.summary_protos import Event, Summary


class FileWriter:
    """Writes a folder's event file, which TensorBoard reads while it grows.

    Args:
        logdir: the folder; made if it does not exist.
        graph: a graph to write, for TensorBoard's graph page.
        max_queue: how many events may wait before they are written.
        flush_secs: how long an event may wait, in seconds.
        graph_def: a GraphDef to write (``graph`` is the better way).
        filename_suffix: the end of the file's name.
        session: accepted.

    As a context manager it closes itself. Source: TensorFlow 1's ``tf.summary.FileWriter``.

    Example:
        >>> import tempfile
        >>> writer = tf.summary.FileWriter(tempfile.mkdtemp())
        >>> writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag="loss", simple_value=0.5)]), global_step=1)
        >>> writer.close()
    """

    def __init__(
        self, logdir: str | Path, graph: Any = None, max_queue: int = 10, flush_secs: float = 120, graph_def: Any = None,
        filename_suffix: str | None = None, session: Any = None,
    ) -> None:  # fmt: skip
        del session
        self._events = EventFileWriter(logdir, max_queue, flush_secs, filename_suffix)
        self._described: set[str] = set()
        self._run_tags: set[str] = set()
        if graph is not None or graph_def is not None:
            self.add_graph(graph, graph_def=graph_def)

    def __enter__(self) -> FileWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def get_logdir(self) -> str:
        """The folder."""
        return self._events.get_logdir()

    def add_event(self, event: Any) -> None:
        """Write an Event message."""
        self._events.add_event(event)

    def add_summary(self, summary: Any, global_step: Any = None) -> None:
        """Write a summary: what running a summary operation gave, or a Summary message.

        Args:
            summary: bytes or a Summary.
            global_step: the step.

        Raises:
            TypeError: if it is neither.
        """
        if isinstance(summary, bytes):
            summary = Summary.FromString(summary)
        elif not hasattr(summary, "value"):
            raise TypeError(
                f"add_summary takes what running a summary gives (bytes), or a Summary, not {type(summary).__name__}. Run "
                "the merged summary first: text = sess.run(merged)."
            )
        for value in summary.value:
            if value.HasField("metadata"):
                if value.tag in self._described:
                    # TensorBoard keeps the first metadata of a tag; the others are only length.
                    value.ClearField("metadata")
                else:
                    self._described.add(value.tag)
        self._add(Event(summary=summary), global_step)

    def add_session_log(self, session_log: Any, global_step: Any = None) -> None:
        """Write a SessionLog message."""
        self._add(Event(session_log=session_log), global_step)

    def add_graph(self, graph: Any, global_step: Any = None, graph_def: Any = None) -> None:
        """Write a graph.

        Args:
            graph: a Graph (or, as before TensorFlow 1.0, a GraphDef).
            global_step: the step.
            graph_def: a GraphDef instead.

        Raises:
            TypeError: if it is neither.
        """
        if isinstance(graph, Graph):
            written = as_graph_def(graph, add_shapes=True, private=True)
        else:
            written = graph if graph_def is None else graph_def
            if not hasattr(written, "node"):
                raise TypeError(
                    f"The passed graph must be an instance of Graph, not {type(written).__name__}."
                )
        self._add(Event(graph_def=written.SerializeToString()), global_step)

    def add_meta_graph(self, meta_graph_def: Any, global_step: Any = None) -> None:
        """Write a MetaGraphDef message.

        Raises:
            TypeError: if it is none.
        """
        if not hasattr(meta_graph_def, "meta_info_def"):
            raise TypeError(f"add_meta_graph takes a MetaGraphDef, not {type(meta_graph_def).__name__}.")
        self._add(Event(meta_graph_def=meta_graph_def.SerializeToString()), global_step)

    def add_run_metadata(self, run_metadata: Any, tag: str, global_step: Any = None) -> None:
        """Write a RunMetadata under a tag.

        Raises:
            ValueError: if the tag was used before.
        """
        if tag in self._run_tags:
            raise ValueError(f"The provided tag was already used for this event type: {tag!r}.")
        self._run_tags.add(tag)
        serialize = getattr(run_metadata, "SerializeToString", bytes)
        event = Event()
        event.tagged_run_metadata.tag = tag
        event.tagged_run_metadata.run_metadata = serialize()
        self._add(event, global_step)

    def _add(self, event: Any, step: Any) -> None:
        event.wall_time = time.time()
        if step is not None:
            event.step = int(step)
        self._events.add_event(event)

    def flush(self) -> None:
        """Write what was added to the file."""
        self._events.flush()

    def close(self) -> None:
        """Write what was added, and close the file."""
        self._events.close()

    def reopen(self) -> None:
        """Begin a new file in the same folder if the writer is closed."""
        self._events.reopen()


class FileWriterCache:
    """One FileWriter for each folder, shared in the process."""

    _writers: ClassVar[dict[str, FileWriter]] = {}
    _lock = threading.Lock()

    @staticmethod
    def get(logdir: str | Path) -> FileWriter:
        """The folder's writer, made at its first use."""
        path = os.fspath(logdir)
        with FileWriterCache._lock:
            if path not in FileWriterCache._writers:
                FileWriterCache._writers[path] = FileWriter(path)
            return FileWriterCache._writers[path]

    @staticmethod
    def clear() -> None:
        """Close all writers and forget them."""
        with FileWriterCache._lock:
            for writer in FileWriterCache._writers.values():
                writer.close()
            FileWriterCache._writers.clear()
