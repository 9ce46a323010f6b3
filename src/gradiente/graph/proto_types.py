"""TensorFlow's protocol buffer classes, which the tensorboard package carries (``tf.GraphDef``)."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def _message(module: str, name: str) -> Any:
    return getattr(import_module(f"tensorboard.compat.proto.{module}"), name)


AttrValue: Any = _message("attr_value_pb2", "AttrValue")
FunctionDef: Any = _message("function_pb2", "FunctionDef")
GraphDef: Any = _message("graph_pb2", "GraphDef")
MetaGraphDef: Any = _message("meta_graph_pb2", "MetaGraphDef")
NodeDef: Any = _message("node_def_pb2", "NodeDef")
TensorProto: Any = _message("tensor_pb2", "TensorProto")
TensorShapeProto: Any = _message("tensor_shape_pb2", "TensorShapeProto")
VariableDef: Any = _message("variable_pb2", "VariableDef")
