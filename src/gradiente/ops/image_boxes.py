"""Boxes in images: drawing them, cutting them out, choosing among them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import FLOATS, float32, int8, int16, int32, int64, uint8, uint16
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.types import Array, Namespace

_IMAGES = (uint8, uint16, int8, int16, int32, int64, *FLOATS)

# CropAndResize


def _crop_shape(op: Operation) -> list[Any]:
    image, boxes = op.inputs[0].shape.with_rank(4), op.inputs[1].shape.with_rank(2)
    op.inputs[2].shape.with_rank(1)
    size = constant_value(op.inputs[3])
    height, width = (None, None) if size is None else (int(size[0]), int(size[1]))
    count = None if boxes.plain is None else boxes.plain[0]
    return [(count, height, width, None if image.plain is None else image.plain[3])]


def _sampled(xp: Namespace, start: Array, end: Array, size: int, count: int) -> Array:
    """The places on an input axis of ``size`` pixels at which boxes look: ``[boxes, count]``."""
    last = np.float32(size - 1)
    if count > 1:
        step = (end - start) * last / np.float32(count - 1)
        return start[:, None] * last + xp.arange(count, dtype=np.float32)[None] * step[:, None]
    return xp.float32(0.5) * (start + end)[:, None] * last


def _crop_and_resize(
    xp: Namespace, image: Array, boxes: Array, box_ind: Array, crop_size: Array, *, method: str,
    extrapolation_value: float, ctx: Any,
) -> Array:  # fmt: skip
    _, height, width, _ = image.shape
    inside = (box_ind >= 0) & (box_ind < image.shape[0])
    ctx.check(xp.all(inside), f"box_ind has values outside [0, {image.shape[0]}), the images of the batch.")
    rows = _sampled(xp, boxes[:, 0], boxes[:, 2], height, int(crop_size[0]))
    columns = _sampled(xp, boxes[:, 1], boxes[:, 3], width, int(crop_size[1]))
    which = xp.where(inside, box_ind, 0)[:, None, None]
    valid = ((rows >= 0) & (rows <= height - 1))[:, :, None] & ((columns >= 0) & (columns <= width - 1))[
        :, None, :
    ]

    def pixels(at_row: Array, at_column: Array) -> Array:
        row = xp.clip(at_row.astype(np.int32), 0, height - 1)[:, :, None]
        column = xp.clip(at_column.astype(np.int32), 0, width - 1)[:, None, :]
        return image[which, row, column].astype(np.float32)

    if method == "nearest":
        values = pixels(xp.floor(rows + np.float32(0.5)), xp.floor(columns + np.float32(0.5)))
    else:
        top, left = xp.floor(rows), xp.floor(columns)
        down, across = (rows - top)[:, :, None, None], (columns - left)[:, None, :, None]
        bottom, right = xp.ceil(rows), xp.ceil(columns)
        upper = pixels(top, left) + (pixels(top, right) - pixels(top, left)) * across
        lower = pixels(bottom, left) + (pixels(bottom, right) - pixels(bottom, left)) * across
        values = upper + (lower - upper) * down
    return xp.where(valid[..., None], values, np.float32(extrapolation_value)).astype(np.float32)


register(
    "CropAndResize", "image: T, boxes: float32, box_ind: int32, crop_size: int32 -> crops: float32",
    attrs={"method": attr("string", "bilinear", ("bilinear", "nearest")), "extrapolation_value": 0.0},
    types={"T": _IMAGES}, shape=_crop_shape, compute=_crop_and_resize, static=("crop_size",), checks=True,
)  # fmt: skip


def crop_and_resize(
    image: Any, boxes: Any, box_ind: Any = None, crop_size: Any = None, method: str = "bilinear",
    extrapolation_value: float = 0, name: str | None = None, box_indices: Any = None,
) -> Tensor:  # fmt: skip
    """Boxes cut out of images and made one size.

    Args:
        image: ``[batch, height, width, channels]``.
        boxes: float32 ``[n, 4]``: y1, x1, y2, x2, where 0 and 1 are the first and the last pixel; y1 > y2 mirrors.
        box_ind: int32 ``[n]``: the image that each box is in.
        crop_size: the height and width of the results.
        method: ``"bilinear"`` or ``"nearest"``.
        extrapolation_value: what stands for pixels outside the image.
        name: the operation's name.
        box_indices: the newer name of ``box_ind``.

    Returns:
        float32 ``[n, crop height, crop width, channels]``.

    Source: TensorFlow 1's ``tf.image.crop_and_resize``.
    """
    return apply(
        "CropAndResize", image, boxes, box_ind if box_indices is None else box_indices, crop_size, method=method,
        extrapolation_value=extrapolation_value, name=name,
    )  # fmt: skip


# NonMaxSuppressionV3


def _suppressed(
    xp: Namespace, boxes: Array, scores: Array, max_output_size: Array, iou_threshold: Array, score_threshold: Array,
    *, op: Operation,
) -> Array:  # fmt: skip
    del xp
    limit = float(iou_threshold)
    if not 0 <= limit <= 1:
        raise InvalidArgumentError(None, op, f"iou_threshold must be in [0, 1], not {limit}.")
    low, high = np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])
    areas = np.prod(high - low, axis=1)
    order = np.argsort(-scores, kind="stable")
    chosen: list[int] = []
    for i in order[scores[order] > score_threshold]:
        if len(chosen) >= int(max_output_size):
            break
        others = np.array(chosen, np.int64)
        shared = np.minimum(high[i], high[others]) - np.maximum(low[i], low[others])
        overlap = np.prod(np.maximum(shared, 0), axis=1)
        union = areas[i] + areas[others] - overlap
        ratio = np.where((areas[i] > 0) & (areas[others] > 0), overlap / np.where(union > 0, union, 1), 0)
        if not (ratio > limit).any():
            chosen.append(int(i))
    return np.array(chosen, np.int32)


register(
    "NonMaxSuppressionV3",
    "boxes: T, scores: T, max_output_size: int32, iou_threshold: T_threshold, score_threshold: T_threshold "
    "-> selected_indices: int32",
    attrs={"T": attr("type", float32, FLOATS), "T_threshold": attr("type", float32, FLOATS)},
    shape=lambda op: [(None,)], host=_suppressed, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def non_max_suppression(
    boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any = 0.5, score_threshold: Any = float("-inf"),
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """The boxes of the highest scores that overlap little with one another.

    Args:
        boxes: ``[n, 4]``: two opposite corners, y1, x1, y2, x2.
        scores: ``[n]``.
        max_output_size: the most boxes to choose.
        iou_threshold: the largest intersection over union with a box of a higher score.
        score_threshold: the score that a box must exceed.
        name: the operation's name.

    Returns:
        int32: the indices of the chosen boxes, the highest score first.

    Source: TensorFlow 1's ``tf.image.non_max_suppression``.
    """
    return apply(
        "NonMaxSuppressionV3", boxes, scores, max_output_size, iou_threshold, score_threshold,
        name=name or "non_max_suppression",
    )  # fmt: skip


# DrawBoundingBoxesV2

_COLOURS = np.array(
    [[1, 1, 0, 1], [0, 0, 1, 1], [1, 0, 0, 1], [0, 1, 0, 1], [0.5, 0, 0.5, 1], [0.5, 0.5, 0, 1], [0.5, 0, 0, 1],
     [0, 0, 0.5, 1], [0, 1, 1, 1], [1, 0, 1, 1]], np.float32,
)  # fmt: skip


def _drawn(xp: Namespace, images: Array, boxes: Array, colors: Array, *, op: Operation) -> Array:
    del xp
    result = np.array(images)
    _, height, width, depth = images.shape
    palette = np.array(colors if colors.size else _COLOURS, np.float32)
    if colors.size and palette.shape[1] < depth:
        raise InvalidArgumentError(None, op, f"colors have {palette.shape[1]} channels, the images {depth}.")
    if depth == 1:
        palette[:] = 1
    for image, mine in zip(result, boxes, strict=True):
        for number, box in enumerate(mine):
            colour = palette[number % len(palette), :depth]
            y1, y2 = int(np.float32(box[0]) * (height - 1)), int(np.float32(box[2]) * (height - 1))
            x1, x2 = int(np.float32(box[1]) * (width - 1)), int(np.float32(box[3]) * (width - 1))
            if y1 > y2 or x1 > x2 or y1 >= height or x1 >= width or y2 < 0 or x2 < 0:
                continue
            rows, columns = (
                slice(max(y1, 0), min(y2, height - 1) + 1),
                slice(max(x1, 0), min(x2, width - 1) + 1),
            )
            for row in (y1, y2):
                if 0 <= row < height:
                    image[row, columns] = colour
            for column in (x1, x2):
                if 0 <= column < width:
                    image[rows, column] = colour
    return result


register(
    "DrawBoundingBoxesV2", "images: T, boxes: float32, colors: float32 -> output: T",
    attrs={"T": attr("type", float32, FLOATS)}, shape=lambda op: [op.inputs[0].shape.with_rank(4)], host=_drawn,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def draw_bounding_boxes(images: Any, boxes: Any, name: str | None = None, colors: Any = None) -> Tensor:
    """Images with the outlines of boxes drawn on them.

    Args:
        images: floating-point ``[batch, height, width, channels]``, 0 to 1.
        boxes: float32 ``[batch, n, 4]``: y1, x1, y2, x2, each 0 to 1.
        name: the operation's name.
        colors: float32 ``[m, channels]``, used in turn; ten colours by default.

    Source: TensorFlow 1's ``tf.image.draw_bounding_boxes``.
    """
    palette = np.zeros((0, 4), np.float32) if colors is None else colors
    return apply("DrawBoundingBoxesV2", images, boxes, palette, name=name)
