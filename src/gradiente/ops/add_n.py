"""The sum of any number of tensors of one shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradiente.graph.build import apply, convert_to_tensor
from gradiente.graph.dtypes import NUMBERS
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import attr, register
from gradiente.graph.shapes import UNKNOWN, TensorShape, as_shape
from gradiente.graph.types import Array, Namespace


def _add_n_shape(op: Operation) -> list[TensorShape]:
    shape = UNKNOWN
    for i, t in enumerate(op.inputs):
        try:
            shape = shape.merge_with(t.shape)
        except ValueError:
            raise ValueError(
                f"Shapes must be equal: input {i} has shape {t.shape}, those before it {shape}. tf.add broadcasts."
            ) from None
    return [shape]


def _add_n(xp: Namespace, inputs: Sequence[Array]) -> Array:
    total = inputs[0]
    for value in inputs[1:]:
        total = xp.add(total, value)
    return total


def _add_n_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    return [grad] * len(op.inputs)


register(
    "AddN",
    "inputs: N*T -> sum: T",
    types={"T": NUMBERS},
    shape=_add_n_shape,
    gradient=_add_n_gradient,
    compute=_add_n,
)
register(
    "AccumulateNV2", "inputs: N*T -> sum: T", attrs={"shape": attr("shape")}, types={"T": NUMBERS}, shape=_add_n_shape,
    gradient=_add_n_gradient, compute=_add_n,
)  # fmt: skip


def add_n(inputs: Any, name: str | None = None) -> Tensor:
    """The sum of several tensors, ``inputs[0] + inputs[1] + ...``.

    Args:
        inputs: a list of tensors of one type and shape.
        name: the operation's name.

    Returns:
        A tensor of that type and shape; with one input and no name, that input.

    Raises:
        ValueError: if the list is empty or the shapes differ.
    """
    values = _tensor_list(inputs, "add_n")
    if len(values) == 1:
        return apply("Identity", values[0], name=name) if name else values[0]
    return apply("AddN", values, name=name)


def accumulate_n(inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None) -> Tensor:
    """The sum of several tensors, as ``add_n`` gives it.

    Args:
        inputs: a list of tensors of one type and shape.
        shape: the shape of the inputs, where it is not known from them.
        tensor_dtype: their type, which is checked.
        name: the operation's name.

    Raises:
        ValueError: if the list is empty, or shapes or types differ.
    """
    values = _tensor_list(inputs, "accumulate_n")
    if tensor_dtype is not None and values[0].dtype.base_dtype != tensor_dtype:
        raise TypeError(
            f"tensor_dtype is {tensor_dtype}, but input of type {values[0].dtype.name} was passed."
        )
    if len(values) == 1 and name is None:
        return values[0]
    total = apply("AddN", values, name=name)
    if shape is not None:
        total.set_shape(as_shape(shape))
    return total


def _tensor_list(inputs: Any, function: str) -> list[Tensor]:
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise ValueError(f"tf.{function} takes a list of at least one tensor, not {inputs!r}.")
    return [convert_to_tensor(x) for x in inputs]  # pyright: ignore[reportUnknownVariableType] - user input
