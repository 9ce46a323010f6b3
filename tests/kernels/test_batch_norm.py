"""The kernels of batch normalization against NumPy in float64, over random sizes, on every instruction set of the machine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernels.cases import CHANNELS, assert_near, cpus, loaded, misaligned, random, using

import gradiente as tf
from gradiente.kernels import batch_norm as kernels

EPSILON = 1e-3


def expected(x: Any, grad: Any, scale: Any, offset: Any) -> tuple[Any, ...]:
    """y, the mean and the variance; the derivatives by x, scale and offset."""
    x, grad, scale, offset = (a.astype(np.float64) for a in (x, grad, scale, offset))
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axes), x.var(axes)
    inverse = 1 / np.sqrt(variance + np.float64(np.float32(EPSILON)))
    normal = (x - mean) * inverse
    to_scale, to_offset = (grad * normal).sum(axes), grad.sum(axes)
    to_x = scale * inverse * (grad - grad.mean(axes) - normal * (grad * normal).mean(axes))
    return normal * scale + offset, mean, variance, to_x, to_scale, to_offset


def check(cpu: str, x: Any, seed: int, tolerance: float = 2e-6) -> None:
    channels = x.shape[-1:]
    grad, scale, offset = random(seed + 1, x.shape), random(seed + 2, channels), random(seed + 3, channels)
    want = expected(x, grad, scale, offset)
    xs, gs, ss, os = map(misaligned, (x, grad, scale, offset))
    with using(cpu):
        y, mean, variance = kernels.batch_norm(xs, ss, os, EPSILON)
        back = kernels.batch_norm_gradient(gs, xs, ss, mean, variance, EPSILON)
    terms = x.size // x.shape[-1]
    normal = float(np.abs((x - want[1]) / np.sqrt(want[2] + EPSILON)).max(initial=1))
    assert_near(y, want[0], tolerance, 4, scale=normal * np.abs(scale).max() + np.abs(offset).max())
    assert_near(mean, want[1], tolerance, 4, scale=np.abs(x).max())
    assert_near(variance, want[2], tolerance, 4)
    for got, exact in zip(back[1:], want[4:], strict=True):
        assert_near(got, exact, tolerance, 4 * terms, scale=normal * np.abs(grad).max())
    # Of few rows next to nothing of the gradient is left.
    factor = np.abs(scale / np.sqrt(want[2] + EPSILON)).max() * np.abs(grad).max()
    assert np.abs(np.asarray(back[0]) - want[3]).max() <= 4 * tolerance * factor


def check_with_sum_and_rectifier(cpu: str, shape: tuple[int, ...], seed: int) -> None:
    """max(batch_norm(x) + other, 0), and the gradient of max(batch_norm(x), 0), which finds out what was above zero."""
    x, other, grad, scale, offset = (
        random(seed + i, s) for i, s in enumerate([shape, shape, shape, shape[-1:], shape[-1:]])
    )
    x[0], offset[0] = x[-1], 0
    with using(cpu):
        added, *_ = kernels.batch_norm(*map(misaligned, (x, scale, offset)), EPSILON, misaligned(other), True)
        plain, mean, variance = kernels.batch_norm(x, scale, offset, EPSILON)
        y, *_ = kernels.batch_norm(x, scale, offset, EPSILON, rectified=True)
        back = kernels.batch_norm_gradient(grad, x, scale, mean, variance, EPSILON, offset)
        same = kernels.batch_norm_gradient(np.where(y > 0, grad, 0), x, scale, mean, variance, EPSILON)
    exact = expected(x, grad, scale, offset)[0]
    largest = np.abs(exact).max() + np.abs(other).max()
    assert_near(added, np.maximum(exact + other, 0), 2e-6, 4, scale=largest)
    np.testing.assert_array_equal(y, np.maximum(plain, 0))
    for got, want in zip(back, same, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("cpu", cpus())
@settings(max_examples=20, deadline=None)
@given(
    leading=st.lists(st.integers(1, 12), min_size=1, max_size=3), channels=CHANNELS, seed=st.integers(0, 99)
)
def test_what_comes_after_in_one_pass(cpu: str, leading: list[int], channels: int, seed: int) -> None:
    check_with_sum_and_rectifier(cpu, (*leading, channels), seed)


@pytest.mark.parametrize("cpu", cpus())
@pytest.mark.parametrize("shape", [(128, 8, 8, 64), (5000, 3)])
def test_what_comes_after_in_many_chunks(cpu: str, shape: tuple[int, ...]) -> None:
    check_with_sum_and_rectifier(cpu, shape, 0)


@pytest.mark.parametrize("cpu", cpus())
def test_the_rectifier_lets_nan_through(cpu: str) -> None:
    x = random(0, (6, 5))
    x[2, 3] = np.nan
    with using(cpu):
        y, *_ = kernels.batch_norm(x, np.ones(5, "f"), np.zeros(5, "f"), EPSILON, rectified=True)
    np.testing.assert_array_equal(np.isnan(y), np.arange(5)[None] == np.full((6, 1), 3))


@pytest.mark.parametrize("cpu", cpus())
@settings(max_examples=40, deadline=None)
@given(
    leading=st.lists(st.integers(1, 12), min_size=1, max_size=3), channels=CHANNELS, seed=st.integers(0, 99)
)
def test_random_sizes(cpu: str, leading: list[int], channels: int, seed: int) -> None:
    check(cpu, random(seed, (*leading, channels)), seed)


@pytest.mark.parametrize("cpu", cpus())
@pytest.mark.parametrize("shape", [(128, 8, 8, 64), (16, 32, 32, 16), (7, 5, 1000), (5000, 3)])
def test_many_chunks(cpu: str, shape: tuple[int, ...]) -> None:
    check(cpu, random(0, shape), 0)


@pytest.mark.parametrize("cpu", cpus())
@pytest.mark.parametrize(("scale", "shift"), [(1e4, 0), (1e-15, 0), (1, 1e3)])
def test_large_tiny_and_far_values(cpu: str, scale: float, shift: float) -> None:
    """A mean far from zero loses nothing but what float32 has lost in x."""
    check(cpu, random(0, (40, 50, 17)) * np.float32(scale) + np.float32(shift), 0, 1e-4 if shift else 2e-6)


def test_many_threads_at_once() -> None:
    loaded()
    x, vector = jnp.asarray(random(0, (64, 9, 24))), jnp.asarray(random(1, (24,)))
    run = jax.jit(lambda x, v: kernels.batch_norm(x, v, v, EPSILON))
    alone = [np.asarray(a) for a in run(x, vector)]
    with ThreadPoolExecutor(8) as pool:
        for results in pool.map(lambda _: run(x, vector), range(100)):
            for got, want in zip(results, alone, strict=True):
                np.testing.assert_array_equal(got, want)


def graph_text(data_format: str = "NHWC", training: bool = True) -> str:
    x, vector = tf.placeholder(tf.float32, [2, 4, 4, 4]), tf.ones([4])
    y, *_ = tf.nn.fused_batch_norm(
        x, vector, vector, vector, vector, data_format=data_format, is_training=training
    )
    with tf.Session() as sess:
        target = [y, tf.gradients(tf.square(y), x)]
        return sess.as_text(target, {x: random(0, (2, 4, 4, 4))}, stage="stablehlo")


def test_a_program_contains_the_kernels() -> None:
    loaded()
    text = graph_text()
    for target in ("batch_norm", "batch_norm_gradient"):
        assert text.count(f"custom_call @gradiente_{target}(") == 1


def test_what_is_left_to_xla() -> None:
    assert "gradiente_batch_norm" not in graph_text("NCHW")
    assert "gradiente_batch_norm" not in graph_text(training=False)
