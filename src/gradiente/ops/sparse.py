"""Sparse tensors to feed, and to make dense."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import as_dtype, bool_, int64, string
from gradiente.graph.operation import Tensor
from gradiente.graph.shapes import TensorShape, as_shape
from gradiente.graph.sparse import SparseTensor
from gradiente.ops.basic import placeholder


def sparse_placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> SparseTensor:
    """A SparseTensor whose value every run must feed.

    Args:
        dtype: the type of the elements.
        shape: the dense shape; None for an unknown one.
        name: the prefix of the three placeholders' names.

    Returns:
        A SparseTensor; feed it a SparseTensorValue or a tuple (indices, values, dense_shape).

    Source: TensorFlow 1's ``tf.sparse_placeholder``.
    """
    sizes = as_shape(shape)
    prefix = "" if name is None else f"{name}/"
    rank = sizes.ndims
    if sizes.is_fully_defined():
        dense = convert_to_tensor(np.asarray(sizes.plain, np.int64), name=f"{prefix}shape")
    else:
        dense = placeholder(int64, [rank], name=f"{prefix}shape")
    return SparseTensor(
        placeholder(int64, [None, rank], name=f"{prefix}indices"),
        placeholder(as_dtype(dtype), [None], name=f"{prefix}values"),
        dense,
    )


def sparse_tensor_to_dense(
    sp_input: Any, default_value: Any = None, validate_indices: bool = True, name: str | None = None
) -> Tensor:
    """The dense tensor that a SparseTensor stands for (``tf.sparse_tensor_to_dense``, ``tf.sparse.to_dense``).

    Args:
        sp_input: the SparseTensor.
        default_value: the elements that it does not list: 0 (False, an empty string) by default.
        validate_indices: require that the coordinates are in row-major order and none comes twice.
        name: the operation's name.

    Raises:
        TypeError: if ``sp_input`` is no SparseTensor.
    """
    if not isinstance(sp_input, SparseTensor):
        if not hasattr(sp_input, "dense_shape"):
            raise TypeError(f"sparse_tensor_to_dense takes a SparseTensor, not {sp_input!r}.")
        sp_input = SparseTensor.from_value(sp_input)
    kind = sp_input.dtype.base_dtype
    default = default_value
    if default is None:
        default = b"" if kind is string else False if kind is bool_ else 0
    with name_scope(name, "SparseToDense") as scope:
        dense = apply(
            "SparseToDense", sp_input.indices, sp_input.dense_shape, sp_input.values,
            convert_to_tensor(default, dtype=kind, name="default_value"), validate_indices=validate_indices, name=scope,
        )  # fmt: skip
        dense.set_shape(dense.shape.merge_with(TensorShape(sp_input.shape)))
        return dense
