"""Rows for reductions, scans, segments, counting, clipping, products of matrices and einsum."""

from __future__ import annotations

import numpy as np
from tests.ops.harness import B, C, Case, F, I, P, U
from tests.ops.raw import raw

_ZEROS = np.array([[1.5, 0.0, 2.0], [0.0, 3.0, 0.0], [2.0, 0.5, -1.0]])
_TIES = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
_AXES = np.array([2, 0], np.int32)
_IDS = np.array([2, 0, 2, -1, 0], np.int32)
_SORTED = np.array([0, 0, 2, 2, 3], np.int32)
_GRID = np.array([[0, 2], [1, 0]], np.int32)


def _open(tf, x):
    """``x`` as a tensor of unknown shape, so that gradients must find the shapes when they run."""
    return tf.placeholder_with_default(x, None)


def _sized(tf, x):
    """``x`` as a tensor of which only the rank is known."""
    return tf.placeholder_with_default(x, [None] * len(x.shape))


def _lse(x, **options):
    return np.log(np.sum(np.exp(x - x.max()), **options)) + x.max()


def _smallest_mean(x, axis):
    return np.trunc(x.sum(axis) / x.shape[axis]).astype(x.dtype)


_REDUCTIONS = [
    Case("Sum", lambda tf, x: tf.reduce_sum(x), [F(2, 3)], np.sum, name="all"),
    Case("Sum", lambda tf, x: tf.reduce_sum(x, [0, -1]), [F(2, 3, 4)], lambda x: x.sum((0, 2))),
    Case("Sum", lambda tf, x: tf.reduce_sum(x, 1, keep_dims=True), [F(2, 3, 4)], lambda x: x.sum(1, keepdims=True),
         name="kept"),
    Case("Sum", lambda tf, x: tf.reduce_sum(_open(tf, x)), [F(2, 3)], np.sum, name="unknown-all"),
    Case("Sum", lambda tf, x: tf.reduce_sum(_open(tf, x)), [F()], np.sum, name="unknown-scalar"),
    Case("Prod", lambda tf, x: tf.reduce_prod(_open(tf, x)), [F()], np.prod, name="unknown-scalar"),
    Case("Sum", lambda tf, x: tf.reduce_sum(_open(tf, x), [1]), [F(2, 3)], lambda x: x.sum(1), name="unknown"),
    Case("Sum", lambda tf, x: tf.reduce_sum(_sized(tf, x), reduction_indices=1), [F(2, 3, 4)], lambda x: x.sum(1),
         name="sizes"),
    Case("Sum", lambda tf, x, a: tf.reduce_sum(x, a), [F(2, 3, 4), _AXES], lambda x, a: x.sum((2, 0)),
         name="fed-axes"),
    Case("Sum", lambda tf, x: tf.reduce_sum(x, 0), [I(0, 9, 3, 4)], lambda x: x.sum(0).astype(x.dtype), name="int"),
    Case("Sum", lambda tf, x: tf.reduce_sum(x, 0), [C(3, 2)], lambda x: x.sum(0), name="complex", grad=False),
    Case("Mean", lambda tf, x: tf.reduce_mean(x, 1), [F(2, 3, 4)], lambda x: x.mean(1)),
    Case("Mean", lambda tf, x: tf.reduce_mean(_open(tf, x)), [F(2, 3)], np.mean, name="unknown"),
    Case("Mean", lambda tf, x: tf.reduce_mean(x, 1), [I(-9, 9, 3, 4)], lambda x: _smallest_mean(x, 1), name="int"),
    Case("Prod", lambda tf, x: tf.reduce_prod(x, 1), [F(2, 3, 4)], lambda x: x.prod(1)),
    Case("Prod", lambda tf, x: tf.reduce_prod(x, [2, 0]), [F(2, 3, 2)], lambda x: x.prod((0, 2)), name="two-axes"),
    Case("Prod", lambda tf, x: tf.reduce_prod(x, 1), [_ZEROS], lambda x: x.prod(1), name="zeros", second=False),
    Case("Prod", lambda tf, x: tf.reduce_prod(_open(tf, x)), [F(2, 3)], np.prod, name="unknown"),
    Case("Max", lambda tf, x: tf.reduce_max(x, 1), [F(2, 3, 4)], lambda x: x.max(1)),
    Case("Min", lambda tf, x: tf.reduce_min(x, [0, 2], keepdims=True), [F(2, 3, 4)],
         lambda x: x.min((0, 2), keepdims=True)),
    Case("Max", lambda tf, x: tf.reduce_max(_open(tf, x)), [I(-9, 9, 2, 3)], np.max, name="int"),
    Case("Max", lambda tf, x: tf.gradients(tf.reduce_max(x, 1), x)[0], [_TIES],
         lambda x: np.array([[0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3]], x.dtype), name="ties", grad=False),
    Case("All", lambda tf, x: tf.reduce_all(x, 0), [B(2, 5)], lambda x: x.all(0)),
    Case("Any", lambda tf, x: tf.reduce_any(x, 1), [B(3, 2)], lambda x: x.any(1)),
    Case("EuclideanNorm", lambda tf, x: tf.math.reduce_euclidean_norm(x, 1), [F(2, 3)],
         lambda x: np.sqrt((x * x).sum(1))),
    Case(("Max", "Exp", "Sum", "Log"), lambda tf, x: tf.reduce_logsumexp(x, 1), [F(2, 3)], lambda x: _lse(x, axis=1),
         name="logsumexp"),
    Case(("Max", "Exp"), lambda tf, x: tf.reduce_logsumexp(x), [np.array([1000.0, 1000.0, -np.inf])], _lse,
         name="logsumexp-large", grad=False),
    Case(("Max", "Exp"), lambda tf, x: tf.reduce_logsumexp(x, 0, keepdims=True), [F(2, 3)],
         lambda x: _lse(x, axis=0, keepdims=True), name="logsumexp-kept"),
    Case("Mean", lambda tf, x: tf.math.reduce_variance(x, 1), [F(2, 5)], lambda x: x.var(1), name="variance"),
    Case("Mean", lambda tf, x: tf.math.reduce_std(x, 0), [F(4, 2)], lambda x: x.std(0), name="std"),
    Case("NotEqual", lambda tf, x: tf.count_nonzero(x, 1), [_ZEROS], lambda x: np.count_nonzero(x, 1), name="count",
         grad=False),
    Case("ArgMax", lambda tf, x: tf.argmax(x, 1), [F(3, 5)], lambda x: x.argmax(1), grad=False),
    Case("ArgMax", lambda tf, x: tf.argmax(x, -2, output_type=tf.int32), [I(0, 3, 4, 5)],
         lambda x: x.argmax(0).astype(np.int32), name="int"),
    Case("ArgMin", lambda tf, x: tf.argmin(x, axis=0), [F(3, 5)], lambda x: x.argmin(0), grad=False),
]  # fmt: skip


