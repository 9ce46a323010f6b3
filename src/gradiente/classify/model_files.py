"""The files of a model: ``graph.pb``, ``weights.safetensors`` and ``model.json``. Reading them runs no code from them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import gradiente as tf
from gradiente.classify.graphs import IMAGES, PROBABILITIES
from gradiente.classify.problems import ModelError
from gradiente.classify.run_folder import write_whole

FORMAT = "gradiente classifier"
VERSION = 1
"""Of the format; a model with a higher one is refused."""

GRAPH, WEIGHTS, DESCRIPTION = "graph.pb", "weights.safetensors", "model.json"

_LARGEST_GRAPH = 64 << 20
_LARGEST_CONSTANT = 1 << 20
_MOST_PIXELS = 4096 * 4096

_ALLOWED_OPS = frozenset({
    "Placeholder", "Const", "VariableV2", "Identity", "Cast", "Reshape", "Shape", "StridedSlice", "Pack",
    "ConcatV2", "Transpose", "Squeeze", "ExpandDims", "Add", "AddV2", "AddN", "Sub", "Mul", "Div", "RealDiv",
    "Maximum", "Minimum", "Square", "SquaredDifference", "Sqrt", "Rsqrt", "Exp", "Log", "Neg", "Abs", "Pow",
    "Mean", "Sum", "Max", "Min", "Prod", "MatMul", "BatchMatMul", "BatchMatMulV2", "BiasAdd", "Conv2D",
    "DepthwiseConv2dNative", "MaxPool", "AvgPool", "Relu", "Relu6", "Elu", "Selu", "LeakyRelu", "Sigmoid",
    "Tanh", "Softplus", "Softsign", "Softmax", "LogSoftmax", "LRN", "FusedBatchNorm", "FusedBatchNormV2",
    "FusedBatchNormV3", "Pad", "PadV2", "MirrorPad", "ResizeBilinear", "ResizeNearestNeighbor",
})  # fmt: skip
"""What a network for images is made of. Operations that read or write files, call Python or wait are not among them."""


@dataclass(frozen=True)
class Description:
    """What ``model.json`` says.

    Attributes:
        classes: the classes' names; the model's outputs are in this order.
        height: rows of the images that it takes.
        width: columns.
        channels: 1 for grey, 3 for RGB.
        network: the network's name.
    """

    classes: tuple[str, ...]
    height: int
    width: int
    channels: int
    network: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        return self.height, self.width, self.channels


@dataclass(frozen=True)
class ModelFiles:
    """A model as it is kept: its description, its GraphDef, and the values of its variables by their names."""

    description: Description
    graph_def: Any
    weights: Mapping[str, npt.NDArray[Any]]


def write_model(folder: Path, model: ModelFiles) -> None:
    """Write a model's three files, each of them whole or not at all.

    Raises:
        OSError: one can't be written.
    """
    from safetensors.numpy import save

    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: np.ascontiguousarray(value) for name, value in model.weights.items()}
    write_whole(folder / GRAPH, model.graph_def.SerializeToString(deterministic=True))
    write_whole(folder / WEIGHTS, save(weights, {"format": FORMAT}))
    # Last, because a folder with a description is taken for a model.
    write_whole(
        folder / DESCRIPTION, (json.dumps(_as_json(model), indent=2, ensure_ascii=False) + "\n").encode()
    )


def _as_json(model: ModelFiles) -> dict[str, Any]:
    from importlib.metadata import version

    said = model.description
    return {
        "format": FORMAT,
        "version": VERSION,
        "classes": list(said.classes),
        "network": said.network,
        "input": {
            "tensor": f"{IMAGES}:0", "dtype": "uint8", "height": said.height, "width": said.width,
            "channels": said.channels, "color": "grey" if said.channels == 1 else "rgb", "resize": "bilinear, stretched",
        },
        "output": {"tensor": f"{PROBABILITIES}:0", "dtype": "float32"},
        "weights": {
            name: {"dtype": value.dtype.name, "shape": list(value.shape)} for name, value in model.weights.items()
        },
        "versions": {
            name: version(name) for name in ("gradiente", "jax", "numpy", "safetensors")
        },
    }  # fmt: skip


def read_model(folder: Path) -> ModelFiles:
    """Read a model's files and check that they belong together.

    Raises:
        ModelError: a file is missing, damaged, not ours or newer than this version; the weights are not of the sizes that
            the graph's variables have; or the graph has an operation that no network for images needs.
    """
    try:
        said = _read_description(folder / DESCRIPTION)
        graph_def = _read_graph(folder / GRAPH)
        weights = _read_weights(folder / WEIGHTS, _variables(graph_def, folder / GRAPH))
    except OSError as error:
        raise ModelError(f"{error.filename or folder} can't be read: {error.strerror or error}.") from error
    _check_ends(graph_def, said, folder / GRAPH)
    return ModelFiles(said, graph_def, weights)


def _read_description(path: Path) -> Description:
    try:
        values = json.loads(path.read_bytes())
        if values["format"] != FORMAT:
            raise ModelError(f"{path} describes no model of gradiente: its format is {values['format']!r}.")
        if values["version"] > VERSION:
            raise ModelError(
                f"{path} is of version {values['version']}, and this gradiente reads up to {VERSION}. Install a newer one."
            )
        given = values["input"]
        classes = tuple(values["classes"])
        said = Description(
            classes, given["height"], given["width"], given["channels"], str(values["network"])
        )
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{path} is no description of a model: {type(error).__name__}: {error}.") from error
    sizes_fit = all(type(n) is int and n > 0 for n in said.shape) and said.height * said.width <= _MOST_PIXELS
    if not sizes_fit or said.channels not in (1, 3):
        raise ModelError(f"{path} says that the model takes images of {said.shape}, which can't be.")
    if (
        len(classes) < 2
        or len(set(classes)) != len(classes)
        or not all(isinstance(name, str) for name in classes)
    ):
        raise ModelError(f"{path} must name at least two classes, each once, and has {list(classes)!r:.200}.")
    return said


def _read_graph(path: Path) -> Any:
    from google.protobuf.message import DecodeError

    if path.stat().st_size > _LARGEST_GRAPH:
        raise ModelError(f"{path} has {path.stat().st_size:,} bytes: more than the graph of a network has.")
    graph_def: Any = tf.GraphDef()
    try:
        graph_def.ParseFromString(path.read_bytes())
    except DecodeError as error:
        raise ModelError(f"{path} is damaged: it is not a GraphDef.") from error
    for node in graph_def.node:
        if node.op not in _ALLOWED_OPS or len(graph_def.library.function):
            raise ModelError(
                f"{path} has an operation {node.op!r} ({node.name!r:.100}), which no model of gradiente "
                "has. It is not loaded."
            )
        if node.op == "Const" and _elements(node.attr["value"].tensor.tensor_shape) > _LARGEST_CONSTANT:
            raise ModelError(
                f"{path} has a constant {node.name!r:.100} that is too large for a network's settings."
            )
    return graph_def


def _elements(shape: Any) -> int:
    return math.prod(max(0, d.size) for d in shape.dim)


def _variables(graph_def: Any, path: Path) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for node in graph_def.node:
        if node.op == "VariableV2":
            shape = tuple(int(d.size) for d in node.attr["shape"].shape.dim)
            if node.attr["dtype"].type != 1 or any(d < 0 for d in shape):
                raise ModelError(
                    f"{path}: the variable {node.name!r:.100} is not float32 with a known shape."
                )
            found[node.name] = shape
    return found


def _read_weights(path: Path, variables: dict[str, tuple[int, ...]]) -> dict[str, npt.NDArray[Any]]:
    import safetensors

    opened: Any = safetensors.safe_open

    try:
        with opened(path, framework="numpy") as file:
            shapes: dict[str, tuple[int, ...]] = {}
            for name in file.keys():  # noqa: SIM118 -- it is no mapping
                part = file.get_slice(name)
                shapes[name] = tuple(part.get_shape()) if part.get_dtype() == "F32" else (-1,)
            if shapes != variables:
                wrong = sorted(
                    name for name in shapes.keys() | variables if shapes.get(name) != variables.get(name)
                )
                raise ModelError(
                    f"{path} does not have the weights that the graph wants; the first that differs is {wrong[0]!r:.100}: "
                    f"{shapes.get(wrong[0], 'missing')} there, {variables.get(wrong[0], 'missing')} in the graph."
                )
            return {name: file.get_tensor(name) for name in shapes}
    except safetensors.SafetensorError as error:
        raise ModelError(f"{path} is damaged: {error}.") from error


def _check_ends(graph_def: Any, said: Description, path: Path) -> None:
    placeholders = [node for node in graph_def.node if node.op == "Placeholder"]
    ends = {node.name for node in graph_def.node}
    if [node.name for node in placeholders] != [IMAGES] or PROBABILITIES not in ends:
        raise ModelError(f"{path} must lead from {IMAGES!r} alone to {PROBABILITIES!r}.")
    shape = tuple(int(d.size) for d in placeholders[0].attr["shape"].shape.dim)
    if shape[1:] != said.shape or placeholders[0].attr["dtype"].type != 4:
        raise ModelError(
            f"{path} takes images of the shape {shape[1:]}, and {DESCRIPTION} says {said.shape}."
        )
