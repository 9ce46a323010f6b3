"""Rows for linear algebra. What is settled only up to a sign or a turn is compared through what does not change."""

from __future__ import annotations

import numpy as np
from tests.ops.harness import Case, F, I, U
from tests.ops.raw import raw

_BAND = np.array([-1, 1], np.int32)


def _open(tf, x):
    """``x`` as a tensor of which only the rank is known."""
    return tf.placeholder_with_default(x, [None] * len(x.shape))


def _t(x):
    return np.swapaxes(x, -1, -2)


def _invertible(tf, x):
    """A matrix far from singular."""
    return x + 4.0 * tf.eye(3, dtype=x.dtype)


def _np_invertible(x):
    return x + 4 * np.eye(3, dtype=x.dtype)


def _positive(tf, x):
    """A symmetric positive definite matrix with distinct eigenvalues."""
    return tf.matmul(x, x, transpose_b=True) + tf.constant(np.diag([1.0, 2.0, 3.0]), x.dtype)


def _np_positive(x):
    return x @ _t(x) + np.diag([1.0, 2.0, 3.0]).astype(x.dtype)


def _whole(tf, x, y):
    return tf.complex(x, y)


def _det(tf, x):
    return tf.matrix_determinant(x)


_SOLVING = [
    Case("MatrixInverse", lambda tf, x: tf.matrix_inverse(_invertible(tf, x)), [F(3, 3)],
         lambda x: np.linalg.inv(_np_invertible(x))),
    Case("MatrixInverse", lambda tf, x: tf.matrix_inverse(_invertible(tf, x), adjoint=True), [F(2, 3, 3)],
         lambda x: _t(np.linalg.inv(_np_invertible(x))), name="adjoint"),
    Case("BatchMatrixInverse", lambda tf, x: raw(tf, "BatchMatrixInverse", input=_invertible(tf, x)), [F(2, 3, 3)],
         lambda x: np.linalg.inv(_np_invertible(x)), oracle=False,
         note="an older name that TensorFlow 2 no longer runs"),
    Case("MatrixDeterminant", lambda tf, x: _det(tf, _invertible(tf, x)), [F(2, 3, 3)],
         lambda x: np.linalg.det(_np_invertible(x)), rtol=3e-5),
    Case("LogMatrixDeterminant", lambda tf, x: list(tf.linalg.slogdet(_invertible(tf, x))), [F(2, 3, 3)],
         lambda x: list(np.linalg.slogdet(_np_invertible(x)))),
    Case(("Cholesky", "Log"), lambda tf, x: tf.linalg.logdet(_positive(tf, x)), [F(2, 3, 3)],
         lambda x: np.linalg.slogdet(_np_positive(x))[1], name="logdet"),
    Case("MatrixSolve", lambda tf, x, b: tf.matrix_solve(_invertible(tf, x), b), [F(3, 3), F(3, 2)],
         lambda x, b: np.linalg.solve(_np_invertible(x), b)),
    Case("MatrixSolve", lambda tf, x, b: tf.matrix_solve(_invertible(tf, x), b, adjoint=True),
         [F(2, 3, 3), F(2, 3, 2)],
         lambda x, b: np.linalg.solve(_t(_np_invertible(x)), b), name="adjoint"),
    Case("MatrixTriangularSolve", lambda tf, x, b: tf.matrix_triangular_solve(_invertible(tf, x), b),
         [F(3, 3), F(3, 2)],
         lambda x, b: np.linalg.solve(np.tril(_np_invertible(x)), b)),
    Case("MatrixTriangularSolve", lambda tf, x,
         b: tf.matrix_triangular_solve(_invertible(tf, x), b, lower=False, adjoint=True),
         [F(2, 3, 3), F(2, 3, 2)], lambda x, b: np.linalg.solve(_t(np.triu(_np_invertible(x))), b),
         name="upper-adjoint"),
    Case("MatrixTriangularSolve", lambda tf, x, b: tf.cholesky_solve(tf.cholesky(_positive(tf, x)), b),
         [F(3, 3), F(3, 2)],
         lambda x, b: np.linalg.solve(_np_positive(x), b), name="cholesky-solve", rtol=3e-5),
    Case("Cholesky", lambda tf, x, b: tf.matrix_solve_ls(x, b), [F(4, 3), F(4, 2)], lambda x,
         b: np.linalg.lstsq(x, b)[0],
         name="least-squares", rtol=1e-4),
    Case("Cholesky", lambda tf, x, b: tf.matrix_solve_ls(x, b, l2_regularizer=0.5), [F(2, 3), F(2, 2)],
         lambda x, b: x.T @ np.linalg.solve(x @ x.T + 0.5 * np.eye(2, dtype=x.dtype), b), name="ridge"),
    Case("MatrixSolveLs", lambda tf, x, b: tf.matrix_solve_ls(x, b, fast=False), [F(4, 3), F(4, 2)],
         lambda x, b: np.linalg.lstsq(x, b)[0], grad=False, rtol=1e-4),
    Case("MatrixSolveLs", lambda tf, x, b: raw(tf, "MatrixSolveLs", matrix=x, rhs=b, l2_regularizer=0.5, fast=True),
         [F(4, 3), F(4, 2)],
         lambda x, b: np.linalg.solve(x.T @ x + 0.5 * np.eye(3, dtype=x.dtype), x.T @ b), name="ridge", grad=False),
]  # fmt: skip


