"""The convolution ops and their gradients with respect to input and filter: Conv2D, Conv3D, DepthwiseConv2dNative.

Each family has three ops: the convolution, and its derivatives. Each is linear in both of its inputs, so the derivatives
of the derivatives are ops of the same family. The public functions are in ``nn_convolutions``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.constants import constant_value_as_shape
from gradiente.graph.dtypes import FLOATS, INDICES, DType, int32
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import attr, register
from gradiente.graph.shapes import TensorShape
from gradiente.graph.types import Array, Namespace
from gradiente.ops import nn_conv_device, nn_conv_numpy
from gradiente.ops.nn_window import (
    PADDINGS,
    SAME_OR_VALID,
    Layout,
    Pads,
    Window,
    check_per_axis,
    explicit_pairs,
    layout,
    output_sizes,
    padding_of,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Family:
    """Three ops that belong together.

    Attributes:
        forward: the convolution's op type.
        to_input: the op type of its derivative with respect to the input.
        to_filter: the op type of its derivative with respect to the filter.
        spatial: the number of spatial axes.
        depthwise: whether each channel has filters of its own.
    """

    forward: str
    to_input: str
    to_filter: str
    spatial: int
    depthwise: bool


CONV2D = Family("Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter", 2, False)
CONV3D = Family("Conv3D", "Conv3DBackpropInputV2", "Conv3DBackpropFilterV2", 3, False)
DEPTHWISE = Family(
    "DepthwiseConv2dNative",
    "DepthwiseConv2dNativeBackpropInput",
    "DepthwiseConv2dNativeBackpropFilter",
    2,
    True,
)

_ATTRS_2D: Mapping[str, Any] = {
    "strides": attr("list(int)"), "padding": attr("string", allowed=PADDINGS), "explicit_paddings": attr("list(int)", []),
    "data_format": attr("string", "NHWC", ("NHWC", "NCHW")), "dilations": [1, 1, 1, 1],
}  # fmt: skip
_ATTRS_3D: Mapping[str, Any] = {
    "strides": attr("list(int)"), "padding": attr("string", allowed=SAME_OR_VALID),
    "data_format": attr("string", "NDHWC", ("NDHWC", "NCDHW")), "dilations": [1, 1, 1, 1, 1],
}  # fmt: skip


def _windows(attrs: Mapping[str, Any], where: Layout, filter_sizes: Sequence[int]) -> tuple[Window, ...]:
    strides, dilations = where.per_axis(attrs["strides"]), where.per_axis(attrs["dilations"])
    return tuple(Window(int(f), s, d) for f, s, d in zip(filter_sizes, strides, dilations, strict=True))


def _geometry(
    attrs: Mapping[str, Any], where: Layout, sizes: Sequence[int], filter_sizes: Sequence[int]
) -> tuple[tuple[Window, ...], Pads]:
    windows = _windows(attrs, where, filter_sizes)
    return windows, padding_of(sizes, windows, attrs["padding"], explicit_pairs(attrs, where.spatial))


def _depth_error(x: TensorShape, filters: TensorShape, where: Layout) -> str:
    given, wanted = x.as_list()[where.channels], filters.as_list()[-2]
    text = (
        f"The input depth {given} must equal the filter's {wanted}: the input {x} has {given} channels (axis "
        f"{where.channels}), and the filter {filters} is made for {wanted} (its axis {len(filters) - 2})."
    )
    if (given, wanted) == (3, 1):
        return text + (
            " The input looks like colour images and the filter like one for grey images: give the filter 3 input channels, "
            "or convert the images with tf.image.rgb_to_grayscale."
        )
    if (given, wanted) == (1, 3):
        return text + (
            " The input looks like grey images and the filter like one for colour images: give the filter 1 input channel, "
            "or convert the images with tf.image.grayscale_to_rgb."
        )
    other = 1 if where.channels != 1 else len(x) - 1
    if x.as_list()[other] == wanted:
        return text + f" Axis {other} of the input has {wanted}: is data_format the other one?"
    return text + " A filter is [height, width, input channels, output channels]."


def _check_ranks(x: TensorShape, filters: TensorShape, spatial: int) -> None:
    rank = spatial + 2
    if not filters.has_rank(rank):
        raise ValueError(
            f"The filter must have rank {rank}, [{', '.join(['size'] * spatial)}, input channels, output channels], but its "
            f"shape is {filters}."
        )
    if not x.has_rank(rank):
        hint = "The input is a batch of images, [batch, height, width, channels] by default."
        if x.ndims == rank - 1:
            hint = "If the batch dimension is missing, add it with tf.expand_dims(x, 0)."
        elif x.ndims == 2:
            hint = "If each row is an image, reshape it first: tf.reshape(x, [-1, height, width, channels])."
        raise ValueError(f"The input must have rank {rank}, but has shape {x}. {hint}")


def _checked_forward(
    family: Family, op: Operation, x: TensorShape, filters: TensorShape
) -> tuple[Any, Any, Any, Layout]:
    """The plain shapes of input and filter, the plain output shape, and the layout; raises if they don't fit."""
    where = layout(op.attrs["data_format"], family.spatial)
    rank = family.spatial + 2
    check_per_axis("strides", op.attrs["strides"], rank, where)
    check_per_axis("dilations", op.attrs["dilations"], rank, where)
    _check_ranks(x, filters, family.spatial)
    known, taps = x.with_rank(rank), filters.with_rank(rank)
    inputs, window = known.as_list(), taps.as_list()
    depth = inputs[where.channels]
    if depth is not None and window[-2] is not None and depth != window[-2]:
        raise ValueError(_depth_error(known, taps, where))
    outputs: Sequence[int | None] = (None,) * family.spatial
    if None not in window[:-2]:
        sizes = [inputs[a] for a in where.spatial]
        windows = _windows(op.attrs, where, [w or 0 for w in window[:-2]])
        outputs = output_sizes(sizes, windows, op.attrs["padding"], explicit_pairs(op.attrs, where.spatial))
    channels = window[-1]
    if family.depthwise:
        depth = window[-2] if depth is None else depth
        channels = None if depth is None or window[-1] is None else depth * window[-1]
    return inputs, window, where.assemble(inputs[0], outputs, channels), where


