"""Image files to arrays and back, as TensorFlow's ``tf.image.decode_*`` and ``encode_*`` do it.

Every decoder looks at the contents, not at a name: those for PNG, JPEG and GIF accept one another's files.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.formats import bmp, gif, jpeg, png
from gradiente.formats.image_limits import invalid
from gradiente.formats.png_chunks import SIGNATURE as _PNG_SIGNATURE
from gradiente.graph.types import Array


def image_format(contents: bytes) -> str:
    """``"png"``, ``"jpeg"``, ``"gif"`` or ``"bmp"``, by the first bytes.

    Raises:
        InvalidArgumentError: it is none of them.

    >>> image_format(b"BM...")
    'bmp'
    """
    if contents.startswith(_PNG_SIGNATURE):
        return "png"
    if contents.startswith(jpeg.SIGNATURE):
        return "jpeg"
    if contents.startswith(gif.SIGNATURES):
        return "gif"
    if contents.startswith(bmp.SIGNATURE):
        return "bmp"
    if not contents:
        raise invalid("Input is empty.")
    raise invalid(
        f"Unknown image file format. One of JPEG, PNG, GIF, BMP required, and the contents begin with "
        f"{bytes(contents[:8])!r}."
    )


def decode_image(
    contents: bytes, channels: int = 0, dtype: Any = "uint8", expand_animations: bool = True
) -> Array:
    """The pixels of an image file of any kind that is decoded here.

    Args:
        contents: the file.
        channels: 1 grey, 3 RGB, 4 RGB and alpha, 0 as in the file. Not every format has all of them.
        dtype: uint8 0..255, uint16 0..65535, or float32 0..1.
        expand_animations: give GIF files as ``[frames, height, width, 3]``; otherwise give their first frame.

    Returns:
        ``[height, width, channels]``, or all frames of a GIF file.

    Raises:
        InvalidArgumentError: the file is damaged, too large or of an unknown kind, or an argument does not fit it.

    >>> decode_image(encode_png(np.full([2, 3, 1], 51, np.uint8)), dtype="float32")[0, 0]
    array([0.2], dtype=float32)
    """
    wanted = _dtype(dtype, ("uint8", "uint16", "float32"))
    kind = image_format(contents)
    if kind == "png":
        if wanted == np.uint8:
            return png.decode(contents, channels, np.uint8)
        return _scaled(png.decode(contents, channels, np.uint16), wanted)
    if kind == "jpeg":
        return _scaled(jpeg.decode(contents, channels), wanted)
    if kind == "bmp":
        return _scaled(bmp.decode(contents, channels), wanted)
    _check_gif_channels(channels)
    frames = gif.decode(contents, first_only=not expand_animations)
    return _scaled(frames if expand_animations else frames[0], wanted)


def decode_png(contents: bytes, channels: int = 0, dtype: Any = "uint8") -> Array:
    """The pixels of a PNG file, or of a JPEG or an unanimated GIF file.

    Args:
        contents: the file.
        channels: 1 grey, 3 RGB, 4 RGB and alpha, 0 as in the file.
        dtype: uint8, or uint16 for all 16 bits.

    Returns:
        ``[height, width, channels]``.

    Raises:
        InvalidArgumentError: the file is damaged, too large or of another kind, or an argument does not fit it.
    """
    wanted = _dtype(dtype, ("uint8", "uint16"))
    if image_format(contents) == "png":
        return png.decode(contents, channels, wanted)
    return _scaled(_one_image(contents, channels, "decode_png"), wanted)


def decode_jpeg(
    contents: bytes,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    acceptable_fraction: float = 1,
    dct_method: str = "",
) -> Array:
    """The pixels of a JPEG file, or of a PNG or an unanimated GIF file.

    Args:
        contents: the file.
        channels: 1 grey, 3 RGB, 0 as in the file.
        ratio: 1, 2, 4 or 8: make a JPEG image so many times smaller.
        fancy_upscaling: accepted for TensorFlow's sake; colours are always interpolated.
        try_recover_truncated: decode what there is of a truncated JPEG file.
        acceptable_fraction: accepted for TensorFlow's sake.
        dct_method: ``""``, ``"INTEGER_FAST"`` or ``"INTEGER_ACCURATE"``; the accurate one is always used.

    Returns:
        uint8 ``[height, width, channels]``.

    Raises:
        InvalidArgumentError: the file is damaged, too large or of another kind, or an argument does not fit it.
    """
    del fancy_upscaling, acceptable_fraction
    if dct_method not in ("", "INTEGER_FAST", "INTEGER_ACCURATE"):
        raise invalid(
            "dct_method must be one of {'', 'INTEGER_FAST', 'INTEGER_ACCURATE'}, and is " + dct_method
        )
    if image_format(contents) == "jpeg":
        return jpeg.decode(contents, channels, ratio, try_recover_truncated)
    return _one_image(contents, channels, "decode_jpeg")


def decode_gif(contents: bytes) -> Array:
    """The frames of a GIF file; a PNG or JPEG file is an animation of one frame.

    Args:
        contents: the file.

    Returns:
        uint8 ``[frames, height, width, 3]``.

    Raises:
        InvalidArgumentError: the file is damaged, too large or of another kind.
    """
    if image_format(contents) == "gif":
        return gif.decode(contents)
    return _one_image(contents, 3, "decode_gif")[np.newaxis]


def decode_bmp(contents: bytes, channels: int = 0) -> Array:
    """The pixels of a BMP file.

    Args:
        contents: the file.
        channels: 3 RGB, 4 RGB and alpha, 0 as in the file.

    Returns:
        uint8 ``[height, width, channels]``.

    Raises:
        InvalidArgumentError: the file is damaged, too large or of another kind, or ``channels`` does not fit it.
    """
    kind = image_format(contents)
    if kind != "bmp":
        raise invalid(
            f"Trying to decode {kind.upper()} format using decode_bmp. Use decode_{kind} or decode_image."
        )
    return bmp.decode(contents, channels)


encode_png = png.encode
encode_jpeg = jpeg.encode


def _one_image(contents: bytes, channels: int, op: str) -> Array:
    kind = image_format(contents)
    if kind == "png":
        return png.decode(contents, channels, np.uint8)
    if kind == "jpeg":
        return jpeg.decode(contents, channels)
    if kind == "bmp":
        raise invalid(
            f"Trying to decode BMP format using a wrong op. Use decode_bmp or decode_image, not {op}."
        )
    _check_gif_channels(channels)
    frames = gif.decode(contents)
    if len(frames) != 1:
        raise invalid(
            f"Got {len(frames)} frames, but animated gifs can only be decoded by decode_gif or decode_image."
        )
    return frames[0]


def _check_gif_channels(channels: int) -> None:
    if channels not in (0, 3):
        raise invalid(f"channels must be 0 or 3 for GIF, got {channels}")


def _dtype(dtype: Any, allowed: tuple[str, ...]) -> np.dtype[Any]:
    wanted = np.dtype(getattr(dtype, "as_numpy_dtype", dtype))
    if wanted.name not in allowed:
        raise invalid(f"`dtype` must be {' or '.join(allowed)}, and is {dtype}.")
    return wanted


def _scaled(pixels: Array, dtype: np.dtype[Any]) -> Array:
    """Pixels in another dtype, over its range: as TensorFlow does it, 8 bits fill the upper half of 16."""
    if dtype == np.float32:
        return pixels.astype(np.float32) * np.float32(1 / np.iinfo(pixels.dtype).max)
    if dtype == np.uint16 and pixels.dtype == np.uint8:
        return pixels.astype(np.uint16) << 8
    return pixels
