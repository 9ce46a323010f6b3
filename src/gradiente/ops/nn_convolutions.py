"""The public convolutions in two dimensions: plain, transposed, dilated, depthwise and separable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.operation import Tensor
from gradiente.graph.source import user_line


def either(function: str, name: str, value: Any, new_name: str, new_value: Any) -> Any:
    """The argument ``name``, or ``new_name``, by which newer programs give it.

    Raises:
        ValueError: if both or neither are given.
    """
    if (value is None) == (new_value is None):
        which = "only one of" if value is not None else "one of"
        raise ValueError(f"{function} needs {which} {name!r} and {new_name!r}. At {user_line()}")
    return new_value if value is None else value


def per_axis(value: Any, spatial: int, data_format: str, name: str) -> list[int]:
    """Strides or dilations as one number per axis of the input, from a single number, one per spatial axis, or all.

    Raises:
        ValueError: if the count is another.
    """
    if value is None:
        return [1] * (spatial + 2)
    values = [int(v) for v in np.atleast_1d(np.asarray(value))]
    if len(values) == 1:
        values = values * spatial
    if len(values) == spatial:
        return [1, 1, *values] if data_format.startswith("NC") else [1, *values, 1]
    if len(values) != spatial + 2:
        raise ValueError(
            f"{name} should be of length 1, {spatial} or {spatial + 2} but was {len(values)}: {values}. At {user_line()}"
        )
    return values


def split_padding(padding: Any) -> tuple[Any, list[int]]:
    """The attributes ``padding`` and ``explicit_paddings`` from a name, or from a list of [before, after] per axis.

    Raises:
        ValueError: if it is neither.
    """
    if padding is None:
        raise ValueError(
            f"padding must be given: 'SAME', 'VALID', or a list of [before, after] per axis. At {user_line()}"
        )
    if isinstance(padding, (str, bytes)):
        name = padding.decode() if isinstance(padding, bytes) else padding
        if name == "EXPLICIT":
            raise ValueError(
                f"'EXPLICIT' is not a valid value for padding; give the list of [before, after] per axis. At {user_line()}"
            )
        return name, []
    pairs = [list(p) for p in padding]
    if any(len(p) != 2 for p in pairs):
        raise ValueError(
            f"An explicit padding has a pair [before, after] per axis, got {padding!r}. At {user_line()}"
        )
    return "EXPLICIT", [int(v) for pair in pairs for v in pair]


def conv2d(
    input: Any, filter: Any = None, strides: Any = None, padding: Any = None, use_cudnn_on_gpu: bool = True,
    data_format: str | None = "NHWC", dilations: Any = None, name: str | None = None, filters: Any = None,
) -> Tensor:  # fmt: skip
    """Slide filters over images.

    y[n, i, j, m] = Σ_{a, b, c} x[n, S·i + D·a − P, S·j + D·b − P, c] · filter[a, b, c, m]

    The output's height and width are (W − F + 2P)/S + 1, rounded down; ⌈W/S⌉ with SAME.

    Args:
        input: images, [batch, height, width, channels] (or [batch, channels, height, width], see ``data_format``).
        filter: [height, width, input channels, output channels]. ``filters`` is its newer name.
        strides: the step along each axis of the input, [1, S, S, 1]; a single number serves height and width.
        padding: ``"SAME"`` (zeros around, an odd one after), ``"VALID"`` (none), or a list of [before, after] per axis.
        use_cudnn_on_gpu: accepted; XLA chooses.
        data_format: ``"NHWC"`` or ``"NCHW"``.
        dilations: the distance between the elements that the filter sees, per axis.
        name: the operation's name.
        filters: see ``filter``.

    Returns:
        A tensor of the type of ``input``, its spatial axes as above, with one channel per filter.

    Raises:
        ValueError: if ranks or channels do not fit, or no window fits in the image.

    >>> x = tf.placeholder(tf.float32, [None, 32, 32, 3])
    >>> tf.nn.conv2d(x, tf.zeros([5, 5, 3, 12]), strides=[1, 1, 1, 1], padding="SAME").shape.as_list()
    [None, 32, 32, 12]
    >>> tf.nn.conv2d(x, tf.zeros([5, 5, 3, 12]), strides=[1, 3, 3, 1], padding="VALID").shape.as_list()
    [None, 10, 10, 12]

    Source: LeCun et al. 1989; TensorFlow 1's ``tf.nn.conv2d``.
    """
    form = data_format or "NHWC"
    name_of_padding, explicit = split_padding(padding)
    return apply(
        "Conv2D", input, either("conv2d", "filter", filter, "filters", filters), name=name,
        strides=per_axis(strides, 2, form, "strides"), padding=name_of_padding, explicit_paddings=explicit,
        use_cudnn_on_gpu=use_cudnn_on_gpu is not False, data_format=form,
        dilations=per_axis(dilations, 2, form, "dilations"),
    )  # fmt: skip


def conv2d_transpose(
    value: Any = None, filter: Any = None, output_shape: Any = None, strides: Any = None, padding: Any = "SAME",
    data_format: str | None = "NHWC", name: str | None = None, input: Any = None, filters: Any = None,
    dilations: Any = None,
) -> Tensor:  # fmt: skip
    """The transpose of ``conv2d``: each value of the input adds its multiple of the filter to the output.

    It is the derivative of a convolution with respect to its images; also called deconvolution.

    Args:
        value: [batch, height, width, input channels]. ``input`` is its newer name.
        filter: [height, width, output channels, input channels].
        output_shape: the shape of the result; a convolution of it must give the height and width of ``value``.
        strides: the step along each axis of the result.
        padding: ``"SAME"``, ``"VALID"``, or a list of [before, after] per axis.
        data_format: ``"NHWC"`` or ``"NCHW"``.
        name: the operation's name.
        input: see ``value``.
        filters: the newer name of ``filter``.
        dilations: the distance between the elements that the filter reaches, per axis.

    Raises:
        ValueError: if ``output_shape`` does not fit.

    Source: Zeiler et al. 2010; TensorFlow 1's ``tf.nn.conv2d_transpose``.
    """
    x = either("conv2d_transpose", "value", value, "input", input)
    taps = either("conv2d_transpose", "filter", filter, "filters", filters)
    form = data_format or "NHWC"
    name_of_padding, explicit = split_padding(padding)
    with name_scope(name, "conv2d_transpose", [x, taps]) as scope:
        return apply(
            "Conv2DBackpropInput", sizes_tensor(output_shape), taps, x, name=scope,
            strides=per_axis(strides, 2, form, "strides"), padding=name_of_padding, explicit_paddings=explicit,
            data_format=form, dilations=per_axis(dilations, 2, form, "dilations"),
        )  # fmt: skip


def sizes_tensor(sizes: Any) -> Tensor:
    """A shape as an int32 tensor, which the derivatives of convolutions take it as."""
    tensor = convert_to_tensor(sizes, name="input_sizes", dtype_hint="int32")
    return tensor if tensor.dtype.name == "int32" else apply("Cast", tensor, DstT="int32")


def atrous_conv2d(value: Any, filters: Any, rate: int, padding: Any, name: str | None = None) -> Tensor:
    """A convolution whose filter sees every ``rate``-th element: dilated, with holes.

    Args:
        value: [batch, height, width, input channels].
        filters: [height, width, input channels, output channels].
        rate: the distance between the elements that the filter sees.
        padding: ``"SAME"`` or ``"VALID"``.
        name: the operation's name.

    Source: Chen et al. 2014; TensorFlow 1's ``tf.nn.atrous_conv2d``.
    """
    return conv2d(
        value, filters, [1, 1, 1, 1], padding, dilations=[1, rate, rate, 1], name=name or "convolution"
    )


def atrous_conv2d_transpose(
    value: Any, filters: Any, output_shape: Any, rate: int, padding: Any, name: str | None = None
) -> Tensor:
    """The transpose of ``atrous_conv2d``.

    Args:
        value: [batch, height, width, input channels].
        filters: [height, width, output channels, input channels].
        output_shape: the shape of the result.
        rate: the distance between the elements that the filter reaches.
        padding: ``"SAME"`` or ``"VALID"``.
        name: the operation's name.

    Source: TensorFlow 1's ``tf.nn.atrous_conv2d_transpose``.
    """
    return conv2d_transpose(
        value, filters, output_shape, [1, 1, 1, 1], padding, name=name or "atrous_conv2d_transpose",
        dilations=[1, rate, rate, 1],
    )  # fmt: skip


def conv2d_backprop_input(
    input_sizes: Any, filter: Any = None, out_backprop: Any = None, strides: Any = None, padding: Any = None,
    use_cudnn_on_gpu: bool = True, data_format: str = "NHWC", dilations: Any = None, name: str | None = None,
    filters: Any = None,
) -> Tensor:  # fmt: skip
    """The derivative of ``conv2d`` with respect to its images, for a given derivative of its output.

    Args:
        input_sizes: the shape of the images.
        filter: the filter. ``filters`` is its newer name.
        out_backprop: the derivative with respect to the convolution's output.
        strides: as in ``conv2d``, like the arguments that follow.
        padding: as in ``conv2d``.
        use_cudnn_on_gpu: accepted; XLA chooses.
        data_format: as in ``conv2d``.
        dilations: as in ``conv2d``.
        name: the operation's name.
        filters: see ``filter``.
    """
    taps = either("conv2d_backprop_input", "filter", filter, "filters", filters)
    name_of_padding, explicit = split_padding(padding)
    return apply(
        "Conv2DBackpropInput", sizes_tensor(input_sizes), taps, out_backprop, name=name,
        strides=per_axis(strides, 2, data_format, "strides"), padding=name_of_padding, explicit_paddings=explicit,
        use_cudnn_on_gpu=use_cudnn_on_gpu, data_format=data_format,
        dilations=per_axis(dilations, 2, data_format, "dilations"),
    )  # fmt: skip


def conv2d_backprop_filter(
    input: Any, filter_sizes: Any, out_backprop: Any, strides: Any, padding: Any, use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC", dilations: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """The derivative of ``conv2d`` with respect to its filter, for a given derivative of its output.

    Args:
        input: the images.
        filter_sizes: the shape of the filter.
        out_backprop: the derivative with respect to the convolution's output.
        strides: as in ``conv2d``, like the arguments that follow.
        padding: as in ``conv2d``.
        use_cudnn_on_gpu: accepted; XLA chooses.
        data_format: as in ``conv2d``.
        dilations: as in ``conv2d``.
        name: the operation's name.
    """
    name_of_padding, explicit = split_padding(padding)
    return apply(
        "Conv2DBackpropFilter", input, sizes_tensor(filter_sizes), out_backprop, name=name,
        strides=per_axis(strides, 2, data_format, "strides"), padding=name_of_padding, explicit_paddings=explicit,
        use_cudnn_on_gpu=use_cudnn_on_gpu, data_format=data_format,
        dilations=per_axis(dilations, 2, data_format, "dilations"),
    )  # fmt: skip


def depthwise_conv2d_native(
    input: Any, filter: Any = None, strides: Any = None, padding: Any = None, data_format: str | None = "NHWC",
    dilations: Any = None, name: str | None = None, filters: Any = None,
) -> Tensor:  # fmt: skip
    """A convolution in which each input channel has filters of its own.

    y[n, i, j, c·M + m] = Σ_{a, b} x[n, S·i + D·a − P, S·j + D·b − P, c] · filter[a, b, c, m]

    Args:
        input: [batch, height, width, channels].
        filter: [height, width, channels, M]. ``filters`` is its newer name.
        strides: the step along each axis, [1, S, S, 1].
        padding: ``"SAME"``, ``"VALID"``, or a list of [before, after] per axis.
        data_format: ``"NHWC"`` or ``"NCHW"``.
        dilations: the distance between the elements that the filter sees, per axis.
        name: the operation's name.
        filters: see ``filter``.

    Returns:
        A tensor with M channels for each channel of the input.

    Source: TensorFlow 1's ``tf.nn.depthwise_conv2d_native``.
    """
    form = data_format or "NHWC"
    name_of_padding, explicit = split_padding(padding)
    taps = either("depthwise_conv2d_native", "filter", filter, "filters", filters)
    return apply(
        "DepthwiseConv2dNative", input, taps, name=name, strides=per_axis(strides, 2, form, "strides"),
        padding=name_of_padding, explicit_paddings=explicit, data_format=form,
        dilations=per_axis(dilations, 2, form, "dilations"),
    )  # fmt: skip


def depthwise_conv2d(
    input: Any, filter: Any = None, strides: Any = None, padding: Any = None, rate: Sequence[int] | None = None,
    name: str | None = None, data_format: str | None = None, dilations: Any = None, filters: Any = None,
) -> Tensor:  # fmt: skip
    """A convolution in which each input channel has filters of its own (see ``depthwise_conv2d_native``).

    Args:
        input: [batch, height, width, channels].
        filter: [height, width, channels, multiplier]. ``filters`` is its newer name.
        strides: the step along each axis, [1, S, S, 1].
        padding: ``"SAME"``, ``"VALID"``, or a list of [before, after] per axis.
        rate: the dilation in height and width. ``dilations`` is its newer name.
        name: the operation's name.
        data_format: ``"NHWC"`` or ``"NCHW"``.
        dilations: see ``rate``.
        filters: see ``filter``.

    Source: TensorFlow 1's ``tf.nn.depthwise_conv2d``.
    """
    with name_scope(name, "depthwise", [input, filter]) as scope:
        spread = rate if dilations is None else dilations
        return depthwise_conv2d_native(
            input, filter, strides, padding, data_format, spread, name=scope, filters=filters
        )


def separable_conv2d(
    input: Any, depthwise_filter: Any, pointwise_filter: Any, strides: Any, padding: Any,
    rate: Sequence[int] | None = None, name: str | None = None, data_format: str | None = None, dilations: Any = None,
) -> Tensor:  # fmt: skip
    """A depthwise convolution followed by a 1×1 convolution that mixes the channels.

    Args:
        input: [batch, height, width, channels].
        depthwise_filter: [height, width, channels, multiplier].
        pointwise_filter: [1, 1, channels · multiplier, output channels].
        strides: the step of the depthwise convolution along each axis.
        padding: ``"SAME"``, ``"VALID"``, or a list of [before, after] per axis.
        rate: the dilation in height and width. ``dilations`` is its newer name.
        name: the operation's name.
        data_format: ``"NHWC"`` or ``"NCHW"``.
        dilations: see ``rate``.

    Raises:
        ValueError: if the filters do not fit each other.

    Source: Chollet 2016; TensorFlow 1's ``tf.nn.separable_conv2d``.
    """
    with name_scope(name, "separable_conv2d", [input, depthwise_filter, pointwise_filter]) as scope:
        mixing = convert_to_tensor(pointwise_filter, name="pointwise_filter")
        window = mixing.shape.with_rank(4).as_list()[:2]
        if any(w not in (None, 1) for w in window):
            raise ValueError(
                f"pointwise_filter must be 1×1, [1, 1, ...], but has shape {mixing.shape}. At {user_line()}"
            )
        channels = depthwise_conv2d(
            input, depthwise_filter, strides, padding, rate, "depthwise", data_format, dilations
        )
        return conv2d(channels, mixing, [1, 1, 1, 1], "VALID", data_format=data_format, name=scope)
