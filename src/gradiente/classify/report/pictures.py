"""Small pictures as data URLs: thumbnails, filters, what layers see, where the network looked."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import numpy.typing as npt

_COLD, _NONE, _WARM = (33, 102, 172), (247, 247, 247), (178, 24, 43)
_HEAT = np.array([[0, 0, 4], [81, 18, 124], [183, 55, 121], [252, 137, 97], [252, 253, 191]], np.float64)
"""Five colours of Matplotlib's "magma"."""


def thumbnail(pixels: npt.NDArray[np.uint8], side: int = 96) -> str:
    """An image as a data URL, its longer side at most ``side``; a small one is kept as it is, without loss.

    Args:
        pixels: uint8 ``[height, width, 1 or 3]``.
        side: the most pixels of the longer side.
    """
    from PIL import Image

    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    if max(image.size) <= 40:
        return _url(image, "PNG", optimize=True)
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return _url(image, "WEBP", quality=72, method=4)


def signed(values: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.uint8]:
    """Weights as a picture: three channels as colours around grey, others blue where negative and red where positive.

    Args:
        values: ``[height, width, channels]``.

    Returns:
        uint8 ``[height, width, 3]``.
    """
    most = max(float(np.abs(values).max()), 1e-12)
    if values.shape[-1] == 3:
        return np.rint(127.5 + 127.5 * values / most).astype(np.uint8)
    flat = values.mean(-1)
    part = np.clip(flat / max(float(np.abs(flat).max()), 1e-12), -1, 1)[..., None]
    ends = np.where(part < 0, np.array(_COLD), np.array(_WARM))
    return np.rint(np.array(_NONE) * (1 - np.abs(part)) + ends * np.abs(part)).astype(np.uint8)


def heat(values: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.uint8]:
    """Values between 0 and 1 as colours from black over violet to yellow: uint8 ``[..., 3]``."""
    at = np.clip(values, 0, 1) * (len(_HEAT) - 1)
    low = np.minimum(at.astype(int), len(_HEAT) - 2)
    part = (at - low)[..., None]
    return np.rint(_HEAT[low] * (1 - part) + _HEAT[low + 1] * part).astype(np.uint8)


def montage(pictures: npt.NDArray[np.uint8], columns: int, gap: int = 1) -> str:
    """Equally large pictures in rows, as a data URL with transparent gaps.

    Args:
        pictures: uint8 ``[n, height, width, 3]``.
        columns: in a row.
        gap: pixels between them.
    """
    from PIL import Image

    n, height, width, _ = pictures.shape
    rows = -(-n // columns)
    canvas = np.zeros((rows * (height + gap) - gap, columns * (width + gap) - gap, 4), np.uint8)
    for at, picture in enumerate(pictures):
        top, left = at // columns * (height + gap), at % columns * (width + gap)
        canvas[top : top + height, left : left + width, :3] = picture
        canvas[top : top + height, left : left + width, 3] = 255
    return _url(Image.fromarray(canvas), "PNG", optimize=True)


def maps(values: npt.NDArray[np.float32], most: int, side: int = 48) -> str:
    """The channels of a layer that see most, one below the other, as a data URL.

    Args:
        values: ``[height, width, channels]``, or ``[units]``.
        most: how many channels.
        side: pixels of the longer side at most.
    """
    if values.ndim == 1:
        values = values[None, None, :]
    strongest = np.argsort(-values.std((0, 1)) - 1e-6 * np.abs(values).mean((0, 1)), kind="stable")[:most]
    shown = values[:, :, np.sort(strongest)].transpose(2, 0, 1)
    low, high = shown.min((1, 2), keepdims=True), shown.max((1, 2), keepdims=True)
    step = -(-max(shown.shape[1:]) // side)
    return montage(heat((shown - low) / np.maximum(high - low, 1e-12))[:, ::step, ::step], 1, 2)


def units(values: npt.NDArray[np.float32], most: int = 40) -> str:
    """The strongest units of a fully connected layer as a column of squares, as a data URL."""
    shown = values[np.sort(np.argsort(-np.abs(values), kind="stable")[:most])]
    span = max(float(shown.max() - shown.min()), 1e-12)
    return montage(heat((shown - shown.min()) / span)[:, None, None, :].repeat(4, 1).repeat(24, 2), 1, 1)


def overlaid(pixels: npt.NDArray[np.uint8], attention: npt.NDArray[np.float32], side: int = 160) -> str:
    """An image with what the network looked at in warm colours, as a data URL.

    Args:
        pixels: uint8 ``[height, width, 1 or 3]``.
        attention: ``[rows, columns]`` between 0 and 1, of any size.
        side: pixels of the longer side.
    """
    from PIL import Image

    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    grey = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).convert("L").convert("RGB")
    image = np.asarray(grey.resize(size, Image.Resampling.BICUBIC), np.float64)
    weight = np.asarray(
        Image.fromarray(attention.astype(np.float32)).resize(size, Image.Resampling.BICUBIC), np.float64
    ).clip(0, 1)
    mixed = image * (1 - 0.65 * weight[..., None]) + 0.65 * weight[..., None] * heat(0.35 + 0.6 * weight)
    return _url(Image.fromarray(np.rint(mixed).clip(0, 255).astype(np.uint8)), "WEBP", quality=75, method=4)


def _url(image: Any, kind: str, **options: Any) -> str:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
