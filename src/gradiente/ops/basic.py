"""The ops that hold or hand on a value: constants, placeholders, identity, no-op."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradiente.graph.build import apply, apply_op, convert_to_tensor, name_scope
from gradiente.graph.constants import constant_array
from gradiente.graph.dtypes import as_dtype
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.shapes import TensorShape, as_shape
from gradiente.graph.types import Array, Namespace, is_list, is_mapping


def same_shape(op: Operation) -> list[TensorShape]:
    """Shape rule: one output, of the first input's shape."""
    return [op.inputs[0].shape]


def scalar_shape(op: Operation) -> list[Any]:
    """Shape rule: every output is a scalar."""
    del op
    return [()]


def no_outputs(op: Operation) -> list[Any]:
    """Shape rule of an op without outputs."""
    del op
    return []


# Const


def _const(xp: Namespace, *, value: Any) -> Array:
    del xp
    return value


register(
    "Const", "-> output: dtype", attrs={"value": attr("tensor"), "dtype": attr("type")},
    shape=lambda op: [op.attrs["value"].shape], compute=_const, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def constant(
    value: Any, dtype: Any = None, shape: Any = None, name: str = "Const", verify_shape: bool = False
) -> Tensor:
    """A tensor with a fixed value.

    Args:
        value: a number, a string, a (nested) list, or a NumPy array.
        dtype: the type; by default float32, int32, bool or string by the Python value, a NumPy array's own type.
        shape: the shape. A single value fills it; a shorter list is continued with its last value.
        name: the operation's name.
        verify_shape: require that ``value`` has exactly ``shape``.

    Returns:
        A tensor of type ``dtype``.

    Raises:
        TypeError: if ``value`` can't be of type ``dtype``.
        ValueError: if ``value`` has more elements than ``shape``.

    Source: TensorFlow 1's ``tf.constant``.
    """
    array = np.array(constant_array(value, None if dtype is None else as_dtype(dtype)))
    if shape is not None:
        sizes = as_shape(shape)
        sizes.assert_is_fully_defined()
        wanted = tuple(d or 0 for d in sizes.as_list())
        count = int(np.prod(wanted, dtype=np.int64))
        if verify_shape and array.shape != wanted:
            raise TypeError(f"Expected a value of shape {wanted}, got {array.shape}.")
        if array.size > count or (array.size == 0 and count):
            raise ValueError(
                f"Too many elements provided. Needed at most {count}, but received {array.size}."
            )
        flat = array.reshape(-1)
        if array.size < count:
            flat = np.concatenate([flat, np.repeat(flat[-1:], count - array.size)])
        array = flat.reshape(wanted)
    array.flags.writeable = False
    return apply("Const", value=array, dtype=as_dtype(array.dtype), name=name)


# Placeholder, PlaceholderWithDefault


def _placeholder_shape(op: Operation) -> list[TensorShape]:
    return [op.attrs["shape"]]


register(
    "Placeholder", "-> output: dtype", attrs={"dtype": attr("type"), "shape": attr("shape", TensorShape(None))},
    shape=_placeholder_shape, stateful=True, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
register(
    "_Arg", "-> output: T", attrs={"T": attr("type"), "shape": attr("shape", TensorShape(None))},
    shape=_placeholder_shape, stateful=True, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Tensor:
    """A tensor whose value every run must feed.

    Args:
        dtype: the type of the values that will be fed.
        shape: their shape; None stands for an unknown size, or for an unknown shape.
        name: the operation's name.

    Returns:
        A tensor to use as a key of ``feed_dict``. Running it without feeding raises InvalidArgumentError.

    Source: TensorFlow 1's ``tf.placeholder``.
    """
    return apply("Placeholder", dtype=as_dtype(dtype), shape=as_shape(shape), name=name)


def _identity(xp: Namespace, x: Array) -> Array:
    del xp
    return x


def _default_shape(op: Operation) -> list[TensorShape]:
    op.inputs[0].shape.assert_is_compatible_with(op.attrs["shape"])
    return [op.attrs["shape"]]


register(
    "PlaceholderWithDefault", "input: dtype -> output: dtype", attrs={"shape": attr("shape")}, shape=_default_shape,
    compute=_identity, stateful=True, gradient=lambda op, grad: [grad],
)  # fmt: skip


def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """A tensor that is ``input`` unless a run feeds another value.

    Args:
        input: the default value.
        shape: the shape that fed values may have; None for unknown sizes.
        name: the operation's name.

    Raises:
        ValueError: if the default does not fit ``shape``.
    """
    return apply("PlaceholderWithDefault", input, shape=as_shape(shape), name=name)


# Identity, StopGradient, PreventGradient, NoOp

register(
    "Identity", "input: T -> output: T", shape=same_shape, compute=_identity, gradient=lambda op, grad: [grad]
)


def identity(input: Any, name: str | None = None) -> Tensor:
    """A tensor with the value of ``input``; under ``control_dependencies``, its value after them."""
    return apply("Identity", input, name=name)


register(
    "StopGradient", "input: T -> output: T", shape=same_shape, compute=_identity, gradient=NOT_DIFFERENTIABLE
)  # fmt: skip


def stop_gradient(input: Any, name: str | None = None) -> Tensor:
    """``input``, through which no gradient flows back: a constant for backpropagation."""
    return apply("StopGradient", input, name=name)


def _prevent_gradient(op: Operation, grad: Any) -> Any:
    raise LookupError(f"Gradient explicitly disabled at '{op.name}'. Reason: {op.attrs['message']}")


register(
    "PreventGradient", "input: T -> output: T", attrs={"message": ""}, shape=same_shape, compute=_identity,
    gradient=_prevent_gradient,
)  # fmt: skip


def _nothing(xp: Namespace) -> None:
    del xp


register("NoOp", "->", shape=no_outputs, compute=_nothing, gradient=NOT_DIFFERENTIABLE)


def no_op(name: str | None = None) -> Operation:
    """An operation that does nothing: something to hang control dependencies on."""
    return apply_op("NoOp", name=name)


def group(*inputs: Any, name: str | None = None) -> Operation:
    """An operation that is done when all of ``inputs`` (operations, tensors, variables, or lists of them) are.

    Source: TensorFlow 1's ``tf.group``.
    """
    from gradiente.graph.graph import get_default_graph

    waits = _flat(inputs)
    with get_default_graph().control_dependencies(waits):
        return apply_op("NoOp", name=name or "group_deps")


def _flat(items: Any) -> list[Any]:
    flat: list[Any] = []
    for item in items:
        if is_mapping(item):
            flat.extend(_flat(item.values()))
        elif is_list(item):
            flat.extend(_flat(item))
        elif item is not None:
            flat.append(item)
    return flat


def tuple_(tensors: Sequence[Any], name: str | None = None, control_inputs: Any = None) -> list[Any]:
    """The tensors again, each available only when all of them are computed (``tf.tuple``).

    Args:
        tensors: tensors or IndexedSlices; None entries stay None.
        name: the name scope.
        control_inputs: more operations to wait for.

    Raises:
        ValueError: if ``tensors`` holds no tensor.
    """
    from gradiente.graph.graph import get_default_graph
    from gradiente.graph.indexed_slices import IndexedSlices

    present = [
        t.values if isinstance(t, IndexedSlices) else convert_to_tensor(t) for t in tensors if t is not None
    ]
    if not present:
        raise ValueError("tf.tuple needs at least one tensor.")
    with name_scope(name, "tuple", present):
        gate = group(*present, *(control_inputs or ()))
        with get_default_graph().control_dependencies([gate]):
            gated: list[Any] = []
            for t in tensors:
                if isinstance(t, IndexedSlices):
                    gated.append(
                        IndexedSlices(identity(t.values, "control_dependency"), t.indices, t.dense_shape)
                    )
                else:
                    gated.append(None if t is None else identity(t, "control_dependency"))
            return gated
