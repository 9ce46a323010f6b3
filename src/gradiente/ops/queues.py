"""Queues: they hand elements from the threads that make them to those that use them (``tf.FIFOQueue`` and its kin)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradiente.graph.build import apply, apply_op, convert_to_tensor, name_scope
from gradiente.graph.dtypes import DType, as_dtype, int64
from gradiente.graph.graph import get_default_graph
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.shapes import TensorShape, as_shape
from gradiente.ops.random_seed import get_seed


class QueueBase:
    """A queue of a graph; each session has its own elements in it.

    An element is a tuple of tensors, its *components*. Operations on a queue may run in many threads at once: adding to
    a full queue and taking from an empty one wait.

    Args:
        dtypes: the types of the components.
        shapes: their shapes, one for each type, or None when they are not known.
        names: names for the components; elements are dictionaries then.
        queue_ref: the tensor that stands for the queue.

    Source: TensorFlow 1's ``tf.QueueBase``.
    """

    def __init__(self, dtypes: Any, shapes: Any, names: Any, queue_ref: Tensor) -> None:
        self._dtypes = _as_types(dtypes)
        self._shapes = _as_shapes(shapes, len(self._dtypes))
        self._names = _as_names(names, len(self._dtypes))
        self._queue_ref = queue_ref
        self._name = queue_ref.op.name.rsplit("/", 1)[-1]

    @staticmethod
    def from_list(index: Any, queues: Sequence[QueueBase]) -> QueueBase:
        """The queue of a list that a run's value of ``index`` chooses.

        Args:
            index: an integer scalar.
            queues: queues with components of the same types and names.

        Raises:
            TypeError: if ``queues`` is no list of queues, or their types differ.
            ValueError: if their names differ, or there are none.
        """
        if not queues or not isinstance(queues, list) or not all(isinstance(q, QueueBase) for q in queues):  # pyright: ignore[reportUnnecessaryIsInstance] - user input
            raise TypeError("A list of queues expected")
        first = queues[0]
        if any(q.dtypes != first.dtypes for q in queues):
            raise TypeError("Queues do not have matching component dtypes.")
        if any(q.names != first.names for q in queues):
            raise ValueError("Queues do not have matching component names.")
        shapes = [
            s[0]
            if all(x.as_list() == s[0].as_list() for x in s if x.ndims is not None) and s[0].ndims is not None
            else None
            for s in zip(*(q.shapes or [TensorShape(None)] * len(first.dtypes) for q in queues), strict=True)
        ]
        handles = apply("Pack", [q.queue_ref for q in queues])
        chosen = apply("GatherV2", handles, index, 0)
        return QueueBase(first.dtypes, shapes, first.names or None, chosen)

    # --- what it is -------------------------------------------------------------------------------------------------

    @property
    def queue_ref(self) -> Tensor:
        """The tensor that stands for the queue."""
        return self._queue_ref

    @property
    def name(self) -> str:
        """The name of the operation that makes the queue."""
        return self._queue_ref.op.name

    @property
    def dtypes(self) -> list[DType]:
        """The types of an element's components."""
        return self._dtypes

    @property
    def shapes(self) -> list[TensorShape]:
        """The shapes of an element's components."""
        return self._shapes

    @property
    def names(self) -> list[str]:
        """The components' names, if they have any."""
        return self._names or []

    # --- adding -----------------------------------------------------------------------------------------------------

    def enqueue(self, vals: Any, name: str | None = None) -> Operation:
        """Add one element, waiting while the queue is full.

        Args:
            vals: a tensor for one component, a list or tuple for several, a dictionary if they have names.
            name: the operation's name.

        Returns:
            The operation. Running it raises CancelledError when the queue is closed.

        Raises:
            ValueError: if the number of components, their names or shapes don't fit the queue.
        """
        with name_scope(name, f"{self._name}_enqueue", self._scope_values(vals)) as scope:
            components = self._as_components(vals)
            for value, shape in zip(components, self._shapes or (), strict=False):
                value.shape.assert_is_compatible_with(shape)
            return apply_op("QueueEnqueueV2", self._queue_ref, components, name=scope)

    def enqueue_many(self, vals: Any, name: str | None = None) -> Operation:
        """Add the rows of tensors as elements.

        Args:
            vals: as for ``enqueue``, each with one more dimension in front, of the same size for all.
            name: the operation's name.

        Returns:
            The operation. If the queue is closed with ``cancel_pending_enqueues`` while it waits, some elements may
            have been added.

        Raises:
            ValueError: if the number of components, their names or shapes don't fit the queue.
        """
        with name_scope(name, f"{self._name}_EnqueueMany", self._scope_values(vals)) as scope:
            components = self._as_components(vals)
            count = TensorShape((None,))
            for value, shape in zip(
                components, self._shapes or [TensorShape(None)] * len(components), strict=False
            ):
                batch = value.shape.with_rank_at_least(1)
                if batch.ndims is not None:
                    count = count.merge_with(batch[:1])
                    batch[1:].assert_is_compatible_with(shape)
            return apply_op("QueueEnqueueManyV2", self._queue_ref, components, name=scope)

    def _scope_values(self, vals: Any) -> list[Any]:
        if isinstance(vals, dict):
            return list(vals.values())  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType] - user input
        return _listed(vals)

    def _as_components(self, vals: Any) -> list[Tensor]:
        if isinstance(vals, dict):
            if not self._names:
                raise ValueError("Queue must have names to enqueue a dictionary")
            if sorted(self._names) != sorted(vals):  # pyright: ignore[reportUnknownArgumentType]
                raise ValueError(
                    f"Keys in dictionary to enqueue do not match names of Queue.  Dictionary: {sorted(vals)}, Queue: "  # pyright: ignore[reportUnknownArgumentType]
                    f"{sorted(self._names)}"
                )
            values: list[Any] = [vals[k] for k in self._names]
        else:
            if self._names:
                raise ValueError("You must enqueue a dictionary in a Queue with names")
            values = _listed(vals)
        if len(values) != len(self._dtypes):
            raise ValueError(
                f"{self.name!r} holds elements of {len(self._dtypes)} components, {[t.name for t in self._dtypes]}; "
                f"{len(values)} were given."
            )
        return [
            convert_to_tensor(value, dtype=dtype, name=f"component_{i}")
            for i, (value, dtype) in enumerate(zip(values, self._dtypes, strict=True))
        ]

    # --- taking -----------------------------------------------------------------------------------------------------

    def dequeue(self, name: str | None = None) -> Any:
        """Take one element, waiting while the queue is empty.

        Returns:
            A tensor, a list of them for several components, a dictionary if they have names. Running it raises
            OutOfRangeError when the queue is closed and empty.
        """
        out = apply(
            "QueueDequeueV2",
            self._queue_ref,
            component_types=self._dtypes,
            name=name or f"{self._name}_Dequeue",
        )
        return self._as_element(out, self._shapes)

    def dequeue_many(self, n: Any, name: str | None = None) -> Any:
        """Take ``n`` elements, stacked, waiting until there are enough.

        Args:
            n: the number of elements.
            name: the operation's name.

        Returns:
            As ``dequeue``, with one more dimension of size ``n`` in front. Running it raises OutOfRangeError when the
            queue is closed and has fewer elements, and InvalidArgumentError if the shapes of the components are not
            known.
        """
        out = apply(
            "QueueDequeueManyV2", self._queue_ref, n, component_types=self._dtypes,
            name=name or f"{self._name}_DequeueMany",
        )  # fmt: skip
        return self._as_element(out, [out[0].shape[:1].concatenate(s) for s in self._shapes])

    def dequeue_up_to(self, n: Any, name: str | None = None) -> Any:
        """Take ``n`` elements, stacked; fewer when the queue is closed and no more are left.

        Args:
            n: the number of elements.
            name: the operation's name.

        Returns:
            As ``dequeue_many``, with a first size of at most ``n``.
        """
        out = apply(
            "QueueDequeueUpToV2", self._queue_ref, n, component_types=self._dtypes,
            name=name or f"{self._name}_DequeueUpTo",
        )  # fmt: skip
        return self._as_element(out, [TensorShape((None,)).concatenate(s) for s in self._shapes])

    def _as_element(self, tensors: list[Tensor], shapes: Sequence[TensorShape]) -> Any:
        for tensor, shape in zip(tensors, shapes, strict=False):
            tensor.set_shape(shape)
        if self._names:
            return dict(zip(self._names, tensors, strict=True))
        return tensors[0] if len(tensors) == 1 else tensors

    # --- closing and asking -----------------------------------------------------------------------------------------

    def close(self, cancel_pending_enqueues: bool = False, name: str | None = None) -> Operation:
        """Take no more elements: enqueuing is an error from then on, dequeuing one once the elements are used up.

        Args:
            cancel_pending_enqueues: whether enqueue operations that wait for room fail with CancelledError, instead of
                ending first.
            name: the operation's name.
        """
        return apply_op(
            "QueueCloseV2", self._queue_ref, cancel_pending_enqueues=cancel_pending_enqueues,
            name=name or f"{self._name}_Close",
        )  # fmt: skip

    def is_closed(self, name: str | None = None) -> Tensor:
        """Whether the queue is closed, a bool scalar."""
        return apply("QueueIsClosedV2", self._queue_ref, name=name or f"{self._name}_Is_Closed")

    def size(self, name: str | None = None) -> Tensor:
        """The number of elements in the queue, an int32 scalar."""
        return apply("QueueSizeV2", self._queue_ref, name=name or f"{self._name}_Size")


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]  # pyright: ignore[reportUnknownArgumentType] - user input


