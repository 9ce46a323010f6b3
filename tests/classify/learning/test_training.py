"""What the recipe's parts do to a training run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import gradiente as tf
from gradiente import classify
from gradiente.classify.learning.balance import balanced_positions, balanced_weights
from gradiente.classify.learning.find_lr import suggest
from gradiente.classify.learning.graph import training_graph
from gradiente.classify.learning.history import Epoch
from gradiente.classify.learning.recipe import Recipe, cross_entropy, optimize, schedule
from gradiente.classify.model.graph import Preprocessing
from gradiente.classify.networks.layers import batch_norm, dense, flatten
from gradiente.classify.preparation.defaults import with_defaults
from gradiente.classify.problems import DivergedError, OutOfMemoryError, SettingsError
from gradiente.classify.settings import Settings
from gradiente.images import collection

QUICK = {"model": "softmax", "epochs": 3, "lr": 0.02, "batch": 8, "augment": "none"}


def rates(kind: str, warmup: int) -> np.ndarray:
    step = tf.placeholder(tf.int64, [])
    rate = schedule(kind, 0.5, 10, warmup)(step)
    with tf.Session() as sess:
        return np.array([sess.run(rate, {step: at}) for at in range(11)])


def test_the_rate_rises_and_falls():
    falling = 0.25 * (1 + np.cos(np.pi * np.arange(11) / 10))
    np.testing.assert_allclose(rates("cosine", 0), falling, atol=1e-7)
    np.testing.assert_allclose(
        rates("cosine", 4), falling * np.minimum(1, (np.arange(11) + 1) / 4), atol=1e-7
    )
    np.testing.assert_allclose(rates("constant", 2), [0.25] + [0.5] * 10)


def test_the_loss_with_smoothed_labels_and_weighed_classes():
    logits = np.array([[2, 0, -1], [0.5, 0, 1]], np.float32)
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    labels = np.array([0, 2], np.int32)
    own = -log_p[[0, 1], labels]
    with tf.Session() as sess:

        def loss(**changes):
            recipe = Recipe(rate=lambda _: 1.0, **changes)
            return sess.run(cross_entropy(tf.constant(logits), tf.constant(labels), recipe))

        np.testing.assert_allclose(loss(), own.mean(), rtol=1e-6)
        smooth = 0.7 * own - 0.3 * log_p.mean(1)
        np.testing.assert_allclose(loss(label_smoothing=0.3), smooth.mean(), rtol=1e-6)
        weighed = np.array([0.5, 3]) * smooth
        np.testing.assert_allclose(
            loss(label_smoothing=0.3, class_weights=[0.5, 1, 3]), weighed.mean(), rtol=1e-6
        )


def test_a_step_decays_weights_but_not_biases_and_runs_the_updates():
    w, b = tf.Variable([[2.0]], name="w"), tf.Variable([2.0], name="b")
    fixed = tf.Variable([[2.0]], name="fixed")
    mean = tf.Variable(0.0, trainable=False)
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.assign_add(mean, 1.0).op)
    loss = tf.reduce_sum(3 * w + 3 * b + 3 * fixed)
    recipe = Recipe(
        rate=lambda _: 0.1, optimizer="sgd", weight_decay=0.5, trainable=lambda name: name != "fixed"
    )
    step, trained = optimize(loss, tf.train.get_or_create_global_step(), recipe)
    assert [v.op.name for v in trained] == ["w", "b"]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(step)
        found = sess.run([w, b, fixed, mean])
    np.testing.assert_allclose(np.ravel(found[0]), 2 - 0.1 * 3 - 0.1 * 0.5 * 2)
    np.testing.assert_allclose(found[1], 2 - 0.1 * 3)
    assert (found[2], found[3]) == (2, 1)


def test_a_normalization_s_statistics_are_averaged_as_its_weights_are():
    def network(images, classes, training):
        return dense(flatten(batch_norm(images, training, "normal")), classes, "logits")

    recipe = Recipe(rate=lambda _: 0.1, optimizer="sgd", average=0.4)
    learning = training_graph(network, (2, 2, 1), 3, Preprocessing((100.0,), (50.0,)), recipe)
    rng = np.random.default_rng(0)
    names = ["normal/gamma", "normal/moving_mean", "normal/moving_variance", "logits/weights"]
    assert set(names) < set(learning.weights)
    with tf.Session(graph=learning.graph) as sess:
        sess.run(learning.initialize)
        plain = [learning.graph.get_tensor_by_name(f"{name}:0") for name in names]
        expected = sess.run(plain)
        for taken in range(1, 6):
            images = rng.integers(0, 255, (8, 2, 2, 1), np.uint8)
            sess.run(learning.step, {learning.images: images, learning.labels: np.arange(8) % 3})
            kept = min(0.4, (1 + taken) / (10 + taken))
            expected = [kept * e + (1 - kept) * v for e, v in zip(expected, sess.run(plain), strict=True)]
        found = sess.run([learning.weights[name] for name in names])
    for name, value, wanted in zip(names, found, expected, strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-5, atol=1e-6, err_msg=name)
    assert found[1] != 0


@pytest.mark.parametrize("optimizer", ["adam", "momentum", "sgd", "rmsprop"])
def test_every_optimizer_learns(photos, tmp_path, optimizer):
    run = classify.train(
        photos, out=tmp_path / "run", **QUICK | {"optimizer": optimizer, "lr": None, "epochs": 8}
    )
    assert run.metrics["test"]["accuracy"] == 1


def test_bfloat16_in_the_layers_keeps_float32_weights(photos, tmp_path):
    run = classify.train(
        photos, out=tmp_path / "run", **QUICK | {"precision": "bfloat16", "epochs": 8, "model": "perceptron"}
    )
    assert run.metrics["test"]["accuracy"] == 1
    assert {w.dtype for w in run.classifier.weights.values()} == {np.dtype(np.float32)}


def test_balanced_classes(photos, tmp_path):
    labels = np.array([0, 0, 0, 0, 2, 2, 0, 0], np.int32)
    np.testing.assert_allclose(balanced_weights(labels, 3), [8 / 12, 0, 2])
    taken = labels[balanced_positions(labels, 0)]
    assert np.bincount(taken).tolist() == [6, 0, 6]
    for number in range(5, 20):
        (photos / "left" / f"im-{number}.png").unlink()
    notes: list[str] = []
    progress = classify.Progress()
    progress.note = notes.append
    run = classify.train(
        photos,
        out=tmp_path / "run",
        progress=progress,
        **QUICK | {"class_weight": "balanced", "sampling": "balanced", "epochs": 8},
    )
    assert run.metrics["test"]["macro_f1"] == 1
    assert any("'right' has 13 images for training and 'left' 3" in note for note in notes)


def test_images_from_the_disk_train_as_those_in_memory(photos, tmp_path, monkeypatch):
    whole = classify.train(photos, out=tmp_path / "whole", **QUICK)
    monkeypatch.setattr(collection, "fits_in_memory", lambda *_: False)
    streamed = classify.train(photos, out=tmp_path / "streamed", **QUICK)
    assert (streamed.folder / "split.csv").read_text() == (whole.folder / "split.csv").read_text()
    for name, value in whole.classifier.weights.items():
        np.testing.assert_allclose(streamed.classifier.weights[name], value, atol=1e-5)
    assert streamed.metrics["test"]["accuracy"] == whole.metrics["test"]["accuracy"]


def test_patience_ends_a_run_that_gets_no_better(photos, tmp_path):
    run = classify.train(
        photos, out=tmp_path / "run", **QUICK | {"epochs": 30, "patience": 2, "lr": 1e-9, "average": 0.0}
    )
    training = run.metrics["training"]
    assert training["epochs"] == training["best_epoch"] + 2


def test_better_is_more_right_then_less_loss():
    row = Epoch(1, 10, 1.0, 0.5, 0.4, 0.8, 1.0, 1.0)
    assert replace(row, validation_accuracy=0.81, validation_loss=2.0).better_than(row)
    assert replace(row, validation_loss=0.3).better_than(row)
    assert not row.better_than(row)
    assert not replace(row, validation_accuracy=0.79).better_than(row)
    without = replace(row, validation_accuracy=None, validation_loss=None)
    assert replace(without, epoch=2).better_than(without)


def test_find_lr(photos, tmp_path):
    grid = 10.0 ** np.arange(-4, 2, 0.1)
    losses = np.where(grid < 0.1, 2 - np.log10(grid / 1e-4) / 2, 40.0)
    found = suggest(grid, losses)
    assert 0.02 < found.suggestion < 0.06
    assert len(found.as_table().splitlines()) == len(grid) + 1
    with pytest.raises(DivergedError, match="from the first step"):
        suggest(grid, np.full(len(grid), np.nan))
    run = classify.train(photos, out=tmp_path / "run", find_lr=True, **QUICK | {"lr": None, "epochs": 10})
    assert run.metrics["test"]["accuracy"] == 1
    lr = classify.read_settings(run.folder / "config.toml").lr
    assert lr is not None
    assert lr > 1e-4
    assert (run.folder / "learning_rates.csv").read_text().startswith("lr,loss\n")


def test_a_batch_that_can_not_fit_is_refused_with_one_that_does(photos, tmp_path, monkeypatch):
    from gradiente.classify.learning import memory

    monkeypatch.setattr(memory, "free_memory", lambda: 100_000_000)
    monkeypatch.setattr(memory, "activation_bytes", lambda _: 10_000_000)
    classify.train(photos, out=tmp_path / "run", **QUICK)
    with pytest.raises(OutOfMemoryError, match=r"batches of 20 images takes about 0\.2 GiB.*Use --batch 9,"):
        classify.train(photos, out=tmp_path / "run", **QUICK | {"batch": 20})
    monkeypatch.setattr(memory, "free_memory", lambda: 1_000_000)
    with pytest.raises(OutOfMemoryError, match="Use a smaller --image-size"):
        classify.train(photos, out=tmp_path / "run", **QUICK)


def test_settings_that_suit_the_data():
    mnist = with_defaults(Settings(), 55_000, colours=False, on_gpu=False)
    assert (mnist.batch, mnist.lr, mnist.augment, mnist.precision) == (100, 0.001, "digits", "float32")
    few = with_defaults(Settings(batch=500), 30, colours=True, on_gpu=True)
    assert (few.batch, few.epochs, few.augment, few.precision, few.average) == (
        30,
        40,
        "photos",
        "bfloat16",
        0.0,
    )
    own = with_defaults(Settings(model="my_net.py:build"), 30, colours=True, on_gpu=True)
    assert own.precision == "float32"
    given = Settings(lr=0.5, average=0.7, patience=0, warmup=0.0, augment="none", epochs=3, batch=7)
    assert replace(with_defaults(given, 100, True, False), precision=None) == given


def test_settings_say_what_they_may_be():
    for wrong, message in (
        ({"optimizer": "lbfgs"}, "optimizer is one of adam, momentum, sgd, rmsprop, not 'lbfgs'"),
        ({"label_smoothing": 1.0}, "label_smoothing must be at least 0 and below 1"),
        ({"warmup": -1.0}, "warmup must be at least 0"),
        ({"weight_decay": float("nan")}, "weight_decay must be at least 0, not nan"),
        ({"device": "tpu"}, "device is one of auto, cpu, gpu"),
    ):
        with pytest.raises(SettingsError, match=message):
            Settings(**wrong)
    with pytest.raises(SettingsError, match=r"no setting 'optimiser'\. Did you mean optimizer\?"):
        classify.train("mnist", optimiser="adam")
