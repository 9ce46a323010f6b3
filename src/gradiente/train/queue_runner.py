"""Queue runners: threads that fill a queue while a session runs."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from typing import Any

from gradiente.formats.proto_schema import Field, make_messages
from gradiente.graph.default_session import get_default_session
from gradiente.graph.errors import (
    OutOfRangeError,
    error_code_from_exception_type,
    exception_type_from_error_code,
)
from gradiente.graph.graph import get_default_graph
from gradiente.graph.keys import GraphKeys
from gradiente.graph.operation import Operation
from gradiente.ops.queue_base import QueueBase
from gradiente.ops.queue_ops import MAKERS, producers_of
from gradiente.ops.queue_waiting import Threads, mark_idle
from gradiente.platform import tf_logging as logging
from gradiente.train.coordinator import Coordinator

_PROTOS = make_messages(
    "gradiente/queue_runner.proto",
    {
        "QueueRunnerDef": {
            "queue_name": Field(1, "string"),
            "enqueue_op_name": Field(2, "string", repeated=True),
            "close_op_name": Field(3, "string"),
            "cancel_op_name": Field(4, "string"),
            "queue_closed_exception_types": Field(5, "int32", repeated=True),
        }
    },
)
QueueRunnerDef = _PROTOS["QueueRunnerDef"]
"""TensorFlow's message of a queue runner, as a MetaGraphDef carries it."""


class QueueRunner:
    """Runs operations that fill a queue, each in a thread of its own, until their input is at its end.

    When the last of them has ended with one of ``queue_closed_exception_types``, the queue is closed; when a
    coordinator says stop, what waits on it is cancelled.

    Args:
        queue: the queue.
        enqueue_ops: the operations, one for each thread.
        close_op: closes the queue; ``queue.close()`` by default.
        cancel_op: closes it and cancels what waits to be added.
        queue_closed_exception_types: the errors that mean the end of the input; OutOfRangeError by default.
        queue_runner_def: a QueueRunnerDef message to recreate a runner from; the others are left out then.
        import_scope: the scope that its names stand in.

    Raises:
        ValueError: if ``queue`` or ``enqueue_ops`` is missing, or a message is given besides them.

    Source: TensorFlow 1's ``tf.train.QueueRunner``.
    """

    def __init__(
        self, queue: QueueBase | None = None, enqueue_ops: Sequence[Any] | None = None, close_op: Any = None,
        cancel_op: Any = None, queue_closed_exception_types: Sequence[type[Exception]] | None = None,
        queue_runner_def: Any = None, import_scope: str | None = None,
    ) -> None:  # fmt: skip
        if queue_runner_def is not None:
            if queue is not None or enqueue_ops:
                raise ValueError("queue_runner_def and queue are mutually exclusive.")
            self._from_proto(queue_runner_def, import_scope)
        else:
            if queue is None or not enqueue_ops:
                raise ValueError("Must provide queue and enqueue_ops.")
            self._queue_op: Operation = queue.queue_ref.op
            self._queue: QueueBase | None = queue
            self._enqueue_ops = list(enqueue_ops)
            self._close_op = queue.close() if close_op is None else close_op
            self._cancel_op = queue.close(cancel_pending_enqueues=True) if cancel_op is None else cancel_op
            types = (
                (OutOfRangeError,)
                if queue_closed_exception_types is None
                else tuple(queue_closed_exception_types)
            )
            if not types or not all(isinstance(t, type) and issubclass(t, Exception) for t in types):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise TypeError(
                    "queue_closed_exception_types, when provided, must be a tuple of tf.error types"
                )
            self._end_types: tuple[type[Exception], ...] = types
        self._lock = threading.Lock()
        self._running: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._errors: list[Exception] = []

    @property
    def queue(self) -> QueueBase | None:
        """The queue."""
        return self._queue

    @property
    def enqueue_ops(self) -> list[Any]:
        """The operations that fill it."""
        return self._enqueue_ops

    @property
    def close_op(self) -> Any:
        """The operation that closes it at the end of the input."""
        return self._close_op

    @property
    def cancel_op(self) -> Any:
        """The operation that closes it when a coordinator says stop."""
        return self._cancel_op

    @property
    def queue_closed_exception_types(self) -> tuple[type[Exception], ...]:
        """The errors that mean the end of the input."""
        return self._end_types

    @property
    def exceptions_raised(self) -> list[Exception]:
        """The errors in threads that no coordinator watches; with one, they are reported to it."""
        return self._errors

    @property
    def name(self) -> str:
        """The name of the operation that makes the queue."""
        return self._queue_op.name

    def create_threads(
        self, sess: Any, coord: Coordinator | None = None, daemon: bool = False, start: bool = False
    ) -> list[threading.Thread]:
        """Make the threads for a session.

        Args:
            sess: the session.
            coord: stops the threads, and hears of their errors.
            daemon: whether the program may end while they run.
            start: start them at once; otherwise ``thread.start()`` does.

        Returns:
            One thread for each enqueue operation, and one that cancels them when ``coord`` says stop. An empty list if
            threads of this runner run in the session already.
        """
        with self._lock:
            if self._running.get(sess, 0) > 0:
                return []
            self._running[sess] = len(self._enqueue_ops)
            self._errors = []
        producers = self._producers(sess)
        threads = [
            threading.Thread(
                target=self._run, args=(sess, op, coord), name=f"QueueRunner-{self.name}-{_name(op)}"
            )
            for op in self._enqueue_ops
        ]
        if start and producers is not None:
            for thread in threads:
                producers.add(thread)
        if coord is not None:
            closer = threading.Thread(
                target=self._close_on_stop, args=(sess, coord), name=f"QueueRunner-{self.name}-close"
            )
            mark_idle(closer)
            threads.append(closer)
        for thread in threads:
            if coord is not None:
                coord.register_thread(thread)
            thread.daemon = daemon
            if start:
                thread.start()
        return threads

    def _producers(self, sess: Any) -> Threads | None:
        """Where the session notes which threads fill the queue, so that a wait for nobody is told from any other."""
        inner = getattr(sess, "_tf_sess", None)
        session = inner() if callable(inner) else sess
        if self._queue_op.type not in MAKERS or not hasattr(session, "resource"):
            return None
        return producers_of(session, self._queue_op)

    def _run(self, sess: Any, enqueue_op: Any, coord: Coordinator | None) -> None:
        producers = self._producers(sess)
        if producers is not None:
            producers.add(threading.current_thread())
        try:
            enqueue = (
                sess.make_callable(enqueue_op)
                if hasattr(sess, "make_callable")
                else lambda: sess.run(enqueue_op)
            )
            while coord is None or not coord.should_stop():
                enqueue()
        except self._end_types:
            if self._ends(sess):
                self._close(sess, self._close_op)
            return
        except Exception as error:
            self._ends(sess)
            if coord is not None:
                coord.request_stop(error)
            elif not getattr(sess, "closed", False):
                if producers is not None:
                    producers.failure = error
                with self._lock:
                    self._errors.append(error)
                logging.error("Exception in QueueRunner: %s", error)
            return
        self._ends(sess)

    def _ends(self, sess: Any) -> bool:
        """Count a thread that ends; True if it was the last one."""
        with self._lock:
            self._running[sess] = self._running.get(sess, 1) - 1
            return self._running[sess] == 0

    def _close_on_stop(self, sess: Any, coord: Coordinator) -> None:
        coord.wait_for_stop()
        self._close(sess, self._cancel_op)

    @staticmethod
    def _close(sess: Any, op: Any) -> None:
        try:
            sess.run(op)
        except Exception as error:
            logging.vlog(1, "Ignored exception: %s", error)

    # --- as a message -----------------------------------------------------------------------------------------------

    def to_proto(self, export_scope: str | None = None) -> Any:
        """The runner as a QueueRunnerDef message; None if its queue is outside ``export_scope``."""
        if export_scope and not self.name.startswith(export_scope):
            return None
        cut = len(export_scope) + 1 if export_scope else 0
        return QueueRunnerDef(
            queue_name=self.name[cut:], enqueue_op_name=[_name(op)[cut:] for op in self._enqueue_ops],
            close_op_name=_name(self._close_op)[cut:], cancel_op_name=_name(self._cancel_op)[cut:],
            queue_closed_exception_types=[error_code_from_exception_type(t) for t in self._end_types],  # pyright: ignore[reportArgumentType]
        )  # fmt: skip

    def _from_proto(self, proto: Any, import_scope: str | None) -> None:
        graph, prefix = get_default_graph(), f"{import_scope}/" if import_scope else ""
        self._queue_op = graph.get_operation_by_name(prefix + proto.queue_name.removesuffix(":0"))
        self._queue = None
        self._enqueue_ops = [graph.as_graph_element(prefix + name) for name in proto.enqueue_op_name]
        self._close_op = graph.as_graph_element(prefix + proto.close_op_name)
        self._cancel_op = graph.as_graph_element(prefix + proto.cancel_op_name)
        codes = list(proto.queue_closed_exception_types)
        self._end_types = tuple(exception_type_from_error_code(c) for c in codes) or (OutOfRangeError,)

    @staticmethod
    def from_proto(queue_runner_def: Any, import_scope: str | None = None) -> QueueRunner:
        """The runner that a QueueRunnerDef message describes, whose operations are in the default graph."""
        return QueueRunner(queue_runner_def=queue_runner_def, import_scope=import_scope)


