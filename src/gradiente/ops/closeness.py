"""Assertions that are not about one relation: that values are near, and that something is an iterable of tensors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import float32, float64
from gradiente.graph.operation import Operation, Tensor
from gradiente.ops.checks import Assert


def assert_near(
    x: Any, y: Any, rtol: Any = None, atol: Any = None, data: Any = None, summarize: int | None = None,
    message: str | None = None, name: str | None = None,
) -> Operation:  # fmt: skip
    """Assert |x - y| <= atol + rtol * |y|, element by element.

    Args:
        x: a floating-point tensor.
        y: a tensor of the same type that broadcasts with it.
        rtol: the relative tolerance: ten times the type's precision by default.
        atol: the absolute tolerance, likewise.
        data: what to show in the error; the two tensors by default.
        summarize: how many elements of each.
        message: the error's beginning.
        name: the name scope.

    Returns:
        An operation that raises InvalidArgumentError if the condition does not hold.
    """
    with name_scope(name, "assert_near", [t for t in (x, y) if isinstance(t, Tensor)]):
        left = convert_to_tensor(x, name="x")
        kind = left.dtype.base_dtype
        right = convert_to_tensor(y, dtype=kind, name="y")
        precision = 10 * float(np.finfo(kind.np if kind in (float32, float64) else np.float16).eps)
        relative = convert_to_tensor(precision if rtol is None else rtol, dtype=kind, name="rtol")
        absolute = convert_to_tensor(precision if atol is None else atol, dtype=kind, name="atol")
        allowed = apply("AddV2", absolute, apply("Mul", relative, apply("Abs", right)))
        close = apply("LessEqual", apply("Abs", apply("Sub", left, right)), allowed)
        axes = apply("Range", 0, apply("Rank", close), 1)
        if data is None:
            data = [
                message or "", "x and y not equal to tolerance rtol, atol = ", relative, absolute,
                f"x ({left.name}) = ", left, f"y ({right.name}) = ", right,
            ]  # fmt: skip
        return Assert(apply("All", close, axes, keep_dims=False), data, summarize=summarize)


def assert_proper_iterable(values: Any) -> None:
    """Check that ``values`` is a list, a tuple or the like: no tensor, string or array.

    Raises:
        TypeError: if it is not.
    """
    kind = type(values).__name__
    if isinstance(values, (Tensor, str, bytes, np.ndarray)):
        raise TypeError(f"Expected argument 'values' to be a 'proper' iterable. Found: {kind}")
    if not isinstance(values, Iterable):
        raise TypeError(f"Expected argument 'values' to be iterable. Found: {kind}")
