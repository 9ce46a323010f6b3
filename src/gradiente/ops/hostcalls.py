"""Ops that call Python while the graph runs: py_func, and the clock."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np

from gradiente.graph.build import apply, apply_op
from gradiente.graph.constants import constant_array
from gradiente.graph.dtypes import DType, as_dtype, string
from gradiente.graph.errors import (
    InvalidArgumentError,
    OpError,
    OutOfRangeError,
    ResourceExhaustedError,
    UnimplementedError,
    UnknownError,
)
from gradiente.graph.graph import Graph, get_default_graph
from gradiente.graph.operation import Operation
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import scalar_shape

# PyFunc, PyFuncStateless


class _Function:
    """A Python function that a graph calls."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self.call = call


_functions: WeakValueDictionary[str, _Function] = WeakValueDictionary()
_kept: WeakKeyDictionary[Graph, list[_Function]] = WeakKeyDictionary()
"""The functions of each graph: they live as long as it does."""
_numbers = itertools.count()

_ERRORS: tuple[tuple[type[Exception], type[OpError]], ...] = (
    (StopIteration, OutOfRangeError),
    (MemoryError, ResourceExhaustedError),
    (NotImplementedError, UnimplementedError),
    (TypeError, InvalidArgumentError),
    (ValueError, InvalidArgumentError),
)


def _unknown_shapes(op: Operation) -> list[Any]:
    return [None] * len(op.attrs["Tout"])


def _call(
    xp: Namespace, inputs: list[Array], *, token: str, Tout: tuple[DType, ...], op: Operation
) -> tuple[Array, ...]:
    del xp
    function = _functions.get(token)
    if function is None:
        raise InvalidArgumentError(
            None, op, f"The Python function {token!r} is not in this process: a graph that was saved can't bring it along. "
            "Call tf.py_func again where the graph is loaded."
        )  # fmt: skip
    try:
        result = function.call(*(_argument(v) for v in inputs))
    except OpError:
        raise
    except Exception as error:
        kind = next((to for of, to in _ERRORS if isinstance(error, of)), UnknownError)
        raise kind(None, op, f"{type(error).__name__}: {error}") from error
    given: list[Any] = [result] if not isinstance(result, (list, tuple)) else list(result)  # pyright: ignore[reportUnknownArgumentType] - user code
    if result is None and not Tout:
        given = []
    if len(given) != len(Tout):
        raise InvalidArgumentError(
            None, op, f"{token} returns {len(given)} values, but expects to see {len(Tout)} values. A list or tuple is "
            "several values: return np.array([...]) for one vector."
        )  # fmt: skip
    return tuple(
        _returned(v, kind, i, token, op) for i, (v, kind) in enumerate(zip(given, Tout, strict=True))
    )


def _argument(value: Array) -> Any:
    """What the function receives: a NumPy array, or a NumPy scalar (bytes for a string)."""
    return np.array(value) if np.ndim(value) else np.asarray(value)[()]


def _returned(value: Any, kind: DType, index: int, token: str, op: Operation) -> Array:
    if kind is string:
        return constant_array(value if isinstance(value, (str, bytes)) else np.asarray(value, object), string)
    array = np.asarray(value)
    if array.dtype != kind.np:
        raise InvalidArgumentError(
            None, op, f"{index}-th value returned by {token} is {array.dtype}, but expects {kind.name}. Return "
            f"np.{kind.np}(...) or change Tout."
        )  # fmt: skip
    return np.array(array)


for _name, _stateful in (("PyFunc", True), ("PyFuncStateless", False)):
    register(
        _name, "input: list(Tin) -> output: list(Tout)", attrs={"token": attr("string")}, shape=_unknown_shapes,
        host=_call, stateful=_stateful, gradient=NOT_DIFFERENTIABLE,
    )  # fmt: skip


def py_func(
    func: Callable[..., Any], inp: Sequence[Any], Tout: Any, stateful: bool = True, name: str | None = None
) -> Any:  # fmt: skip
    """Call a Python function on NumPy arrays while the graph runs.

    Args:
        func: takes one NumPy array for each of ``inp`` (a NumPy scalar for a scalar, bytes for strings) and returns a NumPy
            array, or a list of them.
        inp: a list of tensors.
        Tout: the type of what it returns, or a list of types.
        stateful: whether the function has effects or may return different values for the same arguments.
        name: the operation's name.

    Returns:
        One tensor, or a list of them if ``Tout`` is one; the operation if that is empty. Their shapes are not known: use
        ``set_shape``.

    Raises:
        InvalidArgumentError: when run, if the function returns another type or number of values, or raises TypeError or
            ValueError. Other exceptions become TensorFlow's error for them; the original is the cause.

    Source: TensorFlow 1's ``tf.py_func``.
    """
    if not callable(func):
        raise ValueError(f"Expected func to be callable, got {func!r}.")
    several = isinstance(Tout, (list, tuple))
    kinds = tuple(as_dtype(t).base_dtype for t in (Tout if several else (Tout,)))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - user input
    graph: Any = get_default_graph()
    while graph.outer_graph is not None:
        graph = graph.outer_graph
    function = _Function(func)
    token = f"pyfunc_{next(_numbers)}"
    _functions[token] = function
    _kept.setdefault(graph, []).append(function)
    op_type = "PyFunc" if stateful else "PyFuncStateless"
    op = apply_op(op_type, list(inp), token=token, Tout=kinds, name=name)
    if not kinds:
        return op
    return list(op.outputs) if several else op.outputs[0]


def numpy_function(func: Callable[..., Any], inp: Sequence[Any], Tout: Any, name: str | None = None) -> Any:
    """``py_func`` under its newer name, for a function with effects (``tf.numpy_function``)."""
    return py_func(func, inp, Tout, stateful=True, name=name)


# Timestamp


def _timestamp(xp: Namespace) -> Array:
    del xp
    return np.float64(time.time())


register(
    "Timestamp",
    "-> ts: float64",
    shape=scalar_shape,
    host=_timestamp,
    stateful=True,
    gradient=NOT_DIFFERENTIABLE,
)


def timestamp(name: str | None = None) -> Any:
    """The seconds since 1970, as a float64 scalar, when the operation runs (``tf.timestamp``)."""
    return apply("Timestamp", name=name)
