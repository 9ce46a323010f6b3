"""The pooling ops and their gradients: MaxPool, AvgPool, in two and three dimensions, and MaxPoolWithArgmax.

The public functions are in ``nn_pooling``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.constants import constant_value_as_shape
from gradiente.graph.dtypes import FLOATS, INDICES, REALS, DType, float32, int64
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import attr, register
from gradiente.graph.shapes import TensorShape
from gradiente.graph.types import Array, Namespace
from gradiente.ops import nn_pool_compute as pool
from gradiente.ops import nn_pool_device
from gradiente.ops.nn_window import (
    PADDINGS,
    SAME_OR_VALID,
    Pads,
    Window,
    check_per_axis,
    explicit_pairs,
    layout,
    output_sizes,
    padding_of,
)  # fmt: skip


def _windows(attrs: Mapping[str, Any]) -> tuple[Window, ...]:
    """The window along each axis of the input."""
    return tuple(Window(k, s) for k, s in zip(attrs["ksize"], attrs["strides"], strict=True))


def _geometry(attrs: Mapping[str, Any], sizes: Sequence[int]) -> tuple[tuple[Window, ...], Pads]:
    """The windows and the padding for an input of shape ``sizes``; raises ValueError if no window fits."""
    windows = _windows(attrs)
    pairs = explicit_pairs(attrs, range(len(windows)))
    output_sizes(sizes, windows, attrs["padding"], pairs)
    return windows, padding_of(sizes, windows, attrs["padding"], pairs)


def _pooled(op: Operation, x: TensorShape) -> tuple[int | None, ...]:
    attrs = op.attrs
    rank = len(attrs.get("data_format", "NHWC"))
    if not x.has_rank(rank):
        hint = (
            " If the batch dimension is missing, add it with tf.expand_dims(x, 0)."
            if x.ndims == rank - 1
            else ""
        )
        raise ValueError(f"The input must have rank {rank}, but has shape {x}.{hint}")
    where = layout(attrs.get("data_format", "NHWC"), rank - 2)
    check_per_axis("ksize", attrs["ksize"], rank, where, batch_too=False)
    check_per_axis("strides", attrs["strides"], rank, where, batch_too=False)
    if attrs["ksize"][0] != 1 or attrs["strides"][0] != 1:
        raise ValueError(
            f"Pooling over the batch dimension is not supported: ksize {attrs['ksize']} and strides {attrs['strides']} must "
            "begin with 1."
        )
    return output_sizes(
        x.with_rank(rank).as_list(), _windows(attrs), attrs["padding"], explicit_pairs(attrs, range(rank))
    )


def _pool_shape(op: Operation) -> list[Any]:
    return [_pooled(op, op.inputs[0].shape)]


def _input_shape(op: Operation) -> list[Any]:
    """Shape rule of the gradients: the shape of the pooled input, after checking that of the received gradient."""
    x, received = op.inputs[0].shape, op.inputs[-1].shape
    _check_pooled(op, x, op.inputs[1].shape, "orig_output")
    _check_pooled(op, x, received, "grad")
    return [x]


def _check_pooled(op: Operation, x: TensorShape, y: TensorShape, name: str) -> None:
    expected = TensorShape.of(_pooled(op, x))
    if not y.is_compatible_with(expected):
        raise ValueError(f"Pooling an input of shape {x} gives shape {expected}, but {name} has shape {y}.")


def _check_received(op: Operation, sizes: Sequence[int], grad: Array) -> None:
    """The same when the shapes are known only as the operation runs; the kernels read as far as the input's says."""
    _check_pooled(op, TensorShape.of(tuple(sizes)), TensorShape.of(grad.shape), "grad")


def _output_shape(op: Operation) -> list[Any]:
    """Shape rule of the gradients' gradients: the shape of the pooled output."""
    op.inputs[2].shape.assert_is_compatible_with(op.inputs[0].shape)
    return [_pooled(op, op.inputs[0].shape)]


def _same_attrs(op: Operation) -> dict[str, Any]:
    names = ("ksize", "strides", "padding", "explicit_paddings", "data_format", "include_batch_in_index")
    return {k: op.attrs[k] for k in names if k in op.attrs}


# Maximum


def _max_pool(xp: Namespace, x: Array, *, op: Operation) -> Array:
    return pool.maximum(xp, x, *_geometry(op.attrs, x.shape))


def _max_pool_grad(xp: Namespace, x: Array, y: Array, grad: Array, *, op: Operation) -> Array:
    del y
    _check_received(op, x.shape, grad)
    return pool.to_maximum(xp, x, grad, *_geometry(op.attrs, x.shape))


def _channels(op: Operation) -> int:
    data_format: str = op.attrs["data_format"]
    return layout(data_format, len(data_format) - 2).channels


def _max_pool_device(xp: Namespace, x: Array, *, op: Operation) -> Array:
    return nn_pool_device.maximum(xp, x, *_geometry(op.attrs, x.shape), _channels(op))


