"""The experts' convolutional network."""

from __future__ import annotations

from typing import Any

import gradiente as tf
from gradiente.classify.networks.layers import conv, dense, flatten, pool


def cnn(images: Any, num_classes: int, training: bool) -> Any:
    """Two 5x5 convolutions of 32 and 64 filters, each pooled to half the size, and a layer of 1,024 neurons.

    RELU stands behind the pooling, where it gives the same values with a quarter of the work.

    Args:
        images: float32 ``[batch, height, width, channels]``.
        num_classes: the number of classes.
        training: whether half of the 1,024 are dropped at random.

    Returns:
        The logits, ``[batch, num_classes]``.

    Source: TensorFlow 1's tutorial "Deep MNIST for Experts".
    """
    x = tf.nn.relu(pool(conv(images, 5, 32, "conv1")))
    x = tf.nn.relu(pool(conv(x, 5, 64, "conv2")))
    x = tf.nn.relu(dense(flatten(x), 1024, "full"))
    if training:
        x = tf.nn.dropout(x, keep_prob=0.5)
    return dense(x, num_classes, "logits")
