"""Ops that move elements around: roll, repeat, batch_gather, unravel_index."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import INDICES, int32
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import same_shape
from gradiente.ops.shape import checked_axis

# Roll


def _roll(xp: Namespace, x: Array, shift: Array, axis: Array) -> Array:
    axes = [int(a) for a in np.reshape(axis, -1)]
    steps = xp.reshape(shift, (-1,))
    for i, a in enumerate(axes):
        x = xp.roll(x, steps[i], axis=a)
    return x


def _roll_gradient(op: Operation, grad: Tensor) -> list[Any]:
    return [apply("Roll", grad, apply("Neg", op.inputs[1]), op.inputs[2]), None, None]


register(
    "Roll", "input: T, shift: Tshift, axis: Taxis -> output: T", types={"Tshift": INDICES, "Taxis": INDICES},
    shape=same_shape, compute=_roll, static=("axis",), gradient=_roll_gradient,
)  # fmt: skip


def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Tensor:
    """``input`` with its elements moved on along dimensions; what leaves at the end comes in at the beginning.

    Args:
        input: a tensor.
        shift: by how many places; negative backwards. A number, or one for each of ``axis``.
        axis: a dimension or a list of them.
        name: the operation's name.
    """
    return apply("Roll", input, shift, axis, name=name)


# repeat, batch_gather: compositions


def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Tensor:
    """Each element (or slice along ``axis``) of ``input`` several times in a row.

    Args:
        input: a tensor.
        repeats: how often: a number, or one for each element along ``axis``, known while building.
        axis: the dimension; by default ``input`` is made a vector first.
        name: the name scope.

    Example:
        >>> with tf.Session() as sess:
        ...     print(sess.run(tf.repeat([3, 5], 2)))
        [3 3 5 5]
    """
    with name_scope(name, "repeat", [input] if isinstance(input, Tensor) else None):
        x = convert_to_tensor(input)
        if axis is None:
            x, axis = apply("Reshape", x, [-1]), 0
        if isinstance(repeats, Tensor) or np.ndim(repeats):
            counts = convert_to_tensor(repeats, dtype_hint=int32)
            longest = apply("Max", counts, [0], keep_dims=False)
            steps = apply("Range", np.asarray(0, counts.dtype.np), longest, np.asarray(1, counts.dtype.np))
            mask = apply("Less", steps, apply("ExpandDims", counts, 1))
            places = apply("StridedSlice", apply("Where", mask), [0, 0], [0, 1], [1, 1], begin_mask=3, end_mask=1,
                           shrink_axis_mask=2)  # fmt: skip
            return apply("GatherV2", x, places, axis)
        length = apply(
            "StridedSlice", apply("Shape", x), [axis], [axis + 1 or 2**31 - 1], [1], shrink_axis_mask=1
        )
        grid = apply("Tile", apply("ExpandDims", apply("Range", 0, length, 1), 1), [1, int(repeats)])
        result = apply("GatherV2", x, apply("Reshape", grid, [-1]), axis)
        if x.shape.plain is not None:
            place = checked_axis(axis, len(x.shape.plain)) or 0
            size = x.shape.plain[place]
            result.set_shape(
                (
                    *x.shape.plain[:place],
                    None if size is None else size * int(repeats),
                    *x.shape.plain[place + 1 :],
                )
            )
        return result


def batch_gather(params: Any, indices: Any, name: str | None = None) -> Tensor:
    """``gather`` within each entry of the batch: all dimensions of ``indices`` but the last are shared."""
    places = convert_to_tensor(indices)
    if places.shape.ndims is None:
        raise ValueError("tf.batch_gather needs indices of known rank.")
    shared = places.shape.ndims - 1
    return apply("GatherV2", params, places, shared, batch_dims=shared, name=name or "GatherV2")


# UnravelIndex


def _unravel_shape(op: Operation) -> list[Any]:
    indices, dims = op.inputs
    count = dims.shape.with_rank(1).as_list()[0]
    return [(count, *indices.shape.plain) if indices.shape.plain is not None else None]


def _unravel(xp: Namespace, indices: Array, dims: Array, *, ctx: Any) -> Array:
    sizes = [int(d) for d in dims]
    total = int(np.prod(sizes, dtype=np.int64))
    ctx.check(xp.all((indices >= 0) & (indices < total)), f"index is out of bound as with dims {sizes}")
    return xp.stack(
        [p.astype(indices.dtype) for p in xp.unravel_index(xp.clip(indices, 0, total - 1), sizes)]
    )


register(
    "UnravelIndex", "indices: Tidx, dims: Tidx -> output: Tidx", attrs={"Tidx": attr("type", int32, INDICES)},
    shape=_unravel_shape, compute=_unravel, static=("dims",), checks=True, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def unravel_index(indices: Any, dims: Any, name: str | None = None) -> Tensor:
    """The coordinates of elements that are numbered in row-major order.

    Args:
        indices: the numbers, of any shape.
        dims: the array's sizes.
        name: the operation's name.

    Returns:
        A tensor of shape [number of dimensions] + ``indices.shape``.
    """
    return apply("UnravelIndex", indices, dims, name=name)
