"""Pillow images of every mode as 8 bits, grey or RGB, without transparency."""

from __future__ import annotations

from typing import Any

import numpy as np

_TRANSPARENT = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})


def plain(image: Any, mode: str) -> Any:
    """The image in 8 bits, grey or RGB; what is transparent becomes white, wider values are scaled, inks are mixed.

    Args:
        image: a Pillow image.
        mode: ``"L"`` or ``"RGB"``.
    """
    from PIL import Image

    if image.mode[0] in "IF" and image.mode != "IMG":
        return Image.fromarray(_scaled(np.asarray(image), image.mode)).convert(mode)
    if image.mode in _TRANSPARENT or "transparency" in image.info:
        opaque = _with_alpha(image)
        white = Image.new("RGBA", opaque.size, "white")
        return Image.alpha_composite(white, opaque).convert("RGB").convert(mode)
    if image.mode == mode:
        return image
    if image.mode in ("L", "1", "RGB"):
        return image.convert(mode)
    return image.convert("RGB").convert(mode)


def _with_alpha(image: Any) -> Any:
    if image.mode == "1":
        # Pillow takes a 1-bit image's transparent value for one of 8 bits.
        value = image.info["transparency"]
        image = image.convert("L")
        image.info["transparency"] = 255 if value else 0
    if image.mode == "RGBa":
        return image.convert("RGBA")
    if image.mode == "La":
        return image.convert("LA").convert("RGBA")
    return image.convert("RGBA")


def _scaled(values: Any, mode: str) -> Any:
    """Values of 16 or 32 bits, or floating point, as 8 bits: the largest that their kind can have becomes 255.

    Where the kind does not say how large they can be (32 bits, floating point), the values themselves do.
    """
    wide = np.nan_to_num(np.asarray(values, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    top = float(wide.max(initial=0.0))
    if mode.startswith("I;16"):
        most = 65535.0
    elif mode == "F":
        most = 1.0 if top <= 1 else 255.0 if top <= 255 else 65535.0 if top <= 65535 else top
    else:
        most = 255.0 if top <= 255 else 65535.0 if top <= 65535 else top
    return np.clip(np.rint(wide * (255.0 / most)), 0, 255).astype(np.uint8)
