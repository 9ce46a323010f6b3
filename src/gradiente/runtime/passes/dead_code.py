"""Dead code: operations whose outputs nobody takes any more, once other passes have done their work.

The plan holds only what a run needs. Some of it was needed for its shape, for a value that was folded, or by an operation
that was merged into another. What a program asked for stays, though nobody takes its outputs: it may fail, and say so.
"""

from __future__ import annotations

from gradiente.graph.operation import Operation, Tensor
from gradiente.runtime.passes.program import Program, Step, names


def remove_dead_code(program: Program) -> None:
    """Take out what has no effect and gives nothing that is wanted."""
    wanted: set[Tensor] = set(program.wanted)
    dead: list[Operation] = []
    left: list[Step] = []
    for step in reversed(program.steps):
        alive = (
            not isinstance(step, Operation)
            or step in program.kept
            or _has_effect(program, step)
            or any(t in wanted for t in step.outputs)
        )
        if alive:
            wanted.update(step.inputs)
            left.append(step)
        else:
            assert isinstance(step, Operation)
            dead.append(step)
    program.steps = left[::-1]
    if dead:
        program.notes.append(f"dead code: {len(dead)} operations ({names(dead[::-1])})")


def _has_effect(program: Program, op: Operation) -> bool:
    """Whether running the operation does more than give its outputs, or may fail for its values or a missing variable."""
    effects = program.effects_of(op)
    definition = op.op_def
    return bool(
        effects.reads or effects.writes or definition.checks or not definition.pure or definition.host
    )
