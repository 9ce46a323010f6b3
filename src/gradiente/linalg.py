"""Linear algebra (``tf.linalg``)."""

# The names are handed on as TensorFlow calls them in this module.
# pyright: reportUnusedImport=false

from __future__ import annotations

from gradiente.compat import missing_in as _missing_in
from gradiente.ops.bands import adjoint as adjoint
from gradiente.ops.bands import cross as cross
from gradiente.ops.bands import eye as eye
from gradiente.ops.bands import matrix_band_part as band_part
from gradiente.ops.bands import matrix_transpose as matrix_transpose
from gradiente.ops.bands import matrix_transpose as transpose
from gradiente.ops.bands import trace as trace
from gradiente.ops.clip import global_norm as global_norm
from gradiente.ops.decompositions import cholesky as cholesky
from gradiente.ops.decompositions import qr as qr
from gradiente.ops.decompositions import self_adjoint_eig as eigh
from gradiente.ops.decompositions import self_adjoint_eigvals as eigvalsh
from gradiente.ops.decompositions import svd as svd
from gradiente.ops.diagonal import diag as tensor_diag
from gradiente.ops.diagonal import diag_part as tensor_diag_part
from gradiente.ops.diagonal import matrix_diag as diag
from gradiente.ops.diagonal import matrix_diag_part as diag_part
from gradiente.ops.diagonal import matrix_set_diag as set_diag
from gradiente.ops.einsum import einsum as einsum
from gradiente.ops.matmul import matmul as matmul
from gradiente.ops.matmul import matvec as matvec
from gradiente.ops.nn_norm import l2_normalize as l2_normalize
from gradiente.ops.norms import norm as norm
from gradiente.ops.solvers import cholesky_solve as cholesky_solve
from gradiente.ops.solvers import logdet as logdet
from gradiente.ops.solvers import matrix_determinant as det
from gradiente.ops.solvers import matrix_inverse as inv
from gradiente.ops.solvers import matrix_solve as solve
from gradiente.ops.solvers import matrix_solve_ls as lstsq
from gradiente.ops.solvers import matrix_triangular_solve as triangular_solve
from gradiente.ops.solvers import slogdet as slogdet
from gradiente.ops.tensordot import tensordot as tensordot

__getattr__ = _missing_in("linalg")