def _shifted(x, axis, first):
    start = np.full_like(np.take(x, [0], axis), first)
    return np.concatenate([start, np.take(x, range(x.shape[axis] - 1), axis)], axis)


def _running(function, axis, first, exclusive=False, reverse=False):
    def reference(x):
        x = np.flip(x, axis) if reverse else x
        result = function(_shifted(x, axis, first) if exclusive else x, axis=axis).astype(x.dtype)
        return np.flip(result, axis) if reverse else result

    return reference


_SCANS = [
    Case(op, lambda tf, x, f=name, e=e, r=r: getattr(tf, f)(x, 1, exclusive=e, reverse=r), [spec],
         _running(function, 1, first, e, r), name=f"{'exclusive' * e}{'reverse' * r}" or "plain")
    for op, name, function, first, spec in (
        ("Cumsum", "cumsum", np.cumsum, 0, F(2, 4)),
        ("Cumprod", "cumprod", np.cumprod, 1, P(2, 4)),
    )
    for e in (False, True)
    for r in (False, True)
]  # fmt: skip
_SCANS += [
    Case("Cumsum", lambda tf, x: tf.cumsum(x), [I(0, 9, 4, 2)], _running(np.cumsum, 0, 0), name="int"),
    Case("CumulativeLogsumexp", lambda tf, x: tf.math.cumulative_logsumexp(x, 1), [F(2, 4)],
         lambda x: np.logaddexp.accumulate(x, 1)),
    Case("CumulativeLogsumexp", lambda tf, x: tf.math.cumulative_logsumexp(x, 0, reverse=True), [F(4, 2)],
         lambda x: np.logaddexp.accumulate(x[::-1], 0)[::-1], name="reverse"),
]  # fmt: skip


