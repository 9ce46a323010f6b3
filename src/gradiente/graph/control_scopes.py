"""Where the nodes of a graph with control flow v1 live: in which loops, and in which branches of which conditions.

In control flow v1 a loop is a frame: its variables come in through Enter, go around through Merge, Switch and NextIteration
and leave through Exit. A branch is what depends on one side of a Switch; Merge joins the two sides. Source: Yu et al.,
"Dynamic Control Flow in Large-Scale Machine Learning", EuroSys 2018, section 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gradiente.graph.import_nodes import in_order, node_name

PRIMITIVES = frozenset({"Switch", "Merge", "Enter", "Exit", "NextIteration", "LoopCond"})

Scope = tuple[tuple[str, Any], ...]
"""The way from the outside to a node: ``("frame", its name)`` for a loop, ``(condition, 0 or 1)`` for a branch."""

FRAME = "frame"


def primitive(node: Any) -> str:
    """The control flow op that a node is (also in its form for variables), or ""."""
    name = node.op.removeprefix("Ref")
    return name if name in PRIMITIVES else ""


def tensor_of(name: str) -> tuple[str, int]:
    """Node and output of an input's name."""
    node, _, index = name.removeprefix("^").partition(":")
    return node, int(index) if index.isdigit() else 0


class ControlScopes:
    """The scopes of all nodes.

    Attributes:
        nodes: the nodes by name.
        at: the scope in which each node is executed.
        rank: the position of each node in an order in which inputs come first.
        enters, merges, exits: the nodes of each frame.
        loop_merges: the Merges of loops.
    """

    def __init__(self, nodes: Sequence[Any]) -> None:
        self.nodes = {n.name: n for n in nodes}
        self.at: dict[str, Scope] = {}
        self.enters: dict[str, list[Any]] = {}
        self.merges: dict[str, list[Any]] = {}
        self.exits: dict[str, list[Any]] = {}
        self.loop_merges: set[str] = set()
        for node in nodes:
            kind = primitive(node)
            if kind == "Enter":
                self.enters.setdefault(frame_name(node), []).append(node)
            elif kind == "Merge" and any(True for _ in self._coming_back(node)):
                self.loop_merges.add(node.name)
        ordered = in_order(nodes, self._before, lambda n: n.name)
        self.rank = {n.name: i for i, n in enumerate(ordered)}
        for node in ordered:
            self.at[node.name] = self._scope(node)

    def out(self, name: str) -> Scope:
        """The scope in which a tensor, by its name, is used; for ``^name``, the one in which the node is executed."""
        node, index = tensor_of(name)
        if node not in self.nodes:
            return ()
        scope = self.at[node]
        kind = primitive(self.nodes[node])
        if kind == "Enter":
            return (*scope, (FRAME, frame_name(self.nodes[node])))
        if kind == "Switch" and not name.startswith("^") and not self.of_loop(self.nodes[node]):
            return (*scope, (self.condition(self.nodes[node]), index))
        return scope

    def of_loop(self, switch: Any) -> bool:
        """Whether a Switch lets a loop's variable go around or leave, rather than choose a branch."""
        return self._passed(switch.input[1])[0] in self.nodes and (
            primitive(self.nodes[self._passed(switch.input[1])[0]]) == "LoopCond"
        )

    def condition(self, switch: Any) -> str:
        """The name of the tensor that decides a Switch."""
        node, index = self._passed(switch.input[1])
        return f"{node}:{index}"

    def is_pivot(self, name: str) -> bool:
        """Whether waiting for the node only means to be in its branch or loop."""
        node = self.nodes.get(name)
        while node is not None and node.op == "Identity" and not _controls(node):
            name, index = tensor_of(node.input[0])
            node = self.nodes.get(name)
            if node is not None and primitive(node) == "Switch":
                return self.of_loop(node) or self._passed(node.input[0]) == self._passed(node.input[1])
            del index
        return (node is not None and primitive(node) in ("Switch", "Enter", "NextIteration", "LoopCond")) or (
            name in self.loop_merges
        )

    def _passed(self, name: str) -> tuple[str, int]:
        """Where a tensor comes from, past Identities."""
        node, index = tensor_of(name)
        while node in self.nodes and self.nodes[node].op == "Identity" and self.nodes[node].input:
            node, index = tensor_of(self.nodes[node].input[0])
        return node, index

    def _coming_back(self, merge: Any) -> Iterator[str]:
        for name in merge.input:
            source = self.nodes.get(node_name(name))
            if source is not None and primitive(source) == "NextIteration":
                yield name

    def _before(self, node: Any) -> list[Any]:
        names = list(node.input)
        if node.name in self.loop_merges:
            back = set(self._coming_back(node))
            names = [n for n in names if n not in back]
        elif primitive(node) == "Enter":
            names = [i for enter in self.enters[frame_name(node)] for i in enter.input]
        return [self.nodes[n] for n in map(node_name, names) if n in self.nodes]

    def _scope(self, node: Any) -> Scope:
        kind = primitive(node)
        if kind == "Enter":
            return self._join(node, [i for e in self.enters[frame_name(node)] for i in e.input])
        if node.name in self.loop_merges:
            back = set(self._coming_back(node))
            begins = [i for i in node.input if i not in back]
            scope = self._join(node, begins)
            if len(node.input) != 2 or not scope or scope[-1][0] != FRAME:
                raise ValueError(
                    f"Node {node.name!r} (Merge) of the GraphDef begins no loop: its input is no Enter's."
                )
            self.merges.setdefault(scope[-1][1], []).append(node)
            return scope
        if kind == "Merge":
            return self._merged(node)
        scope = self._join(node, node.input)
        if kind == "Exit":
            frames = [i for i, part in enumerate(scope) if part[0] == FRAME]
            if not frames:
                raise ValueError(f"Node {node.name!r} (Exit) of the GraphDef is in no loop.")
            self.exits.setdefault(scope[frames[-1]][1], []).append(node)
            return scope[: frames[-1]]
        return scope

    def _join(self, node: Any, names: Sequence[str]) -> Scope:
        longest: Scope = ()
        source = ""
        for name in names:
            scope = self.out(name)
            if scope[: len(longest)] == longest:
                longest, source = scope, name
            elif longest[: len(scope)] != scope:
                raise ValueError(
                    f"Node {node.name!r} ({node.op}) of the GraphDef takes {source!r} and {name!r}, which are of different "
                    "branches or loops of control flow v1; only a Merge can take both, so gradiente can't make a cond or a "
                    "while_loop of them."
                )
        return longest

    def _merged(self, node: Any) -> Scope:
        values = [i for i in node.input if not i.startswith("^")]
        scopes = [self.out(i) for i in values]
        if len(values) == 2 and all(scopes):
            (*a, (first, one)), (*b, (second, other)) = scopes
            if a == b and first == second and first != FRAME and {one, other} == {0, 1}:
                return tuple(a)
        raise ValueError(
            f"Node {node.name!r} (Merge) of the GraphDef can't be made a branch: its inputs {', '.join(map(repr, values))} "
            "are not the two sides of one condition."
        )


def frame_name(enter: Any) -> str:
    """The frame that an Enter leads to."""
    return enter.attr["frame_name"].s.decode("utf-8", "surrogateescape")


def _controls(node: Any) -> list[str]:
    return [i for i in node.input if i.startswith("^")]
