"""Slices whose position is worked out on the device: which ones XLA can take, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradiente.graph.constants import constant_value, constant_value_as_shape
from gradiente.graph.dtypes import INDICES
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.types import Array, Namespace
from gradiente.ops.slice_spec import Piece, known_elements, numpy_index, pieces

MASKS = {"begin_mask": 0, "end_mask": 0, "ellipsis_mask": 0, "new_axis_mask": 0, "shrink_axis_mask": 0}
"""The attributes of a strided slice, one bit for each entry."""

_DEEPEST = 8
"""Sums and products within each other that are looked into for what two bounds have in common."""


def slice_traceable(op: Operation) -> tuple[str, ...]:
    """A Slice of known size can begin anywhere."""
    size = constant_value(op.inputs[2])
    return ("begin",) if size is not None and bool(np.all(np.asarray(size) >= 0)) else ()


def block_traceable(op: Operation) -> bool:
    """Whether a StridedSliceGrad puts a block back whole, as the gradient of a Slice of known size does.

    Then the end follows from the block's size, and only the beginning needs to be there.
    """
    _, begin, end, strides, _ = op.inputs
    steps = constant_value(strides)
    adds = end.op.type in ("Add", "AddV2") and end.op.inputs[0] is begin
    return steps is not None and bool(np.all(steps == 1)) and adds and not any(op.attrs[m] for m in MASKS)


def strided_slice_traceable(op: Operation) -> tuple[str, ...]:
    """A strided slice can be traced where only the positions of single elements (``x[i]``) are unknown."""
    if op.type == "StridedSliceGrad" and block_traceable(op):
        return ("begin", "end")
    first = 1 if op.type == "StridedSliceGrad" else 0
    if first:
        shape = op.inputs[0].shape.plain
        rank = shape[0] if shape else None
    else:
        rank = op.inputs[0].shape.ndims
    begin, end, strides = (known_elements(t) for t in op.inputs[1 : 1 + 3])
    if rank is None or begin is None or end is None or strides is None or None in strides:
        return ()
    try:
        rules = pieces(rank, len(begin), op.attrs)
    except ValueError:
        return ()
    for rule in rules:
        if rule.position is None or rule.new or rule.shrink:
            continue
        if (begin[rule.position] is None and not rule.open_begin) or (
            end[rule.position] is None and not rule.open_end
        ):
            return ()
    return ("begin", "end")


def dynamic_block(xp: Namespace, x: Array, begin: Array, size: Sequence[int], ctx: Any) -> Array:
    """``size[i]`` elements of each dimension i of ``x`` from a traced ``begin[i]`` on."""
    from jax import lax

    ends = begin + np.asarray(size, begin.dtype)
    fits = xp.all((begin >= 0) & (ends <= np.asarray(x.shape, begin.dtype)))
    ctx.check(
        fits,
        f"Expected begin >= 0 and begin + size within the shape {list(x.shape)}, with size {list(size)}.",
    )
    return lax.dynamic_slice(x, [begin[i] for i in range(x.ndim)], size)


@dataclass(frozen=True, slots=True)
class Sum:
    """An integer as a sum of multiples of scalar tensors and a number."""

    terms: dict[Tensor, int]
    number: int

    def plus(self, other: Sum, sign: int) -> Sum:
        """This, and ``sign`` times the other."""
        terms = dict(self.terms)
        for tensor, factor in other.terms.items():
            terms[tensor] = terms.get(tensor, 0) + sign * factor
        return Sum({t: n for t, n in terms.items() if n}, self.number + sign * other.number)

    def times(self, factor: int) -> Sum:
        """A multiple of it."""
        return Sum({t: n * factor for t, n in self.terms.items() if factor}, self.number * factor)


@dataclass(frozen=True, slots=True)
class Window:
    """One dimension of a strided slice of which as many elements are taken wherever it begins, as in ``x[o:o + 10]``.

    Attributes:
        position: its place in ``begin`` and ``end``.
        start: where it begins.
        size: how many elements, at least one.
        limit: the size of the dimension that is sliced.
    """

    position: int
    start: Sum
    size: int
    limit: int

    def fits(self, values: Mapping[Tensor, Any]) -> bool:
        """Whether ``size`` elements are taken, for these values of the terms: Python's slices are cut at the end of what
        they slice, and count negative positions from there.
        """
        first = self.start.number + sum(n * int(values[t]) for t, n in self.start.terms.items())
        return 0 <= first <= self.limit - self.size


def windows(op: Operation) -> list[Window] | None:
    """The windows of a strided slice or of its gradient that would let it be traced; None where that is not enough.

    The sizes of the result then hold for bounds that ``Window.fits``, and for those alone.
    """
    gradient = op.type == "StridedSliceGrad"
    if op.type != "StridedSlice" and not gradient:
        return None
    sliced = constant_value_as_shape(op.inputs[0]) if gradient else op.inputs[0].shape
    begin, end, strides = (known_elements(t) for t in op.inputs[1:4])
    if sliced.plain is None or begin is None or end is None or strides is None or None in strides:
        return None
    try:
        rules = pieces(len(sliced.plain), len(begin), op.attrs)
    except ValueError:
        return None
    found: list[Window] = []
    axis = -1
    for rule in rules:
        axis += not rule.new
        at = rule.position
        if at is None or rule.new or rule.shrink:
            continue
        if (rule.open_begin or begin[at] is not None) and (rule.open_end or end[at] is not None):
            continue
        start, limit = _sum(op.inputs[1], at), sliced.plain[axis]
        stop = None if rule.open_begin or rule.open_end else _sum(op.inputs[2], at)
        if strides[at] != 1 or limit is None or start is None or stop is None:
            return None
        length = stop.plus(start, -1)
        if length.terms or not 0 < length.number <= limit:
            return None
        found.append(Window(at, start, length.number, limit))
    return found


def _sum(tensor: Tensor, position: int | None = None, depth: int = 0) -> Sum | None:
    """An integer (one element of a vector, at ``position``) as a sum.

    The numbers are those of integers without end. Between 0 and the size of a dimension they are also those of the types
    that are looked through here, which count modulo 2 to the 32 or 64.
    """
    value = constant_value(tensor)
    if value is not None:
        return Sum({}, int(value if position is None else np.reshape(value, -1)[position]))
    op = tensor.op
    wide = tensor.dtype.base_dtype in INDICES
    if wide and op.type in ("Identity", "Cast") and op.inputs[0].dtype.base_dtype in INDICES:
        return _sum(op.inputs[0], position, depth)
    if position is not None:
        return _sum(op.inputs[position]) if op.type == "Pack" and tensor.shape.ndims == 1 else None
    if wide and op.type in ("Add", "AddV2", "Sub", "Mul") and depth < _DEEPEST:
        left, right = (_sum(t, None, depth + 1) for t in op.inputs)
        if left is not None and right is not None:
            if op.type != "Mul":
                return left.plus(right, -1 if op.type == "Sub" else 1)
            if not left.terms or not right.terms:
                return right.times(left.number) if not left.terms else left.times(right.number)
    return Sum({tensor: 1}, 0)


class Positions:
    """The single elements and windows of a slice whose positions are traced.

    Args:
        op: the slice, or its gradient.
        sizes: the shape that is sliced.
        begin: the positions, known or traced.
        end: the ends, known or traced.
        strides: the steps.
    """

    def __init__(self, op: Operation, sizes: Sequence[int], begin: Array, end: Array, strides: Array) -> None:
        self.rules: list[Piece] = pieces(len(sizes), len(strides), op.attrs)
        begin_known, end_known = (_values(v, t) for v, t in ((begin, op.inputs[1]), (end, op.inputs[2])))
        self.traced: dict[int, Array] = {}
        self._taken_sizes: dict[int, int] = {}
        open_windows = {w.position: w for w in windows(op) or ()}
        axis = -1
        for rule in self.rules:
            axis += not rule.new
            at = rule.position
            window = open_windows.get(-1 if at is None else at)
            if at is None or not (window or (rule.shrink and begin_known[at] is None)):
                continue
            self.traced[axis] = begin[at]
            self._taken_sizes[axis] = window.size if window else 1
            begin_known[at], end_known[at] = 0, window.size if window else 1
        self.begin, self.end = ([v or 0 for v in values] for values in (begin_known, end_known))
        self.sizes = tuple(sizes)
        self.strides: list[int] = [int(s) for s in strides]

    @property
    def rest(self) -> tuple[Any, ...]:
        """The slice as a NumPy index into what is left after taking the traced positions."""
        return numpy_index(self.rules, self.begin, self.end, self.strides)

    def taken(self, xp: Namespace, ctx: Any) -> list[Array]:
        """The traced positions, one for each dimension (0 for a dimension that is taken whole), checked."""
        starts: list[Array] = [0] * len(self.sizes)
        for axis, index in self.traced.items():
            size = self.sizes[axis]
            if self._taken_sizes[axis] > 1:
                starts[axis] = index
                continue
            ctx.check(
                (index >= -size) & (index < size),
                f"Slice index of dimension {axis} out of bounds: its size is {size}.",
            )
            starts[axis] = xp.where(index < 0, index + size, index)
        kinds = [s.dtype for s in starts if not isinstance(s, int)]
        return [np.asarray(s, kinds[0]) if isinstance(s, int) else s for s in starts]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that is left after taking the traced positions."""
        return tuple(self._taken_sizes.get(axis, size) for axis, size in enumerate(self.sizes))


def _values(value: Array, tensor: Tensor) -> list[int | None]:
    if isinstance(value, np.ndarray):
        return value.tolist()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - of integers
    return list(known_elements(tensor) or [])
