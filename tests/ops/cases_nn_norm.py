"""Moments, batch normalization, local response normalization, biases, embeddings, dropout that drops nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.ops.harness import Case, F, I, P
from tests.ops.raw import raw

_FUSED = ("FusedBatchNormV3", "FusedBatchNormGradV3")
_TABLE = np.arange(21.0).reshape(7, 3) / 7


def _moments(x: Any, axes: Any, keep: bool = False) -> Any:
    return [x.mean(axes, keepdims=keep), x.var(axes, keepdims=keep)]


def _normalized(x: Any, mean: Any, variance: Any, scale: Any, offset: Any, epsilon: float = 0.001) -> Any:
    return ((x - mean) / np.sqrt(variance + np.asarray(epsilon, x.dtype)) * scale + offset).astype(x.dtype)


def _fused(x: Any, scale: Any, offset: Any) -> Any:
    axes = (0, 1, 2)
    count = x.size // x.shape[-1]
    variance = x.var(axes)
    return [
        _normalized(x, x.mean(axes), variance, scale, offset),
        x.mean(axes),
        variance * count / (count - 1),
    ]


def _lrn(x: Any, radius: int = 5, bias: float = 1.0, alpha: float = 1.0, beta: float = 0.5) -> Any:
    y = np.empty_like(x)
    for c in range(x.shape[-1]):
        near = x[..., max(c - radius, 0) : c + radius + 1]
        y[..., c] = x[..., c] / (bias + alpha * (near**2).sum(-1)) ** beta
    return y


def _weighted(x: Any, w: Any) -> Any:
    mean = (x * w).sum(0) / w.sum(0)
    return [mean, (w * (x - mean) ** 2).sum(0) / w.sum(0)]


def _unit(x: Any, axis: Any) -> Any:
    return x / np.sqrt((x * x).sum(axis, keepdims=True))


CASES = [
    Case(("Mean", "SquaredDifference"), lambda tf, x: tf.nn.moments(x, [0, 1]), [F(3, 4, 5)],
         lambda x: _moments(x, (0, 1)), name="moments", oracle=True),
    Case("Mean", lambda tf, x: tf.nn.moments(x, [1], keep_dims=True), [F(3, 4)], lambda x: _moments(x, 1, True),
         name="moments_keep"),
    Case("Mean", lambda tf, x, w: tf.nn.weighted_moments(x, [0], w), [F(3, 4), P(3, 4)], _weighted,
         name="weighted_moments"),
    Case("Sum", lambda tf, x: tf.nn.normalize_moments(*tf.nn.sufficient_statistics(x, [0], shift=0.5)), [F(3, 4)],
         lambda x: _moments(x, 0), name="sufficient_statistics"),
    Case("Rsqrt", lambda tf, x, m, v, b, g: tf.nn.batch_normalization(x, m, v, b, g, 0.001),
         [F(2, 3, 4), F(4), P(4), F(4), F(4)], lambda x, m, v, b, g: _normalized(x, m, v, g, b),
         name="batch_normalization"),
    Case("Rsqrt", lambda tf, x, m, v: tf.nn.batch_normalization(x, m, v, None, None, 0.001),
         [F(2, 3, 4), F(4), P(4)], lambda x, m, v: _normalized(x, m, v, 1, 0), name="batch_normalization_plain"),
    Case("Rsqrt",
         lambda tf, x, m, v, b, g: tf.nn.batch_norm_with_global_normalization(x, m, v, b, g, 0.001, True),
         [F(2, 3, 2, 4), F(4), P(4), F(4), F(4)], lambda x, m, v, b, g: _normalized(x, m, v, g, b),
         name="global_normalization"),
    Case(_FUSED, lambda tf, x, g, b: tf.nn.fused_batch_norm(x, g, b)[0], [F(2, 3, 4, 3), F(3), F(3)],
         lambda x, g, b: _fused(x, g, b)[0], name="training_y", oracle=False,
         note="TensorFlow has float32 only, which the next row compares"),
    Case(_FUSED, lambda tf, x, g, b: list(tf.nn.fused_batch_norm(x, g, b)), [F(2, 3, 4, 3), F(3), F(3)], _fused,
         name="training", dtypes=("float32",), grad=False),
    Case(_FUSED, lambda tf, x, g, b: tf.nn.fused_batch_norm(x, g, b, data_format="NCHW")[0],
         [F(2, 3, 4, 3), F(3), F(3)],
         lambda x, g, b: np.moveaxis(_fused(np.moveaxis(x, 1, -1), g, b)[0], -1, 1), name="training_nchw",
         oracle=False, note="TensorFlow's CPU kernels have NHWC only"),
    Case(_FUSED,
         lambda tf, x, g, b: tf.nn.fused_batch_norm(
             x, g, b, mean=tf.constant([0.5, -1, 2], x.dtype), variance=tf.constant([1.5, 1, 2], x.dtype),
             is_training=False)[0],
         [F(2, 3, 4, 3), F(3), F(3)],
         lambda x, g, b: _normalized(x, np.array([0.5, -1, 2], x.dtype), np.array([1.5, 1, 2], x.dtype), g, b),
         name="inference", oracle=False, note="TensorFlow has float32 only"),
    Case(_FUSED,
         lambda tf, x, g, b: list(tf.nn.fused_batch_norm(
             x, g, b, mean=tf.constant([0.5, -1, 2]), variance=tf.constant([1.5, 1, 2]), is_training=False)),
         [F(2, 3, 4, 3), F(3), F(3)],
         lambda x, g, b: [_normalized(x, np.float32([0.5, -1, 2]), np.float32([1.5, 1, 2]), g, b),
                          np.float32([0.5, -1, 2]), np.float32([1.5, 1, 2])],
         name="inference_moments", dtypes=("float32",), grad=False),
    Case(_FUSED,
         lambda tf, x, g, b: list(tf.nn.fused_batch_norm(
             x, g, b, mean=tf.constant([0.5, -1, 2]), variance=tf.constant([1.5, 1, 2]), exponential_avg_factor=0.25)),
         [F(2, 3, 4, 3), F(3), F(3)],
         lambda x, g, b: [_fused(x, g, b)[0], *(
             (0.75 * np.array(old) + 0.25 * new).astype(x.dtype)
             for old, new in zip(([0.5, -1, 2], [1.5, 1, 2]), _fused(x, g, b)[1:], strict=True))],
         name="average", dtypes=("float32",), grad=False),
    *(
        Case((f"FusedBatchNorm{version}", f"FusedBatchNormGrad{version}"),
             lambda tf, x, g, b, version=version: raw(
                 tf, f"FusedBatchNorm{version}", x=x, scale=g, offset=b, mean=tf.zeros([0], g.dtype),
                 variance=tf.zeros([0], g.dtype), epsilon=0.001)[0],
             [F(2, 3, 4, 3), F(3), F(3)], lambda x, g, b: _fused(x, g, b)[0], dtypes=("float32",))
        for version in ("", "V2")
    ),
    Case(("LRN", "LRNGrad"), lambda tf, x: tf.nn.lrn(x), [F(2, 3, 2, 13)], _lrn, second=False,
         note="as in TensorFlow, the gradient has none"),
    Case(("LRN", "LRNGrad"), lambda tf, x: tf.nn.local_response_normalization(x, 2, 0.5, 0.3, 0.75),
         [F(2, 3, 2, 7)], lambda x: _lrn(x, 2, 0.5, 0.3, 0.75), name="alexnet", second=False,
         note="as in TensorFlow, the gradient has none"),
    Case("Rsqrt", lambda tf, x: tf.nn.l2_normalize(x, 1), [F(3, 4)], lambda x: _unit(x, 1), name="l2_normalize"),
    Case("Rsqrt", lambda tf, x: tf.nn.l2_normalize(x, dim=[0, 2]), [F(3, 4, 2)], lambda x: _unit(x, (0, 2)),
         name="l2_normalize_dim"),
    Case("Mean", lambda tf, x: tf.nn.zero_fraction(x), [I(0, 3, 3, 4)], lambda x: np.float32((x == 0).mean()),
         name="zero_fraction", grad=False, dtypes=("float32",)),
    Case(("BiasAdd", "BiasAddGrad"), lambda tf, x, b: tf.nn.bias_add(x, b), [F(2, 3, 4), F(4)],
         lambda x, b: x + b),
    Case(("BiasAdd", "BiasAddGrad"), lambda tf, x, b: tf.nn.bias_add(x, b, data_format="NCHW"),
         [F(2, 3, 4, 5), F(3)], lambda x, b: x + b[:, None, None], name="nchw"),
    Case("BiasAdd", lambda tf, x, w, b: tf.nn.xw_plus_b(x, w, b), [F(2, 3), F(3, 4), F(4)],
         lambda x, w, b: x @ w + b, name="xw_plus_b"),
    Case("BiasAdd", lambda tf, x, w, b: tf.nn.relu_layer(x, w, b), [F(2, 3), F(3, 4), F(4)],
         lambda x, w, b: np.maximum(x @ w + b, 0), name="relu_layer"),
    Case("Identity", lambda tf, x: tf.nn.dropout(x, keep_prob=1.0), [F(3, 4)], lambda x: x, name="dropout_none"),
    Case("GatherV2", lambda tf, p, i: tf.nn.embedding_lookup(p, i), [F(7, 3), I(0, 7, 2, 4)], lambda p, i: p[i],
         name="embedding_lookup"),
    Case("GatherV2", lambda tf, a, b, c, i: tf.nn.embedding_lookup([a, b, c], i),
         [_TABLE[0::3], _TABLE[1::3], _TABLE[2::3], I(0, 7, 2, 4)],
         lambda a, b, c, i: _TABLE.astype(a.dtype)[i], name="embedding_lookup_mod"),
    Case("GatherV2", lambda tf, a, b, c, i: tf.nn.embedding_lookup([a, b, c], i, partition_strategy="div"),
         [_TABLE[:3], _TABLE[3:5], _TABLE[5:], I(0, 7, 9, dtype="int64")],
         lambda a, b, c, i: _TABLE.astype(a.dtype)[i], name="embedding_lookup_div"),
    Case("GatherV2", lambda tf, p, i: tf.nn.embedding_lookup(p, i, max_norm=1.0), [F(7, 3), I(0, 7, 4)],
         lambda p, i: p[i] / np.maximum(np.sqrt((p[i] ** 2).sum(-1, keepdims=True)), 1), name="embedding_lookup_norm"),
]  # fmt: skip
