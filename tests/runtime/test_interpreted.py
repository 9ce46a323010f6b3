"""What only gives variables values runs without a compiler, unless it runs again and again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gradiente as tf
from gradiente.runtime.run import RUNS_IN_NUMPY


def compilations(capsys: pytest.CaptureFixture[str]) -> int:
    return capsys.readouterr().err.count("compile")


def test_values_are_loaded_without_a_compiler(capsys: pytest.CaptureFixture[str]) -> None:
    with tf.Graph().as_default(), tf.Session() as session, tf.debug("compile"):
        variables = [tf.Variable(tf.zeros([n])) for n in range(1, 5)]
        session.run(tf.global_variables_initializer())
        for n, variable in enumerate(variables):
            variable.load(np.full(n + 1, n, np.float32), session)
        assert compilations(capsys) == 0
        for n, value in enumerate(session.run(variables)):
            np.testing.assert_array_equal(value, np.full(n + 1, n))


def test_a_checkpoint_is_restored_without_a_compiler(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with tf.Graph().as_default(), tf.Session() as session, tf.debug("compile"):
        v = tf.Variable([1.0, 2.0])
        saver = tf.train.Saver()
        session.run(v.initializer)
        path = saver.save(session, str(tmp_path / "model"))
        v.load([3.0, 4.0], session)
        saver.restore(session, path)
        assert compilations(capsys) == 0
        assert session.run(v).tolist() == [1, 2]


def test_a_value_that_is_set_in_every_step_is_compiled_in_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with tf.Graph().as_default(), tf.Session() as session, tf.debug("compile"):
        rate = tf.Variable(0.5)
        value = tf.placeholder(tf.float32, [])
        assigned = rate.assign(value)
        for step in range(RUNS_IN_NUMPY):
            assert session.run(assigned, {value: step}) == step
        assert compilations(capsys) == 0
        for step in range(3):
            assert session.run(assigned, {value: step}) == step
        assert compilations(capsys) == 1


def test_a_variable_that_is_set_to_another_one_is_compiled(capsys: pytest.CaptureFixture[str]) -> None:
    with tf.Graph().as_default(), tf.Session() as session, tf.debug("compile"):
        learned, copied = tf.Variable([1.0, 2.0]), tf.Variable([0.0, 0.0])
        copy = tf.assign(copied, learned)
        session.run(tf.global_variables_initializer())
        assert compilations(capsys) == 0
        for _ in range(3):
            assert session.run(copy).tolist() == [1, 2]
        assert compilations(capsys) == 1


def test_what_is_loaded_is_a_copy() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        size = 2 << 20  # of which the memory lies in large pages
        v = tf.Variable(tf.zeros([size]))
        value = np.ones(size, np.float32)
        v.load(value, session)
        value[:] = 2
        assert session.run(v)[[0, -1]].tolist() == [1, 1]


def test_a_value_of_another_shape_is_refused() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable([1.0, 2.0])
        session.run(v.initializer)
        for _ in range(RUNS_IN_NUMPY + 2):
            with pytest.raises(ValueError, match="shape"):
                v.load([1.0, 2.0, 3.0], session)
        assert session.run(v).tolist() == [1, 2]
