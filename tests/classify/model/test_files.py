"""A model's files come back as they were, and are refused when they are not what they should be."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tools.fuzz_model_files import FILES, attempt, mutate, seal, tamper

import gradiente as tf
from gradiente.classify.model.classifier import Classifier, load
from gradiente.classify.model.description import Description
from gradiente.classify.model.files import checked, write_model
from gradiente.classify.model.graph import Preprocessing, inference_graph
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
    write_model(tmp_path / "model", checked(Description(("a", "b"), *shape, "softmax"), graph, weights))
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
        seal(folder)
        with pytest.raises(ModelError, match="does not have the weights that the graph wants"):
            load(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "Install a newer one"),
        ({"version": "1"}, "Install a newer one"),
        ({"classes": ["a", "\x1b[31mb"]}, "control characters"),
        ({"output": {"temperature": 0.0}}, "temperature 0.0"),
        ({"output": {"temperature": float("nan")}}, "temperature nan"),
        ({"memory": {"per_image": 100}}, "takes 480 bytes for an image, and model.json says 100"),
        ({"format": "other"}, "describes no model of gradiente"),
        ({"classes": ["a", "a"]}, "at least two classes, each once"),
        ({"classes": ["a", "b", "c"]}, "it has 3 classes"),
        ({"input": {"height": 4, "width": 6, "channels": 3, "resize": "crop"}}, "takes images of the shape"),
        ({"input": {"height": 10**9, "width": 5, "channels": 3, "resize": "crop"}}, "which can't be"),
        (
            {"input": {"height": 4, "width": 5, "channels": 3, "resize": "melt"}},
            "'melt'; there are stretch, crop, pad",
        ),
        ({"input": None}, "is no description of a model"),
    ],
)
def test_descriptions_that_can_not_be(folder, change, message):
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    seal(folder)
    with pytest.raises(ModelError, match=message):
        load(folder)


def test_operations_that_could_do_harm_are_not_loaded(folder):
    path = folder / "graph.pb"
    graph_def = tf.GraphDef.FromString(path.read_bytes())
    graph_def.node.add(name="x", op="WriteFile")
    path.write_bytes(graph_def.SerializeToString())
    seal(folder)
    with pytest.raises(ModelError, match="an operation 'WriteFile'"):
        load(folder)


def test_a_large_constant_is_not_made(folder):
    path = folder / "graph.pb"
    graph_def = tf.GraphDef.FromString(path.read_bytes())
    constant = next(n for n in graph_def.node if n.op == "Const")
    constant.attr["value"].tensor.tensor_shape.Clear()
    constant.attr["value"].tensor.tensor_shape.dim.add(size=1 << 40)
    path.write_bytes(graph_def.SerializeToString())
    seal(folder)
    with pytest.raises(ModelError, match="too large"):
        load(folder)


def test_weights_can_be_exchanged(folder):
    model = load(folder)
    images = np.zeros((1, 4, 5, 3), np.uint8)
    zero = {name: np.zeros_like(value) for name, value in model.weights.items()}
    model.set_weights(zero)
    assert model.probabilities(images).tolist() == [[0.5, 0.5]]
    assert isinstance(model, Classifier)


def test_a_temperature_softens_the_probabilities(folder, tmp_path):
    model = load(folder)
    images = np.random.default_rng(1).integers(0, 256, (3, 4, 5, 3), np.uint8)
    logits = model.logits(images)
    model.set_temperature(4.0)
    odds = np.exp(logits / 4)
    np.testing.assert_allclose(model.probabilities(images), odds / odds.sum(1, keepdims=True), rtol=1e-5)
    model.save(tmp_path / "calibrated")
    again = load(tmp_path / "calibrated")
    assert again.description.temperature == 4.0
    np.testing.assert_array_equal(again.probabilities(images), model.probabilities(images))
    with pytest.raises(ModelError, match="temperature"):
        model.set_temperature(-1.0)


def test_a_write_cut_short_leaves_a_whole_model(folder, monkeypatch):
    """Whichever of the four writes is the last, the folder loads."""
    from gradiente.classify.model import files

    model, original = load(folder), files.write_whole
    images = np.zeros((1, 4, 5, 3), np.uint8)
    before = model.probabilities(images).tolist()
    model.set_weights({name: value * 2 for name, value in model.weights.items()})
    model.set_temperature(3.0)
    after = model.probabilities(images).tolist()
    for whole in range(4):
        written = []

        def write(path, content, most=whole, written=written):
            if len(written) == most:
                raise OSError(28, "No space left on device")
            written.append(path)
            original(path, content)

        monkeypatch.setattr(files, "write_whole", write)
        with pytest.raises(OSError, match="No space"):
            model.save(folder)
        load(folder).close()
        if not whole:
            assert load(folder).probabilities(images).tolist() == before
    monkeypatch.undo()
    model.save(folder)
    assert load(folder).probabilities(images).tolist() == after


def bomb(folder, *nodes):
    """The model's graph with other nodes between the images and the rest, sealed."""
    path = folder / "graph.pb"
    graph_def = tf.GraphDef.FromString(path.read_bytes())
    cast = next(n for n in graph_def.node if n.op == "Cast")
    with tf.Graph().as_default() as graph:
        images = tf.placeholder(tf.uint8, [None, 4, 5, 3], name="images")
        with tf.name_scope("inside"):
            for node in nodes:
                images = node(images)
        tf.identity(images, name="bomb")
    more = [n for n in graph.as_graph_def().node if n.op != "Placeholder"]
    graph_def.node.extend(more)
    cast.input[0] = "bomb"
    path.write_bytes(graph_def.SerializeToString())
    seal(folder)