def _as_types(dtypes: Any) -> list[DType]:
    items = _listed(dtypes)
    return [as_dtype(t).base_dtype for t in items]


def _as_shapes(shapes: Any, count: int) -> list[TensorShape]:
    if shapes is None:
        return [TensorShape(None)] * count
    if isinstance(shapes, TensorShape):
        found = [shapes]
    else:
        items = _listed(shapes)
        single = not items or all(i is None or isinstance(i, int) for i in items)
        found = (
            [as_shape(items)] if single and count == 1 and items != [None] else [as_shape(s) for s in items]
        )
    if len(found) != count:
        raise ValueError(
            f"Queue shapes must have the same length as dtypes, received {len(found)} shapes, {count} dtypes"
        )
    return found


def _as_names(names: Any, count: int) -> list[str] | None:
    if not names:
        return None
    items = _listed(names)
    if len(items) != count:
        raise ValueError(
            f"Queue names must have the same length as dtypes, received {len(items)} names, {count} dtypes"
        )
    return items


def _made(
    op_type: str, name: str, dtypes: list[DType], shapes: Any, shared_name: Any, **attrs: Any
) -> Tensor:
    known = None if shapes is None else _as_shapes(shapes, len(dtypes))
    if known is not None and op_type != "PaddingFIFOQueueV2" and not all(s.is_fully_defined() for s in known):
        raise ValueError(
            f"All shapes must be fully defined: {', '.join(map(str, known))}, for a {op_type.removesuffix('V2')} stacks its "
            "elements into batches. Give the tensors their shape first (tensor.set_shape([28, 28, 1]), or resize and "
            "reshape them), or pad them: PaddingFIFOQueue, tf.train.batch(..., dynamic_pad=True)."
        )
    return apply(
        op_type, component_types=dtypes, shapes=known, shared_name=_shared(shared_name), name=name, **attrs
    )


