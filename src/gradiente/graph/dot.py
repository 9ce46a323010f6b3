"""Graphs as pictures: DOT for Graphviz, and SVG without it."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from gradiente.graph.graph import Graph
from gradiente.graph.operation import Operation

_COLOURS = {
    "Const": "#eeeeee", "Placeholder": "#fff2b3", "VariableV2": "#cfe8ff", "Assign": "#ffd9cc",
}  # fmt: skip
_GRADIENT = "#e6dcf5"
_OTHER = "#ffffff"
_WIDTH, _HEIGHT, _GAP_X, _GAP_Y = 150, 34, 24, 46


def _selected(graph: Graph, hide_constants: bool) -> list[Operation]:
    return [op for op in graph.get_operations() if not (hide_constants and op.type == "Const")]


def _colour(op: Operation) -> str:
    if op.type in _COLOURS:
        return _COLOURS[op.type]
    return _GRADIENT if op.name.split("/")[0].startswith("gradients") else _OTHER


def _edges(ops: Iterable[Operation]) -> Iterable[tuple[Operation, Operation, str]]:
    """(from, to, label) for every tensor and control edge between the operations."""
    chosen = set(ops)
    for op in chosen:
        for tensor in op.inputs:
            if tensor.op in chosen:
                yield tensor.op, op, str(tensor.shape) if tensor.shape.ndims is not None else "?"
        for other in op.control_inputs:
            if other in chosen:
                yield other, op, ""


def to_dot(graph: Graph, hide_constants: bool = False) -> str:
    """The graph in Graphviz's DOT language: operations as boxes, tensors as arrows with their shapes.

    Args:
        graph: the graph.
        hide_constants: leave constants out.
    """
    ops = _selected(graph, hide_constants)
    lines = [
        "digraph graph_ {",
        '  node [shape=box, style="rounded,filled", fontname="sans-serif", fontsize=10];',
    ]
    for op in ops:
        label = f"{op.name}\\n{op.type}" if op.name != op.type else op.name
        lines.append(f'  "{op.name}" [label="{label}", fillcolor="{_colour(op)}"];')
    for source, target, label in sorted(
        _edges(ops), key=lambda e: (e[1].creation_index, e[0].creation_index)
    ):
        style = f'label="{label}", fontsize=8' if label else "style=dashed"
        lines.append(f'  "{source.name}" -> "{target.name}" [{style}];')
    return "\n".join([*lines, "}"])


def to_svg(graph: Graph, hide_constants: bool = True) -> str:
    """The graph as an SVG picture: inputs above, results below, one row per step of the longest path.

    Args:
        graph: the graph.
        hide_constants: leave constants out.
    """
    ops = _selected(graph, hide_constants)
    place = _layout(ops)
    columns = max((x for x, _ in place.values()), default=0) + 1
    rows = max((y for _, y in place.values()), default=0) + 1
    width, height = columns * (_WIDTH + _GAP_X) + _GAP_X, rows * (_HEIGHT + _GAP_Y) + _GAP_Y
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            'font-family="sans-serif" font-size="10">'
        ),
        (
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="6" markerHeight="6" orient="auto">'
            '<path d="M0 0 L8 4 L0 8 z" fill="#666"/></marker></defs>'
        ),
    ]
    for source, target, label in _edges(ops):
        (x1, y1), (x2, y2) = _corner(place[source]), _corner(place[target])
        x1, x2, y1 = x1 + _WIDTH / 2, x2 + _WIDTH / 2, y1 + _HEIGHT
        middle = (y1 + y2) / 2
        dashed = "" if label else ' stroke-dasharray="4 3"'
        parts.append(
            f'<path d="M{x1} {y1} C{x1} {middle} {x2} {middle} {x2} {y2}" fill="none" stroke="#666"{dashed} '
            f'marker-end="url(#arrow)"><title>{escape(source.name)} → {escape(target.name)} {escape(label)}</title></path>'
        )
    for op in ops:
        x, y = _corner(place[op])
        parts.append(
            f"<g><title>{escape(op.name)} ({op.type}), {escape(str(op.source))}</title>"
            f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="{_colour(op)}" stroke="#444"/>'
            f'<text x="{x + _WIDTH / 2}" y="{y + 14}" text-anchor="middle">{escape(_short(op.name))}</text>'
            f'<text x="{x + _WIDTH / 2}" y="{y + 27}" text-anchor="middle" fill="#666">{escape(op.type)}</text></g>'
        )
    return "\n".join([*parts, "</svg>"])


def _layout(ops: list[Operation]) -> dict[Operation, tuple[int, int]]:
    """A column and a row for each operation: the row below all that it needs."""
    chosen = set(ops)
    row: dict[Operation, int] = {}
    filled: dict[int, int] = {}
    place: dict[Operation, tuple[int, int]] = {}
    for op in ops:
        before: list[Any] = [t.op for t in op.inputs] + list(op.control_inputs)
        row[op] = 1 + max((row[b] for b in before if b in chosen), default=-1)
        place[op] = (filled.get(row[op], 0), row[op])
        filled[row[op]] = place[op][0] + 1
    return place


def _corner(place: tuple[int, int]) -> tuple[float, float]:
    return _GAP_X + place[0] * (_WIDTH + _GAP_X), _GAP_Y / 2 + place[1] * (_HEIGHT + _GAP_Y)


def _short(name: str) -> str:
    return name if len(name) <= 26 else "…" + name[-25:]
