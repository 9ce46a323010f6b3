"""Looks at every image file once: its header, its sum, and a small picture of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gradiente.images.kinds import unlike_name
from gradiente.images.loading import Unreadable, UnreadableError, contents, decoded, fit
from gradiente.images.wording import Phrase
from gradiente.images.workers import in_parallel

_VALUES_IN_A_PIECE = 1 << 22
"""Of images that are shrunk together, as floating-point numbers."""

SIDE = 16
"""Rows and columns of the small pictures."""

_GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
_TURNED = (5, 6, 7, 8)
_ORIENTATION = 0x0112


@dataclass(frozen=True)
class Surveyed:
    """What a look at a file found.

    Attributes:
        height: in pixels, upright.
        width: in pixels, upright.
        grey: whether the file has no colours.
        format: ``"JPEG"``, ``"PNG"``, ...
        mode: Pillow's name of what a pixel is, ``"RGB"``, ``"L"``, ...
        size: the bytes of the file.
        sha256: the sum of its bytes.
        small: a picture of it, uint8 ``[SIDE, SIDE, 3]``.
        remark: what is odd about it, though it can be read; None if nothing is.
    """

    height: int
    width: int
    grey: bool
    format: str
    mode: str
    size: int
    sha256: str
    small: npt.NDArray[np.uint8]
    remark: Phrase | None = None


def survey(
    paths: Sequence[Path], watch: Callable[[int, int], None] | None = None
) -> list[Surveyed | Unreadable]:
    """Look at every file; each is decoded, at a small size, as only that shows whether it is whole.

    Args:
        paths: the files.
        watch: is told now and then how many of how many are done.

    Returns:
        For each file what was found, or why it can't be read.
    """

    def look(path: Path) -> Surveyed | Unreadable:
        try:
            data = contents(path)
            return decoded(data, lambda image: _look(image, data, path))
        except UnreadableError as error:
            return Unreadable(path, error.reason)

    return in_parallel(look, paths, watch)


def _look(image: Any, data: bytes, path: Path) -> Surveyed:
    mode, kind = image.mode, image.format
    height, width = image.height, image.width
    if image.getexif().get(_ORIENTATION) in _TURNED:
        height, width = width, height
    small = fit(image, SIDE, SIDE, 3, "stretch", data)
    return Surveyed(
        height, width, mode in _GREY_MODES, "JPEG" if kind == "MPO" else kind, mode, len(data),
        hashlib.sha256(data).hexdigest(), small, unlike_name(path, kind),
    )  # fmt: skip


def small_pictures(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Small pictures of images that are decoded already.

    Args:
        images: uint8 ``[n, height, width, 1 or 3]``.

    Returns:
        uint8 ``[n, SIDE, SIDE, 3]``.
    """
    _, height, width, channels = images.shape
    rows, columns = _shrinking(height), _shrinking(width)
    result = np.empty((len(images), SIDE, SIDE, 3), np.uint8)
    many = max(1, _VALUES_IN_A_PIECE // (height * width * channels))
    for start in range(0, len(images), many):
        piece = images[start : start + many].astype(np.float32)
        shrunk = (rows @ piece.reshape(len(piece), height, -1)).reshape(len(piece), SIDE, width, channels)
        result[start : start + many] = np.rint(columns @ shrunk)
    return result


def _shrinking(length: int) -> npt.NDArray[np.float32]:
    """The weights of ``length`` values in ``SIDE`` means of them, ``[SIDE, length]``: triangles, as of bilinear resizing."""
    step = length / SIDE
    centres = (np.arange(SIDE)[:, None] + 0.5) * step
    weights = np.maximum(0, 1 - np.abs(np.arange(length) + 0.5 - centres) / max(1.0, step))
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)
