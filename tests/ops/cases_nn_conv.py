"""Convolutions, their transposes and their derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.ops import nn_reference as ref
from tests.ops.harness import Case, F

_CONV2D = ("Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter")
_CONV3D = ("Conv3D", "Conv3DBackpropInputV2", "Conv3DBackpropFilterV2")
_DEPTHWISE = (
    "DepthwiseConv2dNative",
    "DepthwiseConv2dNativeBackpropInput",
    "DepthwiseConv2dNativeBackpropFilter",
)
_NCHW = "TensorFlow's CPU kernels have NHWC only"


def _conv2d(
    name: str, x: Any, w: Any, stride: tuple[int, int] = (1, 1), padding: Any = "SAME",
    dilation: tuple[int, int] = (1, 1),
) -> Case:  # fmt: skip
    listed = padding if isinstance(padding, str) else [[0, 0], *map(list, padding), [0, 0]]
    return Case(
        _CONV2D,
        lambda tf, x, w: tf.nn.conv2d(x, w, [1, *stride, 1], listed, dilations=[1, *dilation, 1]), [x, w],
        lambda x, w: ref.conv(x, w, stride, padding, dilation), name=name,
    )  # fmt: skip


CASES = [
    _conv2d("same", F(2, 5, 6, 2), F(3, 3, 2, 4)),
    _conv2d("valid", F(2, 5, 6, 2), F(3, 3, 2, 4), padding="VALID"),
    _conv2d("one_channel", F(2, 6, 5, 1), F(5, 5, 1, 3)),
    _conv2d("even_window", F(1, 5, 6, 3), F(2, 4, 3, 2)),
    _conv2d("stride", F(2, 7, 8, 2), F(3, 3, 2, 3), (2, 2)),
    _conv2d("stride_valid", F(2, 8, 7, 2), F(3, 2, 2, 3), (2, 3), "VALID"),
    _conv2d("stride_wide", F(1, 8, 9, 1), F(2, 2, 1, 2), (3, 3)),
    _conv2d("dilation", F(1, 9, 8, 2), F(3, 2, 2, 3), (1, 1), "SAME", (2, 3)),
    _conv2d("dilation_valid", F(1, 9, 8, 2), F(3, 2, 2, 3), (1, 1), "VALID", (2, 3)),
    _conv2d("explicit", F(1, 5, 6, 2), F(3, 3, 2, 2), (2, 1), ((1, 2), (0, 3))),
    _conv2d("one_by_one", F(2, 3, 4, 5), F(1, 1, 5, 2)),
    Case(_CONV2D, lambda tf, x, w: tf.nn.conv2d(x, w, [1, 1, 2, 2], "SAME", data_format="NCHW"),
         [F(2, 3, 5, 6), F(3, 3, 3, 4)], lambda x, w: ref.last(ref.conv(ref.first(x), w, (2, 2), "SAME")),
         name="nchw", oracle=False, note=_NCHW),
    Case(_CONV2D, lambda tf, x, w: tf.nn.conv2d_transpose(x, w, [2, 6, 7, 3], [1, 2, 2, 1], "SAME"),
         [F(2, 3, 4, 2), F(3, 3, 3, 2)], lambda x, w: ref.conv_transpose(x, w, (2, 6, 7, 3), (2, 2), "SAME"),
         name="transpose"),
    Case(_CONV2D, lambda tf, x, w: tf.nn.conv2d_transpose(x, w, [2, 5, 9, 3], [1, 1, 2, 1], "VALID"),
         [F(2, 3, 4, 2), F(3, 3, 3, 2)], lambda x, w: ref.conv_transpose(x, w, (2, 5, 9, 3), (1, 2), "VALID"),
         name="transpose_valid"),
    Case(_CONV2D,
         lambda tf, x, w: tf.nn.conv2d_transpose(x, w, [2, 3, 6, 7], [1, 1, 2, 2], "SAME", data_format="NCHW"),
         [F(2, 2, 3, 4), F(3, 3, 3, 2)],
         lambda x, w: ref.last(ref.conv_transpose(ref.first(x), w, (2, 6, 7, 3), (2, 2), "SAME")),
         name="transpose_nchw", oracle=False, note=_NCHW),
    Case(_CONV2D, lambda tf, x, w: tf.nn.atrous_conv2d(x, w, 2, "SAME"), [F(1, 7, 6, 2), F(3, 3, 2, 3)],
         lambda x, w: ref.conv(x, w, (1, 1), "SAME", (2, 2)), name="atrous"),
    Case(_CONV2D, lambda tf, x, w: tf.nn.atrous_conv2d_transpose(x, w, [1, 7, 6, 3], 2, "SAME"),
         [F(1, 7, 6, 2), F(3, 3, 3, 2)], lambda x, w: ref.conv_transpose(x, w, (1, 7, 6, 3), (1, 1), "SAME", (2, 2)),
         name="atrous_transpose"),
    Case(_CONV2D, lambda tf, y, w: tf.nn.conv2d_backprop_input([2, 5, 6, 3], w, y, [1, 2, 2, 1], "SAME"),
         [F(2, 3, 3, 2), F(3, 3, 3, 2)], lambda y, w: ref.conv_transpose(y, w, (2, 5, 6, 3), (2, 2), "SAME"),
         name="backprop_input"),
    Case(_CONV2D, lambda tf, x, y: tf.nn.conv2d_backprop_filter(x, [3, 3, 3, 2], y, [1, 2, 2, 1], "SAME"),
         [F(2, 5, 6, 3), F(2, 3, 3, 2)], name="backprop_filter", note="the gradient checks of the other rows cover it"),
    Case(_CONV2D, lambda tf, x, w: tf.nn.conv1d(x, w, 2, "SAME"), [F(2, 7, 3), F(3, 3, 4)],
         lambda x, w: ref.conv(x, w, (2,), "SAME"), name="conv1d"),
    Case(_CONV2D, lambda tf, x, w: tf.nn.conv1d_transpose(x, w, [2, 8, 4], 2, "SAME"), [F(2, 4, 3), F(3, 4, 3)],
         lambda x, w: ref.conv_transpose(x, w, (2, 8, 4), (2,), "SAME"), name="conv1d_transpose"),
    Case(_CONV2D, lambda tf, x, w: tf.nn.convolution(x, w, "VALID", dilation_rate=[2, 1]),
         [F(2, 7, 6, 2), F(3, 3, 2, 2)], lambda x, w: ref.conv(x, w, (1, 1), "VALID", (2, 1)), name="convolution"),
    Case(_CONV2D, lambda tf, x, w: tf.nn.convolution(x, w, "SAME", strides=[2], data_format="NWC"),
         [F(2, 7, 2), F(3, 2, 2)], lambda x, w: ref.conv(x, w, (2,), "SAME"), name="convolution_1d"),
    Case(_CONV3D, lambda tf, x, w: tf.nn.conv3d(x, w, [1, 1, 1, 1, 1], "SAME"), [F(1, 3, 4, 5, 2), F(2, 3, 2, 2, 3)],
         lambda x, w: ref.conv(x, w, (1, 1, 1), "SAME"), name="same"),
    Case(_CONV3D, lambda tf, x, w: tf.nn.conv3d(x, w, [1, 2, 1, 2, 1], "VALID"),
         [F(1, 4, 4, 5, 2), F(2, 3, 2, 2, 3)], lambda x, w: ref.conv(x, w, (2, 1, 2), "VALID"), name="stride"),
    Case(_CONV3D, lambda tf, x, w: tf.nn.conv3d(x, w, [1] * 5, "VALID", data_format="NCDHW"),
         [F(1, 2, 4, 4, 5), F(2, 3, 2, 2, 3)],
         lambda x, w: ref.last(ref.conv(ref.first(x), w, (1, 1, 1), "VALID")), name="ncdhw", oracle=False, note=_NCHW),
    Case(_CONV3D, lambda tf, x, w: tf.nn.conv3d_transpose(x, w, [1, 4, 4, 5, 3], [1, 2, 2, 2, 1], "SAME"),
         [F(1, 2, 2, 3, 2), F(2, 3, 2, 3, 2)],
         lambda x, w: ref.conv_transpose(x, w, (1, 4, 4, 5, 3), (2, 2, 2), "SAME"), name="transpose"),
    Case(_DEPTHWISE, lambda tf, x, w: tf.nn.depthwise_conv2d(x, w, [1, 1, 1, 1], "SAME"),
         [F(2, 5, 6, 3), F(3, 2, 3, 2)], lambda x, w: ref.conv(x, w, (1, 1), "SAME", depthwise=True), name="same"),
    Case(_DEPTHWISE, lambda tf, x, w: tf.nn.depthwise_conv2d_native(x, w, [1, 2, 2, 1], "VALID"),
         [F(2, 6, 7, 3), F(3, 3, 3, 1)], lambda x, w: ref.conv(x, w, (2, 2), "VALID", depthwise=True), name="stride"),
    Case(_DEPTHWISE, lambda tf, x, w: tf.nn.depthwise_conv2d(x, w, [1, 1, 1, 1], "SAME", rate=[2, 2]),
         [F(2, 6, 7, 2), F(3, 3, 2, 2)], lambda x, w: ref.conv(x, w, (1, 1), "SAME", (2, 2), depthwise=True),
         name="rate"),
    Case(_DEPTHWISE,
         lambda tf, x, w: tf.nn.depthwise_conv2d(x, w, [1, 1, 1, 1], "SAME", data_format="NCHW"),
         [F(2, 3, 5, 6), F(3, 2, 3, 2)],
         lambda x, w: ref.last(ref.conv(ref.first(x), w, (1, 1), "SAME", depthwise=True)), name="nchw", oracle=False,
         note=_NCHW),
    Case(("Conv2D", "DepthwiseConv2dNative"),
         lambda tf, x, d, p: tf.nn.separable_conv2d(x, d, p, [1, 2, 2, 1], "SAME"),
         [F(2, 5, 6, 2), F(3, 3, 2, 2), F(1, 1, 4, 3)],
         lambda x, d, p: np.tensordot(ref.conv(x, d, (2, 2), "SAME", depthwise=True), p[0, 0], 1), name="separable"),
]  # fmt: skip
