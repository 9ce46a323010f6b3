"""The ops on queues: making them, adding and removing elements, closing, asking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import DType, int32, int64, string
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.shapes import UNKNOWN, TensorShape
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import no_outputs, scalar_shape
from gradiente.ops.queue_storage import Element, FifoStore, PriorityStore, Queue, ShuffledStore, Store
from gradiente.ops.queue_waiting import Threads
from gradiente.ops.random_seed import effective_seeds

MAKERS = ("FIFOQueueV2", "RandomShuffleQueueV2", "PaddingFIFOQueueV2", "PriorityQueueV2")


def queue_key(op: Operation) -> tuple[str, str]:
    """Where a session keeps the queue that ``op`` makes: queues of one shared name are one queue."""
    return "queue", op.attrs["shared_name"] or op.name


def producers_of(session: Any, op: Operation) -> Threads:
    """The threads known to fill the queue that ``op`` makes, in ``session``."""
    return session.resource(("queue producers", queue_key(op)[1]), Threads)


def component_types(op: Operation) -> tuple[DType, ...]:
    """The types of the components of the queue that ``op`` makes; a priority comes first."""
    types = tuple(op.attrs["component_types"])
    return (int64, *types) if op.type == "PriorityQueueV2" else types


def component_shapes(op: Operation) -> tuple[TensorShape, ...]:
    """The shapes of the components of the queue that ``op`` makes, unknown where the program gave none."""
    shapes: tuple[TensorShape, ...] = tuple(op.attrs["shapes"])
    if shapes and op.type == "PriorityQueueV2":
        shapes = (TensorShape(()), *shapes)
    return shapes or (UNKNOWN,) * len(component_types(op))


def handle_of(thing: Any) -> Array:
    """A tensor's value that stands for an object of the session."""
    handle = np.empty((), object)
    handle[()] = thing
    return handle


def held_by(handle: Array) -> Any:
    """The object that a handle stands for."""
    return np.asarray(handle, object).item()


# FIFOQueueV2, RandomShuffleQueueV2, PaddingFIFOQueueV2, PriorityQueueV2


def _maker(make_store: Callable[[Operation], Store]) -> Any:
    def host(xp: Namespace, *, ctx: Any, op: Operation) -> Array:
        del xp

        def make() -> Queue:
            kept = op.attrs.get("min_after_dequeue", 0)
            return Queue(
                op, make_store(op), op.attrs["capacity"], component_types(op), component_shapes(op),
                producers_of(ctx.session, op), kept,
            )  # fmt: skip

        queue = ctx.session.resource(queue_key(op), make)
        if queue.dtypes != component_types(op) or queue.kind != op.type.removesuffix("V2"):
            raise InvalidArgumentError(
                None, op,
                f"Shared queue {queue_key(op)[1]!r} is a {queue.kind} of {_names(queue.dtypes)}, made as "
                f"{queue.name!r}; a {op.type.removesuffix('V2')} of {_names(component_types(op))} needs another "
                "shared_name.",
            )  # fmt: skip
        return handle_of(queue)

    return host


def _names(types: Sequence[DType]) -> str:
    return f"({', '.join(t.name for t in types)})"


def _shuffled(op: Operation) -> Store:
    return ShuffledStore(*effective_seeds(op, op.attrs["seed"], op.attrs["seed2"]))


_COMMON = {
    "component_types": attr("list(type)"), "shapes": attr("list(shape)", ()), "capacity": -1, "container": "",
    "shared_name": "",
}  # fmt: skip


def _register_maker(name: str, make_store: Callable[[Operation], Store], **more: Any) -> None:
    register(
        name, "-> handle: resource", attrs={**_COMMON, **more}, shape=scalar_shape, host=_maker(make_store),
        stateful=True, gradient=NOT_DIFFERENTIABLE,
    )  # fmt: skip


_register_maker("FIFOQueueV2", lambda op: FifoStore())
_register_maker("PaddingFIFOQueueV2", lambda op: FifoStore())
_register_maker("RandomShuffleQueueV2", _shuffled, min_after_dequeue=0, seed=0, seed2=0)
_register_maker("PriorityQueueV2", lambda op: PriorityStore(), component_types=attr("list(type)", ()))


def _maker_of(handle: Tensor) -> Operation | None:
    """The operation that makes a handle's queue, if that is known while building."""
    return handle.op if handle.op.type in MAKERS else None


# QueueEnqueueV2, QueueEnqueueManyV2


def _checked(queue: Queue, op: Operation, components: Sequence[Array], batch: bool) -> list[Array]:
    """The components, if they are what the queue holds: count, types and shapes."""
    if tuple(op.attrs["Tcomponents"]) != queue.dtypes:
        raise InvalidArgumentError(
            None,
            op,
            f"{queue} holds elements of types {_names(queue.dtypes)}, not {_names(op.attrs['Tcomponents'])}.",
        )
    for i, (value, wanted) in enumerate(zip(components, queue.shapes, strict=True)):
        received = value.shape[1:] if batch else value.shape
        if batch and (not value.ndim or len(value) != len(components[0])):
            raise InvalidArgumentError(
                None, op,
                f"All components of enqueue_many must have the same first size, {components[0].shape}; component {i} has "
                f"shape {value.shape}.",
            )  # fmt: skip
        if not wanted.is_compatible_with(received):
            raise InvalidArgumentError(
                None, op, f"Shape mismatch in tuple component {i}. Expected {wanted}, got {tuple(received)}."
            )
    return list(components)


