"""The gradients of a maximum over windows and of the rectifier before it, as one step."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.runtime.passes.programs import program, types

import gradiente as tf


def network() -> tuple[Any, Any, Any]:
    x = tf.placeholder(tf.float32, [None, 6, 6, 4])
    pooled = tf.nn.max_pool(tf.nn.relu(x), [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    (gradient,) = tf.gradients(tf.reduce_sum(tf.square(pooled)), [x])
    return x, pooled, gradient


def test_the_two_gradients_are_one_step_with_the_same_values() -> None:
    x, _, gradient = network()
    assert "MaxPoolGrad+ReluGrad" in types(program([gradient], [x]))
    value = np.random.default_rng(0).normal(size=(3, 6, 6, 4)).astype(np.float32)
    value[0] = -1
    with tf.Session() as sess, tf.Session(executor="python") as reference:
        np.testing.assert_allclose(
            sess.run(gradient, {x: value}), reference.run(gradient, {x: value}), rtol=1e-6
        )


def test_a_fetched_gradient_in_between_keeps_them_apart() -> None:
    x, _, gradient = network()
    between = gradient.op.inputs[0]
    assert between.op.type == "MaxPoolGrad"
    assert types(program([gradient, between], [x]))[-1] == "ReluGrad"
    value = np.random.default_rng(1).normal(size=(3, 6, 6, 4)).astype(np.float32)
    with tf.Session() as sess:
        whole, part = sess.run([gradient, between], {x: value})
        np.testing.assert_array_equal(whole, np.where(value > 0, part, 0))
        np.testing.assert_array_equal(sess.run(gradient, {x: value, between: part * 2}), whole * 2)
