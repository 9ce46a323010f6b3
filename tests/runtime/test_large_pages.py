"""Large values of the state, placed in memory of XLA's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradiente as tf
from gradiente.runtime.backend import jax
from gradiente.runtime.device import place
from gradiente.runtime.large_pages import has_large_pages

SIZE = 1_500_000
"""Elements: more than the smallest array that goes into large pages."""


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("offset", range(2))
def test_a_large_value_is_a_copy_of_the_same_type(dtype: str, offset: int) -> None:
    values = np.arange(SIZE + offset).astype(dtype)[offset:]
    wanted = values.copy()
    placed = place(values)
    values[:] = 0
    assert placed.dtype == dtype
    np.testing.assert_array_equal(np.asarray(placed), wanted)


def test_a_program_writes_where_a_large_value_lies() -> None:
    value: Any = place(np.ones(SIZE, np.float32))
    if value.platform() != "cpu" or not has_large_pages(value):
        pytest.skip("no such pages here")
    before = value.unsafe_buffer_pointer()
    after = jax.jit(_next, donate_argnums=(0,))(value)
    assert after.unsafe_buffer_pointer() == before
    assert float(after[-1]) == 2.0


def _next(x: Any) -> Any:
    return x + 1


def test_a_large_variable_is_trained() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        variable = tf.Variable(tf.zeros([SIZE]))
        loaded = np.full(SIZE, 2, np.float32)
        step = tf.train.GradientDescentOptimizer(0.5).minimize(tf.reduce_sum(tf.square(variable)))
        session.run(tf.global_variables_initializer())
        variable.load(loaded, session)
        session.run(step)
        np.testing.assert_array_equal(session.run(variable), np.zeros(SIZE, np.float32))
    np.testing.assert_array_equal(loaded, np.full(SIZE, 2, np.float32))


def test_weights_that_are_read_keep_their_values_and_their_place() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [])
        variable = tf.Variable(tf.zeros([SIZE]))
        y = variable * x
        session.run(tf.global_variables_initializer())
        loaded = np.arange(SIZE).astype(np.float32)
        variable.load(loaded, session)
        held: Any = session.state["Variable"]
        for n in range(4):
            np.testing.assert_array_equal(session.run(y, {x: n}), n * loaded)
        np.testing.assert_array_equal(session.run(variable), loaded)
        assert session.state["Variable"] is held
