"""What is exported says what predict says, on images of any size."""

from __future__ import annotations

import importlib
import json

import numpy as np
import onnxruntime
import pytest
from PIL import Image
from typer.testing import CliRunner

import gradiente as tf
from gradiente import classify
from gradiente.classify.exporting.graph import exported_graph
from gradiente.classify.exporting.onnx_file import onnx_model
from gradiente.classify.model.bringing import bring
from gradiente.classify.model.classifier import Classifier
from gradiente.classify.model.description import Description
from gradiente.classify.model.graph import Preprocessing, inference_graph
from gradiente.classify.networks import find_network
from gradiente.classify.problems import ExportError, SettingsError
from gradiente.cli import main

# The package's name `export` is the function.
export_module = importlib.import_module("gradiente.classify.exporting.export")

SIZES = [(8, 8), (5, 7), (30, 11), (64, 200)]


def made(network, shape, resize="stretch", classes=("cat", "dog", "niño")):
    graph_def = inference_graph(
        network, shape, len(classes), Preprocessing((120.0,) * shape[2], (60.0,) * shape[2])
    )
    rng = np.random.default_rng(0)
    weights = {
        n.name: rng.normal(0, 0.3, [d.size for d in n.attr["shape"].shape.dim]).astype("f4")
        for n in graph_def.node
        if n.op == "VariableV2"
    }
    weights = {name: np.abs(value) + 0.5 if "variance" in name else value for name, value in weights.items()}
    model = Classifier.made(Description(classes, *shape, "own", resize), graph_def, weights)
    model.set_temperature(2.0)
    return model


def by_onnx(model: Classifier):
    session = onnxruntime.InferenceSession(onnx_model(exported_graph(model), model.classes, {}))
    return lambda images: session.run(["probabilities"], {"images": images})[0]


def by_graph(model: Classifier):
    graph_def = tf.GraphDef.FromString(exported_graph(model).SerializeToString())
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
    session = tf.Session(graph=graph)
    assert [name.decode() for name in session.run("classes:0")] == list(model.classes)
    return lambda images: session.run("probabilities:0", {"images:0": images})


@pytest.mark.parametrize("runner", [by_onnx, by_graph])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_of_any_size(runner, channels):
    model = made(find_network("cnn"), (8, 8, channels))
    run = runner(model)
    rng = np.random.default_rng(1)
    for size in SIZES:
        images = rng.integers(0, 256, (2, *size, 3), np.uint8)
        expected = np.stack([p.probabilities for p in model.predict(list(images))])
        np.testing.assert_allclose(run(images), expected, atol=2e-5 if size == (8, 8) else 0.02)


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
def test_images_are_brought_to_size_as_predict_brings_them(resize):
    """The pixels themselves: at most one step of 255 apart, as Pillow rounds between its passes and takes either first."""
    model = made(find_network("softmax"), (9, 12, 3), resize)
    graph_def = exported_graph(model)
    inside = next(n.input[0] for n in graph_def.node if n.name == "network/Cast")
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
    rng = np.random.default_rng(3)
    with tf.Session(graph=graph) as session:
        for size in ((9, 12), (4, 5), (40, 23), (20, 61), (61, 20), (300, 401)):
            image = rng.integers(0, 256, (*size, 3), np.uint8)
            found = session.run(f"{inside}:0", {"images:0": image[None]})[0].astype(int)
            apart = np.abs(found - bring(image, (9, 12, 3), resize).astype(int))
            assert apart.max() <= 1
            assert apart.mean() < 0.4
            assert (apart == 0).all() or size != (9, 12)


