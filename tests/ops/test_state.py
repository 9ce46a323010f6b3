"""Variables and the ops that hold a value: what the op table can't say in a row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradiente as tf
from gradiente.graph.build import apply
from gradiente.graph.functions import FuncGraph


@pytest.fixture(params=["xla", "python"])
def executor(request: pytest.FixtureRequest) -> str:
    return request.param


def test_counting_up_to_a_limit(executor: str) -> None:
    counter = tf.Variable(0)
    count = counter.count_up_to(3)
    with tf.Session(executor=executor) as sess:
        sess.run(counter.initializer)
        assert [sess.run(count) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(tf.errors.OutOfRangeError, match="limit of 3"):
            sess.run(count)
        assert sess.run(counter) == 3


def test_scatter_out_of_range_leaves_the_variable(executor: str) -> None:
    v = tf.Variable([1.0, 2.0])
    index = tf.placeholder(tf.int32, [1])
    add = tf.scatter_add(v, index, [5.0])
    with tf.Session(executor=executor) as sess:
        sess.run(v.initializer)
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[0, 2\)"):
            sess.run(add, {index: [2]})
        np.testing.assert_array_equal(sess.run(v), [1, 2])
        np.testing.assert_array_equal(sess.run(add, {index: [1]}), [1, 7])


def test_what_is_initialized(executor: str) -> None:
    a, b = tf.Variable(1.0, name="a"), tf.Variable(2.0, name="b")
    report = tf.report_uninitialized_variables()
    with tf.Session(executor=executor) as sess:
        assert list(sess.run(report)) == [b"a", b"b"]
        sess.run(a.initializer)
        assert list(sess.run(report)) == [b"b"]
        assert sess.run([tf.is_variable_initialized(a), tf.is_variable_initialized(b)]) == [True, False]
        sess.run(b.initializer)
        assert sess.run(report).shape == (0,)


def test_initialized_value_depends_on_another_variable(executor: str) -> None:
    a = tf.Variable(3.0)
    b = tf.Variable(a.initialized_value() * 2.0)
    with tf.Session(executor=executor) as sess:
        sess.run(tf.global_variables_initializer())
        assert sess.run([a, b]) == [3.0, 6.0]
        sess.run(a.assign(10.0))
        sess.run(b.initializer)
        assert sess.run(b) == 20.0


def test_load_and_eval(executor: str) -> None:
    v = tf.Variable([1.0, 2.0])
    with tf.Session(executor=executor) as sess:
        sess.run(v.initializer)
        before = len(sess.graph.get_operations())
        v.load([5.0, 6.0], sess)
        np.testing.assert_array_equal(v.eval(), [5, 6])
        assert len(sess.graph.get_operations()) == before
    with pytest.raises(ValueError, match="needs a session"):
        v.load([1.0, 1.0])


def test_shapes_may_change_only_when_that_was_asked_for(executor: str) -> None:
    fixed = tf.Variable([1.0, 2.0])
    with pytest.raises(ValueError, match="keeps its shape"):
        fixed.assign([1.0])
    free = tf.Variable([1.0, 2.0], validate_shape=False)
    change = tf.assign(free, [1.0, 2.0, 3.0], validate_shape=False)
    with tf.Session(executor=executor) as sess:
        sess.run(free.initializer)
        sess.run(change)
        np.testing.assert_array_equal(sess.run(free * 2.0), [2, 4, 6])


def test_only_variables_can_be_assigned_to() -> None:
    with pytest.raises(TypeError, match="must be a variable"):
        tf.assign(tf.constant(1.0), 2.0)


def test_variables_from_their_protocol_buffer() -> None:
    v = tf.Variable(2.0, name="v")
    again = tf.Variable.from_proto(v.to_proto())
    assert again.op is v.op
    assert again.initializer is v.initializer
    with tf.Session() as sess:
        sess.run(again.initializer)
        assert sess.run(again + v) == 4.0


def test_numpy_on_the_left() -> None:
    v = tf.Variable([1.0, 2.0])
    x = np.array([3.0, 4.0], np.float32)
    with tf.Session() as sess:
        sess.run(v.initializer)
        np.testing.assert_array_equal(sess.run(x * v), [3, 8])
        np.testing.assert_array_equal(sess.run(x - tf.identity(v)), [2, 2])


def test_ops_without_a_row() -> None:
    """ "Placeholder", "NoOp", "PreventGradient", "BroadcastGradientArgs" and "_Arg", by what they do."""
    assert apply("NoOp").type == "NoOp"
    assert tf.placeholder(tf.float32).op.type == "Placeholder"
    r0, r1 = apply("BroadcastGradientArgs", [2, 1, 3], [5, 3])
    with tf.Session() as sess:
        assert [v.tolist() for v in sess.run([r0, r1])] == [[1], [0]]
    x = tf.constant(1.0)
    with pytest.raises(LookupError, match="because"):
        tf.gradients(apply("PreventGradient", x, message="because"), x)
    body = FuncGraph("body")
    assert body.add_input(tf.float32, [2]).op.type == "_Arg"


@pytest.mark.parametrize(
    ("method", "rows"),
    [
        ("scatter_update", [[10.0, 10.0], [3.0, 4.0], [2.0, 2.0]]),
        ("scatter_add", [[11.0, 12.0], [3.0, 4.0], [7.0, 8.0]]),
        ("scatter_sub", [[-9.0, -8.0], [3.0, 4.0], [3.0, 4.0]]),
        ("scatter_mul", [[10.0, 20.0], [3.0, 4.0], [10.0, 12.0]]),
        ("scatter_div", [[0.1, 0.2], [3.0, 4.0], [2.5, 3.0]]),
        ("scatter_min", [[1.0, 2.0], [3.0, 4.0], [2.0, 2.0]]),
        ("scatter_max", [[10.0, 10.0], [3.0, 4.0], [5.0, 6.0]]),
    ],
)
def test_methods_that_change_rows_take_indexed_slices(method: str, rows: Any, executor: str) -> None:
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], name="table")
    delta = tf.IndexedSlices(tf.constant([[10.0, 10.0], [2.0, 2.0]]), tf.constant([0, 2]))
    changed = getattr(v, method)(delta, name="changed")
    assert changed.op.name == "changed"
    with tf.Session(executor=executor) as sess:
        sess.run(v.initializer)
        np.testing.assert_allclose(sess.run(changed), rows, rtol=1e-6)
        np.testing.assert_allclose(sess.run(v), rows, rtol=1e-6)
    with pytest.raises(TypeError, match=rf"not IndexedSlices: .* or tf.{method}\(table, indices, updates\)"):
        getattr(v, method)([1.0])


@pytest.mark.parametrize(
    ("method", "values"),
    [
        ("scatter_nd_update", [1, 11, 3, 10]),
        ("scatter_nd_add", [1, 13, 3, 14]),
        ("scatter_nd_sub", [1, -9, 3, -6]),
    ],
)
def test_methods_that_change_elements(method: str, values: Any, executor: str) -> None:
    v = tf.Variable([1, 2, 3, 4])
    changed = getattr(v, method)([[3], [1]], [10, 11], name="changed")
    assert changed.op.name == "changed"
    assert changed.op.attrs["use_locking"] is True
    with tf.Session(executor=executor) as sess:
        sess.run(v.initializer)
        assert sess.run(changed).tolist() == values
