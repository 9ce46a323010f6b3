"""Every network that ``--model`` names: shapes, counts of weights, moving statistics, images that are too small."""

from __future__ import annotations

import numpy as np
import pytest

import gradiente as tf
from gradiente.classify.networks import NETWORKS, find_network
from gradiente.classify.problems import ImageTooSmallError, SettingsError


def weights(
    name: str, shape: tuple[int, int, int], classes: int = 10, training: bool = True
) -> dict[str, list[int]]:
    with tf.Graph().as_default():
        logits = find_network(name)(tf.placeholder(tf.float32, [None, *shape]), classes, training)
        assert logits.shape.as_list() == [None, classes]
        return {v.op.name: v.shape.as_list() for v in tf.trainable_variables()}


@pytest.mark.parametrize(
    ("name", "shape", "count"),
    [
        ("softmax", (28, 28, 1), 7_850),
        ("perceptron", (28, 28, 1), 784 * 256 + 256 + 256 * 256 + 256 + 256 * 10 + 10),
        ("cnn", (28, 28, 1), 3_274_634),  # the experts' tutorial: 832 + 51,264 + 3,212,288 + 10,250
        (
            "deep-cnn",
            (28, 28, 1),
            25 * 32 + 9 * (32 * 64 + 64 * 64 + 64 * 128 + 128 * 128) + 2 * 416 + 2048 * 10 + 10,
        ),
        ("cs231n", (32, 32, 3), 12 * (75 + 1) + (16 * 16 * 12 + 1) * 10),
        ("resnet20", (32, 32, 3), 269_722),  # He et al. 2015, table 6: 0.27 million
        (
            "efficientnet-lite0",
            (64, 64, 3),
            4_652_008 - 21_008 - 1_281_000 + 12_810,
        ),  # normalization folded, its last layer
    ],
)
def test_counts_of_weights(name: str, shape: tuple[int, int, int], count: int) -> None:
    assert sum(int(np.prod(s)) for s in weights(name, shape).values()) == count


@pytest.mark.parametrize("name", sorted(set(NETWORKS) - {"efficientnet-lite0"}))
@pytest.mark.parametrize("shape", [(9, 5, 1), (32, 32, 3), (1, 1, 3)])
def test_networks_take_images_of_any_size(name: str, shape: tuple[int, int, int]) -> None:
    assert weights(name, shape, classes=3) == weights(name, shape, classes=3, training=False)


def test_the_kept_graph_has_the_same_variables_and_normalizes_by_moving_statistics() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 8, 8, 3])
        with tf.variable_scope("net"):
            learning = find_network("resnet20")(x, 2, True)
        with tf.variable_scope("net", reuse=True):
            kept = find_network("resnet20")(x, 2, False)
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        assert len(updates) == 2 * 19
        session.run(tf.global_variables_initializer())
        images = np.random.default_rng(0).normal(3.0, 2.0, (16, 8, 8, 3)).astype(np.float32)
        before = np.abs(session.run(learning - kept, {x: images})).max()
        for _ in range(120):
            session.run(updates, {x: images})
        after = np.abs(session.run(learning - kept, {x: images})).max()
    # The moving variance is the unbiased one, so a little remains.
    assert before > 0.5
    assert after < 0.05 * before


def test_images_that_are_too_small_for_efficientnet() -> None:
    with pytest.raises(
        ImageTooSmallError, match=r"\(W − F \+ 2P\)/S \+ 1 = \(20 − 32 \+ 0\)/32 \+ 1 = 0.625"
    ):
        weights("efficientnet-lite0", (40, 20, 3))
    with pytest.raises(SettingsError, match="images in colours"):
        weights("efficientnet-lite0", (64, 64, 1))


def test_names_that_there_are_not() -> None:
    with pytest.raises(
        SettingsError, match=r"no network 'lenet'. There are cnn, cs231n, deep-cnn, efficientnet-lite0"
    ):
        find_network("lenet")
    with pytest.raises(SettingsError, match="layers can be set for the perceptron only"):
        find_network("cnn", layers=2)