def everything(images, num_classes, training):
    """A network of as many operations as people use."""

    def variable(name, shape):
        return tf.get_variable(name, shape, initializer=tf.zeros_initializer())

    x = tf.nn.bias_add(
        tf.nn.conv2d(images, variable("f1", [3, 3, 3, 4]), [1, 2, 2, 1], "SAME"), variable("b1", [4])
    )
    x = tf.nn.fused_batch_norm(x, *(variable(n, [4]) for n in ("scale", "offset")), mean=variable("mean", [4]),
                               variance=tf.square(variable("variance", [4])), is_training=False)[0]  # fmt: skip
    x = tf.nn.relu6(x) + tf.nn.leaky_relu(x, 0.1) * tf.nn.sigmoid(x)
    x = tf.nn.depthwise_conv2d(x, variable("d", [3, 3, 4, 2]), [1, 1, 1, 1], "SAME")
    x = tf.concat([tf.nn.elu(x), tf.nn.selu(x), tf.nn.softplus(x)], 3)
    x = tf.nn.avg_pool(tf.pad(x, [[0, 0], [1, 1], [1, 0], [0, 0]]), [1, 3, 3, 1], [1, 1, 1, 1], "SAME")
    x = tf.nn.max_pool(x, [1, 2, 2, 1], [1, 1, 1, 1], "VALID")
    x = tf.nn.lrn(x, 2, bias=1.0, alpha=0.1, beta=0.75)
    first, second = tf.split(x, 2, axis=3)
    x = tf.maximum(first, second) - tf.nn.l2_normalize(first, 3)
    x = tf.image.resize_bilinear(x, [6, 5])[:, 1:, ::2, :-1]
    pooled = tf.stack([tf.reduce_mean(x, [1, 2]), tf.reduce_max(x, [1, 2])], 1)
    x = tf.tanh(tf.reshape(pooled, [tf.shape(images)[0], 2 * int(x.shape[3])]))
    x = tf.where(x > 0.0, x, tf.zeros_like(x)) * tf.rsqrt(tf.squared_difference(x, 3.0) + 1.0)
    return tf.matmul(x, variable("w", [num_classes, int(x.shape[1])]), transpose_b=True)


def test_the_operations_of_peoples_own_networks():
    model = made(everything, (12, 12, 3))
    images = np.random.default_rng(2).integers(0, 256, (3, 12, 12, 3), np.uint8)
    expected = model.probabilities(images)
    assert np.ptp(expected, 0).max() > 0.002
    np.testing.assert_allclose(by_onnx(model)(images), expected, atol=1e-5)
    np.testing.assert_allclose(by_graph(model)(images), expected, atol=1e-5)


def test_an_operation_that_is_not_translated_is_named():
    model = made(lambda x, n, training: tf.cumsum(tf.reduce_mean(x, [1, 2]), 1), (4, 4, 3))
    with pytest.raises(ExportError, match=r"'network/Cumsum' \(Cumsum\) can't be written in ONNX"):
        by_onnx(model)


def test_the_export_is_checked_on_the_runs_own_images(photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = classify.train("photos", out="run", model="softmax", epochs=2, lr=0.02, batch=8)
    done = classify.export(run.folder)
    assert (str(done.path), done.parity.count, done.parity.agreeing) == ("run/model.onnx", 24, 24)
    assert done.parity.whole < 1e-4
    session = onnxruntime.InferenceSession(str(done.path))
    assert session.get_modelmeta().custom_metadata_map["classes"] == "left\nright"
    told = CliRunner().invoke(main, ["export", "run", "--format", "graphdef", "--images", "photos/left"])
    assert told.exit_code == 0, told.stderr
    assert "run/model.pb" in told.stdout
    assert "the same class for 20" in told.stdout
    found = json.loads(CliRunner().invoke(main, ["export", "run", "--json", "--out", "x/y.onnx"]).stdout)
    assert (found["file"], found["parity"]["agreeing"]) == ("x/y.onnx", 24)
    with pytest.raises(SettingsError, match="onnx and graphdef"):
        classify.export("run", "pickle")

    for path in photos.rglob("*.png"):
        path.unlink()
    assert classify.export("run").parity.images.startswith("generated images")
    (tmp_path / "bad.png").write_bytes(b"x")
    assert CliRunner().invoke(main, ["export", "run", "--images", "bad.png"]).exit_code == 15


def test_what_does_not_agree_is_not_written(photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    classify.train("photos", out="run", model="softmax", epochs=2, lr=0.02, batch=8)
    original = export_module._onnx_runner
    monkeypatch.setattr(
        export_module, "_onnx_runner", lambda content: lambda x: original(content)(x)[:, ::-1]
    )
    told = CliRunner().invoke(main, ["export", "run"])
    assert told.exit_code == 15
    assert "does not say what predict says" in told.stderr
    assert not (tmp_path / "run" / "model.onnx").exists()


def test_a_file_with_transparency_and_orientation(tmp_path):
    """Parity is measured on the pixels as gradiente reads them: upright and on white."""
    model = made(find_network("softmax"), (8, 8, 3))
    small = np.random.default_rng(0).integers(0, 256, (3, 4, 4), np.uint8)
    pixels = np.asarray(Image.fromarray(small).resize((30, 20), Image.Resampling.BICUBIC))
    Image.fromarray(pixels).save(tmp_path / "a.png")
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(pixels[..., :3]).save(tmp_path / "b.png", exif=exif)
    parity = export_module._compare(
        model, by_onnx(model), "two", [tmp_path / "a.png", tmp_path / "b.png"], "onnxruntime"
    )
    assert (parity.count, parity.agreeing) == (2, 2)
    assert parity.whole < 0.1
