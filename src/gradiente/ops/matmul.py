"""Products of matrices, one or a batch of them."""

from __future__ import annotations

from typing import Any

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import (
    COMPLEX,
    FLOATS,
    bfloat16,
    float32,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
)  # fmt: skip
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import attr, register
from gradiente.graph.shapes import broadcast_dims
from gradiente.graph.types import Array, Namespace
from gradiente.kernels import dense
from gradiente.ops.complex_numbers import conj
from gradiente.ops.elementwise import widened

_MATRIX = {"T": (*FLOATS, *COMPLEX, int32, int64, uint8, uint16, uint32, uint64)}
_BATCH = {"T": (*_MATRIX["T"], int16)}


def _inner_size_message(a: Any, b: Any, flip_a: bool, flip_b: bool) -> str:
    """Why two matrices of these plain shapes have no product, and what to do."""
    rows_a, inner_a = (a[-1], a[-2]) if flip_a else (a[-2], a[-1])
    inner_b, columns_b = (b[-1], b[-2]) if flip_b else (b[-2], b[-1])
    text = (
        f"Matrix size-incompatible: a matrix product needs as many columns on the left as rows on the right, but "
        f"a is [{_q(rows_a)}, {_q(inner_a)}] and b is [{_q(inner_b)}, {_q(columns_b)}]."
    )
    if inner_a == columns_b:
        return f"{text} transpose_b={not flip_b} makes them fit."
    if rows_a == inner_b:
        return f"{text} transpose_a={not flip_a} makes them fit."
    return f"{text} Reshape one of them: its inner size must be {_q(inner_a)} or {_q(inner_b)}."


def _q(size: int | None) -> str:
    return "?" if size is None else str(size)


# MatMul


def _matrix(op: Operation, position: int) -> Any:
    shape = op.inputs[position].shape
    if shape.ndims not in (None, 2):
        arg = op.op_def.inputs[position].name
        raise ValueError(
            f"Shape must be rank 2 but is rank {shape.ndims}: {op.type} multiplies matrices, and '{arg}' has shape {shape}. "
            "tf.expand_dims gives one example its batch axis, tf.reshape flattens images to rows."
        )
    return shape.with_rank(2).plain


def _matmul_shape(op: Operation) -> list[Any]:
    a, b = _matrix(op, 0), _matrix(op, 1)
    flip_a, flip_b = op.attrs["transpose_a"], op.attrs["transpose_b"]
    rows, inner_a = a[::-1] if flip_a else a
    inner_b, columns = b[::-1] if flip_b else b
    if inner_a is not None and inner_b is not None and inner_a != inner_b:
        raise ValueError(_inner_size_message(a, b, flip_a, flip_b))
    return [(rows, columns)]


def _matmul_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    a, b = conj(op.inputs[0]), conj(op.inputs[1])
    flip_a, flip_b = op.attrs["transpose_a"], op.attrs["transpose_b"]
    if flip_a:
        to_a = apply("MatMul", b, grad, transpose_a=flip_b, transpose_b=True)
    else:
        to_a = apply("MatMul", grad, b, transpose_b=not flip_b)
    if flip_b:
        to_b = apply("MatMul", grad, a, transpose_a=True, transpose_b=flip_a)
    else:
        to_b = apply("MatMul", a, grad, transpose_a=not flip_a)
    return [to_a, to_b]


def _matmul(xp: Namespace, a: Array, b: Array, *, transpose_a: bool, transpose_b: bool) -> Array:
    a, b, dtype = widened(xp, a), widened(xp, b), a.dtype
    return xp.matmul(a.T if transpose_a else a, b.T if transpose_b else b).astype(dtype)


def _device_matmul(xp: Namespace, a: Array, b: Array, *, transpose_a: bool, transpose_b: bool) -> Array:
    if dense.product_suits(a, b, transpose_a, transpose_b):
        return dense.product(a, b, transpose_a, transpose_b)
    return xp.matmul(a.T if transpose_a else a, b.T if transpose_b else b)


register(
    "MatMul", "a: T, b: T -> product: T",
    attrs={"transpose_a": False, "transpose_b": False, "grad_a": False, "grad_b": False}, types=_MATRIX,
    shape=_matmul_shape, gradient=_matmul_gradient, compute=_matmul, device=_device_matmul,
)  # fmt: skip


# SparseMatMul


