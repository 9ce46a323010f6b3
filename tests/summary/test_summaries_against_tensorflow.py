"""Summaries as TensorFlow's ops serialize them (tests/golden)."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.golden.summary_cases import CASES

import gradiente as tf

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "summaries.npz")


def pixels(value: Any) -> Any:
    return np.asarray(Image.open(io.BytesIO(value.image.encoded_image_string)))


@pytest.mark.parametrize("name", CASES)
def test_summary(name: str) -> None:
    with tf.Session() as sess:
        made = tf.Summary.FromString(sess.run(CASES[name](tf)))
    expected = tf.Summary.FromString(GOLDEN[name].tobytes())

    assert [v.tag for v in made.value] == [v.tag for v in expected.value]
    for value, wanted in zip(made.value, expected.value, strict=True):
        assert value.metadata == wanted.metadata
        if wanted.HasField("image"):
            assert (value.image.height, value.image.width, value.image.colorspace) == (
                wanted.image.height, wanted.image.width, wanted.image.colorspace,
            )  # fmt: skip
            np.testing.assert_array_equal(pixels(value), pixels(wanted))
        elif wanted.HasField("histo"):
            for field in ("min", "max", "num", "sum", "sum_squares", "bucket_limit", "bucket"):
                np.testing.assert_allclose(
                    getattr(value.histo, field), getattr(wanted.histo, field), rtol=1e-12
                )
        elif wanted.HasField("tensor"):
            assert tf.make_ndarray(value.tensor).tolist() == tf.make_ndarray(wanted.tensor).tolist()
        else:
            assert value.simple_value == wanted.simple_value
