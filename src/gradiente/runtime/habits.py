"""Warnings about two habits that make a program slow: a graph that keeps growing, and shapes that keep changing."""

from __future__ import annotations

import warnings
from typing import Any

from gradiente.graph.graph import Graph

_GROWTHS = 20
_SIGNATURES = 8


class Habits:
    """Watches a session's runs and warns once of each habit."""

    def __init__(self) -> None:
        self._version = -1
        self._growths = 0
        self._warned_growth = False
        self._warned_signatures = False

    def before_planning(self, graph: Graph) -> None:
        """Note that a run needs a new plan; runs that need one each time because the graph grew are a loop that adds
        operations.
        """
        if graph.version > self._version >= 0:
            self._growths += 1
        self._version = graph.version
        if self._growths >= _GROWTHS and not self._warned_growth:
            self._warned_growth = True
            newest = graph.get_operations()[-1]
            warnings.warn(
                f"The graph grows between runs: it has {len(graph.get_operations())} operations, the newest made at "
                f"{newest.source}. Each run with new operations is planned and compiled anew. Build the graph once, before "
                "the loop, and feed what changes (graph.finalize() finds the line that adds to it).",
                stacklevel=2,
            )

    def after_compilation(self, compilations: int, feeds: Any, known: Any = ()) -> None:
        """Note how often one run was compiled; each new set of shapes, and of values of the ``known`` tensors, which decide
        shapes, is compiled anew.
        """
        if compilations >= _SIGNATURES and not self._warned_signatures:
            self._warned_signatures = True
            lines = "; ".join(f"{t.name} {t.shape} made at {t.op.source}" for t in feeds) or "no feeds"
            values = (
                f", or the values that shapes in it depend on ({', '.join(t.name for t in known)})"
                if known
                else ""
            )
            warnings.warn(
                f"A run was compiled {compilations} times because its feeds keep changing shape ({lines}){values}. "
                "Compiling takes far longer than running: pad or bucket the batches to few shapes.",
                stacklevel=2,
            )
