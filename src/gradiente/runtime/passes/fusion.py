"""What every fusion needs to know before it joins operations into one step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from gradiente.graph.operation import Operation, Tensor
from gradiente.runtime.effects import Effects, Key
from gradiente.runtime.passes.program import Fused, Lowering, Program, Step
from gradiente.runtime.static_values import SHAPE_ONLY


class Fusions:
    """Collects the fusions of one pass, and makes them.

    A fused step stands where its last part stood. So no part may have effects, nobody else may take what one part hands to
    the next (other than its shape, which is that of the output), and no variable that they read may be written
    meanwhile. What takes another output of a part before the last, and stood before the last, stands after it then.

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
        self._late: dict[Operation, list[Operation]] = {}
        self._instead: dict[Tensor, Tensor] = {}
        self._produced: Mapping[Tensor, Operation] = {
            t: op for op in program.operations for t in op.outputs if t not in program.given
        }

    def producer(self, tensor: Tensor) -> Operation | None:
        """The program's operation that computes ``tensor``; None if it comes from outside."""
        return self._produced.get(tensor)

    def has_consumer(self, tensor: Tensor) -> bool:
        """Whether anybody takes the value of ``tensor``, not only its shape."""
        return not self.program.is_private(tensor) or bool(self.users(tensor))

    def only_consumer(self, tensor: Tensor) -> Operation | None:
        """The one operation that takes the value of ``tensor``, if there is one, and one only."""
        if not self.program.is_private(tensor):
            return None
        users = self.users(tensor)
        return users[0] if len(users) == 1 and isinstance(users[0], Operation) else None

    def users(self, tensor: Tensor) -> list[Step]:
        """The program's steps that take the value of ``tensor``, not only its shape."""
        return [s for s in self._consumers.get(tensor, ()) if not _looks_at_shape(s)]

    def add(
        self, kind: str, parts: Sequence[Operation], inputs: Sequence[Tensor], lower: Lowering,
        recalled: Sequence[Operation] = (), held: Operation | None = None, takes_held: bool = False,
    ) -> bool:  # fmt: skip
        """Fuse ``parts``, a chain in which each takes the first output of the one before, if that changes nothing else.

        Args:
            kind: what the step is, for people.
            parts: the chain.
            inputs: what the kernel takes.
            lower: the kernel.
            recalled: operations that stay where they are, and whose inputs the kernel takes, too.
            held: a part whose output the step gives as a ``Held`` value, so that others may take it.
            takes_held: whether the kernel knows ``Held`` values.

        Returns:
            Whether they were fused.
        """
        last = parts[-1]
        # What those that look at a part's shape look at instead.
        seen = {part: last if held is None or part is held else held for part in parts[:-1]}
        if any(part in self._taken or part in self.program.must_fold for part in parts):
            return False
        for part, after in pairwise(parts):
            tensor = part.outputs[0]
            users = self._consumers.get(tensor, ())
            if part is held:
                later = [s for s in users if s is not after]
                if not self.program.is_private(tensor):
                    return False
            elif self.only_consumer(tensor) is not after or tensor.shape.ndims is None:
                return False
            else:
                later = [s for s in users if _looks_at_shape(s)]
                if later and not _same_shape(tensor, seen[part].outputs[0]):
                    return False
            if any(self._position[s] < self._position[last] for s in later):
                return False
        late = self._late_steps(parts)
        if late is None or self._written_between((*parts, *recalled), last):
            return False
        self._taken.update(parts)
        self._taken.update(late)
        given = () if held is None else held.outputs[:1]
        self._fused[last] = Fused(kind, tuple(parts), tuple(inputs), lower, given, takes_held)
        self._late[last] = late
        self._instead.update({p.outputs[0]: other.outputs[0] for p, other in seen.items() if p is not held})
        return True

    def _late_steps(self, parts: Sequence[Operation]) -> list[Operation] | None:
        """What stands between the parts and depends on one before the last; None if it can't do its work after the last."""
        first, last = self._position[parts[0]], self._position[parts[-1]]
        made = {t for part in parts[:-1] for t in part.outputs[1:]}
        late: list[Operation] = []
        reads: set[Key] = set()
        writes: set[Key] = set()
        for step in self.program.steps[first:last]:
            effects = self._effects(step)
            if made.isdisjoint(step.inputs):
                if effects.writes & (reads | writes) or effects.reads & writes:
                    return None
            elif not isinstance(step, Operation) or step in parts or step in self._taken:
                return None
            else:
                late.append(step)
                made.update(step.outputs)
                reads |= effects.reads
                writes |= effects.writes
        return late if made.isdisjoint(parts[-1].inputs) else None

    def _effects(self, step: Step) -> Effects:
        """The state that a step reads and writes."""
        found = [
            self.program.effects_of(op) for op in ((step,) if isinstance(step, Operation) else step.parts)
        ]
        return Effects({k for e in found for k in e.reads}, {k for e in found for k in e.writes})

    def _written_between(self, readers: Sequence[Operation], last: Operation) -> bool:
        """Whether a variable that one of them reads is written after the first of them and before the last."""
        start = min(self._position[p] for p in readers)
        read = {key for reader in readers for key, _ in self._versions[reader]}
        between = self.program.steps[start : self._position[last]]
        return any(self.program.effects_of(s).writes & read for s in between if isinstance(s, Operation))

    def apply(self) -> None:
        """Put the fused steps into the program."""
        program = self.program
        steps: list[Step] = []
        for step in program.steps:
            if isinstance(step, Operation) and step in self._fused:
                steps += [self._fused[step], *self._late[step]]
            elif not isinstance(step, Operation) or step not in self._taken:
                steps.append(step)
        program.steps = steps
        program.replace_inputs(self._instead)
        program.notes += [f"fused: {step.name} = {step.kind}" for step in self._fused.values()]


def _looks_at_shape(step: Step) -> bool:
    return isinstance(step, Operation) and step.type in SHAPE_ONLY


def _same_shape(a: Tensor, b: Tensor) -> bool:
    """Whether the two have the same number of axes; elementwise operations that don't broadcast keep the sizes."""
    return a.shape.ndims is not None and a.shape.ndims == b.shape.ndims
