"""Graphs read from GraphDef protocol buffers, also those that TensorFlow wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from gradiente.graph.build import convert_to_tensor
from gradiente.graph.control_scopes import primitive
from gradiente.graph.graph import get_default_graph
from gradiente.graph.import_control_flow import ControlFlow, RegionReader
from gradiente.graph.import_functions import add_node, check_library
from gradiente.graph.import_nodes import Reader, full_name, in_order, node_name
from gradiente.graph.operation import Operation


def import_graph_def(
    graph_def: Any, input_map: Mapping[str, Any] | None = None, return_elements: Sequence[str] | None = None,
    name: str | None = None, op_dict: Any = None, producer_op_list: Any = None,
) -> list[Any] | None:  # fmt: skip
    """Add the operations of a GraphDef to the default graph.

    Args:
        graph_def: the GraphDef.
        input_map: tensors of the default graph by the names of the GraphDef's tensors (``"x:0"``) that they replace, or
            operations by ``"^name"``: what waits for that node waits for them.
        return_elements: names of operations and tensors of the GraphDef to return.
        name: put before all names; "import" by default, "" for nothing; made unique unless it ends in "/".
        op_dict: accepted for TensorFlow's signature.
        producer_op_list: accepted for TensorFlow's signature.

    Returns:
        The elements named in ``return_elements``, or None. Control flow of either version becomes ``If`` and ``While``
        operations; resource variables become reference variables.

    Raises:
        ValueError: if the GraphDef has an op that gradiente lacks, is not consistent, or a name of ``input_map`` or
            ``return_elements`` is not in it. Nothing is added then.
        TypeError: if ``graph_def`` is no GraphDef.
    """
    del op_dict, producer_op_list
    if type(graph_def).__name__ != "GraphDef":
        raise TypeError(f"graph_def must be a GraphDef protocol buffer, not {type(graph_def).__name__}.")
    graph = get_default_graph()
    prefix = "import" if name is None else name
    library = {f.signature.name: f for f in graph_def.library.function}
    nodes = list(graph_def.node)
    check_library(library, [n for n in nodes if not primitive(n)])
    with graph.name_scope(prefix or None) as scope, graph.all_or_nothing():
        given = {full_name(k): _given(k, v) for k, v in (input_map or {}).items()}
        reader = _read(Reader(graph, library, scope, given), nodes)
        unused = [k for k in given if k not in reader.used]
        if unused:
            raise ValueError(
                f"Attempted to map inputs that were not found in graph_def: [{', '.join(unused)}]"
            )
        return None if return_elements is None else [_element(reader, nodes, e) for e in return_elements]


def _given(name: str, value: Any) -> Any:
    if name.startswith("^") and isinstance(value, Operation):
        return value
    return convert_to_tensor(value, as_ref=True)


def _read(reader: Reader, nodes: Sequence[Any]) -> Reader:
    """Make the operations of all nodes, and return the reader that knows them."""
    by_name = {n.name: n for n in nodes}
    if len(by_name) < len(nodes):
        twice = [name for name, count in Counter(n.name for n in nodes).items() if count > 1]
        raise ValueError(f"The GraphDef has several nodes named {', '.join(map(repr, twice[:8]))}.")
    _check_sources(nodes, by_name, reader.given)
    if any(primitive(n) for n in nodes):
        outer = RegionReader(ControlFlow(nodes), (), reader.graph, reader, {})
        outer.read()
        return outer

    def needs(node: Any) -> list[Any]:
        return [by_name[node_name(i)] for i in node.input if full_name(i) not in reader.given]

    for node in in_order(nodes, needs, lambda n: n.name):
        add_node(reader, node)
    return reader


def _check_sources(nodes: Sequence[Any], by_name: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    for node in nodes:
        for name in node.input:
            if node_name(name) not in by_name and full_name(name) not in given:
                raise ValueError(
                    f"Node {node.name!r} ({node.op}) of the GraphDef takes {name!r}, but the GraphDef has no node "
                    f"{node_name(name)!r}. Give it in input_map."
                )


def _element(reader: Reader, nodes: Sequence[Any], name: str) -> Any:
    """An imported operation or tensor by its name in the GraphDef."""
    if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance] - user input
        raise TypeError(f"return_elements must be a list of strings, but has {name!r}.")
    node, _, index = name.partition(":")
    if node not in reader.operations:
        inside = any(n.name == node for n in nodes)
        why = ": it is inside a branch or a loop, or is none of its results." if inside else " in graph_def."
        raise ValueError(f"Requested return_element {name!r} not found{why}")
    if ":" not in name:
        return reader.operations[node]
    if name not in reader.given and (not index.isdigit() or int(index) >= len(reader.values[node])):
        raise ValueError(
            f"Requested return_element {name!r} not found: {node!r} has {len(reader.values[node])} outputs."
        )
    return reader.tensor(name)
