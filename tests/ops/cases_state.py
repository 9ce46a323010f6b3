"""Rows of the op table: variables, and the ops that hold or hand on a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from tests.ops.harness import Case, F, I, P

_START = np.arange(1.0, 13.0).reshape(4, 3)


def _variable(tf: Any, like: Any) -> Any:
    """A variable that starts from the same numbers in every run."""
    return tf.Variable(_START.astype(like.dtype.base_dtype.as_numpy_dtype))


def _scattered(function: Callable[[Any, Any, Any], None], nd: bool = False) -> Callable[..., Any]:
    def reference(indices: Any, updates: Any) -> Any:
        result = _START.astype(updates.dtype)
        function(result, tuple(np.moveaxis(indices, -1, 0)) if nd else indices, updates)
        return result

    return reference


def _set(result: Any, where: Any, updates: Any) -> None:
    result[where] = updates


_ROWS = np.array([2, 0, 2], np.int32)
_DISTINCT = np.array([3, 1, 0], np.int32)
_CELLS = np.array([[0, 1], [3, 2]], np.int64)

CASES = [
    Case("Const", lambda tf: tf.constant(_START), reference=lambda: _START, dtypes=("float64",), grad=False),
    Case("Identity", lambda tf, x: tf.identity(x), [F(2, 3)], lambda x: x),
    Case("StopGradient", lambda tf, x: tf.stop_gradient(x) * x, [F(2, 3)], lambda x: x * x, grad=False),
    Case("PlaceholderWithDefault", lambda tf, x: tf.placeholder_with_default(x, [None, 3]) * 2.0, [F(2, 3)], lambda x: 2 * x),
    Case(
        "AssignAdd", lambda tf, x: tf.assign_add(_variable(tf, x), x), [F(4, 3)],
        lambda x: _START.astype(x.dtype) + x, grad=False,
    ),
    Case(
        "AssignSub", lambda tf, x: tf.assign_sub(_variable(tf, x), x), [F(4, 3)],
        lambda x: _START.astype(x.dtype) - x, grad=False,
    ),
    Case("Assign", lambda tf, x: tf.assign(_variable(tf, x), x), [F(4, 3)], lambda x: x, grad=False),
    Case(
        "VariableV2", lambda tf, x: _variable(tf, x) * x, [F(4, 3)], lambda x: _START.astype(x.dtype) * x,
    ),
    *[
        Case(
            "Scatter" + name,
            lambda tf, i, u, call=call: getattr(tf, call)(_variable(tf, u), i, u),
            [rows, P(3, 3)], _scattered(function), grad=False,
        )
        for name, call, rows, function in (
            ("Update", "scatter_update", _DISTINCT, _set), ("Add", "scatter_add", _ROWS, np.add.at),
            ("Sub", "scatter_sub", _ROWS, np.subtract.at), ("Mul", "scatter_mul", _ROWS, np.multiply.at),
            ("Div", "scatter_div", _ROWS, np.divide.at), ("Min", "scatter_min", _ROWS, np.minimum.at),
            ("Max", "scatter_max", _ROWS, np.maximum.at),
        )
    ],
    *[
        Case(
            "ScatterNd" + name,
            lambda tf, i, u, call=call: getattr(tf, call)(_variable(tf, u), i, u),
            [_CELLS, P(2)], _scattered(function, nd=True), grad=False,
        )
        for name, call, function in (
            ("Update", "scatter_nd_update", _set), ("Add", "scatter_nd_add", np.add.at),
            ("Sub", "scatter_nd_sub", np.subtract.at),
        )
    ],
    Case(
        "CountUpTo", lambda tf, n: tf.count_up_to(tf.Variable(np.int32(3)), 5) + n, [I(0, 9)], lambda n: 3 + n,
        dtypes=("float32",), grad=False,
    ),
    Case(
        "IsVariableInitialized", lambda tf: tf.is_variable_initialized(tf.Variable(1.0)), reference=lambda: np.asarray(True),
        dtypes=("float32",), grad=False,
    ),
]  # fmt: skip
