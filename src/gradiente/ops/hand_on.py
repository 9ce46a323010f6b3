"""Ops that hand several values on, or one with a promise: identity_n, guarantee_const."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradiente.graph.build import apply
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import register
from gradiente.graph.shapes import TensorShape
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import same_shape


def _shapes(op: Operation) -> list[TensorShape]:
    return [t.shape for t in op.inputs]


def _all(xp: Namespace, values: list[Array]) -> tuple[Array, ...]:
    del xp
    return tuple(values)


def _gradients(op: Operation, *grads: Any) -> list[Any]:
    del op
    return list(grads)


register("IdentityN", "input: list(T) -> output: list(T)", shape=_shapes, compute=_all, gradient=_gradients)


def identity_n(input: Sequence[Any], name: str | None = None) -> list[Tensor]:
    """The tensors again, all of them available once all are computed (``tf.identity_n``)."""
    return apply("IdentityN", list(input), name=name)


def _one(xp: Namespace, x: Array) -> Array:
    del xp
    return x


register(
    "GuaranteeConst", "input: T -> output: T", shape=same_shape, compute=_one, stateful=True,
    gradient=lambda op, grad: [grad],
)  # fmt: skip


def guarantee_const(input: Any, name: str | None = None) -> Tensor:
    """``input``, with the promise that its value never changes (``tf.guarantee_const``)."""
    return apply("GuaranteeConst", input, name=name)
