"""Values that a run is given: checked against the tensor's type and shape, converted once, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from gradiente.graph.constants import constant_array
from gradiente.graph.dtypes import DType, as_dtype, string, uint64
from gradiente.graph.graph import Graph
from gradiente.graph.operation import Tensor
from gradiente.graph.shapes import TensorShape
from gradiente.graph.types import is_array, is_list, is_mapping


def feed_items(graph: Graph, feed_dict: Any) -> Iterable[tuple[Tensor, Any]]:
    """The (tensor, value) pairs of a feed_dict; a key may be a tensor, a variable, a name, or something with parts.

    Raises:
        TypeError: if a key is no element of the graph.
    """
    if not is_mapping(feed_dict):
        raise TypeError(
            f"feed_dict must be a dictionary from tensors to their values, not a {type(feed_dict).__name__}: "
            "feed_dict={x: value}."
        )
    for key, value in feed_dict.items():
        if type(key) is Tensor and key.graph is graph:
            yield key, value
            continue
        expand = getattr(key, "_feed_parts", None)
        if expand is not None:
            yield from expand(value)
            continue
        try:
            yield graph.as_graph_element(key, allow_operation=False), value
        except (KeyError, ValueError, TypeError) as error:
            raise TypeError(
                f"Cannot interpret feed_dict key as Tensor: {error.args[0] if error.args else error} "
                "Feed a placeholder or another tensor of the session's graph."
            ) from None


def feed_value(tensor: Tensor, value: Any) -> Any:
    """``value`` as an array for ``tensor``: a NumPy array (not copied where it fits) or a JAX array (left where it is).

    Raises:
        TypeError: if the value is a tensor or can't be of the tensor's type.
        ValueError: if its shape does not fit.
    """
    dtype = tensor.dtype.base_dtype
    if is_array(value):
        array: Any = value if value.dtype == dtype.np else _converted(tensor, value)
    elif isinstance(value, Tensor):
        raise TypeError(
            f"The value of a feed cannot be a tf.Tensor object: {tensor.name!r} was fed {value!r}. Feed a NumPy array, a "
            "number, a list or a string; run the tensor first to have its value."
        )
    elif hasattr(value, "addressable_shards") and value.dtype == dtype.np:
        array = value
    else:
        array = _converted(tensor, value)
    dims = tensor.shape.plain
    if dims is not None and not _fits(array.shape, dims):
        shape = tuple(array.shape)
        raise ValueError(
            f"Cannot feed value of shape {shape} for Tensor '{tensor.name}', which has shape '{tensor.shape}'. "
            f"{_hint(tensor.shape, shape)}Placeholder made at {tensor.op.source}"
        )
    return array


def _fits(shape: Sequence[int], dims: Sequence[int | None]) -> bool:
    # A list, for `any` takes twice as long, in every run.
    return len(shape) == len(dims) and not [
        d for d, s in zip(dims, shape, strict=True) if d is not None and d != s
    ]


def _converted(tensor: Tensor, value: Any) -> Any:
    dtype = tensor.dtype.base_dtype
    if _is_list_of_equal_arrays(value):
        value = np.asarray(value)
    if is_array(value) and value.dtype.kind in "biufc" and dtype is not string:
        source = as_dtype(value.dtype)
        if source.is_complex and not dtype.is_complex:
            raise _wrong_type(tensor, value, source.name)
        return value.astype(dtype.np)
    try:
        plain = constant_array(value, dtype if _needs_all_64_bits(value, dtype) else None)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"The value fed to '{tensor.name}' is no array of type {dtype.name}: {error} Placeholder made at "
            f"{tensor.op.source}"
        ) from None
    source = as_dtype(plain.dtype)
    if source is dtype:
        return plain
    if source.is_floating and dtype.is_floating:
        return constant_array(value, dtype)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if (source is string) != (dtype is string) or (source.is_complex and not dtype.is_complex):
        raise _wrong_type(tensor, value, source.name)
    converted = plain.astype(dtype.np)
    if number and dtype.is_integer and not np.array_equal(converted, plain):
        raise TypeError(
            f"Type of feed value {value} with type {type(value)} is not compatible with Tensor type {dtype.name} of "
            f"'{tensor.name}'. Try explicitly setting the type of the feed tensor to a larger type (e.g. int64)."
        )
    return converted


def _is_list_of_equal_arrays(value: Any) -> bool:
    """Whether ``value`` lists arrays of one type and shape, as a batch of examples: these need not be opened up."""
    if not is_list(value) or not value or not all(is_array(v) for v in value):
        return False
    return len({(v.dtype, v.shape) for v in value}) == 1


def _needs_all_64_bits(value: Any, dtype: DType) -> bool:
    """Whether ``value`` has an integer that only uint64 holds."""
    if dtype is not uint64:
        return False
    numbers = np.asarray(value, dtype=object).ravel()
    return any(isinstance(n, int) and n >= 1 << 63 for n in numbers)


def _wrong_type(tensor: Tensor, value: Any, source: str) -> Exception:
    del value
    return ValueError(
        f"Cannot feed a value of type {source} for Tensor '{tensor.name}' of type {tensor.dtype.base_dtype.name}. Convert "
        f"it with np.asarray(value, dtype=...). Placeholder made at {tensor.op.source}"
    )


def _hint(wanted: TensorShape, got: tuple[int, ...]) -> str:
    """What went probably wrong, for the common slips."""
    dims = wanted.plain or ()

    def fits(shape: tuple[int, ...]) -> bool:
        return wanted.is_compatible_with(shape)

    if fits((1, *got)):
        return "The batch dimension is missing: feed value[None], a batch of one. "
    if len(dims) == 2 and len(got) == 1:
        if dims[1] == 1:
            return "Feed a column: value.reshape(-1, 1). "
        return (
            f"Integer labels were fed where one-hot rows of {dims[1]} are wanted: use one_hot=True when reading the data, "
            f"np.eye({dims[1]})[value], or tf.one_hot. "
        )
    if len(dims) == 1 and len(got) == 2:
        return "One-hot rows were fed where integer labels are wanted: feed value.argmax(axis=1). "
    if len(dims) == 4 and len(got) == 4:
        if dims[3] == 1 and got[3] == 3:
            return (
                "Colour images were fed to a grey input: convert them (mean over the last axis, keepdims). "
            )
        if dims[3] == 3 and got[3] == 1:
            return "Grey images were fed to a colour input: repeat the channel, np.repeat(value, 3, axis=3). "
        if fits((got[0], got[2], got[3], got[1])):
            return "The images are in NCHW order, the input wants NHWC: value.transpose(0, 2, 3, 1). "
    if len(dims) == 4 and len(got) == 3 and dims[3] == 1 and fits((*got, 1)):
        return "The channel dimension is missing: feed value[..., None]. "
    size = int(np.prod(got)) if got else 1
    if len(dims) >= 1 and all(d is not None for d in dims[1:]) and got and len(got) != len(dims):
        per_example = int(np.prod([d or 1 for d in dims[1:]]))
        if per_example and got[0] and size == got[0] * per_example:
            sizes = ", ".join(str(d) for d in dims[1:])
            return f"Each example has the right number of values: value.reshape(-1, {sizes}) has the shape wanted. "
    return ""
