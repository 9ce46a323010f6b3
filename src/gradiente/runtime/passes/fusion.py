"""What every fusion needs to know before it joins operations into one step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradiente.graph.operation import Operation, Tensor
from gradiente.runtime.passes.program import Fused, Lowering, Program, Step
from gradiente.runtime.static_values import SHAPE_ONLY


class Fusions:
    """Collects the fusions of one pass, and makes them.

    A fused step stands where its last part stood. So no part may have effects, nobody else may take what the parts before
    the last give (other than its shape, which is that of the output), and no variable that they read may be written
    meanwhile.

    Args:
        program: the program, which ``apply`` changes.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._consumers = program.consumers()
        self._position: dict[Step, int] = {step: i for i, step in enumerate(program.steps)}
        self._versions = program.versions()
        self._taken: set[Operation] = set()
        self._fused: dict[Operation, Fused] = {}
        self._instead: dict[Tensor, Tensor] = {}
        self._produced: Mapping[Tensor, Operation] = {
            t: op for op in program.operations for t in op.outputs if t not in program.given
        }

    def producer(self, tensor: Tensor) -> Operation | None:
        """The program's operation that computes ``tensor``; None if it comes from outside."""
        return self._produced.get(tensor)

    def has_consumer(self, tensor: Tensor) -> bool:
        """Whether anybody takes the value of ``tensor``, not only its shape."""
        return not self.program.is_private(tensor) or any(
            not _looks_at_shape(s) for s in self._consumers.get(tensor, ())
        )

    def only_consumer(self, tensor: Tensor) -> Operation | None:
        """The one operation that takes the value of ``tensor``, if there is one, and one only."""
        if not self.program.is_private(tensor):
            return None
        users = [s for s in self._consumers.get(tensor, ()) if s.inputs and not _looks_at_shape(s)]
        return users[0] if len(users) == 1 and isinstance(users[0], Operation) else None

    def add(self, kind: str, parts: Sequence[Operation], inputs: Sequence[Tensor], lower: Lowering) -> bool:
        """Fuse ``parts``, a chain in which each takes the output of the one before, if that changes nothing else."""
        last = parts[-1]
        if any(part in self._taken or part in self.program.must_fold for part in parts):
            return False
        for part in parts[:-1]:
            tensor = part.outputs[0]
            if self.only_consumer(tensor) is None or tensor.shape.ndims is None:
                return False
            looking = [s for s in self._consumers.get(tensor, ()) if _looks_at_shape(s)]
            if looking and not _same_shape(tensor, last.outputs[0]):
                return False
            if any(self._position[s] < self._position[last] for s in looking):
                return False
        if self._written_between(parts):
            return False
        self._taken.update(parts)
        self._fused[last] = Fused(kind, tuple(parts), tuple(inputs), lower)
        self._instead.update({part.outputs[0]: last.outputs[0] for part in parts[:-1]})
        return True

    def _written_between(self, parts: Sequence[Operation]) -> bool:
        """Whether a variable that a part reads is written after the part and before the last."""
        start = min(self._position[p] for p in parts)
        read = {key for part in parts for key, _ in self._versions[part]}
        between = self.program.steps[start : self._position[parts[-1]]]
        return any(self.program.effects_of(s).writes & read for s in between if isinstance(s, Operation))

    def apply(self) -> None:
        """Put the fused steps into the program."""
        program = self.program
        program.steps = [
            self._fused.get(s, s) if isinstance(s, Operation) else s
            for s in program.steps
            if not (isinstance(s, Operation) and s in self._taken and s not in self._fused)
        ]
        program.replace_inputs(self._instead)
        program.notes += [f"fused: {step.name} = {step.kind}" for step in self._fused.values()]


def _looks_at_shape(step: Step) -> bool:
    return isinstance(step, Operation) and step.type in SHAPE_ONLY


def _same_shape(a: Tensor, b: Tensor) -> bool:
    """Whether the two have the same number of axes; elementwise operations that don't broadcast keep the sizes."""
    return a.shape.ndims is not None and a.shape.ndims == b.shape.ndims
