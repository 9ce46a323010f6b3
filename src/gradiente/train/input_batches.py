"""Batches of the examples that tensors give, one in each run (``tf.train.batch`` and its kin).

Each function has a form that joins several lists of tensors, and one that adds an example only if it is to be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import bool_
from gradiente.graph.graph import get_default_graph
from gradiente.graph.operation import Tensor
from gradiente.graph.shapes import TensorShape
from gradiente.graph.sparse import SparseTensor
from gradiente.ops.basic import no_op
from gradiente.ops.queue_base import QueueBase
from gradiente.ops.queues import FIFOQueue, PaddingFIFOQueue, RandomShuffleQueue
from gradiente.ops.sparse_storage import restored_sparse, stored_sparse
from gradiente.ops.variables import Variable
from gradiente.train.input import summarize_fullness
from gradiente.train.queue_runner import QueueRunner, add_queue_runner


class _Batcher:
    """What the functions below have in common.

    Args:
        what: the default name of the operations.
        lists: the lists of tensors (or dictionaries) that make one example each, of the same kinds.
        keep: whether to add an example: a bool scalar; a bool vector with ``enqueue_many``.
        threads: the number of threads for each list.
        enqueue_many: whether the tensors hold many examples.
        shapes: the shapes of an example's tensors, where they are not known.
    """

    def __init__(
        self, what: str, lists: Sequence[Any], keep: Any, threads: int, enqueue_many: bool, shapes: Any
    ) -> None:
        first: Any = lists[0]
        self._keys = _sorted_keys(first)
        tensors = [_as_list(item, what) for item in lists]
        if len({len(t) for t in tensors}) != 1:
            raise ValueError(
                f"All lists of {what}() must have the same length, not {sorted({len(t) for t in tensors})}."
            )
        self._keep = convert_to_tensor(keep, dtype=bool_)
        if self._keep.shape.ndims is None:
            raise ValueError("`keep_input` dimensions must be known at graph construction.")
        if self._keep.shape.ndims == 1 and not enqueue_many:
            raise ValueError("`keep_input` cannot be a vector when `enqueue_many=False`.")
        if self._keep.shape.ndims > 1:
            raise ValueError("`keep_input` must be 0 or 1 dimensions.")
        self._lists, self._sparse = stored_sparse(tensors, enqueue_many)
        self._threads = threads
        self._enqueue_many = enqueue_many
        self.dtypes = [t.dtype.base_dtype for t in self._lists[0]]
        for other in self._lists[1:]:
            if [t.dtype.base_dtype for t in other] != self.dtypes:
                raise TypeError(
                    f"Expected types to be consistent: {[t.name for t in self.dtypes]}, but found "
                    f"{[t.dtype.name for t in other]}"
                )
        self.shapes = self._shapes() if shapes is None else shapes

    def _shapes(self) -> list[TensorShape]:
        merged: list[TensorShape] = []
        for tensors in zip(*self._lists, strict=True):
            known = [t.shape.with_rank_at_least(1)[1:] if self._enqueue_many else t.shape for t in tensors]
            merged.append(_common(known))
        return merged

    def start(self, queue: QueueBase) -> None:
        """Add the queue runner that fills ``queue``."""
        add: Callable[[list[Tensor]], Any] = queue.enqueue_many if self._enqueue_many else queue.enqueue
        ops: list[Any] = []
        for tensors in self._lists:
            kept = constant_value(self._keep)
            if self._keep.shape.ndims == 1:
                rows = apply("Reshape", apply("Where", self._keep), [-1])
                op = add([apply("GatherV2", t, rows, 0) for t in tensors])
            elif kept is not None:
                op = add(tensors) if bool(kept) else no_op()
            else:
                op = _enqueue_if(self._keep, add, tensors)
            ops.extend([op] * (self._threads if len(self._lists) == 1 else 1))
        add_queue_runner(QueueRunner(queue, ops))

    def result(self, queue: QueueBase, batch_size: Any, fewer: bool, name: str) -> Any:
        """The batch, in the form in which the tensors were given."""
        out: Any = (
            queue.dequeue_up_to(batch_size, name=name) if fewer else queue.dequeue_many(batch_size, name=name)
        )
        components = restored_sparse([out] if isinstance(out, Tensor) else out, self._sparse)
        if self._keys is not None:
            return dict(zip(self._keys, components, strict=True))
        return components[0] if len(components) == 1 else components


def _sorted_keys(tensors: Any) -> list[Any] | None:
    """The keys of a dictionary, in the order in which its tensors go through the queue; None for a list."""
    return sorted(tensors) if isinstance(tensors, dict) else None  # pyright: ignore[reportUnknownArgumentType] - user input


def _as_list(tensors: Any, what: str) -> list[Any]:
    if isinstance(tensors, dict):
        tensors = [tensors[key] for key in sorted(tensors)]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    elif isinstance(tensors, (Tensor, SparseTensor, Variable)):
        tensors = [tensors]
    items = [t if isinstance(t, SparseTensor) else convert_to_tensor(t) for t in tensors]
    if not items:
        raise ValueError(f"Expected at least one tensor in {what}().")
    return items


def _common(shapes: Sequence[TensorShape]) -> TensorShape:
    """What a list of shapes has in common."""
    ranks = {s.ndims for s in shapes}
    if len(ranks) != 1 or None in ranks:
        return shapes[0] if len(shapes) == 1 else TensorShape(None)
    sizes = zip(*(s.as_list() for s in shapes), strict=True)
    return TensorShape([d[0] if len(set(d)) == 1 else None for d in sizes])


def _enqueue_if(keep: Tensor, add: Callable[[list[Tensor]], Any], tensors: list[Tensor]) -> Any:
    from gradiente.ops.control_flow import cond

    def added() -> Tensor:
        with get_default_graph().control_dependencies([add(tensors)]):
            return convert_to_tensor(True)

    return cond(keep, added, lambda: convert_to_tensor(False)).op


def batch(
    tensors: Any, batch_size: Any, num_threads: int = 1, capacity: int = 32, enqueue_many: bool = False,
    shapes: Any = None, dynamic_pad: bool = False, allow_smaller_final_batch: bool = False,
    shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Batches of the examples that ``tensors`` gives, one in each run.

    Args:
        tensors: one example: a tensor, a list or a dictionary of them.
        batch_size: the number of examples in a batch.
        num_threads: the threads that fill the queue; with one, the examples keep their order.
        capacity: the most examples in the queue.
        enqueue_many: whether each tensor holds many examples, along its first dimension.
        shapes: the shapes of an example's tensors, where they are not known.
        dynamic_pad: pad the examples of a batch to the largest of them.
        allow_smaller_final_batch: give the examples that are left at the end as a smaller batch.
        shared_name: see ``tf.FIFOQueue``.
        name: the name of the operations.

    Returns:
        The tensors with one more dimension in front, of size ``batch_size`` (unknown if the last one may be smaller),
        in the form in which they were given. Running them raises OutOfRangeError at the end of the input.

    Raises:
        ValueError: if a shape is not known and ``dynamic_pad`` is False.

    Source: TensorFlow 1's ``tf.train.batch``.
    """
    return maybe_batch(
        tensors, True, batch_size, num_threads, capacity, enqueue_many, shapes, dynamic_pad, allow_smaller_final_batch,
        shared_name, name,
    )  # fmt: skip