def _max_pool_grad_device(xp: Namespace, x: Array, y: Array, grad: Array, *, op: Operation) -> Array:
    del y
    _check_received(op, x.shape, grad)
    return nn_pool_device.to_maximum(xp, x, grad, *_geometry(op.attrs, x.shape), _channels(op))


def _max_pool_grad_grad(xp: Namespace, x: Array, y: Array, grad: Array, *, op: Operation) -> Array:
    del y
    return pool.from_maximum(xp, x, grad, *_geometry(op.attrs, x.shape))


def _max_gradients(to_input: str, to_output: str) -> tuple[Callable[..., Any], ...]:
    def forward(op: Operation, grad: Tensor) -> Tensor:
        return apply(to_input, op.inputs[0], op.outputs[0], grad, **_same_attrs(op))

    def to_input_rule(op: Operation, grad: Tensor) -> list[Tensor]:
        x, y, _ = op.inputs
        again = apply(to_output, x, y, grad, **_same_attrs(op))
        return [apply("ZerosLike", x), apply("ZerosLike", y), again]

    def to_output_rule(op: Operation, grad: Tensor) -> list[Tensor]:
        x, y, _ = op.inputs
        again = apply(to_input, x, y, grad, **_same_attrs(op))
        return [apply("ZerosLike", x), apply("ZerosLike", y), again]

    return forward, to_input_rule, to_output_rule


def _register_max(name: str, attrs: Mapping[str, Any], types: Sequence[DType], typed_input: bool) -> None:
    """MaxPool or MaxPool3D with both derivatives. In three dimensions the input's type attribute is TInput."""
    forward, to_input_rule, to_output_rule = _max_gradients(f"{name}Grad", f"{name}GradGrad")
    allowed = {"T": types}
    t = "TInput" if typed_input else "T"
    grad_attrs = {
        **attrs,
        "T": attr("type", float32),
        **({"TInput": attr("type", float32)} if typed_input else {}),
    }
    grad_types = {**allowed, **({"TInput": types} if typed_input else {})}
    register(
        name, "input: T -> output: T", attrs=attrs, types=allowed, shape=_pool_shape, compute=_max_pool,
        device=_max_pool_device, gradient=forward,
    )  # fmt: skip
    register(
        f"{name}Grad", f"orig_input: {t}, orig_output: {t}, grad: T -> output: T", attrs=grad_attrs, types=grad_types,
        shape=_input_shape, compute=_max_pool_grad, device=_max_pool_grad_device, gradient=to_input_rule,
    )  # fmt: skip
    register(
        f"{name}GradGrad", "orig_input: T, orig_output: T, grad: T -> output: T", attrs=attrs, types=allowed,
        shape=_output_shape, compute=_max_pool_grad_grad, gradient=to_output_rule,
    )  # fmt: skip


_WINDOW_ATTRS: Mapping[str, Any] = {"ksize": attr("list(int)"), "strides": attr("list(int)")}
_FORMAT_2D = attr("string", "NHWC", ("NHWC", "NCHW"))
_FORMAT_3D = attr("string", "NDHWC", ("NDHWC", "NCDHW"))

_register_max(
    "MaxPool",
    {
        **_WINDOW_ATTRS, "padding": attr("string", allowed=PADDINGS), "explicit_paddings": attr("list(int)", []),
        "data_format": _FORMAT_2D, "T": attr("type", float32),
    },
    REALS, typed_input=False,
)  # fmt: skip
_register_max(
    "MaxPool3D", {**_WINDOW_ATTRS, "padding": attr("string", allowed=SAME_OR_VALID), "data_format": _FORMAT_3D},
    FLOATS, typed_input=True,
)  # fmt: skip


# Average


def _average_pool(xp: Namespace, x: Array, *, op: Operation) -> Array:
    return pool.average(xp, x, *_geometry(op.attrs, x.shape))


def _average_pool_device(xp: Namespace, x: Array, *, op: Operation) -> Array:
    return nn_pool_device.average(xp, x, *_geometry(op.attrs, x.shape), _channels(op))


def _average_pool_grad(xp: Namespace, sizes: Array, grad: Array, *, op: Operation) -> Array:
    full = tuple(int(s) for s in sizes)
    _check_received(op, full, grad)
    return pool.to_average(xp, grad, full, *_geometry(op.attrs, full))


def _average_pool_grad_device(xp: Namespace, sizes: Array, grad: Array, *, op: Operation) -> Array:
    full = tuple(int(s) for s in sizes)
    _check_received(op, full, grad)
    return nn_pool_device.to_average(xp, grad, full, *_geometry(op.attrs, full), _channels(op))


def _average_grad_shape(op: Operation) -> list[Any]:
    x = constant_value_as_shape(op.inputs[0])
    _check_pooled(op, x, op.inputs[1].shape, "grad")
    return [x]


