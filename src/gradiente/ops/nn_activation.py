"""Activation functions: the rectifiers, the exponential ones, softplus and softsign, with their gradient ops.

Sigmoid and tanh are with the elementwise functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import FLOATS, REALS, float32
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import register
from gradiente.graph.shapes import TensorShape
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import same_shape

_SELU_SCALE = 1.0507009873554805
_SELU_SCALE_ALPHA = 1.7580993408473768


def _merged_shape(op: Operation) -> list[TensorShape]:
    return [op.inputs[0].shape.merge_with(op.inputs[1].shape)]


# Relu


def _relu(xp: Namespace, x: Array) -> Array:
    return xp.maximum(x, x.dtype.type(0))


def _relu_gradient(op: Operation, grad: Tensor) -> Tensor:
    return apply("ReluGrad", grad, op.outputs[0])


def _relu_grad(xp: Namespace, gradients: Array, features: Array) -> Array:
    return xp.where(features > 0, gradients, gradients.dtype.type(0))


def _relu_grad_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    return [apply("ReluGrad", grad, op.inputs[1]), apply("ZerosLike", op.inputs[1])]


register(
    "Relu", "features: T -> activations: T", types={"T": REALS}, shape=same_shape, compute=_relu,
    gradient=_relu_gradient,
)  # fmt: skip
register(
    "ReluGrad", "gradients: T, features: T -> backprops: T", types={"T": REALS}, shape=_merged_shape,
    compute=_relu_grad, gradient=_relu_grad_gradient,
)  # fmt: skip


def relu(features: Any, name: str | None = None) -> Tensor:
    """The rectifier: max(x, 0), elementwise.

    Args:
        features: a tensor of any shape.
        name: the operation's name.

    Returns:
        A tensor of the same type and shape. The gradient at 0 is 0.

    >>> with tf.Session() as sess:
    ...     print(sess.run(tf.nn.relu([-1.0, 0.0, 2.0])))
    [0. 0. 2.]

    Source: Nair and Hinton 2010; TensorFlow 1's ``tf.nn.relu``.
    """
    return apply("Relu", features, name=name)


# Relu6


def _relu6(xp: Namespace, x: Array) -> Array:
    return xp.minimum(xp.maximum(x, x.dtype.type(0)), x.dtype.type(6))


def _relu6_gradient(op: Operation, grad: Tensor) -> Tensor:
    return apply("Relu6Grad", grad, op.outputs[0])


def _relu6_grad(xp: Namespace, gradients: Array, features: Array) -> Array:
    return xp.where((features > 0) & (features < 6), gradients, gradients.dtype.type(0))


def _relu6_grad_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    return [apply("Relu6Grad", grad, op.inputs[1]), apply("ZerosLike", op.inputs[1])]


register(
    "Relu6", "features: T -> activations: T", types={"T": REALS}, shape=same_shape, compute=_relu6,
    gradient=_relu6_gradient,
)  # fmt: skip
register(
    "Relu6Grad", "gradients: T, features: T -> backprops: T", types={"T": REALS}, shape=_merged_shape,
    compute=_relu6_grad, gradient=_relu6_grad_gradient,
)  # fmt: skip


def relu6(features: Any, name: str | None = None) -> Tensor:
    """The rectifier that saturates at 6: min(max(x, 0), 6), elementwise.

    Args:
        features: a tensor of any shape.
        name: the operation's name.

    Source: Krizhevsky 2010; TensorFlow 1's ``tf.nn.relu6``.
    """
    with name_scope(name, "Relu6", [features]) as scope:
        return apply("Relu6", convert_to_tensor(features, name="features"), name=scope)


def crelu(features: Any, name: str | None = None, axis: int = -1) -> Tensor:
    """The concatenated rectifier: max(x, 0) and max(−x, 0) side by side along ``axis``, which grows to twice its size.

    Args:
        features: a tensor of any shape.
        name: the name scope.
        axis: where to concatenate.

    Source: Shang, Sohn, Almeida, Lee 2016; TensorFlow 1's ``tf.nn.crelu``.
    """
    with name_scope(name, "CRelu", [features]) as scope:
        x = convert_to_tensor(features, name="features")
        return relu(apply("ConcatV2", [x, -x], axis, name=scope))


# LeakyRelu


def _as_stored(alpha: float) -> float:
    """An attribute's value as a GraphDef stores it, in 32 bits, so that a loaded graph computes the same."""
    return float(np.float32(alpha))


