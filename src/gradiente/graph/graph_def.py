"""Graphs written as GraphDef protocol buffers, which TensorFlow loads."""

from __future__ import annotations

import os
from typing import Any

from gradiente.graph.export_nodes import Written, rewritten
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
    return _node(op, [_outer_input(t) for t in op.inputs])


def graph_def(graph: Graph, from_version: int = 0, add_shapes: bool = False, *, private: bool = False) -> Any:
    """A graph as a GraphDef (see ``Graph.as_graph_def``).

    Args:
        graph: the graph.
        from_version: how many of its first operations to leave out.
        add_shapes: write ``_output_shapes``.
        private: keep ops that only gradiente has as they are, for files that gradiente reads again and for looking at.

    Raises:
        ValueError: if the graph has operations that TensorFlow's ops can't express, without ``private``.
    """
    proto: Any = GraphDef()
    proto.versions.producer = PRODUCER
    library = _Library(proto.library, private)
    for op in graph.get_operations()[from_version:]:
        written = library.nodes(op, [_outer_input(t) for t in op.inputs], in_function=False)
        if add_shapes:
            shapes = [shape_to_proto(t.shape) for t in op.outputs]
            written.nodes[-1].attr["_output_shapes"].list.shape.extend(shapes)
        proto.node.extend(written.nodes)
    if library.unknown:
        listed = ", ".join(f"{op.name!r} ({op.type}, made at {op.source})" for op in library.unknown[:4])
        raise ValueError(
            f"The graph has operations that TensorFlow's ops can't express, so a GraphDef can't hold it: {listed}"
            f"{' and others' if len(library.unknown) > 4 else ''}. Write a part without them "
            "(tf.graph_util.extract_sub_graph of tf.train.export_meta_graph().graph_def), or use export_meta_graph, which "
            "gradiente reads again."
        )
    return proto


class _Library:
    """Writes nodes, and the functions that they use into a GraphDef's library."""

    def __init__(self, library: Any, private: bool) -> None:
        self._library = library
        self._private = private
        self._written: set[str] = set()
        self.unknown: list[Operation] = []

    def nodes(self, op: Operation, inputs: list[str], in_function: bool) -> Written:
        """What an operation becomes."""
        self._add_functions(op)
        if op.type == "_WhileHistory" or (op.type.startswith("_") and not self._private):
            written = rewritten(op, inputs, in_function)
            if written is not None:
                for function in written.functions:
                    self._add(function)
                return written
            self.unknown.append(op)
        return Written([_node(op, inputs)], op.op_def.outputs, [])

    def _add_functions(self, op: Operation) -> None:
        for value in op.attrs.values():
            for body in value if is_list(value) else (value,):
                if isinstance(body, FuncGraph) and body.name not in self._written:
                    self._written.add(body.name)
                    self._library.function.append(self._function(body))

    def _add(self, function: Any) -> None:
        if function.signature.name not in self._written:
            self._written.add(function.signature.name)
            self._library.function.append(function)

    def _function(self, body: FuncGraph) -> Any:
        """A function body as a FunctionDef. Variables that it reads are passed by value."""
        proto: Any = FunctionDef()
        proto.signature.name = body.name
        arguments = {t.op: t.op.name.replace("/", "_").lower() for t in body.inputs}
        for tensor in body.inputs:
            dtype = tensor.dtype if self._private else tensor.dtype.base_dtype
            proto.signature.input_arg.add(name=arguments[tensor.op], type=dtype.as_datatype_enum)
        outputs: dict[Operation, tuple[ArgDef, ...]] = {}

        def name_input(tensor: Tensor) -> str:
            if tensor.op in arguments:
                return arguments[tensor.op]
            arg, position = _output_arg(tensor, outputs[tensor.op])
            return f"{tensor.op.name}:{arg.name}:{position}"

        for op in body.needed():
            if op not in arguments:
                if op.op_def.writes and not self._private:
                    raise ValueError(
                        f"Operation {op.name!r} ({op.type}), made at {op.source}, assigns to a variable inside the body "
                        f"{body.name!r}; a GraphDef can hold that for resource variables only. Assign outside of cond and "
                        "while_loop to export this graph, or use export_meta_graph, which gradiente reads again."
                    )
                written = self.nodes(op, [name_input(t) for t in op.inputs], in_function=True)
                outputs[op] = written.outputs
                proto.node_def.extend(written.nodes)
                if op.op_def.stateful or op.op_def.random:
                    proto.signature.is_stateful = True
        for position, tensor in enumerate(body.outputs):
            name = f"output_{position}"
            dtype = tensor.dtype if self._private else tensor.dtype.base_dtype
            proto.signature.output_arg.add(name=name, type=dtype.as_datatype_enum)
            proto.ret[name] = name_input(tensor)
        return proto


def _node(op: Operation, inputs: list[str]) -> Any:
    node: Any = NodeDef(name=op.name, op=op.type, device=op.device)
    node.input.extend(inputs)
    node.input.extend(f"^{c.name}" for c in op.control_inputs)
    for key, declared in op.op_def.attrs.items():
        if key.startswith("_"):
            continue
        value = op.attrs[key]
        if value is None or value is REQUIRED or (key in _OWN_ATTRS.get(op.type, ()) and not value):
            continue
        node.attr[key].CopyFrom(attr_to_proto(declared.kind, value))
    override = op.attrs.get("_gradient_op_type")
    if override:
        node.attr["_gradient_op_type"].s = override.encode()
    return node


_OWN_ATTRS = {"MaxPoolGradGrad": ("explicit_paddings",)}
"""Attributes that TensorFlow's op does not have: written only where they say something."""


def _outer_input(tensor: Tensor) -> str:
    return tensor.op.name if tensor.value_index == 0 else tensor.name


def _output_arg(tensor: Tensor, outputs: tuple[ArgDef, ...]) -> tuple[ArgDef, int]:
    """The output argument that a tensor belongs to, and its position in it."""
    position = tensor.value_index
    if len(outputs) == 1:
        return outputs[0], position
    for arg in outputs:
        count = arg.count(tensor.op.attrs)
        if position < count:
            return arg, position
        position -= count
    raise AssertionError(f"{tensor.name} is no output of {tensor.op.type}.")


def write_graph(graph_or_graph_def: Any, logdir: str, name: str, as_text: bool = True) -> str:
    """Write a graph to a file.

    Args:
        graph_or_graph_def: a Graph or a GraphDef.
        logdir: the folder; made if it does not exist.
        name: the file's name.
        as_text: as protocol buffer text instead of binary.

    Returns:
        The file's path.

    Raises:
        ValueError: if the graph has operations that TensorFlow's ops can't express.
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
