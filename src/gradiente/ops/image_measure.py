"""Numbers about images: differences between neighbouring pixels, and how alike two images are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import float32
from gradiente.graph.operation import Tensor
from gradiente.ops.image_convert import convert_image_dtype


def _difference(images: Tensor, axis: int) -> Tensor:
    """Each pixel but the first minus the one before it, along an axis counted from the end."""
    rank = images.shape.ndims or 4
    begin, end = np.zeros(rank, np.int32), np.zeros(rank, np.int32)
    later, earlier = begin.copy(), end.copy()
    later[axis] = 1
    earlier[axis] = -1
    strides = np.ones(rank, np.int32)
    all_ends = (1 << rank) - 1
    others = all_ends & ~(1 << (rank + axis))
    after = apply("StridedSlice", images, later, end, strides, begin_mask=0, end_mask=all_ends)
    before = apply("StridedSlice", images, begin, earlier, strides, begin_mask=0, end_mask=others)
    return apply("Sub", after, before)


def total_variation(images: Any, name: str | None = None) -> Tensor:
    """The sum of the absolute differences of neighbouring pixels: how noisy an image is.

    Args:
        images: ``[batch, height, width, channels]`` or ``[height, width, channels]``.
        name: the name of the operations.

    Returns:
        A vector with a number for each image, or a scalar.

    Raises:
        ValueError: if the rank is neither 3 nor 4.

    Source: Rudin, Osher, Fatemi 1992.
    """
    with name_scope(name, "total_variation"):
        tensor = convert_to_tensor(images)
        if tensor.shape.ndims not in (3, 4):
            raise ValueError(f"'images' must be either 3 or 4-dimensional, not of shape {tensor.shape}.")
        parts = [
            apply("Sum", apply("Abs", _difference(tensor, axis)), [-3, -2, -1], keep_dims=False)
            for axis in (-3, -2)
        ]
        return apply("AddV2", parts[0], parts[1])


def image_gradients(image: Any) -> tuple[Tensor, Tensor]:
    """The differences of each pixel to the one below it and to the one to its right; 0 at the last row and column.

    Args:
        image: ``[batch, height, width, channels]``.

    Returns:
        ``(dy, dx)``, of the shape of ``image``.

    Raises:
        ValueError: if the rank is not 4.
    """
    tensor = convert_to_tensor(image)
    if tensor.shape.ndims != 4:
        raise ValueError(
            f"image_gradients expects a 4D tensor [batch_size, h, w, d], not shape {tensor.shape}."
        )
    down = apply("Pad", _difference(tensor, -3), [[0, 0], [0, 1], [0, 0], [0, 0]])
    right = apply("Pad", _difference(tensor, -2), [[0, 0], [0, 0], [0, 1], [0, 0]])
    return down, right


_SOBEL = np.array([[[-1, -2, -1], [0, 0, 0], [1, 2, 1]], [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]], np.float32)


def sobel_edges(image: Any) -> Tensor:
    """The strength of edges: the Sobel filters, with the image's border mirrored.

    Args:
        image: ``[batch, height, width, channels]``, floating-point, of known channels.

    Returns:
        ``[batch, height, width, channels, 2]``: the change from row to row, then from column to column.

    Source: Sobel and Feldman 1968.
    """
    tensor = convert_to_tensor(image)
    channels = tensor.shape.with_rank(4).as_list()[3]
    if channels is None:
        raise ValueError(f"The number of channels must be known, but the shape is {tensor.shape}.")
    kernels = np.tile(np.moveaxis(_SOBEL, 0, -1)[:, :, None, :], (1, 1, channels, 1))
    padded = apply("MirrorPad", tensor, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT")
    edges = apply(
        "DepthwiseConv2dNative", padded, kernels.astype(tensor.dtype.base_dtype.np), strides=[1, 1, 1, 1],
        padding="VALID",
    )  # fmt: skip
    return apply("Reshape", edges, apply("ConcatV2", [apply("Shape", tensor), [2]], 0))


def _pair(a: Any, b: Any, max_val: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Two images and the range of their values, as float32."""
    first, second = convert_to_tensor(a, name="a"), convert_to_tensor(b, name="b")
    if first.dtype.base_dtype is not second.dtype.base_dtype:
        raise TypeError(
            f"The images have types {first.dtype.name} and {second.dtype.name}; convert one of them."
        )
    if not first.shape.is_compatible_with(second.shape):
        raise ValueError(f"The images must have one shape, not {first.shape} and {second.shape}.")
    value = convert_to_tensor(max_val, dtype=None if isinstance(max_val, Tensor) else first.dtype.base_dtype)
    return (
        convert_image_dtype(first, float32), convert_image_dtype(second, float32), convert_image_dtype(value, float32),
    )  # fmt: skip


