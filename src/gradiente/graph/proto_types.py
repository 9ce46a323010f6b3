"""TensorFlow's protocol buffer classes that programs use by name (``tf.GraphDef``)."""

from __future__ import annotations

from tensorboard.compat.proto.attr_value_pb2 import AttrValue as AttrValue
from tensorboard.compat.proto.graph_pb2 import GraphDef as GraphDef
from tensorboard.compat.proto.meta_graph_pb2 import MetaGraphDef as MetaGraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef as NodeDef
