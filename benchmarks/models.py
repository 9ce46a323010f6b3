"""The networks of the benchmarks, once for each framework: a function from a variant to a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[int], Any]
"""Runs a number of training steps and waits for the last."""


def data(batch: int, square: bool) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """A fixed batch: images and one-hot labels."""
    rng = np.random.default_rng(0)
    shape = (batch, 28, 28, 1) if square else (batch, 784)
    return rng.random(shape, dtype=np.float32), np.eye(10, dtype=np.float32)[rng.integers(0, 10, batch)]


def graph_softmax(tf: Any) -> tuple[Any, Any, Any]:
    """The beginners' softmax regression: placeholders and training operation."""
    x = tf.placeholder(tf.float32, [None, 784])
    t = tf.placeholder(tf.float32, [None, 10])
    w, b = tf.Variable(tf.zeros([784, 10])), tf.Variable(tf.zeros([10]))
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=t, logits=tf.matmul(x, w) + b))
    return x, t, tf.train.GradientDescentOptimizer(0.5).minimize(loss)


def graph_experts(tf: Any) -> tuple[Any, Any, Any]:
    """The experts' network, without dropout, with Adam."""
    x = tf.placeholder(tf.float32, [None, 28, 28, 1])
    t = tf.placeholder(tf.float32, [None, 10])

    def weights(*shape: int) -> Any:
        return tf.Variable(tf.truncated_normal(shape, stddev=0.1))

    def bias(size: int) -> Any:
        return tf.Variable(tf.constant(0.1, shape=[size]))

    h = x
    for depth, filters in ((1, 32), (32, 64)):
        h = tf.nn.relu(tf.nn.conv2d(h, weights(5, 5, depth, filters), [1, 1, 1, 1], "SAME") + bias(filters))
        h = tf.nn.max_pool(h, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    h = tf.nn.relu(tf.matmul(tf.reshape(h, [-1, 3136]), weights(3136, 1024)) + bias(1024))
    logits = tf.matmul(h, weights(1024, 10)) + bias(10)
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=t, logits=logits))
    return x, t, tf.train.AdamOptimizer(1e-4).minimize(loss)


def session_step(tf: Any, task: str, variant: str) -> Step:
    """A step through a session, for gradiente and TensorFlow."""
    batch = 100 if task == "softmax" else 50
    images, labels = data(batch, task == "experts")
    with tf.Graph().as_default():
        x, t, step = graph_softmax(tf) if task == "softmax" else graph_experts(tf)
        session = tf.Session()
        session.run(tf.global_variables_initializer())
    if variant == "callable":
        call = session.make_callable(step, [x, t])

        def run_callable(steps: int) -> None:
            for _ in range(steps):
                call(images, labels)

        return run_callable
    if variant == "loop":
        many = [np.tile(a, (550, *[1] * (a.ndim - 1))) for a in (images, labels)]
        loop = session.make_loop(step, {x: many[0], t: many[1]}, batch)
        return lambda steps: loop.run(steps)

    def run(steps: int) -> None:
        for _ in range(steps):
            session.run(step, feed_dict={x: images, t: labels})

    return run


def torch_step(task: str) -> Step:
    """An eager PyTorch step."""
    import torch

    images, labels = data(100 if task == "softmax" else 50, task == "experts")
    torch.manual_seed(0)
    if task == "softmax":
        model: Any = torch.nn.Linear(784, 10)
        optimizer: Any = torch.optim.SGD(model.parameters(), 0.5)
        x = torch.from_numpy(images)
    else:
        model = torch.nn.Sequential(
            torch.nn.Conv2d(1, 32, 5, padding=2), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
            torch.nn.Conv2d(32, 64, 5, padding=2), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten(),
            torch.nn.Linear(3136, 1024), torch.nn.ReLU(), torch.nn.Linear(1024, 10),
        )  # fmt: skip
        optimizer = torch.optim.Adam(model.parameters(), 1e-4)
        x = torch.from_numpy(images.transpose(0, 3, 1, 2).copy())
    t = torch.from_numpy(labels)

    def run(steps: int) -> None:
        for _ in range(steps):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x), t).backward()
            optimizer.step()

    return run


def flax_step(task: str) -> Step:
    """A jitted step with Flax and Optax."""
    import flax.linen as nn
    import jax
    import jax.numpy as jnp
    import optax

    images, labels = data(100 if task == "softmax" else 50, task == "experts")

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x: Any) -> Any:
            if task == "experts":
                for filters in (32, 64):
                    x = nn.max_pool(nn.relu(nn.Conv(filters, (5, 5))(x)), (2, 2), (2, 2))
                x = nn.relu(nn.Dense(1024)(x.reshape(x.shape[0], -1)))
            return nn.Dense(10)(x)

    net = Net()
    params = net.init(jax.random.key(0), jnp.asarray(images))
    optimizer = optax.sgd(0.5) if task == "softmax" else optax.adam(1e-4)
    state = [params, optimizer.init(params)]

    @jax.jit
    def step(params: Any, opt: Any, x: Any, t: Any) -> Any:
        loss = lambda p: optax.softmax_cross_entropy(net.apply(p, x), t).mean()  # noqa: E731
        updates, opt = optimizer.update(jax.grad(loss)(params), opt)
        return optax.apply_updates(params, updates), opt

    def run(steps: int) -> None:
        for _ in range(steps):
            state[:] = step(*state, images, labels)
            jax.block_until_ready(state)

    return run


def make_step(framework: str, task: str, variant: str) -> Step:
    """The step of a framework."""
    if framework == "torch":
        return torch_step(task)
    if framework == "flax":
        return flax_step(task)
    return session_step(module(framework), task, variant)


def module(framework: str) -> Any:
    """gradiente, or TensorFlow as a TensorFlow 1 program sees it."""
    if framework == "gradiente":
        import gradiente

        return gradiente
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()
    return tf


def build_graph(tf: Any, operations: int) -> None:
    """Build a graph of that many operations, and the gradients of its result."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 8])
        w = [tf.Variable(tf.zeros([8, 8])) for _ in range(10)]
        h = x
        layer = 0
        while len(tf.get_default_graph().get_operations()) < operations:
            h = tf.nn.relu(tf.matmul(h, w[layer % 10]) + 1.0)
            layer += 1
        tf.gradients(tf.reduce_mean(tf.square(h)), w)
