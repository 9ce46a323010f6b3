"""The last layer on features that do not change."""

from __future__ import annotations

import numpy as np
import pytest

from gradiente.classify.learning.head import PENALTIES, WITHOUT_VALIDATION, fit_head


def examples(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Three classes around three points, in features of different scales."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n).astype(np.int32)
    centres = np.array([[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0]], np.float32)
    points = centres[labels] + rng.normal(size=(n, 4))
    return (points * [1, 100, 0.01, 1] + 5).astype(np.float32), labels


def test_the_gradient_is_zero_at_the_answer() -> None:
    x, y = examples(300, 0)
    head = fit_head(x, y, 3)
    assert head.penalty == WITHOUT_VALIDATION
    scaled = (x - x.mean(0)) / x.std(0)
    weights = head.weights * x.std(0)[:, None]
    logits = head.logits(x)
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    gradient = scaled.T @ (p - np.eye(3)[y]) / len(y) + head.penalty * weights
    assert np.abs(gradient).max() < 2e-4
    assert np.abs((p - np.eye(3)[y]).mean(0)).max() < 2e-4
    assert head.accuracy == (logits.argmax(1) == y).mean()
    assert head.loss == pytest.approx(-np.log(p[np.arange(len(y)), y]).mean(), rel=1e-4)


def test_the_validation_part_chooses_the_penalty() -> None:
    told: list[float] = []
    head = fit_head(*examples(60, 1), 3, examples(200, 2), told=lambda penalty, *_: told.append(penalty))
    assert tuple(told) == PENALTIES
    best = max(head.tried, key=lambda row: (row[2], -row[1]))
    assert head.penalty == best[0]
    right = (head.logits(examples(200, 2)[0]).argmax(1) == examples(200, 2)[1]).mean()
    assert best[2] == pytest.approx(right)


def test_class_weights_weigh() -> None:
    x, y = examples(300, 3)
    plain, weighed = fit_head(x, y, 3), fit_head(x, y, 3, class_weights=[20.0, 1.0, 1.0])
    assert (weighed.logits(x).argmax(1) == 0).sum() > (plain.logits(x).argmax(1) == 0).sum()
