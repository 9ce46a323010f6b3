"""JPEG images to arrays and back."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from gradiente.formats.image_limits import check_channels, check_size, invalid
from gradiente.graph.types import Array

SIGNATURE = b"\xff\xd8\xff"
_END = b"\xff\xd9"
_START_OF_SCAN = 0xDA
_KEPT = {0xE0, 0xEE}
"""The application segments that say how colours are stored: JFIF's and Adobe's."""
_RATIOS = (1, 2, 4, 8)


def decode(contents: bytes, channels: int = 0, ratio: int = 1, try_recover_truncated: bool = False) -> Array:
    """The pixels of a JPEG file.

    Args:
        contents: the file.
        channels: 1 grey (the luminance that the file stores), 3 RGB, 0 as in the file; CMYK becomes RGB.
        ratio: 1, 2, 4 or 8: make the image so many times smaller, which is faster than to resize it.
        try_recover_truncated: give a truncated image what is there, and grey for the rest.

    Returns:
        uint8 ``[height, width, channels]``.

    Raises:
        InvalidArgumentError: the file is damaged, truncated or too large, or an argument has no such value.
    """
    check_channels(channels)
    if channels == 4:
        raise invalid("JPEG does not support 4 channels: use channels=3, since a JPEG image has no alpha.")
    if ratio not in _RATIOS:
        raise invalid(f"ratio must be 1, 2, 4, or 8, got {ratio}")
    from PIL import JpegImagePlugin

    data = _essential(contents) + (_END if try_recover_truncated else b"")
    try:
        image: Any = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    except Exception as error:
        raise invalid(f"Invalid JPEG data, size {len(contents)}: {error}.") from error
    with image:
        check_size("JPEG", *image.size)
        if channels == 1 and image.mode == "CMYK":
            raise invalid("A CMYK JPEG image has no grey form: use channels=3, then rgb_to_grayscale.")
        _reduce(image, ratio, grey=channels == 1)
        try:
            image.load()
            if channels == 3 and image.mode == "L":
                image = image.convert("RGB")
            pixels: Array = np.array(image)
        except Exception as error:
            raise invalid(f"Invalid JPEG data, size {len(contents)}: {error}.") from error
        if image.mode == "CMYK":
            return _rgb_of_cmyk(pixels, adobe="adobe" in image.info)
    return pixels.reshape(*pixels.shape[:2], -1)


def _essential(contents: bytes) -> bytes:
    """The file without comments, previews and camera data, whose damage is none of the image's."""
    kept = [contents[:2]]
    at = 2
    while at + 4 <= len(contents) and contents[at] == 0xFF:
        marker = contents[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == _START_OF_SCAN:
            break
        end = at + 2 + int.from_bytes(contents[at + 2 : at + 4], "big")
        if marker in _KEPT or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept.append(contents[at:end])
        at = end
    kept.append(contents[at:])
    return b"".join(kept)


def _reduce(image: Any, ratio: int, grey: bool) -> None:
    """Have libjpeg decode to luminance, and to a smaller image.

    Pillow's draft takes a size, not a ratio, and rounds differently for small images.
    """
    image.draft("L" if grey else image.mode, None)
    if ratio > 1:
        width, height = (-(-size // ratio) for size in image.size)
        image.tile = [image.tile[0]._replace(extents=(0, 0, width, height))]
        image._size = (width, height)
        image.decoderconfig = (ratio, 0)


def _rgb_of_cmyk(pixels: Array, adobe: bool) -> Array:
    """RGB of ink as Pillow gives it, inverted as Adobe's programs store it whether they did or not."""
    stored = 255 - pixels.astype(np.int32)
    ink, black = stored[..., :3], stored[..., 3:]
    return ((black * ink if adobe else (255 - black) * (255 - ink)) // 255).astype(np.uint8)


def encode(
    image: Array,
    format: str = "",
    quality: int = 95,
    progressive: bool = False,
    optimize_size: bool = False,
    chroma_downsampling: bool = True,
    density_unit: str = "in",
    x_density: int = 300,
    y_density: int = 300,
) -> bytes:
    """A JPEG file of an image.

    Args:
        image: uint8 ``[height, width, 1 or 3]``.
        format: ``"grayscale"``, ``"rgb"``, or ``""`` for what the channels say.
        quality: 0 (smallest) to 100 (best).
        progressive: store the image so that it can be shown coarsely before all of it is there.
        optimize_size: spend time for a smaller file of the same quality.
        chroma_downsampling: store the colours at half the resolution.
        density_unit: ``"in"`` or ``"cm"``.
        x_density: pixels in that unit, across.
        y_density: pixels in that unit, down.

    Returns:
        The file.

    Raises:
        InvalidArgumentError: the image or an argument does not fit.
    """
    from PIL import Image

    pixels: Any = np.asarray(image)
    needed = {"": (1, 3), "grayscale": (1,), "rgb": (3,)}.get(format)
    if needed is None:
        raise invalid(f"format must be '', grayscale or rgb, got {format}")
    if pixels.ndim != 3 or pixels.shape[-1] not in needed or 0 in pixels.shape or pixels.dtype != np.uint8:
        wanted = " or ".join(map(str, needed))
        raise invalid(
            f"encode_jpeg(format={format!r}) takes a uint8 image [height, width, {wanted}], with pixels, and received "
            f"{pixels.dtype} {pixels.shape}."
        )
    if not 0 <= quality <= 100:
        raise invalid(f"quality must be in [0,100], got {quality}")
    if density_unit not in ("in", "cm"):
        raise invalid(f"density_unit must be 'in' or 'cm', got {density_unit}")
    per_inch = 2.54 if density_unit == "cm" else 1
    file = io.BytesIO()
    try:
        Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(
            file,
            "JPEG",
            quality=quality,
            progressive=progressive,
            optimize=optimize_size,
            subsampling=2 if chroma_downsampling else 0,
            dpi=(round(x_density * per_inch), round(y_density * per_inch)),
        )
    except Exception as error:
        raise invalid(f"The image {pixels.shape} can't be made a JPEG file: {error}.") from error
    return file.getvalue()
