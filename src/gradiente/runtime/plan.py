"""The plan of a run: which operations it needs, in which order, and which of them go into one executable.

A run is split into *segments*: device segments, each compiled by XLA as one program, and host segments, which run in
Python (strings, files, queues, outputs whose shape depends on values). Segments alternate; an operation goes into the
earliest one that its inputs, its control inputs and the variables it touches allow. Inside a segment, operations keep
the order in which the program made them, which is the order in which they see the variables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property

from gradiente.graph.dtypes import resource, string
from gradiente.graph.functions import FuncGraph
from gradiente.graph.operation import Operation, Tensor
from gradiente.runtime.effects import (
    Effects,
    Key,
    RefResolver,
    functions,
    hands_on_ref,
    is_variable,
    loop_variables,
)
from gradiente.runtime.input_pipeline import InputPipeline
from gradiente.runtime.passes.pipeline import optimize
from gradiente.runtime.passes.program import Program
from gradiente.runtime.static_values import (
    SHAPE_ONLY,
    static_arguments,
    static_in_body,
    static_inputs,
    static_needed,
)

_LARGE_CONSTANT = 1 << 14
"""Elements above which a constant is an argument of the executable instead of a part of it."""


@dataclass
class Segment:
    """Operations that run together.

    Attributes:
        level: even for a device segment, odd for a host segment; segments run in the order of their levels.
        ops: the operations, in order of creation.
        inputs: tensors from outside: fed, or computed by earlier segments.
        static: those inputs whose values must be known when the segment is compiled.
        outputs: tensors that later segments or the caller want.
        effects: the variables and counters that it touches.
        must_fold: operations whose value is worked out while compiling.
        refs: tensors from outside that are handles of variables, and the variables they stand for.
        effects_by_op: what each operation reads and writes.
        fed: the tensors that the run's caller gives.
    """

    level: int
    ops: list[Operation] = field(default_factory=list[Operation])
    inputs: list[Tensor] = field(default_factory=list[Tensor])
    static: list[Tensor] = field(default_factory=list[Tensor])
    outputs: list[Tensor] = field(default_factory=list[Tensor])
    effects: Effects = field(default_factory=Effects)
    must_fold: frozenset[Operation] = frozenset()
    refs: dict[Tensor, Key] = field(default_factory=dict[Tensor, Key])
    effects_by_op: dict[Operation, Effects] = field(default_factory=dict[Operation, Effects])
    fed: frozenset[Tensor] = frozenset()

    @cached_property
    def program(self) -> Program:
        """What is traced for XLA: the operations after the passes."""
        return self.optimized(self.must_fold)

    def optimized(self, must_fold: frozenset[Operation]) -> Program:
        """The operations after the passes, where those of ``must_fold`` have to be known while compiling."""
        given = self.fed.union(self.inputs, self.static, self.refs)
        return optimize(
            Program(list(self.ops), given, frozenset(self.outputs), self.effects_by_op, must_fold)
        )

    @property
    def interpreted(self) -> bool:
        """Whether NumPy runs the segment at first: it only gives variables values, which a program does once, as a rule,
        and compiling that would take longer.
        """
        reads_variables = any(is_variable(k) for k in self.effects.reads)
        if self.outputs or self.static or reads_variables:
            return False
        return self._initializes or all(op.type in _PLACING for op in self.ops)

    @property
    def _initializes(self) -> bool:
        """Whether the values depend on nothing but constants and random numbers, if no variable is read."""
        touched = self.effects.reads | self.effects.writes
        return (
            not self.inputs
            and any(is_variable(k) for k in self.effects.writes)
            and not any(k.startswith("check:") for k in touched)
        )

    @property
    def on_host(self) -> bool:
        """Whether the segment runs in Python."""
        return self.level % 2 == 1


@dataclass
class Plan:
    """What a run does.

    Attributes:
        fetches: the tensors whose values the caller wants.
        feeds: the tensors whose values the caller gives.
        segments: what to run, in order.
        refs: the variables whose handles are among the fetches.
    """

    fetches: list[Tensor]
    feeds: list[Tensor]
    segments: list[Segment]
    refs: dict[Tensor, Key]

    def as_text(self) -> str:
        """The plan, for people: segments, their operations, inputs, outputs and the variables they touch."""
        lines = [
            f"plan: {sum(len(s.ops) for s in self.segments)} operations in {len(self.segments)} segments",
            f"  feeds: {_names(self.feeds)}",
            f"  fetches: {_names(self.fetches)}",
        ]
        for number, segment in enumerate(self.segments):
            lines.append(
                f"segment {number} ({'host' if segment.on_host else 'device'}): {len(segment.ops)} operations"
            )
            for title, items in (("inputs", segment.inputs), ("known when compiling", segment.static),
                                 ("outputs", segment.outputs)):  # fmt: skip
                if items:
                    lines.append(f"  {title}: {_names(items)}")
            for title, keys in (("reads", segment.effects.reads), ("writes", segment.effects.writes)):
                if keys:
                    lines.append(f"  {title}: {', '.join(sorted(keys))}")
            lines += [
                f"  {op.name} = {op.type}({', '.join(t.name for t in op.inputs)})" for op in segment.ops
            ]
            if not segment.on_host and segment.program.notes:
                lines.append(f"  passes: {len(segment.program.steps)} steps are left")
                lines += [f"    {note}" for note in segment.program.notes]
        return "\n".join(lines)


def _names(tensors: Iterable[Tensor]) -> str:
    return ", ".join(f"{t.name} {t.dtype.name}{t.shape}" for t in tensors) or "none"


def needed(
    fetches: Sequence[Tensor],
    targets: Sequence[Operation],
    feeds: set[Tensor],
    done: Set[Operation] = frozenset(),
) -> list[Operation]:
    """The operations that a run needs, in order of creation: all that the fetches and targets lead back to, up to the
    fed tensors and the operations that are done.
    """
    found: set[Operation] = set()
    pending = [t.op for t in fetches if t not in feeds] + list(targets)
    while pending:
        op = pending.pop()
        if op not in found and op not in done:
            found.add(op)
            pending.extend(t.op for t in op.inputs if t not in feeds)
            pending.extend(
                c for c in op.control_inputs if not (c.outputs and all(t in feeds for t in c.outputs))
            )
    return sorted(found, key=lambda op: op.creation_index)


def runs_on_host(op: Operation) -> bool:
    """Whether the operation runs in Python: by its declaration, for strings and handles, or because a body of its does."""
    if op.op_def.on_host:
        return True
    if any(t.dtype.base_dtype in (string, resource) for t in (*op.inputs, *op.outputs)):
        return True
    return any(body_runs_on_host(op, body) for body in functions(op))


def body_runs_on_host(op: Operation, body: FuncGraph) -> bool:
    """Whether a function body keeps its operation on the host: it has host operations; it needs to know a value while it
    is compiled that it computes from what is known only while it runs; or it was found not to compile.
    """
    if body.on_host or any(runs_on_host(inner) for inner in body.needed()):
        return True
    wanted, fold = static_in_body(body)
    if any(not inner.op_def.pure and inner.type not in SHAPE_ONLY for inner in fold):
        return True
    if op.type not in LOOPS:
        return False
    returned = zip(body.inputs, body.outputs, strict=False)
    return any(i in wanted for i, o in list(returned)[: loop_variables(op)] if o is not i)


LOOPS = frozenset({"While", "StatelessWhile", "_WhileHistory"})
"""Ops whose bodies run turn after turn."""


_NEUTRAL = frozenset({"Const", "VariableV2", "NoOp", "_Arg"})
"""Ops that need no segment of their own: they stand with what they wait for, or nowhere."""


_PLACING = _NEUTRAL | {"Assign"}
"""Ops that put a value into a variable as it is: a fed one, or a checkpoint's."""


