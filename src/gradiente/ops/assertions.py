"""Assertions about tensors (``tf.assert_equal`` and its kin): checked while building where the values are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import DType, as_dtype, float32
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.source import user_line
from gradiente.ops.basic import no_op
from gradiente.ops.checks import Assert
from gradiente.ops.string_format import summary

# Values


def _compare(
    x: Any, y: Any, data: Any, summarize: int | None, message: str | None, name: str | None, default: str, symbol: str,
    op_type: str, holds: Callable[[Any, Any], Any], shown: str | None = None,
) -> Operation:  # fmt: skip
    """Assert a relation between two tensors; ``shown`` names the right-hand side where it is a number."""
    with name_scope(name, default, [t for t in (x, y) if isinstance(t, Tensor)]):
        left = convert_to_tensor(x, name="x")
        right = convert_to_tensor(
            y, dtype=left.dtype.base_dtype if shown or not isinstance(y, Tensor) else None, name="y"
        )
        sides = [("x", left)] if shown else [("x", left), ("y", right)]
        text = f"Condition x {symbol} {shown or 'y'} did not hold element-wise:"
        known = [constant_value(t) for t in (left, right)]
        if all(v is not None for v in known):
            if bool(np.all(holds(*known))):
                return no_op("static_checks_determined_all_ok")
            parts = [
                f"{n} ({t.name}) = {summary(v, summarize or 3)}"
                for (n, t), v in zip(sides, known, strict=False)
            ]
            lead = f"{message}\n" if message else ""
            raise InvalidArgumentError(None, None, f"{lead}{text}\n{chr(10).join(parts)}\n  At {user_line()}")
        if data is None:
            data = [message or "", text]
            for n, t in sides:
                data += [f"{n} ({t.name}) = ", t]
        condition = apply(op_type, left, right)
        axes = apply("Range", 0, apply("Rank", condition), 1)
        return Assert(apply("All", condition, axes, keep_dims=False), data, summarize=summarize)


def assert_equal(
    x: Any,
    y: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Assert x == y, element by element.

    Args:
        x: a tensor.
        y: a tensor that broadcasts with it.
        data: what to show in the error; the two tensors by default.
        summarize: how many elements of each.
        message: the error's beginning.
        name: the name scope.

    Returns:
        An operation that raises InvalidArgumentError if the condition does not hold: put it among the
        ``control_dependencies`` of what depends on it.

    Raises:
        InvalidArgumentError: at once, if the values are known and it does not hold.
    """
    return _compare(x, y, data, summarize, message, name, "assert_equal", "==", "Equal", np.equal)


