"""Which values XLA must know when it compiles, and which operations give them."""

from __future__ import annotations

from collections.abc import Sequence, Set

from gradiente.graph.functions import FuncGraph
from gradiente.graph.operation import Operation, Tensor
from gradiente.runtime.effects import function_arguments, functions

SHAPE_ONLY = frozenset({"Shape", "ShapeN", "Size", "Rank"})
"""Ops whose output follows from their input's shape alone, which is known when compiling."""


def static_inputs(op: Operation) -> frozenset[int]:
    """The positions of the inputs whose values XLA must know when compiling."""
    return positions_of(op, op.op_def.static_names(op))


def positions_of(op: Operation, names: frozenset[str]) -> frozenset[int]:
    """The positions, among the input tensors, of the named inputs."""
    if not names:
        return frozenset()
    positions: set[int] = set()
    position = 0
    for arg in op.op_def.inputs:
        count = arg.count(op.attrs)
        if arg.name in names:
            positions.update(range(position, position + count))
        position += count
    return frozenset(positions)


def static_needed(
    ops: Sequence[Operation], traced: Set[Operation] = frozenset()
) -> tuple[set[Tensor], set[Operation]]:
    """The tensors whose values must be known when ``ops`` are compiled together, and the operations that give them.

    Args:
        ops: the operations.
        traced: those of them that need to know nothing, as they are.
    """
    wanted: set[Tensor] = set()
    fold: set[Operation] = set()
    inside = set(ops)
    for op in reversed(ops):
        if op not in traced:
            wanted.update(op.inputs[position] for position in static_inputs(op))
        wanted.update(static_arguments(op))
        if any(t in wanted for t in op.outputs) and op in inside:
            fold.add(op)
            if op.type not in SHAPE_ONLY:
                wanted.update(op.inputs)
    return wanted, fold


def static_arguments(op: Operation) -> list[Tensor]:
    """The inputs that the operation's bodies need to know when they are compiled."""
    found: list[Tensor] = []
    for body in functions(op):
        inner, _ = static_in_body(body)
        found += [o for i, o in zip(body.inputs, function_arguments(op), strict=True) if i in inner]
    return found


def static_in_body(body: FuncGraph) -> tuple[set[Tensor], set[Operation]]:
    """``static_needed`` of a finished body, worked out once and kept with it."""
    if body.static_values is None:
        body.static_values = static_needed(body.needed())
    return body.static_values
