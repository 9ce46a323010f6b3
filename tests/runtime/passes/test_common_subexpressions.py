"""What two operations both compute is computed once; effects, random numbers and the order of writes stay."""

from __future__ import annotations

import numpy as np
from tests.runtime.passes.programs import program, types

import gradiente as tf


def test_equal_operations_on_equal_inputs_are_one() -> None:
    x = tf.placeholder(tf.float32, [3])
    y = tf.exp(x + 1.0) * tf.exp(x + 1.0)
    made = program([y], [x])
    assert types(made) == ["AddV2", "Exp", "Mul"]
    with tf.Session() as sess:
        np.testing.assert_allclose(sess.run(y, {x: [0, 1, 2]}), np.exp([1, 2, 3]) ** 2, rtol=1e-5)


def test_attributes_and_types_make_a_difference() -> None:
    x = tf.placeholder(tf.float32, [2, 3])
    made = program(
        [tf.reduce_sum(x, 0, keepdims=True), tf.reduce_sum(x, 0), tf.cast(x, tf.int32), tf.cast(x, tf.int64)],
        [x],
    )
    assert sorted(types(made)) == ["Cast", "Cast", "Sum", "Sum"]


def test_zero_and_minus_zero_are_two_constants() -> None:
    x = tf.placeholder(tf.float32, [])
    made = tf.atan2(tf.constant(0.0), x), tf.atan2(tf.constant(-0.0), x)
    with tf.Session() as sess:
        np.testing.assert_allclose(sess.run(made, {x: -1.0}), [np.pi, -np.pi], rtol=1e-6)


def test_random_operations_are_never_merged() -> None:
    pair = tf.random_uniform([4], seed=7), tf.random_uniform([4], seed=7)
    assert types(program(list(pair))).count("RandomUniform") == 2
    free = tf.random_normal([4]), tf.random_normal([4])
    with tf.Session() as sess:
        one, two = sess.run(free)
    assert not np.array_equal(one, two)


def test_a_variable_is_read_anew_after_each_write() -> None:
    v = tf.Variable(1.0)
    before = v * 2.0
    with tf.control_dependencies([before]):
        write = v.assign_add(10.0)
    with tf.control_dependencies([write]):
        after = v * 2.0
        again = v * 2.0
    with tf.Session() as sess:
        sess.run(v.initializer)
        assert sess.run([before, after + again]) == [2.0, 44.0]
    made = program([before, after + again])
    assert types(made) == ["Mul", "AssignAdd", "Mul", "AddV2"]


def test_a_fed_operation_is_not_merged_with_its_equal() -> None:
    x = tf.placeholder(tf.float32, [])
    one, two = x + 1.0, x + 1.0
    y = one * 10.0 + two
    with tf.Session() as sess:
        assert sess.run(y, {x: 1.0}) == 22.0
        assert sess.run(y, {x: 1.0, one: 5.0}) == 52.0
        assert sess.run(y, {x: 1.0, two: 5.0}) == 25.0


def test_what_is_fetched_can_be_fetched() -> None:
    x = tf.placeholder(tf.float32, [])
    one, two = x + 1.0, x + 1.0
    with tf.Session() as sess:
        assert sess.run([one, two, one * two], {x: 1.0}) == [2.0, 2.0, 4.0]


def test_merged_operations_keep_what_must_be_known() -> None:
    x = tf.placeholder(tf.float32, [None, 4])
    flat = [tf.reshape(x, [tf.shape(x)[0] * 2, 2]) for _ in range(2)]
    with tf.Session() as sess:
        got = sess.run(flat[0] + flat[1], {x: np.arange(8).reshape(2, 4)})
    np.testing.assert_array_equal(got, 2 * np.arange(8).reshape(4, 2))
