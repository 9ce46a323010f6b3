"""Running one op's computation: attributes by keyword, list inputs as lists, outputs as a tuple."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradiente.graph.errors import InvalidArgumentError, OpError
from gradiente.graph.operation import Operation
from gradiente.graph.registry import Computation
from gradiente.graph.types import Array, Namespace, is_list


def call(
    op: Operation, form: str, xp: Namespace, inputs: Sequence[Any], ctx: Any = None
) -> tuple[Array, ...]:
    """Run one form (``compute``, ``device`` or ``host``) of an op's computation.

    Args:
        op: the operation.
        form: which computation.
        xp: the array namespace it runs over.
        inputs: one value per input tensor.
        ctx: the execution's context, for computations that name it.

    Returns:
        One value per output.
    """
    definition = op.op_def
    function: Computation | None = getattr(definition, form)
    assert function is not None
    keywords: dict[str, Any] = {}
    for name in definition.keywords[form]:
        keywords[name] = op if name == "op" else ctx if name == "ctx" else op.attrs[name]
    result: Any = function(xp, *_grouped(op, inputs), **keywords)
    if len(op.outputs) == 1 and not is_list(result):
        return (result,)
    return () if result is None else tuple(result)


def _grouped(op: Operation, inputs: Sequence[Any]) -> list[Any]:
    definition = op.op_def
    if not any(arg.is_list for arg in definition.inputs):
        return list(inputs)
    grouped: list[Any] = []
    position = 0
    for arg in definition.inputs:
        count = arg.count(op.attrs)
        part = inputs[position : position + count]
        grouped.append(list(part) if arg.is_list else part[0])
        position += count
    return grouped


class KnownValues:
    """The context of a computation outside a run, on values that are known while building: it can check, no more."""

    def __init__(self, op: Operation) -> None:
        self._op = op

    def check(self, ok: Any, message: str, error: type[OpError] = InvalidArgumentError) -> None:
        """Raise ``error(message)`` unless ``ok``."""
        if not ok:
            raise error(None, self._op, message)


def compute_numpy(op: Operation, inputs: Sequence[Any]) -> tuple[Array, ...]:
    """Run a pure op's computation on NumPy arrays; warnings of overflow and the like are not shown."""
    with np.errstate(all="ignore"):
        return call(op, "compute", np, inputs, KnownValues(op))


class Ref:
    """What a reference tensor (a variable's output) is while a graph runs: a handle on the variable's state."""

    __slots__ = ("key", "op")

    def __init__(self, op: Operation) -> None:
        self.op = op
        self.key = op.name


class RunsOnHost(OpError):
    """Raised while tracing an operation that XLA can't compile: one whose shapes depend on values. It is run in Python
    instead.
    """

    def __init__(self, op: Operation | None) -> None:
        super().__init__(None, op, "The shapes inside this operation depend on values.")
