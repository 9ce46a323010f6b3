"""Rows for slicing, indexing, gathering, scattering, padding, choosing, ordering and moving blocks."""

from __future__ import annotations

import numpy as np
from tests.ops.harness import B, Case, F, I
from tests.ops.raw import raw

_ONE = np.array(1, np.int32)
_PADS = np.array([[1, 2], [0, 1]], np.int32)
_PLACES = np.array([[0, 2], [1, 0], [0, 2]], np.int32)
_LENGTHS = np.array([3, 0, 2], np.int32)
_UNSORTED = np.array([3, 1, 3, 2, 1, 7], np.int32)
_PARTS = np.array([1, 0, 1, 2], np.int32)


def _open(tf, x):
    """``x`` as a tensor of which only the rank is known, so that shapes stay open while building."""
    return tf.placeholder_with_default(x, [None] * len(x.shape))


def _scattered(places, updates, shape):
    result = np.zeros(shape, updates.dtype)
    np.add.at(result, tuple(np.moveaxis(places, -1, 0)), updates)
    return result


def _batch_taken(x, i):
    return np.stack([np.take(x[b], i[b], axis=1) for b in range(len(x))])


def _reversed(x, lengths):
    result = x.copy()
    for row, n in enumerate(lengths):
        result[row, :n] = x[row, :n][::-1]
    return result


def _blocks_to_depth(x, b):
    n, h, w, _ = x.shape
    return np.stack([
        np.stack([np.stack([x[k, i : i + b, j : j + b].reshape(-1) for j in range(0, w, b)]) for i in range(0, h, b)])
        for k in range(n)
    ])  # fmt: skip


def _patches(x, size, stride):
    n, h, w, _ = x.shape
    return np.stack([
        np.stack([
            np.stack([x[k, i : i + size, j : j + size].reshape(-1) for j in range(0, w - size + 1, stride)])
            for i in range(0, h - size + 1, stride)
        ])
        for k in range(n)
    ])  # fmt: skip


def _to_batch(x, b):
    return np.concatenate([x[:, i::b, j::b] for i in range(b) for j in range(b)])


