"""Batch normalization, what is added to it, and its rectifier as one step; and their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.runtime.passes.programs import program, types

import gradiente as tf

SHAPE = (3, 4, 4, 5)
FORWARD = {
    "plain": "FusedBatchNorm+Relu",
    "plus": "FusedBatchNorm+Add+Relu",
    "swapped": "FusedBatchNorm+Add+Relu",
}
GRADIENT = "ReluGrad+FusedBatchNormGrad"


def value(seed: int, shape: tuple[int, ...] = SHAPE) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def variables() -> list[Any]:
    """Scale, offset, and the moving mean and variance."""
    return [tf.Variable(value(9 + i, (5,))) for i in range(4)]


def layer(form: str, x: Any, other: Any, held: list[Any]) -> tuple[Any, Any, list[Any]]:
    """The normalized images, what the rectifier makes of them, and the updates of the moving statistics."""
    y, mean, variance = tf.nn.fused_batch_norm(x, held[0], held[1])
    updates = [a.assign_sub(0.1 * (a - b)) for a, b in ((held[2], mean), (held[3], variance))]
    summed = {"plain": lambda: y, "plus": lambda: y + other, "swapped": lambda: other + y}[form]()
    return y, tf.nn.relu(summed), updates


def run(executor: str, form: str, fetch: Any) -> list[Any]:
    """Two runs' values of ``fetch(x, other, y, active, updates, variables)``, and the variables afterwards."""
    with tf.Graph().as_default(), tf.Session(executor=executor) as sess:
        x, other = (tf.placeholder(tf.float32, [None, *SHAPE[1:]]) for _ in range(2))
        held = variables()
        fetches = fetch(x, other, *layer(form, x, other, held), held)
        sess.run(tf.global_variables_initializer())
        found: list[Any] = []
        for turn in range(2):
            found += sess.run(fetches, {x: value(turn), other: value(turn + 5)})
        return found + sess.run(held)


@pytest.mark.parametrize("form", list(FORWARD))
def test_one_step_gives_the_image_and_the_statistics(form: str) -> None:
    def fetch(x: Any, other: Any, y: Any, active: Any, updates: list[Any], held: list[Any]) -> list[Any]:
        del y, held
        kinds = types(program([active, *updates], [x, other]))
        assert kinds.index(FORWARD[form]) < kinds.index("AssignSub")
        assert not {"FusedBatchNormV3", "AddV2", "Relu"} & set(kinds)
        return [active, *updates]

    for got, want in zip(*(run(e, form, fetch) for e in ("xla", "python")), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("form", list(FORWARD))
def test_a_training_step_is_the_same(form: str) -> None:
    def fetch(x: Any, other: Any, y: Any, active: Any, updates: list[Any], held: list[Any]) -> list[Any]:
        del y
        step = tf.gradients(tf.reduce_sum(tf.square(active) * value(30)[0]), [x, other, *held[:2]])
        found = [active, *(s for s in step if s is not None), *updates]
        kinds = types(program(found, [x, other]))
        assert FORWARD[form] in kinds
        assert (GRADIENT in kinds) == (form == "plain")
        return found

    for got, want in zip(*(run(e, form, fetch) for e in ("xla", "python")), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4 * np.abs(want).max())


def test_what_is_fetched_or_fed_in_between_keeps_them_apart() -> None:
    x = tf.placeholder(tf.float32, SHAPE)
    held = variables()
    y, active, _ = layer("plain", x, x, held)
    slope = tf.gradients(tf.square(active), x)[0]
    assert "Relu" in types(program([active, y], [x]))
    assert GRADIENT not in types(program([slope], [x, y]))
    assert GRADIENT not in types(program([slope], [x, active]))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        whole, normal = sess.run([active, y], {x: value(0)})
        np.testing.assert_array_equal(whole, np.maximum(normal, 0))
        np.testing.assert_array_equal(sess.run(active, {y: -normal}), np.maximum(-normal, 0))


def test_statistics_that_the_sum_needs_keep_them_apart() -> None:
    x = tf.placeholder(tf.float32, SHAPE)
    y, mean, _ = tf.nn.fused_batch_norm(x, *variables()[:2])
    active = tf.nn.relu(y + (tf.zeros(SHAPE) + mean))
    assert "FusedBatchNormV3" in types(program([active], [x]))
    with tf.Session() as sess, tf.Session(executor="python") as reference:
        for session in (sess, reference):
            session.run(tf.global_variables_initializer())
        got, want = (s.run(active, {x: value(0)}) for s in (sess, reference))
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


def test_an_update_stays_on_its_side_of_a_read() -> None:
    """The moving mean is read between its update and the rectifier, and again after that."""
    x = tf.placeholder(tf.float32, SHAPE)
    scale, offset, moving, _ = variables()
    y, mean, _ = tf.nn.fused_batch_norm(x, scale, offset)
    update = moving.assign(mean)
    with tf.control_dependencies([update]):
        after = moving * 1.0
    with tf.control_dependencies([after]):
        active = tf.nn.relu(y)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        got = sess.run([after, active], {x: value(0)})
    np.testing.assert_allclose(got[0], value(0).mean((0, 1, 2)), rtol=1e-5, atol=1e-6)
    assert got[1].min() == 0


def test_an_offset_that_is_written_before_the_gradient_keeps_that_apart() -> None:
    """What the rectifier let through goes by the offset as it was."""
    x = tf.placeholder(tf.float32, SHAPE)
    scale, offset, *_ = variables()
    y, *_ = tf.nn.fused_batch_norm(x, scale, offset)
    active = tf.nn.relu(y)
    with tf.control_dependencies([active]):
        write = offset.assign(tf.fill([5], 100.0))
    with tf.control_dependencies([write]):
        slope = tf.gradients(active, x, tf.constant(value(3)))[0]
    with tf.Session() as sess, tf.Session(executor="python") as reference:
        for session in (sess, reference):
            session.run(tf.global_variables_initializer())
        got, want = (s.run(slope, {x: value(0)}) for s in (sess, reference))
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("form", ["NCHW", "without training"])
def test_others_run_by_their_parts(form: str) -> None:
    x = tf.placeholder(tf.float32, SHAPE)
    size = SHAPE[1] if form == "NCHW" else SHAPE[-1]
    given = [tf.constant(np.abs(value(i, (size,)))) for i in range(4)]
    options: dict[str, Any] = {"data_format": "NCHW"} if form == "NCHW" else {"is_training": False}
    active = tf.nn.relu(tf.nn.fused_batch_norm(x, *given, **options)[0])
    slope = tf.gradients(tf.square(active), x)[0]
    with tf.Session() as sess, tf.Session(executor="python") as reference:
        for got, want in zip(
            *(s.run([active, slope], {x: value(0)}) for s in (sess, reference)), strict=True
        ):
            np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)
