"""Slices whose position is worked out on the device: which ones XLA can take, and how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradiente.graph.constants import constant_value
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.types import Array, Namespace
from gradiente.ops.slice_spec import Piece, known_elements, numpy_index, pieces

MASKS = {"begin_mask": 0, "end_mask": 0, "ellipsis_mask": 0, "new_axis_mask": 0, "shrink_axis_mask": 0}
"""The attributes of a strided slice, one bit for each entry."""


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


class Positions:
    """The single elements of a slice whose positions are traced.

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
        axis = 0
        for rule in self.rules:
            if rule.shrink and rule.position is not None and begin_known[rule.position] is None:
                self.traced[axis] = begin[rule.position]
                begin_known[rule.position] = 0
            axis += not rule.new
        self.begin, self.end = ([v or 0 for v in values] for values in (begin_known, end_known))
        self.sizes = tuple(sizes)
        self.strides: list[int] = [int(s) for s in strides]

    @property
    def rest(self) -> tuple[Any, ...]:
        """The slice as a NumPy index into what is left after taking the traced positions, each of size 1."""
        return numpy_index(self.rules, self.begin, self.end, self.strides)

    def taken(self, xp: Namespace, ctx: Any) -> list[Array]:
        """The traced positions, one for each dimension (0 for a dimension that is taken whole), checked."""
        starts: list[Array] = [0] * len(self.sizes)
        for axis, index in self.traced.items():
            size = self.sizes[axis]
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
        return tuple(1 if axis in self.traced else size for axis, size in enumerate(self.sizes))


def _values(value: Array, tensor: Tensor) -> list[int | None]:
    if isinstance(value, np.ndarray):
        return value.tolist()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - of integers
    return list(known_elements(tensor) or [])
