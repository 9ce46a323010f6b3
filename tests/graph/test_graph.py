"""Graphs, operations, tensors and their names."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import gradiente as tf
from gradiente.graph.dot import to_dot, to_svg


def test_names_are_unique_as_tensorflow_makes_them() -> None:
    names = [tf.constant(1.0, name="c").op.name for _ in range(3)]
    assert names == ["c", "c_1", "c_2"]
    assert tf.constant(1.0, name="C").op.name == "C_3"
    with tf.name_scope("layer") as scope:
        assert scope == "layer/"
        x = tf.constant(1.0, name="x")
        y = x + 1.0
        assert (x.op.name, y.op.name, y.op.inputs[1].op.name) == ("layer/x", "layer/add", "layer/add/y")
    with tf.name_scope("layer") as scope:
        assert scope == "layer_1/"
    with tf.name_scope("layer/"):
        assert tf.constant(1.0, name="x").op.name == "layer/x_1"
    with tf.name_scope("outer"), tf.name_scope(None):
        assert tf.constant(1.0, name="top").op.name == "top"


def test_a_program_gets_tensorflows_names() -> None:
    """The golden names are those of TensorFlow 2.21's compat.v1 for the same lines (tests/golden/make_names.py)."""
    golden = json.loads((Path(__file__).parents[1] / "golden" / "names.json").read_text())
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    w = tf.Variable(tf.zeros([4, 3]), name="w")
    y = tf.nn.relu(tf.matmul(x, w) * 2.0 - 1.0)
    tf.reduce_mean(tf.square(y), axis=[1])
    tf.argmax(y, 1)
    x[:, 1]
    assert [[op.name, op.type] for op in tf.get_default_graph().get_operations()] == golden


def test_operations_cannot_be_changed_and_remember_their_line() -> None:
    op = tf.constant(1.0, name="here").op
    with pytest.raises(AttributeError):
        op.name = "other"  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TypeError):
        op.attrs["value"] = 2  # pyright: ignore[reportIndexIssue]
    assert op.source.filename == __file__
    assert 'name="here"' in op.source.text


def test_elements_by_name() -> None:
    graph = tf.get_default_graph()
    x = tf.constant([1.0, 2.0], name="x")
    assert graph.get_tensor_by_name("x:0") is x
    assert graph.get_operation_by_name("x") is x.op
    for wrong, error in (("y:0", KeyError), ("x:1", KeyError), ("x", ValueError)):
        with pytest.raises(error):
            graph.get_tensor_by_name(wrong)
    with pytest.raises(ValueError, match="names a tensor"):
        graph.get_operation_by_name("x:0")
    assert x.consumers() == []
    y = x + 1.0
    assert x.consumers() == [y.op]


def test_collections() -> None:
    tf.add_to_collection("things", 1)
    tf.get_collection_ref("things").append(2)
    assert tf.get_collection("things") == [1, 2]
    w = tf.Variable(1.0, name="a/w")
    tf.Variable(1.0, name="b/w", trainable=False)
    assert tf.trainable_variables() == [w]
    assert [v.op.name for v in tf.global_variables("b")] == ["b/w"]
    assert tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES) == [w]


def test_control_dependencies_are_pruned_and_cleared() -> None:
    a, b = tf.constant(1.0), tf.constant(2.0)
    with tf.control_dependencies([a, b]):
        c = a * 3.0
        d = c + 1.0
        with tf.control_dependencies(None):
            e = tf.constant(5.0)
        with tf.control_dependencies([e]):
            f = tf.identity(b)
    assert c.op.control_inputs == ()  # its constant waits for both, and it takes the constant
    assert c.op.inputs[1].op.control_inputs == (a.op, b.op)
    assert d.op.control_inputs == ()
    assert e.op.control_inputs == ()
    assert set(f.op.control_inputs) == {e.op, a.op}


def test_default_graphs_nest_and_reset() -> None:
    outer = tf.get_default_graph()
    with tf.Graph().as_default() as inner:
        assert tf.get_default_graph() is inner
        with pytest.raises(AssertionError):
            tf.reset_default_graph()
    assert tf.get_default_graph() is outer
    tf.reset_default_graph()
    assert tf.get_default_graph() is not outer