def _qr_invariants(tf, x):
    """q r, and the squares of q and r, whose signs no rule settles."""
    q, r = tf.qr(x)
    return [tf.matmul(q, r), q * q, r * r]


def _np_qr_invariants(x):
    q, r = np.linalg.qr(x)
    return [q @ r, q * q, r * r]


def _svd_invariants(tf, x, **options):
    s, u, v = tf.svd(x, **options)
    least = min(x.shape.as_list()[-2:])
    low_u, low_v = u[..., :least], v[..., :least]
    return [s, tf.matmul(low_u * s[..., None, :], low_v, transpose_b=True), low_u * low_u, low_v * low_v]


def _np_svd_invariants(x):
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    return [s, x, u * u, _t(vt) ** 2]


def _eig_invariants(tf, x):
    e, v = tf.self_adjoint_eig(_positive(tf, x))
    return [e, v * v]


def _np_eig_invariants(x):
    e, v = np.linalg.eigh(_np_positive(x))
    return [e, v * v]


def _complex_qr(tf, x, y):
    q, r = tf.qr(_whole(tf, x, y))
    size = tf.abs(q)
    return [size * size, tf.abs(r) * tf.abs(r)]


def _np_complex_qr(x, y):
    return [np.abs(v) ** 2 for v in np.linalg.qr(x + 1j * y)]


def _complex_svd(tf, x, y):
    s, u, v = tf.svd(_whole(tf, x, y))
    return [s, tf.abs(u) * tf.abs(u), tf.abs(v) * tf.abs(v)]


def _np_complex_svd(x, y):
    u, s, vh = np.linalg.svd(x + 1j * y, full_matrices=False)
    return [s, np.abs(u) ** 2, np.abs(_t(vh)) ** 2]


