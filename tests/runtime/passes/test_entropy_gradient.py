"""A cross-entropy's gradient and the weights of its rows as one step."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.runtime.passes.programs import program, types

import gradiente as tf


def loss_and_gradient() -> tuple[Any, Any, Any, Any]:
    z, t = tf.placeholder(tf.float32, [None, 10]), tf.placeholder(tf.float32, [None, 10])
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=t, logits=z))
    return z, t, loss, tf.gradients(loss, [z])[0]


def values() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(7, 10)).astype(np.float32), np.eye(10, dtype=np.float32)[rng.integers(0, 10, 7)]


def test_the_gradient_is_one_step_with_the_same_values() -> None:
    z, t, _, gradient = loss_and_gradient()
    assert "CrossEntropyGradient+Mul" in types(program([gradient], [z, t]))
    feed = dict(zip((z, t), values(), strict=True))
    with tf.Session() as sess, tf.Session(executor="python") as reference:
        np.testing.assert_allclose(
            sess.run(gradient, feed), reference.run(gradient, feed), rtol=1e-5, atol=1e-7
        )


def test_a_wanted_loss_keeps_them_apart() -> None:
    z, t, loss, gradient = loss_and_gradient()
    assert "Mul" in types(program([gradient, loss], [z, t]))
    feed = dict(zip((z, t), values(), strict=True))
    with tf.Session() as sess, tf.Session(executor="python") as reference:
        for got, want in zip(
            sess.run([loss, gradient], feed), reference.run([loss, gradient], feed), strict=True
        ):
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-7)


def test_only_a_column_weights_the_rows() -> None:
    z, t = tf.placeholder(tf.float32, [7, 10]), tf.placeholder(tf.float32, [7, 10])
    entropy = tf.nn.softmax_cross_entropy_with_logits(labels=t, logits=z).op
    row = tf.placeholder(tf.float32, [1, 10])
    assert types(program([entropy.outputs[1] * row], [z, t, row]))[-1] == "Mul"