def assert_none_equal(
    x: Any,
    y: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Assert x != y, element by element (see ``assert_equal``)."""
    return _compare(x, y, data, summarize, message, name, "assert_none_equal", "!=", "NotEqual", np.not_equal)


def assert_less(
    x: Any,
    y: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Assert x < y, element by element (see ``assert_equal``)."""
    return _compare(x, y, data, summarize, message, name, "assert_less", "<", "Less", np.less)


def assert_less_equal(
    x: Any,
    y: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Assert x <= y, element by element (see ``assert_equal``)."""
    return _compare(
        x, y, data, summarize, message, name, "assert_less_equal", "<=", "LessEqual", np.less_equal
    )


def assert_greater(
    x: Any,
    y: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Assert x > y, element by element (see ``assert_equal``)."""
    return _compare(x, y, data, summarize, message, name, "assert_greater", ">", "Greater", np.greater)


def assert_greater_equal(
    x: Any,
    y: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Assert x >= y, element by element (see ``assert_equal``)."""
    return _compare(
        x, y, data, summarize, message, name, "assert_greater_equal", ">=", "GreaterEqual", np.greater_equal
    )


def assert_negative(
    x: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Assert x < 0, element by element (see ``assert_equal``)."""
    return _compare(x, 0, data, summarize, message, name, "assert_negative", "<", "Less", np.less, "0")


def assert_positive(
    x: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Assert x > 0, element by element (see ``assert_equal``)."""
    return _compare(x, 0, data, summarize, message, name, "assert_positive", ">", "Greater", np.greater, "0")


def assert_non_negative(
    x: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Assert x >= 0, element by element (see ``assert_equal``)."""
    return _compare(
        x,
        0,
        data,
        summarize,
        message,
        name,
        "assert_non_negative",
        ">=",
        "GreaterEqual",
        np.greater_equal,
        "0",
    )


def assert_non_positive(
    x: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Assert x <= 0, element by element (see ``assert_equal``)."""
    return _compare(
        x, 0, data, summarize, message, name, "assert_non_positive", "<=", "LessEqual", np.less_equal, "0"
    )


# Ranks


def _check_rank(
    x: Any, rank: Any, message: str | None, name: str | None, default: str, rule: str, op_type: str,
    holds: Callable[[int, int], bool],
) -> Operation:  # fmt: skip
    with name_scope(name, default, [x] if isinstance(x, Tensor) else None):
        tensor, wanted = convert_to_tensor(x, name="x"), convert_to_tensor(rank, name="rank")
        expected, found = constant_value(wanted), tensor.shape.ndims
        if expected is not None and np.ndim(expected):
            raise ValueError(f"Rank must be a scalar, not {expected.tolist()}.")
        if expected is not None and found is not None:
            if holds(found, int(expected)):
                return no_op("static_checks_determined_all_ok")
            lead = f"{message}. " if message else ""
            raise ValueError(
                f"{lead}Tensor {tensor.name} must have rank {rule}{int(expected)}.  Received rank {found}, shape "
                f"{tensor.shape}. At {user_line()}"
            )
        data = [message or "", f"Tensor {tensor.name} must have rank {rule}", wanted, "Received shape: ",
                apply("Shape", tensor)]  # fmt: skip
        return Assert(apply(op_type, apply("Rank", tensor), wanted), data)


def assert_rank(
    x: Any,
    rank: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Assert that ``x`` has ``rank`` dimensions.

    Raises:
        ValueError: at once, if it is known to have another rank.
    """
    del data, summarize
    return _check_rank(x, rank, message, name, "assert_rank", "", "Equal", lambda a, b: a == b)


def assert_rank_at_least(
    x: Any,
    rank: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Assert that ``x`` has ``rank`` dimensions or more.

    Raises:
        ValueError: at once, if it is known to have fewer.
    """
    del data, summarize
    return _check_rank(
        x, rank, message, name, "assert_rank_at_least", "at least ", "GreaterEqual", lambda a, b: a >= b
    )


def assert_rank_in(
    x: Any,
    ranks: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Assert that the number of dimensions of ``x`` is one of ``ranks``.

    Raises:
        ValueError: at once, if it is known to be another.
    """
    del data
    with name_scope(name, "assert_rank_in", [x] if isinstance(x, Tensor) else None):
        tensor = convert_to_tensor(x, name="x")
        wanted = [int(r) for r in ranks]
        if tensor.shape.ndims is not None:
            if tensor.shape.ndims in wanted:
                return no_op("static_checks_determined_all_ok")
            lead = f"{message}. " if message else ""
            raise ValueError(
                f"{lead}Tensor {tensor.name} must have rank in {tuple(wanted)}. Received rank {tensor.shape.ndims}, shape "
                f"{tensor.shape}. At {user_line()}"
            )
        hits = apply("Equal", apply("Rank", tensor), np.asarray(wanted, np.int32))
        data = [
            message or "",
            f"Tensor {tensor.name} must have rank in",
            wanted,
            "Received shape: ",
            apply("Shape", tensor),
        ]
        return Assert(apply("Any", hits, np.zeros(1, np.int32), keep_dims=False), data, summarize=summarize)


def assert_scalar(tensor: Any, name: str | None = None, message: str | None = None) -> Tensor:
    """``tensor``, if it is known to be a scalar.

    Raises:
        ValueError: if its rank is not known to be 0.
    """
    value = convert_to_tensor(tensor, name=name)
    if value.shape.ndims != 0:
        lead = f"{message} " if message else ""
        raise ValueError(f"{lead}Expected scalar shape for {value.name}, saw shape: {value.shape}.")
    return value


# Types


def assert_type(tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None) -> Operation:
    """Assert that ``tensor`` is of type ``tf_type``.

    Raises:
        TypeError: if it is not.
    """
    with name_scope(name, "assert_type", [tensor] if isinstance(tensor, Tensor) else None):
        value, kind = convert_to_tensor(tensor, name="tensor"), as_dtype(tf_type)
        if value.dtype.base_dtype is not kind.base_dtype:
            lead = f"{message} " if message else ""
            raise TypeError(
                f"{lead}{value.name} must be of type {kind!r}; got {value.dtype.base_dtype!r}. At {user_line()}"
            )
        return no_op("statically_determined_correct_type")


def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> Operation:
    """Assert that ``x`` is of an integer type.

    Raises:
        TypeError: if it is not.
    """
    with name_scope(name, "assert_integer", [x] if isinstance(x, Tensor) else None):
        value = convert_to_tensor(x, name="x")
        if not value.dtype.is_integer:
            lead = f"{message} " if message else ""
            raise TypeError(
                f"{lead}Expected 'x' to be integer type. Found: {value.name} of dtype {value.dtype!r}"
            )
        return no_op("statically_determined_was_integer")


def assert_same_float_dtype(tensors: Any = None, dtype: Any = None) -> DType:
    """The floating-point type that ``tensors`` (and ``dtype``) share; float32 where none is given.

    Raises:
        ValueError: if they differ, or the type is no floating-point type.
    """
    kind = None if dtype is None else as_dtype(dtype).base_dtype
    for t in tensors or ():
        if t is None:
            continue
        value = convert_to_tensor(t)
        if kind is None:
            kind = value.dtype.base_dtype
        elif value.dtype.base_dtype is not kind:
            raise ValueError(
                f"Tensor {value.name} of type {value.dtype.base_dtype!r} is expected to be of type {kind!r}."
            )
    kind = kind or float32
    if not kind.is_floating:
        raise ValueError(f"Expected floating point type, got {kind!r}.")
    return kind


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether ``tensor`` is a Tensor of integers, floating-point or complex numbers."""
    return isinstance(tensor, Tensor) and (
        tensor.dtype.is_floating or tensor.dtype.is_integer or tensor.dtype.is_complex
    )


# Order


def _steps(x: Any, name: str | None, default: str, op_type: str) -> Tensor:
    with name_scope(name, default, [x] if isinstance(x, Tensor) else None):
        flat = apply("Reshape", convert_to_tensor(x, name="x"), [-1])
        before = apply("StridedSlice", flat, [0], [-1], [1], begin_mask=1)
        after = apply("StridedSlice", flat, [1], [0], [1], end_mask=1)
        return apply("All", apply(op_type, before, after), np.zeros(1, np.int32), keep_dims=False)


def is_non_decreasing(x: Any, name: str | None = None) -> Tensor:
    """Whether no element of ``x``, in row-major order, is smaller than the one before it, as a bool scalar."""
    return _steps(x, name, "is_non_decreasing", "LessEqual")


def is_strictly_increasing(x: Any, name: str | None = None) -> Tensor:
    """Whether each element of ``x``, in row-major order, is larger than the one before it, as a bool scalar."""
    return _steps(x, name, "is_strictly_increasing", "Less")