def _forward_shape(family: Family) -> Callable[[Operation], list[Any]]:
    return lambda op: [_checked_forward(family, op, op.inputs[0].shape, op.inputs[1].shape)[2]]


def _check_gradient_shape(
    family: Family, op: Operation, x: TensorShape, filters: TensorShape, grad: TensorShape
) -> None:
    """Require that convolving ``x`` with ``filters`` gives the shape of ``grad``."""
    _, window, expected, where = _checked_forward(family, op, x, filters)
    if grad.is_compatible_with(TensorShape.of(expected)):
        return
    text = (
        f"An input of shape {x} and a filter of shape {filters} with strides {list(op.attrs['strides'])} and padding "
        f"{op.attrs['padding']} make an output of shape {TensorShape.of(expected)}, but out_backprop has shape {grad}."
    )
    received = grad.with_rank(family.spatial + 2).as_list()
    for axis, stride, size in zip(
        where.spatial, where.per_axis(op.attrs["strides"]), window[:-2], strict=True
    ):
        if None not in (expected[axis], received[axis]) and expected[axis] != received[axis]:
            text += (
                f" Along axis {axis}, (W − F + 2P)/S + 1 with F = {size}, S = {stride} must be {received[axis]}"
                f"{'; a stride of 1 keeps the size' if stride == 1 else f', rounded {_rounding(op)}'}."
            )
    raise ValueError(
        text + " For a transposed convolution: out_backprop is its input, and the input its output_shape."
    )


def _rounding(op: Operation) -> str:
    return "as W/S up" if op.attrs["padding"] == "SAME" else "down"


def _to_input_shape(family: Family) -> Callable[[Operation], list[Any]]:
    def rule(op: Operation) -> list[Any]:
        filters, grad = op.inputs[1].shape, op.inputs[2].shape
        sizes = constant_value_as_shape(op.inputs[0]).with_rank(family.spatial + 2)
        _check_gradient_shape(family, op, sizes, filters, grad)
        where = layout(op.attrs["data_format"], family.spatial)
        batch = grad.with_rank(family.spatial + 2).as_list()[0]
        depth = filters.with_rank(family.spatial + 2).as_list()[-2]
        return [sizes.merge_with(where.assemble(batch, (None,) * family.spatial, depth))]

    return rule


def _to_filter_shape(family: Family) -> Callable[[Operation], list[Any]]:
    def rule(op: Operation) -> list[Any]:
        filters = constant_value_as_shape(op.inputs[1]).with_rank(family.spatial + 2)
        _check_gradient_shape(family, op, op.inputs[0].shape, filters, op.inputs[2].shape)
        return [filters]

    return rule


def _channels_last(xp: Namespace, x: Array, where: Layout) -> Array:
    return xp.moveaxis(x, 1, -1) if where.channels == 1 else x


def _as_given(xp: Namespace, x: Array, where: Layout) -> Array:
    return xp.moveaxis(x, -1, 1) if where.channels == 1 else x


def _forward(family: Family, kernels: Any) -> Callable[..., Array]:
    kernel = kernels.depthwise if family.depthwise else kernels.conv

    def compute(xp: Namespace, x: Array, filters: Array, *, op: Operation) -> Array:
        _checked_forward(family, op, TensorShape.of(x.shape), TensorShape.of(filters.shape))
        where = layout(op.attrs["data_format"], family.spatial)
        images = _channels_last(xp, x, where)
        windows, pads = _geometry(op.attrs, where, images.shape[1:-1], filters.shape[:-2])
        return _as_given(xp, kernel(images, filters, windows, pads), where)

    return compute


