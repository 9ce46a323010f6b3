"""The parts in which checkpoints keep partitioned variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from gradiente.formats.varint import ordered_bytes, ordered_signed, ordered_unsigned
from gradiente.graph.dtypes import DType, as_dtype
from gradiente.graph.errors import DataLossError, UnimplementedError
from gradiente.graph.types import Array

_MOST_ELEMENTS = 1 << 48
_WHOLE = -1
"""The length that stands in a key for the whole of a dimension."""


class TensorSlice(NamedTuple):
    """A box within a tensor: for each dimension where it starts, and how long it is or None for all."""

    starts: tuple[int, ...]
    lengths: tuple[int | None, ...]

    def key(self, name: str) -> bytes:
        """The key under which a checkpoint keeps this part of the tensor ``name``."""
        parts = [ordered_unsigned(0), ordered_bytes(name.encode()), ordered_unsigned(len(self.starts))]
        for start, length in zip(self.starts, self.lengths, strict=True):
            parts += [ordered_signed(start), ordered_signed(_WHOLE if length is None else length)]
        return b"".join(parts)

    def box(self, shape: Sequence[int]) -> tuple[slice, ...]:
        """The slices that select this part of a tensor of ``shape``.

        Raises:
            ValueError: it does not lie within the tensor.
        """
        if len(self.starts) != len(shape):
            raise ValueError(f"a part of rank {len(self.starts)} of the shape {list(shape)}")
        stops = [
            size if length is None else start + length
            for start, length, size in zip(self.starts, self.lengths, shape, strict=True)
        ]
        for start, stop, size in zip(self.starts, stops, shape, strict=True):
            if not 0 <= start <= stop <= size:
                raise ValueError(f"a part from {start} to {stop} of a dimension of {size}")
        return tuple(slice(start, stop) for start, stop in zip(self.starts, stops, strict=True))


def slice_of(proto: Any) -> TensorSlice:
    """The part that a TensorSliceProto describes."""
    return TensorSlice(
        tuple(extent.start for extent in proto.extent),
        tuple(extent.length if extent.HasField("length") else None for extent in proto.extent),
    )


def slice_proto(part: TensorSlice, proto: Any) -> None:
    """Describe a part in a TensorSliceProto, which is empty."""
    for start, length in zip(part.starts, part.lengths, strict=True):
        extent = proto.extent.add(start=start)
        if length is not None:
            extent.length = length


def shape_of(proto: Any, what: str) -> tuple[int, ...]:
    """The shape that a TensorShapeProto describes.

    Raises:
        DataLossError: it is not fully known, or impossibly large.
    """
    shape = tuple(dim.size for dim in proto.dim)
    if proto.unknown_rank or min(shape, default=0) < 0 or prod(shape) >= _MOST_ELEMENTS:
        raise DataLossError(
            None, None, f"{what} has the impossible shape {list(shape)}. The checkpoint is damaged."
        )
    return shape


def dtype_of(number: int, what: str) -> DType:
    """The dtype of a protocol number.

    Raises:
        UnimplementedError: gradiente has no such dtype.
    """
    try:
        return as_dtype(number).base_dtype
    except TypeError as error:
        raise UnimplementedError(
            None, None, f"{what} has the data type {number} of TensorFlow's protocol, which gradiente lacks."
        ) from error


def join(
    shape: tuple[int, ...],
    dtype: DType,
    parts: Sequence[TensorSlice],
    read: Callable[[TensorSlice, tuple[int, ...]], Array],
    what: str,
) -> Array:
    """Put the parts of a tensor together.

    Args:
        shape: the tensor's shape.
        dtype: its dtype.
        parts: the parts.
        read: gives a part's values, when called with the part and its shape.
        what: what the tensor is, for errors.

    Returns:
        The tensor.

    Raises:
        DataLossError: the parts don't fill the tensor exactly once.
    """
    try:
        boxes = [part.box(shape) for part in parts]
    except ValueError as error:
        raise DataLossError(None, None, f"{what} has {error}. The checkpoint is damaged.") from error
    sizes = [tuple(one.stop - one.start for one in box) for box in boxes]
    if sum(prod(size) for size in sizes) != prod(shape) or _overlap(boxes):
        raise DataLossError(
            None, None, f"The parts of {what} don't fill its shape {list(shape)}: the checkpoint is damaged."
        )
    values = [read(part, size) for part, size in zip(parts, sizes, strict=True)]
    whole = np.empty(shape, dtype.np)
    for box, value in zip(boxes, values, strict=True):
        whole[box] = value
    return whole


def _overlap(boxes: Sequence[tuple[slice, ...]]) -> bool:
    return any(
        all(a.start < b.stop and b.start < a.stop for a, b in zip(one, other, strict=True))
        for at, one in enumerate(boxes)
        for other in boxes[:at]
    )
