"""The public convolutions of sequences and volumes, and ``convolution``, which takes any number of axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.operation import Tensor
from gradiente.graph.source import user_line
from gradiente.ops.nn_convolutions import either, per_axis, sizes_tensor, split_padding


def _flat_layout(data_format: str | None) -> tuple[str, int]:
    """The layout of the images that sequences are made, and the axis that is added."""
    return ("NCHW", 2) if data_format is not None and data_format.startswith("NC") else ("NHWC", 1)


def conv1d(
    value: Any = None, filters: Any = None, stride: Any = None, padding: Any = None, use_cudnn_on_gpu: Any = None,
    data_format: str | None = None, name: str | None = None, input: Any = None, dilations: Any = None,
) -> Tensor:  # fmt: skip
    """Slide filters over sequences.

    y[n, i, m] = Σ_{a, c} x[n, S·i + D·a − P, c] · filters[a, c, m]

    Args:
        value: [batch, width, channels], or [batch, channels, width] with ``"NCW"``. ``input`` is its newer name.
        filters: [width, input channels, output channels].
        stride: the step.
        padding: ``"SAME"`` or ``"VALID"``.
        use_cudnn_on_gpu: accepted; XLA chooses.
        data_format: ``"NWC"`` or ``"NCW"`` (``"NHWC"``, ``"NCHW"`` in old programs).
        name: the operation's name.
        input: see ``value``.
        dilations: the distance between the elements that the filter sees.

    Source: TensorFlow 1's ``tf.nn.conv1d``.
    """
    x = either("conv1d", "value", value, "input", input)
    form, axis = _flat_layout(data_format)
    with name_scope(name, "conv1d", [x, filters]) as scope:
        images = apply("ExpandDims", convert_to_tensor(x, name="value"), axis)
        taps = apply("ExpandDims", convert_to_tensor(filters, name="filters"), 0)
        made = apply(
            "Conv2D", images, taps, strides=_with_one(stride, form, axis, "stride"),
            padding=split_padding(padding)[0], data_format=form, use_cudnn_on_gpu=use_cudnn_on_gpu is not False,
            dilations=_with_one(dilations, form, axis, "dilations"),
        )  # fmt: skip
        return apply("Squeeze", made, squeeze_dims=[axis], name=scope)


def _with_one(value: Any, form: str, axis: int, name: str) -> list[int]:
    """Strides or dilations of sequences as those of images."""
    values = per_axis(value, 1, form, name)
    return [*values[:axis], 1, *values[axis:]]


def conv1d_transpose(
    input: Any, filters: Any, output_shape: Any, strides: Any, padding: Any = "SAME", data_format: str = "NWC",
    dilations: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """The transpose of ``conv1d``.

    Args:
        input: [batch, width, input channels].
        filters: [width, output channels, input channels].
        output_shape: the shape of the result; a convolution of it must give the width of ``input``.
        strides: the step.
        padding: ``"SAME"`` or ``"VALID"``.
        data_format: ``"NWC"`` or ``"NCW"``.
        dilations: the distance between the elements that the filter reaches.
        name: the operation's name.

    Source: TensorFlow 1's ``tf.nn.conv1d_transpose``.
    """
    form, axis = _flat_layout(data_format)
    with name_scope(name, "conv1d_transpose", [input, filters]) as scope:
        sizes = sizes_tensor(output_shape)
        before = apply("StridedSlice", sizes, [0], [axis], [1], begin_mask=1)
        after = apply("StridedSlice", sizes, [axis], [0], [1], end_mask=1)
        made = apply(
            "Conv2DBackpropInput", apply("ConcatV2", [before, np.ones(1, np.int32), after], 0),
            apply("ExpandDims", filters, 0), apply("ExpandDims", input, axis),
            strides=_with_one(strides, form, axis, "strides"), padding=split_padding(padding)[0], data_format=form,
            dilations=_with_one(dilations, form, axis, "dilations"),
        )  # fmt: skip
        return apply("Squeeze", made, squeeze_dims=[axis], name=scope)


def conv3d(
    input: Any, filter: Any = None, strides: Any = None, padding: Any = None, data_format: str | None = "NDHWC",
    dilations: Any = None, name: str | None = None, filters: Any = None,
) -> Tensor:  # fmt: skip
    """Slide filters over volumes.

    Args:
        input: [batch, depth, height, width, channels].
        filter: [depth, height, width, input channels, output channels]. ``filters`` is its newer name.
        strides: the step along each axis, [1, S, S, S, 1].
        padding: ``"SAME"`` or ``"VALID"``.
        data_format: ``"NDHWC"`` or ``"NCDHW"``.
        dilations: the distance between the elements that the filter sees, per axis.
        name: the operation's name.
        filters: see ``filter``.

    Source: TensorFlow 1's ``tf.nn.conv3d``.
    """
    form = data_format or "NDHWC"
    return apply(
        "Conv3D", input, either("conv3d", "filter", filter, "filters", filters), name=name,
        strides=per_axis(strides, 3, form, "strides"), padding=padding, data_format=form,
        dilations=per_axis(dilations, 3, form, "dilations"),
    )  # fmt: skip


def conv3d_transpose(
    value: Any = None, filter: Any = None, output_shape: Any = None, strides: Any = None, padding: Any = "SAME",
    data_format: str | None = "NDHWC", name: str | None = None, input: Any = None, filters: Any = None,
    dilations: Any = None,
) -> Tensor:  # fmt: skip
    """The transpose of ``conv3d``.

    Args:
        value: [batch, depth, height, width, input channels]. ``input`` is its newer name.
        filter: [depth, height, width, output channels, input channels].
        output_shape: the shape of the result; a convolution of it must give the sizes of ``value``.
        strides: the step along each axis of the result.
        padding: ``"SAME"`` or ``"VALID"``.
        data_format: ``"NDHWC"`` or ``"NCDHW"``.
        name: the operation's name.
        input: see ``value``.
        filters: the newer name of ``filter``.
        dilations: the distance between the elements that the filter reaches, per axis.

    Source: TensorFlow 1's ``tf.nn.conv3d_transpose``.
    """
    x = either("conv3d_transpose", "value", value, "input", input)
    taps = either("conv3d_transpose", "filter", filter, "filters", filters)
    form = data_format or "NDHWC"
    with name_scope(name, "conv3d_transpose", [x, taps]) as scope:
        return apply(
            "Conv3DBackpropInputV2", sizes_tensor(output_shape), taps, x, name=scope,
            strides=per_axis(strides, 3, form, "strides"), padding=padding, data_format=form,
            dilations=per_axis(dilations, 3, form, "dilations"),
        )  # fmt: skip


def conv3d_backprop_filter_v2(
    input: Any, filter_sizes: Any, out_backprop: Any, strides: Any, padding: str, data_format: str = "NDHWC",
    dilations: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """The derivative of ``conv3d`` with respect to its filter, for a given derivative of its output.

    Args:
        input: the volumes.
        filter_sizes: the shape of the filter.
        out_backprop: the derivative with respect to the convolution's output.
        strides: as in ``conv3d``, like the arguments that follow.
        padding: as in ``conv3d``.
        data_format: as in ``conv3d``.
        dilations: as in ``conv3d``.
        name: the operation's name.
    """
    return apply(
        "Conv3DBackpropFilterV2", input, sizes_tensor(filter_sizes), out_backprop, name=name,
        strides=per_axis(strides, 3, data_format, "strides"), padding=padding, data_format=data_format,
        dilations=per_axis(dilations, 3, data_format, "dilations"),
    )  # fmt: skip


def convolution(
    input: Any, filter: Any = None, padding: Any = None, strides: Any = None, dilation_rate: Any = None,
    name: str | None = None, data_format: str | None = None, filters: Any = None, dilations: Any = None,
) -> Tensor:  # fmt: skip
    """Slide filters over one, two or three spatial axes.

    Args:
        input: [batch, *spatial, channels], or [batch, channels, *spatial] where ``data_format`` begins with ``"NC"``.
        filter: [*window, input channels, output channels]. ``filters`` is its newer name.
        padding: ``"SAME"`` or ``"VALID"``.
        strides: the step along each spatial axis; 1 by default.
        dilation_rate: the distance between the elements that the filter sees along each spatial axis.
        name: the operation's name.
        data_format: for instance ``"NWC"``, ``"NCHW"``.
        filters: see ``filter``.
        dilations: the newer name of ``dilation_rate``.

    Raises:
        ValueError: if the filter has not one, two or three spatial axes.

    Source: TensorFlow 1's ``tf.nn.convolution``.
    """
    taps = convert_to_tensor(either("convolution", "filter", filter, "filters", filters), name="filter")
    rank = taps.shape.ndims if taps.shape.ndims is not None else convert_to_tensor(input).shape.ndims
    if rank is None or not 3 <= rank <= 5:
        raise ValueError(
            f"The filter of a convolution is [*window, input channels, output channels] with one to three sizes in window, "
            f"but has shape {taps.shape}. At {user_line()}"
        )
    spread = dilation_rate if dilations is None else dilations
    if rank == 3:
        return conv1d(
            input,
            taps,
            strides or 1,
            padding,
            data_format=data_format,
            name=name or "convolution",
            dilations=spread,
        )
    first = data_format is not None and data_format.startswith("NC")
    form = ("NCHW" if first else "NHWC") if rank == 4 else "NCDHW" if first else "NDHWC"
    attrs: dict[str, Any] = {
        "strides": per_axis(strides, rank - 2, form, "strides"), "padding": split_padding(padding)[0],
        "data_format": form, "dilations": per_axis(spread, rank - 2, form, "dilations"),
    }  # fmt: skip
    return apply("Conv2D" if rank == 4 else "Conv3D", input, taps, name=name or "convolution", **attrs)
