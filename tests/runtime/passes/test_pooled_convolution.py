"""Convolution, bias, rectifier and pool as one step; and their gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.kernels.cases import loaded
from tests.runtime.passes.programs import program, types

import gradiente as tf

FORWARD = "Conv2D+BiasAdd+Relu+MaxPool"
BACK = "MaxPoolGrad+ReluGrad"
FILTER, IMAGE = "Conv2DBackpropFilter of pooled", "Conv2DBackpropInput of pooled"
BIASES: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "BiasAdd": (tf.nn.bias_add, "BiasAddGrad of pooled"),
    "plus": (lambda x, b: x + b, "Sum of pooled"),
}


def value(seed: int, shape: tuple[int, ...]) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def layer(
    x: Any, filters: Any, bias: Any, add: str = "plus", padding: str = "SAME", window: int = 2
) -> tuple[Any, Any]:
    """The rectifier's result, and the pool's."""
    active = tf.nn.relu(BIASES[add][0](tf.nn.conv2d(x, filters, [1, 1, 1, 1], "SAME"), bias))
    return active, tf.nn.max_pool(active, [1, window, window, 1], [1, 2, 2, 1], padding)


def network(add: str = "plus", padding: str = "SAME", size: int = 7) -> tuple[Any, Any, Any, list[Any]]:
    """The image, the loss, the first rectifier's result, and the parameters of two layers."""
    x = tf.placeholder(tf.float32, [None, size, size, 3])
    parameters = [tf.constant(value(i, s)) for i, s in enumerate([(3, 3, 3, 20), (20,), (5, 5, 20, 9), (9,)])]
    active, y = layer(x, *parameters[:2], add, padding)
    _, y = layer(y, *parameters[2:], add, padding)
    return x, tf.reduce_sum(tf.square(y)), active, parameters


def same(fetches: list[Any], feed: dict[Any, Any], tolerance: float = 1e-4) -> None:
    """The values are those of the reference executor, which fuses nothing."""
    with tf.Session() as sess, tf.Session(executor="python") as reference:
        for got, want in zip(sess.run(fetches, feed), reference.run(fetches, feed), strict=True):
            np.testing.assert_allclose(
                got, want, rtol=tolerance, atol=tolerance * np.abs(want).max(initial=1e-6)
            )


@pytest.mark.parametrize("add", list(BIASES))
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_a_training_step_is_the_same(add: str, padding: str) -> None:
    x, loss, _, parameters = network(add, padding)
    fetches = [loss, *tf.gradients(loss, [*parameters, x])]
    kinds = types(program(fetches, [x]))
    for kind, count in ((FORWARD, 2), (BACK, 2), (FILTER, 2), (IMAGE, 2)):
        assert kinds.count(kind) == count
    assert BIASES[add][1] in kinds
    assert not {"Relu", "MaxPool", "ReluGrad", "MaxPoolGrad", "Conv2DBackpropFilter"} & set(kinds)
    same(fetches, {x: value(9, (4, 7, 7, 3))})


def test_a_program_contains_the_kernels_and_no_large_array() -> None:
    loaded()
    x, loss, _, parameters = network(size=8)
    with tf.Session() as sess:
        text = sess.as_text(tf.gradients(loss, parameters), {x: value(9, (4, 8, 8, 3))}, stage="stablehlo")
    for target, count in (
        ("conv2d", 2),
        ("filter_gradient", 2),
        ("input_gradient", 1),
        ("sums", 2),
        ("gradient", 0),
    ):
        assert text.count(f"custom_call @gradiente_pooled_{target}(") == count
    assert "tensor<4x8x8x20xf32>" not in text


def test_prediction_is_one_step() -> None:
    x, loss, _, _ = network()
    kinds = types(program([loss], [x]))
    assert kinds.count(FORWARD) == 2
    same([loss], {x: value(9, (4, 7, 7, 3))})


