"""Cuts a GraphDef down to what an answer needs, and freezes its variables (`tf.graph_util`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tensorboard.compat.proto import graph_pb2

from gradiente.graph.protos import make_tensor_proto

_protos: Any = graph_pb2  # its classes are made when it is imported, out of the type checker's sight
_VARIABLES = ("Variable", "VariableV2")
_HANDED_ON = ("Identity", "CheckNumerics")


def extract_sub_graph(graph_def: Any, dest_nodes: Sequence[str]) -> Any:
    """Returns the part of a graph that some of its nodes need.

    Args:
        graph_def: a GraphDef, which is left as it is.
        dest_nodes: the names of the nodes to keep, with all that they need.

    Returns:
        A GraphDef with the nodes in the order of `graph_def`.

    Raises:
        TypeError: when `dest_nodes` is a single text.
        AssertionError: when a name is not in the graph.
    """
    if isinstance(dest_nodes, str):
        raise TypeError(f"extract_sub_graph: dest_nodes is a list of names. Write [{dest_nodes!r}].")
    nodes = {node.name: node for node in graph_def.node}
    for name in dest_nodes:
        assert name in nodes, f"{name} is not in graph"
    needed: set[str] = set()
    waiting = list(dest_nodes)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += [node_name(each) for each in nodes[name].input]
    result: Any = _protos.GraphDef()
    result.node.extend(node for node in graph_def.node if node.name in needed)
    result.library.CopyFrom(graph_def.library)
    result.versions.CopyFrom(graph_def.versions)
    return result


def node_name(tensor_name: str) -> str:
    """Returns the name of the node that a NodeDef's input comes from.

    >>> node_name("^layer1/add:1")
    'layer1/add'
    """
    return tensor_name.removeprefix("^").partition(":")[0]


def convert_variables_to_constants(
    sess: Any,
    input_graph_def: Any,
    output_node_names: Sequence[str],
    variable_names_whitelist: Iterable[str] | None = None,
    variable_names_blacklist: Iterable[str] | None = None,
) -> Any:
    """Returns the graph that some nodes need, with a constant in the place of each variable: a graph to use and ship.

    Args:
        sess: the session that holds the variables' values.
        input_graph_def: the session's graph as a GraphDef.
        output_node_names: the names of the nodes that give the answers.
        variable_names_whitelist: the only variables to convert; by default all.
        variable_names_blacklist: variables to leave.

    Returns:
        A GraphDef.

    Raises:
        AssertionError: when an output is not in the graph.
        FailedPreconditionError: when a variable is not initialized.
    """
    part = extract_sub_graph(input_graph_def, output_node_names)
    chosen = None if variable_names_whitelist is None else set(variable_names_whitelist)
    left = set(variable_names_blacklist or ())
    variables = [
        node.name
        for node in part.node
        if node.op in _VARIABLES and node.name not in left and (chosen is None or node.name in chosen)
    ]
    values = (
        dict(zip(variables, sess.run([f"{name}:0" for name in variables]), strict=True)) if variables else {}
    )
    result: Any = _protos.GraphDef()
    for node in part.node:
        new = result.node.add()
        if node.name in values:
            new.op = "Const"
            new.name = node.name
            new.attr["dtype"].CopyFrom(node.attr["dtype"])
            new.attr["value"].tensor.CopyFrom(
                make_tensor_proto(values[node.name], dtype=node.attr["dtype"].type)
            )
        else:
            new.CopyFrom(node)
    result.library.CopyFrom(part.library)
    result.versions.CopyFrom(part.versions)
    return result


def remove_training_nodes(input_graph: Any, protected_nodes: Iterable[str] | None = None) -> Any:
    """Returns a graph without the nodes that only hand a value on (`Identity`, `CheckNumerics`).

    Args:
        input_graph: a GraphDef, which is left as it is.
        protected_nodes: the names of nodes to keep.
    """
    kept = set(protected_nodes or ())
    controlled = {node_name(each) for node in input_graph.node for each in node.input if each.startswith("^")}
    source = {
        node.name: node.input[0]
        for node in input_graph.node
        if node.op in _HANDED_ON and len(node.input) == 1 and node.name not in kept | controlled
    }

    def follow(name: str) -> str:
        while name.removesuffix(":0") in source:
            name = source[name.removesuffix(":0")]
        return name

    result: Any = _protos.GraphDef()
    for node in input_graph.node:
        if node.name not in source:
            new = result.node.add()
            new.CopyFrom(node)
            new.input[:] = [follow(name) for name in node.input]
    result.library.CopyFrom(input_graph.library)
    result.versions.CopyFrom(input_graph.versions)
    return result
