"""Graphs written as GraphDef protocol buffers, which TensorFlow loads."""

from __future__ import annotations

import os
from typing import Any

from gradiente.graph.functions import FuncGraph
from gradiente.graph.graph import Graph
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.proto_types import FunctionDef, GraphDef, NodeDef
from gradiente.graph.protos import attr_to_proto, shape_to_proto
from gradiente.graph.registry import REQUIRED, ArgDef
from gradiente.graph.types import is_list

PRODUCER = 2300
"""The GraphDef version that is written: TensorFlow 2.21's consumers accept it."""


def node_def(op: Operation) -> Any:
    """An operation as a NodeDef."""
    return _node(op, _outer_input)


def graph_def(graph: Graph, from_version: int = 0, add_shapes: bool = False) -> Any:
    """A graph as a GraphDef (see ``Graph.as_graph_def``)."""
    proto: Any = GraphDef()
    proto.versions.producer = PRODUCER
    written: set[str] = set()
    for op in graph.get_operations()[from_version:]:
        node = node_def(op)
        if add_shapes:
            node.attr["_output_shapes"].list.shape.extend(shape_to_proto(t.shape) for t in op.outputs)
        proto.node.append(node)
        _add_functions(proto.library, op, written)
    return proto


def _add_functions(library: Any, op: Operation, written: set[str]) -> None:
    for value in op.attrs.values():
        for body in value if is_list(value) else (value,):
            if isinstance(body, FuncGraph) and body.name not in written:
                written.add(body.name)
                library.function.append(function_def(body))
                for inner in body.get_operations():
                    _add_functions(library, inner, written)


def _node(op: Operation, name_input: Any) -> Any:
    node: Any = NodeDef(name=op.name, op=op.type, device=op.device)
    node.input.extend(name_input(t) for t in op.inputs)
    node.input.extend(f"^{c.name}" for c in op.control_inputs)
    for key, declared in op.op_def.attrs.items():
        if key.startswith("_"):
            continue
        value = op.attrs[key]
        if value is not None and value is not REQUIRED:
            node.attr[key].CopyFrom(attr_to_proto(declared.kind, value))
    override = op.attrs.get("_gradient_op_type")
    if override:
        node.attr["_gradient_op_type"].s = override.encode()
    return node


def _outer_input(tensor: Tensor) -> str:
    return tensor.op.name if tensor.value_index == 0 else tensor.name


def output_arg(tensor: Tensor) -> tuple[ArgDef, int]:
    """The output argument that a tensor belongs to, and its position in it."""
    position = tensor.value_index
    for arg in tensor.op.op_def.outputs:
        count = arg.count(tensor.op.attrs)
        if position < count:
            return arg, position
        position -= count
    raise AssertionError(f"{tensor.name} is no output of {tensor.op.type}.")


def function_def(body: FuncGraph) -> Any:
    """A function body as a FunctionDef. Variables that it reads are passed by value."""
    proto: Any = FunctionDef()
    proto.signature.name = body.name
    arguments = {t.op: t.op.name.replace("/", "_").lower() for t in body.inputs}
    for tensor in body.inputs:
        proto.signature.input_arg.add(
            name=arguments[tensor.op], type=tensor.dtype.base_dtype.as_datatype_enum
        )

    def name_input(tensor: Tensor) -> str:
        if tensor.op in arguments:
            return arguments[tensor.op]
        arg, position = output_arg(tensor)
        return f"{tensor.op.name}:{arg.name}:{position}"

    for op in body.get_operations():
        if op not in arguments:
            if op.op_def.writes:
                raise ValueError(
                    f"Operation {op.name!r} ({op.type}) assigns to a variable inside the body {body.name!r}; a GraphDef can "
                    "hold that for resource variables only. Assign outside of cond and while_loop to export this graph."
                )
            proto.node_def.append(_node(op, name_input))
            if op.op_def.stateful or op.op_def.random:
                proto.signature.is_stateful = True
    for position, tensor in enumerate(body.outputs):
        name = f"output_{position}"
        proto.signature.output_arg.add(name=name, type=tensor.dtype.base_dtype.as_datatype_enum)
        proto.ret[name] = name_input(tensor)
    return proto


def write_graph(graph_or_graph_def: Any, logdir: str, name: str, as_text: bool = True) -> str:
    """Write a graph to a file.

    Args:
        graph_or_graph_def: a Graph or a GraphDef.
        logdir: the folder; made if it does not exist.
        name: the file's name.
        as_text: as protocol buffer text instead of binary.

    Returns:
        The file's path.
    """
    proto = graph_or_graph_def.as_graph_def() if isinstance(graph_or_graph_def, Graph) else graph_or_graph_def
    os.makedirs(logdir, exist_ok=True)
    path = os.path.join(logdir, name)
    temporary = f"{path}.tmp{os.getpid()}"
    if as_text:
        from google.protobuf import text_format

        data = text_format.MessageToString(proto).encode()
    else:
        data = proto.SerializeToString()
    with open(temporary, "wb") as file:
        file.write(data)
    os.replace(temporary, path)
    return path