def _segments(reduce, empty, ids=_IDS, count=4):
    def reference(x, *_):
        width = x.shape[ids.ndim :]
        rows, flat = x.reshape((-1, *width)), ids.reshape(-1)
        parts = [rows[flat == s] for s in range(count)]
        return np.stack(
            [
                reduce(p, 0).astype(x.dtype) if len(p) else np.full(width, empty(x.dtype), x.dtype)
                for p in parts
            ]
        )

    return reference


def _zero(dtype):
    return 0


def _one(dtype):
    return 1


def _low(dtype):
    return np.finfo(dtype).min


def _high(dtype):
    return np.finfo(dtype).max


def _root_sum(x, axis):
    return x.sum(axis) / np.sqrt(len(x))


_SEGMENTS = [
    Case("UnsortedSegmentSum", lambda tf, x, i: tf.unsorted_segment_sum(x, i, 4), [F(5, 2), _IDS],
         _segments(np.sum, _zero)),
    Case("UnsortedSegmentSum", lambda tf, x, i: tf.unsorted_segment_sum(x, i, 3), [F(2, 2, 3), _GRID],
         _segments(np.sum, _zero, _GRID, 3), name="grid"),
    Case("UnsortedSegmentSum", lambda tf, x, i: tf.unsorted_segment_sum(_open(tf, x), i, 4), [F(5, 2), _IDS],
         _segments(np.sum, _zero), name="unknown"),
    Case("UnsortedSegmentProd", lambda tf, x, i: tf.unsorted_segment_prod(x, i, 4), [F(5, 2), _IDS],
         _segments(np.prod, _one)),
    Case("UnsortedSegmentProd", lambda tf, x, i: tf.unsorted_segment_prod(x, i, 3),
         [_ZEROS, np.array([1, 0, 1], np.int32)],
         _segments(np.prod, _one, np.array([1, 0, 1]), 3), name="zeros", second=False),
    Case("UnsortedSegmentMax", lambda tf, x, i: tf.unsorted_segment_max(x, i, 4), [F(5, 2), _IDS],
         _segments(np.max, _low), grad=False),
    Case("UnsortedSegmentMax", lambda tf, x, i: tf.unsorted_segment_max(x, i, 2),
         [F(4, 2), np.array([1, 0, 1, 0], np.int32)],
         _segments(np.max, _low, np.array([1, 0, 1, 0]), 2), name="full"),
    Case("UnsortedSegmentMin", lambda tf, x, i: tf.unsorted_segment_min(x, i, 2),
         [F(4, 2), np.array([1, 0, 1, -1], np.int32)],
         _segments(np.min, _high, np.array([1, 0, 1, -1]), 2)),
    Case("UnsortedSegmentSum", lambda tf, x, i: tf.unsorted_segment_mean(x, i, 4), [F(5, 2), _IDS],
         _segments(np.mean, _zero), name="mean"),
    Case("UnsortedSegmentSum", lambda tf, x, i: tf.unsorted_segment_sqrt_n(x, i, 4), [F(5, 2), _IDS],
         _segments(_root_sum, _zero), name="root"),
    Case("SegmentSum", lambda tf, x, i: tf.segment_sum(x, i), [F(5, 2), _SORTED], _segments(np.sum, _zero, _SORTED)),
    Case("SegmentMean", lambda tf, x, i: tf.segment_mean(x, i), [F(5, 2), _SORTED],
         _segments(np.mean, _zero, _SORTED)),
    Case("SegmentProd", lambda tf, x, i: tf.segment_prod(x, i), [F(5, 2), _SORTED],
         _segments(np.prod, _one, _SORTED)),
    Case("SegmentMax", lambda tf, x, i: tf.segment_max(x, i), [F(5, 2), _SORTED], _segments(np.max, _zero, _SORTED)),
    Case("SegmentMin", lambda tf, x, i: tf.segment_min(x, i), [F(5, 2), _SORTED], _segments(np.min, _zero, _SORTED)),
    Case("Bincount", lambda tf, x: tf.bincount(x), [np.array([[1, 4], [1, 0]], np.int32)],
         lambda x: np.bincount(x.ravel()).astype(np.int32)),
    Case("Bincount", lambda tf, x, w: tf.bincount(x, weights=w, minlength=6), [np.array([1, 4, 1], np.int32), F(3)],
         lambda x, w: np.bincount(x, w, 6).astype(w.dtype), name="weights", grad=False),
    Case("HistogramFixedWidth", lambda tf, x: tf.histogram_fixed_width(x, [0.0, 5.0], nbins=5),
         [np.array([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0])], lambda x: np.array([2, 1, 1, 0, 2], np.int32), grad=False,
         dtypes=("float32",)),
]  # fmt: skip


