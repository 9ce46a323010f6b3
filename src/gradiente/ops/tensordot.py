"""The contraction of two tensors over axes of each."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.constants import constant_value
from gradiente.graph.operation import Tensor
from gradiente.ops.matmul import matmul
from gradiente.ops.reduction import normal_axes


def _axes_of(axes: Any, rank_a: int, rank_b: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if isinstance(axes, Tensor):
        axes = constant_value(axes)
        if axes is None:
            raise ValueError("tf.tensordot: axes must be known while the graph is built.")
    if np.ndim(axes) == 0:
        count = int(axes)
        if not 0 <= count <= min(rank_a, rank_b):
            raise ValueError(
                f"tf.tensordot: axes={count} of tensors with ranks {rank_a} and {rank_b} is not possible."
            )
        return tuple(range(rank_a - count, rank_a)), tuple(range(count))
    if len(axes) != 2:
        raise ValueError(f"tf.tensordot: axes is a number, or [axes of a, axes of b]; received {axes!r}.")
    first, second = normal_axes(axes[0], rank_a), normal_axes(axes[1], rank_b)
    if len(first) != len(second):
        raise ValueError(f"tf.tensordot: as many axes of a as of b are contracted, but axes names {axes!r}.")
    return first, second


def _flattened(x: Tensor, free: list[int], axes: tuple[int, ...], axes_first: bool) -> Tensor:
    """``x`` as a matrix: the contracted axes along one side, the free ones along the other."""
    order = [*axes, *free] if axes_first else [*free, *axes]
    if order != sorted(order):
        x = apply("Transpose", x, np.asarray(order, np.int32), name="transpose")
    sides = (axes, free) if axes_first else (free, axes)
    dims = x.shape.plain or ()
    split = len(sides[0])
    sizes = [_product(dims[:split]), _product(dims[split:])]
    if len(sides[0]) == len(sides[1]) == 1:
        return x
    if sizes.count(None) <= 1:
        return apply("Reshape", x, np.asarray([-1 if s is None else s for s in sizes], np.int32))
    shape = apply("Shape", x)
    return apply(
        "Reshape", x, apply("Pack", [apply("Prod", shape[:split], [0]), apply("Prod", shape[split:], [0])])
    )


def _product(dims: Any) -> int | None:
    return None if None in dims else int(np.prod(dims, dtype=np.int64))


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Tensor:
    """The sum of products over axes of two tensors; with one axis of two matrices, their product.

    Args:
        a: a tensor of known rank.
        b: a tensor of known rank and of the same type.
        axes: how many of the last axes of ``a`` meet the first of ``b``, or ``[axes of a, axes of b]``.
        name: the operation's name.

    Returns:
        A tensor with the axes of ``a`` and then of ``b`` that are left.

    Raises:
        ValueError: if the axes don't fit, or a rank is unknown.
    """
    with name_scope(name, "Tensordot", [a, b, axes]) as scope:
        a = convert_to_tensor(a, name="a")
        b = convert_to_tensor(b, dtype_hint=a.dtype.base_dtype, name="b")
        if a.shape.plain is None or b.shape.plain is None:
            unknown = a if a.shape.plain is None else b
            raise ValueError(
                f"tf.tensordot needs tensors of known rank, but the shape of {unknown.name!r}, made at {unknown.op.source}, "
                "is unknown. Say it with set_shape."
            )
        first, second = _axes_of(axes, len(a.shape.plain), len(b.shape.plain))
        for i, j in zip(first, second, strict=True):
            if None not in (a.shape.plain[i], b.shape.plain[j]) and a.shape.plain[i] != b.shape.plain[j]:
                raise ValueError(
                    f"tf.tensordot: axis {i} of {a.name!r} {a.shape} meets axis {j} of {b.name!r} {b.shape}; "
                    "their sizes must be equal."
                )
        free_a = [i for i in range(len(a.shape.plain)) if i not in first]
        free_b = [i for i in range(len(b.shape.plain)) if i not in second]
        product = matmul(_flattened(a, free_a, first, False), _flattened(b, free_b, second, True))
        if len(free_a) == len(free_b) == 1:
            return product
        left, right = [a.shape.plain[i] for i in free_a], [b.shape.plain[i] for i in free_b]
        if None not in (*left, *right):
            return apply("Reshape", product, np.asarray([*left, *right], np.int32), name=scope)
        sizes = [
            apply("GatherV2", apply("Shape", x), np.asarray(free, np.int32), 0)
            for x, free in ((a, free_a), (b, free_b))
        ]
        result = apply("Reshape", product, apply("ConcatV2", sizes, 0), name=scope)
        result.set_shape([*left, *right])
        return result
