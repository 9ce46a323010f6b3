"""Aligned copies of fed arrays."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import gradiente as tf
from gradiente.kernels.library import library
from gradiente.runtime.staging import ALIGNMENT, Staging, aligned_empty, is_aligned


def misaligned(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    memory = aligned_empty((values.size + 1,), values.dtype)
    shifted = memory[1:].reshape(values.shape)
    shifted[...] = values
    assert not is_aligned(shifted)
    return shifted


def test_aligned_memory() -> None:
    for shape in ((), (3,), (0, 4), (100, 784)):
        array = aligned_empty(shape, np.dtype(np.float64))
        assert array.shape == shape
        assert array.dtype == np.float64
        assert array.__array_interface__["data"][0] % ALIGNMENT == 0 or not array.size
    assert not is_aligned(aligned_empty((16, 16), np.dtype(np.float32)).T)


def test_large_aligned_arrays_stay_and_others_are_copied_to_memory_that_is_kept() -> None:
    staging = Staging(3)
    large = aligned_empty((256, 256), np.dtype(np.float32))
    small = aligned_empty((8, 16), np.dtype(np.float32))
    large[...] = small[...] = 1
    shifted = misaligned(np.arange(128, dtype=np.float32).reshape(8, 16))
    values, taken = staging.take([large, small, shifted])
    assert values[0] is large
    for value, copy in zip([small, shifted], values[1:], strict=True):
        assert copy is not value
        np.testing.assert_array_equal(np.asarray(copy), value)
    beside, _ = staging.take([large, small, shifted])
    assert beside[2] is not values[2]
    staging.give_back(taken)
    again, taken = staging.take([large, small + 1, shifted + 1])
    assert again[2] is values[2]
    np.testing.assert_array_equal(np.asarray(again[2]), shifted + 1)
    staging.give_back(taken)
    turned, _ = staging.take([large, 1, shifted.reshape(16, 8)])
    assert turned[1] == 1
    assert turned[2].shape == (16, 8)


@pytest.mark.parametrize("size", [1, 63, 65_537, 262_144, 1_000_003])
def test_large_arrays_are_copied_whole_and_nothing_beside_them(size: int) -> None:
    values = np.random.default_rng(0).integers(1, 255, size, np.uint8)
    fed = np.concatenate([np.zeros(3, np.uint8), values])[3:]
    fed.flags.writeable = False
    around = np.zeros(size + 2, np.uint8)
    native = library()
    if native is not None:
        native.copy(around.ctypes.data + 1, fed.ctypes.data, size)
        np.testing.assert_array_equal(around[1:-1], values)
        assert around[0] == around[-1] == 0
    (copied,), _ = Staging(1).take([fed])
    np.testing.assert_array_equal(np.asarray(copied), values)


def test_a_view_in_any_order_is_fed_as_it_reads() -> None:
    x = tf.placeholder(tf.float32, [None, 40])
    double = x * 2
    values = np.arange(4000, dtype=np.float32).reshape(40, 100)
    with tf.Session() as sess:
        for _ in range(3):
            np.testing.assert_array_equal(sess.run(double, {x: values.T}), 2 * values.T)
            np.testing.assert_array_equal(sess.run(double, {x: values.T[::2]}), 2 * values.T[::2])


def test_threads_do_not_share_a_copy() -> None:
    x = tf.placeholder(tf.float32, [1000])
    total = tf.reduce_sum(tf.sin(x) ** 2 + tf.cos(x) ** 2) * x[0]
    wrong: list[float] = []
    with tf.Session() as sess:

        def feed(number: int) -> None:
            value = misaligned(np.full(1000, number, np.float32))
            for _ in range(30):
                got = sess.run(total, {x: value})
                if abs(got - 1000 * number) > 0.01 * number:
                    wrong.append(got)

        threads = [threading.Thread(target=feed, args=(n + 1,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []
