"""Adding a bias to each channel, and the fully connected layer in one call."""

from __future__ import annotations

from typing import Any

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import NUMBERS
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.kernels import dense

_FORMAT = attr("string", "NHWC", ("NHWC", "NCHW"))


def _channel_axis(data_format: str) -> int:
    return 1 if data_format.startswith("NC") else -1


def _bias_add_shape(op: Operation) -> list[Any]:
    value, bias = op.inputs[0].shape.with_rank_at_least(2), op.inputs[1].shape.with_rank(1)
    if value.plain is None:
        return [value]
    axis = _channel_axis(op.attrs["data_format"])
    channels, count = value.plain[axis], (bias.plain or (None,))[0]
    if channels is not None and count is not None and channels != count:
        raise ValueError(
            f"The bias must have one value per channel: the value {value} has {channels} (axis {axis % len(value)}), the "
            f"bias {count}."
        )
    dims = list(value.plain)
    dims[axis] = count if channels is None else channels
    return [tuple(dims)]


def _bias_add(xp: Namespace, value: Array, bias: Array, *, data_format: str) -> Array:
    del xp
    if _channel_axis(data_format) == -1:
        return value + bias
    return value + bias.reshape([-1] + [1] * (value.ndim - 2))


def _bias_add_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    return [grad, apply("BiasAddGrad", grad, data_format=op.attrs["data_format"])]


def _bias_add_grad_shape(op: Operation) -> list[Any]:
    dims = op.inputs[0].shape.with_rank_at_least(2).plain
    return [(None if dims is None else dims[_channel_axis(op.attrs["data_format"])],)]


def _bias_add_grad(xp: Namespace, grad: Array, *, data_format: str) -> Array:
    channels = _channel_axis(data_format) % grad.ndim
    return xp.sum(grad, axis=tuple(a for a in range(grad.ndim) if a != channels), dtype=grad.dtype)


def _device_bias_add_grad(xp: Namespace, grad: Array, *, data_format: str) -> Array:
    if _channel_axis(data_format) == -1 and dense.column_sums_suit(grad):
        return dense.column_sums(grad)
    return _bias_add_grad(xp, grad, data_format=data_format)


def _bias_add_grad_gradient(op: Operation, grad: Tensor) -> Tensor:
    """The bias's gradient is a sum over all other axes: its derivative repeats along them."""
    received = op.inputs[0]
    zeros = apply("ZerosLike", received)
    return apply("BiasAdd", zeros, grad, data_format=op.attrs["data_format"])


register(
    "BiasAdd", "value: T, bias: T -> output: T", attrs={"data_format": _FORMAT}, types={"T": NUMBERS},
    shape=_bias_add_shape, compute=_bias_add, gradient=_bias_add_gradient,
)  # fmt: skip
register(
    "BiasAddGrad", "out_backprop: T -> output: T", attrs={"data_format": _FORMAT}, types={"T": NUMBERS},
    shape=_bias_add_grad_shape, compute=_bias_add_grad, device=_device_bias_add_grad, gradient=_bias_add_grad_gradient,
)  # fmt: skip


def bias_add(value: Any, bias: Any, data_format: str | None = None, name: str | None = None) -> Tensor:
    """Add to each channel its bias: value + bias, where the bias broadcasts along all axes but the channels'.

    Args:
        value: a tensor of rank 2 or more.
        bias: one value per channel, rank 1.
        data_format: ``"NHWC"`` (also ``"N...C"``): the channels are the last axis; ``"NCHW"``: they are axis 1.
        name: the operation's name.

    Raises:
        ValueError: if the bias has another number of values than there are channels.

    Source: TensorFlow 1's ``tf.nn.bias_add``.
    """
    form = "NCHW" if data_format is not None and data_format.startswith("NC") else "NHWC"
    with name_scope(name, "BiasAdd", [value, bias]) as scope:
        x = convert_to_tensor(value, name="input")
        return apply(
            "BiasAdd", x, convert_to_tensor(bias, dtype=x.dtype, name="bias"), data_format=form, name=scope
        )


def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """The outputs of a layer of neurons before the activation: x·W + b.

    Args:
        x: [batch, inputs].
        weights: [inputs, outputs].
        biases: [outputs].
        name: the operation's name.

    Source: TensorFlow 1's ``tf.nn.xw_plus_b``.
    """
    with name_scope(name, "xw_plus_b", [x, weights, biases]) as scope:
        products = apply("MatMul", x, weights)
        return apply("BiasAdd", products, biases, name=scope)


def relu_layer(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """A layer of rectifying neurons: max(x·W + b, 0).

    Args:
        x: [batch, inputs].
        weights: [inputs, outputs].
        biases: [outputs].
        name: the operation's name.

    Source: TensorFlow 1's ``tf.nn.relu_layer``.
    """
    with name_scope(name, "relu_layer", [x, weights, biases]) as scope:
        products = apply("MatMul", x, weights)
        return apply("Relu", apply("BiasAdd", products, biases), name=scope)