_FACTORS = [
    Case("Cholesky", lambda tf, x: tf.cholesky(_positive(tf, x)), [F(2, 3, 3)],
         lambda x: np.linalg.cholesky(_np_positive(x))),
    Case("Qr", _qr_invariants, [F(2, 4, 3)], _np_qr_invariants, rtol=3e-5, second=False),
    Case("Qr", _qr_invariants, [F(3, 3)], _np_qr_invariants, name="square", rtol=3e-5, second=False),
    Case("Qr", _qr_invariants, [F(2, 4)], _np_qr_invariants, name="wide", rtol=3e-5, second=False),
    Case("Qr", lambda tf, x: tf.matmul(*tf.qr(x, full_matrices=True)), [F(4, 2)], lambda x: x, name="full",
         grad=False),
    Case("Qr", _complex_qr, [U(3, 2), U(3, 2)], _np_complex_qr, name="complex", second=False, rtol=3e-5),
    Case("Svd", _svd_invariants, [F(2, 3, 3)], _np_svd_invariants, rtol=3e-5, second=False),
    Case("Svd", _svd_invariants, [F(4, 2)], _np_svd_invariants, name="deep", rtol=3e-5, second=False),
    Case("Svd", _svd_invariants, [F(2, 4)], _np_svd_invariants, name="wide", rtol=3e-5, second=False),
    Case("Svd", lambda tf, x: _svd_invariants(tf, x, full_matrices=True), [F(2, 3)], _np_svd_invariants, name="full",
         rtol=3e-5, second=False),
    Case("Svd", lambda tf, x: tf.svd(x, compute_uv=False), [F(2, 4, 3)], lambda x: np.linalg.svd(x, compute_uv=False),
         name="values", rtol=3e-5, second=False),
    Case("Svd", _complex_svd, [U(3, 2), U(3, 2)], _np_complex_svd, name="complex", second=False, rtol=3e-5,
         oracle=False,
         note="TensorFlow's own gradient of complex singular vectors asks for a loss that their phase does not change"),
    Case("SelfAdjointEigV2", _eig_invariants, [F(2, 3, 3)], _np_eig_invariants, rtol=3e-5, second=False),
    Case("SelfAdjointEigV2", lambda tf, x: tf.self_adjoint_eigvals(_positive(tf, x)), [F(3, 3)],
         lambda x: np.linalg.eigvalsh(_np_positive(x)), name="values", rtol=3e-5, second=False),
]  # fmt: skip


def _band_matrix(x, low, high):
    i, j = np.indices(x.shape[-2:])
    return np.where(((low < 0) | (i - j <= low)) & ((high < 0) | (j - i <= high)), x, 0).astype(x.dtype)


def _diagonals(x):
    """The diagonals 1, 0, -1 of a [3, 4] matrix, as RIGHT_LEFT packs them."""
    rows = [np.diagonal(x, d).tolist() for d in (1, 0, -1)]
    return np.array([rows[0], rows[1], [*rows[2], 0]], x.dtype)


def _set_diag(x, d):
    x = x.copy()
    for i in range(d.shape[-1]):
        x[..., i, i] = d[..., i]
    return x


