"""Looks inside a trained network: its filters, what each layer sees in an image, and where the network looked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import gradiente as tf
from gradiente.classify.model.classifier import Classifier
from gradiente.classify.model.graph import IMAGES, LOGITS

_LAYERS_SHOWN = 9

_KINDS = {
    "Conv2D": "CONV", "DepthwiseConv2dNative": "CONV", "BiasAdd": "CONV", "Relu": "RELU", "Relu6": "RELU", "Elu": "RELU",
    "LeakyRelu": "RELU", "Selu": "RELU", "Softplus": "RELU", "Tanh": "TANH", "Sigmoid": "SIGMOID", "MaxPool": "POOL",
    "AvgPool": "POOL", "FusedBatchNorm": "NORM", "FusedBatchNormV2": "NORM", "FusedBatchNormV3": "NORM", "LRN": "NORM",
    "MatMul": "FC",
}  # fmt: skip
"""How the course calls what an operation does."""


@dataclass(frozen=True)
class Layer:
    """What one layer makes of an image.

    Attributes:
        kind: ``CONV``, ``RELU``, ``POOL``, ``NORM``, ``FC``, ...
        name: the operation.
        values: float32 ``[height, width, channels]``, or ``[units]`` of a fully connected layer.
    """

    kind: str
    name: str
    values: npt.NDArray[np.float32]


class Inside:
    """A trained network, opened.

    Args:
        classifier: the classifier.
    """

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        graph = tf.Graph()
        with graph.as_default():
            tf.import_graph_def(classifier.graph_def, name="")
            self._images = graph.get_tensor_by_name(f"{IMAGES}:0")
            self._logits = graph.get_tensor_by_name(f"{LOGITS}:0")
            self._path = list(_path(self._images.op, self._logits.op))
            self._class = tf.placeholder(tf.int32, [], name="the_class")
            self._assign = {
                name: tf.placeholder(tf.float32, value.shape) for name, value in classifier.weights.items()
            }
            assign = [
                tf.assign(graph.get_tensor_by_name(f"{name}:0"), placeholder).op
                for name, placeholder in self._assign.items()
            ]
        self._graph = graph
        self._session = tf.Session(graph=graph)
        self._session.run(assign, {p: classifier.weights[name] for name, p in self._assign.items()})
        self._attention: Any = None

    def close(self) -> None:
        """Free the weights on the device."""
        self._session.close()

    def filters(self) -> npt.NDArray[np.float32] | None:
        """The weights of the first layer that has any, as pictures: ``[n, height, width, channels]``.

        A fully connected first layer has one for each unit, as large as the images.
        """
        for op in self._path:
            weights = _variable(op.inputs[1]) if op.type in ("Conv2D", "MatMul") else None
            if weights is None:
                continue
            values = self._classifier.weights[weights]
            if op.type == "Conv2D":
                return values.transpose(3, 0, 1, 2)
            shape = self._classifier.description.shape
            return values.T.reshape(-1, *shape) if len(values) == np.prod(shape) else None
        return None

    def layers(self, image: npt.NDArray[np.uint8]) -> list[Layer]:
        """What the layers make of an image, from the first to the last; of a deep network some, evenly.

        Args:
            image: uint8 ``[height, width, channels]`` of the model's size.
        """
        chosen = self._layers()
        values = self._session.run([op.outputs[0] for _, op in chosen], {self._images: image[None]})
        return [
            Layer(kind, op.name, np.asarray(value[0], np.float32))
            for (kind, op), value in zip(chosen, values, strict=True)
        ]

    def _layers(self) -> list[tuple[str, Any]]:
        known: list[tuple[str, Any]] = []
        for op in self._path:
            kind, rank = _KINDS.get(op.type), op.outputs[0].shape.ndims
            if op.type == "BiasAdd" and rank == 2:
                kind = "FC"
            if kind is None or rank not in (2, 4):
                continue
            # A sum with biases belongs to the layer before it.
            if op.type == "BiasAdd" and known and op.inputs[0].op is known[-1][1]:
                known[-1] = (known[-1][0], op)
            else:
                known.append((kind, op))
        if len(known) > _LAYERS_SHOWN:
            active = [layer for layer in known if layer[0] in ("RELU", "POOL")]
            known = [*(active if len(active) >= _LAYERS_SHOWN - 1 else known), known[-1]]
            at = sorted({round(i) for i in np.linspace(0, len(known) - 1, _LAYERS_SHOWN)})
            known = [known[i] for i in at]
        return known

    def attention(
        self, images: npt.NDArray[np.uint8], classes: npt.NDArray[np.integer[Any]]
    ) -> npt.NDArray[np.float32]:
        """Where the network looked when it said that images are of some classes: Grad-CAM.

        relu(Σ over channels of A · ∂logit/∂A) of the last layer A that is a picture. The product is taken place by place
        (HiResCAM, Draelos and Carin 2020): where the rest of the network averages over the picture this is Grad-CAM
        (Selvaraju et al. 2017), and where it does not, it is true to what the network computes.

        Args:
            images: uint8 ``[n, height, width, channels]`` of the model's size.
            classes: for each the class that is asked about.

        Returns:
            float32 ``[n, rows, columns]`` of that layer's size, between 0 and 1.

        Raises:
            LookupError: no gradient leads back to a layer that is a picture.
        """
        if self._attention is None:
            self._attention = self._attention_tensor()
        maps: list[npt.NDArray[np.float32]] = []
        for image, wanted in zip(images, classes, strict=True):
            (found,) = self._session.run(
                self._attention, {self._images: image[None], self._class: np.int32(wanted)}
            )
            maps.append(np.asarray(found, np.float32) / max(float(found.max()), 1e-12))
        return np.stack(maps)

    def _attention_tensor(self) -> Any:
        pictures = [op for op in self._path if _is_picture(op.outputs[0])]
        if not pictures:
            raise LookupError("The network has no layer that is a picture.")
        layer = pictures[-1].outputs[0]
        with self._graph.as_default():
            (gradient,) = tf.gradients(tf.gather(self._logits, self._class, axis=1), layer)
            if gradient is None:
                raise LookupError("No gradient leads back to a layer that is a picture.")
            return tf.nn.relu(tf.reduce_sum(layer * gradient, 3))

    def features(self) -> str:
        """The tensor that the last layer with weights takes, or the logits: what the network knows about an image."""
        for op in reversed(self._path):
            if op.type == "MatMul" and _variable(op.inputs[1]) is not None:
                return op.inputs[0].name
        return self._logits.name


def _is_picture(tensor: Any) -> bool:
    return tensor.shape.ndims == 4 and tensor.dtype == tf.float32 and tensor.shape[1] * tensor.shape[2] > 1


def _path(first: Any, last: Any) -> Iterator[Any]:
    """The operations between two, in an order in which they can run."""
    leads: dict[Any, bool] = {first: True}
    stack = [(last, False)]
    while stack:
        op, ready = stack.pop()
        if ready:
            leads[op] = any(leads.get(tensor.op, False) for tensor in op.inputs)
            if leads[op]:
                yield op
        elif op not in leads:
            leads[op] = False
            stack.append((op, True))
            stack += [(tensor.op, False) for tensor in reversed(op.inputs) if tensor.op not in leads]


def _variable(tensor: Any) -> str | None:
    """The variable that a tensor is the value of."""
    op = tensor.op
    while op.type == "Identity":
        op = op.inputs[0].op
    return op.name if op.type == "VariableV2" else None
