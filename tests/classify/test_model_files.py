"""A model's files come back as they were, and are refused when they are not what they should be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import gradiente as tf
from gradiente.classify.classifier import Classifier, load
from gradiente.classify.graphs import Preprocessing, inference_graph
from gradiente.classify.model_files import Description, ModelFiles, write_model
from gradiente.classify.networks import find_network
from gradiente.classify.problems import ModelError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shape = (4, 5, 3)
    graph = inference_graph(
        find_network("softmax"), shape, 2, Preprocessing((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))
    )
    rng = np.random.default_rng(0)
    weights = {"weights": rng.normal(size=(60, 2)).astype("f4"), "biases": np.array([0.5, -0.5], "f4")}
    write_model(tmp_path / "model", ModelFiles(Description(("a", "b"), *shape, "softmax"), graph, weights))
    return tmp_path / "model"


def test_a_model_gives_what_its_formula_says(folder):
    model = load(folder)
    images = np.random.default_rng(1).integers(0, 256, (7, 4, 5, 3), np.uint8)
    weights = load_file(folder / "weights.safetensors")
    x = ((images - np.array([1, 2, 3])) / np.array([4, 5, 6])).reshape(7, 60)
    odds = np.exp(x @ weights["weights"].astype(float) + weights["biases"])
    np.testing.assert_allclose(
        model.probabilities(images), odds / odds.sum(1, keepdims=True), rtol=1e-4, atol=1e-6
    )
    with pytest.raises(ValueError, match="takes uint8 images"):
        model.probabilities(images[:, :3])


def test_the_graph_has_what_is_needed_and_no_more(folder):
    graph_def = tf.GraphDef.FromString((folder / "graph.pb").read_bytes())
    assert {n.op for n in graph_def.node} <= {
        "Placeholder", "Cast", "Const", "Sub", "RealDiv", "Reshape", "VariableV2", "Identity", "MatMul", "BiasAdd",
        "Softmax",
    }  # fmt: skip


def test_truncated_files(folder):
    for name in ("weights.safetensors", "graph.pb", "model.json"):
        whole = (folder / name).read_bytes()
        for size in (0, 1, len(whole) // 2, len(whole) - 2):
            (folder / name).write_bytes(whole[:size])
            with pytest.raises(ModelError):
                load(folder)
        (folder / name).write_bytes(whole)
    load(folder)


def test_weights_that_do_not_fit(folder):
    path = folder / "weights.safetensors"
    weights = load_file(path)
    for wrong in (
        weights | {"weights": np.zeros((60, 3), "f4")},
        weights | {"more": np.zeros(3, "f4")},
        {"biases": weights["biases"]},
        weights | {"biases": weights["biases"].astype("f8")},
    ):
        save_file(wrong, path)
        with pytest.raises(ModelError, match="does not have the weights that the graph wants"):
            load(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "Install a newer one"),
        ({"format": "other"}, "describes no model of gradiente"),
        ({"classes": ["a", "a"]}, "at least two classes, each once"),
        ({"classes": ["a", "b", "c"]}, "it has 3 classes"),
        ({"input": {"height": 4, "width": 6, "channels": 3}}, "takes images of the shape"),
        ({"input": {"height": 10**9, "width": 5, "channels": 3}}, "which can't be"),
        ({"input": None}, "is no description of a model"),
    ],
)
def test_descriptions_that_can_not_be(folder, change, message):
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ModelError, match=message):
        load(folder)


def test_operations_that_could_do_harm_are_not_loaded(folder):
    path = folder / "graph.pb"
    graph_def = tf.GraphDef.FromString(path.read_bytes())
    graph_def.node.add(name="x", op="WriteFile")
    path.write_bytes(graph_def.SerializeToString())
    with pytest.raises(ModelError, match="an operation 'WriteFile'"):
        load(folder)


def test_a_large_constant_is_not_made(folder):
    path = folder / "graph.pb"
    graph_def = tf.GraphDef.FromString(path.read_bytes())
    constant = next(n for n in graph_def.node if n.op == "Const")
    constant.attr["value"].tensor.tensor_shape.Clear()
    constant.attr["value"].tensor.tensor_shape.dim.add(size=1 << 40)
    path.write_bytes(graph_def.SerializeToString())
    with pytest.raises(ModelError, match="too large"):
        load(folder)


def test_weights_can_be_exchanged(folder):
    model = load(folder)
    images = np.zeros((1, 4, 5, 3), np.uint8)
    zero = {name: np.zeros_like(value) for name, value in model.weights.items()}
    model.set_weights(zero)
    assert model.probabilities(images).tolist() == [[0.5, 0.5]]
    assert isinstance(model, Classifier)
