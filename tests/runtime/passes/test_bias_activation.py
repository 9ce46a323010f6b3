"""Products, their bias and their rectifier as one step, where nothing else sees what lies between."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.runtime.passes.programs import program, types

import gradiente as tf


def layer(x: Any, w: Any, b: Any, form: str) -> tuple[Any, Any, Any]:
    """A product, the sum with the bias, and the rectifier."""
    product = tf.matmul(x, w) if form.startswith("matmul") else tf.nn.conv2d(x, w, [1, 1, 1, 1], "SAME")
    added = (
        tf.nn.bias_add(product, b)
        if form.endswith("bias_add")
        else (product + b if form.endswith("plus") else b + product)
    )
    return product, added, tf.nn.relu(added)


def inputs(form: str) -> tuple[Any, Any, Any, dict[Any, Any]]:
    rng = np.random.default_rng(0)
    conv = form.startswith("conv")
    x = tf.placeholder(tf.float32, [None, 6, 6, 3] if conv else [None, 20])
    w = tf.placeholder(tf.float32, [3, 3, 3, 8] if conv else [20, 8])
    b = tf.placeholder(tf.float32, [8])
    shapes = [(4, 6, 6, 3), (3, 3, 3, 8)] if conv else [(4, 20), (20, 8)]
    feed = {t: rng.normal(size=s).astype(np.float32) for t, s in zip((x, w, b), (*shapes, (8,)), strict=True)}
    return x, w, b, feed


FORMS = ["matmul bias_add", "matmul plus", "matmul swapped", "conv bias_add", "conv plus"]


@pytest.mark.parametrize("form", FORMS)
def test_a_layer_is_one_step_with_the_same_values(form: str) -> None:
    x, w, b, feed = inputs(form)
    product, added, active = layer(x, w, b, form)
    kind = ("MatMul" if form.startswith("matmul") else "Conv2D") + "+BiasAdd"
    assert types(program([active], [x, w, b])) == [f"{kind}+Relu"]
    assert types(program([added], [x, w, b])) == [kind]
    with tf.Session() as sess, tf.Session(executor="python") as reference:
        for fetch in (active, added, product):
            np.testing.assert_allclose(
                sess.run(fetch, feed), reference.run(fetch, feed), rtol=1e-5, atol=1e-5
            )


@pytest.mark.parametrize("kind", ["Conv2D", "DepthwiseConv2dNative"])
@pytest.mark.parametrize("activation", [tf.nn.relu, tf.nn.relu6])
def test_convolutions_take_both_rectifiers(kind: str, activation: Any) -> None:
    x, w, b, feed = inputs("conv")
    if kind == "Conv2D":
        product = tf.nn.conv2d(x, w, [1, 2, 2, 1], "SAME")
    else:
        w, b = tf.placeholder(tf.float32, [3, 3, 3, 2]), tf.placeholder(tf.float32, [6])
        feed = {x: feed[x] * 4, w: np.ones(w.shape.as_list(), "f"), b: np.arange(6, dtype="f")}
        product = tf.nn.depthwise_conv2d(x, w, [1, 2, 2, 1], "SAME")
    active = activation(tf.nn.bias_add(product, b))
    assert types(program([active], [x, w, b])) == [f"{kind}+BiasAdd+{active.op.type}"]
    with tf.Session() as sess, tf.Session(executor="python") as reference:
        np.testing.assert_allclose(sess.run(active, feed), reference.run(active, feed), rtol=1e-5, atol=1e-5)


def test_a_product_of_matrices_does_not_take_relu6() -> None:
    x, w, b, _ = inputs("matmul")
    active = tf.nn.relu6(tf.nn.bias_add(tf.matmul(x, w), b))
    assert types(program([active], [x, w, b])) == ["MatMul+BiasAdd", "Relu6"]


@pytest.mark.parametrize("form", ["matmul bias_add", "conv plus"])
def test_what_lies_between_stays_fetchable_and_feedable(form: str) -> None:
    x, w, b, feed = inputs(form)
    product, added, active = layer(x, w, b, form)
    assert types(program([active, product], [x, w, b]))[0] in ("MatMul", "Conv2D")
    with tf.Session() as sess:
        whole = sess.run([product, added, active], feed)
        np.testing.assert_allclose(whole[2], np.maximum(whole[1], 0))
        np.testing.assert_allclose(sess.run(active, feed), whole[2], rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(sess.run(active, {added: whole[1] - 1}), np.maximum(whole[1] - 1, 0))
        again = sess.run(active, {product: whole[0] * 2, b: feed[b]})
        np.testing.assert_allclose(again, np.maximum(whole[0] * 2 + feed[b], 0), rtol=1e-6)


def test_a_layer_with_its_gradient_is_fused() -> None:
    x = tf.placeholder(tf.float32, [None, 20])
    w, b = tf.Variable(tf.ones([20, 8])), tf.Variable(tf.ones([8]))
    active = tf.nn.relu(tf.matmul(x, w) + b)
    step = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(active))
    assert "MatMul+BiasAdd+Relu" in types(program([step], [x]))


def test_a_write_in_between_is_seen() -> None:
    x = tf.constant([[1.0, 2.0]])
    w = tf.Variable([[1.0], [1.0]])
    b = tf.Variable([10.0])
    product = tf.matmul(x, w)
    with tf.control_dependencies([product]):
        write = w.assign([[100.0], [100.0]])
    with tf.control_dependencies([write]):
        y = tf.nn.relu(product + b)
    assert types(program([y])) == ["MatMul", "Assign", "AddV2", "Relu"]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(sess.run(y), [[13.0]])


@pytest.mark.parametrize("shape", [(1,), (4, 8), ()])
def test_only_a_value_for_each_channel_is_a_bias(shape: tuple[int, ...]) -> None:
    x, w = tf.placeholder(tf.float32, [4, 20]), tf.placeholder(tf.float32, [20, 8])
    other = tf.placeholder(tf.float32, shape)
    assert types(program([tf.nn.relu(tf.matmul(x, w) + other)], [x, w, other])) == ["MatMul", "AddV2", "Relu"]


def test_a_bad_shape_is_the_products_own_error() -> None:
    x = tf.placeholder(tf.float32, None)
    w, b = tf.placeholder(tf.float32, [20, 8]), tf.placeholder(tf.float32, [8])
    active = tf.nn.relu(tf.matmul(x, w, name="hidden_product") + b)
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="hidden_product"):
        sess.run(active, {x: np.ones((4, 21)), w: np.ones((20, 8)), b: np.ones(8)})
