"""Programs called with the buffers of the run before, and what ends that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import gradiente as tf
from gradiente.runtime import device
from gradiente.runtime.backend import jax

pytestmark = pytest.mark.skipif(
    jax.default_backend() != "cpu", reason="only the processor's programs are called so"
)


@contextmanager
def calls_through_jax() -> Iterator[list[Any]]:
    """A list that gets an element for each program that is called by JAX's own way."""
    made: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:

        def noted(program: Any, *arguments: Any, own: Callable[..., Any] = device.call) -> Any:
            made.append(program)
            return own(program, *arguments)

        patch.setattr(device, "call", noted)
        yield made


def test_variables_are_looked_at_again_only_after_a_change() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 2])
        v = tf.Variable([1.0, 2.0])
        y = x * v
        session.run(tf.global_variables_initializer())
        fed = np.array([[3, 4]], np.float32)
        with calls_through_jax() as made:
            results = [session.run(y, {x: fed + n}) for n in range(4)]
            assert len(made) == 1
            for n, result in enumerate(results):
                np.testing.assert_array_equal(result, [[3 + n, 8 + 2 * n]])
            v.load([5.0, 6.0], session)
            made.clear()
            for _ in range(3):
                np.testing.assert_array_equal(session.run(y, {x: fed}), [[15, 24]])
            assert len(made) == 1
            session.import_state({"Variable": np.array([7, 8], np.float32)})
            np.testing.assert_array_equal(session.run(y, {x: fed}), [[21, 32]])
            assert len(made) == 2


def test_batches_of_other_sizes() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None])
        v = tf.Variable(2.0)
        y = tf.reduce_sum(x * v)
        session.run(tf.global_variables_initializer())
        for n in (3, 3, 5, 5, 3, 1000, 1000, 0, 0):
            assert session.run(y, {x: np.ones(n)}) == 2 * n


def test_steps_and_predictions_in_turn() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable(0.0)
        step, y = tf.assign_add(v, 1.0).op, tf.multiply(v, 10.0)
        session.run(tf.global_variables_initializer())
        for n in range(1, 6):
            session.run(step)
            assert [session.run(y), session.run(y)] == [10.0 * n, 10.0 * n]


def test_a_check_that_fails_in_a_later_run() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [])
        v = tf.Variable(1.0)
        y = v + tf.check_numerics(x, "x is no number")
        session.run(tf.global_variables_initializer())
        with calls_through_jax() as made:
            assert [session.run(y, {x: n}) for n in (1.0, 2.0, 3.0)] == [2.0, 3.0, 4.0]
            for _ in range(2):
                with pytest.raises(tf.errors.InvalidArgumentError, match="x is no number"):
                    session.run(y, {x: np.nan})
                assert session.run(y, {x: 1.0}) == 2.0
            assert len(made) == 1


def test_results_are_the_callers_own() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float64, [3])
        v = tf.Variable(np.zeros(3))
        same, moved = tf.identity(x), x + v
        session.run(tf.global_variables_initializer())
        first = [session.run([same, moved], {x: np.full(3, n)}) for n in range(4)]
        for n, values in enumerate(first):
            for value in values:
                assert value.dtype == np.float64
                np.testing.assert_array_equal(value, np.full(3, n))


def test_fed_arrays_of_jax() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [2])
        v = tf.Variable(3.0)
        y = x * v
        session.run(tf.global_variables_initializer())
        given: Any = jax.numpy.ones(2)
        for value in (given, given, np.ones(2, np.float32), given):
            np.testing.assert_array_equal(session.run(y, {x: value}), [3, 3])
        assert not given.is_deleted()