def _name(op: Any) -> str:
    return op.name


def add_queue_runner(qr: QueueRunner, collection: str = GraphKeys.QUEUE_RUNNERS) -> None:
    """Add a queue runner to those that ``start_queue_runners`` starts.

    Args:
        qr: the runner.
        collection: the graph's collection that it joins.
    """
    get_default_graph().add_to_collection(collection, qr)


def start_queue_runners(
    sess: Any = None, coord: Coordinator | None = None, daemon: bool = True, start: bool = True,
    collection: str = GraphKeys.QUEUE_RUNNERS,
) -> list[threading.Thread]:  # fmt: skip
    """Start the threads of all queue runners in the session's graph.

    Args:
        sess: the session that they run in; the default session without it.
        coord: stops the threads, and hears of their errors.
        daemon: whether the program may end while they run.
        start: start the threads; otherwise only make them.
        collection: the graph's collection that the runners are in.

    Returns:
        The threads.

    Raises:
        ValueError: if there is no session.
        TypeError: if ``sess`` is no session.

    Source: TensorFlow 1's ``tf.train.start_queue_runners``.
    """
    if sess is None:
        sess = get_default_session()
        if sess is None:
            raise ValueError(
                "Cannot start queue runners: No default session is registered. Use `with sess.as_default()` or pass an "
                "explicit session to tf.train.start_queue_runners(sess=sess)."
            )
    if not hasattr(sess, "graph") or not hasattr(sess, "run"):
        raise TypeError(f"sess must be a `tf.Session` object. Given class: {type(sess)}")
    with sess.graph.as_default():
        runners: list[QueueRunner] = sess.graph.get_collection(collection)
        threads: list[threading.Thread] = []
        for runner in runners:
            threads.extend(runner.create_threads(sess, coord=coord, daemon=daemon, start=start))
    return threads