def _leaky_relu(xp: Namespace, x: Array, *, alpha: float) -> Array:
    return xp.where(x > 0, x, x * x.dtype.type(_as_stored(alpha)))


def _leaky_relu_gradient(op: Operation, grad: Tensor) -> Tensor:
    return apply("LeakyReluGrad", grad, op.inputs[0], alpha=op.attrs["alpha"])


def _leaky_relu_grad(xp: Namespace, gradients: Array, features: Array, *, alpha: float) -> Array:
    return xp.where(features > 0, gradients, gradients * gradients.dtype.type(_as_stored(alpha)))


def _leaky_relu_grad_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    x = op.inputs[1]
    return [apply("LeakyReluGrad", grad, x, alpha=op.attrs["alpha"]), apply("ZerosLike", x)]


register(
    "LeakyRelu", "features: T -> activations: T", attrs={"alpha": 0.2, "T": float32}, types={"T": FLOATS}, shape=same_shape,
    compute=_leaky_relu, gradient=_leaky_relu_gradient,
)  # fmt: skip
register(
    "LeakyReluGrad", "gradients: T, features: T -> backprops: T", attrs={"alpha": 0.2, "T": float32},
    types={"T": FLOATS}, shape=_merged_shape, compute=_leaky_relu_grad, gradient=_leaky_relu_grad_gradient,
)  # fmt: skip


def leaky_relu(features: Any, alpha: Any = 0.2, name: str | None = None) -> Tensor:
    """The leaky rectifier: x where x > 0, else alpha · x.

    Args:
        features: a tensor of any shape; integers become float32.
        alpha: the slope below 0: a number, or a tensor that broadcasts.
        name: the operation's name.

    Source: Maas, Hannun, Ng 2013; TensorFlow 1's ``tf.nn.leaky_relu``.
    """
    with name_scope(name, "LeakyRelu", [features, alpha]) as scope:
        x = convert_to_tensor(features, name="features")
        if x.dtype.is_integer:
            x = apply("Cast", x, DstT="float32")
        if isinstance(alpha, (int, float)):
            return apply("LeakyRelu", x, alpha=float(alpha), name=scope)
        slope = convert_to_tensor(alpha, dtype=x.dtype, name="alpha")
        return apply("Maximum", apply("Mul", slope, x), x, name=scope)


# Elu, Selu


def _elu(xp: Namespace, x: Array) -> Array:
    zero = x.dtype.type(0)
    return xp.where(x < 0, xp.expm1(xp.minimum(x, zero)), x)


def _elu_gradient(op: Operation, grad: Tensor) -> Tensor:
    return apply("EluGrad", grad, op.outputs[0])


def _elu_grad(xp: Namespace, gradients: Array, outputs: Array) -> Array:
    return xp.where(outputs < 0, gradients * (outputs + outputs.dtype.type(1)), gradients)


def _from_outputs_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    """Second order of Elu and Selu: their gradient op is linear in both inputs where the output is negative."""
    received, outputs = op.inputs
    zeros = apply("ZerosLike", outputs)
    return [
        apply(op.type, grad, outputs),
        apply("Select", apply("Less", outputs, zeros), grad * received, zeros),
    ]


def _selu(xp: Namespace, x: Array) -> Array:
    kind = x.dtype.type
    return xp.where(x < 0, kind(_SELU_SCALE_ALPHA) * xp.expm1(xp.minimum(x, kind(0))), kind(_SELU_SCALE) * x)


def _selu_gradient(op: Operation, grad: Tensor) -> Tensor:
    return apply("SeluGrad", grad, op.outputs[0])


def _selu_grad(xp: Namespace, gradients: Array, outputs: Array) -> Array:
    kind = outputs.dtype.type
    return gradients * xp.where(outputs < 0, outputs + kind(_SELU_SCALE_ALPHA), kind(_SELU_SCALE))


register(
    "Elu",
    "features: T -> activations: T",
    types={"T": FLOATS},
    shape=same_shape,
    compute=_elu,
    gradient=_elu_gradient,
)
register(
    "EluGrad", "gradients: T, outputs: T -> backprops: T", types={"T": FLOATS}, shape=_merged_shape,
    compute=_elu_grad, gradient=_from_outputs_gradient,
)  # fmt: skip
register(
    "Selu", "features: T -> activations: T", types={"T": FLOATS}, shape=same_shape, compute=_selu,
    gradient=_selu_gradient,
)  # fmt: skip
register(
    "SeluGrad", "gradients: T, outputs: T -> backprops: T", types={"T": FLOATS}, shape=_merged_shape,
    compute=_selu_grad, gradient=_from_outputs_gradient,
)  # fmt: skip


