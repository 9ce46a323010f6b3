"""The public reductions: ``reduce_sum`` and its kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import int64
from gradiente.graph.operation import Tensor
from gradiente.ops.cast import cast


def given(function: str, **spellings: Any) -> Any:
    """The value of an argument that has several names, of which at most one is given.

    Raises:
        ValueError: if two are given.
    """
    present = {name: value for name, value in spellings.items() if value is not None}
    if len(present) > 1:
        raise ValueError(
            f"tf.{function}: {' and '.join(present)} are one argument's names; give one of them."
        )
    return next(iter(present.values()), None)


def _all_axes(x: Tensor) -> Any:
    """Every axis of ``x``: a constant where its rank is known."""
    rank = x.shape.ndims
    if rank is not None:
        return convert_to_tensor(np.arange(rank, dtype=np.int32), name="Const")
    return apply("Range", 0, apply("Rank", x), 1, name="range")


def _reduce(
    op_type: str,
    input_tensor: Any,
    axis: Any,
    keepdims: Any,
    name: str | None,
    reduction_indices: Any,
    keep_dims: Any,
) -> Tensor:
    function = f"reduce_{op_type.lower()}"
    axis = given(function, axis=axis, reduction_indices=reduction_indices)
    keep = given(function, keepdims=keepdims, keep_dims=keep_dims)
    x = convert_to_tensor(input_tensor, name="input_tensor")
    axes = _all_axes(x) if axis is None else axis
    result = apply(op_type, x, axes, keep_dims=bool(keep), name=name)
    if axis is None and not keep:
        result.set_shape(())
    return result


def reduce_sum(
    input_tensor: Any, axis: Any = None, keepdims: bool | None = None, name: str | None = None,
    reduction_indices: Any = None, keep_dims: bool | None = None,
) -> Tensor:  # fmt: skip
    """The sum of the elements along axes of a tensor, ``Σ x``.

    Args:
        input_tensor: a tensor of numbers.
        axis: the axis or the list of axes to sum along, negative ones counted from the end; all of them without it.
        keepdims: keep the summed axes, with size 1.
        name: the operation's name.
        reduction_indices: the old name of ``axis``.
        keep_dims: the old name of ``keepdims``.

    Returns:
        A tensor of the type of ``input_tensor``, without the summed axes.

    Raises:
        ValueError: if an axis is out of range.

    Example:
        >>> x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
        >>> with tf.Session() as sess:
        ...     sess.run([tf.reduce_sum(x), tf.reduce_sum(x, 0)])
        [np.float32(10.0), array([4., 6.], dtype=float32)]
    """
    return _reduce("Sum", input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_mean(
    input_tensor: Any, axis: Any = None, keepdims: bool | None = None, name: str | None = None,
    reduction_indices: Any = None, keep_dims: bool | None = None,
) -> Tensor:  # fmt: skip
    """The mean of the elements along axes of a tensor, ``Σ x / n``; of integers, rounded towards zero.

    Arguments and result are those of ``reduce_sum``.
    """
    return _reduce("Mean", input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_prod(
    input_tensor: Any, axis: Any = None, keepdims: bool | None = None, name: str | None = None,
    reduction_indices: Any = None, keep_dims: bool | None = None,
) -> Tensor:  # fmt: skip
    """The product of the elements along axes of a tensor, ``Π x``. Arguments and result as in ``reduce_sum``."""
    return _reduce("Prod", input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_max(
    input_tensor: Any, axis: Any = None, keepdims: bool | None = None, name: str | None = None,
    reduction_indices: Any = None, keep_dims: bool | None = None,
) -> Tensor:  # fmt: skip
    """The largest element along axes of a tensor; elements that share it share its gradient evenly.

    Arguments and result are those of ``reduce_sum``.
    """
    return _reduce("Max", input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_min(
    input_tensor: Any, axis: Any = None, keepdims: bool | None = None, name: str | None = None,
    reduction_indices: Any = None, keep_dims: bool | None = None,
) -> Tensor:  # fmt: skip
    """The smallest element along axes of a tensor; elements that share it share its gradient evenly.

    Arguments and result are those of ``reduce_sum``.
    """
    return _reduce("Min", input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_all(
    input_tensor: Any, axis: Any = None, keepdims: bool | None = None, name: str | None = None,
    reduction_indices: Any = None, keep_dims: bool | None = None,
) -> Tensor:  # fmt: skip
    """Whether all elements of a bool tensor along axes are True. Arguments and result as in ``reduce_sum``."""
    return _reduce("All", input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_any(
    input_tensor: Any, axis: Any = None, keepdims: bool | None = None, name: str | None = None,
    reduction_indices: Any = None, keep_dims: bool | None = None,
) -> Tensor:  # fmt: skip
    """Whether some element of a bool tensor along axes is True. Arguments and result as in ``reduce_sum``."""
    return _reduce("Any", input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_euclidean_norm(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The Euclidean norm ``√Σ|x|²`` along axes of a tensor. Arguments and result as in ``reduce_sum``."""
    x = convert_to_tensor(input_tensor, name="input_tensor")
    return apply(
        "EuclideanNorm", x, _all_axes(x) if axis is None else axis, keep_dims=bool(keepdims), name=name
    )


