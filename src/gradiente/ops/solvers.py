"""Inverses, determinants and systems of equations, of one matrix or a batch of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import float64
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.complex_numbers import conj, real
from gradiente.ops.decompositions import MATRICES, cholesky, finite, product, square_shape
from gradiente.ops.matmul import adjoint_of, matmul
from gradiente.ops.reduce import reduce_sum

_SINGULAR = "Input is not invertible: a matrix is singular. tf.matrix_solve_ls with l2_regularizer solves such systems."

# MatrixInverse


def _inverse(xp: Namespace, input: Array, *, adjoint: bool, ctx: Any) -> Array:
    x = adjoint_of(xp, input) if adjoint else input
    try:
        result = xp.linalg.inv(x)
    except np.linalg.LinAlgError:
        result = xp.full_like(x, np.nan)
    ctx.check(finite(xp, result, input), _SINGULAR)
    return result


def _inverse_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    inverse, flipped = op.outputs[0], op.attrs["adjoint"]
    inner = product(grad, inverse, adjoint_a=flipped, adjoint_b=not flipped)
    return [apply("Neg", product(inverse, inner, adjoint_a=not flipped))]


for _name in ("MatrixInverse", "BatchMatrixInverse"):
    register(
        _name, "input: T -> output: T", attrs={"adjoint": False}, types=MATRICES, shape=lambda op: [square_shape(op)],
        compute=_inverse, gradient=_inverse_gradient, checks=True,
    )  # fmt: skip


def matrix_inverse(input: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """The inverse of a square matrix, or of each of a batch.

    Args:
        input: ``[..., n, n]``.
        adjoint: invert the conjugate transpose.
        name: the operation's name.

    Returns:
        ``[..., n, n]``.

    Raises:
        InvalidArgumentError: when it runs, if a matrix is singular.
    """
    return apply("MatrixInverse", input, adjoint=adjoint, name=name)


# MatrixDeterminant, LogMatrixDeterminant


def _determinant_shape(op: Operation) -> list[Any]:
    dims = square_shape(op)
    return [None if dims is None else dims[:-2]] * len(op.op_def.outputs)


def _determinant(xp: Namespace, input: Array) -> Array:
    return xp.linalg.det(input).astype(input.dtype)


def _log_determinant(xp: Namespace, input: Array) -> tuple[Array, Array]:
    sign, logarithm = xp.linalg.slogdet(input)
    return sign.astype(input.dtype), logarithm.astype(input.dtype)


def _per_matrix(values: Tensor) -> Tensor:
    """One number per matrix, with axes of size 1 so that it multiplies the matrix."""
    return apply("ExpandDims", apply("ExpandDims", values, -1), -1)


def _determinant_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    inverse = apply("MatrixInverse", op.inputs[0], adjoint=True)
    return [apply("Mul", _per_matrix(apply("Mul", grad, conj(op.outputs[0]))), inverse)]


def _log_determinant_gradient(op: Operation, to_sign: Tensor, to_logarithm: Tensor) -> list[Tensor]:
    inverse = apply("MatrixInverse", op.inputs[0], adjoint=True)
    factor = to_logarithm
    if factor.dtype.is_complex:
        # The sign of a complex determinant turns with the imaginary part of its logarithm.
        turned = apply("Mul", to_sign, conj(op.outputs[0]))
        size = real(to_logarithm)
        angle = apply("Imag", turned, Tout=turned.dtype.real_dtype)
        factor = apply("Complex", size, angle, Tout=to_logarithm.dtype.base_dtype)
    return [apply("Mul", _per_matrix(factor), inverse)]


register(
    "MatrixDeterminant", "input: T -> output: T", types=MATRICES, shape=_determinant_shape, compute=_determinant,
    gradient=_determinant_gradient,
)  # fmt: skip
register(
    "LogMatrixDeterminant", "input: T -> sign: T, log_abs_determinant: T", types=MATRICES, shape=_determinant_shape,
    compute=_log_determinant, gradient=_log_determinant_gradient,
)  # fmt: skip


def matrix_determinant(input: Any, name: str | None = None) -> Tensor:
    """The determinant of a square matrix, or of each of a batch.

    Args:
        input: ``[..., n, n]``.
        name: the operation's name.

    Returns:
        ``[...]``.
    """
    return apply("MatrixDeterminant", input, name=name)


def slogdet(input: Any, name: str | None = None) -> tuple[Tensor, Tensor]:
    """The sign of the determinant and the logarithm of its magnitude, which does not overflow.

    Args:
        input: ``[..., n, n]``.
        name: the operation's name.

    Returns:
        The signs and the logarithms, each ``[...]``.
    """
    return apply("LogMatrixDeterminant", input, name=name)


log_matrix_determinant = slogdet


def logdet(matrix: Any, name: str | None = None) -> Tensor:
    """The logarithm of the determinant of a positive definite matrix, or of each of a batch.

    Args:
        matrix: ``[..., n, n]``, symmetric (Hermitian).
        name: the name scope.

    Returns:
        ``[...]``, real.
    """
    with name_scope(name, "logdet", [matrix]):
        diagonal = apply("MatrixDiagPart", cholesky(matrix))
        return apply("Mul", 2.0, reduce_sum(apply("Log", real(diagonal)), [-1]), name="mul")


# MatrixSolve


def _solve_shape(op: Operation) -> list[Any]:
    matrix, right = square_shape(op), op.inputs[1].shape.with_rank_at_least(2).plain
    if matrix is None or right is None:
        return [right]
    if None not in (matrix[-1], right[-2]) and matrix[-1] != right[-2]:
        raise ValueError(
            f"A system has as many right-hand rows as unknowns: matrix has shape {op.inputs[0].shape}, rhs "
            f"{op.inputs[1].shape}. A vector needs a last axis of size 1 (tf.expand_dims)."
        )
    if len(matrix) == len(right):
        return [
            tuple(a if b is None else b for a, b in zip(matrix[:-1], right[:-1], strict=True)) + right[-1:]
        ]
    return [right]


def _solve(xp: Namespace, matrix: Array, rhs: Array, *, adjoint: bool, ctx: Any) -> Array:
    x = adjoint_of(xp, matrix) if adjoint else matrix
    try:
        result = xp.linalg.solve(x, rhs)
    except np.linalg.LinAlgError:
        result = xp.full_like(rhs, np.nan)
    ctx.check(finite(xp, result, matrix, rhs), _SINGULAR)
    return result


def _system_gradient(op: Operation, to_rhs: Tensor) -> Tensor:
    """The gradient of the matrix of a system, given that of its right-hand side."""
    solution = op.outputs[0]
    if op.attrs["adjoint"]:
        return apply("Neg", product(solution, to_rhs, adjoint_b=True))
    return apply("Neg", product(to_rhs, solution, adjoint_b=True))


def _solve_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    to_rhs = apply("MatrixSolve", op.inputs[0], grad, adjoint=not op.attrs["adjoint"])
    return [_system_gradient(op, to_rhs), to_rhs]


register(
    "MatrixSolve", "matrix: T, rhs: T -> output: T", attrs={"adjoint": False}, types=MATRICES, shape=_solve_shape,
    compute=_solve, gradient=_solve_gradient, checks=True,
)  # fmt: skip


def matrix_solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """The solution x of ``matrix x = rhs``, for one system or a batch.

    Args:
        matrix: ``[..., n, n]``.
        rhs: ``[..., n, k]``, k right-hand sides.
        adjoint: solve with the conjugate transpose of the matrix.
        name: the operation's name.

    Returns:
        ``[..., n, k]``.

    Raises:
        InvalidArgumentError: when it runs, if a matrix is singular.
    """
    return apply("MatrixSolve", matrix, rhs, adjoint=adjoint, name=name)


# MatrixTriangularSolve


def _triangular_solve(xp: Namespace, matrix: Array, rhs: Array, *, lower: bool, adjoint: bool) -> Array:
    triangle = xp.tril(matrix) if lower else xp.triu(matrix)
    triangle = adjoint_of(xp, triangle) if adjoint else triangle
    try:
        return xp.linalg.solve(triangle, rhs)
    except np.linalg.LinAlgError:
        return xp.full_like(rhs, np.inf)


def _device_triangular_solve(
    xp: Namespace, matrix: Array, rhs: Array, *, lower: bool, adjoint: bool
) -> Array:
    from jax import lax

    batch = np.broadcast_shapes(matrix.shape[:-2], rhs.shape[:-2])
    matrix = xp.broadcast_to(matrix, (*batch, *matrix.shape[-2:]))
    rhs = xp.broadcast_to(rhs, (*batch, *rhs.shape[-2:]))
    return lax.linalg.triangular_solve(
        matrix, rhs, left_side=True, lower=lower, transpose_a=adjoint, conjugate_a=adjoint
    )


def _triangular_solve_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    lower = op.attrs["lower"]
    to_rhs = apply("MatrixTriangularSolve", op.inputs[0], grad, lower=lower, adjoint=not op.attrs["adjoint"])
    full = _system_gradient(op, to_rhs)
    return [apply("MatrixBandPart", full, -1 if lower else 0, 0 if lower else -1), to_rhs]


register(
    "MatrixTriangularSolve", "matrix: T, rhs: T -> output: T", attrs={"lower": True, "adjoint": False}, types=MATRICES,
    shape=_solve_shape, compute=_triangular_solve, device=_device_triangular_solve,
    gradient=_triangular_solve_gradient,
)  # fmt: skip


def matrix_triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """The solution x of ``matrix x = rhs`` for a triangular matrix, or for a batch of them.

    Args:
        matrix: ``[..., n, n]``, of which the other triangle is not read.
        rhs: ``[..., n, k]``.
        lower: whether the matrix is lower triangular.
        adjoint: solve with its conjugate transpose.
        name: the operation's name.

    Returns:
        ``[..., n, k]``.
    """
    return apply("MatrixTriangularSolve", matrix, rhs, lower=lower, adjoint=adjoint, name=name)


def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Tensor:
    """The solution x of ``A x = rhs``, given the Cholesky factor of A.

    Args:
        chol: ``cholesky(A)``, ``[..., n, n]``.
        rhs: ``[..., n, k]``.
        name: the name scope.

    Returns:
        ``[..., n, k]``.
    """
    with name_scope(name, "cholesky_solve", [chol, rhs]):
        chol = convert_to_tensor(chol)
        forward = matrix_triangular_solve(chol, rhs, lower=True)
        return matrix_triangular_solve(chol, forward, lower=True, adjoint=True)


# MatrixSolveLs


def _least_squares_shape(op: Operation) -> list[Any]:
    matrix, right = (t.shape.with_rank_at_least(2).plain for t in op.inputs[:2])
    if matrix is None or right is None:
        return [None]
    if None not in (matrix[-2], right[-2]) and matrix[-2] != right[-2]:
        raise ValueError(
            f"There must be as many right-hand rows as equations: matrix has shape {op.inputs[0].shape}, rhs "
            f"{op.inputs[1].shape}."
        )
    return [(*right[:-2], matrix[-1], right[-1])]


def _least_squares(xp: Namespace, matrix: Array, rhs: Array, l2_regularizer: Array, *, fast: bool) -> Array:
    if not fast:
        return xp.matmul(xp.linalg.pinv(matrix), rhs).astype(rhs.dtype)
    rows, columns = matrix.shape[-2:]
    flipped = adjoint_of(xp, matrix)
    gram = xp.matmul(flipped, matrix) if rows >= columns else xp.matmul(matrix, flipped)
    gram = gram + xp.asarray(l2_regularizer).astype(gram.dtype) * xp.eye(gram.shape[-1], dtype=gram.dtype)
    if rows >= columns:
        return xp.linalg.solve(gram, xp.matmul(flipped, rhs))
    return xp.matmul(flipped, xp.linalg.solve(gram, rhs))


register(
    "MatrixSolveLs", "matrix: T, rhs: T, l2_regularizer: float64 -> output: T", attrs={"fast": True}, types=MATRICES,
    shape=_least_squares_shape, compute=_least_squares, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def matrix_solve_ls(
    matrix: Any, rhs: Any, l2_regularizer: Any = 0.0, fast: bool = True, name: str | None = None
) -> Tensor:
    """The x that minimizes ``‖matrix x - rhs‖² + l2_regularizer ‖x‖²``, for one system or a batch.

    Args:
        matrix: ``[..., m, n]``, of known sizes m and n.
        rhs: ``[..., m, k]``.
        l2_regularizer: a number that is not negative.
        fast: solve the normal equations by Cholesky. Without it, by singular values: slower, for rank-deficient
            matrices, with no regularizer and no gradient.
        name: the name scope.

    Returns:
        ``[..., n, k]``. With fewer equations than unknowns, the shortest solution.
    """
    with name_scope(name, "matrix_solve_ls", [matrix, rhs]):
        matrix = convert_to_tensor(matrix, name="matrix")
        dims = matrix.shape.with_rank_at_least(2).plain
        if not fast or dims is None or None in dims[-2:]:
            strength = convert_to_tensor(l2_regularizer, dtype=float64)
            return apply("MatrixSolveLs", matrix, rhs, strength, fast=fast)
        rhs = convert_to_tensor(rhs, dtype=matrix.dtype.base_dtype, name="rhs")
        tall = dims[-2] >= dims[-1]  # pyright: ignore[reportOptionalOperand] - no None
        gram = matmul(matrix, matrix, adjoint_a=tall, adjoint_b=not tall)
        if isinstance(l2_regularizer, Tensor) or l2_regularizer != 0:
            strength = apply("Cast", convert_to_tensor(l2_regularizer), DstT=matrix.dtype.base_dtype)
            ones = apply("OnesLike", apply("MatrixDiagPart", gram))
            gram = apply("AddV2", gram, apply("MatrixDiag", apply("Mul", ones, strength)))
        factor = cholesky(gram)
        if tall:
            return cholesky_solve(factor, matmul(matrix, rhs, adjoint_a=True))
        return matmul(matrix, cholesky_solve(factor, rhs), adjoint_a=True)
