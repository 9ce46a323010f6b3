"""Finds images that are likely labelled wrong: confident learning on predictions that did not see the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_FOLDS = 4
_ITERATIONS = 60
_STRENGTHS = (1.0, 30.0, 1000.0)
"""Of L2, over the number of images."""


@dataclass(frozen=True)
class Suspect:
    """An image whose label is likely wrong.

    Attributes:
        index: the image.
        label: the class that it is labelled with.
        suggested: the class that the others of that kind say it is.
        probability: of the suggested class.
        label_probability: of the label.
    """

    index: int
    label: int
    suggested: int
    probability: float
    label_probability: float


def find_suspects(
    probabilities: npt.NDArray[np.floating[Any]], labels: npt.NDArray[np.integer[Any]]
) -> list[Suspect]:
    """The images that are likely of another class than their label (Northcutt et al. 2021, "Confident Learning").

    An image is one if a class other than its label is its most probable one, at least as probable as it is on average for
    the images labelled with that class.

    Args:
        probabilities: ``[n, classes]``, each from a model that did not learn from the image.
        labels: the classes that the images are labelled with, ``[n]``.

    Returns:
        The suspects, the likeliest first.
    """
    classes = probabilities.shape[1]
    own = probabilities[np.arange(len(labels)), labels]
    thresholds = np.array([own[labels == c].mean() if (labels == c).any() else 2.0 for c in range(classes)])
    best = probabilities.argmax(1)
    sure = probabilities.max(1, initial=0)
    wrong = np.flatnonzero((best != labels) & (sure >= thresholds[best]))
    order: list[int] = wrong[np.argsort(own[wrong] - sure[wrong], kind="stable")].tolist()
    return [Suspect(i, int(labels[i]), int(best[i]), float(sure[i]), float(own[i])) for i in order]


def out_of_fold(
    features: npt.NDArray[np.floating[Any]],
    labels: npt.NDArray[np.integer[Any]],
    classes: int,
    seed: int = 0,
    pictures: npt.NDArray[np.integer[Any]] | None = None,
) -> npt.NDArray[np.float64]:
    """The probabilities of the classes for each image, from a regression on the others' features.

    The images are divided into four folds, each class evenly; those of one fold are predicted by a multinomial logistic
    regression (L2, standardized features) that learnt from the other three. How strong L2 is, the first fold decides: it
    takes the strength with the least cross-entropy there.

    Args:
        features: ``[n, d]``.
        labels: ``[n]``.
        classes: the number of classes.
        seed: of the division.
        pictures: a number for each image, the same one for copies of one picture: they are in one fold, as a copy would
            tell the label.

    Returns:
        ``[n, classes]``.
    """
    values = np.asarray(features, np.float32)
    values = (values - values.mean(0)) / np.maximum(values.std(0), 1e-6)
    values = np.hstack([values, np.ones((len(values), 1), np.float32)])
    rng = np.random.default_rng(seed)
    _, first, picture = np.unique(
        np.arange(len(labels)) if pictures is None else pictures, return_index=True, return_inverse=True
    )
    fold_of = np.zeros(len(first), int)
    for c in range(classes):
        of_class = rng.permutation(np.flatnonzero(labels[first] == c))
        fold_of[of_class] = (np.arange(len(of_class)) + rng.integers(_FOLDS)) % _FOLDS
    fold = fold_of[picture]
    result = np.zeros((len(labels), classes))
    strengths = _STRENGTHS
    for k in range(_FOLDS):
        inside = fold == k
        if not inside.any() or inside.all():
            continue
        tried: list[tuple[float, float, npt.NDArray[np.float64]]] = []
        for strength in strengths:
            found = _softmax(
                values[inside] @ _regression(values[~inside], labels[~inside], classes, strength)
            )
            own = found[np.arange(len(found)), labels[inside]]
            tried.append((float(-np.log(np.maximum(own, 1e-30)).mean()), strength, found))
        _, best, result[inside] = min(tried, key=lambda t: t[0])
        strengths = (best,)
    return result


def _softmax(logits: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    odds = np.exp((logits - logits.max(1, keepdims=True)).astype(np.float64))
    return odds / odds.sum(1, keepdims=True)


def _regression(
    values: npt.NDArray[np.float32], labels: npt.NDArray[np.integer[Any]], classes: int, strength: float
) -> npt.NDArray[np.float64]:
    from scipy import optimize

    minimize: Any = optimize.minimize  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] -- SciPy has no types
    n, d = values.shape
    right = np.eye(classes, dtype=np.float32)[labels]
    decay = strength / max(n, 100)

    def cost(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        weights = flat.reshape(d, classes).astype(np.float32)
        probabilities = _softmax(values @ weights)
        loss = -np.log(np.maximum(probabilities[np.arange(n), labels], 1e-300)).mean()
        gradient = values.T @ (probabilities - right) / n + decay * weights
        return float(loss + 0.5 * decay * (weights**2).sum()), gradient.ravel().astype(np.float64)

    found = minimize(
        cost, np.zeros(d * classes), jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS}
    )
    return found.x.reshape(d, classes)
