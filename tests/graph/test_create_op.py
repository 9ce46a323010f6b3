"""``Graph.create_op``, as programs that reach below the public functions call it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tensorboard.compat.proto.attr_value_pb2 import AttrValue

import gradiente as tf

A = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)


def test_attributes_as_protocol_buffers_and_plain():
    g = tf.Graph()
    with g.as_default():
        a = tf.constant(A, name="a")
    attrs: dict[str, Any] = {
        "transpose_a": AttrValue(b=True),
        "T": AttrValue(type=tf.float32.as_datatype_enum),
    }
    op = g.create_op("MatMul", [a, a], [tf.float32], name="product", attrs=attrs)
    plain = g.create_op("MatMul", [a, a], attrs={"transpose_b": True})
    assert (op.type, op.name, plain.name) == ("MatMul", "product", "MatMul")
    assert op.graph is g
    assert op.outputs[0].shape.as_list() == [2, 2]
    with tf.Session(graph=g) as sess:
        np.testing.assert_array_equal(sess.run(op.outputs[0]), A.T @ A)
        np.testing.assert_array_equal(sess.run(plain.outputs[0]), A @ A.T)


def test_lists_of_inputs_come_flat():
    g = tf.get_default_graph()
    parts = [tf.constant([1.0]), tf.constant([2.0]), tf.constant([3.0])]
    joined = g.create_op("ConcatV2", [*parts, tf.constant(0)], [tf.float32], name="joined").outputs[0]
    packed = g.create_op("Pack", parts, attrs={"axis": AttrValue(i=1), "N": AttrValue(i=3)}).outputs[0]
    with tf.Session() as sess:
        assert sess.run(joined).tolist() == [1, 2, 3]
        assert sess.run(packed).tolist() == [[1, 2, 3]]


def test_names_scopes_and_gradients_are_those_of_any_operation():
    g = tf.get_default_graph()
    x = tf.constant([1.0, 4.0])
    with tf.name_scope("outer"):
        first = g.create_op("Sqrt", [x], name="root")
        second = g.create_op("Sqrt", [x], name="root")
        third = g.create_op("Sqrt", [x], name="elsewhere/root/")
    assert [first.name, second.name, third.name] == ["outer/root", "outer/root_1", "elsewhere/root"]
    slope = tf.gradients(first.outputs[0], x)[0]
    with tf.Session() as sess:
        np.testing.assert_allclose(sess.run(slope), [0.5, 0.25])


def test_what_does_not_fit_is_said_and_adds_nothing():
    g = tf.get_default_graph()
    a = tf.constant(A)
    other = tf.Graph()
    with other.as_default():
        foreign = tf.constant(A)
    before = len(g.get_operations())
    with pytest.raises(ValueError, match=r"No op of type 'Matmul' is declared\. Near it: MatMul"):
        g.create_op("Matmul", [a, a])
    with pytest.raises(TypeError, match=r"Input #1 of create_op\('MatMul'\) is not a tensor: 3"):
        g.create_op("MatMul", [a, 3])
    with pytest.raises(
        ValueError, match=r"The 1 inputs of create_op\('MatMul'\) don't fit its signature \(a, b\)"
    ):
        g.create_op("MatMul", [a])
    with pytest.raises(TypeError, match=r"output types \['int32'\], but they are \['float32'\]"):
        g.create_op("MatMul", [a, a], [tf.int32])
    with pytest.raises(TypeError, match=r"input types \['float32', 'int32'\]"):
        g.create_op("MatMul", [a, a], input_types=[tf.float32, tf.int32])
    with pytest.raises(TypeError, match="has no attribute 'transpose'"):
        g.create_op("MatMul", [a, a], attrs={"transpose": True})
    with pytest.raises(ValueError, match="'transpose_a' must be of kind bool, not int"):
        g.create_op("MatMul", [a, a], attrs={"transpose_a": AttrValue(i=1)})
    with pytest.raises(ValueError, match="same graph"):
        g.create_op("MatMul", [a, foreign])
    assert len(g.get_operations()) == before
    g.finalize()
    with pytest.raises(RuntimeError, match="finalized"):
        g.create_op("MatMul", [a, a])
