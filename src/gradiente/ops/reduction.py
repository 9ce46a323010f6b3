"""Reductions over axes: sum, mean, product, extremes, all, any, Euclidean norm (``reduce.py`` has the public functions)."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import INDICES, NUMBERS, REALS, int32
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.kernels import dense
from gradiente.ops.complex_numbers import conj
from gradiente.ops.elementwise import widened

_ATTRS = {"keep_dims": False, "Tidx": attr("type", int32, INDICES)}


def normal_axes(axes: Any, rank: int) -> tuple[int, ...]:
    """Axes, of which negative ones count from the end, as numbers from 0 to ``rank - 1``.

    Raises:
        ValueError: if one is out of range or named twice.
    """
    found: list[int] = []
    for axis in np.asarray(axes).reshape(-1).tolist():
        if not -rank <= axis < rank:
            raise ValueError(
                f"Axis {axis} is out of range: a tensor of rank {rank} has axes {-rank} to {rank - 1}."
            )
        found.append(axis % rank)
    if len(set(found)) < len(found):
        raise ValueError(f"An axis is named twice in {np.asarray(axes).tolist()} (rank {rank}).")
    return tuple(found)


def _reduced_shape(op: Operation) -> list[Any]:
    dims, keep = op.inputs[0].shape.plain, op.attrs["keep_dims"]
    axes = constant_value(op.inputs[1])
    if op.inputs[1].shape.ndims not in (None, 0, 1):
        raise ValueError(
            f"The axes must be a number or a list of numbers, but have shape {op.inputs[1].shape}."
        )
    if dims is None:
        return [() if axes is None and op.inputs[1].op.type == "Range" and not keep else None]
    if axes is None:
        return [(None,) * len(dims) if keep else None]
    reduced = set(normal_axes(axes, len(dims)))
    if keep:
        return [tuple(1 if i in reduced else d for i, d in enumerate(dims))]
    return [tuple(d for i, d in enumerate(dims) if i not in reduced)]


def kept_shape(x: Tensor, axes: Tensor) -> Any:
    """The shape of ``x`` with size 1 along ``axes``, as a constant where it is known, else as a tensor."""
    dims, known = x.shape.plain, constant_value(axes)
    if dims is not None and known is not None:
        reduced = set(normal_axes(known, len(dims)))
        kept = [1 if i in reduced else d for i, d in enumerate(dims)]
        if kept.count(None) <= 1:
            return np.asarray([-1 if d is None else d for d in kept], np.int32)
    shape, mask = apply("Shape", x), reduced_mask(x, axes)
    return apply("AddV2", apply("Mul", shape, apply("Sub", 1, mask)), mask)


def reduced_mask(x: Tensor, axes: Tensor) -> Tensor:
    """A vector with 1 for each axis of ``x`` that is among ``axes``, and 0 for the others."""
    rank = apply("Rank", x)
    flat = apply("Cast", apply("Reshape", axes, [-1]), DstT=int32)
    ones = apply("Fill", apply("Shape", flat), 1)
    return apply("UnsortedSegmentSum", ones, apply("FloorMod", flat, apply("Maximum", rank, 1)), rank)


def _spread(op: Operation, value: Tensor) -> Tensor:
    """A value of a reduction's output shape, with size 1 along the reduced axes: it broadcasts against the input."""
    if op.attrs["keep_dims"] or op.inputs[0].shape.ndims == 0:
        return value
    return apply("Reshape", value, kept_shape(op.inputs[0], op.inputs[1]))


# Sum


def _sum(xp: Namespace, input: Array, reduction_indices: Array, *, keep_dims: bool) -> Array:
    axes = normal_axes(reduction_indices, input.ndim)
    wide = widened(xp, input)
    return xp.sum(wide, axis=axes, keepdims=keep_dims, dtype=wide.dtype).astype(input.dtype)


def _device_sum(xp: Namespace, input: Array, reduction_indices: Array, *, keep_dims: bool) -> Array:
    axes = normal_axes(reduction_indices, input.ndim)
    if not keep_dims and sorted(axes) == list(range(input.ndim - 1)) and dense.column_sums_suit(input):
        return dense.column_sums(input)
    return _sum(xp, input, reduction_indices, keep_dims=keep_dims)