_DIAGONALS = [
    Case("Diag", lambda tf, x: tf.diag(x), [F(3)], np.diag),
    Case("Diag", lambda tf, x: tf.diag(x), [F(2, 3)], lambda x: np.diag(x.ravel()).reshape(2, 3, 2, 3),
         name="tensor"),
    Case("DiagPart", lambda tf, x: tf.diag_part(x), [F(2, 3, 2, 3)],
         lambda x: np.diag(x.reshape(6, 6)).reshape(2, 3)),
    Case("MatrixDiagV3", lambda tf, x: tf.matrix_diag(x), [F(2, 3)], lambda x: np.stack([np.diag(r) for r in x])),
    Case("MatrixDiagV3", lambda tf, x: tf.matrix_diag(x, k=-1, num_rows=5, num_cols=4, padding_value=2), [F(4)],
         lambda x: np.where(np.eye(5, 4, -1) > 0, np.pad(x, (1, 0))[:, None], 2).astype(x.dtype), name="below"),
    Case("MatrixDiagV3", lambda tf, x: tf.matrix_diag(x, k=(-1, 1)), [F(3, 3)],
         lambda x: (np.diag(x[0, 1:], 1) + np.diag(x[1]) + np.diag(x[2, :2], -1)).astype(x.dtype), name="band"),
    Case("MatrixDiag", lambda tf, x: raw(tf, "MatrixDiag", diagonal=x), [F(2, 3)],
         lambda x: np.stack([np.diag(r) for r in x])),
    Case("MatrixDiagPartV3", lambda tf, x: tf.matrix_diag_part(x), [F(2, 3, 4)],
         lambda x: np.diagonal(x, axis1=1, axis2=2)),
    Case("MatrixDiagPartV3", lambda tf, x: tf.matrix_diag_part(x, k=_BAND), [F(3, 4)], _diagonals, name="band"),
    Case("MatrixDiagPartV3", lambda tf, x: tf.matrix_diag_part(x, k=1, align="LEFT_LEFT"), [F(3, 3)],
         lambda x: np.diagonal(x, 1), name="above"),
    Case("MatrixDiagPart", lambda tf, x: raw(tf, "MatrixDiagPart", input=x), [F(2, 4, 3)],
         lambda x: np.diagonal(x, axis1=1, axis2=2)),
    Case("MatrixSetDiagV3", lambda tf, x, d: tf.matrix_set_diag(x, d), [F(2, 3, 4), F(2, 3)], _set_diag),
    Case("MatrixSetDiagV3", lambda tf, x, d: tf.matrix_set_diag(x, d, k=1), [F(3, 3), F(2)],
         lambda x, d: x - np.diag(np.diagonal(x, 1), 1) + np.diag(d, 1), name="above"),
    Case("MatrixSetDiag", lambda tf, x, d: raw(tf, "MatrixSetDiag", input=x, diagonal=d), [F(2, 3, 4), F(2, 3)],
         _set_diag),
    Case("MatrixBandPart", lambda tf, x: tf.matrix_band_part(x, 1, 0), [F(2, 3, 4)], lambda x: _band_matrix(x, 1, 0)),
    Case("MatrixBandPart", lambda tf, x, k: tf.matrix_band_part(x, tf.constant(-1, tf.int64), k),
         [I(0, 9, 3, 4), np.array(1, np.int64)],
         lambda x, k: _band_matrix(x, -1, 1), name="fed"),
    Case("MatrixDiagPartV3", lambda tf, x: tf.trace(x), [F(2, 3, 3)], lambda x: np.trace(x, axis1=1, axis2=2),
         name="trace"),
    Case("MatrixDiagV3", lambda tf: tf.eye(3), [], lambda: np.eye(3, dtype=np.float32), name="eye"),
    Case("MatrixSetDiagV3", lambda tf: tf.eye(2, 3, batch_shape=[2], dtype=tf.int32), [],
         lambda: np.stack([np.eye(2, 3, dtype=np.int32)] * 2), name="eye-batch"),
    Case("MatrixDiagV3", lambda tf, n: tf.eye(n), [np.array(3, np.int32)], lambda n: np.eye(3, dtype=np.float32),
         name="eye-fed"),
    Case("Cross", lambda tf, a, b: tf.cross(a, b), [F(2, 3), F(2, 3)], np.cross),
    Case("Transpose", lambda tf, x: tf.matrix_transpose(x), [F(2, 3, 4)], _t, name="matrices"),
    Case("Transpose", lambda tf, x: tf.matrix_transpose(tf.placeholder_with_default(x, None)), [F(2, 3, 4)], _t,
         name="matrices-unknown"),
]  # fmt: skip


def _norm(name, reference, *shape, **options):
    return Case("Squeeze", lambda tf, x: tf.norm(x, **options), [F(*shape)], reference, name=f"norm-{name}")


_NORMS = [
    _norm("all", np.linalg.norm, 3, 4),
    _norm("axis", lambda x: np.linalg.norm(x, axis=1), 3, 4, axis=1),
    _norm("kept", lambda x: np.linalg.norm(x, axis=0, keepdims=True), 3, 4, axis=0, keepdims=True),
    _norm("one", lambda x: np.abs(x).sum(1), 3, 4, ord=1, axis=1),
    _norm("three", lambda x: (np.abs(x) ** 3).sum(-1) ** (1 / 3), 3, 4, ord=3, axis=-1),
    _norm("infinity", lambda x: np.abs(x).max(0), 3, 4, ord=np.inf, axis=0),
    _norm("matrix", lambda x: np.linalg.norm(x, axis=(1, 2)), 2, 3, 4, ord="fro", axis=[1, 2]),
    _norm("matrix-one", lambda x: np.abs(x).sum(1).max(1), 2, 3, 4, ord=1, axis=[1, 2]),
    _norm("matrix-infinity", lambda x: np.abs(x).sum(2).max(1), 2, 3, 4, ord=np.inf, axis=[1, 2]),
    Case("Svd", lambda tf, x: tf.norm(x, ord=2, axis=(0, 2)), [F(3, 2, 4)],
         lambda x: np.linalg.norm(x, 2, axis=(0, 2)),
         name="norm", second=False),
]  # fmt: skip
CASES = [*_SOLVING, *_FACTORS, *_DIAGONALS, *_NORMS]