def _to_input(family: Family, kernels: Any) -> Callable[..., Array]:
    kernel = kernels.depthwise_input_gradient if family.depthwise else kernels.conv_input_gradient

    def compute(xp: Namespace, input_sizes: Array, filters: Array, grad: Array, *, op: Operation) -> Array:
        full = TensorShape.of(tuple(int(s) for s in input_sizes))
        _check_gradient_shape(family, op, full, TensorShape.of(filters.shape), TensorShape.of(grad.shape))
        where = layout(op.attrs["data_format"], family.spatial)
        sizes = where.per_axis([int(s) for s in input_sizes])
        windows, pads = _geometry(op.attrs, where, sizes, filters.shape[:-2])
        return _as_given(xp, kernel(_channels_last(xp, grad, where), filters, sizes, windows, pads), where)

    return compute


def _to_filter(family: Family, kernels: Any) -> Callable[..., Array]:
    def compute(xp: Namespace, x: Array, filter_sizes: Array, grad: Array, *, op: Operation) -> Array:
        full = TensorShape.of(tuple(int(s) for s in filter_sizes))
        _check_gradient_shape(family, op, TensorShape.of(x.shape), full, TensorShape.of(grad.shape))
        where = layout(op.attrs["data_format"], family.spatial)
        images, received = _channels_last(xp, x, where), _channels_last(xp, grad, where)
        windows, pads = _geometry(op.attrs, where, images.shape[1:-1], [int(s) for s in filter_sizes[:-2]])
        if family.depthwise:
            return kernels.depthwise_filter_gradient(images, received, windows, pads, int(filter_sizes[-1]))
        return kernels.conv_filter_gradient(images, received, windows, pads)

    return compute


def _same_attrs(op: Operation) -> dict[str, Any]:
    names = ("strides", "padding", "explicit_paddings", "data_format", "dilations", "use_cudnn_on_gpu")
    return {k: op.attrs[k] for k in names if k in op.attrs}


def _sizes(x: Tensor) -> Any:
    """The shape of ``x`` for an op's size input: a constant where it is known."""
    return np.asarray(x.shape.as_list(), np.int32) if x.shape.is_fully_defined() else apply("Shape", x)


def _gradients(family: Family) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    def forward(op: Operation, grad: Tensor) -> list[Any]:
        x, filters = op.inputs
        return [
            apply(family.to_input, _sizes(x), filters, grad, **_same_attrs(op)),
            apply(family.to_filter, x, _sizes(filters), grad, **_same_attrs(op)),
        ]

    def to_input(op: Operation, grad: Tensor) -> list[Any]:
        _, filters, received = op.inputs
        return [
            None,
            apply(family.to_filter, grad, _sizes(filters), received, **_same_attrs(op)),
            apply(family.forward, grad, filters, **_same_attrs(op)),
        ]

    def to_filter(op: Operation, grad: Tensor) -> list[Any]:
        x, _, received = op.inputs
        return [
            apply(family.to_input, _sizes(x), grad, received, **_same_attrs(op)),
            None,
            apply(family.forward, x, grad, **_same_attrs(op)),
        ]

    return forward, to_input, to_filter


def _register(
    family: Family,
    attrs: Mapping[str, Any],
    types: Sequence[DType],
    size_types: tuple[str, str],
    size_attrs: Any = None,
) -> None:
    forward, to_input, to_filter = _gradients(family)
    allowed: dict[str, Sequence[DType]] = {"T": types}
    register(
        family.forward, "input: T, filter: T -> output: T", attrs=attrs, types=allowed, shape=_forward_shape(family),
        compute=_forward(family, nn_conv_numpy), device=_forward(family, nn_conv_device), gradient=forward,
    )  # fmt: skip
    if size_attrs:
        allowed = {**allowed, "Tshape": INDICES}
    register(
        family.to_input, f"input_sizes: {size_types[0]}, filter: T, out_backprop: T -> output: T",
        attrs={**attrs, **(size_attrs or {})}, types=allowed, shape=_to_input_shape(family), static=("input_sizes",),
        compute=_to_input(family, nn_conv_numpy), device=_to_input(family, nn_conv_device), gradient=to_input,
    )  # fmt: skip
    register(
        family.to_filter, f"input: T, filter_sizes: {size_types[1]}, out_backprop: T -> output: T", attrs=attrs,
        types={"T": types}, shape=_to_filter_shape(family), static=("filter_sizes",),
        compute=_to_filter(family, nn_conv_numpy), device=_to_filter(family, nn_conv_device), gradient=to_filter,
    )  # fmt: skip


_register(CONV2D, {**_ATTRS_2D, "use_cudnn_on_gpu": True}, (*FLOATS, int32), ("int32", "int32"))
_register(CONV3D, _ATTRS_3D, FLOATS, ("Tshape", "int32"), {"Tshape": attr("type", int32)})
_register(DEPTHWISE, _ATTRS_2D, FLOATS, ("int32", "int32"))
