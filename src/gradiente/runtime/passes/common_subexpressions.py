"""Common subexpressions: what two operations both compute is computed once.

XLA merges its own instructions; it can't see that two calls of a kernel of ours are the same, and it first has to be given
both. Operations that draw random numbers, have effects, or read a variable that was written in between stay as they are.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from gradiente.graph.dtypes import DType
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.shapes import TensorShape
from gradiente.graph.types import is_array, is_list
from gradiente.runtime.passes.program import Program, Step, names

_LARGEST = 1 << 14
"""Elements of the largest constant that is compared with others."""


def merge_common_subexpressions(program: Program) -> None:
    """Let one operation stand for all that compute the same, and take the others out of the program."""
    versions = program.versions()
    first: dict[Hashable, Operation] = {}
    instead: dict[Tensor, Tensor] = {}
    merged: list[Operation] = []
    left: list[Step] = []
    for op in program.operations:
        key = _key(program, op, instead, versions[op]) if _mergeable(program, op) else None
        before = None if key is None else first.setdefault(key, op)
        if before is None or before is op or any(t in program.wanted for t in op.outputs):
            left.append(op)
            continue
        instead.update(zip(op.outputs, before.outputs, strict=True))
        if op in program.must_fold:
            program.must_fold |= {before}
        merged.append(op)
    program.steps = left
    program.replace_inputs(instead)
    if merged:
        program.notes.append(f"common subexpressions: {len(merged)} operations ({names(merged)})")


def _mergeable(program: Program, op: Operation) -> bool:
    definition = op.op_def
    if not definition.pure or definition.compute is None or definition.host is not None or not op.outputs:
        return False
    if program.effects_of(op).writes or any(t in program.given for t in op.outputs):
        return False
    return not any(t.dtype.is_ref_dtype for t in (*op.outputs, *op.inputs))


def _key(
    program: Program, op: Operation, instead: dict[Tensor, Tensor], version: tuple[Any, ...]
) -> Hashable | None:
    """What two operations have in common that compute the same; None where that can't be told."""
    attrs: list[Hashable] = []
    for name in sorted(op.attrs):
        value = _frozen(op.attrs[name])
        if value is None:
            return None
        attrs.append((name, value))
    inputs = tuple(id(instead.get(t, t)) for t in op.inputs)
    return (op.type, inputs, tuple(attrs), version)


def _frozen(value: Any) -> Hashable | None:
    """An attribute's value as something to compare, its type included; None for what has no such form."""
    if is_array(value):
        if value.dtype == np.object_ or value.size > _LARGEST:
            return None
        return ("array", value.dtype.str, value.shape, value.tobytes())
    if is_list(value):
        parts = [_frozen(v) for v in value]
        return None if any(p is None for p in parts) else ("list", *parts)
    if isinstance(value, TensorShape):
        return ("shape", str(value))
    if isinstance(value, DType):
        return ("type", value.name)
    if isinstance(value, bool | int | float | str | bytes):
        return (type(value).__name__, repr(value))
    return None