def _by_norm(x, limit):
    return x * (limit / max(np.linalg.norm(x), limit))


_CLIPPING = [
    Case(("Maximum", "Minimum"), lambda tf, x: tf.clip_by_value(x, -0.5, 0.75), [F(3, 4)],
         lambda x: np.clip(x, -0.5, 0.75), name="by-value"),
    Case("RealDiv", lambda tf, x: tf.clip_by_norm(x, 1.0), [F(3, 4)], lambda x: _by_norm(x, 1.0), name="by-norm"),
    Case("RealDiv", lambda tf, x: tf.clip_by_norm(x, 1.0, axes=[1]), [F(3, 4)],
         lambda x: np.stack([_by_norm(row, 1.0) for row in x]), name="by-norm-axes"),
    Case("Mul", lambda tf, x: tf.clip_by_average_norm(x, 0.1), [F(3, 4)], lambda x: _by_norm(x, 1.2),
         name="by-average-norm", dtypes=("float32",)),
    Case("Mul", lambda tf, x: tf.clip_by_average_norm(x, 0.1), [F(3, 4)], lambda x: _by_norm(x, 1.2),
         name="by-average-norm-double", dtypes=("float64",), oracle=False, note="TensorFlow takes float32 only"),
    Case("Mul", lambda tf, x, y: tf.clip_by_global_norm([x, y], 1.0)[0], [F(3, 4), F(2)],
         lambda x, y: [v / np.sqrt((x * x).sum() + (y * y).sum()) for v in (x, y)], name="by-global-norm"),
    Case("Sqrt", lambda tf, x, y: tf.global_norm([x, None, y]), [F(3, 4), F(2)],
         lambda x, y: np.sqrt((x * x).sum() + (y * y).sum()), name="global-norm"),
]  # fmt: skip


def _product(name, reference, *specs, **options):
    def build(tf, a, b):
        return tf.matmul(a, b, **options)

    return Case("MatMul", build, list(specs), reference, name=name)


def _batch(name, a, b, reference=np.matmul, **options):
    def build(tf, x, y):
        return tf.matmul(x, y, **options)

    return Case("BatchMatMulV2", build, [a, b], reference, name=name)


def _t(x):
    return np.swapaxes(x, -1, -2)