def maybe_batch(
    tensors: Any, keep_input: Any, batch_size: Any, num_threads: int = 1, capacity: int = 32,
    enqueue_many: bool = False, shapes: Any = None, dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False, shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Batches of the examples for which ``keep_input`` is True (see ``batch``).

    Args:
        keep_input: a bool scalar for each example; with ``enqueue_many``, possibly one for each row.
    """
    return _batched(
        "batch", [tensors], keep_input, batch_size, num_threads, capacity, enqueue_many, shapes, dynamic_pad,
        allow_smaller_final_batch, shared_name, name,
    )  # fmt: skip


def batch_join(
    tensors_list: Sequence[Any], batch_size: Any, capacity: int = 32, enqueue_many: bool = False, shapes: Any = None,
    dynamic_pad: bool = False, allow_smaller_final_batch: bool = False, shared_name: str | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Batches of the examples that several lists of tensors give, each read by a thread of its own (see ``batch``).

    Args:
        tensors_list: lists or dictionaries of tensors; each makes an example.
    """
    return maybe_batch_join(
        tensors_list, True, batch_size, capacity, enqueue_many, shapes, dynamic_pad, allow_smaller_final_batch,
        shared_name, name,
    )  # fmt: skip


def maybe_batch_join(
    tensors_list: Sequence[Any], keep_input: Any, batch_size: Any, capacity: int = 32, enqueue_many: bool = False,
    shapes: Any = None, dynamic_pad: bool = False, allow_smaller_final_batch: bool = False,
    shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """``batch_join`` of the examples for which ``keep_input`` is True (see ``maybe_batch``)."""
    return _batched(
        "batch_join", list(tensors_list), keep_input, batch_size, 1, capacity, enqueue_many, shapes, dynamic_pad,
        allow_smaller_final_batch, shared_name, name,
    )  # fmt: skip


def _batched(
    what: str, lists: Sequence[Any], keep: Any, batch_size: Any, threads: int, capacity: int, enqueue_many: bool,
    shapes: Any, dynamic_pad: bool, fewer: bool, shared_name: str | None, name: str | None,
) -> Any:  # fmt: skip
    with name_scope(name, what) as scope:
        batcher = _Batcher(what, lists, keep, threads, enqueue_many, shapes)
        make = PaddingFIFOQueue if dynamic_pad else FIFOQueue
        queue = make(capacity, batcher.dtypes, batcher.shapes, shared_name=shared_name)
        batcher.start(queue)
        summarize_fullness(f"fraction_of_{capacity}_full", queue.size(), capacity)
        return batcher.result(queue, batch_size, fewer, scope)


def shuffle_batch(
    tensors: Any, batch_size: Any, capacity: int, min_after_dequeue: int, num_threads: int = 1,
    seed: int | None = None, enqueue_many: bool = False, shapes: Any = None, allow_smaller_final_batch: bool = False,
    shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Batches of the examples that ``tensors`` gives, in random order.

    Args:
        tensors: one example: a tensor, a list or a dictionary of them.
        batch_size: the number of examples in a batch.
        capacity: the most examples in the queue; min_after_dequeue + (num_threads + a little) · batch_size is a good one.
        min_after_dequeue: the examples that stay in the queue, among which the next is chosen: more mix better, take
            more memory and longer at the start.
        num_threads: the threads that fill the queue.
        seed: the seed of the choice.
        enqueue_many: whether each tensor holds many examples, along its first dimension.
        shapes: the shapes of an example's tensors, where they are not known.
        allow_smaller_final_batch: give the examples that are left at the end as a smaller batch.
        shared_name: see ``tf.RandomShuffleQueue``.
        name: the name of the operations.

    Returns:
        As ``batch``.

    Raises:
        ValueError: if a shape is not known.

    Source: TensorFlow 1's ``tf.train.shuffle_batch``.
    """
    return maybe_shuffle_batch(
        tensors, batch_size, capacity, min_after_dequeue, True, num_threads, seed, enqueue_many, shapes,
        allow_smaller_final_batch, shared_name, name,
    )  # fmt: skip


def maybe_shuffle_batch(
    tensors: Any, batch_size: Any, capacity: int, min_after_dequeue: int, keep_input: Any, num_threads: int = 1,
    seed: int | None = None, enqueue_many: bool = False, shapes: Any = None, allow_smaller_final_batch: bool = False,
    shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """``shuffle_batch`` of the examples for which ``keep_input`` is True (see ``maybe_batch``)."""
    return _shuffled(
        "shuffle_batch", [tensors], keep_input, batch_size, num_threads, capacity, min_after_dequeue, seed,
        enqueue_many, shapes, allow_smaller_final_batch, shared_name, name,
    )  # fmt: skip


def shuffle_batch_join(
    tensors_list: Sequence[Any], batch_size: Any, capacity: int, min_after_dequeue: int, seed: int | None = None,
    enqueue_many: bool = False, shapes: Any = None, allow_smaller_final_batch: bool = False,
    shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """``shuffle_batch`` of several lists of tensors, each read by a thread of its own (see ``batch_join``)."""
    return maybe_shuffle_batch_join(
        tensors_list, batch_size, capacity, min_after_dequeue, True, seed, enqueue_many, shapes,
        allow_smaller_final_batch, shared_name, name,
    )  # fmt: skip


def maybe_shuffle_batch_join(
    tensors_list: Sequence[Any], batch_size: Any, capacity: int, min_after_dequeue: int, keep_input: Any,
    seed: int | None = None, enqueue_many: bool = False, shapes: Any = None, allow_smaller_final_batch: bool = False,
    shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """``shuffle_batch_join`` of the examples for which ``keep_input`` is True (see ``maybe_batch``)."""
    return _shuffled(
        "shuffle_batch_join", list(tensors_list), keep_input, batch_size, 1, capacity, min_after_dequeue, seed,
        enqueue_many, shapes, allow_smaller_final_batch, shared_name, name,
    )  # fmt: skip


def _shuffled(
    what: str, lists: Sequence[Any], keep: Any, batch_size: Any, threads: int, capacity: int, kept: int,
    seed: int | None, enqueue_many: bool, shapes: Any, fewer: bool, shared_name: str | None, name: str | None,
) -> Any:  # fmt: skip
    with name_scope(name, what) as scope:
        batcher = _Batcher(what, lists, keep, threads, enqueue_many, shapes)
        queue = RandomShuffleQueue(
            capacity, kept, batcher.dtypes, batcher.shapes, seed=seed, shared_name=shared_name
        )
        batcher.start(queue)
        above = apply("Maximum", apply("Sub", queue.size(), kept), 0)
        summarize_fullness(f"fraction_over_{kept}_of_{capacity - kept}_full", above, capacity - kept)
        return batcher.result(queue, batch_size, fewer, scope)
