"""Values that are known while the graph is built: constants from Python values, and what follows from constants."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from gradiente.graph.dtypes import DType, as_dtype, bool_, complex128, float32, int32, int64, string
from gradiente.graph.errors import OpError
from gradiente.graph.operation import Tensor
from gradiente.graph.shapes import TensorShape, unknown_shape
from gradiente.graph.types import is_known, is_list

_LARGEST_FOLDED = 4096
"""Elements of the largest value that constant_value works out."""


def constant_array(value: Any, dtype: DType | None = None) -> np.ndarray[Any, Any]:
    """A Python value as a NumPy array of one of our types.

    Python's floats become float32, ints int32 (int64 where they don't fit), as in TensorFlow; NumPy arrays keep their
    type. With ``dtype``, numbers must fit it: a float is no int, a string is no number.

    Raises:
        TypeError: if the value can't be of that type.
        ValueError: if a nested list is ragged or None is inside.
    """
    if isinstance(value, TensorShape):
        value = value.as_list()
        if None in value:
            raise ValueError(f"Cannot convert a partially known shape {value} to a tensor; use tf.shape(x).")
        dtype = dtype or int32
    if is_known(value):
        return _from_numpy(np.asarray(value), dtype)
    if hasattr(value, "__array__") and not is_list(value):
        return _from_numpy(np.asarray(value), dtype)
    if value is None:
        raise ValueError("None values are not supported: a tensor needs a value.")
    kinds: set[Any] = set()
    plain = _plain(value, kinds)
    found = _python_dtype(kinds)
    if dtype is not None:
        _check_python(found, dtype, kinds)
        return _array(plain, dtype, value)
    if found is int32:
        wide = _array(plain, int64, value)
        fits = not wide.size or (wide.min() >= -(2**31) and wide.max() < 2**31)
        return wide.astype(np.int32) if fits else wide
    return _array(plain, found, value)


def _array(plain: Any, dtype: DType, value: Any) -> np.ndarray[Any, Any]:
    if dtype is string:
        return _string_array(plain)
    try:
        return np.asarray(plain, dtype=dtype.np)
    except ValueError as error:
        if "inhomogeneous" in str(error):
            raise ValueError(f"A tensor's rows must have equal lengths; received {value!r}.") from None
        raise
    except OverflowError:
        raise TypeError(f"{value!r} does not fit type {dtype.name}.") from None


def _from_numpy(array: np.ndarray[Any, Any], dtype: DType | None) -> np.ndarray[Any, Any]:
    if array.dtype.kind in "US":
        array = _string_array(array)
    elif array.dtype.kind == "O":
        kinds: set[Any] = set()
        plain = _plain(array.tolist(), kinds)
        found = _python_dtype(kinds)
        array = _string_array(array) if found is string else np.asarray(plain, dtype=found.np)
    source = as_dtype(array.dtype)
    if array.dtype != source.np:  # of the other byte order
        array = array.astype(source.np)
    if dtype is None or dtype.base_dtype is source:
        return array
    if source is string or dtype is string:
        raise TypeError(f"Expected {dtype.name}, got an array of type {source.name}.")
    if dtype.is_integer and not (source.is_integer or source.is_bool):
        raise TypeError(f"Expected {dtype.name}, got an array of type {source.name}; use tf.cast.")
    if source.is_complex and not dtype.is_complex:
        raise TypeError(f"Expected {dtype.name}, got an array of type {source.name}; use tf.cast.")
    return array.astype(dtype.np)


def _plain(value: Any, kinds: set[Any]) -> Any:
    """A nested value with arrays opened up, noting the classes of its leaves."""
    if is_list(value):
        return [_plain(v, kinds) for v in value]
    if is_known(value):
        kinds.add(as_dtype(value.dtype))
        return value.tolist()
    if value is None:
        raise ValueError("None values are not supported: a tensor needs a value.")
    if type(value).__name__ == "Dimension":
        kinds.add(int)
        if value.value is None:
            raise ValueError("An unknown dimension has no value while the graph is built; use tf.shape(x).")
        return value.value
    if type(value) not in (bool, int, float, complex, str, bytes):
        for python_type in (bool, int, float, str, bytes):
            if isinstance(value, python_type):
                kinds.add(python_type)
                return value
        if hasattr(value, "__array__"):
            array = np.asarray(value)
            kinds.add(as_dtype(array.dtype))
            return array.tolist()
        raise TypeError(
            f"Expected a number, a string or a list of them, got {value!r} of class {type(value).__name__}."
        )
    kinds.add(type(value))
    return value


def _python_dtype(kinds: Iterable[Any]) -> DType:
    kinds = set(kinds)
    if not kinds:
        return float32
    exact = {k for k in kinds if isinstance(k, DType)}
    if len(exact) == 1:
        return exact.pop()
    if exact:
        return as_dtype(np.result_type(*(k.np for k in exact)))
    if kinds & {str, bytes}:
        if kinds - {str, bytes}:
            raise TypeError("A tensor can't mix strings and numbers.")
        return string
    if complex in kinds:
        return complex128
    if float in kinds:
        return float32
    if kinds == {bool}:
        return bool_
    if bool in kinds:
        raise TypeError("A tensor can't mix bools and numbers.")
    return int32


def _check_python(found: DType, wanted: DType, kinds: set[Any]) -> None:
    if not kinds:
        return
    fits = (
        found is wanted
        or (found.is_integer and (wanted.is_integer or wanted.is_floating or wanted.is_complex))
        or (found.is_floating and (wanted.is_floating or wanted.is_complex))
        or (found.is_complex and wanted.is_complex)
    )
    if not fits:
        raise TypeError(f"Expected {wanted.name}, got a value of type {found.name}.")


def _string_array(values: Any) -> np.ndarray[Any, Any]:
    array = np.asarray(values, dtype=object)
    flat = np.empty(array.size, dtype=object)
    for i, v in enumerate(array.ravel()):
        flat[i] = v.encode("utf-8", "surrogateescape") if isinstance(v, str) else bytes(v)
    return flat.reshape(array.shape)


def constant_value(tensor: Tensor, partial: bool = False) -> Any:
    """The tensor's value as a NumPy array if it follows from constants and static shapes alone, else None."""
    del partial
    if tensor._constant is None:  # pyright: ignore[reportPrivateUsage] - the cache of this function
        for each in _unknown_before(tensor):
            each._constant = (_evaluate(each),)  # pyright: ignore[reportPrivateUsage]
    found: Any = tensor._constant  # pyright: ignore[reportPrivateUsage]
    return found[0]


