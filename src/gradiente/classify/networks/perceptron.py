"""A perceptron of N layers."""

from __future__ import annotations

from typing import Any

import gradiente as tf
from gradiente.classify.networks.layers import dense, flatten


def perceptron(images: Any, num_classes: int, training: bool, layers: int = 3, width: int = 256) -> Any:
    """Layers in which every neuron sees all of the layer before, with RELU between them.

    Args:
        images: float32 ``[batch, height, width, channels]``.
        num_classes: the number of classes.
        training: whether a quarter of each hidden layer is dropped at random.
        layers: the number of layers with weights, the last one included.
        width: the neurons of a hidden layer.

    Returns:
        The logits, ``[batch, num_classes]``.
    """
    x = flatten(images)
    for number in range(1, layers):
        x = tf.nn.relu(dense(x, width, f"layer{number}"))
        if training:
            x = tf.nn.dropout(x, keep_prob=0.75)
    return dense(x, num_classes, f"layer{layers}")
