from __future__ import annotations

import numpy as np
import pytest

import gradiente as tf
from gradiente import compat


@pytest.fixture
def layers():
    with compat.install():
        from tensorflow.contrib import layers

        yield layers


def value(tensor):
    with tf.Session() as sess:
        return sess.run(tensor)


def test_penalties(layers):
    weights = tf.constant([[1.0, -2.0], [3.0, 0.0]])
    assert value(layers.l1_regularizer(0.5)(weights)) == pytest.approx(3.0)
    assert value(layers.l2_regularizer(0.5)(weights)) == pytest.approx(3.5)
    assert value(layers.l1_l2_regularizer(0.5, 0.5)(weights)) == pytest.approx(6.5)
    assert value(layers.sum_regularizer([None, layers.l1_regularizer(1.0)])(weights)) == pytest.approx(6.0)
    assert layers.l2_regularizer(0.0)(weights) is None
    assert layers.sum_regularizer([])(weights) is None


@pytest.mark.parametrize(("scale", "text"), [(1, "integer"), (-1.0, "not negative")])
def test_a_scale_that_is_no_penalty(layers, scale, text):
    with pytest.raises(ValueError, match=text):
        layers.l2_regularizer(scale)


def test_penalties_are_collected(layers):
    total = layers.apply_regularization(layers.l2_regularizer(1.0), [tf.constant([2.0]), tf.constant([4.0])])
    assert value(total) == pytest.approx(10.0)
    assert len(tf.get_default_graph().get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)) == 2
    with pytest.raises(ValueError, match="weights_list"):
        layers.apply_regularization(layers.l2_regularizer(1.0), [])


@pytest.mark.parametrize(
    ("arguments", "variance"),
    [
        ({"mode": "FAN_IN"}, 2 / 900),
        ({"mode": "FAN_OUT", "factor": 1.0}, 1 / 1800),
        ({"mode": "FAN_AVG", "factor": 1.0, "uniform": True}, 1 / 1350),
    ],
)
def test_initializers_have_the_variance_that_they_are_for(layers, arguments, variance):
    values = value(layers.variance_scaling_initializer(seed=1, **arguments)([3, 3, 100, 200]))
    assert values.dtype == np.float32
    assert values.var() == pytest.approx(variance, rel=0.03)
    assert abs(values.mean()) < 1e-3


def test_xavier_is_uniform_between_glorots_bounds(layers):
    values = value(layers.xavier_initializer(seed=1)([40, 20]))
    bound = np.sqrt(6 / 60)
    assert bound * 0.98 < np.abs(values).max() <= bound
    assert value(layers.xavier_initializer(dtype=tf.float64)([5])).dtype == np.float64


def test_an_unknown_mode(layers):
    with pytest.raises(TypeError, match="FAN_MAX"):
        layers.variance_scaling_initializer(mode="FAN_MAX")


def test_flatten(layers):
    images = tf.placeholder(tf.float32, [None, 4, 5, 3])
    assert layers.flatten(images).get_shape().as_list() == [None, 60]
    assert layers.flatten(tf.zeros([2, 3, 4])).get_shape().as_list() == [2, 12]
    with pytest.raises(ValueError, match="must be known"):
        layers.flatten(tf.placeholder(tf.float32, [None, None]))
