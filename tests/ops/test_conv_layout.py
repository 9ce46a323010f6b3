"""XLA has fast convolutions on the CPU for one layout only, and brings others into it only outside of loops.

They are used where gradiente's own kernels are not.
"""

from __future__ import annotations

import re

import numpy as np
import pytest

import gradiente as tf

FAST = "[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]"


def test_a_convolution_and_its_gradients_have_the_fast_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIENTE_CONV", "xla")
    x = tf.placeholder(tf.float32, [2, 8, 8, 4])
    filters = tf.placeholder(tf.float32, [3, 3, 4, 6])
    y = tf.nn.conv2d(x, filters, [1, 1, 1, 1], "SAME")
    gradients = tf.gradients(y, [x, filters])
    feeds = {x: np.ones(x.shape.as_list(), "float32"), filters: np.ones(filters.shape.as_list(), "float32")}
    with tf.Session() as sess:
        text = sess.as_text([y, gradients], feeds, stage="stablehlo")
    layouts = re.findall(r"dim_numbers = (\[.*?\]x\[.*?\]->\[.*?\])", text)
    assert layouts == [FAST] * 3
