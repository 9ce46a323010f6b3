"""Does anything work at all? A graph, its gradients and a training step, on both executors, within seconds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradiente as tf

pytestmark = pytest.mark.smoke

EXECUTORS: list[Any] = [
    pytest.param({}, id="compiled"),
    pytest.param({"executor": "python"}, id="python"),
]


@pytest.mark.parametrize("options", EXECUTORS)
def test_first_and_second_derivative(options: dict[str, Any]) -> None:
    x = tf.constant(3.0)
    y = x**3
    (first,) = tf.gradients(y, x)
    (second,) = tf.gradients(first, x)

    with tf.Session(**options) as sess:
        values = sess.run([y, first, second])

    np.testing.assert_allclose(values, [27.0, 27.0, 18.0], rtol=1e-6)


@pytest.mark.parametrize("options", EXECUTORS)
def test_one_step_of_softmax_regression_is_the_closed_form(options: dict[str, Any]) -> None:
    random = np.random.default_rng(1)
    images = random.normal(size=(6, 5)).astype(np.float32)
    labels = np.eye(3, dtype=np.float32)[random.integers(3, size=6)]
    start = random.normal(size=(5, 3)).astype(np.float32)

    x = tf.placeholder(tf.float32, [None, 5])
    t = tf.placeholder(tf.float32, [None, 3])
    weights = tf.Variable(start)
    bias = tf.Variable(tf.zeros([3]))
    logits = tf.matmul(x, weights) + bias
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=t, logits=logits))
    step = tf.train.GradientDescentOptimizer(0.5).minimize(loss)

    with tf.Session(**options) as sess:
        sess.run(tf.global_variables_initializer())
        before = sess.run(loss, feed_dict={x: images, t: labels})
        sess.run(step, feed_dict={x: images, t: labels})
        learned = sess.run([weights, bias])

    scores = np.exp(images @ start)
    softmax = scores / scores.sum(axis=1, keepdims=True)
    delta = (softmax - labels) / len(images)
    np.testing.assert_allclose(before, -np.mean(np.log(softmax[labels == 1])), rtol=1e-5)
    np.testing.assert_allclose(learned[0], start - 0.5 * images.T @ delta, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(learned[1], -0.5 * delta.sum(axis=0), rtol=1e-5, atol=1e-6)


def test_an_uninitialized_variable_says_so() -> None:
    variable = tf.Variable(1.0, name="w")

    with tf.Session() as sess, pytest.raises(tf.errors.FailedPreconditionError, match="w"):
        sess.run(variable)
