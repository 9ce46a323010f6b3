"""Sparse tensors: fed and fetched whole, and made dense."""

from __future__ import annotations

import numpy as np
import pytest

import gradiente as tf

VALUE = tf.SparseTensorValue(np.array([[0, 1], [2, 0]]), np.array([1.5, 2.5], np.float32), np.array([3, 2]))
DENSE = [[0, 1.5], [0, 0], [2.5, 0]]


@pytest.mark.parametrize("executor", ["xla", "python"])
def test_feed_fetch_and_densify(executor: str) -> None:
    sparse = tf.sparse_placeholder(tf.float32)
    with tf.Session(executor=executor) as sess:
        for fed in (VALUE, tuple(VALUE)):
            back, dense = sess.run([sparse, tf.sparse_tensor_to_dense(sparse)], {sparse: fed})
            assert type(back).__name__ == "SparseTensorValue"
            np.testing.assert_array_equal(back.indices, VALUE.indices)
            np.testing.assert_array_equal(dense, DENSE)


def test_constants_know_their_shape() -> None:
    sparse = tf.SparseTensor([[0, 1], [2, 0]], [1.5, 2.5], [3, 2])
    assert sparse.shape.as_list() == [3, 2]
    assert sparse.dtype == tf.float32
    with tf.Session() as sess:
        np.testing.assert_array_equal(sess.run(tf.sparse_tensor_to_dense(sparse, default_value=0)), DENSE)
        np.testing.assert_array_equal(sparse.eval(session=sess).values, [1.5, 2.5])
        np.testing.assert_array_equal(sess.run(tf.SparseTensor.from_value(VALUE)).dense_shape, [3, 2])


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="incompatible"):
        tf.SparseTensor([[0, 1], [2, 0]], [1.0], [3, 2])


def test_order_is_required() -> None:
    unordered = tf.SparseTensor([[2, 0], [0, 1]], [1.0, 2.0], [3, 2])
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="row-major order"):
        sess.run(tf.sparse_tensor_to_dense(unordered))


def test_string_split_is_sparse() -> None:
    with tf.Session() as sess:
        parts = sess.run(tf.string_split(["hello world", "a b  c", ""]))
    assert parts.values.tolist() == [b"hello", b"world", b"a", b"b", b"c"]
    assert parts.dense_shape.tolist() == [3, 3]


def test_strings_that_are_refused() -> None:
    with tf.Session() as sess:
        for tensor, message in (
            (tf.string_to_number(["1.5", "x"]), "could not correctly convert string: x"),
            (tf.string_to_number(["3000000000"], tf.int32), "could not correctly convert"),
            (tf.substr(["abc"], 4, 1), "pos 4 out of range for string b'abc'"),
            (tf.decode_base64("a"), "cannot be 1 modulo 4"),
            (tf.as_string(12, precision=3), "not for type int32"),
            (tf.regex_replace("a", tf.constant("("), tf.constant("")), "Invalid pattern"),
        ):
            with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                sess.run(tensor)
