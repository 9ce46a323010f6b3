"""What a queue is while a session runs: its elements, and who waits for them."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from gradiente.graph.dtypes import DType
from gradiente.graph.errors import (
    CancelledError,
    DeadlineExceededError,
    FailedPreconditionError,
    OutOfRangeError,
)
from gradiente.graph.operation import Operation
from gradiente.graph.shapes import TensorShape
from gradiente.graph.types import Array
from gradiente.ops import philox
from gradiente.ops.queue_waiting import Threads, deadline_of, wait_for

Element = tuple[Array, ...]
"""One array per component."""


class Store(Protocol):
    """The elements of a queue, in the order in which they leave it."""

    def __len__(self) -> int: ...

    def put(self, element: Element) -> None:
        """Add an element."""
        ...

    def take(self) -> Element:
        """Remove the next element."""
        ...

    def put_back(self, elements: Sequence[Element]) -> None:
        """Undo the latest ``take``s, given what they returned."""
        ...


class FifoStore:
    """First in, first out."""

    def __init__(self) -> None:
        self._elements: deque[Element] = deque()

    def __len__(self) -> int:
        return len(self._elements)

    def put(self, element: Element) -> None:
        self._elements.append(element)

    def take(self) -> Element:
        return self._elements.popleft()

    def put_back(self, elements: Sequence[Element]) -> None:
        self._elements.extendleft(reversed(elements))


class ShuffledStore:
    """Any element, each with the same probability.

    The choices are TensorFlow's: word after word of its generator, modulo the number of elements.
    """

    def __init__(self, seed: int, seed2: int) -> None:
        self._elements: list[Element] = []
        self._words = _words(philox.Generator(np, seed, seed2))

    def __len__(self) -> int:
        return len(self._elements)

    def put(self, element: Element) -> None:
        self._elements.append(element)

    def take(self) -> Element:
        elements = self._elements
        chosen = next(self._words) % len(elements)
        elements[chosen], elements[-1] = elements[-1], elements[chosen]
        return elements.pop()

    def put_back(self, elements: Sequence[Element]) -> None:
        self._elements.extend(elements)


def _words(generator: philox.Generator) -> Iterator[int]:
    """The 32-bit words of a generator, one by one."""
    chunk = 256
    for start in itertools.count(step=chunk):
        words = generator.blocks(np.arange(start, start + chunk, dtype=np.uint64))
        yield from (int(w) for w in np.stack(words, axis=1).ravel())


class PriorityStore:
    """The smallest first component first; equal ones in the order of their coming."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Element]] = []
        self._arrivals = itertools.count()

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, element: Element) -> None:
        heapq.heappush(self._heap, (int(element[0]), next(self._arrivals), element))

    def take(self) -> Element:
        return heapq.heappop(self._heap)[2]

    def put_back(self, elements: Sequence[Element]) -> None:
        first = -len(elements)
        for offset, element in enumerate(elements):
            heapq.heappush(self._heap, (int(element[0]), first + offset, element))


