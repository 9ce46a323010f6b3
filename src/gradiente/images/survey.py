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
from gradiente.images.loading import Unreadable, contents, decoded, fit
from gradiente.images.workers import in_parallel

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
    remark: str | None = None


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
        except ValueError as error:
            return Unreadable(path, str(error))

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
