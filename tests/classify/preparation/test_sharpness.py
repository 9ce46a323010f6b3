"""How many pixels of an image are its own."""

from __future__ import annotations

import numpy as np
from PIL import Image

from gradiente.classify.preparation.sharpness import effective_side


def photographs(side: int, shown: int, count: int = 6) -> np.ndarray:
    """Random images whose power falls as 1/f², of ``side`` pixels, shown in ``shown``."""
    rng = np.random.default_rng(0)
    f = np.fft.fftfreq(side)
    radius = np.hypot(f[:, None], f)
    radius[0, 0] = 1
    images = []
    for _ in range(count):
        spectrum = np.fft.fft2(rng.normal(size=(side, side, 3)), axes=(0, 1)) / radius[..., None]
        values = np.fft.ifft2(spectrum, axes=(0, 1)).real
        values = np.clip(127 + 50 * values / values.std(), 0, 255).astype(np.uint8)
        images.append(np.asarray(Image.fromarray(values).resize((shown, shown), Image.Resampling.BICUBIC)))
    return np.stack(images)


def test_sharp_images_have_all_their_pixels() -> None:
    assert effective_side(photographs(128, 128)) == 128
    assert effective_side(photographs(40, 40)) >= 32


def test_images_that_were_scaled_up_have_those_they_came_with() -> None:
    assert 24 <= effective_side(photographs(32, 128)) <= 46
    assert 24 <= effective_side(photographs(32, 224)) <= 46


def test_blank_images_say_nothing() -> None:
    assert effective_side(np.full((3, 64, 64, 3), 200, np.uint8)) == 64
    assert effective_side(np.zeros((2, 1, 1, 3), np.uint8)) == 1
