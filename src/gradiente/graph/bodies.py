"""Joining finished bodies to the operation that runs them: their captures and what they wait for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradiente.graph.functions import FuncGraph
from gradiente.graph.graph import Graph
from gradiente.graph.operation import Tensor


def share_captures(bodies: Sequence[FuncGraph]) -> list[Tensor]:
    """Give all bodies of an operation the same captures, in the same order, and return the outer tensors."""
    for _ in range(2):
        for body in bodies:
            for other in bodies:
                for tensor in other.captured:
                    body.capture(tensor)
    order = bodies[0].captured
    for body in bodies:
        declared = len(body.inputs) - len(order)
        body.inputs[declared:] = [body.captures[t] for t in order]
    return order


def waiting_for(graph: Graph, bodies: Sequence[FuncGraph]) -> Any:
    """A context in which the operation waits for what operations in its bodies wait for."""
    waits = {op: None for body in bodies for op in body.waits_for}
    for body in bodies:
        body.finish()
    return graph.control_dependencies(list(waits))