def _unknown_before(tensor: Tensor) -> list[Tensor]:
    """The tensors to evaluate before ``tensor``, and itself, in order: a long chain must not become a deep recursion."""
    found: set[Tensor] = set()
    pending = [tensor]
    while pending:
        each = pending.pop()
        if each not in found and each._constant is None:  # pyright: ignore[reportPrivateUsage]
            found.add(each)
            if _follows_from_inputs(each):
                pending.extend(each.op.inputs)
    return sorted(found, key=lambda t: (t is tensor, t.op.creation_index))


def _follows_from_inputs(tensor: Tensor) -> bool:
    """Whether the tensor's value can be worked out from its inputs' values."""
    op = tensor.op
    definition = op.op_def
    if op.type in _OF_SHAPES or not definition.pure or definition.compute is None or not op.inputs:
        return False
    if "ctx" in definition.keywords["compute"] and not definition.checks:
        return False
    count = tensor.shape.num_elements()
    return (
        count is not None
        and count <= _LARGEST_FOLDED
        and all((t.shape.num_elements() or 0) <= _LARGEST_FOLDED for t in op.inputs)
    )


_OF_SHAPES = frozenset({"Shape", "Size", "Rank"})


def _evaluate(tensor: Tensor) -> Any:
    op = tensor.op
    if op.type == "Const":
        return op.attrs["value"]
    if op.type == "Shape":
        return _shape_array(op.inputs[0].shape, op.attrs["out_type"])
    if op.type == "Size":
        count = op.inputs[0].shape.num_elements()
        return None if count is None else np.asarray(count, op.attrs["out_type"].np)
    if op.type == "Rank":
        return None if op.inputs[0].shape.ndims is None else np.asarray(op.inputs[0].shape.ndims, np.int32)
    if not _follows_from_inputs(tensor):
        return None
    values = [constant_value(t) for t in op.inputs]
    if any(v is None for v in values):
        return _part_of_shape(tensor, values[1:]) if op.type in ("StridedSlice", "Unpack") else None
    from gradiente.graph.evaluate import compute_numpy

    try:
        result = compute_numpy(op, values)[tensor.value_index]
    except OpError:
        return None
    return np.asarray(result, dtype=tensor.dtype.np)