def _shared(name: Any) -> str | None:
    return name.decode() if isinstance(name, bytes) else name


class FIFOQueue(QueueBase):
    """A queue that gives its elements in the order in which they came.

    Args:
        capacity: the most elements that it holds; enqueuing waits when it is full.
        dtypes: the types of an element's components, a list or one type.
        shapes: their shapes; needed for ``dequeue_many``.
        names: their names; elements are dictionaries then.
        shared_name: queues of one such name are the same queue in a session.
        name: the operation's name.

    Source: TensorFlow 1's ``tf.FIFOQueue``.

    >>> q = tf.FIFOQueue(3, tf.float32)
    >>> init = q.enqueue_many(([0.0, 10.0, 20.0],))
    >>> x = q.dequeue()
    >>> with tf.Session() as sess:
    ...     sess.run(init)
    ...     print(sess.run(x), sess.run(x), sess.run(q.size()))
    0.0 10.0 1
    """

    def __init__(
        self, capacity: int, dtypes: Any, shapes: Any = None, names: Any = None, shared_name: str | None = None,
        name: str = "fifo_queue",
    ) -> None:  # fmt: skip
        types = _as_types(dtypes)
        ref = _made("FIFOQueueV2", name, types, shapes, shared_name, capacity=capacity)
        super().__init__(types, shapes, names, ref)


