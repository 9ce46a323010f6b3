"""Images: sizes, colours, flips, crops and boxes. TensorFlow's own values are in ``tests/golden/input.npz`` too."""

from __future__ import annotations

import colorsys
from typing import Any

import numpy as np
from tests.ops.harness import Case, F, I, U

_SMALL = ("float32",)
_TABLE = (
    "TensorFlow's kernel is a table of 1024 steps, so that its values, and no formula's, are the reference"
)
_MAPS = np.array(
    [
        [1, 0, 1, 0, 1, -1, 0, 0],
        [0.9, 0.3, -1.2, -0.2, 1.1, 0.4, 0, 0],
        [1.2, 0, 0.3, 0.1, 0.8, 2, 0.02, 0.01],
    ],
    np.float32,
)
_BOXES = np.array([[0, 0, 1, 1], [0.2, 0.1, 0.7, 0.9], [0.9, 0.1, 0.2, 0.5]], np.float32)


def _positions(size: int, count: int, corners: bool) -> Any:
    return np.arange(count) * ((size - 1) / (count - 1) if corners else size / count)


def _bilinear(x: Any, height: int, width: int, corners: bool) -> Any:
    """Each pixel by itself, from the formula."""
    out = np.zeros((len(x), height, width, x.shape[3]))
    for i, at_row in enumerate(_positions(x.shape[1], height, corners)):
        for j, at_column in enumerate(_positions(x.shape[2], width, corners)):
            r, c = min(int(at_row + 1e-6), x.shape[1] - 1), min(int(at_column + 1e-6), x.shape[2] - 1)
            down, across = at_row - r, at_column - c
            r2, c2 = min(r + 1, x.shape[1] - 1), min(c + 1, x.shape[2] - 1)
            upper = (1 - across) * x[:, r, c] + across * x[:, r, c2]
            lower = (1 - across) * x[:, r2, c] + across * x[:, r2, c2]
            out[:, i, j] = (1 - down) * upper + down * lower
    return out.astype(np.float32)


def _nearest(x: Any, height: int, width: int) -> Any:
    rows = np.floor(_positions(x.shape[1], height, False) + 1e-6).astype(int)
    columns = np.floor(_positions(x.shape[2], width, False) + 1e-6).astype(int)
    return x[:, rows][:, :, columns]


def _mapped(x: Any, maps: Any, order: int, mode: str) -> Any:
    """SciPy's sampling; its modes have other names."""
    from scipy.ndimage import map_coordinates

    mode = {"CONSTANT": "constant", "NEAREST": "nearest", "REFLECT": "reflect"}[mode]
    row, column = np.mgrid[: x.shape[1], : x.shape[2]].astype(np.float64)
    out = np.zeros(x.shape)
    for i, a in enumerate(np.resize(maps.astype(np.float64), (len(x), 8))):
        below = a[6] * column + a[7] * row + 1
        at = (a[3] * column + a[4] * row + a[5]) / below, (a[0] * column + a[1] * row + a[2]) / below
        for c in range(x.shape[3]):
            out[i, ..., c] = map_coordinates(x[i, ..., c].astype(np.float64), at, order=order, mode=mode)
    return out.astype(x.dtype)


def _transform_of(tf: Any) -> Any:
    """The function, by the name that each library has it under."""
    if hasattr(tf.image, "projective_transform"):
        return lambda x, maps, mode: tf.image.projective_transform(x, maps, "BILINEAR", fill_mode=mode)
    return lambda x, maps, mode: tf.raw_ops.ImageProjectiveTransformV3(
        images=x,
        transforms=maps,
        output_shape=[6, 7],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode=mode,
    )


