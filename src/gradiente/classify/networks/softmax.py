"""Softmax regression: one layer."""

from __future__ import annotations

from typing import Any

import gradiente as tf
from gradiente.classify.networks.layers import flatten


def softmax(images: Any, num_classes: int, training: bool) -> Any:
    """The beginners' network: every class has one weight for each pixel.

    Args:
        images: float32 ``[batch, height, width, channels]``.
        num_classes: the number of classes.
        training: makes no difference here.

    Returns:
        The logits, ``[batch, num_classes]``.
    """
    del training
    x = flatten(images)
    weights = tf.get_variable("weights", [int(x.shape[1]), num_classes], initializer=tf.zeros_initializer())
    biases = tf.get_variable("biases", [num_classes], initializer=tf.zeros_initializer())
    return tf.nn.xw_plus_b(x, weights, biases)
