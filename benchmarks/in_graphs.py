"""The networks as TensorFlow 1 programs: gradiente and TensorFlow run the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from networks import CIFAR_CHANNELS, NETWORKS, Array, experts_weights

Step = Callable[[int], Any]
"""Runs a number of steps and waits for the last."""


def module(framework: str) -> Any:
    """gradiente, or TensorFlow as a TensorFlow 1 program sees it."""
    if framework == "gradiente":
        import gradiente

        return gradiente
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()
    return tf


def _weights(tf: Any, *shape: int) -> Any:
    return tf.Variable(tf.truncated_normal(shape, stddev=0.1))


def _bias(tf: Any, size: int) -> Any:
    return tf.Variable(tf.constant(0.1, shape=[size]))


def _conv(tf: Any, x: Any, field: int, channels: int, stride: int = 1) -> Any:
    filters = _weights(tf, field, field, int(x.shape[3]), channels)
    return tf.nn.conv2d(x, filters, [1, stride, stride, 1], "SAME")


def _dense(tf: Any, x: Any, width: int) -> Any:
    return tf.matmul(x, _weights(tf, int(x.shape[1]), width)) + _bias(tf, width)


def _convolutions(tf: Any, x: Any, field: int, all_channels: tuple[int, ...]) -> Any:
    """Convolutions, each with RELU and a pool of 2x2, as one row of numbers an image."""
    for channels in all_channels:
        x = tf.nn.relu(_conv(tf, x, field, channels) + _bias(tf, channels))
        x = tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    return tf.reshape(x, [-1, int(x.shape[1]) * int(x.shape[2]) * int(x.shape[3])])


def _softmax(tf: Any, x: Any) -> Any:
    return tf.matmul(x, tf.Variable(tf.zeros([784, 10]))) + tf.Variable(tf.zeros([10]))


def _experts(tf: Any, x: Any) -> Any:
    hidden = tf.nn.relu(_dense(tf, _convolutions(tf, x, 5, (32, 64)), 1024))
    return _dense(tf, hidden, 10)


def _cifar(tf: Any, x: Any) -> Any:
    return _dense(tf, _convolutions(tf, x, 3, CIFAR_CHANNELS), 10)


def _resnet20(tf: Any, x: Any) -> Any:
    if tf.__name__ == "gradiente":
        from gradiente.classify.networks.resnet20 import resnet20

        return resnet20(x, 10, training=True)
    x = tf.nn.relu(_normalized(tf, x, 16, 1))
    for channels in (16, 32, 64):
        for block in range(3):
            stride = 2 if channels > 16 and block == 0 else 1
            y = tf.nn.relu(_normalized(tf, x, channels, stride))
            y = _normalized(tf, y, channels, 1)
            if stride > 1:
                x = tf.pad(x[:, ::2, ::2, :], [[0, 0], [0, 0], [0, 0], [0, channels // 2]])
            x = tf.nn.relu(x + y)
    return _dense(tf, tf.reduce_mean(x, [1, 2]), 10)


def _normalized(tf: Any, x: Any, channels: int, stride: int) -> Any:
    """A convolution and batch normalization, whose moving averages are updated as gradiente's own network does it."""
    x = _conv(tf, x, 3, channels, stride)
    gamma, beta, mean = (tf.Variable(tf.fill([channels], v)) for v in (1.0, 0.0, 0.0))
    variance = tf.Variable(tf.fill([channels], 1.0))
    y, batch_mean, batch_variance = tf.nn.fused_batch_norm(x, gamma, beta, epsilon=1e-3)
    for moving, value in ((mean, batch_mean), (variance, batch_variance)):
        update = tf.assign_sub(moving, 0.1 * (moving - value))
        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update.op)
    return y


_LOGITS = {"softmax": _softmax, "experts": _experts, "cifar": _cifar, "resnet20": _resnet20}


def training_graph(tf: Any, network: str, rate: float | None = None) -> tuple[Any, Any, Any, Any]:
    """Placeholders of the images and the labels, logits, and the training operation."""
    x = tf.placeholder(tf.float32, [None, *NETWORKS[network].shape])
    t = tf.placeholder(tf.float32, [None, NETWORKS[network].classes])
    logits = _LOGITS[network](tf, x)
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=t, logits=logits))
    optimizer = {
        "softmax": lambda: tf.train.GradientDescentOptimizer(0.5),
        "experts": lambda: tf.train.AdamOptimizer(rate or 1e-4),
    }.get(network, lambda: tf.train.MomentumOptimizer(0.01, 0.9))()
    # The averages move in the same run as the variables, in whatever order.
    step = tf.group(optimizer.minimize(loss), *tf.get_collection(tf.GraphKeys.UPDATE_OPS))
    return x, t, logits, step


def training_step(framework: str, network: str, variant: str, batch: int) -> Step:
    """Training steps through ``sess.run``, a callable (``callable``), or a loop in one executable (``loop``)."""
    tf = module(framework)
    images, labels = NETWORKS[network].data(batch)
    with tf.Graph().as_default():
        x, t, _, step = training_graph(tf, network)
        session = tf.Session()
        session.run(tf.global_variables_initializer())
    if variant == "loop":
        import numpy as np

        # Of softmax regression's batches of 100, as many examples as MNIST has.
        many = [np.tile(a, (550, *[1] * (a.ndim - 1))) for a in (images, labels)]
        return session.make_loop(step, {x: many[0], t: many[1]}, batch).run
    if variant == "callable":
        call = session.make_callable(step, [x, t])
        return _repeated(lambda: call(images, labels))
    return _repeated(lambda: session.run(step, feed_dict={x: images, t: labels}))


def predictor(network: str, variant: str) -> Callable[[Array], Array]:
    """The logits that gradiente gives images, with the benchmarks' weights."""
    tf = module("gradiente")
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, *NETWORKS[network].shape])
        if network == "experts":
            logits = _experts(tf, x)
            values = dict(zip(tf.global_variables(), experts_weights(), strict=True))
        else:
            from gradiente.classify.networks.efficientnet_lite0 import efficientnet_lite0
            from gradiente.classify.networks.imagenet import imagenet_weights

            logits = efficientnet_lite0(x, NETWORKS[network].classes, training=False)
            given = imagenet_weights()
            values = {v: given[v.op.name] for v in tf.global_variables()}
        session = tf.Session()
        for variable, value in values.items():
            variable.load(value, session)
    if variant == "callable":
        return session.make_callable(logits, [x])
    return lambda images: session.run(logits, {x: images})


def _repeated(call: Callable[[], Any]) -> Step:
    def run(steps: int) -> None:
        for _ in range(steps):
            call()

    return run


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
