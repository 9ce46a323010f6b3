"""Decodes image files into one array of equally large images, several at a time."""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from gradiente.images.labelled import ImageFile

MOST_PIXELS = 89_478_485
"""The most pixels of an image that is decoded: above it, Pillow warns of an attempt to fill the memory."""

_LARGEST_FILE = 1 << 30
_GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"})

Resize: TypeAlias = Literal["stretch", "crop", "pad"]
"""How an image is brought to a size: stretched to it; scaled to cover it, and the middle taken; or scaled to lie within it,
with white beside it."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Unreadable:
    """A file that is no image that can be read, and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Surveyed:
    """What a file's header says: its size in pixels, whether it has colours, and the SHA-256 sum of its bytes."""

    height: int
    width: int
    grey: bool
    sha256: str


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
        ValueError: the file is no image that can be read. The message is the reason.
    """
    return _decoded(_contents(source), lambda image: fit(image, height, width, channels, resize))


def resized(
    pixels: npt.NDArray[np.uint8], height: int, width: int, channels: int, resize: Resize = "stretch"
) -> npt.NDArray[np.uint8]:
    """An image that is decoded already, uint8 ``[height, width, channels]``, in another size."""
    from PIL import Image

    return fit(
        Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels), height, width, channels, resize
    )


def survey(files: Sequence[ImageFile]) -> tuple[list[Surveyed | None], list[Unreadable]]:
    """Look at every file's header and contents, without decoding the pixels.

    Returns:
        For each file what was found, or None where it can't be read; and those that can't, with the reasons.
    """

    def look(file: ImageFile) -> Surveyed | Unreadable:
        try:
            data = _contents(file.path)
            height, width, grey = _decoded(data, lambda i: (i.height, i.width, i.mode in _GREY_MODES))
            return Surveyed(height, width, grey, hashlib.sha256(data).hexdigest())
        except ValueError as error:
            return Unreadable(file.path, str(error))

    results = _parallel(look, files)
    return (
        [r if isinstance(r, Surveyed) else None for r in results],
        [r for r in results if isinstance(r, Unreadable)],
    )


def load_images(
    paths: Sequence[Path], height: int, width: int, channels: int, resize: Resize = "stretch"
) -> tuple[npt.NDArray[np.uint8], list[int], list[Unreadable]]:
    """Decode many files.

    Returns:
        ``(images, kept, unreadable)``: uint8 ``[n, height, width, channels]``; which of ``paths`` they are; and the files
        that can't be read, with the reasons.
    """
    images = np.zeros((len(paths), height, width, channels), np.uint8)

    def load(at: int) -> Unreadable | None:
        try:
            images[at] = read_image(paths[at], height, width, channels, resize)
        except ValueError as error:
            return Unreadable(paths[at], str(error))
        return None

    problems = _parallel(load, range(len(paths)))
    kept = [at for at, problem in enumerate(problems) if problem is None]
    unreadable = [problem for problem in problems if problem is not None]
    return (images if len(kept) == len(paths) else images[kept]), kept, unreadable


def _parallel(function: Callable[[_Item], _Result], items: Sequence[_Item]) -> list[_Result]:
    """Pillow releases the GIL while it decodes, so threads use all processors."""
    workers = max(1, min(len(items), os.cpu_count() or 1, 32))
    with warnings.catch_warnings():
        # Pillow's remarks on odd files: what can be decoded is taken, what can't is reported.
        warnings.simplefilter("ignore")
        with ThreadPoolExecutor(workers) as pool:
            try:
                return list(pool.map(function, items))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _contents(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        if not source.is_file():
            raise ValueError("it is no file" if source.exists() else "there is no such file")
        if source.stat().st_size > _LARGEST_FILE:
            raise ValueError(f"the file has {source.stat().st_size:,} bytes")
        return source.read_bytes()
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from error


def _decoded(data: bytes, use: Callable[[Any], _Result]) -> _Result:
    """What ``use`` makes of the image, with every fault of the file as a ValueError that gives the reason."""
    from PIL import Image, UnidentifiedImageError

    if not data:
        raise ValueError("the file is empty")
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise ValueError(f"{image.width}x{image.height} pixels are too many")
            return use(image)
    except UnidentifiedImageError:
        raise ValueError("it is no image of a known format") from None
    except (MemoryError, KeyboardInterrupt):
        raise
    except ValueError as error:
        raise ValueError(_sentence(error)) from error
    except Exception as error:  # Pillow's decoders raise nearly anything on a damaged file
        raise ValueError(f"it is damaged ({_sentence(error)})") from error


def _sentence(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0][:200] if text else type(error).__name__


def fit(
    image: Any, height: int, width: int, channels: int, resize: Resize = "stretch"
) -> npt.NDArray[np.uint8]:
    """A Pillow image as uint8 ``[height, width, channels]``, see ``read_image``."""
    from PIL import Image, ImageOps

    mode = "L" if channels == 1 else "RGB"
    if image.format == "JPEG":
        # A JPEG file can be decoded at 1/2, 1/4 or 1/8: the longer side holds whichever way the image is turned.
        most = max(height, width)
        image.draft(mode, (most, most))
    plain = _plain(ImageOps.exif_transpose(image), mode)
    if plain.size != (width, height):
        box, (rows, columns) = _placed(plain.height, plain.width, height, width, resize)
        plain = plain.resize((columns, rows), Image.Resampling.BILINEAR, box=box, reducing_gap=3.0)
        if (rows, columns) != (height, width):
            white = Image.new(mode, (width, height), "white")
            white.paste(plain, ((width - columns) // 2, (height - rows) // 2))
            plain = white
    return np.asarray(plain, np.uint8).reshape(height, width, channels)


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


def _plain(image: Any, mode: str) -> Any:
    """The image in 8 bits, grey or RGB, without transparency."""
    from PIL import Image

    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.float64)
        scale = 1.0 if values.max(initial=0) <= 255 and image.mode == "I" else 1 / 257
        image = Image.fromarray(np.clip(np.rint(values * scale), 0, 255).astype(np.uint8))
    elif image.mode == "F":
        image = Image.fromarray(np.clip(np.nan_to_num(np.asarray(image)), 0, 255).astype(np.uint8))
    if "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        opaque = image.convert("RGBA")
        white = Image.new("RGBA", opaque.size, "white")
        image = Image.alpha_composite(white, opaque)
        return image.convert("RGB").convert(mode)
    if image.mode == mode:
        return image
    if image.mode in ("L", "1", "RGB"):
        return image.convert(mode)
    return image.convert("RGB").convert(mode)
