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


def conv(x: Any, field: int, channels: int, name: str) -> Any:
    """A convolution with stride 1 whose output is as high and wide as its input.

    Args:
        x: ``[batch, height, width, depth]``.
        field: the filters' height and width.
        channels: the number of filters.
        name: the variable scope.

    Returns:
        ``[batch, height, width, channels]``.
    """
    depth = int(x.shape[3])
    with tf.variable_scope(name):
        filters = tf.get_variable(
            "filters", [field, field, depth, channels], initializer=_scaled_to(field * field * depth)
        )
        biases = tf.get_variable("biases", [channels], initializer=tf.zeros_initializer())
        return tf.nn.bias_add(tf.nn.conv2d(x, filters, strides=[1, 1, 1, 1], padding="SAME"), biases)


def pool(x: Any) -> Any:
    """The largest of each 2x2 values: half the height and width, rounded up."""
    return tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")


def flatten(x: Any) -> Any:
    """``[batch, ...]`` as ``[batch, n]``."""
    return tf.reshape(x, [-1, math.prod(int(d) for d in x.shape[1:])])


def _scaled_to(inputs: int) -> Any:
    """Random weights with which a layer's outputs vary as much as its inputs, behind a RELU (He et al. 2015)."""
    return tf.truncated_normal_initializer(stddev=math.sqrt(2 / inputs))
