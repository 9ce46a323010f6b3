"""What all optimizers share: minimize and its halves, slots, names, constraints, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradiente as tf


def operations(prefix: str) -> list[str]:
    return [op.name for op in tf.get_default_graph().get_operations() if op.name.startswith(prefix)]


def after(step: Any, fetch: Any, times: int = 1, feed: Any = None) -> Any:
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(times):
            sess.run(step, feed)
        return sess.run(fetch)


def test_names_are_tensorflows() -> None:
    w = tf.Variable([1.0, 2.0], name="w")
    count = tf.train.get_or_create_global_step()
    adam = tf.train.AdamOptimizer().minimize(tf.reduce_sum(w * w), global_step=count)
    descent = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(w * w), name="go")

    assert adam.name == "Adam"
    assert adam.type == "AssignAdd"
    assert operations("Adam") == [
        "Adam/learning_rate", "Adam/beta1", "Adam/beta2", "Adam/epsilon", "Adam/update_w/ApplyAdam", "Adam/mul",
        "Adam/Assign", "Adam/mul_1", "Adam/Assign_1", "Adam/update", "Adam/value", "Adam",
    ]  # fmt: skip
    assert operations("go") == ["go/learning_rate", "go/update_w/ApplyGradientDescent", "go"]
    assert descent.type == "NoOp"
    assert [v.name for v in tf.global_variables()] == [
        "w:0", "global_step:0", "beta1_power:0", "beta2_power:0", "w/Adam:0", "w/Adam_1:0",
    ]  # fmt: skip
    assert tf.get_collection(tf.GraphKeys.TRAIN_OP) == [adam, descent]
    assert [v.name for v in tf.trainable_variables()] == ["w:0"]


def test_slots() -> None:
    w, b = tf.Variable([1.0, 2.0], name="w"), tf.Variable(0.0, name="b")
    momentum = tf.train.MomentumOptimizer(0.1, 0.9)
    step = momentum.minimize(tf.reduce_sum(w) * b + b, var_list=[w, b])
    slot = momentum.get_slot(w, "momentum")

    assert momentum.get_slot_names() == ["momentum"]
    assert momentum.get_name() == "Momentum"
    assert momentum.get_slot(w, "absent") is None
    assert slot.name == "w/Momentum:0"
    assert [v.name for v in momentum.variables()] == ["b/Momentum:0", "w/Momentum:0"]
    np.testing.assert_allclose(after(step, slot), [0.0, 0.0])


def test_the_two_halves_allow_changes_between() -> None:
    w = tf.Variable([1.0, 2.0])
    unused = tf.Variable(1.0)
    optimizer = tf.train.GradientDescentOptimizer(0.5)
    pairs = optimizer.compute_gradients(tf.reduce_sum(w * w), grad_loss=tf.constant(2.0), gate_gradients=2)
    step = optimizer.apply_gradients(
        [(tf.clip_by_value(g, -1.0, 1.0) if g is not None else g, v) for g, v in pairs]
    )

    assert [v for _, v in pairs] == [w, unused]
    assert pairs[1][0] is None
    np.testing.assert_allclose(after(step, w), [0.5, 1.5])


@pytest.mark.parametrize("rate", [0.25, lambda: 0.25, lambda: tf.constant(0.25), "schedule", "fed"])
def test_learning_rate(rate: Any) -> None:
    w = tf.Variable(2.0)
    count = tf.train.get_or_create_global_step()
    feed = None
    if rate == "schedule":
        rate = tf.train.piecewise_constant(count, [0], [0.25, 0.0])
    elif rate == "fed":
        rate = tf.placeholder(tf.float32, [])
        feed = {rate: 0.25}
    step = tf.train.GradientDescentOptimizer(rate).minimize(w * w, global_step=count)

    assert after(step, [w, count], feed=feed) == [1.0, 1]


def test_float64_variables_take_float32_settings() -> None:
    w = tf.Variable(np.array([1.0, 2.0]))
    step = tf.train.AdamOptimizer(0.125, epsilon=1e-6).minimize(tf.reduce_sum(w))
    first = 0.125 * np.sqrt(0.001) / (np.sqrt(0.001) + 1e-6)
    np.testing.assert_allclose(after(step, w), [1 - first, 2 - first], rtol=1e-7)
    assert after(step, w).dtype == np.float64


def test_a_constraint_holds_after_each_step() -> None:
    w = tf.get_variable("w", initializer=[0.5, 0.5], constraint=lambda v: tf.clip_by_value(v, 0.0, 1.0))
    step = tf.train.GradientDescentOptimizer(1.0).minimize(tf.reduce_sum(w * [1.0, -0.25]))
    np.testing.assert_allclose(after(step, w, times=2), [0.0, 1.0])

    rows = tf.get_variable("rows", [3, 2], constraint=lambda v: v)
    with pytest.raises(RuntimeError, match="sparse variable"):
        tf.train.GradientDescentOptimizer(1.0).minimize(tf.reduce_sum(tf.gather(rows, [0])))


def test_rows_named_twice_add_up_and_others_stay() -> None:
    rows = tf.get_variable("rows", initializer=np.ones((4, 2), np.float32))
    index = tf.placeholder(tf.int32, [None])
    step = tf.train.AdagradOptimizer(1.0, initial_accumulator_value=1.0).minimize(
        tf.reduce_sum(tf.gather(rows, index))
    )
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for indices in ([1, 3, 1], [1, 1, 1], [0, 1, 2]):
            sess.run(step, {index: indices})
        accumulated = sess.run("rows/Adagrad:0")
        np.testing.assert_allclose(accumulated[:, 0], [2.0, 1 + 4 + 9 + 1, 2.0, 2.0])
        with pytest.raises(tf.errors.InvalidArgumentError):
            sess.run(step, {index: [0, 7]})
        np.testing.assert_array_equal(sess.run("rows/Adagrad:0"), accumulated)


def test_pieces_of_a_partitioned_variable_train() -> None:
    whole = tf.get_variable(
        "w", [4, 1], initializer=tf.ones_initializer(), partitioner=tf.fixed_size_partitioner(2)
    )
    step = tf.train.MomentumOptimizer(0.5, 0.0).minimize(
        tf.reduce_sum(whole * tf.constant([[1.0], [2.0], [3.0], [4.0]]))
    )
    np.testing.assert_allclose(after(step, tf.identity(whole))[:, 0], [0.5, 0.0, -0.5, -1.0])


def test_a_step_is_one_compiled_program() -> None:
    w = tf.get_variable("w", [64, 8])
    x = tf.placeholder(tf.float32, [None, 64])
    step = tf.train.AdamOptimizer(0.1).minimize(
        tf.reduce_sum(tf.matmul(x, w) ** 2), global_step=tf.train.get_or_create_global_step()
    )
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        plan = sess.as_text(step, {x: np.ones((4, 64))})
    assert "in 1 segments" in plan


def test_no_gradient_says_where_the_way_ends() -> None:
    w = tf.Variable([1.0, 2.0], name="w")
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    start = r"(?s)No gradients provided for any variable.*"
    with pytest.raises(
        ValueError, match=start + r"w:0.*made at .*test_optimizer.py.*'ArgMax' \(ArgMax\), made at"
    ):
        optimizer.minimize(tf.to_float(tf.argmax(w, 0)))
    with pytest.raises(ValueError, match=start + "does not depend on any of them"):
        optimizer.minimize(tf.constant(1.0) * 2.0)
    with pytest.raises(ValueError, match=start + "gradient of each of these is None"):
        optimizer.apply_gradients([(None, w)])
    with pytest.raises(ValueError, match=start + "StopGradient"):
        optimizer.minimize(tf.stop_gradient(w) * 2.0)


def test_errors() -> None:
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    with pytest.raises(ValueError, match="No variables to optimize"):
        optimizer.minimize(tf.constant(1.0))
    w = tf.Variable(1.0)
    with pytest.raises(TypeError, match=r"not a tf.Variable"):
        optimizer.minimize(w * w, var_list=[w * 2.0])
    with pytest.raises(ValueError, match="No variables provided"):
        optimizer.apply_gradients([])
    with pytest.raises(ValueError, match=r"Invalid type int32 .*made at"):
        optimizer.minimize(tf.Variable(1, name="count") * 2)
    with pytest.raises(ValueError, match="gate_gradients"):
        optimizer.minimize(w * w, gate_gradients=5)
    with pytest.raises(RuntimeError, match="is a function"):
        optimizer.minimize(lambda: w * w)
    with pytest.raises(ValueError, match="optimizer name"):
        tf.train.GradientDescentOptimizer(0.1, name="")
    with pytest.raises(ValueError, match="initial_accumulator_value must be positive"):
        tf.train.AdagradOptimizer(0.1, initial_accumulator_value=0.0)
    with pytest.raises(ValueError, match="l1_regularization_strength"):
        tf.train.FtrlOptimizer(0.1, l1_regularization_strength=-1.0)
    with pytest.raises(NotImplementedError, match="one process"):
        tf.train.SyncReplicasOptimizer(optimizer, replicas_to_aggregate=2)


def test_an_optimizer_of_ones_own() -> None:
    class SignDescent(tf.train.Optimizer):
        def __init__(self) -> None:
            super().__init__(False, "SignDescent")

        def _apply_dense(self, grad: Any, var: Any) -> Any:
            return tf.assign_sub(var, 0.5 * tf.sign(grad)).op

    w = tf.Variable([3.0, -3.0])
    np.testing.assert_allclose(after(SignDescent().minimize(tf.reduce_sum(w * w)), w), [2.5, -2.5])


def test_schedules_check_their_arguments() -> None:
    step = tf.constant(1, tf.int64)
    with pytest.raises(ValueError, match="global_step is required for exponential_decay"):
        tf.train.exponential_decay(0.1, None, 10, 0.9)
    with pytest.raises(ValueError, match="length of boundaries should be 1 less"):
        tf.train.piecewise_constant(step, [1, 2], [0.1])
    with pytest.raises(ValueError, match="same dtype as x"):
        tf.train.piecewise_constant(step, [1.5], [0.1, 0.2])
    with pytest.raises(ValueError, match="elements all with the same dtype"):
        tf.train.piecewise_constant(step, [1], [0.1, 2])
    noisy = tf.train.noisy_linear_cosine_decay(0.1, step, 10, initial_variance=1e-12)
    plain = tf.train.linear_cosine_decay(0.1, step, 10)
    with tf.Session() as sess:
        np.testing.assert_allclose(*sess.run([noisy, plain]), rtol=1e-4)


def test_global_step() -> None:
    assert tf.train.get_global_step() is None
    step = tf.train.create_global_step()
    assert tf.train.get_or_create_global_step() is step
    assert step.dtype.base_dtype == tf.int64
    assert not step.trainable
    with pytest.raises(ValueError, match="already exists"):
        tf.train.create_global_step()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        assert tf.train.global_step(sess, step) == 0
    with tf.Graph().as_default():
        named = tf.Variable(0, name="global_step", trainable=False)
        assert tf.train.get_global_step().op is named.op
        with pytest.raises(TypeError, match="integer type"):
            tf.train.assert_global_step(tf.Variable(1.0))
        with pytest.raises(TypeError, match="not scalar"):
            tf.train.assert_global_step(tf.Variable([1]))


def test_averages_are_restored_into_the_variables(tmp_path: Any) -> None:
    w = tf.Variable(4.0, name="w")
    frozen = tf.Variable(1.0, name="frozen", trainable=False)
    average = tf.train.ExponentialMovingAverage(0.75)
    change = w.assign(0.0)
    with tf.control_dependencies([change]):
        update = average.apply()
    assert average.average_name(w) == "w/ExponentialMovingAverage"
    assert average.average_name(frozen) == "frozen/ExponentialMovingAverage"
    assert average.average(frozen) is None
    assert tf.moving_average_variables() == [w]
    names = average.variables_to_restore()
    assert names == {"w/ExponentialMovingAverage": w, "frozen": frozen}
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(update)
        path = tf.train.Saver().save(sess, str(tmp_path / "model"))
        tf.train.Saver(names).restore(sess, path)
        assert sess.run([w, frozen]) == [3.0, 1.0]
    with pytest.raises(TypeError, match="half, float, or double"):
        average.apply([tf.Variable(1)])
