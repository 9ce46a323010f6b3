"""Random operations inside bodies: a form that can be run again.

The gradient of a branch or a loop computes the forward body again, and must draw the same numbers. So inside a body a
random operation takes the number of its run as an input, which is counted outside, once a run; a loop mixes the number of
the turn in.
"""

from __future__ import annotations

import dataclasses
import secrets
from typing import Any

from gradiente.graph.dtypes import int64
from gradiente.graph.functions import FuncGraph
from gradiente.graph.graph import Graph
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import ArgDef, OpDef, add_definition, gradient_rule, op_def

PREFIX = "_Counted"
"""Before the name of an op, it names its counted form: the same op with the number of the run as one more input."""

_MIX = 1_000_003


class _Counts:
    """A context that counts runs by an input."""

    def __init__(self, ctx: Any, run: Any) -> None:
        self._ctx = ctx
        self._run = run

    def next_count(self) -> Any:
        """The number of the run."""
        return self._run

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ctx, name)


def counted_form(definition: OpDef) -> OpDef:
    """The counted form of a random op."""
    name = PREFIX + definition.name
    found = op_def(name)
    if found is not None:
        return found

    def form(original: Any) -> Any:
        def run(xp: Any, *inputs: Any, **keywords: Any) -> Any:
            if "ctx" in keywords:
                keywords["ctx"] = _Counts(keywords["ctx"], inputs[-1])
            return original(xp, *inputs[:-1], **keywords)

        return None if original is None else run

    rule: Any = gradient_rule(definition.name)
    if callable(rule):
        plain: Any = rule

        def counted_rule(op: Operation, *grads: Any) -> list[Any]:
            return [*plain(op, *grads), None]

        rule = counted_rule
    counted = dataclasses.replace(
        definition, name=name, random=False, inputs=(*definition.inputs, ArgDef("run", dtype=int64)),
        compute=form(definition.compute), device=form(definition.device), host=form(definition.host),
    )  # fmt: skip
    return add_definition(counted, rule)


def counted_attrs(attrs: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The attributes of the counted form, which always has seeds, and whether the program gave it any."""
    if attrs.get("seed") or attrs.get("seed2"):
        return attrs, True
    return {**attrs, "seed": secrets.randbits(31), "seed2": secrets.randbits(31)}, False


def run_count(graph: Graph, seeded: bool) -> Tensor:
    """The number of the run that random operations made in ``graph`` draw for."""
    from gradiente.graph.build import apply

    if not isinstance(graph, FuncGraph):
        with graph.as_default(), graph.control_dependencies(None):
            return apply("_RunCounter", seed=int(seeded), name="run")
    if seeded not in graph.random_counts:
        count = graph.capture(run_count(graph.enclosing, seeded))
        if graph.turn is not None:
            with graph.as_default(), graph.control_dependencies(None):
                turn = apply("Cast", graph.turn, DstT=int64)
                count = apply("AddV2", apply("Mul", count, _MIX), turn)
        graph.random_counts[seeded] = count
    return graph.random_counts[seeded]
