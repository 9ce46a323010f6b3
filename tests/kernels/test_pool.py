"""The pooling kernels against NumPy in float64, over random sizes, on every instruction set that the machine has."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernels.cases import Sizes, assert_near, cpus, loaded, misaligned, random, sizes, using

import gradiente as tf
from gradiente.kernels import pool as kernels
from gradiente.ops import nn_pool_compute as reference
from gradiente.ops import nn_pool_device as device
from gradiente.ops.nn_window import Window


@pytest.mark.parametrize("cpu", cpus())
@given(case=sizes(dilated=False), tiled=st.booleans(), channels_first=st.booleans())
@settings(max_examples=25)
def test_random_sizes(cpu: str, case: Sizes, tiled: bool, channels_first: bool) -> None:
    """Ties are common in the values, so that which of equal ones gets the gradient is tested too."""
    spatial = [Window(w.size, w.size if tiled else w.stride) for w in case.windows]
    pads = tuple(
        (min(b, w.size - 1), min(a, w.size - 1)) for w, (b, a) in zip(spatial, case.pads, strict=True)
    )
    if any(s + sum(p) < w.size for s, p, w in zip(case.lengths, pads, spatial, strict=True)):
        return
    still = Window(1, 1)
    if channels_first:
        shape = (case.batch, case.channels, *case.lengths)
        windows, padding, channels = (still, still, *spatial), ((0, 0), (0, 0), *pads), 1
    else:
        shape, windows, padding, channels = case.image, (still, *spatial, still), ((0, 0), *pads, (0, 0)), -1
    x = np.round(random(case.seed, shape))
    exact = x.astype(np.float64)
    y = reference.maximum(np, exact, windows, padding)
    average = reference.average(np, exact, windows, padding)
    grad = random(case.seed + 1, y.shape)
    dx = reference.to_maximum(np, exact, grad.astype(np.float64), windows, padding)
    back = reference.to_average(np, grad.astype(np.float64), shape, windows, padding)
    xs, gs = misaligned(x), misaligned(grad)
    with using(cpu):
        np.testing.assert_array_equal(device.maximum(jnp, xs, windows, padding, channels), y)
        assert_near(device.to_maximum(jnp, xs, gs, windows, padding, channels), dx)
        assert_near(device.average(jnp, xs, windows, padding, channels), average)
        assert_near(device.to_average(jnp, gs, shape, windows, padding, channels), back)


@pytest.mark.parametrize("cpu", cpus())
def test_a_gradient_through_the_relu_before_it(cpu: str) -> None:
    before = np.round(random(0, (2, 7, 6, 19)))
    x, grad = np.maximum(before, 0), random(1, (2, 3, 3, 19))
    windows = (Window(1, 1), Window(2, 2), Window(2, 2), Window(1, 1))
    want = reference.to_maximum(np, x, grad, windows, ((0, 0),) * 4) * (before > 0)
    with using(cpu):
        got = kernels.max_pool_gradient(
            jnp.asarray(x), jnp.asarray(grad), (2, 2), (2, 2), ((0, 0), (0, 0)), True
        )
    np.testing.assert_array_equal(got, want)


def test_a_nan_is_the_largest() -> None:
    x = np.zeros((1, 2, 2, 3), np.float32)
    x[0, 0, 1, 1] = x[0, 1, 1, 2] = np.nan
    got = np.asarray(tf.Session().run(tf.nn.max_pool(x, 2, 2, "VALID")))
    np.testing.assert_array_equal(got.ravel(), [0, np.nan, np.nan])


def test_a_program_contains_the_kernels() -> None:
    loaded()
    x = tf.placeholder(tf.float32, [2, 8, 8, 4])
    y = tf.nn.max_pool(x, 2, 2, "SAME") + tf.nn.avg_pool(x, 2, 2, "SAME")
    with tf.Session() as sess:
        text = sess.as_text(tf.gradients(tf.square(y), x), {x: np.ones((2, 8, 8, 4))}, stage="stablehlo")
    for target in ("max_pool", "max_pool_gradient", "average_pool", "average_pool_gradient"):
        assert text.count(f"custom_call @gradiente_{target}(") == 1
