from __future__ import annotations

import numpy as np
import pytest

import gradiente as tf
from gradiente.graph import errors, graph_util


@pytest.fixture
def trained():
    """A session with a variable, the graph of a perceptron's layer, and what it answers to ones."""
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    w = tf.Variable([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], name="w")
    y = tf.identity(tf.nn.relu(tf.matmul(x, w), name="relu"), name="y")
    tf.assign(w, w * 2.0, name="train")
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run("train")
        yield sess, y


def test_a_frozen_graph_answers_the_same_without_variables(trained):
    sess, y = trained
    ones = np.ones([1, 2], np.float32)
    expected = sess.run(y, {"x:0": ones})
    frozen = graph_util.convert_variables_to_constants(sess, sess.graph.as_graph_def(), ["y"])
    assert not [node.op for node in frozen.node if node.op in ("VariableV2", "Assign")]
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(frozen, name="")
        with tf.Session(graph=graph) as other:
            np.testing.assert_array_equal(other.run("y:0", {"x:0": ones}), expected)


def test_variables_can_be_left(trained):
    sess, _ = trained
    graph_def = sess.graph.as_graph_def()
    for choice in ({"variable_names_blacklist": ["w"]}, {"variable_names_whitelist": []}):
        part = graph_util.convert_variables_to_constants(sess, graph_def, ["y"], **choice)
        assert "VariableV2" in [node.op for node in part.node]


def test_nodes_that_hand_on_are_removed(trained):
    sess, _ = trained
    graph_def = graph_util.extract_sub_graph(sess.graph.as_graph_def(), ["y"])
    names = [node.name for node in graph_util.remove_training_nodes(graph_def, ["y"]).node]
    assert "y" in names
    assert "w/read" not in names
    assert "y" not in [node.name for node in graph_util.remove_training_nodes(graph_def).node]


def test_what_is_not_in_the_graph(trained):
    sess, _ = trained
    with pytest.raises(AssertionError, match="nothing is not in graph"):
        graph_util.extract_sub_graph(sess.graph.as_graph_def(), ["nothing"])
    with pytest.raises(TypeError, match=r"\['y'\]"):
        graph_util.extract_sub_graph(sess.graph.as_graph_def(), "y")


def test_variables_that_have_no_value_yet(trained):
    sess, _ = trained
    with (
        tf.Session(graph=sess.graph) as fresh,
        pytest.raises(errors.FailedPreconditionError, match="w"),
    ):
        graph_util.convert_variables_to_constants(fresh, sess.graph.as_graph_def(), ["y"])
