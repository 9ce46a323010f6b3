"""A random box in an image that keeps enough of an object: SampleDistortedBoundingBoxV2."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor
from gradiente.graph.dtypes import float32, int8, int16, int32, int64, uint8
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops import philox
from gradiente.ops.random_seed import effective_seeds, get_seed

_ASPECTS, _AREAS = (0.75, 1.33), (0.05, 1.0)


class Box(NamedTuple):
    """A rectangle of pixels."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def area(self) -> int:
        """The number of its pixels."""
        return max(self.bottom - self.top, 0) * max(self.right - self.left, 0)

    def shared(self, other: Box) -> Box:
        """What two boxes have in common."""
        return Box(
            max(self.top, other.top), max(self.left, other.left), min(self.bottom, other.bottom),
            min(self.right, other.right),
        )  # fmt: skip


class _Draws:
    """Numbers from TensorFlow's generator, one 32-bit word after another."""

    def __init__(self, generator: philox.Generator, words: int) -> None:
        blocks = -(-words // 4)
        self._words = np.stack(generator.blocks(np.arange(blocks, dtype=np.uint64)), axis=1).ravel().tolist()
        self._at = 0
        self._generator = generator

    def word(self) -> int:
        if self._at == len(self._words):
            block = len(self._words) // 4
            more = self._generator.blocks(np.arange(block, block + 64, dtype=np.uint64))
            self._words.extend(np.stack(more, axis=1).ravel().tolist())
        self._at += 1
        return int(self._words[self._at - 1])

    def unit(self) -> np.float32:
        """A number in [0, 1)."""
        return np.float32((self.word() & 0x7FFFFF) * 2.0**-23)

    def below(self, n: int) -> int:
        """An integer in [0, n), each with the same probability."""
        if n & (n - 1) == 0:
            return self.word() & (n - 1)
        skipped = 0xFFFFFFFF % n + 1
        word = self.word()
        while word < skipped:
            word = self.word()
        return word % n


def _rounded(value: Any) -> int:
    return int(np.rint(np.float32(value)))


def _candidate(
    draws: _Draws, height: int, width: int, areas: Sequence[float], aspect: np.float32
) -> Box | None:
    """A box of an area in ``areas`` (shares of the image) and about the aspect ratio, if there is one."""
    if areas[1] <= 0 or aspect <= 0 or height <= 0 or width <= 0 or areas[0] > areas[1]:
        return None
    least = np.float32(areas[0]) * np.float32(width) * np.float32(height)
    most = np.float32(areas[1]) * np.float32(width) * np.float32(height)
    tall = _rounded(np.sqrt(least / aspect))
    tallest = _rounded(np.sqrt(most / aspect))
    if _rounded(tallest * aspect) > width:
        tallest = int((width + 0.5 - 1e-7) / float(aspect))
        if _rounded(tallest * aspect) > width:
            tallest -= 1
    tallest = min(tallest, height)
    tall = min(tall, tallest)
    if tall < tallest:
        tall += draws.below(tallest - tall + 1)
    wide = _rounded(tall * aspect)
    if np.float32(wide * tall) < least:
        tall += 1
        wide = _rounded(tall * aspect)
    if np.float32(wide * tall) > most:
        tall -= 1
        wide = _rounded(tall * aspect)
    if not least <= np.float32(wide * tall) <= most or not 0 < wide <= width or not 0 < tall <= height:
        return None
    top = draws.below(height - tall) if tall < height else 0
    left = draws.below(width - wide) if wide < width else 0
    return Box(top, left, top + tall, left + wide)


def _covers(box: Box, objects: Sequence[Box], share: float) -> bool:
    """Whether a box contains at least ``share`` of one of the objects."""
    return box.area >= 1 and any(
        o.area >= 1 and np.float32(box.shared(o).area) / np.float32(o.area) >= np.float32(share)
        for o in objects
    )


def _sample(
    xp: Namespace, image_size: Array, bounding_boxes: Array, min_object_covered: Array, *, ctx: Any, op: Operation,
    seed: int, seed2: int, aspect_ratio_range: Sequence[float], area_range: Sequence[float], max_attempts: int,
    use_image_if_no_bounding_boxes: bool,
) -> tuple[Array, Array, Array]:  # fmt: skip
    del xp
    if len(image_size) != 3:
        raise InvalidArgumentError(
            None, op, f"image_size must contain 3 elements, height, width, channels, not {len(image_size)}."
        )
    height, width = int(image_size[0]), int(image_size[1])
    whole = Box(0, 0, height, width)
    objects = _objects(bounding_boxes, height, width, op)
    if not objects:
        if not use_image_if_no_bounding_boxes:
            raise InvalidArgumentError(
                None, op, "No bounding boxes provided as input. One must enable use_image_if_no_bounding_boxes if "
                "you wish to not provide any bounding boxes.",
            )  # fmt: skip
        objects = [whole]
    first, second = effective_seeds(op, seed, seed2)
    start = philox.Generator(np, first, second, int(ctx.next_count()) * max_attempts)
    draws = _Draws(start, 64)
    low, high = np.float32(aspect_ratio_range[0]), np.float32(aspect_ratio_range[1])
    chosen = whole
    for _ in range(max_attempts):
        aspect = draws.unit() * (high - low) + low
        box = _candidate(draws, height, width, area_range, aspect)
        if box is not None and _covers(box, objects, float(min_object_covered)):
            chosen = box
            break
    kind = image_size.dtype
    corners = [chosen.top / height, chosen.left / width, chosen.bottom / height, chosen.right / width]
    return (
        np.array([chosen.top, chosen.left, 0], kind),
        np.array([chosen.bottom - chosen.top, chosen.right - chosen.left, -1], kind),
        np.array(corners, np.float32).reshape(1, 1, 4),
    )


def _objects(boxes: Array, height: int, width: int, op: Operation) -> list[Box]:
    found: list[Box] = []
    for y1, x1, y2, x2 in np.asarray(boxes, np.float32).reshape(-1, 4):
        if not (0 <= y1 <= 1 and 0 <= x1 <= 1 and 0 <= y2 <= 1 and 0 <= x2 <= 1):
            raise InvalidArgumentError(
                None, op, f"All bounding box coordinates must be in [0.0, 1.0]: {y1}, {x1}, {y2}, {x2}."
            )
        scale = np.float32(height), np.float32(width)
        found.append(Box(int(y1 * scale[0]), int(x1 * scale[1]), int(y2 * scale[0]), int(x2 * scale[1])))
    return found


register(
    "SampleDistortedBoundingBoxV2",
    "image_size: T, bounding_boxes: float32, min_object_covered: float32 -> begin: T, size: T, bboxes: float32",
    attrs={
        "seed": 0, "seed2": 0, "aspect_ratio_range": attr("list(float)", _ASPECTS),
        "area_range": attr("list(float)", _AREAS), "max_attempts": 100, "use_image_if_no_bounding_boxes": False,
    },
    types={"T": (uint8, int8, int16, int32, int64)}, shape=lambda op: [(3,), (3,), (1, 1, 4)], host=_sample,
    random=True, stateful=True, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def sample_distorted_bounding_box(
    image_size: Any, bounding_boxes: Any, seed: int | None = None, seed2: int | None = None,
    min_object_covered: Any = 0.1, aspect_ratio_range: Any = None, area_range: Any = None,
    max_attempts: int | None = None, use_image_if_no_bounding_boxes: bool | None = None, name: str | None = None,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """A random rectangle of an image that contains enough of one of its objects: the crop for training on photographs.

    Args:
        image_size: height, width and channels, a vector such as ``tf.shape(image)``.
        bounding_boxes: float32 ``[..., n, 4]``: the objects' y1, x1, y2, x2, each 0 to 1.
        seed: see ``tf.set_random_seed``.
        seed2: a second seed; it is derived from the graph's otherwise.
        min_object_covered: the share of one object that the rectangle must contain.
        aspect_ratio_range: the smallest and the largest ratio of width to height; (0.75, 1.33) by default.
        area_range: the smallest and the largest share of the image's area; (0.05, 1) by default.
        max_attempts: how often to try before the whole image is given; 100 by default.
        use_image_if_no_bounding_boxes: whether the image is the object when there are no boxes; otherwise that is an
            error.
        name: the operation's name.

    Returns:
        ``begin`` and ``size`` for ``tf.slice``, and the rectangle as a box ``[1, 1, 4]`` for ``draw_bounding_boxes``.

    Source: TensorFlow 1's ``tf.image.sample_distorted_bounding_box``.
    """
    if seed or seed2:
        first, second = seed or 0, seed2 or 0
    else:
        drawn = get_seed(None)
        first, second = drawn[0] or 0, drawn[1] or 0
    for what, bounds in (("aspect_ratio_range", aspect_ratio_range), ("area_range", area_range)):
        if bounds is not None and (
            len(bounds) != 2 or not 0 < bounds[0] <= bounds[1] or math.isinf(bounds[1])
        ):
            raise ValueError(f"{what} is a pair of a positive smallest and a largest value, not {bounds}.")
    return apply(
        "SampleDistortedBoundingBoxV2", image_size, bounding_boxes, convert_to_tensor(min_object_covered, dtype=float32),
        seed=first, seed2=second, aspect_ratio_range=aspect_ratio_range, area_range=area_range,
        max_attempts=max_attempts, use_image_if_no_bounding_boxes=use_image_if_no_bounding_boxes,
        name=name or "sample_distorted_bounding_box",
    )  # fmt: skip
