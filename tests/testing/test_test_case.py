from __future__ import annotations

import unittest

import numpy as np
import pytest
from tensorboard.compat.proto.node_def_pb2 import NodeDef

import gradiente as tf
from gradiente.graph import errors
from gradiente.testing import (
    TestCase,
    compute_gradient,
    compute_gradient_error,
    get_temp_dir,
    gpu_device_name,
)


class SessionTest(TestCase):
    def test_evaluate_and_sessions(self):
        variable = tf.Variable([1.0, 2.0])
        with self.test_session() as sess:
            sess.run(tf.global_variables_initializer())
        with self.cached_session():
            self.assertAllEqual(variable.eval(), [1.0, 2.0])
        self.assertAllClose(self.evaluate({"a": variable * 2.0})["a"], [2.0, 4.0])
        with self.session(graph=tf.Graph()) as sess:
            self.assertAllEqual(sess.run(tf.constant(3)), 3)

    def test_the_session_of_a_test_has_one_graph(self):
        with (
            self.cached_session(),
            pytest.raises(ValueError, match="another graph"),
            self.cached_session(graph=tf.Graph()),
        ):
            pass

    def test_every_test_starts_from_an_empty_graph_and_the_same_seeds(self):
        assert tf.get_default_graph().get_operations() == []
        assert tf.get_default_graph().seed == 87654321
        assert np.random.randint(1000) == np.random.RandomState(87654321).randint(1000)  # noqa: NPY002

    def test_folders(self):
        assert self.get_temp_dir() == self.get_temp_dir()
        assert self.get_temp_dir().startswith(get_temp_dir())

    def test_tensors_are_compared_by_their_values(self):
        self.assertAllClose(tf.constant([1.0, 2.0]), [1.0, 2.0 + 1e-7])
        self.assertAllClose([tf.constant(1.0), 2.0], [1.0, tf.constant(2.0)])
        self.assertAllEqual(tf.constant(["a", "b"]), ["a", "b"])
        self.assertShapeEqual(np.zeros([2, 3]), tf.zeros([2, 3]))
        self.assertDTypeEqual(tf.zeros([2]), tf.float32)

    def test_errors_that_are_expected(self):
        with self.assertRaisesOpError("no such"):
            raise errors.NotFoundError(None, None, "no such file")
        with self.assertRaisesWithPredicateMatch(ValueError, lambda error: "x" in str(error)):
            raise ValueError("x")

    def test_protos(self):
        proto = NodeDef(name="one", op="Const")
        self.assertProtoEquals('name: "one" op: "Const"', proto)
        with pytest.raises(AssertionError):
            self.assertProtoEquals('name: "two" op: "Const"', proto)


PASSES = {
    "close": lambda case: case.assertAllClose({"a": [1.0, 2.0]}, {"a": np.array([1.0, 2.0])}),
    "close nan": lambda case: case.assertAllClose([np.nan], [np.nan]),
    "half": lambda case: case.assertAllCloseAccordingToType(np.float16(1.0), np.float16(1.0005)),
    "not close": lambda case: case.assertNotAllClose([1.0], [1.1]),
    "near": lambda case: case.assertNear(1.0, 1.01, 0.02),
    "array near": lambda case: case.assertArrayNear([1.0, 2.0], [1.01, 2.0], 0.02),
    "nd near": lambda case: case.assertNDArrayNear(np.zeros(2), np.full(2, 0.1), 0.2),
    "range": lambda case: case.assertAllInRange([0.0, 1.0], 0.0, 1.0),
    "set": lambda case: case.assertAllInSet([1, 2, 1], {1, 2, 3}),
    "greater": lambda case: case.assertAllGreater([1, 2], 0),
    "starts": lambda case: case.assertStartsWith("abc", "ab"),
}
FAILS = {
    "close": lambda case: case.assertAllClose([1.0], [1.1]),
    "close keys": lambda case: case.assertAllClose({"a": 1.0}, {"b": 1.0}),
    "half": lambda case: case.assertAllCloseAccordingToType(np.float32(1.0), np.float32(1.0005)),
    "equal shape": lambda case: case.assertAllEqual([1], [[1]]),
    "equal": lambda case: case.assertAllEqual([1, 2], [1, 3]),
    "text": lambda case: case.assertAllEqual(["a"], ["b"]),
    "not equal": lambda case: case.assertNotAllEqual([1], [1]),
    "near": lambda case: case.assertNear(1.0, 1.1, 0.02),
    "array near": lambda case: case.assertArrayNear([1.0, 2.0], [1.0], 0.02),
    "nd near": lambda case: case.assertNDArrayNear(np.zeros(2), np.ones(2), 0.2),
    "range": lambda case: case.assertAllInRange([0.0, 1.0], 0.0, 1.0, open_upper_bound=True),
    "set": lambda case: case.assertAllInSet([4], {1, 2, 3}),
    "less": lambda case: case.assertAllLess([1, 2], 2),
    "shape": lambda case: case.assertShapeEqual(np.zeros(2), np.zeros(3)),
    "starts": lambda case: case.assertStartsWith("abc", "b"),
}


