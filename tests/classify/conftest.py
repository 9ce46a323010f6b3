"""Small sets of images that a network learns in a moment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Forty images of 8x8: those of `left` are bright on their left side, those of `right` on their right."""
    rng = np.random.default_rng(0)
    root = tmp_path / "photos"
    for name in ("left", "right"):
        (root / name).mkdir(parents=True)
        for number in range(20):
            pixels = rng.integers(0, 60, (8, 8), np.uint8)
            pixels[:, slice(4) if name == "left" else slice(4, 8)] += 150
            Image.fromarray(pixels).save(root / name / f"im-{number}.png")
    return root
