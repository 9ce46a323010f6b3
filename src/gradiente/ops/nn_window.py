"""The geometry of sliding windows, which convolution and pooling share: output sizes and padding as TensorFlow has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SAME_OR_VALID = ("SAME", "VALID")
PADDINGS = ("SAME", "VALID", "EXPLICIT")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a tensor's axes are: ``channels`` and the ``spatial`` ones; the batch is axis 0."""

    channels: int
    spatial: tuple[int, ...]

    def per_axis(self, values: Sequence[int]) -> tuple[int, ...]:
        """Of one value per axis of the tensor, those of the spatial axes."""
        return tuple(int(values[a]) for a in self.spatial)

    def assemble(self, batch: Any, spatial: Sequence[Any], channels: Any) -> tuple[Any, ...]:
        """A shape from its parts."""
        dims: list[Any] = [batch] * (len(self.spatial) + 2)
        for axis, size in zip(self.spatial, spatial, strict=True):
            dims[axis] = size
        dims[self.channels] = channels
        return tuple(dims)


def layout(data_format: str, spatial: int) -> Layout:
    """The layout of a data format (``NHWC``, ``NCHW``, ``NDHWC``, ``NCDHW``) with that many spatial axes."""
    if data_format.startswith("NC"):
        return Layout(1, tuple(range(2, spatial + 2)))
    return Layout(spatial + 1, tuple(range(1, spatial + 1)))


@dataclass(frozen=True, slots=True)
class Window:
    """A window along one axis: its size, the step from one to the next, the distance between the elements it sees."""

    size: int
    stride: int
    dilation: int = 1

    @property
    def extent(self) -> int:
        """The number of elements from the first that the window sees to its last."""
        return (self.size - 1) * self.dilation + 1


Pads = tuple[tuple[int, int], ...]


def padding_of(
    sizes: Sequence[int], windows: Sequence[Window], padding: str, explicit: Sequence[tuple[int, int]]
) -> Pads:
    """Zeros before and after each axis. With SAME, an odd one comes after, and there are ⌈W/S⌉ windows."""
    if padding == "EXPLICIT":
        return tuple(explicit)
    if padding == "VALID":
        return ((0, 0),) * len(sizes)
    pads: list[tuple[int, int]] = []
    for size, w in zip(sizes, windows, strict=True):
        total = max((-(-size // w.stride) - 1) * w.stride + w.extent - size, 0)
        pads.append((total // 2, total - total // 2))
    return tuple(pads)


def output_size(size: int | None, w: Window, padding: str, explicit: tuple[int, int] = (0, 0)) -> int | None:
    """How many windows fit along an axis: (W − F + 2P)/S + 1, rounded down; ⌈W/S⌉ with SAME.

    Raises:
        ValueError: if none fits.
    """
    if size is None:
        return None
    if padding == "SAME":
        return -(-size // w.stride)
    pad = sum(explicit) if padding == "EXPLICIT" else 0
    room = size + pad - w.extent
    if room < 0:
        dilated = f" (spread to {w.extent} by the dilation {w.dilation})" if w.dilation > 1 else ""
        raise ValueError(
            f"Negative dimension size: the output size (W − F + 2P)/S + 1 = ({size} − {w.extent} + {pad})/{w.stride} + 1 is "
            f"less than 1. A window of {w.size}{dilated} does not fit in an input of {size} with padding {padding}. Use "
            "padding='SAME', a smaller window, or fewer pooling layers before it."
        )
    return room // w.stride + 1


def output_sizes(
    sizes: Sequence[int | None], windows: Sequence[Window], padding: str, explicit: Sequence[tuple[int, int]]
) -> tuple[int | None, ...]:
    """``output_size`` for each axis."""
    pads = explicit if padding == "EXPLICIT" else [(0, 0)] * len(sizes)
    return tuple(output_size(s, w, padding, p) for s, w, p in zip(sizes, windows, pads, strict=True))


def explicit_pairs(attrs: Mapping[str, Any], axes: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """The ``explicit_paddings`` attribute (before and after for each axis, in one list) for some axes.

    Raises:
        ValueError: if it has not two numbers per axis, or pads an axis that the windows do not move along.
    """
    if attrs["padding"] != "EXPLICIT":
        return ()
    flat = list(attrs["explicit_paddings"])
    rank = len(attrs["strides"])
    if len(flat) != 2 * rank:
        raise ValueError(
            f"explicit_paddings needs {2 * rank} numbers (before and after each axis), got {len(flat)}."
        )
    if any(p < 0 for p in flat):
        raise ValueError(f"explicit_paddings must not be negative, got {flat}.")
    pairs = tuple((flat[2 * a], flat[2 * a + 1]) for a in range(rank))
    if any(pairs[a] != (0, 0) for a in range(rank) if a not in axes):
        raise ValueError(f"Only the spatial axes can be padded, got {[list(p) for p in pairs]}.")
    return tuple(pairs[a] for a in axes)


def check_per_axis(
    name: str, values: Sequence[int], rank: int, where: Layout, batch_too: bool = True
) -> None:
    """Require one positive number per axis, and 1 for the batch and the channels.

    Raises:
        ValueError: otherwise.
    """
    if len(values) != rank:
        raise ValueError(f"{name} must have {rank} numbers, one per axis of the input, got {list(values)}.")
    if any(v < 1 for v in values):
        raise ValueError(f"{name} must be positive, got {list(values)}.")
    if batch_too and (values[0] != 1 or values[where.channels] != 1):
        raise ValueError(
            f"{name} must be 1 for the batch (axis 0) and the channels (axis {where.channels}), got {list(values)}: the "
            "window moves along the spatial axes only."
        )
