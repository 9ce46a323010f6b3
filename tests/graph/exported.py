"""Graphs that are written by gradiente and must load, and give the same numbers, elsewhere.

Each function takes the namespace and returns outputs, and feeds for some runs. This module imports no framework.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Built = tuple[list[Any], Sequence[dict[Any, Any]]]


def _normal(*shape: int) -> Any:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def network(tf: Any) -> Built:
    x = tf.placeholder(tf.float32, [None, 6, 6, 2], "x")
    labels = tf.placeholder(tf.int32, [None], "labels")
    w = tf.Variable(_normal(3, 3, 2, 4), name="w")
    h = tf.nn.max_pool(
        tf.nn.relu(tf.nn.conv2d(x, w, [1, 1, 1, 1], "SAME")), [1, 2, 2, 1], [1, 2, 2, 1], "SAME"
    )
    v = tf.Variable(_normal(36, 3), name="v")
    logits = tf.matmul(tf.reshape(h, [-1, 36]), v)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    # All gradients before any update: without it TensorFlow may update v before w's gradient has read it.
    optimizer = tf.train.MomentumOptimizer(0.1, 0.9)
    step = optimizer.minimize(loss, gate_gradients=optimizer.GATE_GRAPH)
    with tf.control_dependencies([loss]), tf.control_dependencies([step]):
        after = tf.identity(w.read_value())
    return [loss, tf.argmax(logits, 1), after], [{x: _normal(4, 6, 6, 2), labels: [0, 2, 1, 1]}] * 2


def branches(tf: Any) -> Built:
    p = tf.placeholder(tf.bool, [], "p")
    x = tf.placeholder(tf.float32, [3], "x")
    k = tf.placeholder(tf.int32, [], "k")
    w = tf.Variable(_normal(3), name="w")
    y = tf.cond(
        p, lambda: tf.reduce_sum(x * w), lambda: tf.cond(k > 1, lambda: x[0] * w[1], lambda: tf.reduce_max(w))
    )
    z = tf.case([(k > 2, lambda: x), (k > 1, lambda: x * x)], default=lambda: -x)
    e = tf.case([(k > 2, lambda: x), (k < 3, lambda: x * x)], exclusive=True)
    s = tf.switch_case(k, [lambda: x, lambda: x + 1.0, lambda: tf.sin(x)])
    gradients = tf.gradients(y * y + tf.reduce_sum(z * s), [x, w])
    feeds = [{p: p_, x: _normal(3), k: k_} for p_ in (True, False) for k_ in (0, 2, 3)]
    return [y, z, e, s, *(tf.convert_to_tensor(g) for g in gradients)], feeds


def loops(tf: Any) -> Built:
    n = tf.placeholder(tf.int32, [], "n")
    x = tf.placeholder(tf.float32, [2, 3], "x")
    w = tf.Variable(_normal(3, 3), name="w")

    def turn(i: Any, y: Any) -> Any:
        return i + 1, tf.tanh(tf.matmul(y, w)) + x

    _, y = tf.while_loop(lambda i, y: i < n, turn, [0, x])

    def outer(i: Any, t: Any) -> Any:
        inner = tf.while_loop(lambda j, s: j < i, lambda j, s: (j + 1, s * 0.9 + x[0, 0]), [0, t])[1]
        return i + 1, tf.cond(i > 1, lambda: inner * 2.0, lambda: tf.sin(inner))

    _, t = tf.while_loop(lambda i, t: i < n, outer, [0, w[0, 0]])
    gradients = tf.gradients(tf.reduce_sum(y * y) + t, [x, w])
    return [y, t, *(tf.convert_to_tensor(g) for g in gradients)], [
        {n: i, x: _normal(2, 3)} for i in (0, 1, 4)
    ]


def rows_in_a_loop(tf: Any) -> Built:
    n = tf.placeholder(tf.int32, [], "n")
    table = tf.placeholder(tf.float32, [5, 2], "table")
    total = tf.while_loop(
        lambda i, s: i < n, lambda i, s: (i + 1, s * s + tf.gather(table, i)), [0, tf.ones([2])]
    )[1]
    gradient = tf.gradients(total, table)[0]
    return [total, tf.convert_to_tensor(gradient)], [{n: i, table: _normal(5, 2) / 4} for i in (0, 3)]


def second_order(tf: Any) -> Built:
    x = tf.placeholder(tf.float32, [3], "x")
    y = tf.while_loop(lambda y: tf.reduce_sum(y) < 20.0, lambda y: y * y + 1.5 * x * x, [x])
    g = tf.gradients(y, x)[0]
    h = tf.gradients(tf.reduce_sum(g * g), x)[0]
    return [y, g, h], [{x: [1.0, 0.5, 1.5]}]


GRAPHS: dict[str, Callable[[Any], Built]] = {
    f.__name__: f for f in (network, branches, loops, rows_in_a_loop, second_order)
}
