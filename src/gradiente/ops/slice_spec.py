"""What a strided slice means: its masks worked out into one rule for each dimension."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradiente.graph.constants import constant_value
from gradiente.graph.operation import Tensor

Elements = Sequence["int | None"]
"""The numbers in an integer vector, None for those that are not known."""

_LARGEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Piece:
    """One element of a slice: a new dimension, or what is taken of one dimension of the input.

    Attributes:
        position: its place in ``begin``, ``end`` and ``strides``; None for a dimension that is taken whole.
        new: a new dimension of size 1.
        shrink: one element is taken, and the dimension goes.
        open_begin: from the start (the end, for a negative stride).
        open_end: to the end.
    """

    position: int | None = None
    new: bool = False
    shrink: bool = False
    open_begin: bool = True
    open_end: bool = True


def pieces(rank: int, count: int, masks: Mapping[str, Any]) -> list[Piece]:
    """The elements of a slice with ``count`` entries of a tensor of rank ``rank``; one per dimension or new dimension.

    Raises:
        ValueError: if there are more entries than dimensions, or several ellipses.
    """

    def bit(name: str, i: int) -> bool:
        return bool(masks[name] >> i & 1)

    ellipses = [i for i in range(count) if bit("ellipsis_mask", i)]
    if len(ellipses) > 1:
        raise ValueError("Multiple ellipses in slice spec not allowed.")
    taken = sum(not bit("ellipsis_mask", i) and not bit("new_axis_mask", i) for i in range(count))
    if taken > rank:
        raise ValueError(f"Index out of range using input dim {rank}; input has only {rank} dims.")
    found: list[Piece] = []
    for i in range(count):
        if i in ellipses:
            found.extend([Piece()] * (rank - taken))
        elif bit("new_axis_mask", i):
            found.append(Piece(i, new=True))
        else:
            found.append(
                Piece(i, False, bit("shrink_axis_mask", i), bit("begin_mask", i), bit("end_mask", i))
            )
    if not ellipses:
        found.extend([Piece()] * (rank - taken))
    return found


def known_elements(tensor: Tensor) -> list[int | None] | None:
    """The numbers in an integer vector as far as they follow from constants; None where its length is not known."""
    value = constant_value(tensor)
    if value is not None:
        return [int(v) for v in np.reshape(value, -1)]
    if tensor.op.type == "Pack" and tensor.shape.ndims == 1:
        values = [constant_value(t) for t in tensor.op.inputs]
        return [None if v is None else int(v) for v in values]
    plain = tensor.shape.plain
    if plain is None or len(plain) != 1 or plain[0] is None:
        return None
    unknown: list[int | None] = [None] * plain[0]
    return unknown


def sliced_dims(
    dims: Sequence[int | None], rules: Sequence[Piece], begin: Elements, end: Elements, strides: Elements
) -> list[int | None]:
    """The shape that a slice gives.

    Raises:
        ValueError: if a stride is zero or an index is out of range.
    """
    result: list[int | None] = []
    axis = 0
    for rule in rules:
        if rule.new:
            result.append(1)
            continue
        size = dims[axis]
        if rule.shrink:
            assert rule.position is not None
            checked_index(begin[rule.position], strides[rule.position], size, axis)
        else:
            result.append(_sliced_size(size, rule, begin, end, strides))
        axis += 1
    return result


def _sliced_size(
    size: int | None, rule: Piece, begin: Elements, end: Elements, strides: Elements
) -> int | None:
    if rule.position is None:
        return size
    first, last, step = begin[rule.position], end[rule.position], strides[rule.position]
    if step == 0:
        raise ValueError(f"strides[{rule.position}] must be non-zero.")
    if rule.open_begin and rule.open_end and step in (1, -1):
        return size
    if step is not None and not rule.open_begin and not rule.open_end and first is not None and first == last:
        return 0
    if (
        size is None
        or step is None
        or (first is None and not rule.open_begin)
        or (last is None and not rule.open_end)
    ):
        return None
    return len(
        range(*slice(None if rule.open_begin else first, None if rule.open_end else last, step).indices(size))
    )


def checked_index(index: int | None, stride: int | None, size: int | None, axis: int) -> None:
    """Raise ValueError if an index that takes one element is out of range."""
    if stride is not None and stride <= 0:
        raise ValueError("Only stride 1 is allowed where one element is taken (shrink_axis_mask).")
    if index is not None and size is not None and not -size <= index < size:
        raise ValueError(f"Slice index {index} of dimension {axis} out of bounds: its size is {size}.")


def numpy_index(
    rules: Sequence[Piece], begin: Sequence[int], end: Sequence[int], strides: Sequence[int]
) -> tuple[Any, ...]:
    """The slice as a NumPy index."""
    index: list[Any] = []
    for rule in rules:
        if rule.new:
            index.append(None)
        elif rule.position is None:
            index.append(slice(None))
        elif rule.shrink:
            index.append(begin[rule.position])
        else:
            i = rule.position
            index.append(
                slice(None if rule.open_begin else begin[i], None if rule.open_end else end[i], strides[i])
            )
    return tuple(index)
