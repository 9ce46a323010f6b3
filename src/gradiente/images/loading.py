"""Decodes image files, bringing each to a size as it is decoded."""

from __future__ import annotations

import errno
import io
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import simplejpeg

from gradiente.images.kinds import FORMATS, what_else
from gradiente.images.modes import plain
from gradiente.images.remarks import without_remarks
from gradiente.images.wording import Phrase

Resize: TypeAlias = Literal["stretch", "crop", "pad"]
"""How an image is brought to a size: stretched to it; scaled to cover it, and the middle taken; or scaled to lie within it,
with white beside it."""

MOST_PIXELS = 89_478_485
"""The most pixels of an image that is decoded: above it, Pillow warns of an attempt to fill the memory."""

_LARGEST_FILE = 1 << 30
_MANY_PIXELS = 24_000_000
_ORIENTATION = 0x0112

_one_large = threading.Lock()
"""Images of many pixels are decoded one at a time, so that as many threads don't need as many times their memory."""

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Unreadable:
    """A file that something is wrong with, and what.

    Attributes:
        path: the file.
        reason: what is wrong.
        used: whether it could be read all the same, as an image whose name promises another format.
    """

    path: Path
    reason: Phrase
    used: bool = False


class UnreadableError(ValueError):
    """A file is no image that can be read.

    Attributes:
        reason: why.
    """

    def __init__(self, reason: Phrase) -> None:
        super().__init__(reason)
        self.reason = reason


def read_image(
    source: Path | bytes, height: int, width: int, channels: int, resize: Resize = "stretch"
) -> npt.NDArray[np.uint8]:
    """Decode one image and bring it to a size.

    The orientation that a camera noted is obeyed, transparent parts are put on white, 16 bits are scaled to 8, and of an
    animation the first frame is taken.

    Args:
        source: the file, or its contents.
        height: the rows of the result.
        width: its columns.
        channels: 1 for grey, 3 for RGB.
        resize: how: see ``Resize``.

    Returns:
        uint8 ``[height, width, channels]``.

    Raises:
        UnreadableError: the file is no image that can be read.
    """
    data = contents(source)
    return decoded(data, lambda image: fit(image, height, width, channels, resize, data))


def resized(
    pixels: npt.NDArray[np.uint8], height: int, width: int, channels: int, resize: Resize = "stretch"
) -> npt.NDArray[np.uint8]:
    """An image that is decoded already, uint8 ``[height, width, channels]``, in another size."""
    from PIL import Image

    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    return fit(image, height, width, channels, resize)


def contents(source: Path | bytes) -> bytes:
    """The bytes of a file.

    Raises:
        UnreadableError: it can't be read.
    """
    if isinstance(source, bytes):
        return source
    try:
        if not source.is_file():
            raise UnreadableError(Phrase("reason_no_file" if source.exists() else "reason_not_there"))
        if source.stat().st_size > _LARGEST_FILE:
            raise UnreadableError(Phrase("reason_bytes", count=source.stat().st_size))
        return source.read_bytes()
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM):
            raise UnreadableError(Phrase("reason_denied")) from error
        raise UnreadableError(Phrase("reason_system", why=error.strerror or str(error))) from error


def decoded(data: bytes, use: Callable[[Any], _Result]) -> _Result:
    """What ``use`` makes of the image, with every fault of the file as an UnreadableError."""
    from PIL import Image, UnidentifiedImageError

    if not data:
        raise UnreadableError(Phrase("reason_empty"))
    try:
        with without_remarks(), Image.open(io.BytesIO(data), formats=FORMATS) as image:
            pixels = image.width * image.height
            if pixels > MOST_PIXELS:
                size = {"width": str(image.width), "height": str(image.height)}
                raise UnreadableError(Phrase("reason_pixels", **size))
            if pixels > _MANY_PIXELS:
                with _one_large:
                    return use(image)
            return use(image)
    except UnidentifiedImageError:
        raise UnreadableError(what_else(data)) from None
    except (MemoryError, KeyboardInterrupt, UnreadableError):
        raise
    except Image.DecompressionBombError as error:
        raise UnreadableError(Phrase("reason_bomb")) from error
    except Exception as error:  # Pillow's decoders raise nearly anything on a damaged file
        raise UnreadableError(Phrase("reason_damaged", why=_sentence(error))) from error