def _doubled(images, times):
    """Many small operations, each of which takes twice the memory of the one before."""
    grown = images
    for _ in range(times):
        grown = tf.concat([grown, grown], 1)
    return grown[:, :4]


def test_a_graph_that_would_fill_the_memory_is_not_run(folder):
    whole = [(name, (folder / name).read_bytes()) for name in FILES]
    for message, *nodes in (
        ("more than 1024 MiB for one image", lambda x: tf.tile(x, [1, 1 << 14, 1 << 12, 1])[:, :4, :5]),
        ("more than 1024 MiB for one image", lambda x: tf.cast(tf.image.resize_images(x, [1 << 15, 1 << 15])[:, :4, :5], tf.uint8)),
        ("more than 1024 MiB for one image", lambda x: tf.pad(x, [[0, 0], [0, 1 << 30], [0, 0], [0, 0]])[:, :4]),
        ("more than 1024 MiB for one image", lambda x: x + tf.reduce_max(tf.fill([1 << 20, 1 << 20], tf.constant(1, tf.uint8)))),
        ("more than 1024 MiB for one image", lambda x: x + tf.cast(tf.reduce_max(tf.range(1 << 40)), tf.uint8)),
        ("more than 1024 MiB for one image", lambda x: x + tf.cast(tf.reduce_max(tf.one_hot(x, 1 << 28)), tf.uint8)),
        ("more than 1024 MiB for one image", lambda x: tf.broadcast_to(x[:, :, :, :, None], [256, 4, 5, 3, 1 << 30])[..., 0]),
        ("more than 1024 MiB for one image", lambda x: _doubled(x, 26)),
        ("can't be built|more than 1024 MiB", lambda x: tf.tile(x, [1, (1 << 31) - 1, (1 << 31) - 1, 1])[:, :4, :5]),
        ("shape, .*, depends on values", lambda x: x + tf.reduce_max(tf.fill([tf.cast(x[0, 0, 0, 0], tf.int32)], tf.constant(1, tf.uint8)))),
    ):  # fmt: skip
        bomb(folder, *nodes)
        with pytest.raises(ModelError, match=message):
            load(folder)
        for name, content in whole:
            (folder / name).write_bytes(content)
    bomb(folder, lambda x: tf.tile(x, [1, 30, 1, 1])[:, :4])
    with pytest.raises(ModelError, match=r"takes [\d,]+ bytes for an image, and model.json says"):
        load(folder)