@pytest.mark.parametrize("name", PASSES)
def test_assertions_that_hold(name):
    PASSES[name](TestCase("setUp"))


@pytest.mark.parametrize("name", FAILS)
def test_assertions_that_fail(name):
    with pytest.raises(AssertionError):
        FAILS[name](TestCase("setUp"))


def test_an_expected_error_that_does_not_come():
    with pytest.raises(AssertionError, match="not raised"), TestCase("setUp").assertRaisesOpError("x"):
        pass


def test_an_expected_error_with_another_text():
    case = TestCase("setUp")
    with pytest.raises(AssertionError, match="does not match"), case.assertRaisesOpError("size"):
        raise errors.InvalidArgumentError(None, None, "shape")


def test_loaders_take_test_session_for_no_test():
    assert "test_session" not in unittest.TestLoader().getTestCaseNames(SessionTest)
    assert "test_folders" in unittest.TestLoader().getTestCaseNames(SessionTest)


def test_gradient_of_a_product_with_a_matrix():
    matrix = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    x = tf.placeholder(tf.float64, [1, 3])
    y = tf.matmul(x, tf.constant(matrix))
    with tf.Session():
        theory, measured = compute_gradient(x, [1, 3], y, [1, 2])
        np.testing.assert_allclose(theory, matrix, rtol=1e-12)
        np.testing.assert_allclose(measured, matrix, rtol=1e-8)
        assert compute_gradient_error(x, [1, 3], y, [1, 2], delta=1e-5) < 1e-8


def test_a_wrong_gradient_is_found():
    x = tf.placeholder(tf.float64, [2])
    y = x * x + tf.stop_gradient(x * x)
    with tf.Session():
        error = compute_gradient_error(x, [2], y, [2], x_init_value=np.array([1.0, 2.0]))
    assert error == pytest.approx(4.0)


def test_gradients_of_several_tensors_and_an_initializer():
    a, b = tf.placeholder(tf.float64, [2]), tf.placeholder(tf.float64, [2])
    scale = tf.Variable(np.float64(3.0))
    y = a * b * scale
    with tf.Session():
        results = compute_gradient(
            [a, b], [[2], [2]], y, [2], [[1.0, 2.0], [5.0, 7.0]], init_targets=scale.initializer
        )
    np.testing.assert_allclose(results[0][0], np.diag([15.0, 21.0]))
    np.testing.assert_allclose(results[1][1], np.diag([3.0, 6.0]), atol=1e-8)


def test_the_gradient_checker_says_what_it_needs():
    x = tf.placeholder(tf.float64, [2])
    with pytest.raises(ValueError, match="no default session"):
        compute_gradient(x, [2], x * x, [2])
    with tf.Session(), pytest.raises(ValueError, match="x_init_value"):
        compute_gradient(x, [2], x * x, [2], x_init_value=np.zeros(3))


def test_gpu_device_name_is_a_device_or_nothing():
    assert gpu_device_name() in ("", "/device:GPU:0")
