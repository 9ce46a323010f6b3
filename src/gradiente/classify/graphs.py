"""The two graphs of a classifier: the one that learns, and the one that is kept."""

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
    """What happens to an image's bytes inside the graph: (value − mean) / deviation, for each channel.

    Attributes:
        mean: the mean of each channel over the training images, 0..255.
        deviation: the standard deviation of each channel.
    """

    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def apply(self, images: Any) -> Any:
        """The images as the network takes them, float32."""
        return (tf.cast(images, tf.float32) - list(self.mean)) / list(self.deviation)


@dataclass(frozen=True)
class TrainingGraph:
    """The graph that learns.

    Attributes:
        graph: the graph.
        images: a placeholder for raw images.
        labels: a placeholder for their classes, int32 ``[batch]``.
        step: the operation that takes a step.
        loss: the mean cross-entropy of the batch, before the step.
        accuracy: the proportion of the batch that is classified right, before the step.
        weights: the tensors to keep, by the variables' names: moving averages where there are any.
        initialize: the operation that gives the variables their first values.
    """

    graph: tf.Graph
    images: Any
    labels: Any
    step: Any
    loss: Any
    accuracy: Any
    weights: dict[str, Any]
    initialize: Any


def training_graph(
    network: Network,
    shape: Sequence[int],
    num_classes: int,
    preprocessing: Preprocessing,
    *,
    lr: float,
    steps: int,
    average: float,
    shift: int,
    seed: int,
) -> TrainingGraph:
    """Build the graph that learns: cross-entropy of a softmax, and Adam with a learning rate that falls along a cosine.

    Args:
        network: from images to logits.
        shape: height, width and channels of an image.
        num_classes: the number of classes.
        preprocessing: of the images.
        lr: the learning rate at the start.
        steps: after how many steps it is zero.
        average: the share that the weights' moving average keeps in each step; 0 for no average.
        shift: by how many pixels at most each batch is moved at random; 0 for none.
        seed: of the first weights, the dropout and the shifts.
    """
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(seed)
        images = tf.placeholder(tf.uint8, [None, *shape], name=IMAGES)
        labels = tf.placeholder(tf.int32, [None], name="labels")
        moved = shifted(images, shift) if shift else images
        logits = network(preprocessing.apply(moved), num_classes, True)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        loss = tf.reduce_mean(losses, name="loss")
        right = tf.equal(tf.argmax(logits, 1, output_type=tf.int32), labels)
        accuracy = tf.reduce_mean(tf.cast(right, tf.float32), name="accuracy")

        variables = tf.trainable_variables()
        global_step = tf.train.get_or_create_global_step()
        rate = tf.train.cosine_decay(lr, global_step, steps)
        step = tf.train.AdamOptimizer(rate).minimize(loss, global_step=global_step)
        weights: dict[str, Any] = {v.op.name: v for v in variables}
        if average:
            # Over the first steps the average is shorter, so that the random start does not weigh on it.
            moving = tf.train.ExponentialMovingAverage(average, num_updates=global_step)
            with tf.control_dependencies([step]):
                step = moving.apply(variables)
            weights = {v.op.name: moving.average(v) for v in variables}
        initialize = tf.global_variables_initializer()
    graph.finalize()
    return TrainingGraph(graph, images, labels, step, loss, accuracy, weights, initialize)


def shifted(images: Any, most: int) -> Any:
    """A batch moved by up to ``most`` pixels up or down and left or right, at random; edges are repeated.

    Args:
        images: ``[batch, height, width, channels]``.
        most: the largest shift.

    Returns:
        Images of the same size.
    """
    for axis in (1, 2):
        size = int(images.shape[axis])
        offset = tf.random_uniform([], -most, most + 1, dtype=tf.int32)
        images = tf.gather(images, tf.clip_by_value(tf.range(size) + offset, 0, size - 1), axis=axis)
    return images


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