@pytest.mark.parametrize("use", ["reshape", "transpose", "pad", "broadcast_to", "fill"])
def test_a_shape_of_a_trillion_dimensions_is_not_made(folder, use):
    """The list of sizes that an operation is given is itself as long as the graph says."""

    def node(x):
        sizes = tf.fill([4], 1, name="sizes")
        if use == "pad":
            return tf.pad(x, tf.stack([sizes, sizes], 1))
        if use == "fill":
            return x + tf.cast(tf.reduce_max(tf.fill(sizes, 1)), tf.uint8)
        if use == "transpose":
            return tf.transpose(x, sizes * tf.range(4))
        if use == "broadcast_to":
            return tf.broadcast_to(x[:1, :1, :1, :1], sizes)
        return tf.reshape(x, sizes)

    bomb(folder, node)
    path = folder / "graph.pb"
    graph_def = tf.GraphDef.FromString(path.read_bytes())
    for n in graph_def.node:
        if n.name == "inside/sizes/dims":
            n.attr["dtype"].type = 9
            n.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(np.array([1 << 40])))
        if n.name == "inside/sizes":
            n.attr["index_type"].type = 9
    path.write_bytes(graph_def.SerializeToString())
    seal(folder)
    with pytest.raises(ModelError, match=r"can't be built.*(1,099,511,627,776|1099511627776)"):
        load(folder)


def test_files_that_are_no_files(folder):
    for name in FILES:
        path = folder / name
        whole = path.read_bytes()
        path.unlink()
        os.mkfifo(path)
        if name == "model.json":
            continue
        with pytest.raises(ModelError, match="is no file"):
            load(folder)
        path.unlink()
        path.write_bytes(whole)


def test_every_damage_is_noticed(folder, tmp_path):
    """Files that come to harm are an error, each; those that mean harm are an error or work as they say."""
    rng = random.Random(0)
    copy = tmp_path / "copy"
    for number in range(80):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        if number % 2:
            tamper(copy, rng)
            attempt(copy)
        else:
            name = rng.choice(FILES)
            (copy / name).write_bytes(mutate((copy / name).read_bytes(), rng))
            with pytest.raises(ModelError):
                load(copy)


def test_networks_with_batch_normalization_and_the_like_are_taken():
    def network(images, num_classes, training):
        scale, offset, mean, variance = (
            tf.get_variable(name, [3]) for name in ("scale", "offset", "mean", "variance")
        )
        x = tf.nn.fused_batch_norm(images, scale, offset, mean, tf.abs(variance), is_training=training)[0]
        depthwise = tf.get_variable("depthwise", [3, 3, 3, 1])
        x = tf.nn.relu6(tf.nn.depthwise_conv2d(x, depthwise, [1, 2, 2, 1], "SAME"))
        x = tf.nn.swish(tf.nn.l2_normalize(x, 3)) + tf.nn.moments(x, [1, 2], keep_dims=True)[0]
        x = tf.concat(tf.split(x, 3, axis=3), 3) * tf.image.resize_bilinear(x, tf.shape(x)[1:3])
        x = tf.reshape(tf.nn.avg_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"), [tf.shape(x)[0], 12])
        return tf.matmul(x, tf.get_variable("w", [int(x.shape[1]), num_classes]))

    graph_def = inference_graph(network, (8, 8, 3), 2, Preprocessing((0.0,) * 3, (255.0,) * 3))
    shapes = {
        n.name: [d.size for d in n.attr["shape"].shape.dim] for n in graph_def.node if n.op == "VariableV2"
    }
    weights = {name: np.full(shape, 0.1, "f4") for name, shape in shapes.items()}
    model = Classifier.made(Description(("a", "b"), 8, 8, 3, "own"), graph_def, weights)
    assert model.probabilities(np.zeros((3, 8, 8, 3), np.uint8)).shape == (3, 2)


def test_a_network_that_draws_random_numbers_is_refused_when_it_is_made():
    graph_def = inference_graph(
        lambda x, n, training: tf.random_normal([tf.shape(x)[0], n]),
        (4, 4, 1),
        2,
        Preprocessing((0.0,), (1.0,)),
    )
    with pytest.raises(ModelError, match="The network has an operation 'RandomStandardNormal'"):
        Classifier.made(Description(("a", "b"), 4, 4, 1, "own"), graph_def, {})
