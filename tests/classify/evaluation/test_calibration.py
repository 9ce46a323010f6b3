from __future__ import annotations

import numpy as np
import pytest

from gradiente.classify.evaluation.calibration import fit_temperature
from gradiente.classify.evaluation.reliability import calibration_error, reliability


def drawn(n: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels drawn from softmax(logits / scale): the right temperature is ``scale``."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 4, (n, 5))
    gumbel = -np.log(-np.log(rng.random((n, 5))))
    return logits, (logits / scale + gumbel).argmax(1)


def softmax(x):
    odds = np.exp(x - x.max(1, keepdims=True))
    return (odds / odds.sum(1, keepdims=True)).astype("f4")


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.5])
def test_the_temperature_that_labels_were_drawn_with_is_found(scale):
    logits, labels = drawn(20_000, scale)
    found = fit_temperature(logits, labels)
    assert found == pytest.approx(scale, rel=0.03)
    assert calibration_error(softmax(logits / found), labels) < 0.015
    if scale != 1:
        assert calibration_error(softmax(logits), labels) > 0.05


def test_a_few_images_all_right_do_not_make_it_certain_of_everything():
    logits = np.array([[3.0, 0.0]] * 8)
    assert 0.4 < fit_temperature(logits, np.zeros(8, int)) < 1
    assert fit_temperature(np.zeros((0, 2)), np.zeros(0, int)) == 1
    assert fit_temperature(np.array([[1e5, 0.0]] * 3), np.array([1, 1, 1])) == pytest.approx(20, rel=1e-3)


def test_the_bins_have_every_image_once():
    rng = np.random.default_rng(1)
    probabilities = softmax(rng.normal(size=(500, 3)))
    probabilities[0] = [1, 0, 0]
    rows = reliability(probabilities, rng.integers(0, 3, 500))
    assert sum(row.count for row in rows) == 500
    assert all(row.low <= row.confidence <= row.high for row in rows)
    assert rows[-1].high == 1
    assert calibration_error(np.zeros((0, 3), "f4"), np.zeros(0, int)) == 0
