"""Control flow v1 read as control flow of ours: a loop's nodes become a While, those of a condition an If.

A *unit* is what is made in one piece: a plain node, a loop, or the Merges of one condition with the nodes of its branches.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradiente.graph.control_scopes import FRAME, ControlScopes, Scope, primitive, tensor_of
from gradiente.graph.dtypes import int32
from gradiente.graph.functions import FuncGraph
from gradiente.graph.import_bodies import make_branch, make_loop, new_body
from gradiente.graph.import_functions import add_node
from gradiente.graph.import_nodes import Reader, declaration, in_order, naming
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import op_def

_REPEATABLE = frozenset({"Assert", "Print", "PrintV2"})


@dataclass
class Unit:
    """What is made in one piece.

    Attributes:
        nodes: the plain node; the Merges of a condition; the Merges of a loop.
        scope: the scope in which it is made.
        kind: "node", "branch" or "loop".
        needs: the names of the tensors and ``^nodes`` from outside that it uses.
        waits: the ``^nodes`` that its way in waits for.
        inner: the nodes inside.
    """

    nodes: list[Any]
    scope: Scope
    kind: str
    needs: list[str]
    waits: list[str] = field(default_factory=list[str])
    inner: set[str] = field(default_factory=set[str])

    @property
    def name(self) -> str:
        """The first node's name, for messages."""
        return self.nodes[0].name


class ControlFlow:
    """The units of a graph."""

    def __init__(self, nodes: Sequence[Any]) -> None:
        self.scopes = ControlScopes(nodes)
        self.units: dict[Scope, list[Unit]] = {}
        self._unit_of: dict[str, Unit] = {}
        self._asked = {tensor_of(i) for n in nodes for i in n.input}
        plain = [n for n in nodes if not primitive(n)]
        for node in plain:
            self._add(Unit([node], self.scopes.at[node.name], "node", list(node.input)), [node])
        for frame, merges in self.scopes.merges.items():
            exits = self.scopes.exits.get(frame, [])
            self._add(self._loop(frame, merges), exits)
        self._group([n for n in nodes if primitive(n) == "Merge" and n.name not in self.scopes.loop_merges])
        self._check_effects()

    def _add(self, unit: Unit, gives: Iterable[Any]) -> None:
        self.units.setdefault(unit.scope, []).append(unit)
        for node in gives:
            self._unit_of[node.name] = unit

    # what is inside

    def _walk(self, unit: Unit, names: Iterable[str]) -> None:
        """Go back from ``names`` to the scope of the unit, and note what is inside and what it needs."""
        at, nodes, depth = self.scopes.at, self.scopes.nodes, len(unit.scope)
        pending, seen = list(names), set[str]()
        while pending:
            name = pending.pop()
            if name in seen:
                continue
            seen.add(name)
            node = nodes.get(tensor_of(name)[0])
            if node is None or (
                len(at[node.name]) <= depth
                and (primitive(node) not in ("Switch", "Enter") or name.startswith("^"))
            ):
                unit.needs.append(name)
                continue
            if primitive(node) == "Enter":
                pending.extend(i for e in self.scopes.enters[_frame(node)] for i in e.input)
            if len(at[node.name]) > depth:
                unit.inner.add(node.name)
                pending.extend(node.input)
            else:
                unit.inner.add(node.name)
                unit.needs.extend(i for i in node.input if not i.startswith("^"))
                unit.waits.extend(i for i in node.input if i.startswith("^"))
        unit.needs.extend(unit.waits)

    def _loop(self, frame: str, merges: list[Any]) -> Unit:
        enters = self.scopes.enters[frame]
        unit = Unit(merges, self.scopes.at[enters[0].name], "loop", [])
        self._walk(unit, [n.name for n in merges])
        return unit

    def _group(self, merges: list[Any]) -> None:
        """Put the Merges of one condition together: those whose branches have nodes in common, so that these run once."""
        groups: dict[tuple[Scope, str], list[Unit]] = {}
        for merge in sorted(merges, key=lambda n: self.scopes.rank[n.name]):
            scope = self.scopes.at[merge.name]
            unit = Unit([merge], scope, "branch", [])
            self._walk(unit, [i for i in merge.input if not i.startswith("^")])
            unit.needs.extend(i for i in merge.input if i.startswith("^"))
            condition = self.scopes.out(merge.input[0])[-1][0]
            unit.needs.append(condition)
            found = groups.setdefault((scope, condition), [])
            for other in reversed(found):
                if other.inner & unit.inner and not self._depends(unit, other):
                    other.nodes.append(merge)
                    other.inner |= unit.inner
                    other.needs += unit.needs
                    other.waits += unit.waits
                    self._unit_of[merge.name] = other
                    break
            else:
                found.append(unit)
                self._add(unit, [merge])

    def _depends(self, unit: Unit, on: Unit) -> bool:
        wanted = {n.name for n in on.nodes}
        rank, nodes = self.scopes.rank, self.scopes.nodes
        least = min(rank[n] for n in wanted)
        pending = [tensor_of(n)[0] for n in unit.needs]
        seen: set[str] = set()
        while pending:
            name = pending.pop()
            if name in wanted:
                return True
            if name in nodes and name not in seen and rank[name] > least:
                seen.add(name)
                pending.extend(tensor_of(i)[0] for i in nodes[name].input)
        return False

    def _check_effects(self) -> None:
        """A node with effects, or a random one, must not be in two units: it would run twice."""
        for units in self.units.values():
            owner: dict[str, Unit] = {}
            for unit in units:
                for name in unit.inner:
                    other = owner.setdefault(name, unit)
                    if other is not unit and self._once(self.scopes.nodes[name]):
                        raise ValueError(
                            f"Node {name!r} ({self.scopes.nodes[name].op}) of the GraphDef, which must run once, is in the "
                            f"branches of both {other.name!r} and {unit.name!r} (control flow v1), one of which needs the "
                            "other: gradiente can't make one cond of them. Write the graph with control flow v2."
                        )

    @staticmethod
    def _once(node: Any) -> bool:
        definition = declaration(node.op) if not primitive(node) else None
        return definition is not None and not definition.pure and node.op not in _REPEATABLE

    # order

    def ordered(self, scope: Scope, wanted: Iterable[str] | None = None) -> list[Unit]:
        """The units of a scope in an order in which they can be made: all of them, or those that tensors need."""
        units = self.units.get(scope, []) if wanted is None else self._sources(wanted, scope)
        return in_order(units, lambda u: self._sources(u.needs, scope), lambda u: u.name)

    def _sources(self, names: Iterable[str], scope: Scope) -> list[Unit]:
        found: dict[int, Unit] = {}
        for name in names:
            for source in self._origin(name):
                unit = self._unit_of.get(source)
                if unit is not None and unit.scope == scope:
                    found[id(unit)] = unit
        return list(found.values())

    def _origin(self, name: str) -> list[str]:
        """The node that a name leads to, past what only hands a value into a branch or a loop."""
        node = tensor_of(name)[0]
        while True:
            found = self.scopes.nodes.get(node)
            if found is None or (name.startswith("^") and self.scopes.is_pivot(node)):
                return []
            if primitive(found) not in ("Switch", "Enter"):
                return [node]
            name = found.input[0]
            node = tensor_of(name)[0]


