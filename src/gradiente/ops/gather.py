"""Ops that take elements by their indices: gather, gather_nd."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import INDICES, int16, int32, int64
from gradiente.graph.indexed_slices import IndexedSlices
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import attr, register
from gradiente.graph.shapes import TensorShape
from gradiente.graph.types import Array, Namespace
from gradiente.ops.shape import known_axis

_INDEX_TYPES = (int16, int32, int64)


# GatherV2, Gather


def _gather_shape(op: Operation) -> list[Any]:
    params, indices, axis_input = op.inputs
    batch = op.attrs["batch_dims"]
    params.shape.with_rank_at_least(1)
    if params.shape.plain is None or indices.shape.plain is None:
        return [None]
    dims, picked = params.shape.plain, indices.shape.plain
    batch = batch + len(picked) if batch < 0 else batch
    axis = known_axis(axis_input, len(dims), "axis")
    if axis is None:
        return [(None,) * (len(dims) - 1 + len(picked) - batch)]
    if batch > axis:
        raise ValueError(f"batch_dims = {batch} must be less than or equal to axis = {axis}.")
    lead = TensorShape.of(dims[:batch]).merge_with(TensorShape.of(picked[:batch])).plain or ()
    return [(*lead, *dims[batch:axis], *picked[batch:], *dims[axis + 1 :])]


def _check_range(xp: Namespace, indices: Array, size: int, ctx: Any) -> None:
    """Require 0 <= indices < size: NumPy raises IndexError, and JAX clamps silently."""
    if xp is np:
        wrong = np.argwhere((indices < 0) | (indices >= size))
        if len(wrong):
            at = tuple(int(i) for i in wrong[0])
            where = f"[{','.join(map(str, at))}]" if at else ""
            ctx.check(False, f"indices{where} = {indices[at]} is not in [0, {size})")
    else:
        ctx.check(xp.all((indices >= 0) & (indices < size)), f"An element of indices is not in [0, {size})")


def _gather(xp: Namespace, params: Array, indices: Array, axis: Array, *, batch_dims: int, ctx: Any) -> Array:
    where = int(np.reshape(axis, ())) % params.ndim
    batch = batch_dims + indices.ndim if batch_dims < 0 else batch_dims
    _check_range(xp, indices, params.shape[where], ctx)
    if not batch:
        return xp.take(params, indices, axis=where, mode="clip")
    moved = xp.moveaxis(params, where, batch)
    lead = params.shape[:batch]
    grid: list[Any] = list(np.indices(lead + (1,) * (indices.ndim - batch), sparse=True))[:batch]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - NumPy types it loosely
    taken = moved[(*grid, xp.clip(indices, 0, params.shape[where] - 1))]
    start, inner, between = batch, indices.ndim - batch, where - batch
    order = list(range(taken.ndim))
    order[start : start + inner + between] = [
        *range(start + inner, start + inner + between), *range(start, start + inner)
    ]  # fmt: skip
    return xp.transpose(taken, order)


def _gather_gradient(op: Operation, grad: Tensor) -> list[Any]:
    params, indices, axis_input = op.inputs
    batch = op.attrs["batch_dims"]
    axis = constant_value(axis_input)
    if axis is None:
        raise LookupError(
            f"The gradient of {op.name!r} (GatherV2) needs an axis that is known while building."
        )
    axis = int(axis)
    if axis == 0 and batch == 0:
        return [_rows(params, indices, grad), None, None]
    return [_scattered(params, indices, grad, axis, batch), None, None]


def _rows(params: Tensor, indices: Tensor, grad: Tensor) -> IndexedSlices:
    shape = apply("Shape", params)
    row = apply("StridedSlice", shape, [1], [0], [1], end_mask=1)
    values = apply("Reshape", grad, apply("ConcatV2", [np.asarray([-1], np.int32), row], 0))
    return IndexedSlices(values, apply("Reshape", indices, [-1]), shape)


def _scattered(params: Tensor, indices: Tensor, grad: Tensor, axis: int, batch: int) -> Tensor:
    """Add ``grad`` up at the places that ``indices`` name: the batches side by side in one long first axis."""
    if params.shape.ndims is None or indices.shape.ndims is None:
        raise LookupError(
            f"The gradient of a gather along axis {axis} of {params.name!r} needs tensors of known rank."
        )
    rank, picked = params.shape.ndims, indices.shape.ndims
    axis, batch = axis % rank, batch + picked if batch < 0 else batch
    inner = picked - batch
    between, after = axis - batch, rank - axis - 1
    start = batch + between
    order = [
        *range(batch),
        *range(start, start + inner),
        *range(batch, start),
        *range(start + inner, start + inner + after),
    ]
    shape = apply("Shape", params)
    sizes = [apply("StridedSlice", shape, [i], [i + 1], [1], shrink_axis_mask=1) for i in range(rank)]
    rest = [*sizes[batch:axis], *sizes[axis + 1 :]]
    one = np.asarray(1, np.int32)
    batches = one
    for s in sizes[:batch]:
        batches = apply("Mul", s, batches)
    values = apply("Reshape", apply("Transpose", grad, order), _packed([-1, *rest]))
    positions = indices
    if indices.dtype.base_dtype is int16:
        positions = apply("Cast", indices, DstT=int32)
    if batch:
        kind = positions.dtype.base_dtype
        length = apply("Cast", sizes[axis], DstT=kind) if kind is int64 else sizes[axis]
        count = apply("Cast", batches, DstT=kind) if kind is int64 else batches
        offsets = apply("Mul", apply("Range", np.asarray(0, kind.np), count, np.asarray(1, kind.np)), length)
        lead = apply("StridedSlice", apply("Shape", indices), [0], [batch], [1])
        ones = np.ones(inner, np.int32)
        positions = apply("AddV2", positions, apply("Reshape", offsets, apply("ConcatV2", [lead, ones], 0)))
    total = apply(
        "UnsortedSegmentSum", values, apply("Reshape", positions, [-1]), apply("Mul", batches, sizes[axis])
    )
    dense = apply("Reshape", total, _packed([*sizes[:batch], sizes[axis], *rest]))
    back = [*range(batch), *range(batch + 1, batch + 1 + between), batch, *range(batch + 1 + between, rank)]
    return apply("Transpose", dense, back)


def _packed(values: list[Any]) -> Tensor:
    return apply("Pack", values)


register(
    "GatherV2", "params: Tparams, indices: Tindices, axis: Taxis -> output: Tparams", attrs={"batch_dims": 0},
    types={"Tindices": _INDEX_TYPES, "Taxis": INDICES}, shape=_gather_shape, compute=_gather, static=("axis",),
    checks=True, gradient=_gather_gradient,
)  # fmt: skip


def _gather_rows_shape(op: Operation) -> list[Any]:
    return [op.inputs[1].shape.concatenate(op.inputs[0].shape.with_rank_at_least(1)[1:])]


def _gather_rows(xp: Namespace, params: Array, indices: Array, *, ctx: Any) -> Array:
    return _gather(xp, params, indices, np.asarray(0), batch_dims=0, ctx=ctx)


register(
    "Gather", "params: Tparams, indices: Tindices -> output: Tparams", attrs={"validate_indices": True},
    types={"Tindices": INDICES}, shape=_gather_rows_shape, compute=_gather_rows, checks=True,
    gradient=lambda op, grad: [_rows(op.inputs[0], op.inputs[1], grad), None],
)  # fmt: skip


def gather(
    params: Any, indices: Any, validate_indices: bool | None = None, name: str | None = None, axis: Any = None,
    batch_dims: int = 0,
) -> Tensor:  # fmt: skip
    """Slices of ``params`` along ``axis``, at the positions ``indices``.

    output[p, i, s] = params[p, indices[i], s], with p over the dimensions before ``axis`` and s over those after it.

    Args:
        params: a tensor of rank at least ``axis + 1``.
        indices: integers in [0, size of ``axis``), of any shape.
        validate_indices: accepted; indices are always checked.
        name: the operation's name.
        axis: the dimension to take from: 0 by default (``batch_dims``, where that is given).
        batch_dims: the number of first dimensions that ``params`` and ``indices`` share.

    Returns:
        A tensor of shape ``params.shape[:axis] + indices.shape[batch_dims:] + params.shape[axis + 1:]``.

    Raises:
        InvalidArgumentError: when run, if an index is out of range.

    Source: TensorFlow 1's ``tf.gather``.
    """
    del validate_indices
    return apply(
        "GatherV2",
        params,
        indices,
        batch_dims if axis is None else axis,
        batch_dims=batch_dims,
        name=name or "GatherV2",
    )


# GatherNd


def _gather_nd_shape(op: Operation) -> list[Any]:
    params, indices = op.inputs
    if indices.shape.plain is None or params.shape.plain is None:
        return [None]
    indices.shape.with_rank_at_least(1)
    depth = indices.shape.plain[-1]
    if depth is None:
        return [None]
    if depth > len(params.shape.plain):
        raise ValueError(
            f"The last dimension of 'indices' (here {depth}) is the number of coordinates, which can't exceed the rank of "
            f"'params', {params.shape.ndims}."
        )
    return [(*indices.shape.plain[:-1], *params.shape.plain[depth:])]


def _gather_nd(xp: Namespace, params: Array, indices: Array, *, ctx: Any) -> Array:
    depth = indices.shape[-1]
    limits = np.asarray(params.shape[:depth], indices.dtype)
    fits = xp.all((indices >= 0) & (indices < limits))
    message = f"An element of indices does not index into params of shape {tuple(params.shape)}"
    if xp is np and not fits:
        row = tuple(int(i) for i in np.argwhere(((indices < 0) | (indices >= limits)).any(-1))[0])
        message = f"indices{list(row)} = {indices[row].tolist()} does not index into params shape {list(params.shape)}"
    ctx.check(fits, message)
    clipped = xp.clip(indices, 0, xp.maximum(limits - 1, 0)) if depth else indices
    if not depth:
        return xp.broadcast_to(params, (*indices.shape[:-1], *params.shape))
    return params[tuple(clipped[..., i] for i in range(depth))]


def _gather_nd_gradient(op: Operation, grad: Tensor) -> list[Any]:
    params, indices = op.inputs
    shape = apply("Shape", params, out_type=indices.dtype.base_dtype)
    return [apply("ScatterNd", indices, grad, shape), None]


register(
    "GatherNd", "params: Tparams, indices: Tindices -> output: Tparams", attrs={"bad_indices_policy": attr("string", "")},
    types={"Tindices": _INDEX_TYPES}, shape=_gather_nd_shape, compute=_gather_nd, checks=True,
    gradient=_gather_nd_gradient,
)  # fmt: skip


def gather_nd(params: Any, indices: Any, name: str | None = None, batch_dims: int = 0) -> Tensor:
    """Elements or slices of ``params`` at several coordinates each.

    output[i] = params[indices[i, 0], ..., indices[i, k-1]]

    Args:
        params: a tensor of rank n.
        indices: integers of shape [..., k], k <= n: the last dimension holds one place's coordinates.
        name: the operation's name.
        batch_dims: the number of first dimensions that ``params`` and ``indices`` share; only 0 is supported.

    Returns:
        A tensor of shape ``indices.shape[:-1] + params.shape[k:]``.

    Raises:
        ValueError: if k exceeds n. InvalidArgumentError when run, if coordinates are out of range.
    """
    if batch_dims:
        raise ValueError(
            "tf.gather_nd supports batch_dims=0 only; add the batch's own coordinates to 'indices'."
        )
    return apply("GatherNd", params, indices, name=name)
