"""Images turned, moved, scaled, sheared: sampled where a projective map sends each pixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.constants import constant_value_as_shape
from gradiente.graph.dtypes import bfloat16, float16, float32, float64, int32, int64, uint8
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.image_batch import as_batch, unbatched

_IMAGES = (uint8, int32, int64, float16, bfloat16, float32, float64)
_FILLS = ("CONSTANT", "NEAREST", "REFLECT", "WRAP")


def _transform_shape(op: Operation) -> list[Any]:
    images = op.inputs[0].shape.with_rank(4).as_list()
    _check_transforms(op.inputs[1].shape.with_rank(2).as_list(), images[0])
    height, width = constant_value_as_shape(op.inputs[2]).with_rank(2).as_list()
    return [(images[0], height, width, images[3])]


def _check_transforms(transforms: Sequence[int | None], images: int | None) -> None:
    if transforms[1] not in (None, 8):
        raise ValueError(
            f"transforms must have 8 columns, [a0, a1, a2, b0, b1, b2, c0, c1], and has {transforms[1]}. For an affine map, "
            "c0 and c1 are 0."
        )
    if None not in (images, transforms[0]) and transforms[0] not in (1, images):
        raise ValueError(
            f"transforms must have one row, or one for each image: it has {transforms[0]}, and there are {images} images."
        )


def _into(xp: Namespace, at: Array, size: int, mode: str) -> Array:
    """Coordinates brought into the image, along an axis of that size."""
    if mode == "CONSTANT":
        return at
    if mode == "REFLECT" and size > 1:
        # ... c b a | a b c | c b a ...
        low = 2 * size * xp.trunc(-at / (2 * size)) + at
        low = xp.where(low < -size, low + 2 * size, -low - 1)
        high = at - 2 * size * xp.trunc(at / (2 * size))
        high = xp.where(high >= size, 2 * size - high - 1, high)
        at = xp.where(at < 0, low, xp.where(at > size - 1, high, at))
    if mode == "WRAP" and size > 1:
        low = at + size * (xp.trunc(-at / (size - 1)) + 1)
        high = at - size * xp.trunc(at / (size - 1))
        at = xp.where(at < 0, low, xp.where(at > size - 1, high, at))
    return xp.clip(at, 0, size - 1)


def _transform(
    xp: Namespace, images: Array, transforms: Array, output_shape: Array, fill_value: Array, *, interpolation: str,
    fill_mode: str,
) -> Array:  # fmt: skip
    batch, height, width, _ = images.shape
    _check_transforms(transforms.shape, batch)
    a = transforms.astype(np.float32)[:, :, None, None]
    y = xp.arange(int(output_shape[0]), dtype=np.float32)[:, None]
    x = xp.arange(int(output_shape[1]), dtype=np.float32)[None, :]
    below = a[:, 6] * x + a[:, 7] * y + np.float32(1)
    safe = xp.where(below == 0, np.float32(1), below)
    at_x = _into(xp, (a[:, 0] * x + a[:, 1] * y + a[:, 2]) / safe, width, fill_mode)
    at_y = _into(xp, (a[:, 3] * x + a[:, 4] * y + a[:, 5]) / safe, height, fill_mode)
    which = xp.arange(batch)[:, None, None]
    kind = np.float64 if images.dtype == np.float64 else np.float32
    fill = xp.asarray(fill_value).astype(kind)

    def pixels(row: Array, column: Array) -> Array:
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        r = xp.clip(row, 0, height - 1).astype(np.int32)
        c = xp.clip(column, 0, width - 1).astype(np.int32)
        return xp.where(inside[..., None], images[which, r, c].astype(kind), fill)

    if interpolation == "NEAREST":
        value = pixels(xp.rint(at_y), xp.rint(at_x))
    else:
        top, left = xp.floor(at_y), xp.floor(at_x)
        down, across = (at_y - top)[..., None].astype(kind), (at_x - left)[..., None].astype(kind)
        upper = (1 - across) * pixels(top, left) + across * pixels(top, left + 1)
        lower = (1 - across) * pixels(top + 1, left) + across * pixels(top + 1, left + 1)
        value = (1 - down) * upper + down * lower
    return xp.where((below == 0)[..., None], fill, value).astype(images.dtype)


def _transform_on_device(
    xp: Namespace, images: Array, transforms: Array, output_shape: Array, fill_value: Array, *, interpolation: str,
    fill_mode: str,
) -> Array:  # fmt: skip
    from gradiente.kernels import image
    from gradiente.kernels.library import usable

    if fill_mode == "NEAREST" and interpolation == "BILINEAR" and usable(images, transforms):
        _check_transforms(transforms.shape, images.shape[0])
        return image.transform(images, transforms, (int(output_shape[0]), int(output_shape[1])), fill_value)
    return _transform(
        xp, images, transforms, output_shape, fill_value, interpolation=interpolation, fill_mode=fill_mode
    )


# TensorFlow has no gradient for it either: it can be added when a program wants one.
register(
    "ImageProjectiveTransformV3",
    "images: dtype, transforms: float32, output_shape: int32, fill_value: float32 -> transformed_images: dtype",
    attrs={
        "interpolation": attr("string", allowed=("NEAREST", "BILINEAR")),
        "fill_mode": attr("string", "CONSTANT", _FILLS),
    },
    types={"dtype": _IMAGES}, shape=_transform_shape, compute=_transform, device=_transform_on_device,
    static=("output_shape",),
)  # fmt: skip


def projective_transform(
    images: Any, transforms: Any, interpolation: str = "NEAREST", output_shape: Any = None,
    fill_mode: str = "CONSTANT", fill_value: float = 0.0, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Images sampled where a projective map sends each pixel of the result.

    The result's pixel (x, y) is the image's at ((a0·x + a1·y + a2) / k, (b0·x + b1·y + b2) / k) with k = c0·x + c1·y + 1.

    Args:
        images: ``[batch, height, width, channels]`` or ``[height, width, channels]``.
        transforms: float32 ``[8]``, ``[1, 8]`` or ``[batch, 8]``: a0, a1, a2, b0, b1, b2, c0, c1.
        interpolation: ``"NEAREST"`` or ``"BILINEAR"``.
        output_shape: the height and width of the result; the images' own without it.
        fill_mode: what lies outside the image: ``"CONSTANT"``, ``"NEAREST"`` (its edge), ``"REFLECT"`` or ``"WRAP"``.
        fill_value: the constant.
        name: the operation's name.

    Returns:
        The images' type and rank, of the new height and width.

    Source: TensorFlow's operation ``ImageProjectiveTransformV3``; TensorFlow 1 had it as ``tf.contrib.image.transform``.
    """
    with name_scope(name, "transform", [images, transforms]) as scope:
        batch, was_batch = as_batch(images)
        maps = convert_to_tensor(transforms, dtype=float32)
        if maps.shape.ndims == 1:
            maps = apply("ExpandDims", maps, 0)
        if output_shape is None:
            height, width = batch.shape.as_list()[1:3]
            output_shape = (
                apply("StridedSlice", apply("Shape", batch), [1], [3], [1])
                if height is None or width is None
                else [height, width]
            )
        sizes = convert_to_tensor(output_shape, dtype=int32)
        fill = convert_to_tensor(fill_value, dtype=float32)
        result = apply(
            "ImageProjectiveTransformV3", batch, maps, sizes, fill, interpolation=interpolation.upper(),
            fill_mode=fill_mode.upper(), name=scope if was_batch else None,
        )  # fmt: skip
        return unbatched(result, was_batch, scope)
