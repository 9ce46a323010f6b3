"""The files of a model: ``graph.pb``, ``weights.safetensors`` and ``model.json``. Reading them runs no code from them."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import gradiente as tf
from gradiente.classify.model.description import (
    DESCRIPTION,
    FORMAT,
    Description,
    Seals,
    check_description,
    description_from_json,
    description_json,
)
from gradiente.classify.model.graph import IMAGES, PROBABILITIES, TEMPERATURE
from gradiente.classify.model.limits import LARGEST_GRAPH, bytes_per_image, check_nodes
from gradiente.classify.problems import ModelError
from gradiente.classify.run_folder import write_whole

GRAPH, WEIGHTS = "graph.pb", "weights.safetensors"

_LARGEST_DESCRIPTION = 16 << 20
_LARGEST_HEADER = 8 << 20
_LARGEST_WEIGHTS = 8 << 30


@dataclass(frozen=True)
class ModelFiles:
    """A model as it is kept.

    Attributes:
        description: what ``model.json`` says.
        graph_def: from raw images to probabilities.
        weights: the values of its variables, by their names.
        per_image: bytes of intermediate values that classifying an image takes, see ``bytes_per_image``.
    """

    description: Description
    graph_def: Any
    weights: Mapping[str, npt.NDArray[Any]]
    per_image: int


def checked(description: Description, graph_def: Any, weights: Mapping[str, npt.NDArray[Any]]) -> ModelFiles:
    """A model that was just made, if ``read_model`` would take it.

    Raises:
        ModelError: it has something that a model must not have, so that it could not be loaded again.
    """
    check_description(description, "The network")
    return _assembled(description, graph_def, weights, "The network")


def write_model(folder: Path, model: ModelFiles) -> None:
    """Write a model's three files. Whenever that is cut short, the folder has a whole model: the one before or this one.

    Raises:
        OSError: a file can't be written.
    """
    from safetensors.numpy import save

    folder.mkdir(parents=True, exist_ok=True)
    arrays = {name: np.ascontiguousarray(value) for name, value in model.weights.items()}
    graph, weights = model.graph_def.SerializeToString(deterministic=True), save(arrays, {"format": FORMAT})
    new = Seals((_seal(graph),), (_seal(weights),))
    path = folder / DESCRIPTION
    before = _seals_there(path)
    if before is not None:
        # Until all three are in their places, either graph and either weights are right.
        write_whole(
            path, description_json(model.description, model.weights, model.per_image, new.joined(before))
        )
    write_whole(folder / GRAPH, graph)
    write_whole(folder / WEIGHTS, weights)
    write_whole(path, description_json(model.description, model.weights, model.per_image, new))


def _seal(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _seals_there(path: Path) -> Seals | None:
    try:
        return description_from_json(_contents(path, _LARGEST_DESCRIPTION), str(path))[1]
    except (OSError, ModelError):
        return None


def read_model(folder: Path) -> ModelFiles:
    """Read a model's files and check that they belong together.

    What they may make this process take is known from their sizes before it is taken: the weights are as large as their
    file, the graph's constants are limited, and what an image takes is worked out from the graph.

    Raises:
        ModelError: a file is missing, damaged, changed, not ours or newer than this version; the weights are not of the
            sizes that the graph's variables have; or the graph has an operation that no network for images needs, or takes
            more memory than the model says.
    """
    try:
        path = folder / DESCRIPTION
        said, seals, per_image = description_from_json(_contents(path, _LARGEST_DESCRIPTION), str(path))
        graph_def = _read_graph(folder / GRAPH, seals.graph)
        weights = _read_weights(folder / WEIGHTS, _variables(graph_def, folder / GRAPH), seals.weights)
    except OSError as error:
        raise ModelError(f"{error.filename or folder} can't be read: {error.strerror or error}.") from error
    model = _assembled(said, graph_def, weights, str(folder / GRAPH))
    if model.per_image > per_image:
        raise ModelError(
            f"{folder / GRAPH} takes {model.per_image:,} bytes for an image, and {DESCRIPTION} says {per_image:,}."
        )
    return model


def _contents(path: Path, most: int) -> bytes:
    """A file's bytes, if it is a plain file of no more than so many."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise ModelError(f"{path} is no file.")
    if found.st_size > most:
        raise ModelError(
            f"{path} has {found.st_size:,} bytes: more than a model's, which has up to {most:,}."
        )
    with open(path, "rb") as file:
        return file.read(most)


def _check_seal(content: bytes | memoryview, seals: tuple[str, ...], path: Path) -> None:
    if hashlib.sha256(content).hexdigest() not in seals:
        raise ModelError(
            f"{path} is not what was written with {DESCRIPTION}: its SHA-256 sum is another one. It is "
            "damaged or was changed."
        )