def _part_of_shape(tensor: Tensor, bounds: list[Any]) -> Any:
    """Sizes taken from a shape (``tf.shape(x)[1]``, ``tf.unstack(tf.shape(x))``), where these at least are known."""
    op = tensor.op
    source = op.inputs[0]
    if (
        source.shape.ndims != 1
        or not source.dtype.is_integer
        or any(b is None or len(b) != 1 for b in bounds)
    ):
        return None
    sizes = constant_value_as_shape(source).plain
    if sizes is None:
        return None
    if op.type == "Unpack":
        part: Any = sizes[tensor.value_index]
    elif op.attrs["ellipsis_mask"] or op.attrs["new_axis_mask"]:
        return None
    elif op.attrs["shrink_axis_mask"]:
        part = sizes[int(bounds[0][0])]
    else:
        begin = None if op.attrs["begin_mask"] else int(bounds[0][0])
        part = sizes[begin : None if op.attrs["end_mask"] else int(bounds[1][0]) : int(bounds[2][0])]
    if part is None or (isinstance(part, tuple) and None in part):
        return None
    return np.asarray(part, tensor.dtype.np)


def _shape_array(shape: TensorShape, dtype: DType) -> Any:
    return np.asarray(shape.plain, dtype.np).reshape(-1) if shape.is_fully_defined() else None


def constant_value_as_shape(tensor: Tensor) -> TensorShape:
    """What is known of the shape that a rank-1 integer tensor describes (-1 and unknown values are unknown sizes)."""
    value = constant_value(tensor)
    if value is not None:
        if np.ndim(value) != 1:
            raise ValueError(
                f"A shape is a list of sizes (rank 1), but {tensor.name!r} has shape {tensor.shape}."
            )
        return TensorShape.of(tuple(None if d < 0 else int(d) for d in value))
    op = tensor.op
    if op.type == "Shape":
        return op.inputs[0].shape
    if op.type == "Cast":
        return constant_value_as_shape(op.inputs[0])
    if op.type == "Pack" and tensor.shape.ndims == 1:
        sizes: list[int | None] = []
        for part in op.inputs:
            known = constant_value(part)
            sizes.append(None if known is None or known < 0 else int(known))
        return TensorShape.of(tuple(sizes))
    if op.type == "ConcatV2":
        shape = TensorShape.of(())
        for part in op.inputs[:-1]:
            shape = shape.concatenate(constant_value_as_shape(part))
        return shape
    if op.type == "StridedSlice" and tensor.shape.ndims == 1:
        bounds = [constant_value(t) for t in op.inputs[1:]]
        inner = constant_value_as_shape(op.inputs[0])
        if (
            all(b is not None and len(b) == 1 for b in bounds)
            and inner.plain is not None
            and not op.attrs["ellipsis_mask"]
        ):
            begin = None if op.attrs["begin_mask"] & 1 else int(bounds[0][0])
            end = None if op.attrs["end_mask"] & 1 else int(bounds[1][0])
            return TensorShape.of(inner.plain[begin : end : int(bounds[2][0])])
    length = tensor.shape.plain[0] if tensor.shape.plain else None
    return unknown_shape(length)
