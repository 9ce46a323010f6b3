"""Ops that put elements at given places: scatter_nd, tensor_scatter_*, sparse_to_dense, dynamic_stitch and partition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.constants import constant_value, constant_value_as_shape
from gradiente.graph.dtypes import INDICES, int16, int32, int64
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import attr, register
from gradiente.graph.shapes import UNKNOWN, TensorShape
from gradiente.graph.types import Array, Namespace

_INDEX_TYPES = (int16, int32, int64)


def _check_places(xp: Namespace, indices: Array, shape: Sequence[int], ctx: Any) -> tuple[Array, ...]:
    """``indices`` as an index into an array of shape ``shape``, checked."""
    depth = indices.shape[-1]
    limits = np.asarray(shape[:depth], np.int64)
    fits = xp.all((indices >= 0) & (indices < limits.astype(indices.dtype)))
    message = f"An element of indices does not index into shape {list(shape)}"
    if xp is np and not fits:
        row = tuple(int(i) for i in np.argwhere(((indices < 0) | (indices >= limits)).any(-1))[0])
        message = f"indices{list(row)} = {indices[row].tolist()} does not index into shape {list(shape)}"
    ctx.check(fits, message)
    return tuple(indices[..., i] for i in range(depth))


def _put(xp: Namespace, target: Array, index: tuple[Array, ...], updates: Array, how: str) -> Array:
    if not index:
        index = (Ellipsis,)
    if xp is np:
        result = np.array(target)
        if how == "set":
            result[index] = updates
        else:
            np.add.at(result, index, updates if how == "add" else -updates)
        return result
    place = target.at[index]
    return place.set(updates) if how == "set" else place.add(updates if how == "add" else -updates)


def _check_update_shape(indices: TensorShape, updates: TensorShape, shape: TensorShape) -> None:
    if indices.plain is None or shape.plain is None or not indices.plain or indices.plain[-1] is None:
        return
    depth = indices.plain[-1]
    if depth > len(shape.plain):
        raise ValueError(
            f"The last dimension of 'indices' (here {depth}) is the number of coordinates, which can't exceed the "
            f"result's rank, {shape.ndims}."
        )
    wanted = TensorShape.of(indices.plain[:-1] + shape.plain[depth:])
    if not updates.is_compatible_with(wanted):
        raise ValueError(
            f"'updates' must have shape indices.shape[:-1] + shape[{depth}:] = {wanted}, but has shape {updates}."
        )


# ScatterNd


def _scatter_nd_shape(op: Operation) -> list[TensorShape]:
    indices, updates, sizes = op.inputs
    shape = constant_value_as_shape(sizes)
    _check_update_shape(indices.shape, updates.shape, shape)
    return [shape]


def _scatter_nd(xp: Namespace, indices: Array, updates: Array, shape: Array, *, ctx: Any) -> Array:
    sizes = tuple(int(d) for d in shape)
    index = _check_places(xp, indices, sizes, ctx)
    wanted = indices.shape[:-1] + sizes[indices.shape[-1] :]
    if updates.shape != wanted:
        ctx.check(False, f"'updates' must have shape {wanted}, but has shape {updates.shape}.")
    if updates.dtype == bool:
        return _put(xp, xp.zeros(sizes, bool), index, updates, "set")
    return _put(xp, xp.zeros(sizes, updates.dtype), index, updates, "add")


def _scatter_nd_gradient(op: Operation, grad: Tensor) -> list[Any]:
    return [None, apply("GatherNd", grad, op.inputs[0]), None]


register(
    "ScatterNd", "indices: Tindices, updates: T, shape: Tindices -> output: T",
    attrs={"bad_indices_policy": attr("string", "")}, types={"Tindices": _INDEX_TYPES}, shape=_scatter_nd_shape,
    compute=_scatter_nd, static=("shape",), checks=True, gradient=_scatter_nd_gradient,
)  # fmt: skip


def scatter_nd(indices: Any, updates: Any, shape: Any, name: str | None = None) -> Tensor:
    """Zeros of shape ``shape``, with ``updates`` added at the places ``indices``; what comes twice is summed.

    output[indices[i, 0], ..., indices[i, k-1]] += updates[i]

    Args:
        indices: integers of shape [..., k].
        updates: a tensor of shape ``indices.shape[:-1] + shape[k:]``.
        shape: the result's shape, of the type of ``indices``.
        name: the operation's name.

    Raises:
        ValueError: if the shapes don't agree. InvalidArgumentError when run, if an index is out of range.

    Source: TensorFlow 1's ``tf.scatter_nd``.
    """
    return apply("ScatterNd", indices, updates, shape, name=name)


# TensorScatterUpdate, TensorScatterAdd, TensorScatterSub


def _tensor_scatter_shape(op: Operation) -> list[TensorShape]:
    tensor, indices, updates = op.inputs
    _check_update_shape(indices.shape, updates.shape, tensor.shape)
    return [tensor.shape]


def _tensor_scatter_update(xp: Namespace, x: Array, indices: Array, updates: Array, *, ctx: Any) -> Array:
    return _put(xp, x, _check_places(xp, indices, x.shape, ctx), updates, "set")


def _tensor_scatter_add(xp: Namespace, x: Array, indices: Array, updates: Array, *, ctx: Any) -> Array:
    return _put(xp, x, _check_places(xp, indices, x.shape, ctx), updates, "add")


def _tensor_scatter_sub(xp: Namespace, x: Array, indices: Array, updates: Array, *, ctx: Any) -> Array:
    return _put(xp, x, _check_places(xp, indices, x.shape, ctx), updates, "sub")


def _tensor_scatter_gradient(op: Operation, grad: Tensor) -> list[Any]:
    indices, updates = op.inputs[1], apply("GatherNd", grad, op.inputs[1])
    if op.type == "TensorScatterUpdate":
        return [apply(op.type, grad, indices, apply("ZerosLike", op.inputs[2])), None, updates]
    return [grad, None, apply("Neg", updates) if op.type == "TensorScatterSub" else updates]


for _name, _compute in (
    ("TensorScatterUpdate", _tensor_scatter_update),
    ("TensorScatterAdd", _tensor_scatter_add),
    ("TensorScatterSub", _tensor_scatter_sub),
):
    register(
        _name, "tensor: T, indices: Tindices, updates: T -> output: T", attrs={"bad_indices_policy": attr("string", "")},
        types={"Tindices": _INDEX_TYPES}, shape=_tensor_scatter_shape, compute=_compute, checks=True,
        gradient=_tensor_scatter_gradient,
    )  # fmt: skip


def tensor_scatter_update(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """``tensor`` with ``updates`` in place of the elements at ``indices`` (as for ``scatter_nd``)."""
    return apply("TensorScatterUpdate", tensor, indices, updates, name=name)


def tensor_scatter_add(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """``tensor`` with ``updates`` added to the elements at ``indices`` (as for ``scatter_nd``)."""
    return apply("TensorScatterAdd", tensor, indices, updates, name=name)


def tensor_scatter_sub(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """``tensor`` with ``updates`` subtracted from the elements at ``indices`` (as for ``scatter_nd``)."""
    return apply("TensorScatterSub", tensor, indices, updates, name=name)


tensor_scatter_nd_update = tensor_scatter_update
tensor_scatter_nd_add = tensor_scatter_add
tensor_scatter_nd_sub = tensor_scatter_sub


# SparseToDense


def _sparse_to_dense(
    xp: Namespace,
    indices: Array,
    shape: Array,
    values: Array,
    default: Array,
    *,
    validate_indices: bool,
    ctx: Any,
) -> Array:
    sizes = tuple(int(d) for d in shape)
    places = xp.reshape(indices, (-1, len(sizes))) if indices.ndim < 2 else indices
    index = _check_places(xp, places, sizes, ctx)
    if validate_indices and len(places) > 1:
        earlier, later = places[:-1], places[1:]
        different = earlier != later
        first = xp.argmax(different, axis=1)[:, None]
        up = xp.take_along_axis(later, first, axis=1) > xp.take_along_axis(earlier, first, axis=1)
        ctx.check(
            xp.all(up),
            "indices must be in row-major order and none may come twice: sort them with sparse_reorder.",
        )
    return _put(xp, xp.full(sizes, default, dtype=values.dtype), index, values, "set")


register(
    "SparseToDense", "sparse_indices: Tindices, output_shape: Tindices, sparse_values: T, default_value: T -> dense: T",
    attrs={"validate_indices": True}, types={"Tindices": INDICES},
    shape=lambda op: [constant_value_as_shape(op.inputs[1])], compute=_sparse_to_dense, static=("output_shape",),
    checks=True, gradient=lambda op, grad: _sparse_to_dense_gradient(op, grad),
)  # fmt: skip


def _sparse_to_dense_gradient(op: Operation, grad: Tensor) -> list[Any]:
    places, sizes, values, _ = op.inputs
    if places.shape.ndims is None or places.shape.ndims < 2:
        places = apply("Reshape", places, apply("Pack", [-1, apply("Size", sizes)]))
    taken = apply("Reshape", apply("GatherNd", grad, places), apply("Shape", values))
    everything = apply("Range", 0, apply("Rank", grad), 1)
    alone = apply("Sum", grad, everything, keep_dims=False)
    rows = apply("GatherNd", grad, places)
    return [None, None, taken, apply("Sub", alone, apply("Sum", rows, [0], keep_dims=False))]


def sparse_to_dense(
    sparse_indices: Any, output_shape: Any, sparse_values: Any, default_value: Any = 0, validate_indices: bool = True,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """A dense tensor with ``sparse_values`` at ``sparse_indices`` and ``default_value`` elsewhere.

    Args:
        sparse_indices: integers: one position, n positions, or n positions of k coordinates ([n, k]).
        output_shape: the result's shape, k integers.
        sparse_values: n values, or one for all.
        default_value: a scalar.
        validate_indices: require that the positions are in row-major order and none comes twice.
        name: the operation's name.

    Raises:
        InvalidArgumentError: when run, if a position is out of range, or the order is wrong.

    Source: TensorFlow 1's ``tf.sparse_to_dense``.
    """
    return apply(
        "SparseToDense", sparse_indices, output_shape, sparse_values, default_value, validate_indices=validate_indices,
        name=name,
    )  # fmt: skip


# DynamicStitch, DynamicPartition


def _stitch_shape(op: Operation) -> list[Any]:
    half = op.attrs["N"]
    rest, longest = UNKNOWN, -1
    for places, data in zip(op.inputs[:half], op.inputs[half:], strict=True):
        if places.shape.ndims is not None and data.shape.plain is not None:
            TensorShape.of(data.shape.plain[: places.shape.ndims]).assert_is_compatible_with(places.shape)
            rest = rest.merge_with(data.shape[places.shape.ndims :])
        value = constant_value(places)
        if value is None:
            longest = None
        elif longest is not None:
            longest = max(longest, int(np.max(value, initial=-1)))
    return [TensorShape.of((None if longest is None else longest + 1,)).concatenate(rest)]


def _stitch(xp: Namespace, indices: list[Array], data: list[Array]) -> Array:
    del xp
    rows = 1 + max((int(i.max()) for i in indices if i.size), default=-1)
    merged = np.zeros((rows, *data[0].shape[indices[0].ndim :]), data[0].dtype)
    for places, values in zip(indices, data, strict=True):
        merged[places] = values
    return merged


def _stitch_gradient(op: Operation, grad: Tensor) -> list[Any]:
    places = list(op.inputs[: op.attrs["N"]])
    return [*[None] * len(places), *(apply("GatherV2", grad, i, 0) for i in places)]


for _name in ("DynamicStitch", "ParallelDynamicStitch"):
    register(
        _name, "indices: N*int32, data: N*T -> merged: T", shape=_stitch_shape, host=_stitch,
        gradient=_stitch_gradient,
    )  # fmt: skip


def dynamic_stitch(indices: Sequence[Any], data: Sequence[Any], name: str | None = None) -> Tensor:
    """Rows of several tensors put together: ``merged[indices[m][i]] = data[m][i]``; the last one wins.

    Args:
        indices: a list of int32 tensors.
        data: a list of as many tensors, ``data[m].shape = indices[m].shape + rest``.
        name: the operation's name.

    Returns:
        A tensor of shape [greatest index + 1] + rest.
    """
    return apply("DynamicStitch", list(indices), list(data), name=name)


def _partition_shape(op: Operation) -> list[Any]:
    data, places = op.inputs
    if places.shape.plain is None or data.shape.plain is None:
        return [None] * op.attrs["num_partitions"]
    TensorShape.of(data.shape.plain[: len(places.shape.plain)]).assert_is_compatible_with(places.shape)
    return [(None, *data.shape.plain[len(places.shape.plain) :])] * op.attrs["num_partitions"]


def _partition(
    xp: Namespace, data: Array, places: Array, *, num_partitions: int, ctx: Any
) -> tuple[Array, ...]:
    del xp
    wrong = places[(places < 0) | (places >= num_partitions)]
    if wrong.size:
        ctx.check(False, f"partitions = {int(wrong[0])} is not in [0, {num_partitions})")
    return tuple(data[places == p] for p in range(num_partitions))


def _partition_gradient(op: Operation, *grads: Tensor) -> list[Any]:
    data, places = op.inputs
    shape = apply("Shape", places)
    numbers = apply("Reshape", apply("Range", 0, apply("Size", places), 1), shape)
    parts = apply("DynamicPartition", numbers, places, num_partitions=op.attrs["num_partitions"])
    merged = apply("DynamicStitch", list(parts), list(grads))
    return [apply("Reshape", merged, apply("Shape", data)), None]


register(
    "DynamicPartition", "data: T, partitions: int32 -> outputs: num_partitions*T",
    attrs={"num_partitions": attr("int")}, shape=_partition_shape, host=_partition, gradient=_partition_gradient,
)  # fmt: skip


def dynamic_partition(
    data: Any, partitions: Any, num_partitions: int, name: str | None = None
) -> list[Tensor]:
    """The rows of ``data`` dealt out to ``num_partitions`` tensors: row i goes to tensor ``partitions[i]``.

    Args:
        data: a tensor.
        partitions: int32 in [0, ``num_partitions``), whose shape is the beginning of that of ``data``.
        num_partitions: how many tensors.
        name: the operation's name.

    Returns:
        A list of tensors.

    Raises:
        InvalidArgumentError: when run, if a number is out of range.
    """
    return apply("DynamicPartition", data, partitions, num_partitions=num_partitions, name=name)
