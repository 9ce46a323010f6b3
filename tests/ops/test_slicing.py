"""Slicing and indexing: positions that the device works out, what is compiled anew, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradiente as tf

X = np.arange(24.0, dtype=np.float32).reshape(2, 3, 4)


@pytest.fixture(params=["xla", "python"])
def executor(request: pytest.FixtureRequest) -> str:
    return request.param


def test_an_index_of_a_turn_stays_inside_the_loop(executor: str) -> None:
    x = tf.constant(X[0])
    _, total = tf.while_loop(
        lambda i, s: i < 3,
        lambda i, s: (i + 1, s + x[i] * tf.cast(i, tf.float32)),
        [tf.constant(0), tf.zeros([4])],
    )
    slope = tf.gradients(total, x)[0]
    with tf.Session(executor=executor) as sess:
        np.testing.assert_allclose(sess.run(total), X[0, 1] + 2 * X[0, 2])
        np.testing.assert_allclose(sess.run(slope), np.repeat([[0.0], [1.0], [2.0]], 4, axis=1))


def test_negative_and_wrong_positions_that_are_worked_out(executor: str) -> None:
    x, i = tf.constant(X), tf.placeholder(tf.int32, [])
    row = x[:, i * 1]
    with tf.Session(executor=executor) as sess:
        np.testing.assert_array_equal(sess.run(row, {i: -1}), X[:, -1])
        with pytest.raises(tf.errors.InvalidArgumentError, match="dimension 1 out of bounds: its size is 3"):
            sess.run(row, {i: 3})


def test_a_slice_of_known_size_begins_anywhere(executor: str) -> None:
    x, i = tf.placeholder(tf.float32, [None, 3, 4]), tf.placeholder(tf.int32, [])
    part = tf.slice(x, tf.stack([0, i + 1, 0]), [1, 1, 2])
    assert part.shape.as_list() == [1, 1, 2]
    with tf.Session(executor=executor) as sess:
        np.testing.assert_array_equal(sess.run(part, {x: X, i: 1}), X[:1, 2:3, :2])
        slope = sess.run(tf.gradients(part, x)[0], {x: X, i: 0})
        assert slope.sum() == 2
        np.testing.assert_array_equal(slope[0, 1], [1, 1, 0, 0])
        with pytest.raises(tf.errors.InvalidArgumentError, match="begin"):
            sess.run(part, {x: X, i: 2})


@pytest.mark.parametrize(
    "key",
    [
        (slice(None), slice(None, None, 2)), (-1, slice(None), slice(1, 1)), (slice(None, None, -2), slice(4, 0, -3), None, 2),
        slice(3, 1), (Ellipsis, slice(-1, None)), slice(7, None), (None, slice(1, 9, 4), -2),
    ],
)  # fmt: skip
def test_a_slice_hands_its_gradient_back_to_where_it_was_taken(executor: str, key: Any) -> None:
    expected = np.zeros((5, 6, 3), np.float32)
    received = np.arange(1, 1 + expected[key].size, dtype=np.float32).reshape(expected[key].shape)
    expected[key] = received
    x = tf.placeholder(tf.float32, expected.shape)
    with tf.Session(executor=executor) as sess:
        slope = sess.run(tf.gradients(x[key], x, received)[0], {x: np.zeros_like(expected)})
    np.testing.assert_array_equal(slope, expected)


def test_unknown_sizes_stay_unknown() -> None:
    x = tf.placeholder(tf.float32, [None, 28, 3])
    assert x[0].shape.as_list() == [28, 3]
    assert x[1:].shape.as_list() == [None, 28, 3]
    assert x[:, ::-2, tf.newaxis].shape.as_list() == [None, 14, 1, 3]
    assert x[..., -1].shape.as_list() == [None, 28]
    assert tf.placeholder(tf.float32)[0].shape.ndims is None


@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        (np.array([True, False]), TypeError, "use tf.boolean_mask"),
        ([1, 0], TypeError, "use tf.gather"),
        (1.5, TypeError, "Only integers, slices"),
        ((0, 0, 0, 0), ValueError, "input has only 3 dims"),
        ((0, 3), ValueError, "index 3 of dimension 1 out of bounds"),
        ((Ellipsis, 0, Ellipsis), ValueError, "Multiple ellipses"),
        (slice(None, None, 0), ValueError, "must be non-zero"),
    ],
)
def test_keys_that_are_refused(key: object, error: type[Exception], message: str) -> None:
    x = tf.placeholder(tf.float32, [2, 3, 4], name="x")
    with pytest.raises(error, match=message):
        x[key]


def test_a_mask_tensor_is_refused_by_name() -> None:
    x = tf.placeholder(tf.float32, [3], name="scores")
    with pytest.raises(
        TypeError, match=r"'scores:0' can't be indexed with .*tf.boolean_mask\(scores, mask\)"
    ):
        x[x > 0]


def test_slice_that_leaves_the_tensor_is_refused_while_building() -> None:
    with pytest.raises(ValueError, match="begin 2 and size 2 must stay within its size 3"):
        tf.slice(tf.zeros([3]), [2], [2])


def test_gather_out_of_range(executor: str) -> None:
    x, i = tf.constant(X[0]), tf.placeholder(tf.int32, [2])
    with tf.Session(executor=executor) as sess:
        np.testing.assert_array_equal(sess.run(tf.gather(x, i), {i: [2, 0]}), X[0][[2, 0]])
        for wrong in (3, -1):
            with pytest.raises(tf.errors.InvalidArgumentError, match=r"not in \[0, 3\)"):
                sess.run(tf.gather(x, i), {i: [0, wrong]})


def test_gather_names_the_element_step_by_step() -> None:
    i = tf.placeholder(tf.int32, [2])
    with (
        tf.Session(executor="python") as sess,
        pytest.raises(tf.errors.InvalidArgumentError, match=r"indices\[1\] = 7 is not in \[0, 5\)"),
    ):
        sess.run(tf.gather(tf.zeros([5]), i), {i: [0, 7]})


def test_gather_gradient_is_indexed_slices() -> None:
    table = tf.placeholder(tf.float32, [5, 2])
    slope = tf.gradients(tf.gather(table, [3, 1, 3]), table)[0]
    assert isinstance(slope, tf.IndexedSlices)
    with tf.Session() as sess:
        dense = sess.run(tf.convert_to_tensor(slope), {table: np.zeros((5, 2))})
    np.testing.assert_array_equal(dense[:, 0], [0, 1, 0, 2, 0])


def test_shape_arithmetic_is_known_while_building() -> None:
    x = tf.placeholder(tf.float32, [None, 28, 28, 3])
    size = tf.shape(x)
    flat = tf.reshape(x, [size[0], size[1] * size[2] * size[3]])
    assert flat.shape.as_list() == [None, 2352]
    assert tf.reshape(x, tf.concat([size[:1], [-1]], 0)).shape.as_list()[0] is None
    assert tf.reshape(x, tf.stack([-1, tf.gather([7, 9], 1)])).shape.as_list() == [None, 9]
    assert tf.zeros(tf.stack([size[0], 5])).shape.as_list() == [None, 5]