def _register_average(name: str, data_format: Any) -> None:
    attrs = {**_WINDOW_ATTRS, "padding": attr("string", allowed=SAME_OR_VALID), "data_format": data_format}

    def gradient(op: Operation, grad: Tensor) -> Tensor:
        x = op.inputs[0]
        known = x.shape.is_fully_defined()
        sizes = np.asarray(x.shape.as_list(), np.int32) if known else apply("Shape", x)
        return apply(f"{name}Grad", sizes, grad, **_same_attrs(op))

    def grad_gradient(op: Operation, grad: Tensor) -> list[Any]:
        return [None, apply(name, grad, **_same_attrs(op))]

    register(
        name, f"{'input' if name.endswith('3D') else 'value'}: T -> output: T", attrs=attrs, types={"T": FLOATS},
        shape=_pool_shape, compute=_average_pool, device=_average_pool_device, gradient=gradient,
    )  # fmt: skip
    register(
        f"{name}Grad", "orig_input_shape: int32, grad: T -> output: T", attrs=attrs, types={"T": FLOATS},
        shape=_average_grad_shape, compute=_average_pool_grad, device=_average_pool_grad_device,
        static=("orig_input_shape",), gradient=grad_gradient,
    )  # fmt: skip


_register_average("AvgPool", _FORMAT_2D)
_register_average("AvgPool3D", _FORMAT_3D)


# Maximum and where it lies

_ARGMAX_ATTRS: Mapping[str, Any] = {
    **_WINDOW_ATTRS, "padding": attr("string", allowed=SAME_OR_VALID), "include_batch_in_index": False,
}  # fmt: skip


def _with_argmax_shape(op: Operation) -> list[Any]:
    shape = _pooled(op, op.inputs[0].shape)
    return [shape, shape]


def _with_argmax(xp: Namespace, x: Array, *, op: Operation) -> tuple[Array, Array]:
    best, index = pool.maximum_with_index(
        xp, x, *_geometry(op.attrs, x.shape), op.attrs["include_batch_in_index"]
    )
    return best, index.astype(op.attrs["Targmax"].np)


def _with_argmax_gradient(op: Operation, grad: Tensor, grad_argmax: Any) -> Tensor:
    del grad_argmax
    return apply("MaxPoolGradWithArgmax", op.inputs[0], grad, op.outputs[1], **_same_attrs(op))


def _in_batch(xp: Namespace, x: Array, argmax: Array, with_batch: bool) -> Array:
    """The numbers in the whole batch of the elements that ``argmax`` numbers."""
    index = argmax.astype(np.int64).reshape(argmax.shape[0], -1)
    if with_batch:
        return index.reshape(-1)
    size = prod(x.shape[1:])
    return (index + xp.arange(x.shape[0], dtype=np.int64)[:, None] * size).reshape(-1)


def _to_argmax(xp: Namespace, x: Array, grad: Array, argmax: Array, *, include_batch_in_index: bool) -> Array:
    index = _in_batch(xp, x, argmax, include_batch_in_index)
    flat = xp.zeros((prod(x.shape),), grad.dtype)
    if xp is np:
        np.add.at(flat, index, grad.reshape(-1))
    else:
        flat = flat.at[index].add(grad.reshape(-1))
    return flat.reshape(x.shape)


def _from_argmax(
    xp: Namespace, x: Array, grad: Array, argmax: Array, *, include_batch_in_index: bool
) -> Array:
    return grad.reshape(-1)[_in_batch(xp, x, argmax, include_batch_in_index)].reshape(argmax.shape)


def _to_argmax_gradient(op: Operation, grad: Tensor) -> list[Any]:
    x, _, argmax = op.inputs
    again = apply("MaxPoolGradGradWithArgmax", x, grad, argmax, **_same_attrs(op))
    return [apply("ZerosLike", x), again, None]


def _from_argmax_gradient(op: Operation, grad: Tensor) -> list[Any]:
    x, _, argmax = op.inputs
    again = apply("MaxPoolGradWithArgmax", x, grad, argmax, **_same_attrs(op))
    return [apply("ZerosLike", x), again, None]


register(
    "MaxPoolWithArgmax", "input: T -> output: T, argmax: Targmax", types={"T": REALS, "Targmax": INDICES},
    attrs={**_ARGMAX_ATTRS, "Targmax": attr("type", int64)}, shape=_with_argmax_shape, compute=_with_argmax,
    gradient=_with_argmax_gradient,
)  # fmt: skip
register(
    "MaxPoolGradWithArgmax", "input: T, grad: T, argmax: Targmax -> output: T", attrs=_ARGMAX_ATTRS,
    types={"T": REALS, "Targmax": INDICES}, shape=lambda op: [op.inputs[0].shape], compute=_to_argmax,
    gradient=_to_argmax_gradient,
)  # fmt: skip
register(
    "MaxPoolGradGradWithArgmax", "input: T, grad: T, argmax: Targmax -> output: T", attrs=_ARGMAX_ATTRS,
    types={"T": REALS, "Targmax": INDICES}, shape=lambda op: [op.inputs[2].shape], compute=_from_argmax,
    gradient=_from_argmax_gradient,
)  # fmt: skip
