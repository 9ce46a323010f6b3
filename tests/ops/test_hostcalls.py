"""Calls to Python from the graph: what the function receives, what it may return, how its errors arrive."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import gradiente as tf


@pytest.fixture(params=["xla", "python"])
def executor(request: pytest.FixtureRequest) -> str:
    return request.param


def test_the_function_receives_numpy_values(executor: str) -> None:
    seen: list[object] = []

    def note(*values: object) -> np.float32:
        seen.extend(values)
        return np.float32(1)

    x = tf.placeholder(tf.float32, []) * 2
    with tf.Session(executor=executor) as sess:
        result = sess.run(tf.py_func(note, [x, [1, 2], "s", ["a", "b"], True], tf.float32), {x: 1.5})
    assert result == 1
    assert [type(v) for v in seen] == [np.float32, np.ndarray, bytes, np.ndarray, np.bool_]
    assert seen[1].dtype == np.int32
    assert seen[3].tolist() == [b"a", b"b"]


def test_its_result_goes_on_through_the_graph(executor: str) -> None:
    x = tf.placeholder(tf.float32, [None])
    y = tf.py_func(lambda a: a[::-1].copy(), [x * 2], tf.float32)
    assert y.shape.ndims is None
    y.set_shape([None])
    with tf.Session(executor=executor) as sess:
        np.testing.assert_array_equal(sess.run(y + 1, {x: [1, 2]}), [5, 3])


def test_several_results_none_and_strings() -> None:
    a, b = tf.py_func(lambda: (np.int64(1), np.array([2.5])), [], [tf.int64, tf.float64])
    word = tf.py_func(lambda: "é", [], tf.string)
    ran: list[int] = []
    nothing = tf.py_func(lambda: ran.append(1), [], [])
    with tf.Session() as sess:
        assert sess.run([a, b, word]) == [1, 2.5, "é".encode()]
        sess.run(nothing)
    assert ran == [1]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: 1.0, "0-th value returned by pyfunc_[0-9]+ is float64, but expects float32"),
        (lambda: (1, 2), "returns 2 values, but expects to see 1 values"),
        (lambda: int("x"), "ValueError: invalid literal"),
    ],
)
def test_wrong_results(function: object, message: str) -> None:
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match=message):
        sess.run(tf.py_func(function, [], tf.float32))


def _raises(error: type[Exception]) -> object:
    def function() -> None:
        raise error("no")

    return function


@pytest.mark.parametrize(
    ("raised", "arrives"),
    [
        (KeyError, tf.errors.UnknownError), (StopIteration, tf.errors.OutOfRangeError),
        (NotImplementedError, tf.errors.UnimplementedError), (MemoryError, tf.errors.ResourceExhaustedError),
        (TypeError, tf.errors.InvalidArgumentError),
    ],
)  # fmt: skip
def test_errors_keep_their_cause(executor: str, raised: type[Exception], arrives: type[Exception]) -> None:
    with tf.Session(executor=executor) as sess, pytest.raises(arrives, match=raised.__name__) as caught:
        sess.run(tf.py_func(_raises(raised), [], tf.float32))
    assert isinstance(caught.value.__cause__, raised)


def test_a_function_lives_as_long_as_its_graph() -> None:
    class Callable_:
        def __call__(self) -> np.float32:
            return np.float32(3)

    function = Callable_()
    watch = weakref.ref(function)
    graph = tf.Graph()
    with graph.as_default():
        result = tf.py_func(function, [], tf.float32)
    del function
    gc.collect()
    assert watch() is not None
    del graph, result
    gc.collect()
    assert watch() is None


def test_a_gradient_may_be_given_by_override() -> None:
    tf.RegisterGradient("TripleForTest")(lambda op, grad: [grad * 3])
    x = tf.placeholder(tf.float32, [])
    with tf.get_default_graph().gradient_override_map({"PyFunc": "TripleForTest"}):
        y = tf.py_func(lambda a: np.float32(3 * a), [x], tf.float32)
    with tf.Session() as sess:
        assert sess.run(tf.gradients(y, x)[0], {x: 2}) == 3
