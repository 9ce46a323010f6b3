"""A residual network of 20 layers, for small images."""

from __future__ import annotations

from typing import Any

import gradiente as tf
from gradiente.classify.networks.layers import batch_norm, conv, dense


def resnet20(images: Any, num_classes: int, training: bool) -> Any:
    """A 3x3 convolution, nine residual blocks of two each in three stages of 16, 32 and 64 channels, and the mean.

    Every convolution is followed by batch normalization. 41 million multiplications for 32x32 pixels.

    Args:
        images: float32 ``[batch, height, width, channels]``.
        num_classes: the number of classes.
        training: whether batches are normalized by their own statistics.

    Returns:
        The logits, ``[batch, num_classes]``.

    Source: He et al. 2015, section 4.2, with the parameter-free shortcut (A).
    """
    x = tf.nn.relu(_normalized(images, 16, 1, training, "stem"))
    for stage, channels in enumerate((16, 32, 64), 1):
        for block in range(1, 4):
            stride = 2 if stage > 1 and block == 1 else 1
            with tf.variable_scope(f"stage{stage}/block{block}"):
                x = _block(x, channels, stride, training)
    return dense(tf.reduce_mean(x, [1, 2]), num_classes, "logits")


def _block(x: Any, channels: int, stride: int, training: bool) -> Any:
    """Two convolutions whose result is added to what came in."""
    y = tf.nn.relu(_normalized(x, channels, stride, training, "conv1"))
    y = _normalized(y, channels, 1, training, "conv2")
    inputs = int(x.shape[3])
    if stride > 1:
        x = x[:, ::stride, ::stride, :]
    if channels > inputs:
        x = tf.pad(x, [[0, 0], [0, 0], [0, 0], [0, channels - inputs]])
    return tf.nn.relu(x + y)


def _normalized(x: Any, channels: int, stride: int, training: bool, name: str) -> Any:
    with tf.variable_scope(name):
        return batch_norm(conv(x, 3, channels, "conv", stride, biases=False), training, "normalized")
