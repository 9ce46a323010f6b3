"""The optimizers' kernels against TensorFlow's values, and over random sizes against the ops' own rules in float64, on every
instruction set that the machine has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.golden import optimizer_cases as golden
from tests.kernels.cases import cpus, loaded, misaligned, random, using

import gradiente as tf
from gradiente.graph.registry import op_def
from gradiente.kernels import updates

# Rule, op, its attributes, how many variables it has, its numbers in the op's order.
RULES: list[tuple[Any, str, dict[str, Any], int, list[float]]] = [
    ("gradient_descent", "ApplyGradientDescent", {}, 1, [0.1]),
    ("momentum", "ApplyMomentum", {"use_nesterov": False}, 2, [0.1, 0.9]),
    ("nesterov", "ApplyMomentum", {"use_nesterov": True}, 2, [0.1, 0.9]),
    ("adagrad", "ApplyAdagrad", {"update_slots": True}, 2, [0.1]),
    ("adadelta", "ApplyAdadelta", {}, 3, [0.5, 0.95, 1e-6]),
    ("rms_prop", "ApplyRMSProp", {}, 3, [0.01, 0.9, 0.5, 1e-8]),
    ("centered_rms_prop", "ApplyCenteredRMSProp", {}, 4, [0.01, 0.9, 0.5, 1e-2]),
    ("adam", "ApplyAdam", {"use_nesterov": False}, 3, [0.81, 0.998, 0.01, 0.9, 0.999, 1e-8]),
    ("adam_nesterov", "ApplyAdam", {"use_nesterov": True}, 3, [0.81, 0.998, 0.01, 0.9, 0.999, 1e-8]),
]


def expected(op: str, attrs: dict[str, Any], values: list[Any], grad: Any, numbers: list[float]) -> list[Any]:
    """The op itself, in float64, in the python executor."""
    definition = op_def(op)
    assert definition is not None
    variables = iter([tf.Variable(v.astype(np.float64)) for v in values])
    scalars = iter([tf.constant(np.float64(n)) for n in numbers])
    made: list[Any] = []
    arguments: list[Any] = []
    for arg in definition.inputs:
        if arg.is_ref:
            made.append(next(variables))
            arguments.append(made[-1])
        else:
            arguments.append(
                tf.constant(grad.astype(np.float64)) if arg.name in ("grad", "delta") else next(scalars)
            )
    step = tf_apply(op, arguments, attrs)
    with tf.Session(executor="python") as sess:
        sess.run([v.initializer for v in made])
        sess.run(step.op)
        return [sess.run(v) for v in made]


def tf_apply(op: str, arguments: list[Any], attrs: dict[str, Any]) -> Any:
    from gradiente.graph.build import apply

    return apply(op, *[a._ref() if hasattr(a, "_ref") else a for a in arguments], **attrs)


@pytest.mark.parametrize("cpu", cpus())
@pytest.mark.parametrize(("rule", "op", "attrs", "count", "numbers"), RULES, ids=[r[0] for r in RULES])
@settings(max_examples=6, deadline=None)
@given(size=st.sampled_from([1, 7, 16, 33, 1000, 70001]), seed=st.integers(0, 99))
def test_updates(
    cpu: str,
    rule: Any,
    op: str,
    attrs: dict[str, Any],
    count: int,
    numbers: list[float],
    size: int,
    seed: int,
) -> None:
    values = [random(seed, (size,)), *(np.abs(random(seed + i, (size,))) + 0.1 for i in range(1, count))]
    if rule == "centered_rms_prop":
        values[1] = values[1] * np.float32(0.1)
    grad = random(seed + 9, (size,))
    with tf.Graph().as_default():
        want = expected(op, attrs, values, grad, numbers)
    with using(cpu):
        got = updates.update(
            rule, [misaligned(v) for v in values], misaligned(grad), [jnp.float32(n) for n in numbers]
        )
    for new, exact in zip(got, want, strict=True):
        np.testing.assert_allclose(new, exact, rtol=2e-4 if count == 4 else 2e-5, atol=2e-6)


GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "optimizers.npz")
IN_KERNELS = ("gradient_descent", "momentum", "nesterov", "adagrad", "adagrad_start", "adadelta", "adadelta_fast", "rmsprop",
              "rmsprop_momentum", "rmsprop_centered", "adam", "adam_fast")  # fmt: skip


@pytest.mark.parametrize("cpu", cpus())
@pytest.mark.parametrize("case", IN_KERNELS)
def test_ten_steps_of_tensorflow(cpu: str, case: str) -> None:
    """The golden values are of 6 numbers, which the kernels leave to XLA; a thousand copies of these they take."""
    kind, settings = golden.OPTIMIZERS[case]
    copies = (1000, 1)
    with tf.Graph().as_default(), using(cpu), tf.Session() as sess:
        variable = tf.Variable(np.tile(golden.start("dense", "float32"), copies))
        gradient = tf.placeholder(tf.float32, variable.shape)
        step = getattr(tf.train, kind)(**settings).apply_gradients([(gradient, variable)])
        sess.run(tf.global_variables_initializer())
        values = [sess.run(variable)]
        for value, _ in golden.gradients("dense", "float32"):
            feed = {gradient: np.tile(value, copies)}
            if len(values) == 1:
                assert "@gradiente_update(" in sess.as_text(step, feed, stage="stablehlo")
            sess.run(step, feed)
            values.append(sess.run(variable))
    want = np.tile(GOLDEN[f"{case}/dense/float32"], (1, *copies))
    np.testing.assert_allclose(values, want, rtol=2e-5, atol=2e-6)


def test_every_rule_has_a_test() -> None:
    assert [r[0] for r in RULES] == list(updates.UPDATES)


def test_new_values_take_the_old_ones_place() -> None:
    loaded()
    step = jax.jit(lambda v, g: updates.update("adam", v, g, [jnp.float32(0.5)] * 6), donate_argnums=0)
    values = [jnp.ones(8192) for _ in range(3)]
    places = [v.unsafe_buffer_pointer() for v in values]
    for _ in range(3):
        values = step(values, jnp.ones(8192))
    assert [v.unsafe_buffer_pointer() for v in values] == places


def test_what_is_left_to_xla() -> None:
    grad, number = jnp.zeros(8192), jnp.float32(1)
    assert not updates.update_suits([grad], jnp.zeros(4096), [number])
    assert not updates.update_suits([grad[:100]], grad[:100], [number])
    assert not updates.update_suits([grad], grad, [jnp.zeros(1)])
    assert not updates.update_suits([grad.astype(jnp.bfloat16)], grad.astype(jnp.bfloat16), [number])


def test_a_variable_is_updated_where_it_lies() -> None:
    """What reads the old values comes first in the program, so that XLA has no reason to copy them."""
    loaded()
    x = tf.placeholder(tf.float32, [20, 150])
    first, second = tf.Variable(tf.ones([150, 90])), tf.Variable(tf.ones([90, 60]))
    loss = tf.reduce_mean(tf.square(tf.matmul(tf.tanh(tf.matmul(x, first)), second)))
    step = tf.train.AdamOptimizer().minimize(loss)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        text = sess.as_text(step, {x: np.ones((20, 150))}, stage="hlo")
    assert text.count('custom_call_target="gradiente_update"') == 2
    assert not re.search(r"f32\[(150,90|90,60)\]\S* copy\(", text)
