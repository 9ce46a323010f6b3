"""The last layer on top of features that do not change: a softmax regression, trained to convergence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import gradiente as tf
from gradiente.classify.learning.devices import session_config

Floats = npt.NDArray[np.float32]

PENALTIES = (3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
"""The weights of the L2 penalty that are tried, from the strongest."""

WITHOUT_VALIDATION = 0.03
"""The one that is taken where there is no validation part to choose by."""

_MOST_STEPS = 300


@dataclass(frozen=True)
class Head:
    """A last layer.

    Attributes:
        weights: float32 ``[features, classes]``; the features' scaling is folded into them.
        biases: float32 ``[classes]``.
        penalty: the weight of the L2 penalty that it was trained with.
        loss: the mean cross-entropy of the training features, without the penalty.
        accuracy: the proportion of them that is classified right.
        tried: of each penalty tried, the cross-entropy and the accuracy on the validation part.
    """

    weights: Floats
    biases: Floats
    penalty: float
    loss: float
    accuracy: float
    tried: tuple[tuple[float, float, float], ...]

    def logits(self, features: Floats) -> Floats:
        """The logits ``[n, classes]`` of features ``[n, features]``."""
        return features @ self.weights + self.biases


def fit_head(
    features: Floats,
    labels: npt.NDArray[np.int32],
    classes: int,
    validation: tuple[Floats, npt.NDArray[np.int32]] | None = None,
    class_weights: Sequence[float] | None = None,
    device: str = "auto",
    told: Callable[[float, float, float], None] | None = None,
) -> Head:
    """Find the softmax regression with the least of  mean cross-entropy + ½ · penalty · Σw².

    The problem is convex, so there is one best answer and no learning rate to choose: L-BFGS of SciPy finds it in some
    dozens of evaluations. Loss and gradient are a graph of gradiente's, run in a session over all features at once. The
    features are standardized first, so that one penalty suits all of them. From the strongest penalty on, each answer
    is where the search for the next one starts; the penalty with which the validation part has the most right is taken,
    of several the one with the smallest cross-entropy.

    Args:
        features: float32 ``[n, features]``.
        labels: int32 ``[n]``.
        classes: the number of classes.
        validation: features and labels to choose the penalty by.
        class_weights: what each class's examples weigh in the loss.
        device: as in the settings.
        told: is told of each penalty tried: itself, and cross-entropy and accuracy on the validation part.

    Source: Liu and Nocedal 1989 (L-BFGS).
    """
    mean, deviation = features.mean(0), features.std(0) + 1e-6
    scaled = (features - mean) / deviation
    penalties = PENALTIES if validation is not None and len(validation[1]) else (WITHOUT_VALIDATION,)
    solve = _solver(scaled, labels, classes, class_weights, device)
    tried: list[tuple[float, float, float]] = []
    best: tuple[tuple[float, float], float, Floats, Floats] | None = None
    point = np.zeros(scaled.shape[1] * classes + classes)
    for penalty in penalties:
        point = solve(penalty, point)
        scaled_weights = point[:-classes].reshape(-1, classes)
        weights = (scaled_weights / deviation[:, None]).astype(np.float32)
        biases = (point[-classes:] - (mean / deviation) @ scaled_weights).astype(np.float32)
        rank = (0.0, 0.0)
        if len(penalties) > 1 and validation is not None:
            loss, accuracy = _scores(validation[0] @ weights + biases, validation[1])
            tried.append((penalty, loss, accuracy))
            rank = (accuracy, -loss)
            if told is not None:
                told(*tried[-1])
        if best is None or rank > best[0]:
            best = rank, penalty, weights, biases
    if best is None:
        raise RuntimeError("No penalty was tried.")
    _, penalty, weights, biases = best
    return Head(weights, biases, penalty, *_scores(features @ weights + biases, labels), tuple(tried))


def _solver(
    features: Floats,
    labels: npt.NDArray[np.int32],
    classes: int,
    class_weights: Sequence[float] | None,
    device: str,
) -> Callable[[float, npt.NDArray[np.float64]], npt.NDArray[np.float64]]:
    """From a penalty and a point to start from to the best point; a point is all weights and, behind them, the biases."""
    import scipy.optimize

    library: Any = scipy.optimize  # it has no types

    width = features.shape[1]
    with tf.Graph().as_default() as graph:
        x, y = tf.Variable(features, trainable=False), tf.Variable(labels, trainable=False)
        weights = tf.placeholder(tf.float32, [width, classes])
        biases = tf.placeholder(tf.float32, [classes])
        penalty_of = tf.placeholder(tf.float32, [])
        logits = tf.nn.xw_plus_b(x, weights, biases)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
        if class_weights is not None:
            losses *= tf.gather(tf.constant(list(class_weights), tf.float32), y)
        loss = tf.reduce_mean(losses) + penalty_of * tf.nn.l2_loss(weights)
        wanted = [loss, *tf.gradients(loss, [weights, biases])]
        initialize = tf.global_variables_initializer()
    session = tf.Session(graph=graph, config=session_config(device))
    session.run(initialize)
    run = session.make_callable(wanted, [weights, biases, penalty_of])

    def solve(penalty: float, start: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        def value(point: Any) -> Any:
            point = np.asarray(point, np.float32)
            loss, by_weights, by_biases = run(
                point[:-classes].reshape(width, classes), point[-classes:], np.float32(penalty)
            )
            return float(loss), np.concatenate([by_weights.ravel(), by_biases]).astype(np.float64)

        found = library.minimize(value, start, jac=True, method="L-BFGS-B", options={"maxiter": _MOST_STEPS})
        return found.x

    return solve


def _scores(logits: Floats, labels: npt.NDArray[np.int32]) -> tuple[float, float]:
    """Mean cross-entropy and accuracy."""
    shifted = logits - logits.max(1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(labels)), labels]
    return float(losses.mean()), float((logits.argmax(1) == labels).mean())