def _read_graph(path: Path, seals: tuple[str, ...]) -> Any:
    from google.protobuf.message import DecodeError

    content = _contents(path, LARGEST_GRAPH)
    _check_seal(content, seals, path)
    graph_def: Any = tf.GraphDef()
    try:
        graph_def.ParseFromString(content)
    except DecodeError as error:
        raise ModelError(f"{path} is damaged: it is not a GraphDef.") from error
    return graph_def


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


def _read_weights(
    path: Path, variables: dict[str, tuple[int, ...]], seals: tuple[str, ...]
) -> dict[str, npt.NDArray[Any]]:
    import safetensors

    size = path.stat().st_size
    wanted = sum(4 * int(np.prod(shape, dtype=object)) for shape in variables.values())
    if size > _LARGEST_WEIGHTS:
        raise ModelError(f"{path} has {size:,} bytes; weights may take up to {_LARGEST_WEIGHTS:,}.")
    if size > wanted + _LARGEST_HEADER:
        raise ModelError(f"{path} has {size:,} bytes, and the graph's variables take {wanted:,}.")
    content = _contents(path, size)
    _check_seal(content, seals, path)
    library: Any = safetensors  # it carries no types
    try:
        tensors: list[tuple[str, dict[str, Any]]] = library.deserialize(content)
    except safetensors.SafetensorError as error:
        raise ModelError(f"{path} is damaged: {error}.") from error
    shapes: dict[str, Any] = {
        name: tuple(t["shape"]) if t["dtype"] == "F32" else t["dtype"] for name, t in tensors
    }
    if shapes != variables:
        wrong = sorted(name for name in shapes.keys() | variables if shapes.get(name) != variables.get(name))
        raise ModelError(
            f"{path} does not have the weights that the graph wants; the first that differs is {wrong[0]!r:.100}: "
            f"{shapes.get(wrong[0], 'missing')} there, {variables.get(wrong[0], 'missing')} in the graph."
        )
    return {name: np.frombuffer(t["data"], "<f4").reshape(t["shape"]) for name, t in tensors}


def _assembled(
    said: Description, graph_def: Any, weights: Mapping[str, npt.NDArray[Any]], what: str
) -> ModelFiles:
    check_nodes(graph_def, what)
    placeholders = [node for node in graph_def.node if node.op == "Placeholder"]
    ends = {node.name for node in graph_def.node}
    if [node.name for node in placeholders] != [IMAGES] or PROBABILITIES not in ends:
        raise ModelError(f"{what} must lead from {IMAGES!r} alone to {PROBABILITIES!r}.")
    shape = tuple(int(d.size) for d in placeholders[0].attr["shape"].shape.dim)
    if shape != (-1, *said.shape) or placeholders[0].attr["dtype"].type != 4:
        raise ModelError(
            f"{what} takes images of the shape {shape[1:]}, and {DESCRIPTION} says {said.shape}."
        )
    try:
        per_image = bytes_per_image(graph_def, IMAGES, PROBABILITIES)
    except (ValueError, TypeError, LookupError, OverflowError, RecursionError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{what} can't be built: {error}") from error
    said = replace(said, temperature=_temperature(graph_def, what))
    check_description(said, what)
    return ModelFiles(said, graph_def, weights, per_image)


def _temperature(graph_def: Any, what: str) -> float:
    """What the graph divides the logits by; the description repeats it for those who read it."""
    node = _temperature_node(graph_def)
    if node is None:
        return 1.0
    try:
        return float(tf.make_ndarray(node.attr["value"].tensor).reshape(()))
    except (ValueError, TypeError) as error:
        raise ModelError(f"{what} has a temperature that is no number.") from error


def _temperature_node(graph_def: Any) -> Any:
    return next((node for node in graph_def.node if node.name == TEMPERATURE and node.op == "Const"), None)


def with_temperature(model: ModelFiles, temperature: float) -> ModelFiles:
    """The model with another temperature, in its graph and its description.

    Raises:
        ModelError: its graph has no place for one, or it is no positive number.
    """
    graph_def = tf.GraphDef()
    graph_def.CopyFrom(model.graph_def)
    node = _temperature_node(graph_def)
    if node is None:
        raise ModelError(f"The model's graph has no constant {TEMPERATURE!r}: it can't be calibrated.")
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(np.float32(temperature)))
    said = replace(model.description, temperature=float(np.float32(temperature)))
    check_description(said, "The calibrated model")
    return replace(model, description=said, graph_def=graph_def)
