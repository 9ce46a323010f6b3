"""Writes a network's graph as an ONNX model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

import gradiente as tf
from gradiente.classify.exporting.onnx_ops import RULES
from gradiente.classify.exporting.onnx_rule import NotTranslatedError
from gradiente.classify.model.graph import IMAGES, PROBABILITIES
from gradiente.classify.problems import ExportError

OPSET = 18
"""Of ONNX's operators; runtimes since 2023 have it."""

_IR_VERSION = 9


def onnx_model(graph_def: Any, classes: Sequence[str], metadata: Mapping[str, str]) -> bytes:
    """An exported graph (``export_graph.exported_graph``) as the bytes of an ONNX file.

    Args:
        graph_def: the graph, without variables.
        classes: the classes' names, which go into the file's metadata.
        metadata: what else does.

    Raises:
        ExportError: the graph has an operation that is not translated, or the package onnx is not installed.
    """
    try:
        import onnx
        from onnx import helper
    except ImportError as error:
        raise ExportError(
            "--format onnx needs the packages onnx and onnxruntime: pip install 'gradiente[onnx]'."
        ) from error
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
    writer = _Writer(helper)
    for op in graph.get_operations():
        writer.add(op)
    inputs: list[Any] = [
        helper.make_tensor_value_info(IMAGES, onnx.TensorProto.UINT8, ["batch", "height", "width", 3])
    ]
    outputs = [helper.make_tensor_value_info(PROBABILITIES, onnx.TensorProto.FLOAT, ["batch", len(classes)])]
    made = helper.make_graph(writer.nodes, "gradiente", inputs, outputs, writer.used_initializers())
    model: Any = helper.make_model(
        made,
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name="gradiente",
        ir_version=_IR_VERSION,
    )
    helper.set_model_props(model, {**metadata, "classes": "\n".join(classes)})
    checker: Any = onnx.checker
    checker.check_model(model, full_check=True)
    return model.SerializeToString()


class _Writer:
    """The nodes of an ONNX graph as they come."""

    def __init__(self, helper: Any) -> None:
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self._helper = helper
        self._names: dict[Any, str] = {}
        self._values: dict[Any, npt.NDArray[Any]] = {}
        self._count = 0

    def add(self, op: Any) -> None:
        """Write an operation whose inputs were written before."""
        if op.type == "Placeholder":
            self._names[op.outputs[0]] = op.name
            return
        if op.type == "Const":
            self._values[op.outputs[0]] = np.asarray(op.get_attr("value"))
            return
        inputs = [self._named(tensor) for tensor in op.inputs]
        if op.type == "Identity" and op.inputs[0] in self._values:
            self._values[op.outputs[0]] = self._values[op.inputs[0]]
            return
        rule = RULES.get(op.type)
        try:
            if rule is None:
                raise NotTranslatedError("it")
            made = rule(op, inputs, self)
        except NotTranslatedError as error:
            raise ExportError(
                f"The network's operation {op.name!r} ({op.type}) can't be written in ONNX: {error} is not translated. "
                "Use --format graphdef."
            ) from error
        for tensor, name in zip(op.outputs, [made] if isinstance(made, str) else made, strict=False):
            self._names[tensor] = name
        if op.name == PROBABILITIES:
            self.nodes[-1].output[0] = PROBABILITIES

    def used_initializers(self) -> list[Any]:
        """The constants that a node takes; what rules read is not among them."""
        used = {name for node in self.nodes for name in node.input}
        return [value for value in self.initializers if value.name in used]

    def _named(self, tensor: Any) -> str:
        if tensor not in self._names and tensor in self._values:
            self._names[tensor] = self.constant(self._values[tensor])
        return self._names[tensor]

    def node(self, op_type: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any) -> Any:
        names = [self._new(op_type) for _ in range(outputs)]
        self.nodes.append(self._helper.make_node(op_type, list(inputs), names, name=names[0], **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, value: Any) -> str:
        from onnx import numpy_helper

        name = self._new("constant")
        self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def known(self, tensor: Any) -> npt.NDArray[Any]:
        if tensor not in self._values:
            raise NotTranslatedError(f"{tensor.name!r}, which depends on the images,")
        return self._values[tensor]

    def _new(self, what: str) -> str:
        self._count += 1
        return f"{what}_{self._count}"
