"""The graph that learns: the network with its loss, its step and the averages of its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradiente as tf
from gradiente.classify.learning.recipe import Recipe, cross_entropy, optimize
from gradiente.classify.model.graph import IMAGES, Preprocessing
from gradiente.classify.networks import Network


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
    weights: Mapping[str, Any]
    initialize: Any


def training_graph(
    network: Network, shape: Sequence[int], num_classes: int, preprocessing: Preprocessing, recipe: Recipe
) -> TrainingGraph:
    """Build the graph that learns.

    Args:
        network: from images to logits.
        shape: height, width and channels of an image.
        num_classes: the number of classes.
        preprocessing: of the images.
        recipe: how it learns.
    """
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(recipe.seed)
        images = tf.placeholder(tf.uint8, [None, *shape], name=IMAGES)
        labels = tf.placeholder(tf.int32, [None], name="labels")
        with tf.name_scope("augment"):
            varied = recipe.augmentation.apply(tf.cast(images, tf.float32))
        inputs = preprocessing.apply(varied)
        if recipe.precision == "bfloat16":
            with tf.variable_scope(tf.get_variable_scope(), custom_getter=_in_bfloat16):
                logits = tf.cast(network(tf.cast(inputs, tf.bfloat16), num_classes, True), tf.float32)
        else:
            logits = network(inputs, num_classes, True)
        model = tf.global_variables()
        loss = cross_entropy(logits, labels, recipe)
        right = tf.equal(tf.argmax(logits, 1, output_type=tf.int32), labels)
        accuracy = tf.reduce_mean(tf.cast(right, tf.float32), name="accuracy")

        step, trained = optimize(loss, tf.train.get_or_create_global_step(), recipe)
        weights: dict[str, Any] = {v.op.name: v for v in model}
        if recipe.average:
            # Over the first steps the average is shorter, so that the random start does not weigh on it.
            moving = tf.train.ExponentialMovingAverage(recipe.average, num_updates=tf.train.get_global_step())
            # A normalization's statistics are those of the weights' steps, and are averaged along with them.
            averaged = [*trained, *(v for v in model if v not in tf.trainable_variables())]
            with tf.control_dependencies([step]):
                step = moving.apply(averaged)
            weights.update({v.op.name: moving.average(v) for v in averaged})
        initialize = tf.global_variables_initializer()
    graph.finalize()
    return TrainingGraph(graph, images, labels, step, loss, accuracy, weights, initialize)


def _in_bfloat16(getter: Any, name: str, *arguments: Any, **settings: Any) -> Any:
    """A trainable variable stays float32, and the layers see it in bfloat16."""
    variable = getter(name, *arguments, **settings)
    half = settings.get("trainable") is not False and variable.dtype.base_dtype == tf.float32
    return tf.cast(variable, tf.bfloat16) if half else variable


def activation_bytes(training: TrainingGraph) -> int:
    """About how many bytes of a step's memory each image of the batch takes.

    The outputs that the gradients want back are those of the operations before the loss; the gradients' own live more
    shortly, one or two at a time. An upper bound, as XLA never stores what it can compute along the way.
    """
    total = 0
    for op in training.graph.get_operations():
        if op.name.startswith(("gradients/", "ExponentialMovingAverage/")) or op.type == "Const":
            continue
        for output in op.outputs:
            if not output.shape.ndims or output.shape[1:].num_elements() is None:
                continue
            if output.shape.as_list()[0] is None:
                total += int(output.shape[1:].num_elements() or 1) * int(output.dtype.size)
    return total
