"""The ops behind TensorArray: its elements are the rows of one tensor, the *flow*.

Before the first write the elements' shape may be unknown: the flow then has shape [size, 0], and gets its rows' shape by
that write, also by one inside a loop.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import DType, string
from gradiente.graph.indexed_slices import IndexedSlices
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.shapes import TensorShape
from gradiente.graph.types import Array, Namespace

# _TensorArrayNew


def _new_shape(op: Operation) -> list[Any]:
    element: TensorShape = op.attrs["element_shape"]
    if not element.is_fully_defined():
        return [None]
    size = constant_value(op.inputs[0])
    return [TensorShape([None if size is None else int(size)]).concatenate(element)]


def _new(xp: Namespace, size: Array, *, dtype: DType, element_shape: TensorShape) -> Array:
    element = element_shape.plain if element_shape.is_fully_defined() else (0,)
    return _blank(xp, (int(size), *(d or 0 for d in element or ())), dtype)


def _blank(xp: Namespace, shape: tuple[int, ...], dtype: DType) -> Array:
    return np.full(shape, b"", object) if dtype is string else xp.zeros(shape, dtype.np)


register(
    "_TensorArrayNew", "size: int32 -> flow: dtype", attrs={"dtype": attr("type"), "element_shape": attr("shape")},
    shape=_new_shape, compute=_new, static=("size",), gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


# _TensorArrayWrite: one row. _TensorArrayScatter: several. _TensorArrayGrow: one row, of an array of dynamic size.


def _written_shape(op: Operation) -> list[Any]:
    flow, index, value = (t.shape for t in op.inputs)
    index.assert_has_rank(0)
    return [TensorShape([flow.plain[0] if flow.plain else None]).concatenate(value)]


def _allocated(xp: Namespace, flow: Array, element: tuple[int, ...], dtype: DType) -> Array:
    if flow.ndim == 2 and flow.shape[1] == 0 and element != (0,):
        return _blank(xp, (flow.shape[0], *element), dtype)
    if flow.shape[1:] != element:
        raise ValueError(
            f"A TensorArray's elements have one shape; this one has elements of shape {flow.shape[1:]}, but {element} was "
            "written to it."
        )
    return flow


def _in_range(xp: Namespace, index: Array, size: int, ctx: Any) -> None:
    ctx.check(
        xp.all((index >= 0) & (index < size)),
        f"{ctx.op.name!r} writes to or reads from an index outside of its TensorArray, whose size is {size}. Make it "
        "larger, or use dynamic_size=True.",
    )


def _write(xp: Namespace, flow: Array, index: Array, value: Array, *, T: DType, ctx: Any) -> Array:
    flow = _allocated(xp, flow, value.shape, T)
    _in_range(xp, index, flow.shape[0], ctx)
    if xp is np:
        result = np.array(flow)
        result[int(index)] = value
        return result
    return flow.at[index].set(value, mode="drop")


def _write_gradient(op: Operation, grad: Tensor) -> list[Any]:
    _, index, value = op.inputs
    cleared = apply("_TensorArrayWrite", grad, index, apply("ZerosLike", value))
    return [cleared, None, apply("_TensorArrayPart", grad, index, value)]


def _grown_shape(op: Operation) -> list[Any]:
    return [TensorShape([None]).concatenate(op.inputs[2].shape)]


def _grow(xp: Namespace, flow: Array, index: Array, value: Array, *, T: DType) -> Array:
    flow = _allocated(xp, flow, value.shape, T)
    size = max(flow.shape[0], int(index) + 1)
    result = _blank(xp, (size, *value.shape), T)
    result[: flow.shape[0]] = flow
    result[int(index)] = value
    return result


def _grow_gradient(op: Operation, grad: Tensor) -> list[Any]:
    flow, index, value = op.inputs
    cleared = apply("_TensorArrayWrite", grad, index, apply("ZerosLike", value))
    return [apply("_TensorArrayTrim", cleared, flow), None, apply("_TensorArrayPart", grad, index, value)]


def _trim(xp: Namespace, flow: Array, like: Array) -> Array:
    del xp
    return flow[: like.shape[0]]


def _trim_gradient(op: Operation, grad: Tensor) -> list[Any]:
    del op, grad
    raise LookupError(
        "There is no second derivative through a TensorArray of dynamic size. Give it its size."
    )


register(
    "_TensorArrayWrite", "flow: T, index: int32, value: T -> flow_out: T", shape=_written_shape, compute=_write,
    checks=True, gradient=_write_gradient,
)  # fmt: skip
register(
    "_TensorArrayGrow", "flow: T, index: int32, value: T -> flow_out: T", shape=_grown_shape, host=_grow,
    gradient=_grow_gradient,
)  # fmt: skip
register(
    "_TensorArrayTrim", "flow: T, like: T -> flow_out: T", shape=lambda op: [None], compute=_trim,
    gradient=_trim_gradient,
)  # fmt: skip


def _scattered_shape(op: Operation) -> list[Any]:
    flow, indices, values = (t.shape for t in op.inputs)
    indices.assert_has_rank(1)
    return [TensorShape([flow.plain[0] if flow.plain else None]).concatenate(values[1:])]


def _scatter(xp: Namespace, flow: Array, indices: Array, values: Array, *, T: DType, ctx: Any) -> Array:
    flow = _allocated(xp, flow, values.shape[1:], T)
    _in_range(xp, indices, flow.shape[0], ctx)
    if xp is np:
        result = np.array(flow)
        result[indices] = values
        return result
    return flow.at[indices].set(values, mode="drop")


def _scatter_gradient(op: Operation, grad: Tensor) -> list[Any]:
    _, indices, values = op.inputs
    cleared = apply("_TensorArrayScatter", grad, indices, apply("ZerosLike", values))
    return [cleared, None, apply("_TensorArrayPart", grad, indices, values)]


register(
    "_TensorArrayScatter", "flow: T, indices: int32, values: T -> flow_out: T", shape=_scattered_shape,
    compute=_scatter, checks=True, gradient=_scatter_gradient,
)  # fmt: skip


# _TensorArrayPart: the gradient of what was written, from that of the array; zeros where none arrived at it yet.


def _part(xp: Namespace, grad: Array, index: Array, value: Array) -> Array:
    if grad.ndim == 2 and grad.shape[1] == 0:
        return xp.zeros(value.shape, value.dtype)
    return xp.take(grad, index, axis=0, mode="clip")


def _part_gradient(op: Operation, grad: Tensor) -> list[Any]:
    array, index, _ = op.inputs
    kind = "_TensorArrayWrite" if index.shape.ndims == 0 else "_TensorArrayScatter"
    return [apply(kind, apply("ZerosLike", array), index, grad), None, None]


register(
    "_TensorArrayPart", "grad: T, index: int32, value: T -> part: T", shape=lambda op: [op.inputs[2].shape],
    compute=_part, gradient=_part_gradient,
)  # fmt: skip


# _TensorArrayRead: one row. _TensorArrayStack: all. _TensorArrayUnstack: from all.


def _read(xp: Namespace, flow: Array, index: Array, *, ctx: Any) -> Array:
    _in_range(xp, index, flow.shape[0], ctx)
    if xp is np:
        return np.asarray(flow[int(index)])
    import jax

    lax: Any = jax.lax
    return lax.dynamic_index_in_dim(flow, index, 0, keepdims=False)


def _read_gradient(op: Operation, grad: Tensor) -> list[Any]:
    flow, index = op.inputs
    return [
        IndexedSlices(apply("ExpandDims", grad, 0), apply("ExpandDims", index, 0), apply("Shape", flow)),
        None,
    ]


register(
    "_TensorArrayRead", "flow: T, index: int32 -> value: T", attrs={"element_shape": attr("shape")},
    shape=lambda op: [op.attrs["element_shape"]], compute=_read, checks=True, gradient=_read_gradient,
)  # fmt: skip


def _same(xp: Namespace, flow: Array) -> Array:
    del xp
    return flow


register(
    "_TensorArrayStack", "flow: T -> value: T", attrs={"shape": attr("shape")}, shape=lambda op: [op.attrs["shape"]],
    compute=_same, gradient=lambda op, grad: [grad],
)  # fmt: skip


def _unstack(xp: Namespace, size: Array, value: Array, *, ctx: Any) -> Array:
    ctx.check(
        xp.asarray(size == value.shape[0]),
        f"{ctx.op.name!r} unstacks {value.shape[0]} rows into a TensorArray of another size.",
    )
    return value


register(
    "_TensorArrayUnstack", "size: int32, value: T -> flow: T", shape=lambda op: [op.inputs[1].shape], compute=_unstack,
    checks=True, gradient=lambda op, grad: [None, grad],
)  # fmt: skip
