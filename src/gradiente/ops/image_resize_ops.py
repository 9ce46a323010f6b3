"""The ops that resize images, and their gradients: ResizeBilinear, ResizeNearestNeighbor, ResizeBicubic, ResizeArea."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import FLOATS, float32, float64, int8, int16, int32, int64, uint8, uint16
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops import image_sampling as sampling
from gradiente.ops.image_sampling import Grid

_IMAGES = (int8, uint8, int16, uint16, int32, int64, *FLOATS)
_ATTRS: dict[str, Any] = {"align_corners": False, "half_pixel_centers": False}


def _resized_shape(op: Operation) -> list[Any]:
    if op.attrs.get("half_pixel_centers") and op.attrs["align_corners"]:
        raise ValueError("If half_pixel_centers is True, align_corners must be False.")
    images = op.inputs[0].shape.with_rank(4)
    op.inputs[1].shape.with_rank(1).assert_is_compatible_with((2,))
    size = constant_value(op.inputs[1])
    if size is not None and min(size) <= 0:
        raise ValueError(f"The new size must be positive, not {list(map(int, size))}.")
    height, width = (None, None) if size is None else (int(size[0]), int(size[1]))
    batch, channels = (None, None) if images.plain is None else (images.plain[0], images.plain[3])
    return [(batch, height, width, channels)]


def _grids(shape: Any, size: Any, align_corners: bool, half_pixel_centers: bool) -> tuple[Grid, Grid]:
    return (
        Grid(int(shape[1]), int(size[0]), align_corners, half_pixel_centers),
        Grid(int(shape[2]), int(size[1]), align_corners, half_pixel_centers),
    )


def _along(xp: Namespace, images: Array, rows: Array, columns: Array) -> Array:
    """A matrix applied to the rows and one to the columns of images, in float32."""
    batch, height, width, channels = images.shape
    tall = xp.matmul(rows, images.astype(np.float32).reshape(batch, height, width * channels))
    each_row = tall.reshape(batch * rows.shape[0], width, channels)
    return xp.matmul(columns, each_row).reshape(batch, rows.shape[0], columns.shape[0], channels)


# ResizeBilinear


def _bilinear(
    xp: Namespace, images: Array, size: Array, *, align_corners: bool, half_pixel_centers: bool
) -> Array:
    rows, columns = _grids(images.shape, size, align_corners, half_pixel_centers)
    top, bottom, down = sampling.linear(rows)
    left, right, across = sampling.linear(columns)

    def widened(part: Array) -> Array:
        first, second = part[:, :, left].astype(np.float32), part[:, :, right].astype(np.float32)
        return first + (second - first) * across[None, None, :, None]

    if 2 * len(top) < images.shape[1]:
        upper, lower = widened(images[:, top]), widened(images[:, bottom])
    else:
        wide = widened(images)
        upper, lower = wide[:, top], wide[:, bottom]
    return xp.asarray(upper + (lower - upper) * down[None, :, None, None])


def _hands_back(grad_type: str) -> Callable[[Operation, Tensor], list[Any]]:
    def gradient(op: Operation, grad: Tensor) -> list[Any]:
        return [apply(grad_type, grad, op.inputs[0], **_attrs(op)), None]

    return gradient


def _attrs(op: Operation) -> dict[str, Any]:
    return {key: op.attrs[key] for key in _ATTRS}


def _again(resize_type: str) -> Callable[[Operation, Tensor], list[Any]]:
    """The gradient of a gradient op, which is linear: the resizing itself."""

    def gradient(op: Operation, grad: Tensor) -> list[Any]:
        size = apply("StridedSlice", apply("Shape", op.inputs[0]), [1], [3], [1])
        return [apply(resize_type, grad, size, **_attrs(op)), None]

    return gradient


def _transposed(matrix: Callable[[Grid], Array]) -> Callable[..., Array]:
    def compute(
        xp: Namespace, grads: Array, original_image: Array, *, align_corners: bool, half_pixel_centers: bool
    ) -> Array:
        size = grads.shape[1:3]
        rows, columns = _grids(original_image.shape, size, align_corners, half_pixel_centers)
        return _along(xp, grads, matrix(rows).T, matrix(columns).T).astype(original_image.dtype)

    return compute


def _original_shape(op: Operation) -> list[Any]:
    return [op.inputs[1].shape]


register(
    "ResizeBilinear", "images: T, size: int32 -> resized_images: float32", attrs=_ATTRS, types={"T": _IMAGES},
    shape=_resized_shape, compute=_bilinear, static=("size",), gradient=_hands_back("ResizeBilinearGrad"),
)  # fmt: skip
register(
    "ResizeBilinearGrad", "grads: float32, original_image: T -> output: T", attrs=_ATTRS, types={"T": _IMAGES},
    shape=_original_shape, compute=_transposed(sampling.linear_matrix), gradient=_again("ResizeBilinear"),
)  # fmt: skip

# ResizeBicubic


def _bicubic(
    xp: Namespace, images: Array, size: Array, *, align_corners: bool, half_pixel_centers: bool
) -> Array:
    rows, columns = _grids(images.shape, size, align_corners, half_pixel_centers)
    at, weights = sampling.cubic(rows)
    tall: Array = sum(
        images[:, at[:, k]].astype(np.float32) * weights[:, k][None, :, None, None] for k in range(4)
    )
    at, weights = sampling.cubic(columns)
    return xp.asarray(sum(tall[:, :, at[:, k]] * weights[:, k][None, None, :, None] for k in range(4)))


register(
    "ResizeBicubic", "images: T, size: int32 -> resized_images: float32", attrs=_ATTRS, types={"T": _IMAGES},
    shape=_resized_shape, compute=_bicubic, static=("size",), gradient=_hands_back("ResizeBicubicGrad"),
)  # fmt: skip
register(
    "ResizeBicubicGrad", "grads: float32, original_image: T -> output: T", attrs=_ATTRS,
    types={"T": (float32, float64)}, shape=_original_shape, compute=_transposed(sampling.cubic_matrix),
    gradient=_again("ResizeBicubic"),
)  # fmt: skip

# ResizeNearestNeighbor


def _nearest(
    xp: Namespace, images: Array, size: Array, *, align_corners: bool, half_pixel_centers: bool
) -> Array:
    rows, columns = _grids(images.shape, size, align_corners, half_pixel_centers)
    return xp.asarray(images[:, sampling.nearest(rows)][:, :, sampling.nearest(columns)])


def _nearest_gradient(op: Operation, grad: Tensor) -> list[Any]:
    size = apply("StridedSlice", apply("Shape", op.inputs[0]), [1], [3], [1])
    return [apply("ResizeNearestNeighborGrad", grad, size, **_attrs(op)), None]


def _nearest_grad(
    xp: Namespace, grads: Array, size: Array, *, align_corners: bool, half_pixel_centers: bool
) -> Array:
    shape = (0, int(size[0]), int(size[1]))
    rows, columns = _grids(shape, grads.shape[1:3], align_corners, half_pixel_centers)
    kind = grads.dtype
    tall = xp.einsum("oi,nojc->nijc", sampling.nearest_matrix(rows).astype(kind), grads)
    return xp.einsum("oj,nioc->nijc", sampling.nearest_matrix(columns).astype(kind), tall).astype(kind)


register(
    "ResizeNearestNeighbor", "images: T, size: int32 -> resized_images: T", attrs=_ATTRS, types={"T": _IMAGES},
    shape=_resized_shape, compute=_nearest, static=("size",), gradient=_nearest_gradient,
)  # fmt: skip
register(
    "ResizeNearestNeighborGrad", "grads: T, size: int32 -> output: T", attrs=_ATTRS,
    types={"T": (uint8, int8, int32, *FLOATS)}, shape=_resized_shape, compute=_nearest_grad, static=("size",),
    gradient=_again("ResizeNearestNeighbor"),
)  # fmt: skip

# ResizeArea


def _area(xp: Namespace, images: Array, size: Array, *, align_corners: bool) -> Array:
    rows, columns = _grids(images.shape, size, align_corners, False)
    return _along(xp, images, sampling.area(rows), sampling.area(columns))


register(
    "ResizeArea", "images: T, size: int32 -> resized_images: float32", attrs={"align_corners": False},
    types={"T": _IMAGES}, shape=_resized_shape, compute=_area, static=("size",), gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
