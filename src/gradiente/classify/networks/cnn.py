"""A convolutional network: the experts' one with a quarter of its arithmetic."""

from __future__ import annotations

from typing import Any

import gradiente as tf
from gradiente.classify.networks.layers import conv, dense, flatten, pool


def cnn(images: Any, num_classes: int, training: bool) -> Any:
    """Two 5x5 convolutions of 16 and 32 filters, each pooled to half the size, and a layer of 256 neurons.

    The experts' network has 32 and 64 filters and 1,024 neurons. On MNIST this one takes 3.2 million multiplications an
    image instead of 13.9 million. RELU stands behind the pooling, where it gives the same values with a quarter of the work.

    Args:
        images: float32 ``[batch, height, width, channels]``.
        num_classes: the number of classes.
        training: whether half of the 256 are dropped at random.

    Returns:
        The logits, ``[batch, num_classes]``.
    """
    x = tf.nn.relu(pool(conv(images, 5, 16, "conv1")))
    x = tf.nn.relu(pool(conv(x, 5, 32, "conv2")))
    x = tf.nn.relu(dense(flatten(x), 256, "full"))
    if training:
        x = tf.nn.dropout(x, keep_prob=0.5)
    return dense(x, num_classes, "logits")
