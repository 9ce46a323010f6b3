"""Cross-entropies and the other losses of tf.nn."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.ops.harness import Case, F, I, P

_ONE_HOT = np.eye(5)[[1, 4, 0]]
_SPREAD = np.array([[0.1, 0.2, 0.3, 0.4, 0.0], [0.5, 0.1, 0.1, 0.1, 0.2], [0.2, 0.2, 0.2, 0.2, 0.2]])


def _cross_entropy(x: Any, p: Any, axis: int = -1) -> Any:
    shifted = x - x.max(axis, keepdims=True)
    return -(p * (shifted - np.log(np.exp(shifted).sum(axis, keepdims=True)))).sum(axis)


def _sparse(x: Any, labels: Any) -> Any:
    return _cross_entropy(x, np.eye(x.shape[-1], dtype=x.dtype)[labels])


def _sigmoid(x: Any, z: Any) -> Any:
    return np.maximum(x, 0) - x * z + np.log1p(np.exp(-np.abs(x)))


CASES = [
    Case("SoftmaxCrossEntropyWithLogits",
         lambda tf, x, p: tf.nn.softmax_cross_entropy_with_logits(labels=p, logits=x), [F(3, 5), _ONE_HOT],
         _cross_entropy, note="labels are constants for backpropagation"),
    Case("SoftmaxCrossEntropyWithLogits",
         lambda tf, x, p: tf.nn.softmax_cross_entropy_with_logits(labels=tf.stop_gradient(p), logits=x),
         [F(3, 5), _SPREAD], _cross_entropy, name="spread"),
    Case("SoftmaxCrossEntropyWithLogits",
         lambda tf, x, p: tf.nn.softmax_cross_entropy_with_logits_v2(labels=tf.nn.softmax(p), logits=x),
         [F(3, 5), F(3, 5)], lambda x, p: _cross_entropy(x, np.exp(p) / np.exp(p).sum(-1, keepdims=True)), name="v2"),
    Case("SoftmaxCrossEntropyWithLogits",
         lambda tf, x, p: tf.nn.softmax_cross_entropy_with_logits_v2(labels=tf.nn.softmax(p, axis=1), logits=x, axis=1),
         [F(2, 5, 3), F(2, 5, 3)],
         lambda x, p: _cross_entropy(x, np.exp(p) / np.exp(p).sum(1, keepdims=True), 1), name="v2_axis"),
    Case("SoftmaxCrossEntropyWithLogits",
         lambda tf, x, i: tf.nn.softmax_cross_entropy_with_logits(labels=tf.one_hot(i, 4, dtype=tf.int32), logits=x),
         [F(2, 3, 4), I(0, 4, 2, 3)], _sparse, name="int_one_hot_rank_3"),
    Case("SparseSoftmaxCrossEntropyWithLogits",
         lambda tf, x, i: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=i, logits=x), [F(6, 5), I(0, 5, 6)],
         _sparse),
    Case("SparseSoftmaxCrossEntropyWithLogits",
         lambda tf, x, i: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=i, logits=x),
         [F(2, 3, 5), I(0, 5, 2, 3, dtype="int64")], _sparse, name="rank_3"),
    Case("SparseSoftmaxCrossEntropyWithLogits",
         lambda tf, x, i: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=i, logits=x), [F(5), I(0, 5)],
         _sparse, name="vector"),
    Case(("Log1p", "Select"), lambda tf, x, z: tf.nn.sigmoid_cross_entropy_with_logits(labels=z, logits=x * 3),
         [F(3, 4), P(3, 4)], lambda x, z: _sigmoid(x * 3, z), name="sigmoid_cross_entropy"),
    Case(("Log1p", "Relu"), lambda tf, x, z: tf.nn.weighted_cross_entropy_with_logits(z, x, 2.5),
         [F(3, 4), P(3, 4)],
         lambda x, z: (1 - z) * x + (1 + 1.5 * z) * (np.log1p(np.exp(-np.abs(x))) + np.maximum(-x, 0)),
         name="weighted_cross_entropy"),
    Case("L2Loss", lambda tf, x: tf.nn.l2_loss(x), [F(3, 4)], lambda x: np.asarray((x * x).sum() / 2, x.dtype)),
    Case("Log", lambda tf, x, z: tf.nn.log_poisson_loss(z, x), [F(3, 4), P(3, 4)],
         lambda x, z: np.exp(x) - z * x, name="log_poisson_loss"),
    Case("Log",
         lambda tf, x, z: tf.nn.log_poisson_loss(z * 2, x, compute_full_loss=True), [F(3, 4), P(3, 4)],
         lambda x, z: np.exp(x) - 2 * z * x + np.where(
             2 * z > 1, 2 * z * np.log(2 * z) - 2 * z + 0.5 * np.log(2 * np.pi * 2 * z), 0), name="log_poisson_full"),
]  # fmt: skip
