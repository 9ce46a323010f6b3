"""What all queues have: elements go in and come out, singly or as batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradiente.graph.build import apply, apply_op, convert_to_tensor, name_scope
from gradiente.graph.dtypes import DType, as_dtype
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.shapes import TensorShape, as_shape


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
        self._dtypes = component_types(dtypes)
        self._shapes = component_shapes(shapes, len(self._dtypes))
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


def component_types(dtypes: Any) -> list[DType]:
    """The types of a queue's components: one for each."""
    items = _listed(dtypes)
    return [as_dtype(t).base_dtype for t in items]


def component_shapes(shapes: Any, count: int) -> list[TensorShape]:
    """The shapes of a queue's components: as many as there are types, unknown ones without ``shapes``."""
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
