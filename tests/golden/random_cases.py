"""Programs that draw random numbers, in a namespace that is gradiente or ``tensorflow.compat.v1``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

RUNS = 3
_LOGITS = np.log(np.array([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]], np.float32))


ALL = ("float32", "float64", "float16", "bfloat16")


def programs(tf: Any, floats: Sequence[str] = ALL) -> dict[str, Any]:
    """Tensors by name; all seeds are given, so their order does not matter."""
    tf.set_random_seed(1234)
    cases: dict[str, Any] = {}
    for kind in floats:
        dtype = tf.as_dtype(kind)
        cases[f"uniform_{kind}"] = tf.random_uniform([5, 3], dtype=dtype, seed=42)
        cases[f"normal_{kind}"] = tf.random_normal([5, 3], dtype=dtype, seed=42)
        cases[f"truncated_{kind}"] = tf.truncated_normal([9, 11], dtype=dtype, seed=42)
    for kind in ("int32", "int64"):
        cases[f"uniform_{kind}"] = tf.random_uniform([5, 3], -3, 1000, tf.as_dtype(kind), seed=42)
    cases["uniform_range"] = tf.random_uniform([4], -2.0, 3.0, seed=5)
    cases["normal_scaled"] = tf.random_normal([4], 10.0, 0.5, seed=5)
    cases["op_seed_zero"] = tf.random_uniform([4], seed=0)
    cases["scalar"] = tf.random_uniform([], seed=3)
    cases["shuffle_vector"] = tf.random_shuffle(np.arange(23), seed=42)
    cases["shuffle_rows"] = tf.random_shuffle(np.arange(46).reshape(23, 2), seed=43)
    cases["multinomial"] = tf.multinomial(_LOGITS, 9, seed=42)
    cases["crop"] = tf.random_crop(np.arange(100).reshape(10, 10), [3, 4], seed=42)
    cases["dropout_keep_prob"] = tf.nn.dropout(tf.ones([5, 7]), keep_prob=0.6, seed=42)
    cases["dropout_noise_shape"] = tf.nn.dropout(tf.ones([5, 7]), rate=0.6, noise_shape=[5, 1], seed=42)
    classes = tf.constant([[3, 4], [0, 11], [1, 1], [49, 2]], tf.int64)
    for name in ("log_uniform", "uniform"):
        for unique in (True, False):
            sampler = getattr(tf.nn, f"{name}_candidate_sampler")
            for part, tensor in enumerate(sampler(classes, 2, 20, unique, 50, seed=8)):
                cases[f"{name}_{'unique' if unique else 'repeated'}_{part}"] = tensor
    cases["nce_loss"], cases["sampled_softmax_loss"] = _sampled_losses(tf, classes)
    return cases


def _sampled_losses(tf: Any, classes: Any) -> tuple[Any, Any]:
    numbers = np.random.default_rng(0)
    weights = tf.constant(numbers.standard_normal((50, 6)), tf.float32)
    biases = tf.constant(numbers.standard_normal(50), tf.float32)
    inputs = tf.constant(numbers.standard_normal((4, 6)), tf.float32)
    sampled = tf.nn.log_uniform_candidate_sampler(classes, 2, 20, True, 50, seed=8)
    keywords = {"num_true": 2, "sampled_values": sampled}
    return (
        tf.nn.nce_loss(weights, biases, classes, inputs, 20, 50, **keywords),
        tf.nn.sampled_softmax_loss(weights, biases, classes, inputs, 20, 50, **keywords),
    )


def initializers(tf: Any) -> dict[str, Any]:
    """What each initializer gives for a matrix and for a filter."""
    tf.set_random_seed(1234)
    rules = {
        "zeros": tf.zeros_initializer(),
        "ones": tf.ones_initializer(),
        "constant": tf.constant_initializer([1.0, 2.0, 3.0]),
        "random_uniform": tf.random_uniform_initializer(-1.0, 2.0, seed=5),
        "random_normal": tf.random_normal_initializer(1.0, 2.0, seed=5),
        "truncated_normal": tf.truncated_normal_initializer(1.0, 2.0, seed=6),
        "uniform_unit_scaling": tf.uniform_unit_scaling_initializer(seed=5),
        "variance_scaling": tf.variance_scaling_initializer(seed=5),
        "variance_out": tf.variance_scaling_initializer(2.0, "fan_out", "untruncated_normal", seed=5),
        "glorot_uniform": tf.glorot_uniform_initializer(seed=5),
        "glorot_normal": tf.glorot_normal_initializer(seed=5),
        "he_normal": tf.initializers.he_normal(seed=5),
        "he_uniform": tf.initializers.he_uniform(seed=5),
        "lecun_normal": tf.initializers.lecun_normal(seed=5),
        "lecun_uniform": tf.initializers.lecun_uniform(seed=5),
        "orthogonal": tf.orthogonal_initializer(1.5, seed=5),
    }
    found = {f"{name}/matrix": rule([4, 6]) for name, rule in rules.items()}
    found.update({f"{name}/filter": rule([3, 2, 2, 5]) for name, rule in rules.items()})
    found["identity/matrix"] = tf.initializers.identity(2.0)([3, 5])
    return found
