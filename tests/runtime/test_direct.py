"""Plans that are one device segment, whose runs take the short way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradiente as tf
from gradiente.runtime.direct import Direct
from gradiente.runtime.run import Runner


def direct(fetches: list[Any], feeds: list[Any], targets: list[Any] | None = None) -> Direct | None:
    return Direct.of(Runner(tf.get_default_graph(), fetches, targets or [], feeds).plan)


def test_the_positions_of_feeds_and_fetches() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        unused, x, y = (tf.placeholder(tf.float32, []) for _ in range(3))
        found = direct([y - x, x * y], [unused, y, x])
        assert found is not None
        assert [[unused, y, x][i] for i in found.inputs] == found.segment.inputs
        values = {x: 2.0, y: 5.0, unused: 1.0}
        fetches = [y - x, x * y]
        for _ in range(3):
            assert session.run(fetches, values) == [3.0, 10.0]
        assert session.run(fetches[::-1], values) == [10.0, 3.0]


def test_a_step_that_fetches_nothing() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None])
        v = tf.Variable(0.0)
        step = tf.assign_add(v, tf.reduce_sum(x)).op
        assert direct([], [x], [step]) is not None
        session.run(tf.global_variables_initializer())
        for n in (1, 2, 2, 3):
            assert session.run(step, {x: np.ones(n)}) is None
        assert session.run(v) == 8.0


def test_what_has_more_to_do_takes_the_long_way() -> None:
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None])
        v = tf.Variable(0.0)
        size = tf.placeholder(tf.int32, [])
        assert direct([x, x + 1], [x]) is None  # a fed value is fetched
        assert direct([v.op.outputs[0]], []) is None  # a variable's handle
        assert direct([tf.range(size)], [size]) is None  # a value that is known while compiling
        assert direct([tf.py_func(np.sin, [x], tf.float32)], [x]) is None


def test_a_value_that_does_not_fit_is_refused_in_every_run() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [2])
        y = x + 1
        for _ in range(2):
            np.testing.assert_array_equal(session.run(y, {x: [1, 2]}), [2, 3])
            with pytest.raises(ValueError, match="Cannot feed value of shape"):
                session.run(y, {x: [1, 2, 3]})
            with pytest.raises(TypeError, match="Cannot interpret feed_dict key"):
                session.run(y, {"nothing:0": [1, 2]})
