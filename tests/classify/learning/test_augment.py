"""What the variations do to an image."""

from __future__ import annotations

import numpy as np
import pytest

import gradiente as tf
from gradiente.classify.learning.augment import AUGMENTATIONS, Augmentation


def varied(augmentation: Augmentation, images: np.ndarray, times: int = 1) -> np.ndarray:
    tf.set_random_seed(1)
    x = tf.placeholder(tf.float32, [None, *images.shape[1:]])
    y = augmentation.apply(x)
    assert y.shape.as_list() == [None, *images.shape[1:]]
    with tf.Session() as sess:
        run = sess.make_callable(y, [x])
        return np.concatenate([run(images) for _ in range(times)])


@pytest.mark.parametrize("shape", [(1, 7), (7, 1), (1, 1)])
def test_images_of_one_row_or_column(shape):
    images = np.arange(7, dtype=np.float32)[: max(shape)].reshape(1, *shape, 1)
    np.testing.assert_allclose(varied(Augmentation(flip=True), images, 1).sum(), images.sum(), atol=1e-4)


def test_half_of_the_images_are_mirrored():
    images = np.tile(np.arange(4, dtype=np.float32).reshape(1, 1, 4, 1), (400, 3, 1, 1))
    found = varied(Augmentation(flip=True), images)
    mirrored = (found == images[:, :, ::-1]).all((1, 2, 3))
    np.testing.assert_array_equal(found[~mirrored], images[~mirrored])
    assert 150 < mirrored.sum() < 250


def test_each_image_is_moved_on_its_own_and_no_further_than_said():
    images = np.zeros((300, 21, 21, 1), np.float32)
    images[:, 10, 10] = 100
    found = varied(Augmentation(shift=0.2), images)[..., 0]
    total = found.sum((1, 2))
    np.testing.assert_allclose(total, 100, rtol=1e-3)
    at = (found * np.arange(21)[:, None]).sum((1, 2)) / total - 10
    assert -4.21 < at.min() < -3.7
    assert 3.7 < at.max() < 4.21
    assert len(np.unique(at)) > 250


def test_a_turned_square_is_a_square():
    images = np.zeros((50, 41, 41, 1), np.float32)
    images[:, 10:31, 10:31] = 1
    found = varied(Augmentation(rotate=45), images)
    np.testing.assert_allclose(found.sum((1, 2, 3)), 21 * 21, rtol=0.02)
    assert np.abs(found - images).sum((1, 2, 3)).max() > 60


def test_light_stays_between_black_and_white_and_the_square_has_its_size():
    images = np.random.default_rng(0).uniform(0, 255, (200, 12, 12, 3)).astype(np.float32)
    found = varied(Augmentation(light=0.5), images)
    assert 0 <= found.min() < found.max() <= 255
    assert found.mean((1, 2, 3)).std() > 10
    erased = (varied(Augmentation(erase=0.5), images) != images).all(-1)
    assert erased.sum((1, 2)).max() == 36
    assert erased.sum((1, 2)).min() >= 9


def test_the_same_seed_gives_the_same_variations():
    images = np.random.default_rng(0).uniform(0, 255, (4, 8, 8, 1)).astype(np.float32)
    first = varied(AUGMENTATIONS["strong"], images, 2)
    tf.reset_default_graph()
    np.testing.assert_array_equal(first, varied(AUGMENTATIONS["strong"], images, 2))
    assert not np.array_equal(first[:4], first[4:])