def _enqueue(xp: Namespace, handle: Array, components: list[Array], *, ctx: Any, op: Operation) -> None:
    del xp
    queue: Queue = held_by(handle)
    values = _checked(queue, op, components, batch=False)
    queue.put([tuple(np.array(v) for v in values)], op, ctx.session)


def _enqueue_many(xp: Namespace, handle: Array, components: list[Array], *, ctx: Any, op: Operation) -> None:
    del xp
    queue: Queue = held_by(handle)
    values = _checked(queue, op, components, batch=True)
    rows: list[Element] = [tuple(np.array(v[i], v.dtype) for v in values) for i in range(len(values[0]))]
    queue.put(rows, op, ctx.session)


for _name, _host in (("QueueEnqueueV2", _enqueue), ("QueueEnqueueManyV2", _enqueue_many)):
    register(
        _name, "handle: resource, components: list(Tcomponents) ->", attrs={"timeout_ms": -1}, shape=no_outputs,
        host=_host, stateful=True, gradient=NOT_DIFFERENTIABLE,
    )  # fmt: skip


# QueueDequeueV2, QueueDequeueManyV2, QueueDequeueUpToV2


def _dequeue_shape(op: Operation) -> list[Any]:
    maker = _maker_of(op.inputs[0])
    if maker is None:
        return [None] * len(op.attrs["component_types"])
    return list(component_shapes(maker))


def _dequeue_many_shape(op: Operation) -> list[Any]:
    count = constant_value(op.inputs[1]) if op.type == "QueueDequeueManyV2" else None
    batch = TensorShape((None if count is None or count < 0 else int(count),))
    return (
        [batch.concatenate(shape) for shape in _dequeue_shape(op)]
        if _maker_of(op.inputs[0])
        else _dequeue_shape(op)
    )


def _dequeue(xp: Namespace, handle: Array, *, ctx: Any, op: Operation) -> list[Array]:
    del xp
    queue: Queue = held_by(handle)
    (element,) = queue.take(1, op, ctx.session)
    return [np.array(v) for v in element]


def _dequeue_batch(fewer: bool) -> Any:
    def host(xp: Namespace, handle: Array, n: Array, *, ctx: Any, op: Operation) -> list[Array]:
        del xp
        queue: Queue = held_by(handle)
        if int(n) < 0:
            raise InvalidArgumentError(None, op, f"{op.type} requested {int(n)} < 0 elements.")
        shapes = queue.shapes
        pads = queue.kind == "PaddingFIFOQueue"
        if not pads and not all(s.is_fully_defined() for s in shapes):
            raise InvalidArgumentError(
                None, op,
                f"{queue}'s dequeue_many and dequeue_up_to require the components to have specified shapes, but they have "
                f"{', '.join(map(str, shapes))}. Pass shapes= where the queue is made (and set_shape on what you "
                "enqueue), or use a PaddingFIFOQueue.",
            )  # fmt: skip
        elements = queue.take(int(n), op, ctx.session, fewer)
        parts = [[e[i] for e in elements] for i in range(len(queue.dtypes))]
        return [_stacked(p, s, t, pads) for p, s, t in zip(parts, shapes, queue.dtypes, strict=True)]

    return host


def _stacked(parts: list[Array], shape: TensorShape, dtype: DType, pads: bool) -> Array:
    if not parts:
        return np.zeros((0, *(d or 0 for d in shape.plain or ())), dtype.np)
    if not pads or all(p.shape == parts[0].shape for p in parts):
        return np.stack(parts)
    sizes = tuple(max(p.shape[axis] for p in parts) for axis in range(parts[0].ndim))
    batch = np.full((len(parts), *sizes), b"" if dtype is string else 0, dtype.np)
    for i, part in enumerate(parts):
        batch[(i, *(slice(0, d) for d in part.shape))] = part
    return batch


register(
    "QueueDequeueV2", "handle: resource -> components: list(component_types)", attrs={"timeout_ms": -1},
    shape=_dequeue_shape, host=_dequeue, stateful=True, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
for _name, _fewer in (("QueueDequeueManyV2", False), ("QueueDequeueUpToV2", True)):
    register(
        _name, "handle: resource, n: int32 -> components: list(component_types)", attrs={"timeout_ms": -1},
        shape=_dequeue_many_shape, host=_dequeue_batch(_fewer), stateful=True, gradient=NOT_DIFFERENTIABLE,
    )  # fmt: skip


# QueueCloseV2, QueueSizeV2, QueueIsClosedV2


def _close(xp: Namespace, handle: Array, *, cancel_pending_enqueues: bool) -> None:
    del xp
    held_by(handle).close(cancel_pending_enqueues)


def _size(xp: Namespace, handle: Array) -> Array:
    del xp
    return np.asarray(held_by(handle).size, int32.np)


def _is_closed(xp: Namespace, handle: Array) -> Array:
    del xp
    return np.asarray(held_by(handle).is_closed)


register(
    "QueueCloseV2", "handle: resource ->", attrs={"cancel_pending_enqueues": False}, shape=no_outputs, host=_close,
    stateful=True, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
register(
    "QueueSizeV2", "handle: resource -> size: int32", shape=scalar_shape, host=_size, stateful=True,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
register(
    "QueueIsClosedV2", "handle: resource -> is_closed: bool", shape=scalar_shape, host=_is_closed, stateful=True,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
