"""Queues: they hand elements from the threads that make them to those that use them (``tf.FIFOQueue`` and its kin)."""

from __future__ import annotations

from typing import Any

from gradiente.graph.build import apply
from gradiente.graph.dtypes import DType, int64
from gradiente.graph.graph import get_default_graph
from gradiente.graph.operation import Tensor
from gradiente.graph.shapes import TensorShape
from gradiente.ops.queue_base import QueueBase, component_shapes, component_types
from gradiente.ops.random_seed import get_seed


def _made(
    op_type: str, name: str, dtypes: list[DType], shapes: Any, shared_name: Any, **attrs: Any
) -> Tensor:
    known = None if shapes is None else component_shapes(shapes, len(dtypes))
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
        types = component_types(dtypes)
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
        types = component_types(dtypes)
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
        types = component_types(dtypes)
        known = component_shapes(shapes, len(types))
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
        kinds = component_types(types)
        known = None if shapes is None else component_shapes(shapes, len(kinds))
        ref = _made("PriorityQueueV2", name, kinds, known, shared_name, capacity=capacity)
        all_shapes = [TensorShape(()), *(known if known is not None else [TensorShape(None)] * len(kinds))]
        super().__init__([int64, *kinds], all_shapes, names, ref)
