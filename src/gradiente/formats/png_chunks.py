"""PNG's container: the chunks of a file, and the rows of 16-bit images, which Pillow would cut to 8 bits."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gradiente.formats.image_limits import check_size, invalid

SIGNATURE = b"\x89PNG\r\n\x1a\n"

GREY = 0
RGB = 2
PALETTE = 3
GREY_ALPHA = 4
RGB_ALPHA = 6
SAMPLES = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGB_ALPHA: 4}
"""Samples per pixel of each colour type."""

_BIT_DEPTHS = {
    GREY: (1, 2, 4, 8, 16),
    RGB: (8, 16),
    PALETTE: (1, 2, 4, 8),
    GREY_ALPHA: (8, 16),
    RGB_ALPHA: (8, 16),
}
_SRGB_GAMMA = 45455
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""The passes of an interlaced image: first column, first row, step between columns, step between rows."""
_DEFLATE_MOST = 1032
"""Deflate makes at most so many bytes of one."""
_SUB, _UP, _AVERAGE, _PAETH = 1, 2, 3, 4


class Png(NamedTuple):
    """What a PNG file holds, before its rows are decompressed."""

    width: int
    height: int
    bit_depth: int
    colour_type: int
    interlaced: bool
    palette: bytes
    """Red, green and blue of each entry of the palette."""
    transparency: bytes | None
    """The tRNS chunk: the alpha of the palette's first entries, or the one transparent colour."""
    gamma: int
    """The file's gamma in 1/100000, or 0 if it states none."""
    data: bytes
    """The compressed rows."""

    def minimal(self) -> bytes:
        """The same image as a file without any chunk that does not matter for its pixels."""
        header = struct.pack(
            ">IIBBBBB", self.width, self.height, self.bit_depth, self.colour_type, 0, 0, self.interlaced
        )
        palette = [chunk(b"PLTE", self.palette)] if self.palette else []
        return b"".join(
            (SIGNATURE, chunk(b"IHDR", header), *palette, chunk(b"IDAT", self.data), chunk(b"IEND", b""))
        )


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk as it stands in a file."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))


def parse(contents: bytes) -> Png:
    """Read the chunks of a PNG file.

    Raises:
        InvalidArgumentError: it is damaged, truncated or larger than what is decoded.
    """
    header = palette = b""
    transparency: bytes | None = None
    gamma = 0
    data: list[bytes] = []
    for kind, body in _chunks(contents):
        if not header and kind != b"IHDR":
            raise invalid("Invalid PNG data: it does not begin with its header.")
        if kind == b"IHDR":
            header = body
        elif kind == b"PLTE":
            palette = body
        elif kind == b"IDAT":
            data.append(body)
        elif kind == b"tRNS":
            transparency = body
        elif kind == b"sRGB":
            gamma = _SRGB_GAMMA
        elif kind == b"gAMA" and len(body) == 4 and not gamma:
            gamma = int.from_bytes(body, "big")
    if len(header) != 13 or not data:
        raise invalid("Invalid PNG data: it has no header or no image.")
    width, height, bit_depth, colour_type, _, _, interlace = struct.unpack(">IIBBBBB", header)
    if bit_depth not in _BIT_DEPTHS.get(colour_type, ()):
        raise invalid(f"Invalid PNG data: the colour type {colour_type} has no {bit_depth}-bit form.")
    if colour_type == PALETTE and (not palette or len(palette) % 3):
        raise invalid("Invalid PNG data: the palette is missing or damaged.")
    check_size("PNG", width, height)
    compressed = b"".join(data)
    if width * height * bit_depth * SAMPLES[colour_type] > 8 * _DEFLATE_MOST * len(compressed):
        raise invalid(f"Invalid PNG data, size {len(contents)}: too few for {width}x{height} pixels.")
    return Png(
        width, height, bit_depth, colour_type, interlace == 1, palette, transparency, gamma, compressed
    )


def _chunks(contents: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks up to the end mark. Damaged chunks that don't matter for the pixels are left out."""
    at = len(SIGNATURE)
    while at + 12 <= len(contents):
        (length,) = struct.unpack_from(">I", contents, at)
        kind = contents[at + 4 : at + 8]
        end = at + 8 + length
        if end + 4 > len(contents):
            break
        fits = zlib.crc32(contents[at + 4 : end]) == int.from_bytes(contents[end : end + 4], "big")
        if kind == b"IEND":
            return
        if fits:
            yield kind, contents[at + 8 : end]
        elif kind[:1].isupper():
            raise invalid(f"Invalid PNG data: its {kind.decode('latin-1')} part does not fit its checksum.")
        at = end + 4
    raise invalid(f"Invalid PNG data, size {len(contents)}: it is truncated.")


def samples_16(png: Png) -> npt.NDArray[np.uint16]:
    """The samples of a 16-bit image, ``[height, width, samples]``.

    Raises:
        InvalidArgumentError: the rows are damaged or truncated.
    """
    pixel = 2 * SAMPLES[png.colour_type]
    passes = _ADAM7 if png.interlaced else ((0, 0, 1, 1),)
    sizes = [
        (len(range(row, png.height, down)), len(range(column, png.width, right)))
        for column, row, right, down in passes
    ]
    raw = _inflate(png.data, sum(rows * (columns * pixel + 1) for rows, columns in sizes if columns))
    image = np.empty((png.height, png.width, pixel), np.uint8)
    at = 0
    for (column, row, right, down), (rows, columns) in zip(passes, sizes, strict=True):
        if rows and columns:
            end = at + rows * (columns * pixel + 1)
            image[row::down, column::right] = _unfilter(raw[at:end].reshape(rows, -1), pixel)
            at = end
    return image.view(">u2").astype(np.uint16)


def _inflate(data: bytes, size: int) -> npt.NDArray[np.uint8]:
    try:
        raw = zlib.decompressobj().decompress(data, size)
    except zlib.error as error:
        raise invalid(f"Invalid PNG data: {error}.") from error
    if len(raw) < size:
        raise invalid("Invalid PNG data: its rows are truncated.")
    return np.frombuffer(raw, np.uint8)


def _unfilter(rows: npt.NDArray[np.uint8], pixel: int) -> npt.NDArray[np.uint8]:
    """Undo the prediction of each byte from its left, upper and upper left neighbours.

    A pixel needs its left and upper neighbours first, so all pixels of one diagonal are done at once.
    """
    filters = rows[:, 0]
    if filters.max() > _PAETH:
        raise invalid("Invalid PNG data: a row has an unknown filter.")
    height = len(rows)
    stored = rows[:, 1:].reshape(height, -1, pixel)
    width = stored.shape[1]
    done = np.zeros((height + 1, width + 1, pixel), np.int16)
    for diagonal in range(height + width - 1):
        y = np.arange(max(0, diagonal - width + 1), min(height, diagonal + 1))
        x = diagonal - y
        left, up, corner = done[y + 1, x], done[y, x + 1], done[y, x]
        kind = filters[y, np.newaxis]
        to_left, to_up, to_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
        nearest = np.where(
            (to_left <= to_up) & (to_left <= to_corner), left, np.where(to_up <= to_corner, up, corner)
        )
        predicted = np.select(
            [kind == _SUB, kind == _UP, kind == _AVERAGE, kind == _PAETH],
            [left, up, (left + up) >> 1, nearest],
            0,
        )
        done[y + 1, x + 1] = (stored[y, x] + predicted) & 0xFF
    return done[1:, 1:].astype(np.uint8)