_ROUNDED = frozenset({"_Capacity"})
"""Ops that round a number so that few executables are compiled: known while compiling only where constants and shapes
settle it, not where a fed value does.
"""


class _Leveler:
    """Gives each operation its segment's level."""

    def __init__(self, ops: Sequence[Operation], feeds: set[Tensor], ref_feeds: Mapping[Tensor, Key]) -> None:
        self.ops = ops
        self.feeds = feeds
        self.level: dict[Operation, int] = {}
        self.resolver = RefResolver({t: ref_feeds.get(t) for t in feeds})
        self.effects: dict[Operation, Effects] = {}
        self.known: set[Tensor] = set()
        self._fixed: set[Tensor] = set()
        self._pipeline = InputPipeline(ops, feeds)
        self._last_write: dict[Key, Operation] = {}
        self._reads_since: dict[Key, list[Operation]] = {}

    def run(self) -> dict[Operation, int]:
        """The level of every operation."""
        for op in self.ops:
            self._note_known(op)
            self.level[op] = self._place(op)
        return self.level

    def _note_known(self, op: Operation) -> None:
        """Values that are known while compiling: constants, shapes, and what pure operations make of these and feeds."""
        definition = op.op_def
        if op.type in SHAPE_ONLY or op.type == "Const":
            self.known.update(op.outputs)
            self._fixed.update(op.outputs)
        elif definition.pure and definition.compute is not None and op.inputs and not runs_on_host(op):
            if all(t in self._fixed for t in op.inputs):
                self._fixed.update(op.outputs)
            elif op.type in _ROUNDED:
                return
            if all(t in self.feeds or t in self.known or runs_on_host(t.op) for t in op.inputs):
                self.known.update(op.outputs)

    def _place(self, op: Operation) -> int:
        neutral = op.type in _NEUTRAL or (
            hands_on_ref(op)
            and self.resolver.key(op.outputs[0]) is not None  # not where a value was fed for it
        )
        host = self._pipeline.takes(op) or runs_on_host(op)
        level = -1 if neutral else 1 if host else 0

        def after(other: Operation, strictly: bool = False) -> None:
            nonlocal level
            reached = self.level.get(other, -1)
            if reached < 0:
                return
            if neutral:
                pass
            elif (reached % 2 == 1) != host:
                reached += 1
            elif strictly:
                reached += 2
            level = max(level, reached)

        for tensor in op.inputs:
            if tensor not in self.feeds:
                after(tensor.op)
        for other in op.control_inputs:
            after(other)
        if not host:
            for tensor in self._static_inputs(op):
                if (
                    tensor not in self.feeds
                    and tensor not in self.known
                    and self.level.get(tensor.op, -1) % 2 == 0
                ):
                    after(tensor.op, strictly=True)
        effects = self.resolver.effects(op)
        self.effects[op] = effects
        if neutral:
            return level
        for key in effects.reads | effects.writes:
            if key in self._last_write:
                after(self._last_write[key])
        for key in effects.writes:
            for reader in self._reads_since.pop(key, []):
                after(reader)
            self._last_write[key] = op
        for key in effects.reads - effects.writes:
            self._reads_since.setdefault(key, []).append(op)
        return level

    def _static_inputs(self, op: Operation) -> list[Tensor]:
        return [op.inputs[i] for i in static_inputs(op)] + static_arguments(op)