def _sparse_matmul_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    a, b = (apply("Cast", x, DstT=float32) if x.dtype.base_dtype is bfloat16 else x for x in op.inputs)
    flip_a, flip_b = op.attrs["transpose_a"], op.attrs["transpose_b"]
    if flip_a:
        to_a = apply("MatMul", b, grad, transpose_a=flip_b, transpose_b=True)
    else:
        to_a = apply("MatMul", grad, b, transpose_b=not flip_b)
    if flip_b:
        to_b = apply("MatMul", grad, a, transpose_a=True, transpose_b=flip_a)
    else:
        to_b = apply("MatMul", a, grad, transpose_a=not flip_a)
    return [
        apply("Cast", to, DstT=x.dtype.base_dtype) if x.dtype.base_dtype is bfloat16 else to
        for to, x in zip((to_a, to_b), op.inputs, strict=True)
    ]


def _sparse_matmul(xp: Namespace, a: Array, b: Array, *, transpose_a: bool, transpose_b: bool) -> Array:
    a, b = widened(xp, a), widened(xp, b)
    return xp.matmul(a.T if transpose_a else a, b.T if transpose_b else b)


_SPARSE_TYPE = attr("type", float32, (float32, bfloat16))
register(
    "SparseMatMul", "a: Ta, b: Tb -> product: float32",
    attrs={
        "transpose_a": False, "transpose_b": False, "a_is_sparse": False, "b_is_sparse": False,
        "Ta": _SPARSE_TYPE, "Tb": _SPARSE_TYPE,
    },
    shape=_matmul_shape, gradient=_sparse_matmul_gradient, compute=_sparse_matmul,
)  # fmt: skip


# BatchMatMul, BatchMatMulV2


def _batch_matmul_shape(op: Operation) -> list[Any]:
    x, y = op.inputs[0].shape.with_rank_at_least(2).plain, op.inputs[1].shape.with_rank_at_least(2).plain
    if x is None or y is None:
        return [None]
    rows, inner_x = x[:-3:-1] if op.attrs["adj_x"] else x[-2:]
    inner_y, columns = y[:-3:-1] if op.attrs["adj_y"] else y[-2:]
    if inner_x is not None and inner_y is not None and inner_x != inner_y:
        raise ValueError(_inner_size_message(x, y, op.attrs["adj_x"], op.attrs["adj_y"]))
    batch = broadcast_dims(x[:-2], y[:-2])
    assert batch is not None
    return [(*batch, rows, columns)]


def _sum_batches(grad: Tensor, to: Tensor, other: Tensor) -> Tensor:
    """``grad`` summed over the batch axes along which ``to`` was broadcast against ``other``."""
    a, b = to.shape.plain, other.shape.plain
    if a is not None and b is not None and a[:-2] == b[:-2] and None not in a[:-2]:
        return grad
    shape = apply("Shape", to)
    axes = apply("BroadcastGradientArgs", shape[:-2], apply("Shape", other)[:-2])[0]
    return apply("Reshape", apply("Sum", grad, axes), shape)


def _batch_matmul_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    x, y = op.inputs
    adj_x, adj_y = op.attrs["adj_x"], op.attrs["adj_y"]
    if adj_x:
        to_x = apply("BatchMatMulV2", y, grad, adj_x=adj_y, adj_y=True)
    else:
        to_x = apply("BatchMatMulV2", grad, y, adj_y=not adj_y)
    if adj_y:
        to_y = apply("BatchMatMulV2", grad, x, adj_x=True, adj_y=adj_x)
    else:
        to_y = apply("BatchMatMulV2", x, grad, adj_x=not adj_x)
    return [_sum_batches(to_x, x, y), _sum_batches(to_y, y, x)]


def adjoint_of(xp: Namespace, x: Array) -> Array:
    """The conjugate transpose of each matrix of a batch."""
    x = xp.swapaxes(x, -1, -2)
    return xp.conj(x) if x.dtype.kind == "c" else x


def _batch_matmul(xp: Namespace, x: Array, y: Array, *, adj_x: bool, adj_y: bool) -> Array:
    x, y, dtype = widened(xp, x), widened(xp, y), x.dtype
    return xp.matmul(adjoint_of(xp, x) if adj_x else x, adjoint_of(xp, y) if adj_y else y).astype(dtype)


def _device_batch_matmul(xp: Namespace, x: Array, y: Array, *, adj_x: bool, adj_y: bool) -> Array:
    return xp.matmul(adjoint_of(xp, x) if adj_x else x, adjoint_of(xp, y) if adj_y else y)


