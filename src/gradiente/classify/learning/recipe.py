"""How a network learns: optimizer, learning rate, loss; all of it as graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import gradiente as tf
from gradiente.classify.learning.augment import Augmentation


@dataclass(frozen=True)
class Recipe:
    """What the training graph is built from.

    Attributes:
        optimizer: ``"adam"``, ``"momentum"`` (0.9, Nesterov's), ``"sgd"`` or ``"rmsprop"``.
        rate: from the number of steps taken, an int64 scalar, to the learning rate, a float32 scalar.
        weight_decay: the share of each weight that a step takes off, times the rate (Loshchilov and Hutter 2019); biases
            and the scales of normalizations are left alone.
        label_smoothing: the share of a label that is spread evenly over all classes (Szegedy et al. 2016).
        average: the share that the weights' moving average keeps in each step; 0 for no average.
        augmentation: how the images are varied.
        class_weights: what each class's examples weigh in the loss; None for one each.
        precision: ``"float32"``, or ``"bfloat16"``: the layers' arithmetic, while weights and loss stay float32
            (Micikevicius et al. 2018; bfloat16 needs no scaling of the loss).
        trainable: which variables are changed, by name; None for all trainable ones.
        seed: of the first weights, the dropout and the variations.
    """

    rate: Callable[[Any], Any]
    optimizer: str = "adam"
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    average: float = 0.0
    augmentation: Augmentation = field(default_factory=Augmentation)
    class_weights: Sequence[float] | None = None
    precision: str = "float32"
    trainable: Callable[[str], bool] | None = None
    seed: int = 0


def schedule(kind: str, lr: float, steps: int, warmup: int) -> Callable[[Any], Any]:
    """A learning rate by the step: up from zero in ``warmup`` steps, then along half a cosine to zero, or constant.

    rate(s) = lr · min(1, (s + 1) / warmup) · ½ (1 + cos(π · s / steps))    (Loshchilov and Hutter 2017; Goyal et al. 2017)

    Args:
        kind: ``"cosine"`` or ``"constant"``.
        lr: the highest rate.
        steps: after how many steps a cosine is zero.
        warmup: in how many steps the rate rises; 0 for none.
    """

    def rate(step: Any) -> Any:
        value = tf.train.cosine_decay(lr, step, steps) if kind == "cosine" else tf.constant(lr)
        if warmup:
            value *= tf.minimum(1.0, (tf.cast(step, tf.float32) + 1.0) / float(warmup))
        return value

    return rate


def cross_entropy(logits: Any, labels: Any, recipe: Recipe) -> Any:
    """The mean cross-entropy of a batch, with the labels smoothed and the classes weighed as the recipe says.

    Args:
        logits: float32 ``[batch, classes]``.
        labels: int32 ``[batch]``.
        recipe: the recipe.

    Returns:
        A scalar, in nats.
    """
    if recipe.label_smoothing:
        classes = int(logits.shape[1])
        rest = recipe.label_smoothing / classes
        smooth = tf.one_hot(labels, classes, 1.0 - recipe.label_smoothing + rest, rest)
        losses = tf.nn.softmax_cross_entropy_with_logits_v2(labels=smooth, logits=logits)
    else:
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    if recipe.class_weights is not None:
        losses *= tf.gather(tf.constant(list(recipe.class_weights), tf.float32), labels)
    return tf.reduce_mean(losses, name="loss")


def optimize(loss: Any, global_step: Any, recipe: Recipe) -> tuple[Any, list[Any]]:
    """An operation that takes a step, and the variables that it changes."""
    rate = tf.identity(recipe.rate(global_step), name="learning_rate")
    optimizer = {
        "adam": lambda: tf.train.AdamOptimizer(rate),
        "momentum": lambda: tf.train.MomentumOptimizer(rate, 0.9, use_nesterov=True),
        "sgd": lambda: tf.train.GradientDescentOptimizer(rate),
        "rmsprop": lambda: tf.train.RMSPropOptimizer(rate, 0.9),
    }[recipe.optimizer]()
    chosen = recipe.trainable
    variables = [v for v in tf.trainable_variables() if chosen is None or chosen(v.op.name)]
    # A network's statistics, such as those of batch normalization, are brought up to date with each step.
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        gradients = [(g, v) for g, v in optimizer.compute_gradients(loss, variables) if g is not None]
    decays: list[Any] = []
    if recipe.weight_decay:
        with tf.control_dependencies([g for g, _ in gradients]):
            decays = [
                tf.assign_sub(v, rate * recipe.weight_decay * v).op for v in variables if v.shape.ndims > 1
            ]
    with tf.control_dependencies(decays):
        return optimizer.apply_gradients(gradients, global_step=global_step), variables