def _frame(enter: Any) -> str:
    from gradiente.graph.control_scopes import frame_name

    return frame_name(enter)


class RegionReader(Reader):
    """Reads the units of one scope.

    Args:
        flow: the graph's units.
        scope: the scope.
        graph: where its operations go.
        parent: the reader of what is around it; for the outermost one a reader that has given tensors.
        aliases: tensors by node and output that stand for what is made here.
    """

    def __init__(
        self,
        flow: ControlFlow,
        scope: Scope,
        graph: Any,
        parent: Reader,
        aliases: dict[tuple[str, int], Tensor],
    ) -> None:
        inner = isinstance(graph, FuncGraph)
        super().__init__(graph, parent.library, "" if inner else parent.scope, {} if inner else parent.given)
        self._shared = parent._shared
        self._flow = flow
        self._here = scope
        self._parent = parent if inner else None
        self._aliases = aliases
        if not inner:
            self.used = parent.used

    def read(self, wanted: Iterable[str] | None = None) -> None:
        """Make all units of the scope, or those that ``wanted`` tensors need."""
        for unit in self._flow.ordered(self._here, wanted):
            if unit.kind == "node":
                add_node(self, unit.nodes[0])
            elif unit.kind == "branch":
                self._add_branch(unit)
            else:
                self._add_loop(unit)

    def tensor(self, name: str) -> Tensor:
        """A tensor by its name in the GraphDef, captured if it is of a scope around this one."""
        key = tensor_of(name)
        if key in self._aliases:
            return self._aliases[key]
        node = self._flow.scopes.nodes.get(key[0])
        if (
            node is not None
            and primitive(node) in ("Switch", "Enter")
            and f"{key[0]}:{key[1]}" not in self.given
        ):
            return self.tensor(node.input[0])
        if key[0] in self.values or self._parent is None:
            return super().tensor(name)
        assert isinstance(self.graph, FuncGraph)
        return self.graph.capture(self._parent.tensor(name))

    def operation(self, name: str) -> Operation:
        """An operation by its name in the GraphDef."""
        if self._parent is not None and name not in self.operations:
            return self._parent.operation(name)
        return super().operation(name)

    def controls(self, node: Any) -> list[Operation]:
        """The operations that a node waits for; being in a branch or a loop is no operation."""
        with naming(node.name, node.op):
            return self._waits(node.input)

    def _waits(self, names: Iterable[str]) -> list[Operation]:
        scopes = self._flow.scopes
        wanted = [n[1:] for n in names if n.startswith("^")]
        return [self.operation(n) for n in wanted if f"^{n}" in self.given or not scopes.is_pivot(n)]

    # conditions

    def _add_branch(self, unit: Unit) -> None:
        scopes = self._flow.scopes
        condition = scopes.out(unit.nodes[0].input[0])[-1][0]
        bodies: list[FuncGraph] = []
        name = _beside(unit.nodes[0].name, "If")
        with naming(unit.name, "Merge"):
            for side in (1, 0):
                taken = [
                    i
                    for m in unit.nodes
                    for i in m.input
                    if not i.startswith("^") and scopes.out(i)[-1][1] == side
                ]
                body = new_body(self, name, "true" if side else "false")
                for tensor in bodies[-1].captured if bodies else ():
                    body.capture(tensor)
                with body.as_default():
                    inner = RegionReader(self._flow, (*unit.scope, (condition, side)), body, self, {})
                    inner.read(taken)
                    body.outputs = [body.capture(inner.tensor(i)) for i in taken]
                bodies.append(body)
            selector = self.tensor(condition)
            waits = self._waits([*unit.waits, *(i for m in unit.nodes for i in m.input if i.startswith("^"))])
            outputs = make_branch(self, "If", name, selector, bodies, [], waits)
        for merge, output in zip(unit.nodes, outputs, strict=True):
            self._name_result(merge, output)
            if (merge.name, 1) in self._flow._asked:  # pyright: ignore[reportPrivateUsage] - of this module
                second = scopes.out(merge.input[1])[-1][1]
                self.values[merge.name].append(self._index(merge.name, selector, bool(second)))

    def _index(self, name: str, selector: Tensor, as_it_is: bool) -> Tensor:
        """Which input a Merge took."""
        from gradiente.graph.build import apply

        with self.graph.as_default(), self.graph.control_dependencies(None):
            taken = selector if as_it_is else apply("LogicalNot", selector)
            return apply("Cast", taken, DstT=int32, name=f"{name}_value_index")

    def _name_result(self, node: Any, output: Tensor) -> None:
        definition = op_def("Identity")
        assert definition is not None
        op = self.make(definition, node.name, [output], {"T": output.dtype.base_dtype})
        self.keep(node.name, op, op.outputs)

    # loops

    def _add_loop(self, unit: Unit) -> None:
        scopes = self._flow.scopes
        frame = self._frame_of(unit)
        inner = (*unit.scope, (FRAME, frame))
        merges = sorted(unit.nodes, key=lambda n: scopes.rank[n.name])
        switches = {
            tensor_of(n.input[0])[0]: n
            for n in scopes.nodes.values()
            if primitive(n) == "Switch" and scopes.at[n.name] == inner and scopes.of_loop(n)
        }
        back = [self._next(m) for m in merges]
        tests = {
            n.name: n.input[0]
            for n in scopes.nodes.values()
            if primitive(n) == "LoopCond" and scopes.at[n.name] == inner
        }
        if len(tests) != 1:
            raise ValueError(
                f"The loop {frame!r} of the GraphDef, with node {unit.name!r}, has {len(tests)} LoopCond nodes "
                f"({', '.join(map(repr, tests)) or 'none'}); a loop has one."
            )
        (test,) = tests.values()

        def filled(body: FuncGraph, variables: Sequence[Tensor], wanted: list[str]) -> list[Tensor]:
            aliases: dict[tuple[str, int], Tensor] = {}
            for merge, tensor in zip(merges, variables, strict=True):
                aliases[merge.name, 0] = tensor
                if merge.name in switches:
                    aliases[switches[merge.name].name, 1] = tensor
            region = RegionReader(self._flow, inner, body, self, aliases)
            region.read(wanted)
            return [region.tensor(i) for i in wanted]

        with naming(unit.name, "Merge"):
            start = [self.tensor(i) for m in merges for i in m.input if i != back_name(scopes, m)]
            outputs = make_loop(
                self, _beside(unit.name, "While"), start, lambda body, variables: filled(body, variables, [test]),
                lambda body, variables: filled(body, variables, back), count_turns=self._draws(unit),
                controls=self._waits(unit.waits),
            )  # fmt: skip
            results = {m.name: t for m, t in zip(merges, outputs, strict=True)}
            leaves = {s.name: results[m] for m, s in switches.items() if m in results}
        for node in scopes.exits.get(frame, []):
            source, index = tensor_of(node.input[0])
            if source not in leaves or index != 0:
                raise ValueError(
                    f"Node {node.name!r} (Exit) of the GraphDef takes {node.input[0]!r}, which is no variable of its loop."
                )
            self._name_result(node, leaves[source])

    def _frame_of(self, unit: Unit) -> str:
        return self._flow.scopes.at[unit.nodes[0].name][-1][1]

    def _next(self, merge: Any) -> str:
        """What a turn makes of a loop variable."""
        scopes = self._flow.scopes
        return scopes.nodes[tensor_of(back_name(scopes, merge))[0]].input[0]

    def _draws(self, unit: Unit) -> bool:
        found = (declaration(self._flow.scopes.nodes[n].op) for n in unit.inner)
        return any(d is not None and d.random for d in found)


def back_name(scopes: ControlScopes, merge: Any) -> str:
    """The input of a loop's Merge that comes back from the turn before."""
    for name in merge.input:
        if primitive(scopes.nodes[tensor_of(name)[0]]) == "NextIteration":
            return name
    raise AssertionError(merge.name)


def _beside(name: str, last: str) -> str:
    """A name in the scope of another one."""
    return name.rpartition("/")[0] + "/" + last if "/" in name else last