def _blocks(x: Any, size: int) -> Any:
    n, h, w, c = x.shape
    return x.reshape(n, h // size, size, w // size, size, c).mean(axis=(2, 4)).astype(np.float32)


def _colours(x: Any, change: Any) -> Any:
    flat = [change(*pixel) for pixel in x.reshape(-1, 3).astype(np.float64)]
    return np.array(flat).reshape(x.shape).astype(x.dtype)


def _contrast(x: Any) -> Any:
    mean = x.mean(axis=(1, 2), keepdims=True)
    return (x - mean) * 1.5 + mean


def _standardized(x: Any) -> Any:
    x = x.astype(np.float32)
    axes = (1, 2, 3)
    deviation = np.maximum(x.std(axis=axes, keepdims=True), 1 / np.sqrt(x[0].size))
    return (x - x.mean(axis=axes, keepdims=True)) / deviation


def _unit_image(*shape: int) -> Any:
    return np.random.default_rng(5).uniform(0.05, 0.95, shape)


CASES = [
    *(
        Case(
            "ResizeBilinear",
            lambda tf, x, s=size, c=corners: tf.image.resize_bilinear(x, s, align_corners=c),
            [F(2, 4, 5, 3)],
            lambda x, s=size, c=corners: _bilinear(x, *s, c),
            grad=False,
            dtypes=_SMALL,
            name=f"{size[0]}x{size[1]}-{corners}",
        )
        for size in ([7, 9], [3, 2])
        for corners in (False, True)
    ),
    Case(
        ("ResizeBilinearGrad", "ResizeBilinear"),
        lambda tf, x, w: tf.gradients(tf.reduce_sum(tf.image.resize_bilinear(x, [7, 4]) * w), x)[0],
        [F(2, 4, 5, 3), F(2, 7, 4, 3)],
        grad=False,
        dtypes=_SMALL,
        note="checked as the adjoint in test_image_ops",
    ),
    Case(
        ("ResizeNearestNeighbor", "ResizeNearestNeighborGrad"),
        lambda tf, x: tf.image.resize_nearest_neighbor(x, [7, 3]),
        [F(2, 4, 5, 3)],
        lambda x: _nearest(x, 7, 3),
    ),
    Case(
        "ResizeNearestNeighbor",
        lambda tf, x: tf.image.resize_nearest_neighbor(x, [7, 3]),
        [I(0, 9, 2, 4, 5, 3)],
        lambda x: _nearest(x, 7, 3),
        name="int",
    ),
    Case(
        "ResizeBicubic",
        lambda tf, x: tf.image.resize_bicubic(x, [7, 3]),
        [F(2, 4, 5, 3)],
        grad=False,
        dtypes=_SMALL,
        note=_TABLE,
    ),
    Case(
        ("ResizeBicubicGrad", "ResizeBicubic"),
        lambda tf, x, w: tf.gradients(tf.reduce_sum(tf.image.resize_bicubic(x, [7, 4]) * w), x)[0],
        [F(2, 4, 5, 3), F(2, 7, 4, 3)],
        grad=False,
        dtypes=_SMALL,
        note=_TABLE,
    ),
    Case(
        "ResizeArea",
        lambda tf, x: tf.image.resize_area(x, [2, 3]),
        [F(2, 4, 6, 3)],
        lambda x: _blocks(x, 2),
        grad=False,
        dtypes=_SMALL,
    ),
    Case(
        "AdjustContrastv2",
        lambda tf, x: tf.image.adjust_contrast(x, 1.5),
        [U(2, 4, 5, 3)],
        _contrast,
        dtypes=_SMALL,
    ),
    Case(
        "RGBToHSV",
        lambda tf, x: tf.image.rgb_to_hsv(x),
        [_unit_image(2, 4, 5, 3)],
        lambda x: _colours(x, colorsys.rgb_to_hsv),
        grad=False,
    ),
    Case(
        "HSVToRGB",
        lambda tf, x: tf.image.hsv_to_rgb(x),
        [_unit_image(2, 4, 5, 3)],
        lambda x: _colours(x, colorsys.hsv_to_rgb),
        grad=False,
    ),
    Case(
        "AdjustHue",
        lambda tf, x: tf.image.adjust_hue(x, 0.4),
        [_unit_image(2, 4, 5, 3)],
        lambda x: _colours(x, lambda r, g, b: _turned(r, g, b, 0.4, 1.0)),
        grad=False,
        dtypes=_SMALL,
    ),
    Case(
        "AdjustSaturation",
        lambda tf, x: tf.image.adjust_saturation(x, 0.6),
        [_unit_image(2, 4, 5, 3)],
        lambda x: _colours(x, lambda r, g, b: _turned(r, g, b, 0.0, 0.6)),
        grad=False,
        dtypes=_SMALL,
    ),
    Case(
        ("Sub", "RealDiv"),
        lambda tf, x: tf.image.per_image_standardization(x),
        [F(2, 4, 5, 3)],
        _standardized,
        grad=False,
        dtypes=_SMALL,
        name="per_image_standardization",
    ),
    Case(
        "CropAndResize",
        lambda tf, x: tf.image.crop_and_resize(x, _BOXES, [0, 1, 1], [3, 3]),
        [F(2, 5, 5, 3)],
        grad=False,
        dtypes=_SMALL,
        note="its values are in the golden file",
    ),
    *[
        Case(
            "ImageProjectiveTransformV3",
            lambda tf, x, mode=mode: _transform_of(tf)(x, _MAPS, mode),
            [F(3, 6, 7, 2)],
            lambda x, mode=mode: _mapped(x, _MAPS, 1, mode),
            grad=False,
            dtypes=_SMALL,
            name=f"transform_{mode.lower()}",
        )
        for mode in ("NEAREST", "REFLECT")
    ],
    Case(
        "NonMaxSuppressionV3",
        lambda tf, b, s: tf.image.non_max_suppression(b, s, 3, 0.4),
        [
            np.array([[0, 0, 2, 2], [0, 0, 2, 1.9], [3, 3, 4, 4], [0, 1, 2, 3]], np.float32),
            np.array([0.5, 0.9, 0.1, 0.8], np.float32),
        ],
        lambda b, s: np.array([1, 3, 2], np.int32),
        grad=False,
        dtypes=_SMALL,
    ),
    Case(
        "DrawBoundingBoxesV2",
        lambda tf, x: tf.image.draw_bounding_boxes(x, [[[0.0, 0.0, 1.0, 1.0]]]),
        [np.zeros((1, 3, 3, 3), np.float32)],
        lambda x: _framed(),
        grad=False,
        dtypes=_SMALL,
    ),
]


def _turned(r: float, g: float, b: float, turn: float, factor: float) -> tuple[float, float, float]:
    hue, saturation, value = colorsys.rgb_to_hsv(r, g, b)
    return colorsys.hsv_to_rgb((hue + turn) % 1, saturation * factor, value)


def _framed() -> Any:
    image = np.zeros((1, 3, 3, 3), np.float32)
    image[:] = [1, 1, 0]
    image[:, 1, 1] = 0
    return image
