from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradiente.classify.evaluation.reliability import reliability
from gradiente.classify.evaluation.scores import Scores, score
from gradiente.classify.learning.history import Epoch, history_table
from gradiente.classify.learning.training import divide, measure
from gradiente.classify.networks import NETWORKS
from gradiente.classify.report.charts import curves, round_ticks
from gradiente.classify.report.wording import LANGUAGES, words


def test_scores_by_hand():
    labels = np.array([0, 0, 0, 1, 1, 2])
    rows = [
        [0.6, 0.3, 0.1],
        [0.5, 0.4, 0.1],
        [0.2, 0.7, 0.1],
        [0.1, 0.8, 0.1],
        [0.7, 0.2, 0.1],
        [0.1, 0.5, 0.4],
    ]
    found = score(["a", "b", "c"], labels, np.array(rows, np.float32))
    assert found.confusion.tolist() == [[2, 1, 0], [1, 1, 0], [0, 1, 0]]
    assert (found.accuracy, found.correct, found.count) == (0.5, 3, 6)
    assert found.loss == pytest.approx(-sum(map(math.log, (0.6, 0.5, 0.2, 0.8, 0.2, 0.4))) / 6)
    a, b, c = found.per_class()
    assert (a["precision"], a["recall"], a["f1"]) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert (b["precision"], b["recall"], b["f1"]) == pytest.approx((1 / 3, 1 / 2, 0.4))
    assert (c["precision"], c["recall"], c["f1"]) == (0, 0, 0)
    assert found.macro_f1 == pytest.approx((2 / 3 + 0.4) / 3)


def test_wilsons_interval():
    # 9 of 10: Newcombe 1998, Statistics in Medicine 17, gives the formula; the numbers are worked by hand.
    low, high = Scores(("a", "b"), np.array([[9, 1], [0, 0]]), 0.0).interval
    assert (low, high) == pytest.approx((0.59585, 0.98212), abs=1e-5)
    assert Scores(("a", "b"), np.zeros((2, 2), np.int64), 0.0).interval == (0.0, 1.0)


@given(st.integers(1, 5000), st.integers(1, 60))
def test_pieces_go_evenly_into_an_epoch(steps, most):
    total, piece = divide(steps, most)
    assert total % piece == 0
    assert 1 <= piece <= most
    assert abs(total - steps) <= max(most, steps / 50)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_ticks_enclose_the_values(low, span):
    ticks = round_ticks(low, low + span)
    slack = 1e-6 * max(1e-9, abs(low) + span)
    assert ticks[0] <= low + slack
    assert ticks[-1] >= low + span - slack
    assert 2 <= len(ticks) <= 8


def test_channels_are_measured():
    images = np.random.default_rng(0).integers(0, 256, (5, 6, 7, 3), np.uint8)
    found = measure(images)
    np.testing.assert_allclose(found.mean, images.mean((0, 1, 2)))
    np.testing.assert_allclose(found.deviation, images.std((0, 1, 2)))
    assert measure(np.zeros((1, 2, 2, 1), np.uint8)).deviation == (1.0,)


def test_history_and_curves_without_validation():
    rows = [Epoch(1, 10, 0.5, 0.8, None, None, 1.0, 100.0), Epoch(2, 20, 0.25, 0.9, None, None, 1.0, 100.0)]
    assert history_table(tuple(rows)).splitlines()[1:] == ["1,10,0.5,0.8,,,1,100", "2,20,0.25,0.9,,,1,100"]
    picture = curves(rows, words("es"))
    assert "Exactitud" in picture
    assert "validación" not in picture
    assert picture.count("<polyline") == 2


def test_every_language_has_every_word():
    assert len({frozenset(known) for known in LANGUAGES.values()}) == 1


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_networks_on_images_of_odd_sizes(name):
    import gradiente as tf

    images = tf.placeholder(tf.float32, [None, 37, 33, 3])
    for training in (True, False):
        with tf.variable_scope("net", reuse=not training):
            assert NETWORKS[name](images, 4, training).shape.as_list() == [None, 4]
    random = {op.type for op in tf.get_default_graph().get_operations()} & {"RandomUniform"}
    assert bool(random) == (name in ("cnn", "deep-cnn", "perceptron", "efficientnet-lite0"))


def test_probabilities_that_are_no_numbers_are_in_no_interval():
    probabilities = np.array([[0.9, 0.1], [np.nan, np.nan]], np.float32)
    (row,) = reliability(probabilities, np.array([0, 1]))
    assert (row.count, row.accuracy) == (1, 1.0)
