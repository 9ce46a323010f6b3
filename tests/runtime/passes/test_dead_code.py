"""What nobody takes any more is left out; what was asked for, has effects or may fail is not."""

from __future__ import annotations

import numpy as np
import pytest
from tests.runtime.passes.programs import program, types

import gradiente as tf


def test_what_was_needed_for_its_shape_alone_goes() -> None:
    x = tf.placeholder(tf.float32, [2, 3])
    loss = tf.reduce_mean(tf.square(x))
    (gradient,) = tf.gradients(loss, [x])
    made = program([gradient], [x])
    assert "Mean" not in types(made)
    assert any(note.startswith("dead code") for note in made.notes)
    with tf.Session() as sess:
        np.testing.assert_allclose(
            sess.run(gradient, {x: np.ones((2, 3))}), np.full((2, 3), 2 / 6), rtol=1e-6
        )


def test_targets_stay_though_nobody_takes_them() -> None:
    x = tf.placeholder(tf.float32, [3])
    y = tf.exp(x)
    assert types(program([y.op], [x])) == ["Exp"]


def test_writes_and_checks_stay() -> None:
    v = tf.Variable(1.0)
    x = tf.placeholder(tf.float32, [])
    checked = tf.check_numerics(1.0 / x, "reciprocal")
    with tf.control_dependencies([checked]):
        step = v.assign_add(1.0)
    with tf.Session() as sess:
        sess.run(v.initializer)
        with pytest.raises(tf.errors.InvalidArgumentError, match="reciprocal"):
            sess.run(step.op, {x: 0.0})
        assert sess.run(v) == 1.0
        sess.run(step.op, {x: 1.0})
        assert sess.run(v) == 2.0


def test_what_is_only_waited_for_stays() -> None:
    v = tf.Variable([1.0, 2.0])
    with tf.control_dependencies([v + 1.0]):
        y = tf.constant(2.0) * 3.0
    with tf.Session() as sess, pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized"):
        sess.run(y)
