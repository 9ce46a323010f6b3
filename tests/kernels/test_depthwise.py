"""The depthwise kernels against NumPy in float64, over random sizes, on every instruction set that the machine has."""

from __future__ import annotations

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernels.cases import Sizes, assert_near, cpus, loaded, misaligned, random, sizes, using

import gradiente as tf
from gradiente.kernels.conv import ACTIVATIONS, Activation
from gradiente.kernels.depthwise import depthwise_bias_act
from gradiente.ops import nn_conv_device as device
from gradiente.ops import nn_conv_numpy as reference
from gradiente.ops.nn_window import Window, padding_of


def check(case: Sizes, cpu: str) -> None:
    """All three passes; the number of outputs is the multiplier."""
    x, filters = random(case.seed, case.image), random(case.seed + 1, case.filters)
    y = reference.depthwise(x.astype(float), filters.astype(float), case.windows, case.pads)
    grad = random(case.seed + 2, y.shape)
    dx = reference.depthwise_input_gradient(
        grad.astype(float), filters.astype(float), case.lengths, case.windows, case.pads
    )
    dw = reference.depthwise_filter_gradient(
        x.astype(float), grad.astype(float), case.windows, case.pads, case.outputs
    )
    xs, ws, gs = misaligned(x), misaligned(filters), misaligned(grad)
    with using(cpu):
        assert_near(device.depthwise(xs, ws, case.windows, case.pads), y, terms=25)
        got = device.depthwise_input_gradient(gs, ws, case.lengths, case.windows, case.pads)
        assert_near(got, dx, terms=25 * case.outputs)
        got = device.depthwise_filter_gradient(xs, gs, case.windows, case.pads, case.outputs)
        assert_near(got, dw, terms=y.size // y.shape[-1])


@pytest.mark.parametrize("cpu", cpus())
@given(case=sizes(), multiplier=st.integers(1, 3))
@settings(max_examples=25)
def test_random_sizes(cpu: str, case: Sizes, multiplier: int) -> None:
    check(replace(case, outputs=multiplier), cpu)


@pytest.mark.parametrize("cpu", cpus())
@pytest.mark.parametrize(
    ("batch", "lengths", "channels", "size", "stride"),
    [
        (2, (56, 56), 144, 5, 2),
        (2, (28, 28), 240, 3, 2),
        (2, (40, 40), 32, 3, 1),
        (1, (14, 14), 672, 5, 1),  # some of the channels a task
        (1, (9, 19), 35, 7, 1),  # bands of rows; a last vector that shares channels with the one before it
        (3, (3, 130), 300, 3, 1),  # rows of all channels don't stay in the second cache
        (2, (5, 3), 33, 5, 1),  # all of the image is edge
        (4, (3, 3), 17, 2, 5),  # more phases than one gather takes
        (2, (726, 726), 16, 3, 2),  # results that go past the caches
    ],
)
def test_shapes_with_ways_of_their_own(
    cpu: str, batch: int, lengths: tuple[int, int], channels: int, size: int, stride: int
) -> None:
    windows = (Window(size, stride), Window(size, stride))
    pads = padding_of(lengths, windows, "SAME", ())
    check(Sizes(batch, lengths, channels, 1, windows, pads, 0), cpu)


@pytest.mark.parametrize("cpu", cpus())
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
@given(
    length=st.integers(1, 26),
    before=st.integers(0, 8),
    after=st.integers(0, 8),
    channels=st.integers(1, 70),
)
@settings(max_examples=10)
def test_rows_of_every_length(
    cpu: str, size: int, stride: int, length: int, before: int, after: int, channels: int
) -> None:
    """Also padding so wide that some results see nothing of the image."""
    windows = (Window(size, stride), Window(size, stride))
    after = max(after, size - length - before)
    check(Sizes(1, (length, length), channels, 1, windows, ((before, after),) * 2, 0), cpu)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("method", ["direct", "xla"])
def test_bias_and_activation(activation: Activation, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIENTE_CONV", method)
    x, filters, bias = random(0, (2, 6, 5, 19)), random(1, (3, 3, 19, 2)), random(2, (38,))
    pads = ((1, 1), (1, 1))
    y = reference.depthwise(x.astype(float), filters.astype(float), (Window(3, 1),) * 2, pads) + bias
    y = {"none": y, "relu": np.maximum(y, 0), "relu6": np.clip(y, 0, 6)}[activation]
    got = depthwise_bias_act(*map(jnp.asarray, (x, filters, bias)), activation, padding=pads)
    assert_near(got, y, terms=9)


def test_a_program_contains_the_kernels() -> None:
    loaded()
    x, filters = tf.placeholder(tf.float32, [2, 8, 8, 4]), tf.placeholder(tf.float32, [3, 3, 4, 2])
    y = tf.nn.depthwise_conv2d(x, filters, [1, 1, 1, 1], "SAME")
    feeds = {x: np.ones((2, 8, 8, 4)), filters: np.ones((3, 3, 4, 2))}
    with tf.Session() as sess:
        text = sess.as_text([y, tf.gradients(y, [x, filters])], feeds, stage="stablehlo")
    for target in ("depthwise", "depthwise_input_gradient", "depthwise_filter_gradient"):
        assert text.count(f"custom_call @gradiente_{target}(") == 1
