"""The kernels of dense layers against NumPy in float64, over random sizes, on every instruction set that the machine has."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernels.cases import assert_near, cpus, loaded, misaligned, random, using

import gradiente as tf
from gradiente.kernels import dense
from gradiente.kernels.library import library

SIZES = st.one_of(st.integers(1, 40), st.sampled_from([63, 64, 65, 127, 200, 390, 784]))


@pytest.mark.parametrize("cpu", cpus())
@settings(max_examples=60, deadline=None)
@given(
    rows=SIZES,
    columns=SIZES,
    depth=SIZES,
    turn_a=st.booleans(),
    turn_b=st.booleans(),
    seed=st.integers(0, 99),
)
def test_products(
    cpu: str, rows: int, columns: int, depth: int, turn_a: bool, turn_b: bool, seed: int
) -> None:
    a = random(seed, (depth, rows) if turn_a else (rows, depth))
    b = random(seed + 1, (columns, depth) if turn_b else (depth, columns))
    bias = random(seed + 2, (columns,))
    exact = (a.T if turn_a else a).astype(np.float64) @ (b.T if turn_b else b).astype(np.float64)
    given_a, given_b, given_bias = misaligned(a), misaligned(b), misaligned(bias)
    with using(cpu):
        assert_near(dense.product(given_a, given_b, turn_a, turn_b), exact, terms=depth)
        for activation, clip in (("none", (-np.inf, np.inf)), ("relu", (0, np.inf)), ("relu6", (0, 6))):
            got = dense.product(given_a, given_b, turn_a, turn_b, given_bias, activation)
            assert_near(got, np.clip(exact + bias, *clip), terms=depth)


@pytest.mark.parametrize("cpu", cpus())
@pytest.mark.parametrize(
    ("rows", "columns", "depth"),
    [
        (50, 200, 2000), (300, 1024, 50), (50, 10, 5000), (3000, 10, 64), (1, 1000, 1500), (7, 130, 9000),
        (600, 1300, 300),  # more rows and columns than the second cache has room for
        (2100, 4000, 5),  # results that go past the caches
    ],
)  # fmt: skip
def test_products_that_several_threads_share(cpu: str, rows: int, columns: int, depth: int) -> None:
    with using(cpu):
        for turn_a, turn_b in ((False, False), (True, False), (False, True)):
            a = random(0, (depth, rows) if turn_a else (rows, depth))
            b = random(1, (columns, depth) if turn_b else (depth, columns))
            exact = (a.T if turn_a else a).astype(np.float64) @ (b.T if turn_b else b).astype(np.float64)
            assert_near(dense.product(jnp.asarray(a), jnp.asarray(b), turn_a, turn_b), exact, terms=depth)


@pytest.mark.parametrize("value", [1e4, 1e-20, np.nan, np.inf])
def test_products_of_extreme_values(value: float) -> None:
    loaded()
    a, b = np.full((9, 40), value, np.float32), np.full((40, 10), 0.5, np.float32)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(dense.product(jnp.asarray(a), jnp.asarray(b)), a @ b, rtol=1e-6)


@pytest.mark.parametrize("cpu", cpus())
@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=3), st.integers(1, 140), st.integers(0, 99))
def test_column_sums(cpu: str, leading: list[int], columns: int, seed: int) -> None:
    x = random(seed, (*leading, columns))
    with using(cpu):
        got = dense.column_sums(misaligned(x))
    assert_near(got, x.astype(np.float64).reshape(-1, columns).sum(0), terms=int(np.prod(leading)))


def entropy(logits: Any, labels: Any) -> tuple[Any, Any]:
    z, t = logits.astype(np.float64), labels.astype(np.float64)
    shifted = z - z.max(-1, keepdims=True)
    total = np.exp(shifted).sum(-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        loss = np.where(t == 0, 0, t * (np.log(total) - shifted)).sum(-1)
    return loss, np.exp(shifted) / total - t


@pytest.mark.parametrize("cpu", cpus())
@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(1, 70), st.sampled_from([1e-3, 1.0, 30.0, 1e4]), st.integers(0, 99))
def test_cross_entropy(cpu: str, rows: int, classes: int, scale: float, seed: int) -> None:
    logits = random(seed, (rows, classes)) * np.float32(scale)
    rng = np.random.default_rng(seed)
    labels = rng.dirichlet(np.ones(classes), rows).astype(np.float32)
    labels[::2] = np.eye(classes, dtype=np.float32)[rng.integers(0, classes, len(labels[::2]))]
    want = entropy(logits, labels)
    with using(cpu):
        loss, gradient = dense.cross_entropy(misaligned(logits), misaligned(labels))
    np.testing.assert_allclose(loss, want[0], rtol=3e-6, atol=2e-6)
    np.testing.assert_allclose(gradient, want[1], rtol=1e-5, atol=2e-6)
    weights = random(seed, (rows, 1))
    with using(cpu):
        _, weighted = dense.cross_entropy(misaligned(logits), misaligned(labels), misaligned(weights))
    np.testing.assert_allclose(weighted, want[1] * weights, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("cpu", cpus())
@pytest.mark.parametrize("size", [1, 15, 16, 21, 784, 2500])
def test_gathered_rows(cpu: str, size: int) -> None:
    x = random(0, (50, size))
    which = np.array([49, 0, 7, 7, 21, -1, 50, *range(50)], np.int32)
    with using(cpu):
        rows = dense.gather_rows(misaligned(x), jnp.asarray(which))
    np.testing.assert_array_equal(rows, x[np.clip(which, 0, 49)])


@pytest.mark.parametrize("cpu", cpus())
def test_gathered_rows_of_many_threads(cpu: str) -> None:
    with using(cpu):
        large = random(1, (300, 5000))
        all_rows = np.random.default_rng(0).integers(0, 300, 700).astype(np.int32)
        np.testing.assert_array_equal(
            dense.gather_rows(jnp.asarray(large), jnp.asarray(all_rows)), large[all_rows]
        )


@pytest.mark.parametrize("cpu", cpus())
def test_cross_entropy_of_impossible_and_broken_rows(cpu: str) -> None:
    logits = np.array([[0, -np.inf, 1] * 4, [np.nan, 0, 1] * 4, [0, 1, 2] * 4], np.float32)
    labels = np.eye(12, dtype=np.float32)[[0, 0, 0]]
    with using(cpu):
        loss, gradient = (
            np.asarray(v) for v in dense.cross_entropy(jnp.asarray(logits), jnp.asarray(labels))
        )
    with np.errstate(all="ignore"):
        want = entropy(logits, labels)
    np.testing.assert_allclose(loss, want[0], rtol=1e-6)
    np.testing.assert_allclose(gradient[[0, 2]], want[1][[0, 2]], rtol=1e-5, atol=1e-6)
    assert np.isnan(gradient[1]).all()


def test_many_threads_at_once() -> None:
    loaded()
    a, b = random(0, (50, 784)), random(1, (784, 300))
    want = a.astype(np.float64) @ b.astype(np.float64)
    run = jax.jit(lambda a, b: dense.product(a, b))
    with ThreadPoolExecutor(8) as pool:
        for got in pool.map(lambda _: np.asarray(run(a, b)), range(64)):
            assert_near(got, want, terms=784)


def test_shapes_and_types_that_are_left_to_xla() -> None:
    if library() is not None:
        x, w = jnp.zeros((100, 784)), jnp.zeros((784, 10))
        assert dense.product_suits(x, w)
        assert dense.product_suits(x, jnp.zeros((100, 10)), turn_a=True)
        assert dense.product_suits(jnp.zeros((1, 784)), jnp.zeros((784, 1000)))
        assert not dense.product_suits(jnp.zeros((1, 20)), jnp.zeros((20, 20)))
        assert not dense.product_suits(jnp.zeros((1000, 784)), jnp.zeros((784, 1000)))
        for cpu in cpus():
            with using(cpu):
                avx512 = cpu == "avx512"
                assert dense.product_suits(x, jnp.zeros((784, 100))) == avx512
                assert (
                    dense.product_suits(jnp.zeros((500, 2000)), jnp.zeros((500, 784)), turn_a=True) == avx512
                )
                assert dense.product_suits(x, jnp.zeros((3000, 784)), turn_b=True) == avx512
                assert not dense.product_suits(jnp.zeros((200, 784)), jnp.zeros((3000, 784)), turn_b=True)
    assert not dense.product_suits(jnp.zeros((100, 784)), jnp.zeros((783, 10)))
    assert not dense.product_suits(jnp.zeros((100, 784), jnp.bfloat16), jnp.zeros((784, 10), jnp.bfloat16))
    assert not dense.product_suits(jnp.zeros((0, 784)), jnp.zeros((784, 10)))


def test_a_softmax_regression_runs_on_the_kernels() -> None:
    loaded()
    x, t = tf.placeholder(tf.float32, [None, 784]), tf.placeholder(tf.float32, [None, 10])
    w, b = tf.Variable(tf.zeros([784, 10])), tf.Variable(tf.zeros([10]))
    losses = tf.nn.softmax_cross_entropy_with_logits(labels=t, logits=tf.matmul(x, w) + b)
    step = tf.train.GradientDescentOptimizer(0.5).minimize(tf.reduce_mean(losses))
    feed = {x: np.abs(random(0, (100, 784))), t: np.eye(10, dtype=np.float32)[np.arange(100) % 10]}
    weights: list[Any] = []
    for executor in ("xla", "python"):
        with tf.Session(executor=executor) as sess:
            sess.run(tf.global_variables_initializer())
            if executor == "xla":
                text = sess.as_text(step, feed, stage="stablehlo")
                for target in ("product_bias", "product", "weighted_cross_entropy", "column_sums", "update"):
                    assert f"@gradiente_{target}(" in text
            for _ in range(5):
                sess.run(step, feed)
            weights.append(sess.run([w, b]))
    np.testing.assert_allclose(weights[0][0], weights[1][0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(weights[0][1], weights[1][1], rtol=1e-4, atol=1e-5)