def psnr(a: Any, b: Any, max_val: Any, name: str | None = None) -> Tensor:
    """The peak signal-to-noise ratio: 20·log₁₀(max_val) − 10·log₁₀(mean((a − b)²)), in decibels.

    Args:
        a: images ``[..., height, width, channels]``.
        b: images of the same shape and type.
        max_val: the difference between the largest and the smallest possible value (255 for uint8).
        name: the name of the operations.

    Returns:
        float32 ``[...]``; infinite for equal images.

    Source: TensorFlow 1's ``tf.image.psnr``.
    """
    with name_scope(name, "PSNR", [a, b]) as scope:
        first, second, largest = _pair(a, b, max_val)
        error = apply("Mean", apply("SquaredDifference", first, second), [-3, -2, -1], keep_dims=False)
        peak = apply("Mul", apply("Log", largest), 20 / math.log(10))
        return apply("Sub", peak, apply("Mul", apply("Log", error), 10 / math.log(10)), name=scope)


def ssim(
    a: Any,
    b: Any,
    max_val: Any,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
) -> Tensor:
    """The structural similarity of images: 1 for equal ones.

    Args:
        a: images ``[..., height, width, channels]``, at least ``filter_size`` large.
        b: images of the same shape and type.
        max_val: the difference between the largest and the smallest possible value (255 for uint8).
        filter_size: the size of the Gaussian window.
        filter_sigma: its width.
        k1: the constant of the luminance.
        k2: the constant of the contrast.

    Returns:
        float32 ``[...]``.

    Source: Wang, Bovik, Sheikh, Simoncelli 2004.
    """
    with name_scope(None, "SSIM", [a, b]):
        first, second, largest = _pair(a, b, max_val)
        kernel = _gaussian(filter_size, filter_sigma, first.shape.as_list()[-1])
        c1, c2 = (apply("Square", apply("Mul", largest, k)) for k in (k1, k2))
        mean_a, mean_b = _blurred(first, kernel), _blurred(second, kernel)
        product = apply("Mul", apply("Mul", mean_a, mean_b), 2.0)
        squares = apply("AddV2", apply("Square", mean_a), apply("Square", mean_b))
        luminance = apply("RealDiv", apply("AddV2", product, c1), apply("AddV2", squares, c1))
        both = apply("Mul", _blurred(apply("Mul", first, second), kernel), 2.0)
        sums = _blurred(apply("AddV2", apply("Square", first), apply("Square", second)), kernel)
        contrast = apply(
            "RealDiv", apply("AddV2", apply("Sub", both, product), c2),
            apply("AddV2", apply("Sub", sums, squares), c2),
        )  # fmt: skip
        values = apply("Mean", apply("Mul", luminance, contrast), [-3, -2], keep_dims=False)
        return apply("Mean", values, [-1], keep_dims=False)


def _gaussian(size: int, sigma: float, channels: int | None) -> Any:
    if channels is None:
        raise ValueError("The number of channels of the images must be known.")
    at = np.arange(size, dtype=np.float64) - (size - 1) / 2
    line = -0.5 * np.square(at) / sigma**2
    window = np.exp(line[:, None] + line[None, :])
    return np.tile((window / window.sum())[:, :, None, None], (1, 1, channels, 1)).astype(np.float32)


def _blurred(images: Tensor, kernel: Any) -> Tensor:
    """Images under a window that stays inside them."""
    shape = apply("Shape", images)
    flat = apply(
        "Reshape",
        images,
        apply("ConcatV2", [[-1], apply("StridedSlice", shape, [-3], [0], [1], end_mask=1)], 0),
    )
    flat.set_shape([None, *images.shape.as_list()[-3:]])
    blurred = apply("DepthwiseConv2dNative", flat, kernel, strides=[1, 1, 1, 1], padding="VALID")
    outer = apply("StridedSlice", shape, [0], [-3], [1], begin_mask=1)
    inner = apply("StridedSlice", apply("Shape", blurred), [1], [0], [1], end_mask=1)
    return apply("Reshape", blurred, apply("ConcatV2", [outer, inner], 0))
