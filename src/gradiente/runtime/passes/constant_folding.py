"""Constant folding: what follows from constants, and from shapes that are known while building, is worked out once.

Values that follow from shapes known only when compiling (those of fed batches) are folded while tracing, by ``interpret``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.errors import OpError
from gradiente.graph.evaluate import compute_numpy
from gradiente.graph.operation import Operation, Tensor
from gradiente.runtime.passes.program import Program, names
from gradiente.runtime.static_values import SHAPE_ONLY

_LARGEST = 1 << 14
"""Elements of the largest value that is worked out: larger ones would make the compiled program large."""


def fold_constants(program: Program) -> None:
    """Work out the operations whose inputs are all known, and take them out of the program."""
    folded: list[Operation] = []
    left: list[Any] = []
    known = program.known
    for op in program.operations:
        if op.type == "Const" and op.outputs[0] not in program.given:
            known[op.outputs[0]] = op.attrs["value"]
            left.append(op)
            continue
        values = _folded(program, op)
        if values is None:
            left.append(op)
        else:
            known.update(zip(op.outputs, values, strict=True))
            folded.append(op)
    for op in program.operations:
        if op.type == "Const":
            known.pop(op.outputs[0], None)
    program.steps = left
    if folded:
        program.notes.append(f"constant folding: {len(folded)} operations ({names(folded)})")


def _folded(program: Program, op: Operation) -> list[np.ndarray[Any, Any]] | None:
    inputs = _inputs(program, op)
    if inputs is None or not _foldable(program, op):
        return None
    try:
        values = [np.asarray(v) for v in compute_numpy(op, inputs)]
    except (OpError, TypeError, ValueError, IndexError, KeyError, ArithmeticError):
        return None  # it fails in the run, where the error has its place
    fits = all(v.dtype == t.dtype.np and v.size <= _LARGEST for v, t in zip(values, op.outputs, strict=True))
    return values if fits else None


def _foldable(program: Program, op: Operation) -> bool:
    definition = op.op_def
    if not definition.pure or definition.compute is None or definition.host is not None or definition.checks:
        return False
    if {"ctx", "functions"} & set(definition.keywords["compute"]):
        return False
    if any(t in program.given or t.dtype.is_ref_dtype for t in op.outputs):
        return False
    return all((size := t.shape.num_elements()) is not None and size <= _LARGEST for t in op.outputs)


def _inputs(program: Program, op: Operation) -> list[np.ndarray[Any, Any]] | None:
    """The values of the inputs, if known; of an operation that looks at shapes only, zeros of that shape."""
    if not op.inputs:
        return None
    if op.type in SHAPE_ONLY:
        effects = program.effects_of(op)
        if effects.reads or not all(t.shape.is_fully_defined() for t in op.inputs):
            return None
        return [_zeros(t) for t in op.inputs]
    values = [program.known.get(t) for t in op.inputs]
    return (
        None
        if any(v is None or v.dtype == np.object_ for v in values)
        else [v for v in values if v is not None]
    )


def _zeros(tensor: Tensor) -> np.ndarray[Any, Any]:
    """An array of the tensor's shape that takes no memory."""
    sizes = tuple(size or 0 for size in tensor.shape.as_list())
    zero: np.ndarray[Any, Any] = np.zeros((), tensor.dtype.base_dtype.np)
    return np.broadcast_to(zero, sizes)
