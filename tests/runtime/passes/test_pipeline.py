"""The passes together: what the plan tells of them, and that random programs keep their values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradiente as tf
from gradiente.kernels.library import library
from gradiente.runtime.debug import debug


def test_the_plan_tells_what_the_passes_did(capsys: pytest.CaptureFixture[str]) -> None:
    x = tf.placeholder(tf.float32, [None, 3])
    w, b = tf.Variable(tf.ones([3, 2])), tf.Variable(tf.ones([2]))
    y = tf.nn.relu(tf.matmul(x, w) + b, name="layer") * (tf.constant(2.0) + 1.0)
    with tf.Session() as sess, debug("plan"):
        sess.run(tf.global_variables_initializer())
        sess.run(y, {x: np.ones((4, 3))})
    text = capsys.readouterr().err
    assert "fused: layer = MatMul+BiasAdd+Relu" in text
    assert "constant folding: 1 operations" in text
    assert "layer = Relu(" in text  # the operations of the run are listed as the program made them


def test_the_graph_is_left_alone() -> None:
    x = tf.placeholder(tf.float32, [2])
    y = tf.exp(x) * tf.exp(x)
    before = [(op.name, op.inputs) for op in tf.get_default_graph().get_operations()]
    tf.get_default_graph().finalize()
    with tf.Session() as sess:
        sess.run(y, {x: [1, 2]})
    assert [(op.name, op.inputs) for op in tf.get_default_graph().get_operations()] == before


_UNARY = [
    tf.nn.relu,
    tf.tanh,
    tf.identity,
    tf.stop_gradient,
    lambda t: t * 2.0,
    lambda t: t + 1.0,
    tf.zeros_like,
]


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_random_programs_keep_their_values(data: st.DataObject) -> None:
    """Random graphs of layers, sums and writes give the python executor's numbers, whether the end alone is fetched or
    everything, where little can be fused or merged.
    """
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [3, 4])
        w, b = (
            tf.Variable(np.linspace(-1, 1, 16, dtype=np.float32).reshape(4, 4)),
            tf.Variable([0.1, -0.2, 0.3, 0.0]),
        )
        made: list[Any] = [x, tf.constant(np.ones((3, 4), np.float32))]
        for _ in range(data.draw(st.integers(3, 10))):
            value = data.draw(st.sampled_from(made))
            kind = data.draw(st.integers(0, 4))
            if kind == 0:
                made.append(data.draw(st.sampled_from(_UNARY))(value))
            elif kind == 1:
                made.append(tf.matmul(value, w))
            elif kind == 2:
                made.append(tf.nn.bias_add(value, b))
            elif kind == 3:
                made.append(value + data.draw(st.sampled_from(made)))
            else:
                with tf.control_dependencies([value]):
                    variable = data.draw(st.sampled_from([w, b]))
                    write = variable.assign_add(tf.constant(0.5) * tf.ones_like(variable))
                with tf.control_dependencies([write]):
                    made.append(tf.identity(value))
        feed = {x: np.arange(12, dtype=np.float32).reshape(3, 4) / 10 - 0.5}
        for fetches in (made[-1:], made):
            results: list[Any] = []
            for executor in ("xla", "python"):
                with tf.Session(executor=executor) as sess:
                    sess.run(tf.global_variables_initializer())
                    results.append([sess.run(fetches, feed) for _ in range(2)])
            np.testing.assert_allclose(results[0], results[1], rtol=1e-4, atol=1e-4)


def test_the_compiled_program_calls_the_fused_kernels() -> None:
    if library() is None:
        pytest.skip("this installation has no compiled kernels")
    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    w, b = tf.Variable(tf.ones([3, 3, 3, 16])), tf.Variable(tf.ones([16]))
    active = tf.nn.relu(tf.nn.conv2d(x, w, [1, 2, 2, 1], "SAME") + b)
    pooled = tf.nn.max_pool(active, [1, 3, 3, 1], [1, 2, 2, 1], "VALID")
    gradients = tf.gradients(tf.reduce_sum(pooled * pooled), [w, b])
    value = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype(np.float32)
    with tf.Session() as sess, tf.Session(executor="python") as reference:
        for session in (sess, reference):
            session.run(tf.global_variables_initializer())
        text = sess.as_text(gradients, {x: value}, stage="stablehlo")
        assert "gradiente_conv2d_bias" in text
        assert "relu = true" in text
        for got, want in zip(
            sess.run(gradients, {x: value}), reference.run(gradients, {x: value}), strict=True
        ):
            np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-3)
