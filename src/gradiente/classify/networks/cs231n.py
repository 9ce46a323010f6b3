"""The small convolutional network of the course's figure."""

from __future__ import annotations

from typing import Any

import gradiente as tf
from gradiente.classify.networks.layers import conv, dense, flatten, pool


def cs231n(images: Any, num_classes: int, training: bool) -> Any:
    """[32, 32, 3] → CONV [32, 32, 12] → RELU → POOL [16, 16, 12] → FC [1, 1, 10].

    Twelve filters of 5x5 with zero padding P = 2 and stride S = 1 keep the size: (W − F + 2P)/S + 1 = (32 − 5 + 4)/1 + 1 =
    32. Images of other sizes go through it as well.

    Args:
        images: float32 ``[batch, height, width, channels]``.
        num_classes: the number of classes.
        training: makes no difference here.

    Returns:
        The logits, ``[batch, num_classes]``.
    """
    del training
    x = pool(tf.nn.relu(conv(images, 5, 12, "conv")))
    return dense(flatten(x), num_classes, "full")