def make_plan(
    fetches: Sequence[Tensor],
    targets: Sequence[Operation],
    feeds: Sequence[Tensor],
    ref_feeds: Mapping[Tensor, Key] | None = None,
    done: Set[Operation] = frozenset(),
) -> Plan:
    """Plan a run.

    Args:
        fetches: the tensors whose values are wanted.
        targets: operations to run besides.
        feeds: the tensors whose values will be given.
        ref_feeds: fed tensors that are handles of variables (a function body's arguments).
        done: operations that ran before.
    """
    fed = set(feeds)
    ops = needed(fetches, targets, fed, done)
    leveler = _Leveler(ops, fed, ref_feeds or {})
    levels = leveler.run()
    by_level: dict[int, Segment] = {}
    for op in ops:
        if levels[op] >= 0:
            by_level.setdefault(levels[op], Segment(levels[op])).ops.append(op)
    segments = [by_level[level] for level in sorted(by_level)]
    _connect(segments, fetches, fed, leveler)
    refs = {t: key for t in fetches if t not in fed and (key := leveler.resolver.key(t)) is not None}
    return Plan(list(fetches), list(feeds), segments, refs)


def _connect(segments: list[Segment], fetches: Sequence[Tensor], fed: set[Tensor], leveler: _Leveler) -> None:
    """Find each segment's inputs and outputs, and give it the small constants that it uses."""
    wanted = {t for t in fetches if t not in fed and leveler.resolver.key(t) is None}
    for segment in reversed(segments):
        made = {t for op in segment.ops for t in op.outputs if t not in fed}
        segment.outputs = sorted(made & wanted, key=_tensor_order)
        segment.fed = frozenset(fed)
        wanted -= made
        used: set[Tensor] = set()
        constants: set[Operation] = set()
        for op in segment.ops:
            effects = leveler.effects[op]
            segment.effects.reads |= effects.reads
            segment.effects.writes |= effects.writes
            segment.effects_by_op[op] = effects
            for tensor in op.inputs:
                key = leveler.resolver.key(tensor)
                if key is not None:
                    segment.refs[tensor] = key
                elif tensor in made:
                    continue
                elif tensor not in fed and tensor.op.type == "Const" and not _is_large(tensor):
                    constants.add(tensor.op)
                else:
                    used.add(tensor)
        segment.ops = sorted({*segment.ops, *constants}, key=lambda op: op.creation_index)
        static, fold = static_needed(segment.ops)
        segment.must_fold = frozenset(fold)
        segment.static = [] if segment.on_host else sorted(used & static, key=_tensor_order)
        segment.inputs = (
            sorted(used, key=_tensor_order) if segment.on_host else sorted(used - static, key=_tensor_order)
        )
        wanted |= {t for t in used if t not in fed}


def _is_large(tensor: Tensor) -> bool:
    return tensor.op.attrs["value"].size > _LARGE_CONSTANT or tensor.dtype is string


def _tensor_order(tensor: Tensor) -> tuple[int, int]:
    return tensor.op.creation_index, tensor.value_index
