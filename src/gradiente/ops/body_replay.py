"""Computing a body again, for its derivative: its operations without their effects."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gradiente.graph.build import apply
from gradiente.graph.functions import FuncGraph, copy_operations
from gradiente.graph.operation import Operation, Tensor


class Replay:
    """The operations of a body made again in the default graph, without what they do to variables and to the screen.

    Args:
        body: the body.
        arguments: what stands for its inputs; called for those that are used.
    """

    def __init__(self, body: FuncGraph, argument: Callable[[int], Tensor]) -> None:
        self._body = body
        self._argument = argument
        self._position = {t: i for i, t in enumerate(body.inputs)}
        self._made: dict[Tensor, Tensor] = {}

    def __call__(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """The copies of tensors of the body."""
        operations: set[Operation] = set()
        pending = [t for t in tensors if t not in self._made]
        used: set[Tensor] = set()
        while pending:
            tensor = pending.pop()
            if tensor in self._position:
                used.add(tensor)
            elif tensor not in self._made and tensor.op not in operations:
                operations.add(tensor.op)
                pending.extend(tensor.op.inputs)
        self._check_assignments(operations)
        for tensor in used:
            if tensor not in self._made:
                self._made[tensor] = self._argument(self._position[tensor])
        ordered = tuple(sorted(operations, key=lambda op: op.creation_index))
        self._made = copy_operations(ordered, self._made, _without_effects)
        return [self._made[t] for t in tensors]

    def _check_assignments(self, operations: set[Operation]) -> None:
        written = {_variable_behind(op.inputs[0]): op for op in self._body.needed() if op.op_def.writes}
        for op in operations if written else ():
            for variable in map(_variable_behind, () if op.op_def.writes else op.inputs):
                if variable is not None and variable in written:
                    raise LookupError(
                        f"The gradient through {op.name!r}, made at {op.source}, needs the value that {variable.name!r} "
                        f"had before {written[variable].name!r} assigned to it in the same body. Return the new value from "
                        "the branch or the loop, and assign it outside."
                    )


def _variable_behind(tensor: Tensor) -> Operation | None:
    """The variable that a tensor hands on as it is when its turn comes, if it does."""
    while True:
        graph = tensor.graph
        outer = graph.outside(tensor) if isinstance(graph, FuncGraph) else tensor
        if outer is not tensor:
            tensor = outer
        elif tensor.op.type == "Identity":
            tensor = tensor.op.inputs[0]
        else:
            return tensor.op if tensor.op.type == "VariableV2" else None


def _without_effects(op: Operation, inputs: list[Tensor]) -> list[Tensor] | None:
    if op.op_def.writes:
        return [apply("StopGradient", inputs[0]) for _ in op.outputs]
    if op.type == "Print":
        return [inputs[0]]
    return None
