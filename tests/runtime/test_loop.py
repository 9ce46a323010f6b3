"""Many steps in one executable give the numbers of single runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradiente as tf
from gradiente.runtime.batches import BatchOrder


def _model() -> tuple[Any, ...]:
    x = tf.placeholder(tf.float32, [None, 4])
    t = tf.placeholder(tf.float32, [None, 2])
    keep = tf.placeholder_with_default(1.0, [])
    w = tf.Variable(np.ones((4, 2), np.float32))
    noise = tf.random_uniform([4, 2], seed=5)
    loss = tf.reduce_mean(tf.square(tf.matmul(x, w + 0.01 * noise) * keep - t))
    (gradient,) = tf.gradients(loss, [w])
    return x, t, keep, w, loss, w.assign_sub(0.1 * gradient)


def _data() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(50, 4)).astype(np.float32), rng.normal(size=(50, 2)).astype(np.float32)


def test_k_steps_are_k_single_runs() -> None:
    xs, ts = _data()
    x, t, keep, w, loss, step = _model()
    with tf.Session() as sess:
        sess.run(w.initializer)
        order = BatchOrder(50, 8, shuffle=True, seed=3)
        losses = [
            sess.run([step.op, loss], {x: xs[batch], t: ts[batch], keep: 0.9})[1] for batch in order.take(25)
        ]
        singly = sess.run(w)
    with tf.Session() as sess:
        sess.run(w.initializer)
        loop = sess.make_loop([step.op, loss], {x: xs, t: ts}, 8, seed=3, constants={keep: 0.9})
        together = np.concatenate([loop.run(10)[1], loop.run(10)[1], loop.run(5)[1]])
        np.testing.assert_allclose(together, losses, rtol=1e-6)
        np.testing.assert_allclose(sess.run(w), singly, rtol=1e-6)
        assert loop.order.step == 25
        assert loop.order.epochs_completed == 4


def test_every_epoch_takes_every_example_once_in_a_new_order() -> None:
    taken = BatchOrder(10, 5, seed=1).take(4).reshape(2, 10)
    for epoch in taken:
        assert sorted(epoch) == list(range(10))
    assert not np.array_equal(taken[0], taken[1])
    straight = BatchOrder(10, 4, shuffle=False)
    np.testing.assert_array_equal(straight.take(3), [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 0, 1]])


def test_an_order_can_be_taken_up_again_at_any_step() -> None:
    whole = BatchOrder(17, 5, seed=2).take(20)
    order = BatchOrder(17, 5, seed=2)
    order.step = 13
    np.testing.assert_array_equal(order.take(7), whole[13:])


@pytest.mark.parametrize("batch", [0, 11])
def test_batch_sizes_that_do_not_fit(batch: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 10"):
        BatchOrder(10, batch)


def test_a_step_with_host_operations_is_refused() -> None:
    x = tf.placeholder(tf.float32, [None])
    y = tf.py_func(lambda v: v, [x], tf.float32)
    with tf.Session() as sess, pytest.raises(ValueError, match="runs on the device as a whole"):
        sess.make_loop(y, {x: np.zeros(4)}, 2)


def test_a_failing_step_keeps_what_it_found() -> None:
    x = tf.placeholder(tf.float32, [None])
    v = tf.Variable(0.0)
    step = v.assign_add(tf.check_numerics(tf.reduce_sum(1.0 / x), "reciprocal"))
    with tf.Session() as sess:
        sess.run(v.initializer)
        loop = sess.make_loop(step.op, {x: np.array([1.0, 2.0, 0.0, 4.0])}, 1, shuffle=False)
        with pytest.raises(tf.errors.InvalidArgumentError, match="reciprocal"):
            loop.run(4)
        assert sess.run(v) == 1.5


def test_a_step_whose_shapes_depend_on_values_is_refused() -> None:
    x = tf.placeholder(tf.float32, [None])
    grown = tf.while_loop(
        lambda v: tf.size(v) < 10,
        lambda v: (tf.concat([v, v], 0),),
        [x],
        shape_invariants=[tf.TensorShape([None])],
    )
    with tf.Session() as sess, pytest.raises(ValueError, match="step by step"):
        sess.make_loop(grown, {x: np.ones(4)}, 2).run(2)


def test_steps_that_could_not_be_taken_are_not_counted() -> None:
    x = tf.placeholder(tf.float32, [None])
    v = tf.Variable(0.0)
    step = v.assign_add(tf.reduce_sum(x))
    with tf.Session() as sess:
        loop = sess.make_loop(step.op, {x: np.arange(4.0)}, batch_size=2, shuffle=False)
        with pytest.raises(tf.errors.FailedPreconditionError):
            loop.run(1)
        with pytest.raises(ValueError, match="0 or more, not -1"):
            loop.order.take(-1)
        sess.run(v.initializer)
        loop.run(1)
        assert (loop.order.step, sess.run(v)) == (1, 1.0)


def test_an_epoch_may_repeat_some_examples_and_leave_others_out() -> None:
    order = BatchOrder(5, 3, seed=1, positions=[0, 4, 4, 4, 2, 2])
    for _ in range(3):
        assert sorted(order.take(2).ravel().tolist()) == [0, 2, 2, 4, 4, 4]
    assert (order.num_examples, order.epochs_completed) == (6, 3)
    with pytest.raises(ValueError, match="are 0 to 4, and these are 0 to 5"):
        BatchOrder(5, 1, positions=[0, 5])


@pytest.mark.parametrize("executor", ["xla", "python"])
def test_a_session_goes_on_from_anothers_state(executor: str) -> None:
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1)
        v = tf.Variable([0.0, 0.0], name="v")
        step = tf.assign_add(v, tf.random_normal([2]))
        init = tf.global_variables_initializer()
    first, second = (tf.Session(graph=graph, executor=executor) for _ in range(2))
    first.run(init)
    first.run(step)
    state = first.export_state()
    assert set(state) == {"v", "count:random_normal/RandomStandardNormal"}
    wanted = [first.run(step) for _ in range(2)]
    second.import_state(state)
    state["v"][:] = 7
    np.testing.assert_array_equal([second.run(step) for _ in range(2)], wanted)
    for wrong, message in (
        ({"v": np.zeros(3, np.float32)}, r"float32 of the shape \(2,\).*of the shape \(3,\)"),
        ({"v": np.zeros(2)}, "the state has float64"),
        ({"init": np.zeros(2)}, "no variable of this graph"),
        ({"check:v": np.zeros(2)}, "neither a variable nor the count"),
    ):
        with pytest.raises(ValueError, match=message):
            second.import_state(wrong)
    with pytest.raises(KeyError, match="none"):
        second.import_state({"none": np.zeros(2)})
    second.close()
    with pytest.raises(RuntimeError, match="closed"):
        second.export_state()
