"""Local response normalization across channels."""

from __future__ import annotations

from typing import Any

from gradiente.graph.build import apply
from gradiente.graph.dtypes import FLOATS, float32
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import attr, register
from gradiente.graph.types import Array, Namespace

_ATTRS: dict[str, Any] = {
    "depth_radius": 5,
    "bias": 1.0,
    "alpha": 1.0,
    "beta": 0.5,
    "T": attr("type", float32),
}


def _near(xp: Namespace, x: Array, radius: int) -> Array:
    """For each channel, the sum of the channels at most ``radius`` away."""
    padded = xp.pad(x, ((0, 0), (0, 0), (0, 0), (radius, radius)))
    total = padded[..., : x.shape[-1]]
    for shift in range(1, 2 * radius + 1):
        total = total + padded[..., shift : shift + x.shape[-1]]
    return total


def _lrn_shape(op: Operation) -> list[Any]:
    shape = op.inputs[0].shape.with_rank(4)
    for other in op.inputs[1:]:
        shape = shape.merge_with(other.shape)
    return [shape]


def _lrn(xp: Namespace, x: Array, *, depth_radius: int, bias: float, alpha: float, beta: float) -> Array:
    kind = x.dtype.type
    return x * (kind(bias) + kind(alpha) * _near(xp, x * x, depth_radius)) ** kind(-beta)


def _lrn_gradient(op: Operation, grad: Tensor) -> Tensor:
    attrs = {k: v for k, v in op.attrs.items() if k in _ATTRS}
    return apply("LRNGrad", grad, op.inputs[0], op.outputs[0], **attrs)


def _lrn_grad(
    xp: Namespace,
    grad: Array,
    x: Array,
    y: Array,
    *,
    depth_radius: int,
    bias: float,
    alpha: float,
    beta: float,
) -> Array:
    kind = x.dtype.type
    norm = kind(bias) + kind(alpha) * _near(xp, x * x, depth_radius)
    shared = _near(xp, grad * y / norm, depth_radius)
    return grad * norm ** kind(-beta) - kind(2 * alpha * beta) * x * shared


register(
    "LRN", "input: T -> output: T", attrs=_ATTRS, types={"T": FLOATS}, shape=_lrn_shape, compute=_lrn,
    gradient=_lrn_gradient,
)  # fmt: skip
register(
    "LRNGrad", "input_grads: T, input_image: T, output_image: T -> output: T", attrs=_ATTRS, types={"T": FLOATS},
    shape=_lrn_shape, compute=_lrn_grad,
)  # fmt: skip


def local_response_normalization(
    input: Any, depth_radius: int = 5, bias: float = 1.0, alpha: float = 1.0, beta: float = 0.5,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Each value divided by how strong the channels near it are at its place.

    y_c = x_c / (bias + alpha · Σ_{|d − c| ≤ depth_radius} x_d²)^beta

    Args:
        input: [batch, height, width, channels].
        depth_radius: how far channels are near.
        bias: an offset, positive against division by zero.
        alpha: the factor of the sum of squares (not divided by its number of terms).
        beta: the exponent.
        name: the operation's name.

    Source: Krizhevsky, Sutskever, Hinton 2012, section 3.3; TensorFlow 1's ``tf.nn.local_response_normalization``.
    """
    return apply("LRN", input, depth_radius=depth_radius, bias=bias, alpha=alpha, beta=beta, name=name)


lrn = local_response_normalization
