"""Losses over very many classes, estimated on a few drawn ones: nce_loss, sampled_softmax_loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import int64
from gradiente.graph.operation import Tensor
from gradiente.ops.nn_candidates import log_uniform_candidate_sampler
from gradiente.ops.nn_cross_entropy import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits_v2,
)
from gradiente.ops.nn_embedding import embedding_lookup


def _sampled_logits(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int,
    sampled_values: Any, remove_accidental_hits: bool, partition_strategy: str, seed: int | None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Logits [batch, num_true + num_sampled], less the logarithm of the expected counts, and their labels."""
    x = convert_to_tensor(inputs, name="inputs")
    targets = convert_to_tensor(labels, name="labels")
    if targets.dtype is not int64:
        targets = apply("Cast", targets, DstT=int64)
    if sampled_values is None:
        sampled_values = log_uniform_candidate_sampler(
            targets, num_true, num_sampled, True, num_classes, seed
        )
    sampled, true_expected, sampled_expected = (apply("StopGradient", t) for t in sampled_values)
    if sampled.dtype is not int64:
        sampled = apply("Cast", sampled, DstT=int64)

    def rows(table: Any, ids: Tensor) -> Tensor:
        found = embedding_lookup(table, ids, partition_strategy)
        return found if found.dtype is x.dtype else apply("Cast", found, DstT=x.dtype)

    products = apply("ExpandDims", x, 1) * rows(weights, targets)
    true_logits = apply("Sum", products, np.asarray([2], np.int32), keep_dims=False) + rows(biases, targets)
    sampled_logits = apply("MatMul", x, rows(weights, sampled), transpose_b=True) + rows(biases, sampled)
    if remove_accidental_hits:
        same = apply("Equal", apply("ExpandDims", targets, 2), apply("Reshape", sampled, [1, 1, -1]))
        hits = apply("Any", same, np.asarray([1], np.int32), keep_dims=False)
        lowest = np.asarray(-np.finfo(np.float32).max, x.dtype.np)
        sampled_logits = sampled_logits + apply("Cast", hits, DstT=x.dtype) * lowest
    true_logits = true_logits - apply("Log", _like(true_expected, x))
    sampled_logits = sampled_logits - apply("Log", _like(sampled_expected, x))
    logits = apply("ConcatV2", [true_logits, sampled_logits], 1)
    ones, zeros = apply("OnesLike", true_logits), apply("ZerosLike", sampled_logits)
    return logits, apply("ConcatV2", [ones * (1.0 / num_true), zeros], 1)


def _like(counts: Tensor, x: Tensor) -> Tensor:
    return counts if counts.dtype is x.dtype else apply("Cast", counts, DstT=x.dtype)


def nce_loss(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int = 1,
    sampled_values: Any = None, remove_accidental_hits: bool = False, partition_strategy: str = "mod",
    name: str = "nce_loss",
) -> Tensor:  # fmt: skip
    """The noise-contrastive estimate of a loss over very many classes: tell the targets from classes drawn at random.

    Args:
        weights: [num_classes, dim], or a list of parts, see ``tf.nn.embedding_lookup``.
        biases: [num_classes].
        labels: the target classes, [batch, num_true].
        inputs: [batch, dim].
        num_sampled: how many classes to draw, for the whole batch.
        num_classes: how many there are.
        num_true: how many target classes an example has.
        sampled_values: what a candidate sampler returned; by default one by Zipf's law, which wants the classes sorted
            by falling frequency.
        remove_accidental_hits: leave drawn classes out where they are the target.
        partition_strategy: how parts of ``weights`` are divided.
        name: the name scope.

    Returns:
        The loss of each example.

    Source: Gutmann and Hyvärinen 2010; TensorFlow 1's ``tf.nn.nce_loss``.
    """
    with name_scope(name, "nce_loss", [inputs, labels]):
        logits, targets = _sampled_logits(
            weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values,
            remove_accidental_hits, partition_strategy, None,
        )  # fmt: skip
        losses = sigmoid_cross_entropy_with_logits(labels=targets, logits=logits, name="sampled_losses")
        return apply("Sum", losses, np.asarray([1], np.int32), keep_dims=False)


def sampled_softmax_loss(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int, num_true: int = 1,
    sampled_values: Any = None, remove_accidental_hits: bool = True, partition_strategy: str = "mod",
    name: str = "sampled_softmax_loss", seed: int | None = None,
) -> Tensor:  # fmt: skip
    """The softmax cross-entropy over the targets and some classes drawn at random, instead of all classes.

    For training only; test with ``tf.nn.softmax_cross_entropy_with_logits`` over all classes.

    Args:
        weights: [num_classes, dim], or a list of parts, see ``tf.nn.embedding_lookup``.
        biases: [num_classes].
        labels: the target classes, [batch, num_true].
        inputs: [batch, dim].
        num_sampled: how many classes to draw, for the whole batch.
        num_classes: how many there are.
        num_true: how many target classes an example has.
        sampled_values: what a candidate sampler returned; by default one by Zipf's law, which wants the classes sorted
            by falling frequency.
        remove_accidental_hits: leave drawn classes out where they are the target.
        partition_strategy: how parts of ``weights`` are divided.
        name: the name scope.
        seed: the sampler's seed.

    Returns:
        The loss of each example.

    Source: Jean, Cho, Memisevic, Bengio 2014; TensorFlow 1's ``tf.nn.sampled_softmax_loss``.
    """
    with name_scope(name, "sampled_softmax_loss", [inputs, labels]):
        logits, targets = _sampled_logits(
            weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values,
            remove_accidental_hits, partition_strategy, seed,
        )  # fmt: skip
        fixed = apply("StopGradient", targets, name="labels_stop_gradient")
        return softmax_cross_entropy_with_logits_v2(labels=fixed, logits=logits)