def _sum_gradient(op: Operation, grad: Tensor) -> list[Tensor | None]:
    x = op.inputs[0]
    return [apply("BroadcastTo", _spread(op, grad), apply("Shape", x)), None]


register(
    "Sum", "input: T, reduction_indices: Tidx -> output: T", attrs=_ATTRS, types={"T": NUMBERS}, shape=_reduced_shape,
    gradient=_sum_gradient, compute=_sum, device=_device_sum, static=("reduction_indices",),
)  # fmt: skip


# Mean


def _mean(xp: Namespace, input: Array, reduction_indices: Array, *, keep_dims: bool) -> Array:
    axes = normal_axes(reduction_indices, input.ndim)
    wide = widened(xp, input)
    total = xp.sum(wide, axis=axes, keepdims=keep_dims, dtype=wide.dtype)
    count = int(np.prod([input.shape[a] for a in axes], dtype=np.int64))
    if input.dtype.kind in "iu":
        # As C divides: towards zero.
        return (xp.sign(total) * (xp.abs(total) // max(count, 1))).astype(input.dtype)
    return (total / np.asarray(count, total.dtype)).astype(input.dtype)


def _mean_gradient(op: Operation, grad: Tensor) -> list[Tensor | None]:
    x, y = op.inputs[0], op.outputs[0]
    spread = apply("BroadcastTo", _spread(op, grad), apply("Shape", x))
    sizes = x.shape.num_elements(), y.shape.num_elements()
    if sizes[0] is not None and sizes[1]:
        return [apply("RealDiv", spread, max(sizes[0] // sizes[1], 1)), None]
    count = apply("FloorDiv", apply("Size", x), apply("Maximum", apply("Size", y), 1))
    return [
        apply("RealDiv", spread, apply("Cast", apply("Maximum", count, 1), DstT=grad.dtype.base_dtype)),
        None,
    ]


register(
    "Mean", "input: T, reduction_indices: Tidx -> output: T", attrs=_ATTRS, types={"T": NUMBERS}, shape=_reduced_shape,
    gradient=_mean_gradient, compute=_mean, static=("reduction_indices",),
)  # fmt: skip


# Prod


def _prod(xp: Namespace, input: Array, reduction_indices: Array, *, keep_dims: bool) -> Array:
    axes = normal_axes(reduction_indices, input.ndim)
    wide = widened(xp, input)
    return xp.prod(wide, axis=axes, keepdims=keep_dims, dtype=wide.dtype).astype(input.dtype)


def _prod_gradient(op: Operation, grad: Tensor) -> list[Tensor | None]:
    """Each element's gradient is the product of the others: of those before it times those after it, with no division."""
    x, axes = op.inputs
    spread = apply("BroadcastTo", _spread(op, grad), apply("Shape", x))
    mask = reduced_mask(x, axes)
    others = apply("Sub", 1, mask)
    before, after = apply("Cumsum", mask, 0, exclusive=True), apply("Cumsum", others, 0, exclusive=True)
    count = apply("Sum", mask, [0])
    # The reduced axes go first, in their order, then the others.
    place = apply("AddV2", apply("Mul", mask, before), apply("Mul", others, apply("AddV2", count, after)))
    permutation = apply("InvertPermutation", place)
    first = apply("Transpose", x, permutation)
    sizes = apply("Shape", first)
    rows = apply("Prod", apply("AddV2", apply("Mul", mask, apply("Sub", apply("Shape", x), 1)), 1), [0])
    flat = apply(
        "Reshape",
        first,
        apply("Pack", [rows, apply("FloorDiv", apply("Size", x), apply("Maximum", rows, 1))]),
    )
    left, right = (
        apply("Cumprod", flat, 0, exclusive=True),
        apply("Cumprod", flat, 0, exclusive=True, reverse=True),
    )
    product = apply("Reshape", apply("Mul", conj(left), conj(right)), sizes)
    return [
        apply("Reshape", apply("Mul", spread, apply("Transpose", product, place)), apply("Shape", x)),
        None,
    ]


register(
    "Prod", "input: T, reduction_indices: Tidx -> output: T", attrs=_ATTRS, types={"T": NUMBERS}, shape=_reduced_shape,
    gradient=_prod_gradient, compute=_prod, static=("reduction_indices",),
)  # fmt: skip


# Max, Min


def _extreme_gradient(op: Operation, grad: Tensor) -> list[Tensor | None]:
    """The gradient of an extreme is shared evenly among the elements that attain it."""
    x, axes = op.inputs
    extreme, spread = _spread(op, op.outputs[0]), _spread(op, grad)
    attained = apply("Cast", apply("Equal", extreme, x), DstT=grad.dtype.base_dtype)
    count = apply("Sum", attained, axes, keep_dims=True)
    return [apply("Mul", apply("RealDiv", attained, count), spread), None]


def _lowest(dtype: Any) -> Any:
    """The number that no number of a NumPy type is smaller than."""
    return -np.inf if dtype.kind not in "iu" else np.iinfo(dtype).min


def _highest(dtype: Any) -> Any:
    """The number that no number of a NumPy type is larger than."""
    return np.inf if dtype.kind not in "iu" else np.iinfo(dtype).max


def _max(xp: Namespace, input: Array, reduction_indices: Array, *, keep_dims: bool) -> Array:
    axes = normal_axes(reduction_indices, input.ndim)
    # NumPy's 16-bit types can't start from an infinity of their own.
    wide = widened(xp, input)
    return xp.max(wide, axis=axes, keepdims=keep_dims, initial=_lowest(input.dtype)).astype(input.dtype)


def _min(xp: Namespace, input: Array, reduction_indices: Array, *, keep_dims: bool) -> Array:
    axes = normal_axes(reduction_indices, input.ndim)
    wide = widened(xp, input)
    return xp.min(wide, axis=axes, keepdims=keep_dims, initial=_highest(input.dtype)).astype(input.dtype)


register(
    "Max", "input: T, reduction_indices: Tidx -> output: T", attrs=_ATTRS, types={"T": REALS}, shape=_reduced_shape,
    gradient=_extreme_gradient, compute=_max, static=("reduction_indices",),
)  # fmt: skip
register(
    "Min", "input: T, reduction_indices: Tidx -> output: T", attrs=_ATTRS, types={"T": REALS}, shape=_reduced_shape,
    gradient=_extreme_gradient, compute=_min, static=("reduction_indices",),
)  # fmt: skip


# All, Any


def _all(xp: Namespace, input: Array, reduction_indices: Array, *, keep_dims: bool) -> Array:
    return xp.all(input, axis=normal_axes(reduction_indices, input.ndim), keepdims=keep_dims)


def _any(xp: Namespace, input: Array, reduction_indices: Array, *, keep_dims: bool) -> Array:
    return xp.any(input, axis=normal_axes(reduction_indices, input.ndim), keepdims=keep_dims)


register(
    "All", "input: bool, reduction_indices: Tidx -> output: bool", attrs=_ATTRS, shape=_reduced_shape,
    gradient=NOT_DIFFERENTIABLE, compute=_all, static=("reduction_indices",),
)  # fmt: skip
register(
    "Any", "input: bool, reduction_indices: Tidx -> output: bool", attrs=_ATTRS, shape=_reduced_shape,
    gradient=NOT_DIFFERENTIABLE, compute=_any, static=("reduction_indices",),
)  # fmt: skip


# EuclideanNorm


def _euclidean_norm(xp: Namespace, input: Array, reduction_indices: Array, *, keep_dims: bool) -> Array:
    axes = normal_axes(reduction_indices, input.ndim)
    wide = widened(xp, input)
    squares = xp.real(xp.conj(wide) * wide) if wide.dtype.kind == "c" else xp.square(wide)
    return xp.sqrt(xp.sum(squares, axis=axes, keepdims=keep_dims)).astype(input.dtype)


def _euclidean_norm_gradient(op: Operation, grad: Tensor) -> list[Tensor | None]:
    direction = apply("DivNoNan", op.inputs[0], _spread(op, op.outputs[0]))
    return [apply("Mul", direction, _spread(op, grad)), None]


register(
    "EuclideanNorm", "input: T, reduction_indices: Tidx -> output: T", attrs=_ATTRS, types={"T": NUMBERS},
    shape=_reduced_shape, gradient=_euclidean_norm_gradient, compute=_euclidean_norm, static=("reduction_indices",),
)  # fmt: skip
