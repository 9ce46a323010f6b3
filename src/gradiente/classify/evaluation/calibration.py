"""Probabilities that are as often right as they say: temperature scaling."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradiente.classify.model.classifier import Classifier
from gradiente.classify.preparation.datasets import Part

_PRIOR_DEVIATION = 0.7
"""Of log T around 0, so that a few images, all of them right, don't make the model certain of everything."""

_RANGE = (np.log(0.05), np.log(20.0))


def fit_temperature(logits: npt.NDArray[np.floating[Any]], labels: npt.NDArray[np.integer[Any]]) -> float:
    """The temperature T with which softmax(logits / T) has the least cross-entropy (Guo et al. 2017, section 4.2).

    The sum over the images is joined by (log T)²/2σ² with σ = 0.7: with few images T stays near 1, with many it does not
    matter.

    Args:
        logits: ``[n, classes]``.
        labels: the right classes, ``[n]``.

    Returns:
        T, between 0.05 and 20; 1 without images.
    """
    from scipy import optimize

    if not len(labels):
        return 1.0
    minimize: Any = optimize.minimize_scalar  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] -- SciPy has no types
    centered = np.asarray(logits, np.float64) - logits.max(1, keepdims=True)
    own = centered[np.arange(len(labels)), labels]

    def cost(log_t: float) -> float:
        t = np.exp(log_t)
        entropy = np.log(np.exp(centered / t).sum(1)) - own / t
        return float(entropy.sum() + log_t * log_t / (2 * _PRIOR_DEVIATION**2))

    result = minimize(cost, bounds=_RANGE, method="bounded", options={"xatol": 1e-4})
    return float(np.exp(result.x))


def softmax(logits: npt.NDArray[np.float32], temperature: float = 1.0) -> npt.NDArray[np.float32]:
    """The probabilities that a classifier with this temperature makes of logits ``[n, classes]``."""
    powers = np.exp((logits - logits.max(1, keepdims=True)) / np.float32(temperature))
    return powers / powers.sum(1, keepdims=True)


def calibrate(classifier: Classifier, part: Part, logits: npt.NDArray[np.float32] | None = None) -> float:
    """Give a classifier the temperature that suits images which it has not learnt from.

    Args:
        classifier: the classifier; its temperature is set.
        part: the validation part.
        logits: what the classifier gives for it before the softmax, where that is known already.

    Returns:
        The temperature; 1 without images, or if the logits are not finite.
    """
    if not len(part):
        return 1.0
    if logits is None:
        logits = classifier.logits(part.images)
    if not np.isfinite(logits).all():
        return 1.0
    temperature = fit_temperature(logits, part.labels)
    classifier.set_temperature(temperature)
    return classifier.description.temperature