def test_a_fetched_result_in_between_keeps_them_apart() -> None:
    x, loss, active, parameters = network()
    fetches = [active, *tf.gradients(loss, parameters)]
    kinds = types(program(fetches, [x]))
    assert kinds.count(FORWARD) == kinds.count(FILTER) == 1
    assert "Conv2D+BiasAdd+Relu" in kinds
    same(fetches, {x: value(9, (2, 7, 7, 3))})


def test_a_fed_result_in_between_keeps_them_apart() -> None:
    x, loss, active, parameters = network()
    fetches = tf.gradients(loss, parameters[2:])
    assert types(program(fetches, [x, active])).count(FORWARD) == 1
    same(fetches, {x: value(9, (2, 7, 7, 3)), active: value(8, (2, 7, 7, 20))})


def test_another_use_of_the_result_keeps_them_apart() -> None:
    x, loss, active, parameters = network()
    total = loss + tf.reduce_mean(active)
    fetches = tf.gradients(total, parameters)
    assert types(program(fetches, [x])).count(FORWARD) == 1
    same(fetches, {x: value(9, (2, 7, 7, 3))})


def test_another_use_of_the_gradient_gets_the_whole() -> None:
    x, loss, active, parameters = network()
    before = active.op.inputs[0]
    (slope,) = tf.gradients(loss, before)
    fetches = [tf.square(slope), *tf.gradients(loss, parameters)]
    assert types(program(fetches, [x])).count(FORWARD) == 2
    same(fetches, {x: value(9, (2, 7, 7, 3))})
    same([slope, *fetches], {x: value(9, (2, 7, 7, 3))})


def test_who_asks_for_a_shape_only_gets_that_of_the_whole() -> None:
    x, loss, active, parameters = network()
    fetches = [tf.shape(active), tf.size(active.op.inputs[0]), *tf.gradients(loss, parameters)]
    assert types(program(fetches, [x])).count(FORWARD) == 2
    same(fetches, {x: value(9, (2, 7, 7, 3))})


def test_a_gradient_of_the_gradient() -> None:
    x, loss, _, parameters = network()
    (slope,) = tf.gradients(loss, x)
    same(tf.gradients(tf.reduce_sum(tf.square(slope)), parameters), {x: value(9, (2, 7, 7, 3))}, 1e-3)


def test_windows_that_overlap_are_left_to_the_parts() -> None:
    x = tf.placeholder(tf.float32, [None, 7, 7, 3])
    filters, bias = tf.constant(value(0, (3, 3, 3, 5))), tf.constant(value(1, (5,)))
    _, y = layer(x, filters, bias, window=3)
    fetches = [y, *tf.gradients(y, [filters, bias])]
    assert FORWARD not in types(program(fetches, [x]))
    same(fetches, {x: value(9, (2, 7, 7, 3))})


def test_others_run_by_their_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIENTE_CONV", "xla")
    x, loss, _, parameters = network()
    same([loss, *tf.gradients(loss, parameters)], {x: value(9, (2, 7, 7, 3))})


def test_equal_elements_and_zeros_as_without_the_fusion() -> None:
    """Of equal ones the first gets the gradient; where the rectifier gives zeros, nobody does."""
    x = tf.placeholder(tf.float32, [1, 4, 4, 1])
    filters, bias = tf.constant(np.ones((1, 1, 1, 3), np.float32)), tf.zeros([3])
    _, y = layer(x, filters, bias)
    (slope,) = tf.gradients(y, x, tf.constant(value(0, (1, 2, 2, 3))))
    image = np.array([[1, 1, -1, -1], [1, 1, -1, -1], [0, 0, 2, 1], [0, 0, 2, 3]], np.float32)
    with tf.Session() as sess:
        got = sess.run(slope, {x: image.reshape(1, 4, 4, 1)})[0, ..., 0]
    want = np.zeros((4, 4))
    sums = value(0, (1, 2, 2, 3))[0].sum(-1)
    want[0, 0], want[3, 3] = sums[0, 0], sums[1, 1]
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
