"""Pooling."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.ops import nn_reference as ref
from tests.ops.harness import Case, F, In

_MAX = ("MaxPool", "MaxPoolGrad", "MaxPoolGradGrad")
_AVG = ("AvgPool", "AvgPoolGrad")
_NCHW = "TensorFlow's CPU kernels have NHWC only"


def _max(name: str, x: In, size: tuple[int, int], stride: tuple[int, int], padding: str) -> Case:
    return Case(
        _MAX, lambda tf, x: tf.nn.max_pool(x, [1, *size, 1], [1, *stride, 1], padding), [x],
        lambda x: ref.pool(x, size, stride, padding, np.max), name=name,
    )  # fmt: skip


def _avg(name: str, x: In, size: tuple[int, int], stride: tuple[int, int], padding: str) -> Case:
    return Case(
        _AVG, lambda tf, x: tf.nn.avg_pool(x, [1, *size, 1], [1, *stride, 1], padding), [x],
        lambda x: ref.pool(x, size, stride, padding, np.mean), name=name,
    )  # fmt: skip


def _argmax(x: Any, with_batch: bool = False) -> Any:
    """Windows of 2×2, stride 2, VALID: the largest values and their numbers."""
    n, h, w, c = x.shape
    numbers = np.arange(x.size).reshape(x.shape)
    if not with_batch:
        numbers = numbers % (h * w * c)
    blocks = [a.reshape(n, h // 2, 2, w // 2, 2, c).transpose(0, 1, 3, 5, 2, 4).reshape(n, h // 2, w // 2, c, 4)
              for a in (x, numbers)]  # fmt: skip
    best = blocks[0].argmax(-1)[..., None]
    return [np.take_along_axis(b, best, -1)[..., 0] for b in blocks]


CASES = [
    _max("blocks", F(2, 6, 4, 3), (2, 2), (2, 2), "VALID"),
    _max("blocks_same", F(2, 5, 7, 3), (2, 2), (2, 2), "SAME"),
    _max("blocks_left_over", F(2, 5, 7, 3), (2, 3), (2, 3), "VALID"),
    _max("overlap", F(2, 7, 6, 2), (3, 3), (2, 2), "SAME"),
    _max("overlap_valid", F(2, 7, 6, 2), (3, 2), (1, 1), "VALID"),
    _max("gaps", F(2, 7, 8, 2), (2, 2), (3, 3), "VALID"),
    _max("gaps_same", F(2, 7, 8, 2), (2, 2), (3, 3), "SAME"),
    _max("large", F(1, 9, 8, 2), (6, 5), (2, 1), "SAME"),
    Case(_MAX, lambda tf, x: tf.nn.max_pool(x, [1, 1, 2, 2], [1, 1, 2, 2], "SAME", data_format="NCHW"),
         [F(2, 3, 5, 6)], lambda x: ref.last(ref.pool(ref.first(x), (2, 2), (2, 2), "SAME", np.max)), name="nchw",
         oracle=False, note=_NCHW),
    Case(_MAX, lambda tf, x: tf.nn.max_pool(x, [1, 1, 1, 2], [1, 1, 1, 2], "VALID"), [F(2, 3, 3, 6)],
         lambda x: x.reshape(2, 3, 3, 3, 2).max(-1), name="channels"),
    Case(_MAX, lambda tf, x: tf.nn.max_pool(tf.round(x), 2, 2, "VALID"), [F(2, 4, 4, 3)],
         lambda x: ref.pool(np.round(x), (2, 2), (2, 2), "VALID", np.max), name="ties", grad=False),
    Case("MaxPool", lambda tf, x: tf.nn.max_pool1d(x, 2, 2, "VALID"), [F(2, 6, 3)],
         lambda x: ref.pool(x, (2,), (2,), "VALID", np.max), name="1d"),
    Case("MaxPool", lambda tf, x: tf.nn.pool(x, [2, 2], "MAX", "SAME", strides=[2, 2]), [F(2, 5, 6, 3)],
         lambda x: ref.pool(x, (2, 2), (2, 2), "SAME", np.max), name="pool"),
    _avg("blocks", F(2, 6, 4, 3), (2, 2), (2, 2), "VALID"),
    _avg("blocks_same", F(2, 5, 7, 3), (2, 2), (2, 2), "SAME"),
    _avg("overlap", F(2, 7, 6, 2), (3, 3), (2, 2), "SAME"),
    _avg("gaps", F(2, 7, 8, 2), (2, 2), (3, 3), "VALID"),
    _avg("whole", F(2, 7, 6, 2), (7, 6), (1, 1), "VALID"),
    Case(_AVG, lambda tf, x: tf.nn.avg_pool(x, [1, 1, 2, 2], [1, 1, 2, 2], "SAME", data_format="NCHW"),
         [F(2, 3, 5, 6)], lambda x: ref.last(ref.pool(ref.first(x), (2, 2), (2, 2), "SAME", np.mean)), name="nchw",
         oracle=False, note=_NCHW),
    Case("AvgPool", lambda tf, x: tf.nn.avg_pool1d(x, 3, 2, "SAME"), [F(2, 6, 3)],
         lambda x: ref.pool(x, (3,), (2,), "SAME", np.mean), name="1d"),
    Case("AvgPool", lambda tf, x: tf.nn.pool(x, [2, 2], "AVG", "VALID"), [F(2, 5, 6, 3)],
         lambda x: ref.pool(x, (2, 2), (1, 1), "VALID", np.mean), name="pool"),
    Case(("MaxPool3D", "MaxPool3DGrad", "MaxPool3DGradGrad"),
         lambda tf, x: tf.nn.max_pool3d(x, [1, 2, 2, 2, 1], [1, 2, 2, 2, 1], "SAME"), [F(1, 3, 4, 5, 2)],
         lambda x: ref.pool(x, (2, 2, 2), (2, 2, 2), "SAME", np.max), dtypes=("float32", "float64"), second=False,
         note="second order is that of MaxPool"),
    Case(("AvgPool3D", "AvgPool3DGrad"), lambda tf, x: tf.nn.avg_pool3d(x, [1, 2, 2, 3, 1], [1, 1, 2, 2, 1], "VALID"),
         [F(1, 3, 4, 5, 2)], lambda x: ref.pool(x, (2, 2, 3), (1, 2, 2), "VALID", np.mean)),
    Case(("MaxPoolWithArgmax", "MaxPoolGradWithArgmax", "MaxPoolGradGradWithArgmax"),
         lambda tf, x: tf.nn.max_pool_with_argmax(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID"), [F(2, 4, 6, 3)], _argmax),
    Case("MaxPoolWithArgmax",
         lambda tf, x: tf.nn.max_pool_with_argmax(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID", include_batch_in_index=True),
         [F(2, 4, 6, 3)], lambda x: _argmax(x, True), name="batch"),
    Case("MaxPoolWithArgmax",
         lambda tf, x: tf.nn.max_pool_with_argmax(x, [1, 3, 3, 1], [1, 2, 2, 1], "SAME", Targmax=tf.int64),
         [F(2, 5, 6, 3)], name="overlap", note="where overlapping windows with padding have their maximum"),
]  # fmt: skip
