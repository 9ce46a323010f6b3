from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from tests.classify.exporting.test_export import made

from gradiente import classify
from gradiente.classify.networks import find_network


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
def test_images_are_brought_to_size_as_predict_brings_them(tmp_path, resize):
    rng = np.random.default_rng(0)
    made(find_network("softmax"), (9, 12, 3), resize).save(tmp_path / "run" / "model")
    for name in ("cat", "dog"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(2):
            pixels = rng.integers(0, 256, (10, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / name / f"{number}.png")
    tested = classify.test(tmp_path / "run", tmp_path / "data")
    told = classify.load(tmp_path / "run").predict([tmp_path / "data" / name for name in tested.names])
    np.testing.assert_allclose(tested.probabilities, [p.probabilities for p in told], atol=1e-6)
