"""Function graphs: the bodies of ``cond``, ``case`` and ``while_loop``, as graphs of their own."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from gradiente.graph.graph import Graph, get_default_graph
from gradiente.graph.operation import Operation, Tensor

_names: weakref.WeakKeyDictionary[Graph, dict[str, int]] = weakref.WeakKeyDictionary()


class FuncGraph(Graph):
    """A graph that is the body of an operation of ``outer_graph``.

    A tensor of an outer graph that is used inside is *captured*: it becomes an input of the body. ``inputs`` lists the
    declared inputs followed by the captures; ``captures`` maps each outer tensor to its input inside.

    A body runs the operations that its outputs lead back to, through inputs and control inputs, and no others. It shares
    its outer graph's collections.

    Attributes:
        name: the body's name, unique among the bodies of its outermost graph.
        enclosing: the graph of the operation whose body this is.
        waits_for: operations of the outer graph that the body's operations wait for.
        turn: in a loop's body, the number of turns before this one.
        random_counts: what random operations inside count their runs with: those without a seed, those with one.
        static_values: what the runtime found to be needed when the finished body is compiled.
        follows: the body whose derivative this is, if it is one; what keeps that one on the host keeps this one there.
    """

    def __init__(self, name: str, outer_graph: Graph | None = None, scope: str = "") -> None:
        super().__init__()
        self._name_stack = scope.rstrip("/")
        self.enclosing: Graph = outer_graph or get_default_graph()
        self.outer_graph = self.enclosing
        self.name = _unique_body_name(outermost(self.enclosing), name)
        self.inputs: list[Tensor] = []
        self.outputs: list[Tensor] = []
        self.captures: dict[Tensor, Tensor] = {}
        self.waits_for: list[Operation] = []
        self.follows: FuncGraph | None = None
        self.turn: Tensor | None = None
        self.random_counts: dict[bool, Tensor] = {}
        self._on_host = False
        self._shapes_vary = False
        self._seed = self.enclosing.seed
        self._version = self.enclosing.version
        self._collections = self.enclosing._collections
        self._gradient_overrides = self.enclosing._gradient_overrides
        self.static_values: tuple[set[Tensor], set[Operation]] | None = None
        self._needed: dict[int | None, tuple[Operation, ...]] = {}

    def add_input(self, dtype: Any, shape: Any, name: str = "arg") -> Tensor:
        """Declare an input: a placeholder that the operation feeds. ``dtype`` may be a reference type."""
        from gradiente.graph.build import apply

        with self.as_default(), self.control_dependencies(None):
            tensor = apply("_Arg", T=dtype, shape=shape, name=name)
        self.inputs.append(tensor)
        return tensor

    def capture(self, tensor: Tensor) -> Tensor:
        """The input that stands for ``tensor``, a tensor of an enclosing graph.

        Raises:
            ValueError: if ``tensor`` belongs to no enclosing graph.
        """
        if tensor.graph is self:
            return tensor
        if tensor in self.captures:
            return self.captures[tensor]
        if tensor.graph is not self.enclosing:
            if not isinstance(self.enclosing, FuncGraph):
                raise ValueError(
                    f"Tensor {tensor.name!r}, made at {tensor.op.source}, belongs to a graph that does not enclose the "
                    f"body {self.name!r}. A tensor made inside a branch or a loop can be used outside of it only when the "
                    "function that made it returns it."
                )
            inside = self.capture(self.enclosing.capture(tensor))
            self.captures[tensor] = inside
            return inside
        if _is_small_count(tensor):
            with self.as_default(), self.control_dependencies(None):
                inside = copy_operations((tensor.op,), {})[tensor]
            self.captures[tensor] = inside
            return inside
        inside = self.add_input(
            tensor.dtype, tensor.shape, name=tensor.op.name.rsplit("/", 1)[-1].lstrip("_")
        )
        self.captures[tensor] = inside
        return inside

    def outside(self, tensor: Tensor) -> Tensor:
        """The outer tensor that ``tensor``, a captured input, stands for; otherwise ``tensor`` itself."""
        if tensor.graph is self and tensor.op.type == "_Arg":
            for outer, inner in self.captures.items():
                if inner is tensor and outer.graph is self.enclosing:
                    return outer
        return tensor

    @property
    def captured(self) -> list[Tensor]:
        """The outer tensors that feed the captured inputs, in the order of the inputs."""
        given = set(self.inputs)
        return [
            outer
            for outer, inner in self.captures.items()
            if outer.graph is self.enclosing and inner in given
        ]

    def needed(self, count: int | None = None) -> tuple[Operation, ...]:
        """The operations that the first ``count`` outputs (all without it) need, in order of creation.

        Only for a finished body: the answer is kept.
        """
        if count not in self._needed:
            given = set(self.inputs)
            found: set[Operation] = set()
            pending = [t.op for t in self.outputs[:count] if t not in given]
            while pending:
                op = pending.pop()
                if op not in found:
                    found.add(op)
                    pending.extend(t.op for t in op.inputs if t not in given)
                    pending.extend(op.control_inputs)
            self._needed[count] = tuple(sorted(found, key=lambda op: op.creation_index))
        return self._needed[count]

    @property
    def pure(self) -> bool:
        """Whether the body does nothing but compute its outputs from its inputs."""
        return all(op.op_def.pure for op in self.needed())

    @property
    def on_host(self) -> bool:
        """Whether the body was found to be one that XLA can't compile into one program with its neighbours."""
        return self._on_host or (self.follows is not None and self.follows.on_host)

    @property
    def shapes_vary(self) -> bool:
        """Whether the body is of a loop whose variables change their shapes from turn to turn."""
        return self._shapes_vary or (self.follows is not None and self.follows.shapes_vary)

    def keep_on_host(self, shapes_vary: bool = False) -> None:
        """Note that the body must run on the host."""
        self._on_host = True
        self._shapes_vary = self._shapes_vary or shapes_vary

    def finish(self) -> None:
        """Note that the body is complete: random operations made after it count on from its operations."""
        self.enclosing._version = max(self.enclosing._version, self._version)

    def _waits_outside(self, op: Operation) -> bool:
        graph: Graph | None = self.enclosing
        if op.graph is graph:
            self.waits_for.append(op)
            return True
        return isinstance(graph, FuncGraph) and graph._waits_outside(op)


