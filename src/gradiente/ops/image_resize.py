"""Images in other sizes (``tf.image.resize_images`` and its kin)."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.constants import constant_value, constant_value_as_shape
from gradiente.graph.dtypes import float32, int32
from gradiente.graph.operation import Tensor
from gradiente.ops import image_resize_ops as _resize_ops
from gradiente.ops.image_batch import as_batch, unbatched
from gradiente.ops.image_crop import pad_to_bounding_box

assert _resize_ops  # declares the operations


class ResizeMethod:
    """How an image is made larger or smaller (``tf.image.ResizeMethod``)."""

    BILINEAR = 0
    """Between the four nearest pixels, by their distance."""
    NEAREST_NEIGHBOR = 1
    """The nearest pixel."""
    BICUBIC = 2
    """A cubic curve through the sixteen nearest pixels."""
    AREA = 3
    """The mean of the pixels that an output pixel covers: the best for making images smaller."""


def resize_bilinear(
    images: Any,
    size: Any,
    align_corners: bool = False,
    name: str | None = None,
    half_pixel_centers: bool = False,
) -> Tensor:
    """Images in another size, each pixel interpolated linearly between its four neighbours.

    Args:
        images: ``[batch, height, width, channels]``.
        size: the new height and width.
        align_corners: whether the corner pixels keep their values and places: scale (H−1)/(H'−1) instead of H/H'.
        name: the operation's name.
        half_pixel_centers: whether pixels are looked up by their centres, as TensorFlow 2 does.

    Returns:
        float32 ``[batch, new height, new width, channels]``.

    Source: TensorFlow 1's ``tf.image.resize_bilinear``.
    """
    return apply(
        "ResizeBilinear",
        images,
        size,
        align_corners=align_corners,
        half_pixel_centers=half_pixel_centers,
        name=name,
    )


def resize_nearest_neighbor(
    images: Any,
    size: Any,
    align_corners: bool = False,
    name: str | None = None,
    half_pixel_centers: bool = False,
) -> Tensor:
    """Images in another size, each pixel that of the nearest one; the type stays (see ``resize_bilinear``)."""
    return apply(
        "ResizeNearestNeighbor", images, size, align_corners=align_corners, half_pixel_centers=half_pixel_centers,
        name=name,
    )  # fmt: skip


def resize_bicubic(
    images: Any,
    size: Any,
    align_corners: bool = False,
    name: str | None = None,
    half_pixel_centers: bool = False,
) -> Tensor:
    """Images in another size, by cubic curves through 4×4 pixels (see ``resize_bilinear``).

    Source: Keys 1981; a = −0.75, as TensorFlow 1 has it, and −0.5 with ``half_pixel_centers``.
    """
    return apply(
        "ResizeBicubic",
        images,
        size,
        align_corners=align_corners,
        half_pixel_centers=half_pixel_centers,
        name=name,
    )


def resize_area(images: Any, size: Any, align_corners: bool = False, name: str | None = None) -> Tensor:
    """Images in another size, each pixel the mean of the area that it covers (see ``resize_bilinear``).

    It has no gradient.
    """
    return apply("ResizeArea", images, size, align_corners=align_corners, name=name)


_FUNCTIONS = {
    ResizeMethod.BILINEAR: resize_bilinear,
    ResizeMethod.NEAREST_NEIGHBOR: resize_nearest_neighbor,
    ResizeMethod.BICUBIC: resize_bicubic,
    ResizeMethod.AREA: resize_area,
}
_NAMES = {"bilinear": 0, "nearest": 1, "bicubic": 2, "area": 3}


def resize_images(
    images: Any, size: Any = None, method: Any = ResizeMethod.BILINEAR, align_corners: Any = False,
    preserve_aspect_ratio: bool = False, name: str | None = None, new_height: Any = None, new_width: Any = None,
) -> Tensor:  # fmt: skip
    """Images in another size.

    Without ``align_corners`` output pixel i lies at i·H/H' in the input: TensorFlow 1's rule, which looks at the
    pixels' corners (TensorFlow 2 looks at their centres).

    Args:
        images: ``[batch, height, width, channels]`` or ``[height, width, channels]``.
        size: the new height and width. Before 1.0 the two were arguments of their own: ``resize_images(images, 28, 28)``
            is understood as well.
        method: one of ``tf.image.ResizeMethod``.
        align_corners: whether the corner pixels keep their values and places.
        preserve_aspect_ratio: make the image as large as fits into ``size`` with its own proportions.
        name: the name of the operations.
        new_height: the new height, an older argument.
        new_width: the new width, an older argument.

    Returns:
        The images, float32 (the nearest neighbour keeps the type; an image that has the size already is returned as
        it is).

    Raises:
        ValueError: if the rank of ``images`` is not 3 or 4, ``size`` is no pair or the method does not exist.

    Source: TensorFlow 1's ``tf.image.resize_images``.
    """
    if new_height is not None or new_width is not None:
        size = [new_height, new_width]
    elif isinstance(size, (int, np.integer)) or (isinstance(size, Tensor) and size.shape.ndims == 0):
        size, method, align_corners = (
            [size, method],
            align_corners if align_corners is not False else 0,
            False,
        )
    with name_scope(name, "resize", [images, size]):
        batch, was_batch = as_batch(images)
        wanted = _as_size(size)
        if preserve_aspect_ratio:
            wanted = _fitting(batch, wanted)
        known = constant_value_as_shape(wanted).as_list()
        if None not in known and batch.shape.as_list()[1:3] == known:
            return unbatched(batch, was_batch)
        resize: Any = _FUNCTIONS.get(_NAMES.get(method, -1) if isinstance(method, str) else method)
        if resize is None:
            raise ValueError(
                f"Resize method is not implemented: {method!r}. Use one of tf.image.ResizeMethod."
            )
        resized = resize(batch, wanted, align_corners=bool(align_corners))
        resized.set_shape([None, *known, None])
        return unbatched(resized, was_batch)


def _as_size(size: Any) -> Tensor:
    tensor = convert_to_tensor(size, dtype=int32, name="size") if not isinstance(size, Tensor) else size
    if tensor.dtype.base_dtype is not int32:
        tensor = apply("Cast", tensor, DstT=int32)
    if not tensor.shape.is_compatible_with([2]):
        raise ValueError(
            f"'size' must be a 1-D Tensor of 2 elements: new_height, new_width, not of shape {tensor.shape}."
        )
    return tensor


def _fitting(batch: Tensor, size: Tensor) -> Tensor:
    """The largest size within ``size`` in the images' own proportions."""
    current = apply("StridedSlice", apply("Shape", batch), [1], [3], [1])
    own, wanted = (apply("Cast", t, DstT=float32) for t in (current, size))
    factor = apply("Min", apply("RealDiv", wanted, own), [0])
    fitted = apply("Cast", apply("Round", apply("Mul", own, factor)), DstT=int32)
    known = constant_value(fitted)
    return fitted if known is None else convert_to_tensor(known)


resize = resize_images


def resize_image_with_pad(
    image: Any, target_height: int, target_width: int, method: Any = ResizeMethod.BILINEAR,
    align_corners: bool = False,
) -> Tensor:  # fmt: skip
    """Images in another size without distortion: as large as fits, in the middle, with zeros around.

    Args:
        image: ``[batch, height, width, channels]`` or ``[height, width, channels]``.
        target_height: the new height.
        target_width: the new width.
        method: one of ``tf.image.ResizeMethod``.
        align_corners: see ``resize_images``.

    Returns:
        The images, float32 but for the nearest neighbour.

    Source: TensorFlow 1's ``tf.image.resize_image_with_pad``.
    """
    with name_scope(None, "resize_image_with_pad", [image]):
        batch, was_batch = as_batch(image)
        size = apply("StridedSlice", apply("Shape", batch), [1], [3], [1])
        own = apply("Cast", size, DstT=float32)
        target = convert_to_tensor([float(target_height), float(target_width)])
        fitted = apply("RealDiv", own, apply("Max", apply("RealDiv", own, target), [0]))
        offset = apply("Floor", apply("RealDiv", apply("Sub", target, fitted), 2.0))
        offset = apply("Maximum", apply("Cast", offset, DstT=int32), 0)
        fitted = apply("Cast", apply("Floor", fitted), DstT=int32)
        resized = resize_images(batch, fitted, method, align_corners)
        top, left = (apply("StridedSlice", offset, [i], [i + 1], [1], shrink_axis_mask=1) for i in range(2))
        padded = pad_to_bounding_box(resized, top, left, target_height, target_width)
        return unbatched(padded, was_batch)
