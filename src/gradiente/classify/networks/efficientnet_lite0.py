"""EfficientNet-Lite0, whose weights from ImageNet can be had: the network to start from with photographs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradiente as tf
from gradiente.classify.networks.layers import conv, dense, depthwise
from gradiente.classify.problems import ImageTooSmallError, SettingsError

SIDE = 224
"""The height and width of the images on which the weights were trained."""

STEP = 32
"""How far the places are apart at which the last layers look at the image, in pixels."""

FEATURES = 1280
"""Numbers that the network makes of an image before its last layer."""


@dataclass(frozen=True)
class Stage:
    """Blocks of one kind, one after the other.

    Attributes:
        blocks: how many.
        field: height and width of the depthwise filters.
        stride: of the first block; the others have 1.
        widening: how many times as many channels a block has inside.
        channels: at its end.
    """

    blocks: int
    field: int
    stride: int
    widening: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
"""16 blocks in all. Source: Tan and Le 2019 (B0), without squeeze-and-excitation and with RELU6: the Lite variant."""

BLOCKS = sum(stage.blocks for stage in STAGES)


def efficientnet_lite0(images: Any, num_classes: int, training: bool) -> Any:
    """A stem, 16 blocks of a wide depthwise convolution between two 1x1 convolutions, and 1,280 features.

    The batch normalization with which the weights were trained is folded into them: its statistics are those of ImageNet
    and stay so, which is what fine-tuning on few images wants, and an image costs less. 385 million multiplications for
    224x224 pixels.

    Args:
        images: float32 ``[batch, height, width, 3]``, (value − 127) / 128.
        num_classes: the number of classes.
        training: whether a fifth of the features is dropped at random.

    Returns:
        The logits, ``[batch, num_classes]``.

    Raises:
        ImageTooSmallError: the images are smaller than 32x32.
        SettingsError: they are not in colours.
    """
    x = features(images)
    if training:
        x = tf.nn.dropout(x, keep_prob=0.8)
    return dense(x, num_classes, "logits")


def features(images: Any) -> Any:
    """What the network sees in the images, before it says what they are: ``[batch, 1280]``."""
    return tf.reduce_mean(feature_maps(images), [1, 2], name="features")


def feature_maps(images: Any) -> Any:
    """The features at each place, ``[batch, height / 32, width / 32, 1280]``."""
    height, width, channels = (int(d) for d in images.shape[1:])
    if channels != 3:
        raise SettingsError(f"efficientnet-lite0 takes images in colours: --channels 3, not {channels}.")
    if min(height, width) < STEP:
        raise ImageTooSmallError(
            f"Images of {height}x{width} are too small for efficientnet-lite0. Its five layers of stride 2 look at an image "
            f"in steps of {STEP} pixels: (W − F + 2P)/S + 1 = ({min(height, width)} − {STEP} + 0)/{STEP} + 1 = "
            f"{min(height, width) / STEP:g}, less than 1. Use --image-size {STEP} or more, or another --model."
        )
    return top(blocks(stem(images), 0, BLOCKS))


def stem(images: Any) -> Any:
    """The first convolution: half the height and width, 32 channels."""
    return tf.nn.relu6(conv(images, 3, 32, "stem", stride=2))


def blocks(x: Any, first: int, end: int) -> Any:
    """The blocks from number ``first`` to before ``end``."""
    number = 0
    for stage in STAGES:
        for at in range(stage.blocks):
            if first <= number < end:
                x = _block(x, stage, stage.stride if at == 0 else 1, f"block{number}")
            number += 1
    return x


def top(x: Any) -> Any:
    """The last convolution, 1x1, to the 1,280 features."""
    return tf.nn.relu6(conv(x, 1, FEATURES, "top"))


def _block(x: Any, stage: Stage, stride: int, name: str) -> Any:
    inputs = int(x.shape[3])
    with tf.variable_scope(name):
        y = x
        if stage.widening > 1:
            y = tf.nn.relu6(conv(y, 1, inputs * stage.widening, "expand"))
        y = tf.nn.relu6(depthwise(y, stage.field, "depthwise", stride=stride))
        y = conv(y, 1, stage.channels, "project")
        return x + y if stride == 1 and inputs == stage.channels else y