def outermost(graph: Graph) -> Graph:
    """The graph itself, or the one that all the bodies around it are in."""
    while isinstance(graph, FuncGraph):
        graph = graph.enclosing
    return graph


def depth(graph: Graph) -> int:
    """How many bodies are around the operations of ``graph``: 0 for a program's graph."""
    count = 0
    while isinstance(graph, FuncGraph):
        graph, count = graph.enclosing, count + 1
    return count


_SMALL = 64


def _is_small_count(tensor: Tensor) -> bool:
    """Whether the tensor is a small constant without derivative, such as an axis: a body gets a copy of its own, so that
    its value is known there.
    """
    if tensor.op.type != "Const" or tensor.op.control_inputs:
        return False
    return (tensor.dtype.is_integer or tensor.dtype.is_bool) and tensor.op.attrs["value"].size <= _SMALL


def _unique_body_name(root: Graph, name: str) -> str:
    used = _names.setdefault(root, {})
    base = name.replace("/", "_")
    candidate, count = base, used.get(base, 0)
    while candidate in used:
        candidate = f"{base}_{count}"
        count += 1
    used[base] = max(count, 1)
    used.setdefault(candidate, 1)
    return candidate


def copy_operations(
    operations: Iterator[Operation] | tuple[Operation, ...],
    known: Mapping[Tensor, Tensor],
    instead: Callable[[Operation, list[Tensor]], list[Tensor] | None] | None = None,
) -> dict[Tensor, Tensor]:
    """Make operations of a body again, in the default graph, without their control inputs.

    Args:
        operations: what to copy, in order of creation.
        known: what stands for the tensors that come from outside of ``operations``.
        instead: given an operation and its copied inputs, the outputs to use instead of a copy, or None to copy it.

    Returns:
        ``known``, and the copies of all outputs.
    """
    from gradiente.graph.build import copy_operation

    made = dict(known)
    for op in operations:
        inputs = [made[t] for t in op.inputs]
        outputs = None if instead is None else instead(op, inputs)
        if outputs is None:
            outputs = list(copy_operation(op, inputs).outputs)
        made.update(zip(op.outputs, outputs, strict=True))
    return made


@contextmanager
def init_scope() -> Iterator[None]:
    """Leave all function bodies and control dependencies: operations made here join the outermost graph, in the name scope
    that applies where they are made.
    """
    scope = get_default_graph().get_name_scope()
    graph = outermost(get_default_graph())
    with graph.as_default(), graph.control_dependencies(None), graph.name_scope(scope and scope + "/"):
        yield