def reduce_logsumexp(
    input_tensor: Any, axis: Any = None, keepdims: bool | None = None, name: str | None = None,
    reduction_indices: Any = None, keep_dims: bool | None = None,
) -> Tensor:  # fmt: skip
    """The logarithm of the sum of exponentials, ``ln Σ eˣ``, computed so that nothing overflows.

    The largest element m is taken out first: ``m + ln Σ eˣ⁻ᵐ``.

    Args:
        input_tensor: a floating-point tensor.
        axis: the axis or the list of axes, as in ``reduce_sum``.
        keepdims: keep the reduced axes, with size 1.
        name: the name scope.
        reduction_indices: the old name of ``axis``.
        keep_dims: the old name of ``keepdims``.

    Returns:
        A tensor of the type of ``input_tensor``, without the reduced axes.
    """
    axis = given("reduce_logsumexp", axis=axis, reduction_indices=reduction_indices)
    keep = bool(given("reduce_logsumexp", keepdims=keepdims, keep_dims=keep_dims))
    with name_scope(name, "ReduceLogSumExp", [input_tensor]) as scope:
        x = convert_to_tensor(input_tensor)
        largest = reduce_max(x, axis, keepdims=True)
        finite = apply("SelectV2", apply("IsFinite", largest), largest, apply("ZerosLike", largest))
        shift = apply("StopGradient", finite)
        total = apply("Log", reduce_sum(apply("Exp", apply("Sub", x, shift)), axis, keepdims=keep))
        if not keep:
            shift = apply("Reshape", shift, apply("Shape", total))
        return apply("AddV2", total, shift, name=scope)


def reduce_variance(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The variance ``Σ|x - mean|² / n`` along axes of a tensor. Arguments and result as in ``reduce_sum``."""
    with name_scope(name, "reduce_variance", [input_tensor]):
        x = convert_to_tensor(input_tensor)
        away = apply("Sub", x, reduce_mean(x, axis, keepdims=True), name="sub")
        if not x.dtype.is_complex:
            return reduce_mean(apply("Square", away), axis, keepdims=keepdims)
        squares = apply("Mul", away, apply("Conj", away))
        return reduce_mean(apply("Real", squares, Tout=x.dtype.real_dtype), axis, keepdims=keepdims)


def reduce_std(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The standard deviation, the root of ``reduce_variance``, along axes. Arguments and result as in ``reduce_sum``."""
    with name_scope(name, "reduce_std", [input_tensor]):
        return apply("Sqrt", reduce_variance(input_tensor, axis, keepdims))


def count_nonzero(
    input_tensor: Any = None, axis: Any = None, keepdims: bool | None = None, dtype: Any = int64,
    name: str | None = None, reduction_indices: Any = None, keep_dims: bool | None = None, input: Any = None,
) -> Tensor:  # fmt: skip
    """How many elements along axes of a tensor are not zero.

    Args:
        input_tensor: a tensor of numbers, bools or strings (of which the empty one counts as zero).
        axis: the axis or the list of axes, as in ``reduce_sum``.
        keepdims: keep the counted axes, with size 1.
        dtype: the type of the result.
        name: the name scope.
        reduction_indices: the old name of ``axis``.
        keep_dims: the old name of ``keepdims``.
        input: the new name of ``input_tensor``.

    Returns:
        A tensor of type ``dtype``.
    """
    keep = bool(given("count_nonzero", keepdims=keepdims, keep_dims=keep_dims))
    axis = given("count_nonzero", axis=axis, reduction_indices=reduction_indices)
    with name_scope(name, "count_nonzero"):
        x = convert_to_tensor(input if input_tensor is None else input_tensor)
        zero = np.asarray(b"" if x.dtype.base_dtype == "string" else 0, x.dtype.base_dtype.np)
        present = apply("Cast", apply("NotEqual", x, convert_to_tensor(zero, name="zeros")), DstT=int64)
        return cast(reduce_sum(present, axis, keepdims=keep), dtype)