def _from_batch(x, b):
    result = np.zeros((x.shape[0] // b**2, x.shape[1] * b, x.shape[2] * b, x.shape[3]), x.dtype)
    for k, part in enumerate(np.split(x, b * b)):
        result[:, k // b :: b, k % b :: b] = part
    return result


CASES = [
    Case("Slice", lambda tf, x: [tf.slice(x, [0, 1], [2, 2]), tf.slice(x, [1, 0], [-1, -1])], [F(3, 4)],
         lambda x: [x[:2, 1:3], x[1:]]),
    Case("Slice", lambda tf, x, b: tf.slice(_open(tf, x), tf.stack([b + 1, 0]), [1, 3]), [F(3, 4), _ONE],
         lambda x, b: x[2:3, :3], name="dynamic"),
    Case("Slice", lambda tf, x: tf.slice(_open(tf, x), [1, 1], tf.shape(_open(tf, x)) - [1, 2]), [F(3, 4)],
         lambda x: x[1:, 1:3], name="size-of-shape"),
    Case("StridedSlice", lambda tf, x: [x[1], x[:, 1:3], x[..., -1], x[::-1, 3:0:-2], x[0, 2], x[-2:], x[:, None, 1],
                                        x[tf.newaxis, ..., 1:2, tf.newaxis]], [F(3, 4)],
         lambda x: [x[1], x[:, 1:3], x[..., -1], x[::-1, 3:0:-2], x[0, 2], x[-2:], x[:, None, 1],
                    x[None, ..., 1:2, None]]),
    Case("StridedSlice", lambda tf, x, i: [x[i], x[1:, i], x[i, 1:i + 2], _open(tf, x)[:, -i]], [F(3, 4), _ONE],
         lambda x, i: [x[1], x[1:, 1], x[1, 1:3], x[:, -1]], name="tensor-index"),
    Case("StridedSlice", lambda tf, x, i: [x[i * 1], x[0, 2 - i], x[i * 2, ::2]], [F(3, 4), _ONE],
         lambda x, i: [x[1], x[0, 1], x[2, ::2]], name="computed-index"),
    Case("StridedSlice", lambda tf, x: tf.strided_slice(x, [0, 0, 1], [0, 2, 4], [1, 1, 2], begin_mask=1, end_mask=1,
                                                        new_axis_mask=2, shrink_axis_mask=0), [F(3, 4)],
         lambda x: x[:, None, 1:4:2], name="masks"),
    Case("StridedSliceGrad", lambda tf, dy: raw(tf, "StridedSliceGrad", shape=np.array([4, 3], np.int32),
                                                begin=np.array([3, 1], np.int32), end=np.array([0, 2], np.int32),
                                                strides=np.array([-2, 1], np.int32), dy=dy, begin_mask=0, end_mask=0,
                                                ellipsis_mask=0, new_axis_mask=0, shrink_axis_mask=2), [F(2)],
         lambda dy: np.array([[0, 0, 0], [0, dy[1], 0], [0, 0, 0], [0, dy[0], 0]])),
    Case("GatherV2", lambda tf, x, i: tf.gather(x, i), [F(5, 3), I(0, 5, 2, 2)], lambda x, i: x[i]),
    Case("GatherV2", lambda tf, x, i: [tf.gather(x, i, axis=1), tf.gather(x, i, axis=-1)], [F(2, 5, 4), I(0, 4, 3)],
         lambda x, i: [x[:, i], x[..., i]], name="axis"),
    Case("GatherV2", lambda tf, x, i: tf.gather(x, i, batch_dims=1), [F(3, 5, 2), I(0, 5, 3, 2)],
         lambda x, i: np.stack([x[b][i[b]] for b in range(3)]), name="batch"),
    Case("GatherV2", lambda tf, x, i: tf.gather(x, i, axis=2, batch_dims=1), [F(3, 2, 5, 2), I(0, 5, 3, 2, dtype="int64")],
         _batch_taken, name="batch-axis"),
    Case("GatherV2", lambda tf, x: tf.gather(tf.shape(_open(tf, x)), [1, 0]), [F(3, 2)],
         lambda x: np.array([2, 3], np.int32), name="of-shape"),
    Case("Gather", lambda tf, x, i: raw(tf, "Gather", params=x, indices=i), [F(5, 3), I(0, 5, 2, 2)], lambda x, i: x[i]),
    Case("GatherNd", lambda tf, x: [tf.gather_nd(x, _PLACES), tf.gather_nd(x, [[1], [0]])], [F(2, 3, 2)],
         lambda x: [x[[0, 1, 0], [2, 0, 2]], x[[1, 0]]]),
    Case("GatherNd", lambda tf, x: tf.gather_nd(x, [1, 2]), [F(2, 3, 2)], lambda x: x[1, 2], name="one", oracle=False,
         note="TensorFlow's own gradient fails for one place"),
    Case("ScatterNd", lambda tf, u: tf.scatter_nd(_PLACES, u, [2, 3, 2]), [F(3, 2)],
         lambda u: _scattered(_PLACES, u, (2, 3, 2))),
    Case("TensorScatterUpdate", lambda tf, x, u: tf.tensor_scatter_update(x, [[2], [0]], u), [F(3, 2), F(2, 2)],
         lambda x, u: np.stack([u[1], x[1], u[0]])),
    Case("TensorScatterAdd", lambda tf, x, u: tf.tensor_scatter_add(x, [[2], [2]], u), [F(3, 2), F(2, 2)],
         lambda x, u: np.stack([x[0], x[1], x[2] + u[0] + u[1]])),
    Case("TensorScatterSub", lambda tf, x, u: tf.tensor_scatter_sub(x, [[2], [2]], u), [F(3, 2), F(2, 2)],
         lambda x, u: np.stack([x[0], x[1], x[2] - u[0] - u[1]])),
    Case("SparseToDense", lambda tf, v, d: tf.sparse_to_dense([[0, 2], [1, 0]], [2, 3], v, d[0]), [F(2), F(1)],
         lambda v, d: np.array([[d[0], d[0], v[0]], [v[1], d[0], d[0]]])),
    Case("SparseToDense", lambda tf, i: tf.sparse_to_dense(i, [6], 1, 0), [np.array([1, 4], np.int32)],
         lambda i: np.array([0, 1, 0, 0, 1, 0], np.int32), name="scalar-value"),
    Case("DynamicStitch", lambda tf, x, y: tf.dynamic_stitch([[0, 3], [[1], [2]]], [x, y]), [F(2, 2), F(2, 1, 2)],
         lambda x, y: np.stack([x[0], y[0, 0], y[1, 0], x[1]])),
    Case("ParallelDynamicStitch", lambda tf, x, y: raw(tf, "ParallelDynamicStitch", indices=[[0, 3], [1, 2]], data=[x, y]),
         [F(2, 2), F(2, 2)], lambda x, y: np.stack([x[0], y[0], y[1], x[1]])),
    Case("DynamicPartition", lambda tf, x, p: tf.dynamic_partition(x, p, 3), [F(4, 2), _PARTS],
         lambda x, p: [x[1:2], x[[0, 2]], x[3:]]),
    Case("Pad", lambda tf, x: tf.pad(x, _PADS), [F(2, 3)], lambda x: np.pad(x, _PADS)),
    Case("Pad", lambda tf, x, p: tf.pad(_open(tf, x), p), [F(2, 3), _PADS], lambda x, p: np.pad(x, p), name="fed"),
    Case("PadV2", lambda tf, x, v: tf.pad(x, _PADS, constant_values=v[0]), [F(2, 3), F(1)],
         lambda x, v: np.pad(x, _PADS, constant_values=v[0]), oracle=False,
         note="TensorFlow gives no gradient for the border's value"),
    Case("PadV2", lambda tf, x: tf.pad(x, _PADS, constant_values=1.5), [F(2, 3)],
         lambda x: np.pad(x, _PADS, constant_values=1.5), name="number"),
    Case("MirrorPad", lambda tf, x: [tf.pad(x, [[1, 2], [2, 1]], "REFLECT"), tf.pad(x, [[3, 2], [2, 1]], "symmetric")],
         [F(3, 3)], lambda x: [np.pad(x, [[1, 2], [2, 1]], "reflect"), np.pad(x, [[3, 2], [2, 1]], "symmetric")]),
    Case("MirrorPadGrad", lambda tf, x: raw(tf, "MirrorPadGrad", input=x, paddings=np.array([[1, 0]], np.int32),
                                            mode="REFLECT"), [F(4)], lambda x: np.array([x[1], x[2] + x[0], x[3]])),
    Case("Select", lambda tf, c, x, y: tf.where(c, x, y), [B(2, 3), F(2, 3), F(2, 3)], np.where),
    Case("Select", lambda tf, c, x, y: [tf.where(c, x, y), tf.where(tf.constant(True), y, x)], [B(2), F(2, 3), F(2, 3)],
         lambda c, x, y: [np.where(c[:, None], x, y), y], name="rows"),
    Case("SelectV2", lambda tf, c, x, y: tf.where_v2(c, x, y), [B(2, 1), F(3), F(2, 3)], np.where),
    Case("Where", lambda tf, c: tf.where(c), [B(3, 4)], lambda c: np.argwhere(c)),
    Case("Where", lambda tf, x: tf.where(tf.greater(x, 0)), [F(3, 4)], lambda x: np.argwhere(x > 0), name="computed"),
    Case("Where", lambda tf, x, m: [tf.boolean_mask(x, m), tf.boolean_mask(_open(tf, x), [True, False, True], axis=1)],
         [F(4, 3), np.array([True, False, True, True])], lambda x, m: [x[m], x[:, [0, 2]]], name="boolean-mask"),
    Case("OneHot", lambda tf, i: [tf.one_hot(i, 4), tf.one_hot(i, 4, axis=0, dtype=tf.int32),
                                  tf.one_hot(i, 4, True, False), tf.one_hot(i, 4, 5.0, -1.0, 1)], [I(-1, 5, 2, 3)],
         lambda i: [(i[..., None] == np.arange(4)).astype(np.float32),
                    (i[None] == np.arange(4)[:, None, None]).astype(np.int32), i[..., None] == np.arange(4),
                    np.where(i[:, None] == np.arange(4)[None, :, None], np.float32(5), np.float32(-1))]),
    Case("OneHot", lambda tf, i: tf.sequence_mask(i, 4), [_LENGTHS], lambda i: np.arange(4) < i[:, None],
         name="sequence-mask"),
    Case("OneHot", lambda tf, i: tf.sequence_mask(i, dtype=tf.float32), [_LENGTHS],
         lambda i: (np.arange(3) < i[:, None]).astype(np.float32), name="sequence-mask-longest"),
    Case("Unique", lambda tf, x: list(tf.unique(x)), [_UNSORTED],
         lambda x: [np.array([3, 1, 2, 7], np.int32), np.array([0, 1, 0, 2, 1, 3], np.int32)]),
    Case("UniqueWithCounts", lambda tf, x: list(tf.unique_with_counts(x, tf.int64)), [_UNSORTED],
         lambda x: [np.array([3, 1, 2, 7], np.int32), np.array([0, 1, 0, 2, 1, 3]), np.array([2, 2, 1, 1])]),
    Case("ListDiff", lambda tf, x, y: list(tf.setdiff1d(x, y)), [_UNSORTED, np.array([1, 7], np.int32)],
         lambda x, y: [np.array([3, 3, 2], np.int32), np.array([0, 2, 3], np.int32)]),
    Case("ReverseV2", lambda tf, x: [tf.reverse(x, [1]), tf.reverse(x, [0, -1])], [F(2, 3)],
         lambda x: [x[:, ::-1], x[::-1, ::-1]]),
    Case("Reverse", lambda tf, x: raw(tf, "Reverse", tensor=x, dims=np.array([True, False])), [F(2, 3)],
         lambda x: x[::-1]),
    Case("ReverseSequence", lambda tf, x, n: tf.reverse_sequence(x, n, seq_axis=1, batch_axis=0), [F(3, 4, 2), _LENGTHS],
         _reversed),
    Case("ReverseSequence", lambda tf, x, n: tf.reverse_sequence(x, n, seq_dim=0, batch_dim=1), [F(4, 3), _LENGTHS],
         lambda x, n: _reversed(x.T, n).T, name="time-major"),
    Case("Roll", lambda tf, x: [tf.roll(x, 1, 0), tf.roll(x, [-1, 2], [0, 1])], [F(3, 4)],
         lambda x: [np.roll(x, 1, 0), np.roll(x, (-1, 2), (0, 1))]),
    Case("GatherV2", lambda tf, x: [tf.repeat(x, 2), tf.repeat(x, 3, axis=1), tf.repeat(x, [1, 0, 2], axis=0)], [F(3, 2)],
         lambda x: [np.repeat(x, 2), np.repeat(x, 3, 1), np.repeat(x, [1, 0, 2], 0)], name="repeat"),
    Case("GatherV2", lambda tf, x, i: tf.batch_gather(x, i), [F(2, 3, 4), I(0, 3, 2, 2)],
         lambda x, i: np.stack([x[b, i[b]] for b in range(2)]), name="batch-gather"),
    Case("UnravelIndex", lambda tf, i: tf.unravel_index(i, [3, 4]), [I(0, 12, 5)],
         lambda i: np.stack(np.unravel_index(i, (3, 4))).astype(np.int32)),
    Case("TopKV2", lambda tf, x: list(tf.nn.top_k(x, 2)), [F(2, 3, 5)],
         lambda x: [-np.sort(-x)[..., :2], np.argsort(-x, kind="stable")[..., :2].astype(np.int32)]),
    Case("TopKV2", lambda tf, x: list(tf.nn.top_k(x, k=3)), [_UNSORTED],
         lambda x: [np.array([7, 3, 3], np.int32), np.array([5, 0, 2], np.int32)], name="ties"),
    Case("TopK", lambda tf, x: list(raw(tf, "TopK", input=x, k=2)), [F(3, 5)],
         lambda x: [-np.sort(-x)[..., :2], np.argsort(-x)[..., :2].astype(np.int32)], oracle=False,
         note="TensorFlow has taken the op away; old graphs hold it"),
    Case("TopKV2", lambda tf, x, i: [tf.sort(x, axis=0), tf.sort(x, direction="DESCENDING"), tf.argsort(x), tf.sort(i)],
         [F(3, 4), _UNSORTED], lambda x, i: [np.sort(x, 0), -np.sort(-x), np.argsort(x).astype(np.int32), np.sort(i)],
         name="sort"),
    Case("InTopKV2", lambda tf, x, t: tf.nn.in_top_k(x, t, 2), [
        np.array([[0.1, 0.5, 0.4], [0.3, 0.3, 0.4], [0.9, 0.0, 0.1]], np.float32), np.array([2, 0, 1], np.int32)],
        lambda x, t: np.array([True, True, False]), dtypes=("float32",)),
    Case("InTopK", lambda tf, x, t: raw(tf, "InTopK", predictions=x, targets=t, k=1), [
        np.array([[0.1, 0.5, 0.4], [0.3, 0.3, 0.4]], np.float32), np.array([1, 0], np.int32)],
        lambda x, t: np.array([True, False]), dtypes=("float32",)),
    Case("SpaceToDepth", lambda tf, x: tf.space_to_depth(x, 2), [F(2, 4, 6, 3)], lambda x: _blocks_to_depth(x, 2)),
    Case("DepthToSpace", lambda tf, x: tf.depth_to_space(x, 2), [F(1, 2, 3, 8)], None,
         note="the inverse of SpaceToDepth; TensorFlow is the reference"),
    Case("SpaceToBatchND", lambda tf, x: tf.space_to_batch_nd(x, [2, 2], [[0, 1], [1, 0]]), [F(2, 3, 5, 2)],
         lambda x: _to_batch(np.pad(x, [[0, 0], [0, 1], [1, 0], [0, 0]]), 2)),
    Case("SpaceToBatchND", lambda tf, x: tf.space_to_batch(x, [[0, 0], [0, 0]], 2), [F(2, 4, 6, 2)],
         lambda x: _to_batch(x, 2), name="images"),
    Case("BatchToSpaceND", lambda tf, x: tf.batch_to_space_nd(x, [2, 2], [[0, 1], [1, 0]]), [F(8, 2, 3, 2)],
         lambda x: _from_batch(x, 2)[:, :-1, 1:]),
    Case("BatchToSpaceND", lambda tf, x: tf.batch_to_space(x, [[0, 0], [0, 0]], 2), [F(8, 2, 3, 2)],
         lambda x: _from_batch(x, 2), name="images"),
    Case("SpaceToBatch", lambda tf, x: raw(tf, "SpaceToBatch", input=x, paddings=np.zeros((2, 2), np.int32), block_size=2),
         [F(2, 4, 6, 2)], lambda x: _to_batch(x, 2)),
    Case("BatchToSpace", lambda tf, x: raw(tf, "BatchToSpace", input=x, crops=np.zeros((2, 2), np.int32), block_size=2),
         [F(8, 2, 3, 2)], lambda x: _from_batch(x, 2)),
    Case("SpaceToBatchND", lambda tf, x: list(tf.required_space_to_batch_paddings(tf.shape(_open(tf, x)), [2, 3])),
         [F(3, 5)], lambda x: [np.array([[0, 1], [0, 1]], np.int32)] * 2, name="required-paddings"),
    Case("ExtractImagePatches", lambda tf, x: tf.extract_image_patches(x, [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "VALID"),
         [F(2, 4, 5, 3)], lambda x: _patches(x, 2, 2)),
    Case("ExtractImagePatches", lambda tf, x: tf.extract_image_patches(x, [1, 3, 2, 1], [1, 2, 1, 1], [1, 1, 2, 1], "SAME"),
         [F(1, 4, 5, 2)], None, name="same", note="TensorFlow's padding is the reference"),
]  # fmt: skip
