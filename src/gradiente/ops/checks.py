"""Ops that watch values while the graph runs: Assert, Print, CheckNumerics."""

from __future__ import annotations

import sys
from typing import Any
from weakref import WeakKeyDictionary

from gradiente.graph.build import apply, apply_op, convert_to_tensor, name_scope
from gradiente.graph.dtypes import FLOATS, float16, float32, float64
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.graph import get_default_graph
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import group, identity, no_outputs, same_shape
from gradiente.ops.string_format import summary

# Assert


def _assert(xp: Namespace, condition: Array, data: list[Array], *, summarize: int, op: Operation) -> None:
    del xp
    if not bool(condition):
        shown = " ".join(f"[{summary(v, summarize)}]" for v in data)
        raise InvalidArgumentError(None, op, f"assertion failed: {shown}")


register(
    "Assert", "condition: bool, data: list(T) ->", attrs={"summarize": 3}, shape=no_outputs, host=_assert, stateful=True,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def Assert(condition: Any, data: Any, summarize: int | None = None, name: str | None = None) -> Operation:
    """Make the run fail unless ``condition`` holds.

    The check happens when the operation runs: put it among the ``control_dependencies`` of what depends on it.

    Args:
        condition: a bool scalar.
        data: a list of tensors to show in the error.
        summarize: how many elements of each to show; 3 by default, all if negative.
        name: the operation's name.

    Returns:
        The operation. Running it raises InvalidArgumentError if ``condition`` is False.

    Source: TensorFlow 1's ``tf.Assert``.
    """
    items: list[Any] = list(data) if isinstance(data, (list, tuple)) else [data]  # pyright: ignore[reportUnknownArgumentType] - user input
    with name_scope(name, "Assert", [t for t in (condition, *items) if isinstance(t, Tensor)]):
        return apply_op(
            "Assert", condition, items, summarize=3 if summarize is None else summarize, name="Assert"
        )


# Print

_printed: WeakKeyDictionary[Any, dict[str, int]] = WeakKeyDictionary()
"""How often each Print ran, by the session (or, outside one, the graph) and the operation's name."""


def _print(
    xp: Namespace,
    value: Array,
    data: list[Array],
    *,
    message: str,
    first_n: int,
    summarize: int,
    op: Operation,
    ctx: Any,
) -> Array:
    del xp
    counts = _printed.setdefault(getattr(ctx, "session", None) or op.graph, {})
    seen = counts.get(op.name, 0)
    counts[op.name] = seen + 1
    if first_n < 0 or seen < first_n:
        sys.stderr.write(message + "".join(f"[{summary(v, summarize)}]" for v in data) + "\n")
        sys.stderr.flush()
    return value


def _print_gradient(op: Operation, grad: Tensor) -> list[Any]:
    return [grad, *[None] * (len(op.inputs) - 1)]


register(
    "Print", "input: T, data: list(U) -> output: T",
    attrs={"message": attr("string", ""), "first_n": -1, "summarize": 3}, shape=same_shape, host=_print, stateful=True,
    gradient=_print_gradient,
)  # fmt: skip


def Print(
    input_: Any, data: Any, message: str | None = None, first_n: int | None = None, summarize: int | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """``input_``, writing ``data`` to the standard error whenever it is computed.

    Args:
        input_: the tensor to hand on.
        data: a list of tensors to write, each in brackets after the message.
        message: what comes first.
        first_n: only write the first so many times; always by default.
        summarize: how many elements of each tensor to write; 3 by default, all if negative.
        name: the operation's name.

    Source: TensorFlow 1's ``tf.Print``.
    """
    items: list[Any] = list(data) if isinstance(data, (list, tuple)) else [data]  # pyright: ignore[reportUnknownArgumentType] - user input
    return apply("Print", input_, items, message=message, first_n=first_n, summarize=summarize, name=name)


# CheckNumerics


def _check_numerics(xp: Namespace, x: Array, *, message: str, ctx: Any) -> Array:
    nan, inf = xp.any(xp.isnan(x)), xp.any(xp.isinf(x))
    ctx.check(~(nan & inf), f"{message} : Tensor had Inf and NaN values")
    ctx.check(~nan, f"{message} : Tensor had NaN values")
    ctx.check(~inf, f"{message} : Tensor had Inf values")
    return x


def _check_numerics_gradient(op: Operation, grad: Tensor) -> list[Any]:
    text = f"Not a number (NaN) or infinity (Inf) values detected in gradient. {op.attrs['message']}"
    return [apply("CheckNumerics", grad, message=text)]


register(
    "CheckNumerics", "tensor: T -> output: T", attrs={"message": attr("string")}, types={"T": FLOATS}, shape=same_shape,
    compute=_check_numerics, checks=True, gradient=_check_numerics_gradient,
)  # fmt: skip


def check_numerics(tensor: Any, message: str, name: str | None = None) -> Tensor:
    """``tensor``, making the run fail if an element is NaN or infinite.

    Args:
        tensor: a floating-point tensor.
        message: the error's beginning.
        name: the operation's name.

    Raises:
        InvalidArgumentError: when run, if an element is not finite. The error names the operation and its line.

    Source: TensorFlow 1's ``tf.check_numerics``.
    """
    return apply("CheckNumerics", tensor, message=message, name=name)


def add_check_numerics_ops() -> Operation:
    """Add a ``check_numerics`` for every floating-point tensor that the graph has now.

    Returns:
        An operation that runs them all. Its error names the tensor in which the NaN or infinity comes up.

    Source: TensorFlow 1's ``tf.add_check_numerics_ops``.
    """
    checks: list[Tensor] = []
    graph = get_default_graph()
    for op in graph.get_operations():
        for output in op.outputs:
            if output.dtype in (float16, float32, float64):
                with graph.control_dependencies(checks[-1:]):
                    checks.append(check_numerics(output, message=f"{op.name}:{output.value_index}"))
    return group(*checks)


def verify_tensor_all_finite(
    t: Any = None, msg: str | None = None, name: str | None = None, x: Any = None, message: str | None = None
) -> Tensor:
    """``t``, making the run fail with ``msg`` if an element is NaN or infinite.

    Args:
        t: a floating-point tensor.
        msg: the error's beginning.
        name: the name scope.
        x: the newer name of ``t``.
        message: the newer name of ``msg``.

    Source: TensorFlow 1's ``tf.verify_tensor_all_finite``.
    """
    value, text = x if t is None else t, message if msg is None else msg
    with name_scope(name, "VerifyFinite", [value] if isinstance(value, Tensor) else None):
        tensor = convert_to_tensor(value, name="t")
        with get_default_graph().control_dependencies([check_numerics(tensor, message=text or "")]):
            return identity(tensor, name="control_dependency")
