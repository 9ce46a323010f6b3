"""The slips that every user makes: TensorFlow's class, and a message with the rule, what was received, the line, the remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradiente as tf


def _message(error: pytest.ExceptionInfo[Any], *parts: str) -> None:
    text = str(error.value)
    for part in parts:
        assert part in text, f"{part!r} is not in:\n{text}"


def test_matmul_shapes() -> None:
    with pytest.raises(ValueError) as error:
        tf.matmul(tf.zeros([2, 3]), tf.zeros([4, 5]), name="product")
    _message(error, "product", "3", "4", "test_errors.py")


def test_concat_shapes_and_swapped_arguments() -> None:
    with pytest.raises(ValueError) as error:
        tf.concat([tf.zeros([2, 3]), tf.zeros([4, 5])], 0, name="joined")
    _message(error, "joined", "test_errors.py")
    assert tf.concat(1, [tf.zeros([2, 3]), tf.zeros([2, 5])]).shape.as_list() == [2, 8]
    assert tf.concat([tf.zeros([2, 3]), tf.zeros([2, 5])], 1).shape.as_list() == [2, 8]


def test_convolution_sizes_are_worked_out() -> None:
    with pytest.raises(ValueError) as error:
        tf.nn.conv2d(tf.zeros([1, 4, 4, 1]), tf.zeros([5, 5, 1, 8]), [1, 1, 1, 1], "VALID", name="layer")
    _message(error, "layer", "(4", "5", "/1 + 1", "test_errors.py")
    with pytest.raises(ValueError) as error:
        tf.nn.conv2d(tf.zeros([1, 28, 28, 3]), tf.zeros([5, 5, 1, 8]), [1, 1, 1, 1], "SAME")
    _message(error, "3", "1", "depth")


def test_tensor_of_another_graph() -> None:
    with tf.Graph().as_default():
        other = tf.constant(1.0, name="foreign")
    with pytest.raises(ValueError) as error:
        tf.add(tf.constant(1.0), other)
    _message(error, "foreign", "same graph", "test_errors.py")


def test_finalized_graph() -> None:
    graph = tf.Graph()
    graph.finalize()
    with graph.as_default(), pytest.raises(RuntimeError) as error:
        tf.constant(1.0)
    _message(error, "finalized", "test_errors.py")


def test_integer_labels_where_one_hot_is_due() -> None:
    logits = tf.placeholder(tf.float32, [None, 10])
    labels = tf.placeholder(tf.int64, [None])
    with pytest.raises((ValueError, TypeError)) as error:
        tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    _message(error, "sparse_softmax_cross_entropy_with_logits")


def test_softmax_applied_twice_is_hinted_at() -> None:
    logits = tf.placeholder(tf.float32, [None, 10])
    labels = tf.placeholder(tf.float32, [None, 10])
    with pytest.warns(UserWarning, match="softmax"):
        tf.nn.softmax_cross_entropy_with_logits(
            labels=labels, logits=tf.nn.softmax(logits, name="probabilities")
        )


def test_label_out_of_range() -> None:
    labels = tf.placeholder(tf.int32, [None])
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=tf.zeros([1, 3]))
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="label"):
        sess.run(loss, {labels: [3]})


def test_get_variable_reuse() -> None:
    tf.get_variable("w", [2])
    with pytest.raises(ValueError) as error:
        tf.get_variable("w", [2])
    _message(error, "w", "already exists", "reuse", "test_errors.py")
    with tf.variable_scope("other", reuse=True), pytest.raises(ValueError) as error:
        tf.get_variable("nothing", [2])
    _message(error, "other/nothing", "does not exist")
    with tf.variable_scope(tf.get_variable_scope(), reuse=True), pytest.raises(ValueError) as error:
        tf.get_variable("w", [3])
    _message(error, "w", "(2,)", "(3,)")


def test_no_gradient_path() -> None:
    w = tf.Variable(1.0, name="lonely")
    with pytest.raises(ValueError) as error:
        tf.train.GradientDescentOptimizer(0.1).minimize(tf.constant(1.0))
    _message(error, "No gradients", "lonely")
    assert tf.gradients(tf.constant(1.0), w) == [None]


def test_disconnected_not_differentiable_and_not_implemented_are_three_things() -> None:
    x = tf.constant([1.0, 2.0])
    assert tf.gradients(tf.constant(3.0) * 2.0, x) == [None]
    assert tf.gradients(tf.cast(tf.argmax(x, 0), tf.float32), x) == [None]
    with pytest.raises(LookupError) as error:
        tf.gradients(tf.image.rgb_to_hsv(tf.reshape(x[0], [1, 1, 1]) * tf.ones([1, 1, 3])), x)
    _message(error, "No gradient defined", "RGBToHSV", "test_errors.py", "RegisterGradient")
    with pytest.raises(TypeError) as error:
        tf.gradients(tf.argmax(x, 0), x)
    _message(error, "no derivative", "int64")


def test_missing_and_corrupt_checkpoints(tmp_path: Path) -> None:
    tf.Variable(1.0, name="v")
    saver = tf.train.Saver()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        with pytest.raises((tf.errors.NotFoundError, ValueError)) as error:
            saver.restore(sess, str(tmp_path / "nothing"))
        _message(error, "nothing")
        path = saver.save(sess, str(tmp_path / "model"))
        weights = next(p for p in tmp_path.iterdir() if p.suffix == ".safetensors")
        weights.write_bytes(weights.read_bytes()[:-3])
        with pytest.raises(tf.errors.OpError) as error:
            saver.restore(sess, path)
        _message(error, weights.name)


def test_missing_and_corrupt_files(tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n nothing more")
    records = tmp_path / "broken.tfrecord"
    with tf.python_io.TFRecordWriter(str(records)) as writer:
        writer.write(b"one record")
    records.write_bytes(records.read_bytes()[:-2])
    name = tf.placeholder(tf.string, [])
    contents = tf.read_file(name)
    image = tf.image.decode_png(contents)
    with tf.Session() as sess:
        with pytest.raises(tf.errors.NotFoundError, match=r"nothing\.png"):
            sess.run(contents, {name: str(tmp_path / "nothing.png")})
        with pytest.raises(tf.errors.InvalidArgumentError, match="PNG"):
            sess.run(image, {name: str(broken)})
    with pytest.raises(tf.errors.DataLossError, match="broken"):
        list(tf.python_io.tf_record_iterator(str(records)))


def test_check_numerics_names_the_operation() -> None:
    x = tf.placeholder(tf.float32, [2])
    checked = tf.check_numerics(tf.log(x), "the loss is not finite", name="watch")
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError) as error:
        sess.run(checked, {x: [1.0, -1.0]})
    _message(error, "the loss is not finite", "watch", "test_errors.py")


def test_types_that_do_not_match() -> None:
    with pytest.raises(TypeError) as error:
        tf.add(tf.constant(1.0, name="real"), tf.constant(1, name="whole"))
    _message(error, "whole", "int32", "float32", "tf.cast", "test_errors.py")
    with pytest.raises(TypeError) as error:
        tf.constant(np.array([1.5])) * tf.constant([2.0])
    _message(error, "float64", "float32")


def test_shapes_that_only_the_run_shows() -> None:
    x = tf.placeholder(tf.float32, [None, None], name="x")
    product = tf.matmul(x, tf.ones([3, 2]), name="late")
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError) as error:
        sess.run(product, {x: np.ones((2, 4))})
    _message(error, "late", "(2, 4)", "test_errors.py")


def test_tensors_have_no_values_while_building() -> None:
    x = tf.constant([1.0, 2.0], name="x")
    for misuse in (bool, float, len, list, np.sin):
        with pytest.raises((TypeError, NotImplementedError)) as error:
            misuse(x)  # pyright: ignore[reportArgumentType]
        _message(error, "x:0")
