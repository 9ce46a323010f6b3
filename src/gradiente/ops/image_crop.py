"""Parts of images, and images with borders."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import float64, int32
from gradiente.graph.operation import Tensor
from gradiente.ops.image_batch import as_batch, unbatched

Size = int | Tensor
"""A size or an offset: a number where it is known, else a scalar."""


def _known(value: Any) -> Size:
    """A size as a number, if it is known while building."""
    if isinstance(value, Tensor):
        known = constant_value(value)
        return value if known is None else int(known)
    return int(value)


def _sizes(batch: Tensor) -> tuple[Size, Size]:
    """The height and the width of a batch of images."""
    height, width = batch.shape.as_list()[1:3]
    shape = apply("Shape", batch)
    sizes = [
        apply("StridedSlice", shape, [i], [i + 1], [1], shrink_axis_mask=1) if d is None else d
        for i, d in ((1, height), (2, width))
    ]
    return sizes[0], sizes[1]


def _vector(values: list[Size]) -> Tensor:
    if all(isinstance(v, int) for v in values):
        return convert_to_tensor(values, dtype=int32)
    return apply(
        "Pack",
        [
            convert_to_tensor(v, dtype=int32) if isinstance(v, int) else apply("Cast", v, DstT=int32)
            for v in values
        ],
    )


def _static(*values: Size) -> list[int | None]:
    return [v if isinstance(v, int) else None for v in values]


def _minus(a: Size, b: Size) -> Size:
    return a - b if isinstance(a, int) and isinstance(b, int) else apply("Sub", a, b)


def _at_least_zero(a: Size) -> Size:
    return max(a, 0) if isinstance(a, int) else apply("Maximum", a, 0)


def _half(a: Size) -> Size:
    return a // 2 if isinstance(a, int) else apply("FloorDiv", a, 2)


def _smaller(a: Size, b: Size) -> Size:
    return min(a, b) if isinstance(a, int) and isinstance(b, int) else apply("Minimum", a, b)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def crop_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Tensor:
    """A rectangle of images.

    Args:
        image: ``[batch, height, width, channels]`` or ``[height, width, channels]``.
        offset_height: the rectangle's first row.
        offset_width: its first column.
        target_height: its rows.
        target_width: its columns.

    Raises:
        ValueError: if it does not lie inside the image.

    Source: TensorFlow 1's ``tf.image.crop_to_bounding_box``.
    """
    with name_scope(None, "crop_to_bounding_box", [image]):
        batch, was_batch = as_batch(image)
        box = [_known(v) for v in (offset_height, offset_width, target_height, target_width)]
        for what, offset, target, size in (
            ("height", box[0], box[2], _sizes(batch)[0]), ("width", box[1], box[3], _sizes(batch)[1]),
        ):  # fmt: skip
            if isinstance(offset, int):
                _require(offset >= 0, f"offset_{what} must be >= 0, not {offset}.")
            if isinstance(target, int):
                _require(target > 0, f"target_{what} must be > 0, not {target}.")
            if isinstance(offset, int) and isinstance(target, int) and isinstance(size, int):
                _require(
                    offset + target <= size,
                    f"{what} must be >= target + offset: {size} < {target} + {offset}.",
                )
        cropped = apply("Slice", batch, _vector([0, box[0], box[1], 0]), _vector([-1, box[2], box[3], -1]))
        shape = batch.shape.as_list()
        cropped.set_shape([shape[0], *_static(box[2], box[3]), shape[3]])
        return unbatched(cropped, was_batch)


def pad_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Tensor:
    """Images with zeros around.

    Args:
        image: ``[batch, height, width, channels]`` or ``[height, width, channels]``.
        offset_height: the rows of zeros above.
        offset_width: the columns of zeros to the left.
        target_height: the height of the result.
        target_width: its width.

    Raises:
        ValueError: if the image does not fit.

    Source: TensorFlow 1's ``tf.image.pad_to_bounding_box``.
    """
    with name_scope(None, "pad_to_bounding_box", [image]):
        batch, was_batch = as_batch(image)
        box = [_known(v) for v in (offset_height, offset_width, target_height, target_width)]
        height, width = _sizes(batch)
        after = [_minus(_minus(box[2], box[0]), height), _minus(_minus(box[3], box[1]), width)]
        for what, offset, rest in (("height", box[0], after[0]), ("width", box[1], after[1])):
            if isinstance(offset, int):
                _require(offset >= 0, f"offset_{what} must be >= 0, not {offset}.")
            if isinstance(rest, int):
                _require(rest >= 0, f"{what} must be <= target - offset: it is {-rest} too large.")
        edges = _vector([0, 0, box[0], after[0], box[1], after[1], 0, 0])
        padded = apply("Pad", batch, apply("Reshape", edges, [4, 2]))
        shape = batch.shape.as_list()
        padded.set_shape([shape[0], *_static(box[2], box[3]), shape[3]])
        return unbatched(padded, was_batch)


def resize_image_with_crop_or_pad(image: Any, target_height: Any, target_width: Any) -> Tensor:
    """Images cut down or filled up with zeros to a size, around their middle.

    Args:
        image: ``[batch, height, width, channels]`` or ``[height, width, channels]``.
        target_height: the new height.
        target_width: the new width.

    Raises:
        ValueError: if a size is not positive.

    Source: TensorFlow 1's ``tf.image.resize_image_with_crop_or_pad``.
    """
    with name_scope(None, "resize_image_with_crop_or_pad", [image]):
        batch, was_batch = as_batch(image)
        wanted = _known(target_height), _known(target_width)
        for what, value in (("height", wanted[0]), ("width", wanted[1])):
            if isinstance(value, int):
                _require(value > 0, f"target_{what} must be > 0, not {value}.")
        sizes = _sizes(batch)
        too_many = [_minus(size, target) for size, target in zip(sizes, wanted, strict=True)]
        too_few = [_minus(target, size) for size, target in zip(sizes, wanted, strict=True)]
        first = [_half(_at_least_zero(d)) for d in too_many]
        cut = [_smaller(target, size) for size, target in zip(sizes, wanted, strict=True)]
        cropped = crop_to_bounding_box(batch, first[0], first[1], cut[0], cut[1])
        before = [_half(_at_least_zero(d)) for d in too_few]
        padded = pad_to_bounding_box(cropped, before[0], before[1], wanted[0], wanted[1])
        return unbatched(padded, was_batch)


resize_with_crop_or_pad = resize_image_with_crop_or_pad


def central_crop(image: Any, central_fraction: Any) -> Tensor:
    """The middle of images: ``central_fraction`` of their height and of their width.

    Args:
        image: ``[batch, height, width, channels]`` or ``[height, width, channels]``.
        central_fraction: above 0, at most 1.

    Raises:
        ValueError: if the fraction is not in (0, 1].

    Source: TensorFlow 1's ``tf.image.central_crop``.
    """
    with name_scope(None, "central_crop", [image]):
        fraction = (
            constant_value(central_fraction) if isinstance(central_fraction, Tensor) else central_fraction
        )
        if fraction is None:
            raise ValueError("central_fraction must be known while building.")
        _require(0 < fraction <= 1, f"central_fraction must be within (0, 1], not {fraction}.")
        if fraction == 1:
            return convert_to_tensor(image)
        batch, was_batch = as_batch(image)
        starts: list[Size] = []
        sizes: list[Size] = []
        for size in _sizes(batch):
            start: Size
            if isinstance(size, int):
                start = int((size - size * float(fraction)) / 2)
                sizes.append(size - 2 * start)
            else:
                wide = apply("Cast", size, DstT=float64)
                rest = apply("Sub", wide, apply("Mul", wide, np.float64(fraction)))
                start = apply("Cast", apply("RealDiv", rest, np.float64(2)), DstT=int32)
                sizes.append(apply("Sub", size, apply("Mul", start, 2)))
            starts.append(start)
        cropped = apply("Slice", batch, _vector([0, *starts, 0]), _vector([-1, *sizes, -1]))
        shape = batch.shape.as_list()
        cropped.set_shape([shape[0], *_static(*sizes), shape[3]])
        return unbatched(cropped, was_batch)
