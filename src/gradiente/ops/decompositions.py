"""Factors of matrices, one or a batch of them: Cholesky, QR, singular values, eigenvalues.

The gradients are those of Giles 2008 (*Collected matrix derivative results for forward and reverse mode algorithmic
differentiation*), of Murray 2016 for Cholesky, and of Walter and Lehmann 2010 for QR.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor
from gradiente.graph.dtypes import COMPLEX, float32, float64
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.bands import adjoint
from gradiente.ops.complex_numbers import real

MATRICES = {"T": (float32, float64, *COMPLEX)}


def product(a: Tensor, b: Tensor, adjoint_a: bool = False, adjoint_b: bool = False) -> Tensor:
    """The product of two batches of matrices."""
    return apply("BatchMatMulV2", a, b, adj_x=adjoint_a, adj_y=adjoint_b)


def square_shape(op: Operation) -> Any:
    """The plain shape of the first input, whose last two sizes must be equal; None if its rank is unknown."""
    shape = op.inputs[0].shape.with_rank_at_least(2)
    dims = shape.plain
    if dims is not None and None not in dims[-2:] and dims[-1] != dims[-2]:
        raise ValueError(
            f"{op.type} takes square matrices, but {op.op_def.inputs[0].name} has shape {shape}."
        )
    return dims


def finite(xp: Namespace, value: Array, *inputs: Array) -> Array:
    """Whether ``value`` is finite, or some input is not: whether finite inputs gave a finite result."""
    ok = xp.all(xp.isfinite(value))
    for x in inputs:
        ok = ok | ~xp.all(xp.isfinite(x))
    return ok


# Cholesky

_NOT_POSITIVE = (
    "Cholesky decomposition was not successful. The input might not be valid: the matrix must be symmetric and positive "
    "definite. Adding a small multiple of tf.eye often helps."
)


def _cholesky(xp: Namespace, input: Array, *, ctx: Any) -> Array:
    try:
        return xp.linalg.cholesky(input)
    except np.linalg.LinAlgError:
        ctx.check(np.asarray(False), _NOT_POSITIVE)
        return xp.full_like(input, np.nan)


def _device_cholesky(xp: Namespace, input: Array, *, ctx: Any) -> Array:
    # Only the lower triangle is read, as NumPy and TensorFlow do.
    factor = xp.linalg.cholesky(input, symmetrize_input=False)
    ctx.check(xp.all(xp.isfinite(factor)), _NOT_POSITIVE)
    return factor


def _cholesky_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    factor = op.outputs[0]
    inner = product(factor, grad, adjoint_a=True)
    half = apply("Mul", apply("MatrixDiagPart", inner), 0.5)
    inner = apply("MatrixBandPart", apply("MatrixSetDiag", inner, half), -1, 0)
    # Both products with the inverse of the factor are triangular systems.
    left = apply("MatrixTriangularSolve", factor, inner, lower=True, adjoint=True)
    both = adjoint(apply("MatrixTriangularSolve", factor, adjoint(left), lower=True, adjoint=True))
    return [apply("Mul", apply("AddV2", both, adjoint(both)), 0.5)]


register(
    "Cholesky", "input: T -> output: T", types=MATRICES, shape=lambda op: [square_shape(op)], compute=_cholesky,
    device=_device_cholesky, gradient=_cholesky_gradient, checks=True,
)  # fmt: skip


def cholesky(input: Any, name: str | None = None) -> Tensor:
    """The lower triangular L with ``L Lᴴ = input``, for a positive definite matrix or a batch of them.

    Args:
        input: ``[..., n, n]``, symmetric (Hermitian); only its lower triangle is read.
        name: the operation's name.

    Returns:
        ``[..., n, n]``, with zeros above the diagonal.

    Raises:
        InvalidArgumentError: when it runs, if a matrix is not positive definite.
    """
    return apply("Cholesky", input, name=name)


# Qr


def _qr_shape(op: Operation) -> list[Any]:
    dims = op.inputs[0].shape.with_rank_at_least(2).plain
    if dims is None:
        return [None, None]
    batch, (rows, columns) = dims[:-2], dims[-2:]
    least = None if rows is None or columns is None else min(rows, columns)
    if op.attrs["full_matrices"]:
        return [(*batch, rows, rows), (*batch, rows, columns)]
    return [(*batch, rows, least), (*batch, least, columns)]


def _qr(xp: Namespace, input: Array, *, full_matrices: bool) -> tuple[Array, Array]:
    q, r = xp.linalg.qr(input, mode="complete" if full_matrices else "reduced")
    return q.astype(input.dtype), r.astype(input.dtype)


def _times_inverse_adjoint(x: Tensor, r: Tensor) -> Tensor:
    """``x r⁻ᴴ`` for an upper triangular ``r``."""
    return adjoint(apply("MatrixTriangularSolve", r, adjoint(x), lower=False, adjoint=False))


def _deep_qr_gradient(q: Tensor, r: Tensor, to_q: Tensor, to_r: Tensor) -> Tensor:
    """The gradient of a matrix with at least as many rows as columns."""
    qdq, rdr = product(q, to_q, adjoint_a=True), product(r, to_r, adjoint_b=True)
    skew = apply("AddV2", apply("Sub", qdq, adjoint(qdq)), apply("Sub", rdr, adjoint(rdr)))
    lower = apply("MatrixBandPart", skew, -1, 0)
    along = product(q, apply("AddV2", to_r, _times_inverse_adjoint(lower, r)))
    across = _times_inverse_adjoint(apply("Sub", to_q, product(q, qdq)), r)
    total = apply("AddV2", along, across)
    if not q.dtype.is_complex:
        return total
    # The diagonal of r is real here: what an imaginary part of it would add is taken out.
    twist = apply("MatrixDiagPart", apply("Sub", rdr, adjoint(qdq)))
    real_part = apply("Complex", real(twist), apply("ZerosLike", real(twist)), Tout=twist.dtype.base_dtype)
    correction = apply("MatrixDiag", apply("Sub", twist, real_part))
    return apply("AddV2", total, product(q, _times_inverse_adjoint(adjoint(correction), r)))


def _qr_gradient(op: Operation, to_q: Tensor, to_r: Tensor) -> list[Tensor]:
    (q, r), a = op.outputs, op.inputs[0]
    dims = a.shape.plain
    rows, columns = (None, None) if dims is None else dims[-2:]
    if rows is None or columns is None:
        raise NotImplementedError(
            f"The gradient of tf.qr needs known sizes, but {a.name!r}, made at {a.op.source}, has shape {a.shape}."
        )
    if op.attrs["full_matrices"] and rows != columns:
        raise NotImplementedError(
            f"tf.qr of [{rows}, {columns}] with full_matrices=True has no gradient: the added columns of q are not settled."
        )
    if rows >= columns:
        return [_deep_qr_gradient(q, r, to_q, to_r)]
    right, left_r, to_left_r, to_right_r = a[..., rows:], r[..., :rows], to_r[..., :rows], to_r[..., rows:]
    through_q = apply("AddV2", to_q, product(right, to_right_r, adjoint_b=True))
    parts = [_deep_qr_gradient(q, left_r, through_q, to_left_r), product(q, to_right_r)]
    return [apply("ConcatV2", parts, -1)]


register(
    "Qr", "input: T -> q: T, r: T", attrs={"full_matrices": False}, types=MATRICES, shape=_qr_shape, compute=_qr,
    gradient=_qr_gradient,
)  # fmt: skip


def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> tuple[Tensor, Tensor]:
    """The factors ``q r = input`` with orthonormal columns in q and zeros below the diagonal of r.

    Args:
        input: ``[..., m, n]``.
        full_matrices: make q square, ``[..., m, m]``.
        name: the operation's name.

    Returns:
        ``q`` of shape ``[..., m, k]`` and ``r`` of shape ``[..., k, n]``, with ``k = min(m, n)``.
    """
    return apply("Qr", input, full_matrices=full_matrices, name=name)


# SelfAdjointEigV2


def _eigh_shape(op: Operation) -> list[Any]:
    dims = square_shape(op)
    vectors = dims if op.attrs["compute_v"] else (0,)
    return [None if dims is None else dims[:-1], vectors]


def _eigh(xp: Namespace, input: Array, *, compute_v: bool, op: Operation) -> tuple[Array, Array]:
    options = {} if xp is np else {"symmetrize_input": False}
    values, vectors = xp.linalg.eigh(input, **options)
    dtype = op.outputs[0].dtype.np
    return values.astype(dtype), vectors if compute_v else xp.zeros(0, dtype)


def _gaps(values: Tensor) -> Tensor:
    """``1 / (valuesⱼ - valuesᵢ)`` as a matrix, with 0 where the two are equal."""
    difference = apply("Sub", apply("ExpandDims", values, -2), apply("ExpandDims", values, -1))
    return apply("DivNoNan", apply("OnesLike", difference), difference)


def _eigh_gradient(op: Operation, to_values: Tensor, to_vectors: Tensor) -> list[Tensor]:
    values, vectors = op.outputs
    if not op.attrs["compute_v"]:
        values, vectors = apply("SelfAdjointEigV2", op.inputs[0], compute_v=True)
    inner = apply("MatrixDiag", to_values)
    if op.attrs["compute_v"]:
        inner = apply(
            "AddV2", inner, apply("Mul", _gaps(values), product(vectors, to_vectors, adjoint_a=True))
        )
    full = product(vectors, product(inner, vectors, adjoint_b=True))
    # Only the lower triangle was read, so it receives what belongs to both.
    lower = apply("MatrixBandPart", apply("AddV2", full, adjoint(full)), -1, 0)
    half = apply("Mul", apply("MatrixDiagPart", lower), 0.5)
    return [apply("MatrixSetDiag", lower, half)]


register(
    "SelfAdjointEigV2", "input: T -> e: T, v: T", attrs={"compute_v": True}, types=MATRICES, shape=_eigh_shape,
    compute=_eigh, gradient=_eigh_gradient,
)  # fmt: skip


def self_adjoint_eig(tensor: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """The eigenvalues and eigenvectors of a symmetric (Hermitian) matrix, or of a batch: ``A v = e v``.

    Args:
        tensor: ``[..., n, n]``; only the lower triangle is read.
        name: the operation's name.

    Returns:
        The eigenvalues in ascending order, ``[..., n]``, and the eigenvectors as columns, ``[..., n, n]``.
    """
    return apply("SelfAdjointEigV2", tensor, compute_v=True, name=name)


def self_adjoint_eigvals(tensor: Any, name: str | None = None) -> Tensor:
    """The eigenvalues of a symmetric (Hermitian) matrix, or of a batch, in ascending order; see ``self_adjoint_eig``."""
    return apply("SelfAdjointEigV2", tensor, compute_v=False, name=name)[0]


# Svd


def _svd_shape(op: Operation) -> list[Any]:
    dims = op.inputs[0].shape.with_rank_at_least(2).plain
    if dims is None:
        return [None, None, None] if op.attrs["compute_uv"] else [None, (0,), (0,)]
    batch, (rows, columns) = dims[:-2], dims[-2:]
    least = None if rows is None or columns is None else min(rows, columns)
    if not op.attrs["compute_uv"]:
        return [(*batch, least), (0,), (0,)]
    width_u, width_v = (rows, columns) if op.attrs["full_matrices"] else (least, least)
    return [(*batch, least), (*batch, rows, width_u), (*batch, columns, width_v)]


def _svd(xp: Namespace, input: Array, *, compute_uv: bool, full_matrices: bool) -> tuple[Array, Array, Array]:
    if not compute_uv:
        empty = xp.zeros(0, input.dtype)
        return xp.linalg.svd(input, compute_uv=False).astype(input.dtype), empty, empty
    u, s, vh = xp.linalg.svd(input, full_matrices=full_matrices)
    return s.astype(input.dtype), u, xp.conj(xp.swapaxes(vh, -1, -2))


def _svd_gradient(op: Operation, to_s: Tensor, to_u: Tensor, to_v: Tensor) -> list[Tensor]:
    a = op.inputs[0]
    if not op.attrs["compute_uv"]:
        _, u, v = apply("Svd", a, compute_uv=True)
        return [product(u, product(apply("MatrixDiag", to_s), v, adjoint_b=True))]
    dims = a.shape.plain
    rows, columns = (None, None) if dims is None else dims[-2:]
    if rows is None or columns is None:
        raise NotImplementedError(
            f"The gradient of tf.svd needs known sizes, but {a.name!r}, made at {a.op.source}, has shape {a.shape}."
        )
    if op.attrs["full_matrices"] and abs(rows - columns) > 1:
        raise NotImplementedError(
            f"tf.svd of [{rows}, {columns}] with full_matrices=True has no gradient: the added vectors are not settled."
        )
    s, u, v = op.outputs
    if rows > columns:
        return [
            adjoint(_wide_svd_gradient(s, v, u, to_s, to_v, to_u, columns, rows, op.attrs["full_matrices"]))
        ]
    return [_wide_svd_gradient(s, u, v, to_s, to_u, to_v, rows, columns, op.attrs["full_matrices"])]


def _wide_svd_gradient(
    s: Tensor,
    u: Tensor,
    v: Tensor,
    to_s: Tensor,
    to_u: Tensor,
    to_v: Tensor,
    rows: int,
    columns: int,
    full: bool,
) -> Tensor:
    """The gradient of a matrix with at most as many rows as columns."""
    first, to_first = (v[..., :rows], to_v[..., :rows]) if full and rows < columns else (v, to_v)
    diagonal, gaps = apply("MatrixDiag", s), _gaps(apply("Square", s))
    turn_u = apply("Mul", gaps, product(u, to_u, adjoint_a=True))
    v_to_v = product(first, to_first, adjoint_a=True)
    turn_v = apply("Mul", gaps, v_to_v)
    inner = apply(
        "AddV2", apply("MatrixDiag", to_s), product(apply("AddV2", turn_u, adjoint(turn_u)), diagonal)
    )
    inner = apply("AddV2", inner, product(diagonal, apply("AddV2", turn_v, adjoint(turn_v))))
    inverse = apply("DivNoNan", apply("OnesLike", s), s)
    if s.dtype.is_complex:
        phase = apply(
            "MatrixDiag",
            apply("Mul", inverse, apply("MatrixDiagPart", apply("Sub", adjoint(v_to_v), v_to_v))),
        )
        inner = apply("AddV2", inner, apply("Mul", phase, 0.5))
    total = product(u, product(inner, first, adjoint_b=True))
    if rows == columns:
        return total
    outside = apply(
        "Sub", adjoint(to_first), product(product(to_first, first, adjoint_a=True), first, adjoint_b=True)
    )
    if full:
        rest, to_rest = v[..., rows:], to_v[..., rows:]
        outside = apply(
            "Sub", outside, product(product(first, to_rest, adjoint_a=True), rest, adjoint_b=True)
        )
    return apply("AddV2", total, product(product(u, apply("MatrixDiag", inverse)), outside))


register(
    "Svd", "input: T -> s: T, u: T, v: T", attrs={"compute_uv": True, "full_matrices": False}, types=MATRICES,
    shape=_svd_shape, compute=_svd, gradient=_svd_gradient,
)  # fmt: skip


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """The singular values and vectors of a matrix, or of a batch: ``tensor = u diag(s) vᴴ``.

    Args:
        tensor: ``[..., m, n]``.
        full_matrices: make u and v square.
        compute_uv: compute the vectors; without them only ``s`` is returned.
        name: the operation's name.

    Returns:
        ``s``, ``u``, ``v``: ``[..., k]`` in descending order, ``[..., m, k]``, ``[..., n, k]``, with ``k = min(m, n)``.
        (NumPy's order is u, s, vᴴ.)
    """
    tensor = convert_to_tensor(tensor)
    s, u, v = apply("Svd", tensor, compute_uv=compute_uv, full_matrices=full_matrices, name=name)
    return (real(s), u, v) if compute_uv else real(s)
