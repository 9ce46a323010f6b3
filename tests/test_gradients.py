"""What ``tf.gradients`` gives, by values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradiente as tf


def _run(fetches: Any, feeds: Any = None) -> Any:
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(fetches, feeds)


def test_the_sum_over_all_ys() -> None:
    x = tf.constant([1.0, 2.0])
    squares, cubes = x * x, x * x * x
    assert _run(tf.gradients([squares, cubes], x))[0].tolist() == [2.0 + 3.0, 4.0 + 12.0]
    assert _run(tf.gradients([squares, squares], x))[0].tolist() == [4.0, 8.0]


def test_given_gradients_of_ys_weigh_them() -> None:
    x = tf.constant([1.0, 2.0, 3.0])
    y = x * x
    weights = np.array([1.0, 0.0, -1.0], np.float32)
    assert _run(tf.gradients(y, x, grad_ys=weights))[0].tolist() == [2.0, 0.0, -6.0]
    assert _run(tf.gradients([y, x], x, grad_ys=[weights, None]))[0].tolist() == [3.0, 1.0, -5.0]
    assert _run(tf.gradients(y, x, grad_ys=[[2.0, 2.0, 2.0]]))[0].tolist() == [4.0, 8.0, 12.0]


def test_given_gradients_that_do_not_fit() -> None:
    x = tf.constant([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"1 grad_ys for 2 ys. Give one for each y"):
        tf.gradients([x, x * x], x, grad_ys=[x])
    with pytest.raises(ValueError, match=r"grad_ys\[0\] has shape \(2,\), but .* has shape \(3,\)"):
        tf.gradients(x * x, x, grad_ys=[[1.0, 1.0]])


def test_stopped_tensors_are_constants_whose_partial_derivatives_are_known() -> None:
    a = tf.constant(0.0)
    b = 2 * a
    assert _run(tf.gradients(a + b, [a, b])) == [3.0, 1.0]
    assert _run(tf.gradients(a + b, [a, b], stop_gradients=[a, b])) == [1.0, 1.0]
    assert _run(tf.gradients(a + b, a, stop_gradients=b)) == [1.0]
    assert tf.gradients(3 * b, a, stop_gradients=[b]) == [None]
    assert _run(tf.gradients(b, [b], stop_gradients=[b])) == [1.0]


def test_stop_gradient_in_the_graph() -> None:
    x = tf.constant(3.0)
    assert _run(tf.gradients(x * tf.stop_gradient(x), x)) == [3.0]
    assert tf.gradients(tf.stop_gradient(x * x), x) == [None]


def test_xs_may_lie_in_the_middle_or_be_the_ys() -> None:
    x = tf.constant(3.0)
    h = x * x
    y = h * h * 0.5
    assert _run(tf.gradients(y, [x, h, y, h])) == [9.0 * 6.0, 9.0, 1.0, 9.0]
    assert _run(tf.gradients([h, y], h)) == [10.0]


def test_gradients_that_meet_are_added() -> None:
    x = tf.constant([1.0, 2.0])
    y = x * 2.0 + tf.exp(x) + x[::-1]
    expected = 2.0 + np.exp([1.0, 2.0]) + 1.0
    for method in (None, tf.AggregationMethod.ADD_N, tf.AggregationMethod.EXPERIMENTAL_TREE):
        found = _run(tf.gradients(y, x, aggregation_method=method))[0]
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_broadcast_operands_get_gradients_of_their_own_shape() -> None:
    x, row, scalar = tf.placeholder(tf.float32, [None, 3]), tf.constant([[1.0, 2.0, 3.0]]), tf.constant(2.0)
    value = np.arange(6.0).reshape(2, 3)
    by_row, by_scalar = _run(tf.gradients(x * row * scalar, [row, scalar]), {x: value})
    assert by_row.tolist() == [[6.0, 10.0, 14.0]]
    assert by_scalar == np.sum(value * [1.0, 2.0, 3.0])


def test_unconnected() -> None:
    x, other = tf.constant([1.0, 2.0]), tf.constant([[5.0]])
    y = x * x
    assert tf.gradients(y, [x, other])[1] is None
    assert _run(tf.gradients(y, [other], unconnected_gradients="zero"))[0].tolist() == [[0.0]]
    assert tf.gradients(tf.constant(1.0), x) == [None]


def test_no_gradient_flows_through_integers() -> None:
    x = tf.constant([1.7, 2.7])
    whole = tf.cast(x, tf.int32)
    assert tf.gradients(tf.cast(whole, tf.float32) * 2.0, [x, whole]) == [None, None]
    assert _run(tf.gradients(x * tf.cast(whole, tf.float32), x))[0].tolist() == [1.0, 2.0]
    with pytest.raises(TypeError, match=r"of type int32, made at .* has no derivative"):
        tf.gradients(whole, x)


def test_complex_ys_need_their_gradients_given() -> None:
    x = tf.constant([1 + 2j, 3 - 1j], tf.complex64)
    with pytest.raises(TypeError, match=r"Gradients of complex tensors must set grad_ys"):
        tf.gradients(x * x, x)
    given = np.ones(2, np.complex64)
    np.testing.assert_allclose(_run(tf.gradients(x * x, x, grad_ys=given))[0], [2 - 4j, 6 + 2j])


def test_a_gathered_variable_gets_slices() -> None:
    table = tf.Variable(np.ones((4, 2), np.float32))
    rows = tf.gather(table, [0, 2, 2])
    (grad,) = tf.gradients(rows * [[1.0], [2.0], [3.0]], table)
    assert isinstance(grad, tf.IndexedSlices)
    slices, dense = _run([grad, tf.convert_to_tensor(grad)])
    assert slices.indices.tolist() == [0, 2, 2]
    assert slices.values.tolist() == [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]
    assert dense.tolist() == [[1.0, 1.0], [0.0, 0.0], [5.0, 5.0], [0.0, 0.0]]


def test_slices_that_meet() -> None:
    table = tf.Variable(np.ones((4, 2), np.float32))
    few, more = tf.gather(table, tf.constant([0, 1])), tf.gather(table, tf.constant([1, 2], tf.int64))
    (joined,) = tf.gradients([few, more], table)
    assert isinstance(joined, tf.IndexedSlices)
    (dense,) = tf.gradients([few, table * 3.0], table)
    assert isinstance(dense, tf.Tensor)
    joined_rows, dense_rows = _run([tf.convert_to_tensor(joined), dense])
    assert joined_rows[:, 0].tolist() == [1.0, 2.0, 1.0, 0.0]
    assert dense_rows[:, 0].tolist() == [4.0, 4.0, 3.0, 3.0]


def test_slices_given_for_y() -> None:
    x = tf.constant([[1.0], [2.0], [3.0]])
    given = tf.IndexedSlices(tf.constant([[10.0]]), tf.constant([1]), tf.constant([3, 1]))
    assert _run(tf.gradients(x * x, x, grad_ys=given))[0].tolist() == [[0.0], [40.0], [0.0]]


def test_a_fed_tensor_is_where_the_gradient_is_taken() -> None:
    x = tf.constant(3.0)
    h = x * x
    grad_h, grad_x = tf.gradients(h * h, [h, x])
    assert _run([grad_h, grad_x], {h: 5.0}) == [10.0, 60.0]


def test_second_and_third_order() -> None:
    x = tf.constant(2.0, tf.float64)
    y = x**4 + tf.sin(x)
    first = tf.gradients(y, x)[0]
    second = tf.gradients(first, x)[0]
    third = tf.gradients(second, x)[0]
    found = _run([first, second, third])
    np.testing.assert_allclose(
        found, [32.0 + np.cos(2.0), 48.0 - np.sin(2.0), 48.0 - np.cos(2.0)], rtol=1e-12
    )


def test_many_steps_back() -> None:
    x = tf.placeholder(tf.float64, [])
    y = x
    for _ in range(2000):
        y = y * 1.001
    np.testing.assert_allclose(_run(tf.gradients(y, x), {x: 1.0})[0], 1.001**2000, rtol=1e-10)


def test_an_op_without_a_rule_is_named_with_its_line() -> None:
    x = tf.constant([2.0])
    with tf.get_default_graph().gradient_override_map({"Exp": "NobodyRegisteredThis"}):
        y = tf.exp(x, name="growth")
    with pytest.raises(
        LookupError, match=r"No gradient defined for operation 'growth' \(op type: Exp\), made at"
    ):
        tf.gradients(y, x)


def test_the_course_equations() -> None:
    """E = 1/2 (t - o)^2, mean over n inputs; delta of both layers and dE/dw against their closed forms."""
    rng = np.random.default_rng(3)
    inputs, targets = rng.normal(size=(5, 4)), rng.uniform(size=(5, 2))
    x, t = tf.constant(inputs), tf.constant(targets)
    w1, w2 = tf.Variable(rng.normal(size=(4, 3))), tf.Variable(rng.normal(size=(3, 2)))
    b1, b2 = tf.Variable(rng.normal(size=3)), tf.Variable(rng.normal(size=2))
    net1 = tf.matmul(x, w1) + b1
    o1 = tf.sigmoid(net1)
    net2 = tf.matmul(o1, w2) + b2
    o2 = tf.sigmoid(net2)
    error = tf.reduce_mean(tf.reduce_sum(0.5 * (t - o2) ** 2, axis=1))
    wanted = tf.gradients(error, [net2, net1, w2, w1, b2, b1])
    h, o, v2, *found = _run([o1, o2, w2, *wanted])

    n = len(inputs)
    delta2 = (o - targets) * o * (1 - o) / n
    delta1 = (delta2 @ v2.T) * h * (1 - h)
    expected = [delta2, delta1, h.T @ delta2, inputs.T @ delta1, delta2.sum(axis=0), delta1.sum(axis=0)]
    for got, closed in zip(found, expected, strict=True):
        assert got.dtype == np.float64
        np.testing.assert_allclose(got, closed, atol=1e-6, rtol=1e-9)
