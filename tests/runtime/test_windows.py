"""Slices of known size that begin where a feed says, and how many executables are kept."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import gradiente as tf
from gradiente.runtime import device
from gradiente.runtime.debug import debug

ROWS = np.arange(60, dtype=np.float32).reshape(20, 3)


def executable(sess: Any, fetches: Any, feeds: list[Any]) -> Any:
    _, runner = sess._runner(fetches, dict.fromkeys(feeds))
    (segment,) = runner.plan.segments
    return runner.executable(segment)


@pytest.fixture(params=["xla", "python"])
def sess(request: pytest.FixtureRequest) -> Any:
    with tf.Session(executor=request.param) as session:
        yield session


@pytest.mark.filterwarnings("ignore:A run was compiled")
@pytest.mark.parametrize("begin", [0, 1, 12, 13, 19, 20, 25, -1, -3, -8, -20, -25])
def test_a_window_is_a_slice_of_python_wherever_it_begins(begin: int, sess: Any):
    o = tf.placeholder(tf.int32, [])
    data = tf.constant(ROWS)
    part = data[o : o + 8]
    slope = tf.gradients(tf.reduce_sum(part**2), data)[0]
    expected = np.zeros_like(ROWS)
    expected[begin : begin + 8] = 2 * ROWS[begin : begin + 8]
    for at in (0, begin):  # the second one finds the executable of windows that fit
        values = sess.run([part, slope], {o: at})
    np.testing.assert_array_equal(values[0], ROWS[begin : begin + 8])
    np.testing.assert_array_equal(values[1], expected)


def test_windows_that_fit_share_one_executable():
    i = tf.placeholder(tf.int32, [])
    j = i % 2
    data = tf.Variable(ROWS)
    fetches = {
        "of a batch": data[i * 4 : (i + 1) * 4],
        "and one element": data[i - 1 + 2 : 3 + i, i % 3],
        "of columns": data[..., j : j + 2, tf.newaxis],
        "64 bits": data[tf.cast(i, tf.int64) : tf.cast(i, tf.int64) + 2],
        "strided_slice": tf.strided_slice(data, [i, 0], [i + 3, 2]),
    }
    with tf.Session() as sess, debug("compile"):
        sess.run(data.initializer)
        for k in range(5):
            values = sess.run(fetches, {i: k})
            np.testing.assert_array_equal(values["of a batch"], ROWS[k * 4 : (k + 1) * 4])
            np.testing.assert_array_equal(values["and one element"], ROWS[k + 1 : k + 3, k % 3])
            np.testing.assert_array_equal(values["of columns"], ROWS[:, k % 2 : k % 2 + 2, np.newaxis])
            np.testing.assert_array_equal(values["64 bits"], ROWS[k : k + 2])
            np.testing.assert_array_equal(values["strided_slice"], ROWS[k : k + 3, :2])
        assert executable(sess, fetches, [i]).compilations == 1
        assert "dynamic_slice" in sess.as_text(fetches, {i: 1}, stage="stablehlo")
        np.testing.assert_array_equal(sess.run(fetches["of a batch"], {i: 5}), ROWS[20:24])


def test_training_on_windows_is_training_on_feeds():
    o, batch = tf.placeholder(tf.int32, []), tf.placeholder(tf.float32, [None, 3])
    weights = tf.Variable(tf.ones([3, 1]))
    data = tf.constant(ROWS / 60)
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    windowed = optimizer.minimize(tf.reduce_mean(tf.matmul(data[o : o + 6], weights) ** 2))
    fed = optimizer.minimize(tf.reduce_mean(tf.matmul(batch, weights) ** 2))
    results: list[Any] = []
    with tf.Session() as sess:
        for step in (
            lambda k: sess.run(windowed, {o: k}),
            lambda k: sess.run(fed, {batch: ROWS[k : k + 6] / 60}),
        ):
            sess.run(weights.initializer)
            for k in (0, 6, 12, 18):  # the last batch has two rows
                step(k)
            results.append(sess.run(weights))
        assert executable(sess, windowed, [o]).compilations == 2
    np.testing.assert_allclose(results[0], results[1], rtol=1e-6)


@pytest.mark.filterwarnings("ignore:A run was compiled")
def test_what_wraps_around_in_a_narrow_type_is_no_window(sess: Any):
    o = tf.placeholder(tf.uint8, [])
    part = tf.constant(np.arange(300))[
        tf.cast(o, tf.int32) : tf.cast(o + tf.constant(10, tf.uint8), tf.int32)
    ]
    assert sess.run(part, {o: 40}).tolist() == list(range(40, 50))
    assert sess.run(part, {o: 250}).tolist() == []


@pytest.mark.filterwarnings("ignore:A run was compiled")
def test_another_use_of_the_same_feed_is_compiled_for_each_value(sess: Any):
    o = tf.placeholder(tf.int32, [])
    fetches = [tf.constant(ROWS)[o : o + 2], tf.zeros([o])]
    for k in (1, 4):
        window, zeros = sess.run(fetches, {o: k})
        np.testing.assert_array_equal(window, ROWS[k : k + 2])
        assert zeros.shape == (k,)


@pytest.mark.filterwarnings("ignore:A run was compiled")
def test_the_executable_not_used_for_longest_makes_room(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(device, "MOST_FUNCTIONS", 3)
    n = tf.placeholder(tf.int32, [])
    total = tf.reduce_sum(tf.ones([n]))
    with tf.Session() as sess:
        made: list[weakref.ref[Any]] = []
        for k in range(1, 8):
            assert sess.run(total, {n: k}) == k
            made.append(weakref.ref(executable(sess, total, [n]).traced([np.int32(k)])))
        assert executable(sess, total, [n]).compilations == 7
        gc.collect()
        assert [f() is not None for f in made] == [False] * 4 + [True] * 3
        assert sess.run(total, {n: 5}) == 5
        assert executable(sess, total, [n]).compilations == 7
        assert sess.run(total, {n: 1}) == 1  # 6 goes, since 5 was used
        assert sess.run(total, {n: 5}) == 5
        assert executable(sess, total, [n]).compilations == 8


def test_the_warning_names_the_values_that_shapes_depend_on():
    n = tf.placeholder(tf.int32, [], name="n")
    with (
        tf.Session() as sess,
        pytest.warns(UserWarning, match=r"the values that shapes in it depend on \(n:0\)"),
    ):
        for k in range(10):
            sess.run(
                tf.get_default_graph().as_graph_element("ones:0") if k else tf.ones([n], name="ones"), {n: k}
            )