_MATRICES = [
    _product("", lambda a, b: a @ b, F(2, 3), F(3, 4)),
    _product("a", lambda a, b: a.T @ b, F(3, 2), F(3, 4), transpose_a=True),
    _product("b", lambda a, b: a @ b.T, F(2, 3), F(4, 3), transpose_b=True),
    _product("ab", lambda a, b: a.T @ b.T, F(3, 2), F(4, 3), transpose_a=True, transpose_b=True),
    Case("MatMul", lambda tf, a, b: tf.matmul(a, b, adjoint_a=True), [C(3, 2), C(3, 2)], lambda a, b: a.conj().T @ b,
         name="adjoint", grad=False),
    Case("MatMul", lambda tf, a, b: tf.matmul(a, b), [I(-5, 5, 2, 3), I(-5, 5, 3, 2)], np.matmul, name="int"),
    Case("MatMul", lambda tf, a, b: _sized(tf, a) @ _sized(tf, b), [F(2, 3), F(3, 2)], np.matmul, name="sizes"),
    Case("SparseMatMul", lambda tf, a, b: tf.matmul(a, b, a_is_sparse=True, transpose_b=True), [F(2, 3), F(4, 3)],
         lambda a, b: a @ b.T, dtypes=("float32",)),
    _batch("", F(2, 3, 4), F(2, 4, 2)),
    _batch("broadcast", F(2, 1, 3, 4), F(3, 4, 2)),
    _batch("matrix", F(2, 3, 4), F(4, 2)),
    _batch("transposed", F(2, 4, 3), F(2, 2, 4), lambda x, y: _t(x) @ _t(y), transpose_a=True, transpose_b=True),
    Case("BatchMatMulV2", lambda tf, x, y: tf.matmul(_open(tf, x), _open(tf, y)), [F(2, 3, 4), F(4, 2)], np.matmul,
         name="unknown"),
    Case("BatchMatMul", lambda tf, x, y: raw(tf, "BatchMatMul", x=x, y=y, adj_x=True), [F(2, 4, 3), F(2, 4, 2)],
         lambda x, y: _t(x) @ y),
    Case("BatchMatMulV2", lambda tf, x, y: tf.matmul(x, y, adjoint_b=True), [C(2, 2, 3), C(2, 2, 3)],
         lambda x, y: x @ _t(y).conj(), name="complex", grad=False),
    Case("MatMul", lambda tf, a, b: tf.linalg.matvec(a, b), [F(2, 3), F(3)], np.matmul, name="vector"),
    Case("MatMul", lambda tf, a, b: tf.tensordot(a, b, 1), [F(2, 3, 4), F(4, 2)], lambda a, b: np.tensordot(a, b, 1),
         name="tensordot"),
    Case("MatMul", lambda tf, a, b: tf.tensordot(a, b, [[0, 2], [3, 1]]), [F(2, 3, 4), F(2, 4, 3, 2)],
         lambda a, b: np.tensordot(a, b, [[0, 2], [3, 1]]), name="tensordot-axes"),
    Case("MatMul", lambda tf, a, b: tf.tensordot(_sized(tf, a), _sized(tf, b), [[1], [0]]), [F(2, 3, 4), F(3, 2)],
         lambda a, b: np.tensordot(a, b, [[1], [0]]), name="tensordot-sizes"),
    Case("MatMul", lambda tf, a, b: tf.tensordot(a, b, 0), [F(2), F(3)], lambda a, b: np.tensordot(a, b, 0),
         name="outer"),
]  # fmt: skip


def _einsum(equation, *specs, name="", opened=False):
    def build(tf, *values):
        return tf.einsum(equation, *(_sized(tf, v) if opened else v for v in values))

    return Case("Einsum", build, list(specs), lambda *v: np.einsum(equation, *v), name=name or equation)


_EINSUM = [
    _einsum("ij,jk->ik", F(2, 3), F(3, 4)),
    _einsum("bij,bkj->bik", F(2, 2, 3), F(2, 4, 3)),
    _einsum("ij,ij->", F(2, 3), F(2, 3)),
    _einsum("ij->ji", F(2, 3)),
    _einsum("ij->i", F(2, 3)),
    _einsum("ii->i", F(3, 3)),
    _einsum("ii->", F(3, 3)),
    _einsum("i,j->ij", F(2), F(3)),
    _einsum("ij,k->i", F(2, 3), F(4)),
    _einsum("...ij,...jk->...ik", F(2, 1, 2, 3), F(4, 3, 2)),
    _einsum("...ij,jk->ik...", F(2, 2, 3), F(3, 2)),
    _einsum("...ij,...jk->...ik", F(2, 1, 2, 3), F(4, 3, 2), name="sizes", opened=True),
    _einsum("ij,jk", F(2, 3), F(3, 2)),
    _einsum("ab,bc,cd->ad", F(2, 3), F(3, 2), F(2, 4)),
    _einsum("ij,jk->ik", I(0, 9, 2, 3), I(0, 9, 3, 2), name="int"),
    Case("Einsum", lambda tf, x: raw(tf, "Einsum", inputs=[x], equation="i->ii"), [F(3)], np.diag, name="diagonal"),
    Case("Einsum", lambda tf, x, y: tf.real(tf.einsum("ij,j->i", tf.complex(x, y), tf.complex(y[0], x[0]))),
         [U(2, 3), U(2, 3)],
         lambda x, y: ((x + 1j * y) @ (y[0] + 1j * x[0])).real, name="complex"),
]  # fmt: skip
CASES = [*_REDUCTIONS, *_SCANS, *_SEGMENTS, *_CLIPPING, *_MATRICES, *_EINSUM]