class Queue:
    """The queue of a session that a queue's operations act on, from any number of threads.

    Args:
        op: the operation that made it.
        store: where its elements are.
        capacity: the most elements that it holds.
        dtypes: the types of an element's components.
        shapes: their shapes, as far as they are known.
        producers: the threads known to fill it.
        min_after_dequeue: the elements that stay while it is open.
    """

    def __init__(
        self, op: Operation, store: Store, capacity: int, dtypes: Sequence[DType], shapes: Sequence[TensorShape],
        producers: Threads, min_after_dequeue: int = 0,
    ) -> None:  # fmt: skip
        self.kind = op.type.removesuffix("V2")
        self.name = op.name
        self.dtypes = tuple(dtypes)
        self.shapes = tuple(shapes)
        self.capacity = capacity if capacity >= 0 else (1 << 31) - 1
        self.min_after_dequeue = min_after_dequeue
        self.producers = producers
        self._store = store
        self._changed = threading.Condition(threading.RLock())
        self._puts: deque[object] = deque()
        self._takes: deque[object] = deque()
        self._cancelled_puts: set[object] = set()
        self._closing = False
        self._session_closed = False

    # --- putting in -------------------------------------------------------------------------------------------------

    def put(self, elements: Iterable[Element], op: Operation, session: Any) -> None:
        """Add elements, waiting for room.

        Raises:
            CancelledError: the queue or the session is closed, or closed while this waits.
            FailedPreconditionError: the queue is full and no thread is there that could take an element.
        """
        if threading.current_thread() is not threading.main_thread():
            self.producers.add(threading.current_thread())
        deadline = deadline_of(session)
        with self._changed:
            self._check_open(op)
            with self._turn(self._puts) as (ticket, is_first):

                def may_go_on() -> bool:
                    has_room = is_first() and self._has_room()
                    return has_room or self._session_closed or ticket in self._cancelled_puts

                try:
                    for element in elements:
                        if not may_go_on():
                            self._wait(may_go_on, None, deadline, lambda: self._full(op), op)
                        if ticket in self._cancelled_puts:
                            raise CancelledError(
                                None, op, f"Enqueue operation was cancelled: {self} was closed."
                            )
                        self._check_session(op)
                        self._store.put(element)
                        self._changed.notify_all()
                finally:
                    self._cancelled_puts.discard(ticket)

    def _has_room(self) -> bool:
        return len(self._store) < self.capacity

    def _check_open(self, op: Operation) -> None:
        self._check_session(op)
        if self._closing:
            raise CancelledError(None, op, f"{self} is closed: nothing can be added to it any more.")

    # --- taking out -------------------------------------------------------------------------------------------------

    def take(self, count: int, op: Operation, session: Any, fewer: bool = False) -> list[Element]:
        """Remove elements, waiting for them.

        Args:
            count: how many.
            op: the operation that asks.
            session: the session that it runs in.
            fewer: return what is left when the queue is closed, as long as there is something.

        Raises:
            OutOfRangeError: the queue is closed and has too few elements; they stay in it.
            CancelledError: the session is closed.
            FailedPreconditionError: no thread is there that could add an element.
        """
        taken: list[Element] = []
        deadline = deadline_of(session)
        with self._changed, self._turn(self._takes) as (_, is_first):

            def is_over() -> bool:
                return self._session_closed or (is_first() and (self._is_ready() or self._is_final()))

            try:
                while len(taken) < count:
                    if not is_over():
                        self._wait(is_over, self.producers, deadline, lambda: self._starved(op), op)
                    self._check_session(op)
                    if self._is_final() and len(taken) + len(self._store) < count:
                        if not fewer or len(taken) + len(self._store) == 0:
                            raise self._at_its_end(op, count, len(taken))
                        count = len(taken) + len(self._store)
                        continue
                    taken.append(self._store.take())
                    self._changed.notify_all()
            except BaseException:
                self._store.put_back(taken)
                self._changed.notify_all()
                raise
        return taken

    def _is_ready(self) -> bool:
        size = len(self._store)
        return size > 0 and (self._is_final() or size > self.min_after_dequeue)

    def _is_final(self) -> bool:
        """Whether nothing will be added any more: what waited when the queue was closed is in it."""
        return self._closing and not self._puts

    # --- closing and looking ----------------------------------------------------------------------------------------

    def close(self, cancel_pending_enqueues: bool = False) -> None:
        """Take no new elements; those that wait to be added still are, unless they are cancelled."""
        with self._changed:
            self._closing = True
            if cancel_pending_enqueues:
                self._cancelled_puts.update(self._puts)
            self._changed.notify_all()

    def cancel_all(self) -> None:
        """End every wait: the session is closed."""
        with self._changed:
            self._session_closed = True
            self._changed.notify_all()

    @property
    def is_closed(self) -> bool:
        """Whether the queue takes no more elements."""
        return self._is_final()

    @property
    def size(self) -> int:
        """The number of elements in it."""
        return len(self._store)

    def __str__(self) -> str:
        return f"{self.kind} '{self.name}'"

    # --- waiting ----------------------------------------------------------------------------------------------------

    @contextmanager
    def _turn(self, line: deque[object]) -> Iterator[tuple[object, Callable[[], bool]]]:
        """Stand in a line; operations on one side of a queue are served in the order of their coming."""
        ticket = object()
        line.append(ticket)
        try:
            yield ticket, lambda: bool(line) and line[0] is ticket
        finally:
            line.remove(ticket)
            self._changed.notify_all()

    def _wait(
        self, is_over: Callable[[], bool], producers: Threads | None, deadline: float | None,
        hopeless: Callable[[], Exception], op: Operation,
    ) -> None:  # fmt: skip
        wait_for(
            self._changed, is_over, producers, deadline, hopeless,
            lambda: DeadlineExceededError(None, op, f"Timed out waiting for {self} (operation_timeout_in_ms)."),
        )  # fmt: skip

    def _check_session(self, op: Operation) -> None:
        if self._session_closed:
            raise CancelledError(None, op, f"The operation on {self} was cancelled: its session was closed.")

    def _at_its_end(self, op: Operation, count: int, taken: int) -> OutOfRangeError:
        return OutOfRangeError(
            None, op,
            f"{self} is closed and has insufficient elements (requested {count}, current size "
            f"{taken + len(self._store)}).",
        )  # fmt: skip

    def _starved(self, op: Operation) -> FailedPreconditionError:
        size = len(self._store)
        held = (
            f"holds {size} of the {self.min_after_dequeue + 1} elements that it needs" if size else "is empty"
        )
        why = "the threads that filled it have ended" if self.producers.ever else "no thread fills it"
        if self.producers.failure is not None:
            why = f"the thread that filled it failed ({self.producers.failure})"
        return FailedPreconditionError(
            None, op,
            f"{self} {held} and {why}, so this operation would wait for ever. Start the queue runners before running "
            "it: threads = tf.train.start_queue_runners(sess=sess, coord=coord); or enqueue from a thread of your own, "
            "or before dequeuing.",
        )  # fmt: skip

    def _full(self, op: Operation) -> FailedPreconditionError:
        return FailedPreconditionError(
            None, op,
            f"{self} is full (capacity {self.capacity}) and no thread is running that could take elements out, so this "
            "operation would wait for ever. Give the queue a larger capacity, or dequeue in another thread.",
        )  # fmt: skip
