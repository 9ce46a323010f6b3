"""What the decoders of all image formats share: their error, and the size up to which they decode."""

from __future__ import annotations

from gradiente.graph.errors import InvalidArgumentError

MOST_PIXELS = 178_956_970
"""The most pixels, over all frames, that are decoded: Pillow's own limit. A larger image is taken for an attempt to
fill the memory with a small file."""


def invalid(message: str) -> InvalidArgumentError:
    """The error for an image that can't be decoded or encoded."""
    return InvalidArgumentError(None, None, message)


def check_size(kind: str, width: int, height: int, frames: int = 1) -> None:
    """Refuse an empty or a huge image.

    Raises:
        InvalidArgumentError: the image is empty, or has more than ``MOST_PIXELS`` pixels.
    """
    if width <= 0 or height <= 0:
        raise invalid(f"The {kind} image has the size {width}x{height}: it is damaged.")
    if width * height * frames > MOST_PIXELS:
        of = f" in {frames} frames" if frames > 1 else ""
        raise invalid(
            f"The {kind} image of {width}x{height} pixels{of} is larger than the {MOST_PIXELS} pixels that are "
            "decoded. Make it smaller with an image program."
        )


def check_channels(channels: int) -> None:
    """Refuse a number of channels that no decoder gives.

    Raises:
        InvalidArgumentError: it is not 0, 1, 3 or 4.
    """
    if channels not in (0, 1, 3, 4):
        raise invalid(f"`channels` must be 0 (the image's own), 1, 3 or 4 but got {channels}")
