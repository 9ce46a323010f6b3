"""The graph that is exported: from raw RGB images of any size to probabilities, without variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

import gradiente as tf
from gradiente.classify.model.classifier import Classifier
from gradiente.classify.model.description import Description
from gradiente.classify.model.graph import IMAGES, PROBABILITIES

_GAP = 3.0

CLASSES = "classes"
"""The constant of the exported graph with the classes' names, in the order of the probabilities."""

_RED, _GREEN, _BLUE = 19595.0, 38470.0, 7471.0
"""Pillow's weights of the colours in grey, over 65,536 (ITU-R 601-2)."""


def exported_graph(classifier: Classifier) -> Any:
    """A GraphDef that takes ``images``, uint8 ``[n, height, width, 3]`` of any size, and gives ``probabilities``.

    Images are brought to the network's size as ``predict`` does it: bilinearly with antialiasing, first along the rows, then
    along the columns, each rounded to whole numbers (Pillow's ``resize``). Both are products with matrices of weights that
    the graph works out from the images' size. Variables have become constants, so that the graph is all there is.
    """
    with tf.Graph().as_default() as graph:
        images = tf.placeholder(tf.uint8, [None, None, None, 3], name=IMAGES)
        with tf.name_scope("preprocessing"):
            brought = _brought(images, classifier.description)
        frozen = _frozen(classifier.graph_def, classifier.weights)
        (output,) = tf.import_graph_def(
            frozen, {f"{IMAGES}:0": brought}, [f"{PROBABILITIES}:0"], name="network"
        ) or [None]
        tf.identity(output, name=PROBABILITIES)
        tf.constant(list(classifier.classes), tf.string, name=CLASSES)
    return tf.graph_util.extract_sub_graph(graph.as_graph_def(), [PROBABILITIES, CLASSES])


def _frozen(graph_def: Any, weights: Mapping[str, npt.NDArray[Any]]) -> Any:
    """The graph with its variables' values as constants."""
    frozen = tf.GraphDef()
    frozen.CopyFrom(graph_def)
    for node in frozen.node:
        if node.op == "VariableV2":
            value = tf.make_tensor_proto(weights[node.name])
            node.op = "Const"
            for name in list(node.attr):
                del node.attr[name]
            node.attr["dtype"].type = value.dtype
            node.attr["value"].tensor.CopyFrom(value)
    return frozen


def _brought(images: Any, said: Description) -> Any:
    """Raw RGB images as the network takes them."""
    values = tf.cast(images, tf.float32)
    if said.channels == 1:
        sums = tf.reduce_sum(values * tf.constant([_RED, _GREEN, _BLUE]), 3, keepdims=True)
        values = tf.floor((sums + 32768.0) / 65536.0)
    shape = tf.cast(tf.shape(images), tf.float32)
    rows, columns = shape[1], shape[2]
    tall, wide = float(said.height), float(said.width)
    if said.resize == "crop":
        scale = tf.minimum(rows / tall, columns / wide)
        down, across = (said.height, scale, 0.0, tall), (said.width, scale, 0.0, wide)
    elif said.resize == "pad":
        scale = tf.maximum(rows / tall, columns / wide)
        inside = [tf.maximum(1.0, tf.round(size / scale)) for size in (rows, columns)]
        before = [tf.floor((whole - part) / 2.0) for whole, part in zip((tall, wide), inside, strict=True)]
        down = (said.height, rows / inside[0], before[0], inside[0])
        across = (said.width, columns / inside[1], before[1], inside[1])
    else:
        down, across = (said.height, rows / tall, 0.0, tall), (said.width, columns / wide, 0.0, wide)
    pictures = tf.transpose(values, [0, 3, 1, 2])
    pictures = _resized(pictures, _weights(columns, *across), transposed=True)
    pictures = _resized(pictures, _weights(rows, *down), transposed=False)
    if said.resize == "pad":
        filled = _there(down[0], down[3], down[2])[:, None] * _there(across[0], across[3], across[2])[None, :]
        pictures = pictures + 255.0 * (1.0 - filled)
    brought = tf.cast(tf.transpose(pictures, [0, 2, 3, 1]), tf.uint8)
    brought.set_shape([None, *said.shape])
    return brought


def _there(size: int, inside: Any, before: Any) -> Any:
    """1 for the places of ``size`` that an image of ``inside`` behind ``before`` empty ones covers, else 0."""
    at = tf.range(0.0, float(size)) - before
    return tf.cast(tf.logical_and(at >= 0.0, at < inside), tf.float32)


def _weights(source: Any, size: int, scale: Any, before: Any, inside: Any) -> Any:
    """How much each of ``source`` pixels counts for each of ``size``: a triangle as wide as what becomes one pixel.

    Args:
        source: the number of pixels there are.
        size: the number of pixels of the result.
        scale: how many become one.
        before: how many of the result's pixels stay empty at its beginning.
        inside: how many of them the image fills; what it has more than ``inside * scale`` is cut off on both sides.

    Returns:
        float32 ``[size, source]`` whose rows add up to 1, or to 0 where the result stays empty.
    """
    length = inside * scale
    offset = (source - length) / 2.0
    # Where more than six become one, Pillow first takes the mean of blocks of pixels (`reducing_gap=3.0`).
    block = tf.maximum(1.0, tf.floor(scale / _GAP))
    reduced = tf.cast(block > 1.0, tf.float32)
    first = reduced * tf.floor(tf.maximum(0.0, offset - scale / 2.0))
    last = tf.minimum(source, tf.ceil(offset + length + scale / 2.0))
    last = reduced * last + (1.0 - reduced) * source
    pixels = tf.range(0.0, source)
    blocks = tf.floor((pixels - first) / block)
    shared = tf.clip_by_value(last - first - blocks * block, 1.0, block)
    used = tf.cast(tf.logical_and(pixels >= first, pixels < last), tf.float32) / shared
    centers = offset + (tf.range(0.0, float(size)) - before + 0.5) * scale
    distance = blocks[None, :] + 0.5 - ((centers - first) / block)[:, None]
    triangle = tf.maximum(0.0, 1.0 - tf.abs(distance) / tf.maximum(scale / block, 1.0)) * used[None, :]
    rows = triangle / tf.maximum(tf.reduce_sum(triangle, 1, keepdims=True), 1e-6)
    return rows * _there(size, inside, before)[:, None]


def _resized(pictures: Any, weights: Any, transposed: bool) -> Any:
    """One pass over pictures ``[n, channels, height, width]``, rounded to whole numbers."""
    product = tf.matmul(pictures, weights, transpose_b=True) if transposed else tf.matmul(weights, pictures)
    return tf.floor(product + 0.5)
