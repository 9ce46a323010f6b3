"""PNG images to arrays and back, with the conversions that TensorFlow asks of libpng."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from gradiente.formats import png_chunks
from gradiente.formats.image_limits import check_channels, invalid
from gradiente.formats.png_chunks import GREY, GREY_ALPHA, PALETTE, RGB, RGB_ALPHA, SAMPLES, Png
from gradiente.graph.types import Array

_WEIGHTS = (9797, 19234, 3737)
"""0.299, 0.587 and the rest in 1/32768: the luminance of ITU-R BT.601, as libpng rounds it down."""
_HALF = 1 << 14
_INSIGNIFICANT_GAMMA = range(95_000, 105_001)


def decode(contents: bytes, channels: int, dtype: npt.DTypeLike) -> Array:
    """The pixels of a PNG file.

    Args:
        contents: the file.
        channels: 1 grey, 3 RGB, 4 RGB and alpha, 0 as in the file.
        dtype: uint8 or uint16; 16-bit samples lose their lower half for uint8, and 8-bit samples fill both
            halves for uint16.

    Returns:
        ``[height, width, channels]``.

    Raises:
        InvalidArgumentError: the file is damaged or too large, or ``channels`` is no such number.
    """
    check_channels(channels)
    png = png_chunks.parse(contents)
    wanted = channels or _own_channels(png)
    depth = 8 if np.dtype(dtype) == np.uint8 and _upper_halves_do(png, wanted) else png.bit_depth
    colour, alpha = _colour_and_alpha(png, depth)
    if wanted < 3 and colour.shape[-1] == 3:
        colour = _grey(colour, png.gamma)
    elif wanted >= 3 and colour.shape[-1] == 1:
        colour = np.repeat(colour, 3, axis=-1)
    if wanted % 2 == 0:
        if alpha is None:
            # libpng is asked for the largest value of the file's depth, whatever the depth it expands to.
            alpha = np.full_like(colour[..., :1], (1 << depth) - 1)
        colour = np.concatenate([colour, alpha], axis=-1)
    if depth == 16:
        return colour if np.dtype(dtype) == np.uint16 else (colour >> 8).astype(np.uint8)
    return colour.astype(np.uint16) * np.uint16(257) if np.dtype(dtype) == np.uint16 else colour


def _own_channels(png: Png) -> int:
    if png.colour_type == PALETTE:
        return 3 if png.transparency is None else 4
    return SAMPLES[png.colour_type]


def _upper_halves_do(png: Png, wanted: int) -> bool:
    """Whether the upper half of each 16-bit sample, which Pillow reads much faster than all 16, is the answer."""
    if png.bit_depth != 16 or png.transparency is not None:
        return False
    return png.colour_type == GREY_ALPHA or (png.colour_type in (RGB, RGB_ALPHA) and wanted >= 3)


def _colour_and_alpha(png: Png, depth: int) -> tuple[Array, Array | None]:
    """Grey or RGB, and the alpha that the file states; 16-bit samples as such, others as 8 bits."""
    pixels: Array = png_chunks.samples_16(png) if depth == 16 else _samples_8(png)
    if png.colour_type in (GREY_ALPHA, RGB_ALPHA):
        return pixels[..., :-1], pixels[..., -1:]
    if png.colour_type == PALETTE:
        return _looked_up(png, pixels)
    if png.transparency is None:
        return pixels, None
    return pixels, _colour_key(png, pixels)


def _samples_8(png: Png) -> Array:
    from PIL import PngImagePlugin

    try:
        with PngImagePlugin.PngImageFile(io.BytesIO(png.minimal())) as image:
            pixels: Array = np.array(image)
    except Exception as error:
        raise invalid(f"Invalid PNG data: {error}.") from error
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * np.uint8(1 if png.colour_type == PALETTE else 255)
    return pixels.reshape(png.height, png.width, -1)


def _looked_up(png: Png, indices: Array) -> tuple[Array, Array | None]:
    table = np.zeros((256, 4), np.uint8)
    entries = np.frombuffer(png.palette, np.uint8).reshape(-1, 3)[:256]
    table[: len(entries), :3] = entries
    table[:, 3] = 255
    if png.transparency is not None:
        table[: len(png.transparency), 3] = np.frombuffer(png.transparency, np.uint8)[:256]
    pixels = table[indices[..., 0]]
    return pixels[..., :3], None if png.transparency is None else pixels[..., 3:]


def _colour_key(png: Png, pixels: Array) -> Array:
    """An alpha that is nothing where the pixel has the one transparent colour."""
    samples = SAMPLES[png.colour_type]
    body = png.transparency or b""
    largest = np.iinfo(pixels.dtype).max
    if len(body) < 2 * samples:
        return np.full_like(pixels[..., :1], largest)
    key = np.array(struct.unpack_from(f">{samples}H", body)) & ((1 << png.bit_depth) - 1)
    if png.bit_depth < 8:
        key = key * 255 // ((1 << png.bit_depth) - 1)
    opaque = np.any(pixels != key, axis=-1, keepdims=True)
    return (opaque * largest).astype(pixels.dtype)


def _grey(colour: Array, gamma: int) -> Array:
    """Luminance, as libpng computes it: in linear light where the file states its gamma, in integers."""
    red, green, blue = (colour[..., i] for i in range(3))
    same = (red == green) & (red == blue)
    largest = np.iinfo(colour.dtype).max
    if gamma and gamma not in _INSIGNIFICANT_GAMMA:
        to_linear, from_linear = _gamma_tables(gamma, int(largest))
        grey = from_linear[_mixed(to_linear[red], to_linear[green], to_linear[blue], _HALF)]
    else:
        grey = _mixed(red, green, blue, _HALF if largest > 255 else 0)
    luminance: Array = np.array(grey, colour.dtype)
    luminance[same] = red[same]
    return luminance[..., np.newaxis]


def _mixed(red: Array, green: Array, blue: Array, rounding: int) -> Array:
    mixed = np.full(red.shape, rounding, np.uint32)
    for weight, part in zip(_WEIGHTS, (red, green, blue), strict=True):
        mixed += np.uint32(weight) * part.astype(np.uint32)
    return mixed >> np.uint32(15)


def _gamma_tables(gamma: int, largest: int) -> tuple[Array, Array]:
    """Tables to linear light and back, with exponents in 1/100000, as libpng rounds them."""
    inverse = int(1e10 / gamma + 0.5)
    back = int(1e10 / inverse + 0.5)
    values = np.arange(largest + 1) / largest
    to_linear, from_linear = (
        np.floor(largest * values ** (exponent * 1e-5) + 0.5).astype(np.uint16)
        for exponent in (inverse, back)
    )
    return to_linear, from_linear


def encode(image: Array, compression: int = -1) -> bytes:
    """A PNG file of an image.

    Args:
        image: uint8 or uint16 ``[height, width, channels]``: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
        compression: 0 (none) to 9 (smallest), or -1 for the default.

    Returns:
        The file.

    Raises:
        InvalidArgumentError: the image has another shape, another dtype or no pixels, or there is no such compression.
    """
    pixels: Any = np.asarray(image)
    if pixels.ndim != 3 or pixels.shape[-1] not in (1, 2, 3, 4) or 0 in pixels.shape:
        raise invalid(
            f"encode_png takes an image [height, width, 1, 2, 3 or 4], with pixels, and received {pixels.shape}."
        )
    if pixels.dtype not in (np.dtype(np.uint8), np.dtype(np.uint16)):
        raise invalid(f"encode_png takes uint8 or uint16, and received {pixels.dtype}. Cast the image first.")
    if not -1 <= compression <= 9:
        raise invalid(f"compression should be in range [-1,9], and is {compression}.")
    height, width, channels = pixels.shape
    colour_type = {1: GREY, 2: GREY_ALPHA, 3: RGB, 4: RGB_ALPHA}[channels]
    samples = pixels.astype(pixels.dtype.newbyteorder(">")).reshape(height, -1).view(np.uint8)
    rows = np.ones((height, samples.shape[1] + 1), np.uint8)
    rows[:, 1:] = samples
    rows[:, 1 + channels * pixels.itemsize :] -= samples[:, : -channels * pixels.itemsize]
    header = struct.pack(">IIBBBBB", width, height, 8 * pixels.itemsize, colour_type, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), compression)), (b"IEND", b""))
    return png_chunks.SIGNATURE + b"".join(png_chunks.chunk(kind, body) for kind, body in parts)
