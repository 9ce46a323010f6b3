"""Patches of images: extract_image_patches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import attr, register
from gradiente.graph.types import Array, Namespace

_PATCH_ATTRS = {
    "ksizes": attr("list(int)"), "strides": attr("list(int)"), "rates": attr("list(int)"),
    "padding": attr("string", allowed=("SAME", "VALID")),
}  # fmt: skip


def _along(size: int, window: int, stride: int, rate: int, padding: str) -> tuple[int, int]:
    """The number of patches along a dimension, and where the first begins (negative: in the padding)."""
    reach = (window - 1) * rate + 1
    if padding == "VALID":
        return max(0, (size - reach) // stride + 1), 0
    count = -(-size // stride)
    return count, -(max(0, (count - 1) * stride + reach - size) // 2)


def _patches_shape(op: Operation) -> list[Any]:
    dims = op.inputs[0].shape.with_rank(4).plain or (None,) * 4
    sizes, strides, rates = (op.attrs[name] for name in ("ksizes", "strides", "rates"))
    for name, values in (("ksizes", sizes), ("strides", strides), ("rates", rates)):
        if len(values) != 4 or values[0] != 1 or values[3] != 1:
            raise ValueError(f"'{name}' must be [1, rows, cols, 1], but is {values}.")
    rows, cols = (
        None
        if dims[i] is None
        else _along(dims[i] or 0, sizes[i], strides[i], rates[i], op.attrs["padding"])[0]
        for i in (1, 2)
    )
    return [(dims[0], rows, cols, None if dims[3] is None else dims[3] * sizes[1] * sizes[2])]


def _places(shape: Sequence[int], op: Operation) -> tuple[Array, Array]:
    """For each patch and each of its pixels the pixel's number in the image, and whether it lies in the image."""
    sizes, strides, rates, padding = (op.attrs[name] for name in ("ksizes", "strides", "rates", "padding"))
    along: list[Any] = []
    for axis in (1, 2):
        count, start = _along(shape[axis], sizes[axis], strides[axis], rates[axis], padding)
        along.append(
            start + np.arange(count)[:, None] * strides[axis] + np.arange(sizes[axis])[None, :] * rates[axis]
        )
    rows, cols = along[0][:, None, :, None], along[1][None, :, None, :]
    inside = (rows >= 0) & (rows < shape[1]) & (cols >= 0) & (cols < shape[2])
    return np.where(inside, rows * shape[2] + cols, 0), inside


def _patches(xp: Namespace, images: Array, *, op: Operation) -> Array:
    n, h, w, c = images.shape
    places, inside = _places(images.shape, op)
    taken = xp.reshape(images, (n, h * w, c))[:, places]
    zero = xp.zeros((), images.dtype)
    return xp.reshape(xp.where(inside[..., None], taken, zero), (n, *places.shape[:2], -1))


def _patches_gradient(op: Operation, grad: Tensor) -> list[Any]:
    """Add each pixel of a patch up at the pixel of the image that it was taken from."""
    images = op.inputs[0]
    shape = images.shape
    if not shape[1:].is_fully_defined() or shape.plain is None:
        raise LookupError(
            f"The gradient of {op.name!r} needs images of known height, width and depth, not {shape}."
        )
    h, w, c = (d or 0 for d in shape.plain[1:])
    places, inside = _places((0, h, w, c), op)
    batch = apply("StridedSlice", apply("Shape", images), [0], [1], [1], shrink_axis_mask=1)
    pixels = apply("Reshape", grad, apply("Pack", [batch, places.size, c]))
    rows = apply("Transpose", pixels, [1, 0, 2])
    kept = apply("GatherV2", rows, np.flatnonzero(inside.reshape(-1)).astype(np.int32), 0)
    targets = places.reshape(-1)[inside.reshape(-1)].astype(np.int32)
    summed = apply("UnsortedSegmentSum", kept, targets, np.asarray(h * w, np.int32))
    return [apply("Reshape", apply("Transpose", summed, [1, 0, 2]), apply("Shape", images))]


register(
    "ExtractImagePatches", "images: T -> patches: T", attrs=_PATCH_ATTRS, shape=_patches_shape, compute=_patches,
    gradient=_patches_gradient,
)  # fmt: skip


def extract_image_patches(
    images: Any, ksizes: Any = None, strides: Any = None, rates: Any = None, padding: Any = None,
    name: str | None = None, sizes: Any = None,
) -> Tensor:  # fmt: skip
    """Patches of images, laid out in the depth.

    Args:
        images: a tensor of shape [batch, height, width, depth].
        ksizes: [1, rows, cols, 1], the patches' size.
        strides: [1, rows, cols, 1], the distance between patches.
        rates: [1, rows, cols, 1], the distance between the pixels of a patch.
        padding: ``SAME`` (zeros around the image) or ``VALID``.
        name: the operation's name.
        sizes: the newer name of ``ksizes``.

    Returns:
        A tensor of shape [batch, rows of patches, columns of patches, patch rows * patch columns * depth].

    Raises:
        ValueError: if a list is not of the form [1, rows, cols, 1].

    Source: TensorFlow 1's ``tf.extract_image_patches``.
    """
    return apply(
        "ExtractImagePatches", images, ksizes=sizes if ksizes is None else ksizes, strides=strides,
        rates=[1, 1, 1, 1] if rates is None else rates, padding=padding, name=name,
    )  # fmt: skip
