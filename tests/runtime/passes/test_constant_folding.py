"""What follows from constants is worked out once."""

from __future__ import annotations

import numpy as np
import pytest
from tests.runtime.passes.programs import program, types

import gradiente as tf


def test_what_constants_give_is_known() -> None:
    x = tf.placeholder(tf.float32, [2])
    y = x * (tf.constant([1.0, 2.0]) + 3.0)
    made = program([y], [x])
    assert types(made) == ["Mul"]
    (value,) = made.known.values()
    np.testing.assert_array_equal(value, [4, 5])
    assert made.notes == ["constant folding: 1 operations (add)", "dead code: 2 operations (Const, add/y)"]


def test_known_shapes_are_folded_and_unknown_ones_stay() -> None:
    x = tf.placeholder(tf.float32, [None, 3])
    w = tf.placeholder(tf.float32, [3, 5])
    known, unknown = tf.shape(w) + 1, tf.shape(x) + 1
    made = program([known, unknown], [x, w])
    assert types(made) == ["Shape", "AddV2"]
    np.testing.assert_array_equal(made.known[known], [4, 6])


def test_a_fed_constant_is_not_folded() -> None:
    c = tf.constant(2.0)
    y = c * 3.0
    with tf.Session() as sess:
        assert sess.run(y, {c: 5.0}) == 15.0
        assert sess.run(y) == 6.0
    assert types(program([y], [c])) == ["Mul"]


def test_random_numbers_and_variables_are_not_folded() -> None:
    v = tf.Variable(1.0)
    made = program([tf.random_uniform([2]), v + 1.0])
    assert types(made)[0] == "RandomUniform"
    assert types(made)[-1] == "AddV2"


def test_the_shape_of_a_variable_that_may_change_is_looked_up() -> None:
    v = tf.Variable([1.0, 2.0], validate_shape=False)
    larger = tf.assign(v, [1.0, 2.0, 3.0], validate_shape=False)
    size = tf.size(v)
    with tf.Session() as sess:
        sess.run(v.initializer)
        assert sess.run(size) == 2
        sess.run(larger.op)
        assert sess.run(size) == 3


def test_what_fails_fails_in_the_run_and_names_its_line() -> None:
    table = tf.constant([1.0, 2.0])
    y = tf.gather(table, tf.constant([5]), name="too_far") * 2.0
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="too_far"):
        sess.run(y)


def test_large_values_stay_out_of_the_program() -> None:
    x = tf.placeholder(tf.float32, [])
    y = tf.fill([1000, 1000], 1.0) * x
    assert "Fill" in types(program([y], [x]))
