"""What an operation does besides computing its outputs: the variables it reads and writes, the numbers it draws."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np

from gradiente.graph.functions import FuncGraph
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.types import is_list

Key: TypeAlias = str
"""A piece of a session's state: a variable's name, ``"count:op"`` (``"fresh:op"`` without a seed) for the runs of a random
op, ``"check:op"`` for a check inside a function body. No operation's name has a colon."""


def is_variable(key: Key) -> bool:
    """Whether the key is a variable's name."""
    return ":" not in key


def check_key(op: Operation) -> Key:
    """The key under which the outcome of an operation's check travels with the state."""
    return f"check:{qualified_name(op)}"


@dataclass
class Effects:
    """State that is read and state that is written."""

    reads: set[Key] = field(default_factory=set[Key])
    writes: set[Key] = field(default_factory=set[Key])

    @property
    def keys(self) -> list[Key]:
        """All state that is touched, in a fixed order."""
        return sorted(self.reads | self.writes)


def qualified_name(op: Operation) -> str:
    """A name for the operation that is unique in its session, also when it stands in a function body."""
    graph = op.graph
    return f"{graph.name}/{op.name}" if isinstance(graph, FuncGraph) else op.name


def count_key(op: Operation) -> Key:
    """The state that counts the runs of a random op. Without a seed (kind ``"fresh"``), it starts anywhere."""
    seeded = op.attrs.get("seed", 1) or op.attrs.get("seed2", 1)
    return f"{'count' if seeded else 'fresh'}:{qualified_name(op)}"


def first_count(key: Key) -> Any:
    """What a count is before the first run: 0, or, without a seed, a number that makes each session draw others."""
    return np.asarray(secrets.randbits(31) if key.startswith("fresh:") else 0, np.int64)


def functions(op: Operation) -> list[FuncGraph]:
    """The function bodies that the operation runs."""
    found = [v for v in op.attrs.values() if isinstance(v, FuncGraph)]
    for value in op.attrs.values():
        if is_list(value):
            found.extend(v for v in value if isinstance(v, FuncGraph))
    return found


def function_arguments(op: Operation) -> Sequence[Tensor]:
    """The inputs that an operation hands to its function bodies: its list; what stands before it, such as the selector
    of If and Case, is for the operation itself.
    """
    return op.inputs[sum(not arg.is_list for arg in op.op_def.inputs) :]


def loop_variables(op: Operation) -> int:
    """How many of the arguments of an operation's bodies are loop variables, which are read when the loop begins; the
    rest are used as they stand at each turn.
    """
    return op.attrs.get("_loop_vars", 0)


def hands_on_ref(op: Operation) -> bool:
    """Whether the operation passes a variable's handle on instead of reading the value."""
    return op.type == "Identity" and op.inputs[0].dtype.is_ref_dtype


class RefResolver:
    """Finds which variable a reference tensor stands for, given those that a function's arguments stand for."""

    def __init__(self, arguments: Mapping[Tensor, Key | None] | None = None) -> None:
        self._known: dict[Tensor, Key | None] = dict(arguments or {})

    def key(self, tensor: Tensor) -> Key | None:
        """The variable that the tensor's value is a handle on, or None if the tensor has a plain value."""
        if tensor not in self._known:
            self._known[tensor] = self._find(tensor)
        return self._known[tensor]

    def _find(self, tensor: Tensor) -> Key | None:
        op = tensor.op
        if op.type == "VariableV2":
            return op.name
        if tensor.dtype.is_ref_dtype or (op.type == "Identity" and op.inputs[0].dtype.is_ref_dtype):
            for i in op.inputs:
                if i.dtype.is_ref_dtype:
                    return self.key(i)
        return None

    def effects(self, op: Operation) -> Effects:
        """What the operation reads and writes."""
        found = Effects()
        definition = op.op_def
        bodies = functions(op)
        if bodies:
            arguments = function_arguments(op)
            for body in bodies:
                known = {
                    inner: key
                    for inner, outer in list(zip(body.inputs, arguments, strict=True))[loop_variables(op) :]
                    if (key := self.key(outer)) is not None
                }
                inside = function_effects(body, known)
                found.reads |= inside.reads
                found.writes |= inside.writes
        wants_ref = ref_inputs(op)
        for tensor, by_ref in zip(op.inputs, wants_ref, strict=True):
            key = self.key(tensor)
            if key is not None and not by_ref and not hands_on_ref(op):
                found.reads.add(key)
        position = 0
        for arg in definition.inputs:
            key = None if arg.is_list else self.key(op.inputs[position])
            if key is not None:
                if arg.name in definition.reads:
                    found.reads.add(key)
                if arg.name in definition.writes:
                    found.writes.add(key)
            position += arg.count(op.attrs)
        if definition.random:
            found.reads.add(count_key(op))
            found.writes.add(count_key(op))
        if definition.checks and isinstance(op.graph, FuncGraph):
            found.writes.add(check_key(op))
            found.reads.add(check_key(op))
        return found


def function_effects(body: FuncGraph, arguments: Mapping[Tensor, Key]) -> Effects:
    """What running a function body reads and writes, given the variables that its arguments stand for."""
    resolver = RefResolver(arguments)
    total = Effects()
    for op in body.needed():
        inside = resolver.effects(op)
        total.reads |= inside.reads
        total.writes |= inside.writes
    for output in body.outputs:
        key = resolver.key(output)
        if key is not None:
            total.reads.add(key)
    return total


_ref_inputs: WeakKeyDictionary[Operation, tuple[bool, ...]] = WeakKeyDictionary()


def ref_inputs(op: Operation) -> tuple[bool, ...]:
    """For each input tensor, whether the op wants a variable's handle."""
    found = _ref_inputs.get(op)
    if found is None:
        found = _ref_inputs[op] = _find_ref_inputs(op)
    return found


def _find_ref_inputs(op: Operation) -> tuple[bool, ...]:
    flags: list[bool] = []
    bodies = bool(functions(op))
    for arg in op.op_def.inputs:
        if arg.is_list:
            count = arg.count(op.attrs)
            variables = loop_variables(op) if bodies else 0
            flags.extend([arg.is_ref] * variables + [arg.is_ref or bodies] * (count - variables))
        else:
            flags.append(arg.is_ref)
    return tuple(flags)


def touched(ops: Iterable[Operation], resolver: RefResolver) -> Effects:
    """What a series of operations reads and writes."""
    total = Effects()
    for op in ops:
        inside = resolver.effects(op)
        total.reads |= inside.reads
        total.writes |= inside.writes
    return total
