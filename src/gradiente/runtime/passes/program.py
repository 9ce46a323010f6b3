"""A device segment's operations on their way to XLA: what the passes read and change.

The graph itself never changes. A pass takes operations out, puts one with other inputs in the place of another, or joins
several into one step. The tensors stay those of the graph, so whatever is fetched, fed or named in an error is still found.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from gradiente.graph.operation import Operation, Tensor
from gradiente.runtime.effects import Effects, Key

Lowering = Callable[..., "Sequence[Any] | None"]
"""From the values of a fused step's inputs to those of its outputs, or None where its parts must run one by one."""


class Held:
    """A value in a form that takes less memory: one fused step gives it, others know it.

    Operations that look at the shape only may take it as it is; all others get the ``whole`` value.

    Args:
        shape: that of the whole value, which is float32.
        whole: makes it.
    """

    def __init__(self, shape: Sequence[int], whole: Callable[[], Any]) -> None:
        self.shape = tuple(shape)
        self.ndim = len(self.shape)
        self.size = math.prod(self.shape)
        self._whole = whole

    def whole(self) -> Any:
        """The value as an array."""
        return self._whole()


@dataclass(frozen=True, eq=False, slots=True)
class Fused:
    """Operations that one kernel can do together, each of which takes the first output of the one before.

    Attributes:
        kind: what it is, for people, as ``"Conv2D+BiasAdd+Relu"``.
        parts: the operations, in order; they run one by one where ``lower`` gives nothing.
        inputs: the tensors that the kernel takes.
        lower: the kernel.
        held: tensors between the parts that it gives too, as a ``Held`` value.
        takes_held: whether the kernel knows ``Held`` values.
    """

    kind: str
    parts: tuple[Operation, ...]
    inputs: tuple[Tensor, ...]
    lower: Lowering
    held: tuple[Tensor, ...] = ()
    takes_held: bool = False

    @property
    def name(self) -> str:
        """The name of the operation in whose place it stands."""
        return self.parts[-1].name

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """The tensors that it gives: the last part's, those of the others that no part takes, and those that it holds."""
        return (
            *self.parts[-1].outputs,
            *(t for part in self.parts[:-1] for t in part.outputs[1:]),
            *self.held,
        )


Step: TypeAlias = Operation | Fused


@dataclass
class Program:
    """Operations that are traced together, in order.

    Attributes:
        steps: the operations; the last pass puts fused steps among them.
        given: tensors from outside. Their values stand, whatever the operation computes that they belong to.
        wanted: tensors that others want.
        effects: the state that each operation reads and writes.
        must_fold: operations whose value is needed while compiling.
        known: values that the passes worked out.
        notes: what the passes did, a line each.
        kept: operations that nobody takes an output of and that were asked for all the same.
    """

    steps: list[Step]
    given: frozenset[Tensor]
    wanted: frozenset[Tensor]
    effects: Mapping[Operation, Effects]
    must_fold: frozenset[Operation] = frozenset()
    known: dict[Tensor, np.ndarray[Any, Any]] = field(default_factory=dict[Tensor, "np.ndarray[Any, Any]"])
    notes: list[str] = field(default_factory=list[str])
    kept: frozenset[Operation] = field(init=False)
    _originals: dict[Operation, Operation] = field(init=False, default_factory=dict[Operation, Operation])

    def __post_init__(self) -> None:
        used = {t for step in self.steps for t in step.inputs}
        self.kept = frozenset(op for op in self.operations if not any(t in used for t in op.outputs))

    @property
    def operations(self) -> list[Operation]:
        """The steps that are single operations."""
        return [step for step in self.steps if isinstance(step, Operation)]

    def original(self, op: Operation) -> Operation:
        """The graph's operation that ``op`` stands for."""
        return self._originals.get(op, op)

    def standing_for(self, ops: Set[Operation]) -> frozenset[Operation]:
        """The program's operations that stand for these of the graph."""
        return frozenset(op for op in self.operations if self.original(op) in ops)

    def effects_of(self, op: Operation) -> Effects:
        """What an operation reads and writes."""
        return self.effects.get(self.original(op)) or Effects()

    def is_private(self, tensor: Tensor) -> bool:
        """Whether only the program's own steps have to do with the tensor."""
        return tensor not in self.wanted and tensor not in self.given

    def replace_inputs(self, instead: Mapping[Tensor, Tensor]) -> None:
        """Let all steps take other tensors for those that ``instead`` names."""
        if not instead:
            return
        for position, step in enumerate(self.steps):
            if isinstance(step, Operation) and any(t in instead for t in step.inputs):
                new = step.with_inputs([instead.get(t, t) for t in step.inputs])
                self._originals[new] = self.original(step)
                self.steps[position] = new
                if step in self.must_fold:
                    self.must_fold |= {new}
                if step in self.kept:
                    self.kept |= {new}

    def consumers(self) -> dict[Tensor, list[Step]]:
        """The steps that take each tensor."""
        found: dict[Tensor, list[Step]] = {}
        for step in self.steps:
            for tensor in dict.fromkeys(step.inputs):
                found.setdefault(tensor, []).append(step)
        return found

    def versions(self) -> dict[Operation, tuple[tuple[Key, int], ...]]:
        """For each operation, the state that it reads, and how often that was written before it."""
        writes: dict[Key, int] = {}
        found: dict[Operation, tuple[tuple[Key, int], ...]] = {}
        for op in self.operations:
            effects = self.effects_of(op)
            found[op] = tuple((key, writes.get(key, 0)) for key in sorted(effects.reads))
            for key in effects.writes:
                writes[key] = writes.get(key, 0) + 1
        return found


def names(ops: Sequence[Step]) -> str:
    """The first names of a list of steps, for a note."""
    shown = ", ".join(op.name for op in ops[:4])
    return shown if len(ops) <= 4 else f"{shown} and {len(ops) - 4} more"
