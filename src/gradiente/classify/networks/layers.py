"""Layers with weights: what the networks are made of."""

from __future__ import annotations

import math
from typing import Any

import gradiente as tf


def dense(x: Any, width: int, name: str) -> Any:
    """The sums x · W + b: every output sees every input.

    Args:
        x: ``[batch, n]``.
        width: the number of outputs.
        name: the variable scope.

    Returns:
        ``[batch, width]``.
    """
    inputs = int(x.shape[1])
    with tf.variable_scope(name):
        weights = tf.get_variable("weights", [inputs, width], initializer=_scaled_to(inputs))
        biases = tf.get_variable("biases", [width], initializer=tf.zeros_initializer())
        return tf.nn.xw_plus_b(x, weights, biases)


def conv(x: Any, field: int, channels: int, name: str, stride: int = 1, biases: bool = True) -> Any:
    """A convolution, with zeros around the image so that its output has its size divided by the stride, rounded up.

    Args:
        x: ``[batch, height, width, depth]``.
        field: the filters' height and width.
        channels: the number of filters.
        name: the variable scope.
        stride: by how many pixels the filters move.
        biases: whether to add one for each filter; batch normalization has its own.

    Returns:
        ``[batch, height / stride, width / stride, channels]``.
    """
    depth = int(x.shape[3])
    with tf.variable_scope(name):
        filters = tf.get_variable(
            "filters", [field, field, depth, channels], initializer=_scaled_to(field * field * depth)
        )
        sums = tf.nn.conv2d(x, filters, [1, stride, stride, 1], "SAME")
        if not biases:
            return sums
        return tf.nn.bias_add(sums, tf.get_variable("biases", [channels], initializer=tf.zeros_initializer()))


def depthwise(x: Any, field: int, name: str, stride: int = 1) -> Any:
    """A convolution in which every channel has one filter of its own, with biases.

    Args:
        x: ``[batch, height, width, channels]``.
        field: the filters' height and width.
        name: the variable scope.
        stride: by how many pixels the filters move.

    Returns:
        ``[batch, height / stride, width / stride, channels]``.
    """
    channels = int(x.shape[3])
    with tf.variable_scope(name):
        filters = tf.get_variable(
            "filters", [field, field, channels, 1], initializer=_scaled_to(field * field)
        )
        biases = tf.get_variable("biases", [channels], initializer=tf.zeros_initializer())
        moved = tf.nn.depthwise_conv2d(x, filters, [1, stride, stride, 1], "SAME")
        return tf.nn.bias_add(moved, biases)


def batch_norm(x: Any, training: bool, name: str, momentum: float = 0.9) -> Any:
    """Batch normalization: each channel with mean 0 and deviation 1, then times γ and plus β, which are learnt.

    While training, mean and deviation are those of the batch, and their moving averages are brought forward by
    operations in ``tf.GraphKeys.UPDATE_OPS``, which a training step has to run. Otherwise the moving averages are used.

    Args:
        x: ``[batch, height, width, channels]``.
        training: whether the batch's own statistics are used.
        name: the variable scope.
        momentum: the share that the moving averages keep at each step.

    Returns:
        A tensor of the same shape.

    Source: Ioffe and Szegedy 2015.
    """
    channels = int(x.shape[3])
    with tf.variable_scope(name):
        # Statistics are float32, also where the layers compute in bfloat16.
        gamma = tf.to_float(tf.get_variable("gamma", [channels], initializer=tf.ones_initializer()))
        beta = tf.to_float(tf.get_variable("beta", [channels], initializer=tf.zeros_initializer()))
        mean = tf.get_variable("moving_mean", [channels], initializer=tf.zeros_initializer(), trainable=False)
        variance = tf.get_variable(
            "moving_variance", [channels], initializer=tf.ones_initializer(), trainable=False
        )
        if not training:
            return tf.nn.fused_batch_norm(x, gamma, beta, mean, variance, 1e-3, is_training=False)[0]
        y, batch_mean, batch_variance = tf.nn.fused_batch_norm(x, gamma, beta, epsilon=1e-3)
        for moving, value in ((mean, batch_mean), (variance, batch_variance)):
            update = tf.assign_sub(moving, (1.0 - momentum) * (moving - value))
            tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update.op)
        return y


def pool(x: Any) -> Any:
    """The largest of each 2x2 values: half the height and width, rounded up."""
    return tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")


def flatten(x: Any) -> Any:
    """``[batch, ...]`` as ``[batch, n]``."""
    return tf.reshape(x, [-1, math.prod(int(d) for d in x.shape[1:])])


def _scaled_to(inputs: int) -> Any:
    """Random weights with which a layer's outputs vary as much as its inputs, behind a RELU (He et al. 2015)."""
    return tf.truncated_normal_initializer(stddev=math.sqrt(2 / inputs))
