"""GIF images and animations to arrays."""

from __future__ import annotations

import io
import struct
from typing import NamedTuple

import numpy as np

from gradiente.formats.image_limits import check_size, invalid
from gradiente.graph.types import Array

SIGNATURES = (b"GIF87a", b"GIF89a")
_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL = 0xF9
_HAS_TABLE = 0x80
_INTERLACED = 0x40
_LZW_MOST = 2731
"""LZW makes at most so many pixels of one byte: 4096 of a code of 12 bits."""
_GREY_RAMP = bytes(level for level in range(256) for _ in range(3))


class _Frame(NamedTuple):
    box: tuple[int, int, int, int]
    """Left, top, width, height."""
    interlaced: int
    table: bytes
    transparent: int
    """The index that leaves what was there, or -1."""
    data: bytes


def decode(contents: bytes, first_only: bool = False) -> Array:
    """The frames of a GIF file.

    The picture is as wide and as high as the largest frame, as TensorFlow has it, whatever the file states. A frame
    covers a part of it and leaves the rest as the frame before left it, or black; so do its transparent pixels.

    Args:
        contents: the file.
        first_only: stop after the first frame.

    Returns:
        uint8 ``[frames, height, width, 3]``.

    Raises:
        InvalidArgumentError: the file is damaged, truncated or too large.
    """
    try:
        frames = _parse(contents, first_only)
    except (struct.error, IndexError) as error:
        raise invalid(f"Invalid GIF data (size {len(contents)}): it is truncated.") from error
    if not frames:
        raise invalid(f"Invalid GIF data (size {len(contents)}): it has no image.")
    width, height = (max(frame.box[side] for frame in frames) for side in (2, 3))
    check_size("GIF", width, height, len(frames))
    out = np.zeros((len(frames), height, width, 3), np.uint8)
    for which, frame in enumerate(frames):
        if which:
            out[which] = out[which - 1]
        left, top, across, down = frame.box
        target = out[which, top : top + down, left : left + across]
        indices = _indices(frame)[: target.shape[0], : target.shape[1]]
        colours = np.frombuffer(frame.table, np.uint8).reshape(-1, 3)
        shown = indices != frame.transparent
        if shown.any() and indices[shown].max() >= len(colours):
            raise invalid(
                f"Invalid GIF data (size {len(contents)}): found color index {indices[shown].max()} outside of the "
                f"color table of {len(colours)}."
            )
        target[shown] = colours[indices[shown]]
    return out


def _parse(contents: bytes, first_only: bool) -> list[_Frame]:
    (flags,) = struct.unpack_from("<B", contents, 10)
    at = 13
    shared, at = _table(contents, at, flags)
    frames: list[_Frame] = []
    transparent = -1
    while not (first_only and frames):
        kind = contents[at]
        at += 1
        if kind == _EXTENSION:
            label = contents[at]
            body, at = _blocks(contents, at + 1)
            if label == _GRAPHIC_CONTROL and len(body) >= 4:
                transparent = body[3] if body[0] & 1 else -1
        elif kind == _IMAGE:
            left, top, across, down, flags = struct.unpack_from("<HHHHB", contents, at)
            table, at = _table(contents, at + 9, flags)
            start = at
            _, at = _blocks(contents, at + 1)
            if across * down > _LZW_MOST * (at - start):
                raise invalid(f"Invalid GIF data (size {len(contents)}): too few for {across}x{down} pixels.")
            box = (left, top, across, down)
            frames.append(_Frame(box, flags & _INTERLACED, table or shared, transparent, contents[start:at]))
            transparent = -1
        elif kind == _TRAILER:
            break
        else:
            raise invalid(f"Invalid GIF data (size {len(contents)}): an unknown part of kind {kind}.")
    return frames


def _table(contents: bytes, at: int, flags: int) -> tuple[bytes, int]:
    if not flags & _HAS_TABLE:
        return b"", at
    end = at + 3 * (2 << (flags & 7))
    if end > len(contents):
        raise IndexError
    return contents[at:end], end


def _blocks(contents: bytes, at: int) -> tuple[bytes, int]:
    """The bytes of a sequence of blocks, and the place after it."""
    parts: list[bytes] = []
    while size := contents[at]:
        parts.append(contents[at + 1 : at + 1 + size])
        at += 1 + size
    return b"".join(parts), at + 1


def _indices(frame: _Frame) -> Array:
    """A frame's places in its color table: it is made a picture of its own, whose colors are these places."""
    from PIL import GifImagePlugin

    _, _, width, height = frame.box
    header = b"GIF89a" + struct.pack("<HHBBB", width, height, _HAS_TABLE | 7, 0, 0) + _GREY_RAMP
    image_header = struct.pack("<BHHHHB", _IMAGE, 0, 0, width, height, frame.interlaced)
    try:
        with GifImagePlugin.GifImageFile(
            io.BytesIO(header + image_header + frame.data + bytes([_TRAILER]))
        ) as image:
            return np.array(image)
    except Exception as error:
        raise invalid(f"Invalid GIF data: {error}.") from error