for _name in ("BatchMatMul", "BatchMatMulV2"):
    register(
        _name, "x: T, y: T -> output: T", attrs={"adj_x": False, "adj_y": False, "grad_x": False, "grad_y": False},
        types=_BATCH, shape=_batch_matmul_shape, gradient=_batch_matmul_gradient, compute=_batch_matmul,
        device=_device_batch_matmul,
    )  # fmt: skip


def matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, adjoint_a: bool = False,
    adjoint_b: bool = False, a_is_sparse: bool = False, b_is_sparse: bool = False, name: str | None = None,
) -> Tensor:  # fmt: skip
    """The product of two matrices, or of two batches of matrices: ``cᵢⱼ = Σₖ aᵢₖ bₖⱼ``.

    Args:
        a: ``[..., m, k]``.
        b: ``[..., k, n]``, of the same type; the leading (batch) sizes broadcast.
        transpose_a: use the transpose of ``a``, which is ``[..., k, m]`` then. ``transpose_b`` likewise.
        transpose_b: use the transpose of ``b``.
        adjoint_a: use the conjugate transpose of ``a``. ``adjoint_b`` likewise.
        adjoint_b: use the conjugate transpose of ``b``.
        a_is_sparse: a hint that ``a`` has many zeros; the product is the same.
        b_is_sparse: a hint that ``b`` has many zeros; the product is the same.
        name: the operation's name.

    Returns:
        ``[..., m, n]``.

    Raises:
        ValueError: if the inner sizes differ, or a matrix is both to be transposed and adjoint.

    Example:
        >>> with tf.Session() as sess:
        ...     sess.run(tf.matmul([[1, 2]], [[3], [4]]))
        array([[11]], dtype=int32)
    """
    if (transpose_a and adjoint_a) or (transpose_b and adjoint_b):
        raise ValueError("tf.matmul: only one of transpose and adjoint can be True for one matrix.")
    with name_scope(name, "MatMul", [a, b]) as scope:
        if not isinstance(a, Tensor) and isinstance(b, Tensor):
            a = convert_to_tensor(a, dtype=b.dtype.base_dtype, name="a")
        a = convert_to_tensor(a, name="a")
        b = convert_to_tensor(b, dtype_hint=a.dtype.base_dtype, name="b")
        if not _both_matrices(a, b):
            if transpose_a:
                a = conj(a)
            if transpose_b:
                b = conj(b)
            return apply(
                "BatchMatMulV2",
                a,
                b,
                adj_x=transpose_a or adjoint_a,
                adj_y=transpose_b or adjoint_b,
                name=scope,
            )
        if adjoint_a:
            a = conj(a)
        if adjoint_b:
            b = conj(b)
        flips = {"transpose_a": transpose_a or adjoint_a, "transpose_b": transpose_b or adjoint_b}
        types = {a.dtype.base_dtype, b.dtype.base_dtype}
        if (a_is_sparse or b_is_sparse) and types <= {float32, bfloat16}:
            product = apply(
                "SparseMatMul", a, b, **flips, a_is_sparse=a_is_sparse, b_is_sparse=b_is_sparse, name=scope
            )
            return apply("Cast", product, DstT=bfloat16) if types == {bfloat16} else product
        return apply("MatMul", a, b, **flips, name=scope)


def _both_matrices(a: Tensor, b: Tensor) -> bool:
    """Whether one product is wanted, not a batch: vectors count, and get MatMul's error."""
    return all(t.shape.ndims is not None and t.shape.ndims <= 2 for t in (a, b))


def matvec(
    a: Any, b: Any, transpose_a: bool = False, adjoint_a: bool = False, a_is_sparse: bool = False,
    b_is_sparse: bool = False, name: str | None = None,
) -> Tensor:  # fmt: skip
    """The product of a matrix and a vector, or of batches of them: ``cᵢ = Σₖ aᵢₖ bₖ``.

    Args:
        a: ``[..., m, k]``; see ``matmul`` for ``transpose_a``, ``adjoint_a`` and the hints.
        b: ``[..., k]``.
        transpose_a: use the transpose of ``a``.
        adjoint_a: use the conjugate transpose of ``a``.
        a_is_sparse: a hint.
        b_is_sparse: a hint.
        name: the name scope.

    Returns:
        ``[..., m]``.
    """
    with name_scope(name, "MatVec", [a, b]):
        column = apply("ExpandDims", b, -1)
        product = matmul(
            a,
            column,
            transpose_a=transpose_a,
            adjoint_a=adjoint_a,
            a_is_sparse=a_is_sparse,
            b_is_sparse=b_is_sparse,
        )
        return apply("Squeeze", product, squeeze_dims=[-1])