class RandomShuffleQueue(QueueBase):
    """A queue that gives any of its elements, each with the same probability.

    Args:
        capacity: the most elements that it holds.
        min_after_dequeue: the elements that must stay in it while it is open, so that the order is well mixed.
        dtypes: the types of an element's components, a list or one type.
        shapes: their shapes; needed for ``dequeue_many``.
        names: their names; elements are dictionaries then.
        seed: see ``tf.set_random_seed``. Equal seeds choose alike where one thread fills the queue.
        shared_name: queues of one such name are the same queue in a session.
        name: the operation's name.

    Source: TensorFlow 1's ``tf.RandomShuffleQueue``.
    """

    def __init__(
        self, capacity: int, min_after_dequeue: int, dtypes: Any, shapes: Any = None, names: Any = None,
        seed: int | None = None, shared_name: str | None = None, name: str = "random_shuffle_queue",
    ) -> None:  # fmt: skip
        types = _as_types(dtypes)
        seed1, seed2 = get_seed(seed)
        if seed1 is None and seed2 is None:
            seed1, seed2 = 0, 0
        elif seed is None and shared_name is not None:
            digits = f"{get_default_graph().seed}{_shared(shared_name)}".encode()
            seed2 = _digest(digits)
        ref = _made(
            "RandomShuffleQueueV2", name, types, shapes, shared_name, capacity=capacity,
            min_after_dequeue=min_after_dequeue, seed=seed1, seed2=seed2,
        )  # fmt: skip
        super().__init__(types, shapes, names, ref)


def _digest(text: bytes) -> int:
    """The seed that TensorFlow derives for a shared queue: 31 bits of a digest that depends on its name alone."""
    import hashlib

    return int(hashlib.md5(text, usedforsecurity=False).hexdigest()[:8], 16) & 0x7FFFFFFF


class PaddingFIFOQueue(QueueBase):
    """A FIFO queue whose ``dequeue_many`` pads the elements to the largest of them.

    Args:
        capacity: the most elements that it holds.
        dtypes: the types of an element's components, a list or one type.
        shapes: their shapes, of known rank; None for sizes that vary. Zeros (empty strings) fill up.
        names: their names; elements are dictionaries then.
        shared_name: queues of one such name are the same queue in a session.
        name: the operation's name.

    Raises:
        ValueError: if there is not one shape for each type, or a shape's rank is unknown.

    Source: TensorFlow 1's ``tf.PaddingFIFOQueue``.
    """

    def __init__(
        self, capacity: int, dtypes: Any, shapes: Any, names: Any = None, shared_name: str | None = None,
        name: str = "padding_fifo_queue",
    ) -> None:  # fmt: skip
        types = _as_types(dtypes)
        known = _as_shapes(shapes, len(types))
        if any(s.ndims is None for s in known):
            raise ValueError(
                f"A PaddingFIFOQueue needs shapes of known rank, not {', '.join(map(str, known))}."
            )
        ref = _made("PaddingFIFOQueueV2", name, types, known, shared_name, capacity=capacity)
        super().__init__(types, known, names, ref)


class PriorityQueue(QueueBase):
    """A queue that gives the element with the smallest priority, an int64 that is each element's first component.

    Args:
        capacity: the most elements that it holds.
        types: the types of the components after the priority.
        shapes: their shapes; needed for ``dequeue_many``.
        names: names for all components, the priority's first.
        shared_name: queues of one such name are the same queue in a session.
        name: the operation's name.

    Source: TensorFlow 1's ``tf.PriorityQueue``.
    """

    def __init__(
        self, capacity: int, types: Any, shapes: Any = None, names: Any = None, shared_name: str | None = None,
        name: str = "priority_queue",
    ) -> None:  # fmt: skip
        kinds = _as_types(types)
        known = None if shapes is None else _as_shapes(shapes, len(kinds))
        ref = _made("PriorityQueueV2", name, kinds, known, shared_name, capacity=capacity)
        all_shapes = [TensorShape(()), *(known if known is not None else [TensorShape(None)] * len(kinds))]
        super().__init__([int64, *kinds], all_shapes, names, ref)
