"""What going back through a loop needs: room for its turns, the history of its variables, and sums over the turns."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.functions import FuncGraph
from gradiente.graph.indexed_slices import IndexedSlices
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.shapes import TensorShape
from gradiente.graph.types import Array, Namespace, is_known
from gradiente.ops.control_flow_ops import TracedLoop

# _Capacity: how many turns to make room for.


def _capacity(xp: Namespace, turns: Array) -> Array:
    del xp
    return turns


def _capacity_device(xp: Namespace, turns: Array) -> Array:
    """The next power of two, so that loops of many lengths share few executables; exact where the length is known."""
    if is_known(turns):
        return turns
    wide = xp.maximum(turns, 1).astype(np.int32) - 1
    for shift in (1, 2, 4, 8, 16):
        wide = wide | (wide >> shift)
    return (wide + 1).astype(np.int32)


register(
    "_Capacity", "turns: int32 -> capacity: int32", shape=lambda op: [()], compute=_capacity, device=_capacity_device,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


# _WhileHistory: the values of a loop's variables at the beginning of each turn.


def _stacked_shape(tensor: Tensor) -> TensorShape:
    return TensorShape([None]).concatenate(tensor.shape)


def _history_shapes(op: Operation) -> list[Any]:
    body: FuncGraph = op.attrs["body"]
    saved: list[int] = op.attrs["saved"]
    return [_stacked_shape(body.inputs[i]) for i in saved]


def _history(
    xp: Namespace, capacity: Array, inputs: list[Any], *, cond: FuncGraph, body: FuncGraph, saved: list[int], op: Operation,
    ctx: Any,
) -> list[Any]:  # fmt: skip
    del xp, capacity
    values, count = list(inputs), op.attrs["_loop_vars"]
    rows: list[list[Any]] = [[] for _ in saved]
    while bool(ctx.run_function(cond, values)[0]):
        for row, position in zip(rows, saved, strict=True):
            row.append(np.asarray(values[position]))
        values[:count] = ctx.run_function(body, values, count)
    return [_stacked(row, inputs[i], t.dtype.np) for row, i, t in zip(rows, saved, op.outputs, strict=True)]


def _stacked(rows: list[Any], first: Any, dtype: Any) -> Any:
    """The rows as one array; an array of arrays where their shapes differ."""
    if not rows:
        return np.zeros((0, *np.shape(first)), dtype)
    if all(r.shape == rows[0].shape for r in rows):
        return np.stack(rows)
    apart = np.empty(len(rows), object)
    for i, row in enumerate(rows):
        apart[i] = row
    return apart


def _history_device(
    xp: Namespace, capacity: Array, inputs: list[Any], *, saved: list[int], op: Operation, ctx: Any
) -> list[Any]:
    from jax import lax

    loop = TracedLoop(xp, op, inputs, ctx)
    size = max(1, int(capacity))
    where = {position: i for i, position in enumerate(loop.changing)}

    def run() -> Any:
        def step(carry: Any) -> Any:
            turn, values, state, rows = carry
            kept = [r.at[turn].set(values[where[p]]) for r, p in zip(rows, saved, strict=True)]
            values, state = loop.turn(values, state)
            return turn + 1, values, state, kept

        empty = [xp.zeros((size, *loop.start[where[p]].shape), loop.types[where[p]]) for p in saved]
        start = (xp.zeros((), np.int32), loop.start, loop.state, empty)
        return lax.while_loop(lambda c: loop.test(c[1], c[2])[0], step, start)[3]

    return loop.settled(run)


register(
    "_WhileHistory", "capacity: int32, input: list(T) -> rows: list(Tsaved)", shape=_history_shapes,
    attrs={"cond": attr("func"), "body": attr("func"), "_loop_vars": attr("int"), "saved": attr("list(int)")},
    compute=_history, device=_history_device, static=("capacity",),
)  # fmt: skip


# _Row and _RowsAdd: what the reverse loop takes from a history, and how it adds up the gradient of a gather.


def _row(xp: Namespace, rows: Array, index: Array) -> Array:
    if xp is np:
        return np.asarray(rows[int(index)])
    import jax

    lax: Any = jax.lax
    return lax.dynamic_index_in_dim(rows, index, 0, keepdims=False)


def _row_gradient(op: Operation, grad: Any) -> list[Any]:
    rows, index = op.inputs
    return [
        IndexedSlices(apply("ExpandDims", grad, 0), apply("ExpandDims", index, 0), apply("Shape", rows)),
        None,
    ]


register(
    "_Row", "rows: T, index: int32 -> row: T", shape=lambda op: [op.inputs[0].shape[1:]], compute=_row,
    gradient=_row_gradient,
)  # fmt: skip


def _zero_sum(xp: Namespace, like: Array) -> Array:
    if like.dtype == np.object_:
        zeros = np.empty_like(like)
        for i, row in enumerate(like):
            zeros[i] = np.zeros_like(row)
        return zeros
    return xp.zeros_like(like)


register(
    "_ZeroSum", "like: T -> sum: T", shape=lambda op: [op.inputs[0].shape], compute=_zero_sum,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def _rows_add(xp: Namespace, total: Array, indices: Array, values: Array) -> Array:
    if xp is np:
        result = np.array(total)
        if result.dtype == np.object_:
            for index, value in zip(indices, values, strict=True):
                result[index] = result[index] + value
        else:
            np.add.at(result, indices, values)
        return result
    return total.at[indices].add(values)


def _rows_add_gradient(op: Operation, grad: Any) -> list[Any]:
    return [grad, None, apply("GatherV2", grad, op.inputs[1], 0)]


register(
    "_RowsAdd", "total: T, indices: Tindices, values: T -> sum: T", shape=lambda op: [op.inputs[0].shape],
    compute=_rows_add, gradient=_rows_add_gradient,
)  # fmt: skip
