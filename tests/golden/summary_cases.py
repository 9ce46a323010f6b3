"""The summaries that TensorFlow and gradiente both serialize."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def _normal(*shape: int) -> Any:
    return np.random.default_rng(3).normal(size=shape)


def _scoped(tf: Any) -> Any:
    with tf.name_scope("layer"):
        first = tf.summary.scalar("loss", tf.constant(1.5))
        second = tf.summary.scalar("loss", tf.constant(2.5))
        third = tf.summary.scalar("a b:c", tf.constant(3))
        fourth = tf.summary.scalar("rate", tf.constant(0.5), family="group")
    return tf.summary.merge([first, second, third, fourth])


CASES: dict[str, Callable[[Any], Any]] = {
    "scalar": lambda tf: tf.summary.scalar("loss", tf.constant(0.1)),
    "scalars": lambda tf: _scoped(tf),
    "histogram": lambda tf: tf.summary.histogram("h", tf.constant(_normal(200), tf.float32)),
    "histogram_zeros": lambda tf: tf.summary.histogram("h", tf.zeros([3, 2])),
    "histogram_wide": lambda tf: tf.summary.histogram(
        "h", tf.constant([-1e30, -1.0, 0.0, 1e-13, 1.0, 1e25], tf.float64)
    ),
    "histogram_ints": lambda tf: tf.summary.histogram("h", tf.constant([1, 1, 2, 500])),
    "histogram_empty": lambda tf: tf.summary.histogram("h", tf.zeros([0])),
    "text": lambda tf: tf.summary.text("t", tf.constant([["a", "b"], ["c", "d"]])),
    "image_bytes": lambda tf: tf.summary.image("i", tf.constant(np.arange(48).reshape(2, 4, 2, 3), tf.uint8)),
    "image_floats": lambda tf: tf.summary.image("i", tf.constant(np.abs(_normal(4, 3, 2, 1)), tf.float32)),
    "image_signed": lambda tf: tf.summary.image(
        "i", tf.constant(_normal(1, 3, 5, 3), tf.float32), max_outputs=1
    ),
    "image_nan": lambda tf: tf.summary.image(
        "i", tf.constant(np.where(np.arange(12).reshape(1, 2, 2, 3) == 4, np.nan, 0.5), tf.float32)
    ),
}
"""What to run, by name: each gives a serialized Summary."""
