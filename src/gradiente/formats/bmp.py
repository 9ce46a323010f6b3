"""BMP images to arrays."""

from __future__ import annotations

import struct

import numpy as np

from gradiente.formats.image_limits import check_channels, check_size, invalid
from gradiente.graph.types import Array

SIGNATURE = b"BM"
_LEAST = 32
_FILE_HEADER = 14


def decode(contents: bytes, channels: int = 0) -> Array:
    """The pixels of an uncompressed BMP file of 8, 24 or 32 bits.

    Args:
        contents: the file.
        channels: 3 RGB, 4 RGB and alpha, 0 as in the file, where an 8-bit image gives its stored values as
            they are.

    Returns:
        uint8 ``[height, width, channels]``.

    Raises:
        InvalidArgumentError: the file is damaged, of another kind or too large, or ``channels`` is no such number.
    """
    check_channels(channels)
    if channels == 1:
        raise invalid("`channels` must be 0, 3 or 4 for BMP, but got 1")
    if len(contents) < _LEAST:
        raise invalid(
            f"Incomplete bmp content, requires at least {_LEAST} bytes to find the header size, width, height, and "
            f"bpp, got {len(contents)} bytes"
        )
    start, header_size, width, height, _, bits = struct.unpack_from("<IIiiHH", contents, 10)
    stored = bits // 8
    if bits not in (8, 24, 32):
        raise invalid(f"A BMP image of {bits} bits a pixel is not decoded; save it with 24 bits.")
    check_size("BMP", width, abs(height))
    row = (stored * width + 3) // 4 * 4
    if start + row * abs(height) != len(contents):
        raise invalid(
            f"Input size should match (header_size + row_size * abs_height) but they differ by "
            f"{len(contents) - start - row * abs(height)}: the BMP image is truncated or compressed."
        )
    rows = np.frombuffer(contents, np.uint8, row * abs(height), start).reshape(abs(height), row)
    pixels = rows[:: -1 if height > 0 else 1, : stored * width].reshape(abs(height), width, stored)
    if stored == 1:
        return (
            pixels.copy()
            if channels == 0
            else _opaque(_looked_up(contents, header_size, start, pixels), channels)
        )
    colour = pixels[..., 2::-1]
    if (channels or stored) == 3:
        return colour.copy()
    return np.concatenate([colour, pixels[..., 3:]], axis=-1) if stored == 4 else _opaque(colour, 4)


def _looked_up(contents: bytes, header_size: int, start: int, pixels: Array) -> Array:
    first = _FILE_HEADER + header_size
    if not first <= start <= len(contents):
        raise invalid("The BMP image's color table is missing or damaged.")
    table = np.zeros((256, 4), np.uint8)
    entries = np.frombuffer(contents[first:start][: 4 * 256], np.uint8)
    table[: len(entries) // 4] = entries[: len(entries) // 4 * 4].reshape(-1, 4)
    return table[pixels[..., 0]][..., 2::-1]


def _opaque(colour: Array, channels: int) -> Array:
    return colour if channels == 3 else np.pad(colour, ((0, 0), (0, 0), (0, 1)), constant_values=255)