def _sentence(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0][:200] if text else type(error).__name__


def fit(
    image: Any,
    height: int,
    width: int,
    channels: int,
    resize: Resize = "stretch",
    data: bytes | None = None,
) -> npt.NDArray[np.uint8]:
    """A Pillow image as uint8 ``[height, width, channels]``, see ``read_image``.

    Args:
        image: the image, not decoded yet if it is of a file.
        height: the rows of the result.
        width: its columns.
        channels: 1 for grey, 3 for RGB.
        resize: how it is brought to that size.
        data: the contents of its file, from which a JPEG image is decoded faster.
    """
    from PIL import Image, ImageOps

    mode = "L" if channels == 1 else "RGB"
    upright = None
    if image.format in ("JPEG", "MPO"):
        orientation = image.getexif().get(_ORIENTATION, 1)
        rows, columns = (width, height) if orientation in (5, 6, 7, 8) else (height, width)
        fast = None if data is None or image.mode not in ("L", "RGB") else _jpeg(data, rows, columns, mode)
        if fast is None:
            image.draft(mode, (columns, rows))
            upright = ImageOps.exif_transpose(image)
        else:
            upright = _turned(Image.fromarray(fast), orientation)
    else:
        upright = ImageOps.exif_transpose(image)
    flat = plain(upright, mode)
    if flat.size != (width, height):
        box, (rows, columns) = _placed(flat.height, flat.width, height, width, resize)
        flat = flat.resize((columns, rows), Image.Resampling.BILINEAR, box=box, reducing_gap=3.0)
        if (rows, columns) != (height, width):
            white = Image.new(mode, (width, height), "white")
            white.paste(flat, ((width - columns) // 2, (height - rows) // 2))
            flat = white
    return np.asarray(flat, np.uint8).reshape(height, width, channels)


def _jpeg(data: bytes, rows: int, columns: int, mode: str) -> npt.NDArray[np.uint8] | None:
    """A JPEG image decoded at the smallest of its 16 sizes that has so many rows and columns; None if it is damaged."""
    try:
        pixels: npt.NDArray[np.uint8] = simplejpeg.decode_jpeg(  # pyright: ignore[reportUnknownMemberType] - it has no types
            data, "GRAY" if mode == "L" else "RGB", min_height=rows, min_width=columns, min_factor=1
        )
    except ValueError:
        return None  # Pillow, which forgives more, is asked next
    return pixels[..., 0] if mode == "L" else pixels


def _turned(image: Any, orientation: int) -> Any:
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM, 5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270, 7: Transpose.TRANSVERSE, 8: Transpose.ROTATE_90,
    }  # fmt: skip
    return image.transpose(turns[orientation]) if orientation in turns else image


def _placed(
    rows: int, columns: int, height: int, width: int, resize: Resize
) -> tuple[tuple[float, float, float, float], tuple[int, int]]:
    """Which box (left, top, right, bottom) of an image is taken, and how many rows and columns it becomes."""
    if resize == "crop":
        scale = min(rows / height, columns / width)
        left, top = (columns - width * scale) / 2, (rows - height * scale) / 2
        left, top = max(0.0, left), max(0.0, top)
        # Rounding must not put the box past the edge.
        right, bottom = min(columns, left + width * scale), min(rows, top + height * scale)
        return (left, top, right, bottom), (height, width)
    if resize == "pad":
        scale = max(rows / height, columns / width)
        return (0, 0, columns, rows), (max(1, round(rows / scale)), max(1, round(columns / scale)))
    return (0, 0, columns, rows), (height, width)