def test_shapes_with_unknown_parts() -> None:
    shape = tf.TensorShape([None, 3])
    assert shape.as_list() == [None, 3]
    assert shape.merge_with([5, None]) == tf.TensorShape([5, 3])
    assert not shape.is_compatible_with([2, 4])
    assert shape.is_compatible_with(None)
    assert shape.concatenate([2]).as_list() == [None, 3, 2]
    assert tf.TensorShape(None).ndims is None
    assert str(shape) == "(?, 3)"
    with pytest.raises(ValueError, match="not compatible"):
        tf.Dimension(3).merge_with(4)
    assert (tf.Dimension(None) + 1).value is None
    assert tf.Dimension(6) // 4 == 1
    x = tf.placeholder(tf.float32, None)
    x.set_shape([None, 3])
    with pytest.raises(ValueError, match="not compatible"):
        x.set_shape([2, 4])
    assert tf.reshape(x, [-1, tf.shape(x)[1]]).shape.as_list() == [None, 3]


def test_gradient_override() -> None:
    @tf.RegisterGradient("Doubled")
    def _doubled(op: tf.Operation, grad: tf.Tensor) -> tf.Tensor:
        return 2.0 * grad

    x = tf.constant(3.0)
    with tf.get_default_graph().gradient_override_map({"Identity": "Doubled"}):
        y = tf.identity(x)
    z = tf.identity(x)
    with tf.Session() as sess:
        assert sess.run(tf.gradients(y, x)) == [2.0]
        assert sess.run(tf.gradients(z, x)) == [1.0]
    with pytest.raises(KeyError, match="two gradients"):
        tf.RegisterGradient("Doubled")(_doubled)


def test_pictures() -> None:
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    y = tf.matmul(x, tf.Variable(tf.zeros([2, 1]), name="w"), name="y")
    dot = to_dot(tf.get_default_graph())
    assert '"x" -> "y" [label="(?, 2)"' in dot
    svg = to_svg(tf.get_default_graph())
    assert svg.startswith("<svg")
    assert ">MatMul<" in svg
    assert y.op.name in svg


def test_constants() -> None:
    assert tf.constant(1).dtype == tf.int32
    assert tf.constant(2**40).dtype == tf.int64
    assert tf.constant(1.5).dtype == tf.float32
    assert tf.constant(np.array(1.5)).dtype == tf.float64
    assert tf.constant([True]).dtype == tf.bool
    assert tf.constant("ñ").dtype == tf.string
    with tf.Session() as sess:
        np.testing.assert_array_equal(sess.run(tf.constant(7, shape=[2, 2])), [[7, 7], [7, 7]])
        np.testing.assert_array_equal(sess.run(tf.constant([1, 2], shape=[4])), [1, 2, 2, 2])
        np.testing.assert_array_equal(sess.run(tf.convert_to_tensor([tf.constant(1), 2])), [1, 2])
    with pytest.raises(TypeError, match="int32"):
        tf.constant(1.5, tf.int32)
    with pytest.raises(ValueError, match="equal lengths"):
        tf.constant([[1], [2, 3]])
    with pytest.raises(ValueError, match="None"):
        tf.constant(None)


def test_hessians_are_the_second_derivatives() -> None:
    a = np.arange(9.0).reshape(3, 3)
    x = tf.constant([1.0, 2.0, 3.0], tf.float64)
    y = tf.reduce_sum(x * tf.squeeze(tf.matmul(a, x[:, None]), 1)) + tf.reduce_prod(x)
    with tf.Session() as sess:
        (hessian,) = sess.run(tf.hessians(y, x))
    product = np.array([[0, 3, 2], [3, 0, 1], [2, 1, 0]])
    np.testing.assert_allclose(hessian, a + a.T + product, rtol=1e-12)
    with pytest.raises(ValueError, match="not defined"):
        tf.hessians(tf.constant(1.0), x)


def test_long_chains_of_known_values() -> None:
    known, unknown = tf.constant(0), tf.placeholder(tf.int32, [])
    for _ in range(3000):
        known, unknown = known + 1, unknown + 1
    assert tf.zeros(tf.stack([known, unknown])).shape.as_list() == [3000, None]


def test_a_rank_beyond_any_tensor_is_an_error_and_not_a_long_list() -> None:
    assert tf.TensorShape(None).with_rank(254).ndims == 254
    with pytest.raises(ValueError, match="up to 254 dimensions, not 1,099,511,627,776"):
        tf.TensorShape(None).with_rank(1 << 40)
