"""Rows for shapes, reshaping, joining, splitting and creation."""

from __future__ import annotations

import numpy as np
from tests.ops.harness import C, Case, F, I
from tests.ops.raw import raw

_N = np.array(3, np.int32)
_SHAPE32 = np.array([3, 2], np.int32)


def _placeholder_like(tf, x):
    """``x`` as a tensor of which only the rank is known, so that shapes stay open while building."""
    return tf.placeholder_with_default(x, [None] * len(x.shape))


CASES = [
    Case("Shape", lambda tf, x: tf.shape(_placeholder_like(tf, x)), [F(2, 3)], lambda x: np.array(x.shape, np.int32)),
    Case("Shape", lambda tf, x: tf.shape(x, out_type=tf.int64), [F(2, 3)], lambda x: np.array(x.shape), name="int64"),
    Case("ShapeN", lambda tf, x, y: tf.shape_n([x, y]), [F(2, 3), F(4)], lambda x, y: [
        np.array(x.shape, np.int32), np.array(y.shape, np.int32)]),
    Case("Size", lambda tf, x: tf.size(_placeholder_like(tf, x)), [F(2, 3)], lambda x: np.array(x.size, np.int32)),
    Case("Rank", lambda tf, x: tf.rank(x), [F(2, 3)], lambda x: np.array(x.ndim, np.int32)),
    Case("Rank", lambda tf, x: tf.rank(tf.placeholder_with_default(x, None)), [F(2, 3)],
         lambda x: np.array(x.ndim, np.int32), name="unknown"),
    Case("Reshape", lambda tf, x: tf.reshape(x, [3, -1]), [F(2, 6)], lambda x: x.reshape(3, 4)),
    Case("Reshape", lambda tf, x: tf.reshape(_placeholder_like(tf, x), [tf.shape(_placeholder_like(tf, x))[0], -1]),
         [F(2, 3, 2)], lambda x: x.reshape(2, 6), name="dynamic"),
    Case("Reshape", lambda tf, x, n: tf.reshape(x, tf.stack([n, -1])), [F(2, 6), _N], lambda x, n: x.reshape(3, 4),
         name="fed"),
    Case("Reshape", lambda tf, x: tf.reshape(x, []), [F(1, 1)], lambda x: x.reshape(()), name="scalar"),
    Case("Transpose", lambda tf, x: tf.transpose(x), [F(2, 3, 4)], lambda x: x.transpose()),
    Case("Transpose", lambda tf, x: tf.transpose(x, [1, 2, 0]), [F(2, 3, 4)], lambda x: x.transpose(1, 2, 0),
         name="perm"),
    Case("Transpose", lambda tf, x: tf.transpose(tf.placeholder_with_default(x, None)), [F(2, 3)],
         lambda x: x.transpose(), name="unknown-rank"),
    Case("ConjugateTranspose", lambda tf, x: tf.transpose(x, conjugate=True), [C(2, 3)], lambda x: x.conj().T),
    Case("InvertPermutation", lambda tf, p: tf.invert_permutation(p), [np.array([2, 0, 1, 3], np.int32)],
         lambda p: np.argsort(p).astype(np.int32)),
    Case("ExpandDims", lambda tf, x: [tf.expand_dims(x, 0), tf.expand_dims(x, -1), tf.expand_dims(x, dim=1)], [F(2, 3)],
         lambda x: [x[None], x[..., None], x[:, None]]),
    Case("Squeeze", lambda tf, x: [tf.squeeze(x), tf.squeeze(x, [0, -1]), tf.squeeze(x, squeeze_dims=[2])],
         [F(1, 3, 1, 2, 1)], lambda x: [x.squeeze(), x.squeeze((0, 4)), x.squeeze(2)]),
    Case("Squeeze", lambda tf, x: tf.squeeze(_placeholder_like(tf, x)), [F(1, 3, 1)], lambda x: x.squeeze(),
         name="dynamic"),
    Case("EnsureShape", lambda tf, x: tf.ensure_shape(_placeholder_like(tf, x), [None, 3]), [F(2, 3)], lambda x: x),
    Case("BroadcastTo", lambda tf, x: tf.broadcast_to(x, [2, 4, 3]), [F(4, 1)], lambda x: np.broadcast_to(x, (2, 4, 3))),
    Case("BroadcastTo", lambda tf, x, s: tf.broadcast_to(_placeholder_like(tf, x), s), [F(3, 1), _SHAPE32],
         lambda x, s: np.broadcast_to(x, (3, 2)), name="fed"),
    Case("BroadcastArgs", lambda tf, a, b: tf.broadcast_dynamic_shape(a, b),
         [np.array([4, 1], np.int32), np.array([2, 1, 3], np.int32)], lambda a, b: np.array([2, 4, 3], np.int32)),
    Case("ConcatV2", lambda tf, x, y: [tf.concat([x, y], 1), tf.concat(axis=-1, values=[y, x, y])], [F(2, 3), F(2, 1)],
         lambda x, y: [np.concatenate([x, y], 1), np.concatenate([y, x, y], 1)]),
    Case("ConcatV2", lambda tf, x, y: tf.concat([_placeholder_like(tf, x), _placeholder_like(tf, y)], 0),
         [F(2, 3), F(1, 3)], lambda x, y: np.concatenate([x, y]), name="dynamic"),
    Case("ConcatV2", lambda tf, x: tf.concat([x], 0), [F(2, 3)], lambda x: x, name="one"),
    Case("Concat", lambda tf, x, y: raw(tf, "Concat", concat_dim=1, values=[x, y]), [F(2, 3), F(2, 1)],
         lambda x, y: np.concatenate([x, y], 1)),
    Case("ConcatOffset", lambda tf, x, y: raw(tf, "ConcatOffset", concat_dim=1, shape=[x, y]),
         [np.array([2, 3], np.int32), np.array([2, 1], np.int32)],
         lambda x, y: [np.array([0, 0], np.int32), np.array([0, 3], np.int32)]),
    Case("Pack", lambda tf, x, y: [tf.stack([x, y]), tf.stack([x, y], axis=-1), tf.stack([x, y], 1)], [F(2, 3), F(2, 3)],
         lambda x, y: [np.stack([x, y]), np.stack([x, y], -1), np.stack([x, y], 1)]),
    Case("Pack", lambda tf, n: tf.stack([n, 2, n + 1]), [_N], lambda n: np.array([3, 2, 4], np.int32), name="numbers"),
    Case("Unpack", lambda tf, x: tf.unstack(x, axis=1), [F(2, 3)], lambda x: [x[:, 0], x[:, 1], x[:, 2]]),
    Case("Unpack", lambda tf, x: tf.unstack(_placeholder_like(tf, x), num=2), [F(2, 3)], lambda x: [x[0], x[1]],
         name="num"),
    Case("ParallelConcat", lambda tf, x, y: tf.parallel_stack([x, y]), [F(2, 3), F(2, 3)],
         lambda x, y: np.stack([x, y]), grad=False),
    Case("Split", lambda tf, x: tf.split(x, 3, axis=1), [F(2, 6)], lambda x: np.split(x, 3, 1)),
    Case("Split", lambda tf, x: tf.split(_placeholder_like(tf, x), 2), [F(2, 6)], lambda x: np.split(x, 2),
         name="dynamic"),
    Case("SplitV", lambda tf, x: tf.split(x, [1, 4, -1], axis=1), [F(2, 6)], lambda x: np.split(x, [1, 5], 1)),
    Case("Tile", lambda tf, x: tf.tile(x, [2, 3]), [F(2, 2)], lambda x: np.tile(x, (2, 3))),
    Case("Tile", lambda tf, x, m: tf.tile(tf.placeholder_with_default(x, None), m), [F(2, 2), _SHAPE32],
         lambda x, m: np.tile(x, (3, 2)), name="dynamic"),
    Case("Fill", lambda tf, v: tf.fill([2, 3], v[0]), [F(1)], lambda v: np.full((2, 3), v[0])),
    Case("ZerosLike", lambda tf, x: tf.zeros_like(_placeholder_like(tf, x)), [F(2, 3)], np.zeros_like, grad=False),
    Case("ZerosLike", lambda tf, x: tf.zeros_like(_placeholder_like(tf, x), dtype=tf.int32), [F(2, 3)],
         lambda x: np.zeros(x.shape, np.int32), name="dtype"),
    Case("OnesLike", lambda tf, x: tf.ones_like(_placeholder_like(tf, x)), [F(2, 3)], np.ones_like, grad=False),
    Case(("Fill", "Const"), lambda tf: [tf.zeros([2, 3]), tf.ones([40, 30]), tf.zeros([2], tf.bool), tf.ones([], tf.int64)],
         [], lambda: [np.zeros((2, 3), np.float32), np.ones((40, 30), np.float32), np.zeros(2, bool), np.ones((), np.int64)],
         name="zeros-ones"),
    Case("Range", lambda tf, n: [tf.range(n), tf.range(10, 1, -3), tf.range(0.0, 1.0, 0.3)], [_N],
         lambda n: [np.arange(3, dtype=np.int32), np.array([10, 7, 4], np.int32),
                    np.float32(0.3) * np.arange(4, dtype=np.float32)]),
    Case("LinSpace", lambda tf, a, b: tf.linspace(a[0], b[0], 5), [F(1), F(1)], lambda a, b: np.linspace(a[0], b[0], 5)),
    Case("LinSpace", lambda tf, a, b: tf.lin_space(a[0], b[0], 1), [F(1), F(1)], lambda a, b: a, name="one"),
    Case("BroadcastTo", lambda tf, x, y: tf.meshgrid(x, y), [F(2), F(3)], lambda x, y: np.meshgrid(x, y), name="meshgrid"),
    Case("BroadcastTo", lambda tf, x, y: tf.meshgrid(x, y, indexing="ij"), [F(2), F(3)],
         lambda x, y: np.meshgrid(x, y, indexing="ij"), name="meshgrid-ij"),
    Case("IdentityN", lambda tf, x, y: tf.identity_n([x, y]), [F(2), I(0, 9, 3)], lambda x, y: [x, y]),
    Case("GuaranteeConst", lambda tf, x: tf.guarantee_const(x), [F(2)], lambda x: x),
]  # fmt: skip
