"""The graph that a classifier keeps, from raw images to probabilities, and the names in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradiente as tf
from gradiente.classify.networks import Network

IMAGES = "images"
"""The placeholder of both graphs: raw images, uint8 ``[batch, height, width, channels]``."""

PROBABILITIES = "probabilities"
"""What the kept graph is asked for: float32 ``[batch, classes]``."""

LOGITS = "network_output"
"""What the network gives, before the temperature and the softmax: float32 ``[batch, classes]``."""

TEMPERATURE = "temperature"
"""The constant of the kept graph that the logits are divided by: 1 until the model is calibrated."""


@dataclass(frozen=True)
class Preprocessing:
    """What happens to an image's values inside the graph: (value − mean) / deviation, for each channel.

    Attributes:
        mean: the mean of each channel over the training images, 0..255.
        deviation: the standard deviation of each channel.
    """

    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def apply(self, images: Any) -> Any:
        """The images as the network takes them, float32."""
        return (tf.cast(images, tf.float32) - list(self.mean)) / list(self.deviation)


def inference_graph(
    network: Network, shape: Sequence[int], num_classes: int, preprocessing: Preprocessing
) -> Any:
    """Build the graph that is kept, from raw images to probabilities.

    Returns:
        A GraphDef with the variables of the training graph, by the same names, and nothing that only training needs.
    """
    with tf.Graph().as_default() as graph:
        images = tf.placeholder(tf.uint8, [None, *shape], name=IMAGES)
        logits = network(preprocessing.apply(images), num_classes, False)
        temperature = tf.constant(1.0, name=TEMPERATURE)
        tf.nn.softmax(tf.truediv(tf.identity(logits, name=LOGITS), temperature), name=PROBABILITIES)
    return tf.graph_util.extract_sub_graph(graph.as_graph_def(), [PROBABILITIES])