def elu(features: Any, name: str | None = None) -> Tensor:
    """The exponential linear unit: x where x ≥ 0, else exp(x) − 1.

    Args:
        features: a tensor of any shape.
        name: the operation's name.

    Source: Clevert, Unterthiner, Hochreiter 2015; TensorFlow 1's ``tf.nn.elu``.
    """
    return apply("Elu", features, name=name)


def selu(features: Any, name: str | None = None) -> Tensor:
    """The self-normalizing unit: 1.0507 · x where x ≥ 0, else 1.7581 · (exp(x) − 1).

    Args:
        features: a tensor of any shape.
        name: the operation's name.

    Source: Klambauer, Unterthiner, Mayr, Hochreiter 2017; TensorFlow 1's ``tf.nn.selu``.
    """
    return apply("Selu", features, name=name)


# Softplus, Softsign


def _softplus(xp: Namespace, x: Array) -> Array:
    return xp.maximum(x, x.dtype.type(0)) + xp.log1p(xp.exp(-xp.abs(x)))


def _softplus_gradient(op: Operation, grad: Tensor) -> Tensor:
    return apply("SoftplusGrad", grad, op.inputs[0])


def _softplus_grad(xp: Namespace, gradients: Array, features: Array) -> Array:
    one = features.dtype.type(1)
    small = xp.exp(-xp.abs(features))
    return gradients * xp.where(features >= 0, one, small) / (one + small)


def _softplus_grad_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    received, x = op.inputs
    slope = apply("Sigmoid", x)
    return [apply("SoftplusGrad", grad, x), grad * received * slope * apply("Sigmoid", -x)]


def _softsign(xp: Namespace, x: Array) -> Array:
    return x / (x.dtype.type(1) + xp.abs(x))


def _softsign_gradient(op: Operation, grad: Tensor) -> Tensor:
    return apply("SoftsignGrad", grad, op.inputs[0])


def _softsign_grad(xp: Namespace, gradients: Array, features: Array) -> Array:
    one = features.dtype.type(1)
    return gradients / xp.square(one + xp.abs(features))


def _softsign_grad_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    received, x = op.inputs
    width = apply("Abs", x) + 1
    return [apply("SoftsignGrad", grad, x), -2 * grad * received * apply("Sign", x) / (width * width * width)]


register(
    "Softplus", "features: T -> activations: T", types={"T": FLOATS}, shape=same_shape, compute=_softplus,
    gradient=_softplus_gradient,
)  # fmt: skip
register(
    "SoftplusGrad", "gradients: T, features: T -> backprops: T", types={"T": FLOATS}, shape=_merged_shape,
    compute=_softplus_grad, gradient=_softplus_grad_gradient,
)  # fmt: skip
register(
    "Softsign", "features: T -> activations: T", types={"T": FLOATS}, shape=same_shape, compute=_softsign,
    gradient=_softsign_gradient,
)  # fmt: skip
register(
    "SoftsignGrad", "gradients: T, features: T -> backprops: T", types={"T": FLOATS}, shape=_merged_shape,
    compute=_softsign_grad, gradient=_softsign_grad_gradient,
)  # fmt: skip


def softplus(features: Any, name: str | None = None) -> Tensor:
    """The smooth rectifier: log(1 + exp(x)), without overflow for large x.

    Args:
        features: a tensor of any shape.
        name: the operation's name.

    Source: Dugas et al. 2001; TensorFlow 1's ``tf.nn.softplus``.
    """
    return apply("Softplus", features, name=name)


def softsign(features: Any, name: str | None = None) -> Tensor:
    """A sigmoid that saturates slowly: x / (1 + |x|).

    Args:
        features: a tensor of any shape.
        name: the operation's name.

    Source: TensorFlow 1's ``tf.nn.softsign``.
    """
    return apply("Softsign", features, name=name)


def swish(features: Any, name: str | None = None) -> Tensor:
    """A smooth rectifier: x · σ(x), with σ the sigmoid.

    Args:
        features: a tensor of any shape.
        name: the operation's name.

    Source: Ramachandran, Zoph, Le 2017; TensorFlow 1's ``tf.nn.swish``.
    """
    with name_scope(name, "swish", [features]) as scope:
        x = convert_to_tensor(features, name="features")
        return apply("Mul", x, apply("Sigmoid", x), name=scope)
