"""Random ops: TensorFlow's own numbers, and its seed semantics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.golden.random_cases import ALL, RUNS, initializers, programs
from tests.golden.random_golden import GOLDEN

import gradiente as tf
from gradiente.graph.registry import op_def
from gradiente.ops import philox

_EXECUTORS = ("xla", "python")
_EXACT = (
    "uniform_float",
    "uniform_bfloat",
    "uniform_int",
    "op_seed",
    "scalar",
    "shuffle",
    "multinomial",
    "crop",
)
_HALF = {
    "normal_float16": 2e-3,
    "truncated_float16": 2e-3,
    "normal_bfloat16": 2e-2,
    "truncated_bfloat16": 2e-2,
}


@pytest.mark.parametrize("executor", _EXECUTORS)
def test_the_numbers_are_tensorflows(executor: str) -> None:
    cases = programs(tf, ALL if executor == "python" else ALL[:2])
    with tf.Session(executor=executor) as session:
        for run in range(RUNS):
            for name, value in session.run(cases).items():
                expected = GOLDEN[f"{name}/{run}"]
                assert value.shape == expected.shape, name
                if name.startswith(_EXACT):
                    np.testing.assert_array_equal(
                        value.astype(expected.dtype), expected, err_msg=f"{name}/{run}"
                    )
                else:
                    wide = np.asarray(value, np.float64)
                    near = _HALF.get(name, 2e-6)
                    np.testing.assert_allclose(wide, expected, rtol=near, atol=near, err_msg=f"{name}/{run}")


def test_the_programs_draw_with_all_random_ops() -> None:
    programs(tf)
    made = {op.type for op in tf.get_default_graph().get_operations()}
    assert {op for op in made if op_def(op).random} == {
        "RandomUniform", "RandomUniformInt", "RandomStandardNormal", "TruncatedNormal", "RandomShuffle", "Multinomial",
        "LogUniformCandidateSampler", "UniformCandidateSampler",
    }  # fmt: skip


@pytest.mark.parametrize("executor", _EXECUTORS)
def test_the_initializers_are_tensorflows(executor: str) -> None:
    cases = initializers(tf)
    with tf.Session(executor=executor) as session:
        for name, value in session.run(cases).items():
            np.testing.assert_allclose(value, GOLDEN[name], rtol=2e-5, atol=3e-6, err_msg=name)


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ([0, 0], 0, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([2**64 - 1] * 2, 2**64 - 1, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x85A308D3243F6A88, 0x0370734413198A2E],
            0x299F31D0A4093822,
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_philox_gives_its_authors_test_vectors(counter: list[int], key: int, words: list[int]) -> None:
    low, high = counter
    generator = philox.Generator(np, key, high, low)
    assert [int(w[0]) for w in generator.blocks(np.zeros(1, np.uint64))] == words


def _draw(executor: str = "xla", **keywords: Any) -> np.ndarray[Any, Any]:
    with tf.Session(executor=executor) as session:
        return session.run(tf.random_uniform([4], **keywords))


def test_without_seeds_sessions_and_operations_differ() -> None:
    one, other = tf.random_uniform([4]), tf.random_uniform([4])
    drawn: list[bytes] = []
    for executor in ("xla", "xla", "python", "python"):
        with tf.Session(executor=executor) as session:
            drawn += [v.tobytes() for _ in range(2) for v in session.run([one, other])]
    assert len(set(drawn)) == len(drawn)


def test_with_an_op_seed_each_session_begins_again() -> None:
    drawn = tf.random_uniform([4], seed=1)
    runs: list[list[np.ndarray[Any, Any]]] = []
    for _ in range(2):
        with tf.Session() as session:
            runs.append([session.run(drawn) for _ in range(2)])
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0][0], runs[0][1])


def test_seeds_combine_as_in_tensorflow_1() -> None:
    assert tf.get_seed(None) == (None, None)
    assert tf.get_seed(5) == (87654321, 5)
    tf.set_random_seed(9)
    assert tf.get_seed(5) == (9, 5)
    operations = len(tf.get_default_graph().get_operations())
    assert tf.get_seed(None) == (9, operations)
    tf.constant(1)
    assert tf.get_seed(None) == (9, operations + 1)
    tf.set_random_seed(0)
    assert tf.get_seed(0) == (0, 2**31 - 1)


def test_the_graph_seed_makes_a_program_repeatable() -> None:
    drawn: list[np.ndarray[Any, Any]] = []
    for seed in (3, 3, 4):
        with tf.Graph().as_default():
            tf.set_random_seed(seed)
            drawn.append(np.stack([_draw(), _draw()]))
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])
    assert not np.array_equal(drawn[0][0], drawn[0][1])


def test_the_stateless_ops_depend_on_the_seed_alone() -> None:
    seed = tf.placeholder(tf.int64, [2])
    made = {
        "uniform": tf.random.stateless_uniform([7, 5], seed),
        "normal": tf.random.stateless_normal([7, 5], seed),
        "truncated": tf.random.stateless_truncated_normal([7, 5], seed),
        "int": tf.random.stateless_uniform([7, 5], seed, -3, 1000, tf.int32),
    }
    assert {op.type for op in tf.get_default_graph().get_operations() if op.type.startswith("Stateless")} == {
        "StatelessRandomUniform", "StatelessRandomNormal", "StatelessTruncatedNormal", "StatelessRandomUniformInt",
    }  # fmt: skip
    for executor in _EXECUTORS:
        with tf.Session(executor=executor) as session:
            for _ in range(2):
                found = session.run(made, {seed: [3, -8]})
                for name, value in found.items():
                    np.testing.assert_allclose(value, GOLDEN[f"stateless_{name}"], rtol=2e-6, atol=2e-6)
            assert not np.array_equal(session.run(made["uniform"], {seed: [3, -7]}), found["uniform"])


def test_the_shape_may_be_known_at_run_time_only() -> None:
    shape = tf.placeholder(tf.int32, [2])
    drawn = tf.random_normal(shape, seed=1)
    assert drawn.shape.as_list() == [None, None]
    with tf.Session() as session:
        assert session.run(drawn, {shape: [2, 3]}).shape == (2, 3)
        assert session.run(drawn, {shape: [4, 1]}).shape == (4, 1)


def test_moments_of_many_numbers() -> None:
    with tf.Session() as session:
        u, n, t = session.run(
            [
                tf.random_uniform([200_000], seed=1),
                tf.random_normal([200_000], seed=1),
                tf.truncated_normal([200_000], seed=1),
            ]
        )
    assert abs(u.mean() - 0.5) < 5e-3
    assert abs(u.var() - 1 / 12) < 1e-3
    assert abs(n.mean()) < 1e-2
    assert abs(n.std() - 1) < 1e-2
    assert abs(t.std() - 0.87962566) < 1e-2
    assert np.abs(t).max() < 2


def test_bounds_of_integers_must_leave_room() -> None:
    with pytest.raises(ValueError, match=r"Need minval < maxval, got 5 >= 5"):
        tf.random_uniform([2], 5, 5, tf.int32)
    with pytest.raises(ValueError, match="Must specify maxval for integer dtype int32"):
        tf.random_uniform([2], dtype=tf.int32)
    low = tf.placeholder(tf.int32, [])
    drawn = tf.random_uniform([2], low, 5, tf.int32)
    with (
        tf.Session() as session,
        pytest.raises(tf.errors.InvalidArgumentError, match="minval must be smaller"),
    ):
        session.run(drawn, {low: 7})


def test_a_crop_must_fit() -> None:
    with pytest.raises(ValueError, match=r"Need value.shape >= size, got \(3, 4\) and \[4, 4\]"):
        tf.random_crop(tf.zeros([3, 4]), [4, 4])


def test_dropout_scales_what_it_keeps() -> None:
    keep = tf.placeholder_with_default(0.5, [])
    x = tf.ones([100, 100])
    dropped = tf.nn.dropout(x, keep_prob=keep)
    with tf.Session() as session:
        values = session.run(dropped)
        assert set(np.unique(values)) == {0.0, 2.0}
        assert 0.47 < (values > 0).mean() < 0.53
        np.testing.assert_array_equal(session.run(dropped, {keep: 1.0}), np.ones((100, 100), np.float32))


def test_the_gradient_of_dropout_has_the_same_mask() -> None:
    x = tf.placeholder(tf.float32, [50])
    dropped = tf.nn.dropout(x, rate=0.25, seed=1)
    gradient = tf.gradients(dropped, x)[0]
    with tf.Session() as session:
        value, slope = session.run([dropped, gradient], {x: np.full(50, 3.0)})
    np.testing.assert_allclose(value, 3 * slope, rtol=1e-6)
    assert 0 < (slope == 0).sum() < 50


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"keep_prob": 0.0}, r"keep_prob must be a scalar tensor or a float in the range \(0, 1\], got 0.0"),
        ({"rate": 1.0}, r"rate must be a scalar tensor or a float in the range \[0, 1\), got 1.0"),
        ({}, "give one of them"),
        ({"keep_prob": 0.5, "rate": 0.5}, "give only one of them"),
    ],
)
def test_dropout_says_what_it_wants(keywords: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tf.nn.dropout(tf.ones([2]), **keywords)
    with pytest.raises(ValueError, match="floating point tensor"):
        tf.nn.dropout(tf.constant([1, 2]), keep_prob=0.5)
