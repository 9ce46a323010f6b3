"""Function graphs: the bodies of ``cond``, ``case`` and ``while_loop``, as graphs of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gradiente.graph.graph import Graph, get_default_graph
from gradiente.graph.operation import Tensor


class FuncGraph(Graph):
    """A graph that is the body of an operation of ``outer_graph``.

    A tensor of an outer graph that is used inside is *captured*: it becomes an input of the body. ``inputs`` lists the
    declared inputs followed by the captures; ``captures`` maps each outer tensor to its input inside.
    """

    def __init__(self, name: str, outer_graph: Graph | None = None) -> None:
        super().__init__()
        self.name = name
        self.outer_graph: Graph | None = outer_graph or get_default_graph()
        self.inputs: list[Tensor] = []
        self.outputs: list[Tensor] = []
        self.captures: dict[Tensor, Tensor] = {}
        self._seed = self.outer_graph.seed

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
        assert self.outer_graph is not None
        if tensor.graph is not self.outer_graph:
            if not isinstance(self.outer_graph, FuncGraph):
                raise ValueError(
                    f"Tensor {tensor.name!r}, made at {tensor.op.source}, belongs to a graph that does not enclose the "
                    f"body {self.name!r}."
                )
            inside = self.capture(self.outer_graph.capture(tensor))
            self.captures[tensor] = inside
            return inside
        inside = self.add_input(tensor.dtype, tensor.shape, name=tensor.op.name.rsplit("/", 1)[-1])
        self.captures[tensor] = inside
        return inside

    @property
    def captured(self) -> list[Tensor]:
        """The outer tensors that feed the captured inputs, in the order of the inputs."""
        return [outer for outer in self.captures if outer.graph is self.outer_graph]


@contextmanager
def init_scope() -> Iterator[None]:
    """Leave all function bodies and control dependencies: operations made here join the outermost graph."""
    graph: Any = get_default_graph()
    while isinstance(graph, FuncGraph) and graph.outer_graph is not None:
        graph = graph.outer_graph
    with graph.as_default(), graph.control_dependencies(None):
        yield
