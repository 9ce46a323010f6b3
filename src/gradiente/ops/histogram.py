"""Counting: how often each value occurs, and how many values fall into each of equal bins."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import INDICES, DType, as_dtype, float32, float64, int32, int64
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.cast import cast
from gradiente.ops.reduce import reduce_max, reduce_prod

_COUNTED = (*INDICES, float32, float64)

# Bincount


def _bincount_shape(op: Operation) -> list[Any]:
    size = constant_value(op.inputs[1])
    return [(None if size is None else int(size),)]


def _bincount(xp: Namespace, arr: Array, size: Array, weights: Array, *, op: Operation) -> Array:
    del xp
    flat = arr.reshape(-1)
    if flat.size and flat.min() < 0:
        raise InvalidArgumentError(
            None, op, f"Only numbers from 0 can be counted, but the input holds {flat.min()}."
        )
    if weights.size and weights.shape != arr.shape:
        raise InvalidArgumentError(
            None,
            op,
            f"There must be one weight for each number: the shapes are {weights.shape} and {arr.shape}.",
        )
    bins = np.zeros(int(size), weights.dtype)
    kept = flat < len(bins)
    np.add.at(bins, flat[kept], weights.reshape(-1)[kept] if weights.size else np.ones(1, weights.dtype))
    return bins


register(
    "Bincount", "arr: int32, size: int32, weights: T -> bins: T", types={"T": _COUNTED}, shape=_bincount_shape,
    gradient=NOT_DIFFERENTIABLE, host=_bincount,
)  # fmt: skip


def bincount(
    arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None, dtype: Any = int32,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """How often each whole number occurs: ``outputᵥ`` counts the v in ``arr``.

    Args:
        arr: int32 numbers from 0 up, of any shape.
        weights: a number for each, of the same shape, to add instead of 1.
        minlength: the least length of the result, which is filled up with zeros.
        maxlength: the largest length: numbers that are not less are left out.
        dtype: the type of the result when there are no weights.
        name: the name scope.

    Returns:
        A vector, as long as the largest number needs.

    Raises:
        InvalidArgumentError: when it runs, if a number is negative.
    """
    with name_scope(name, "bincount"):
        arr = convert_to_tensor(arr, dtype=int32, name="arr")
        some = apply("Cast", apply("Greater", reduce_prod(apply("Shape", arr)), 0), DstT=int32)
        size = apply("Mul", some, apply("AddV2", reduce_max(arr), 1))
        if minlength is not None:
            size = apply("Maximum", size, convert_to_tensor(minlength, dtype=int32, name="minlength"))
        if maxlength is not None:
            size = apply("Minimum", size, convert_to_tensor(maxlength, dtype=int32, name="maxlength"))
        if weights is None:
            weights = np.zeros(0, as_dtype(dtype).np)
        return apply("Bincount", arr, size, weights)


# HistogramFixedWidth


def _histogram_shape(op: Operation) -> list[Any]:
    number = constant_value(op.inputs[2])
    if op.inputs[1].shape.plain not in (None, (2,), (None,)):
        raise ValueError(f"value_range must be [lowest, highest], but has shape {op.inputs[1].shape}.")
    if number is not None and number <= 0:
        raise ValueError(f"nbins must be positive, but is {number}.")
    return [(None if number is None else int(number),)]


def _histogram(
    xp: Namespace, values: Array, value_range: Array, nbins: Array, *, dtype: DType, ctx: Any
) -> Array:  # fmt: skip
    low, high, count = value_range[0], value_range[1], int(nbins)
    ctx.check(low < high, "value_range must be [lowest, highest] with the lowest less than the highest.")
    exact = values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)
    step = (high - low).astype(exact) / count
    places = xp.floor(
        (values.reshape(-1) - low).astype(exact) / xp.where(step == 0, xp.ones_like(step), step)
    )
    bins = xp.clip(places, 0, count - 1).astype(np.int32)
    hits = bins[:, None] == xp.arange(count, dtype=np.int32)
    return xp.sum(hits, axis=0).astype(dtype.np)


register(
    "HistogramFixedWidth", "values: T, value_range: T, nbins: int32 -> out: dtype",
    attrs={"dtype": attr("type", int32, INDICES)}, types={"T": _COUNTED}, shape=_histogram_shape,
    gradient=NOT_DIFFERENTIABLE, compute=_histogram, static=("nbins",), checks=True,
)  # fmt: skip


def histogram_fixed_width(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = int32, name: str | None = None
) -> Tensor:
    """How many values fall into each of ``nbins`` bins of equal width.

    Args:
        values: numbers of any shape.
        value_range: ``[lowest, highest]``; values beyond count in the first and the last bin.
        nbins: the number of bins.
        dtype: the type of the counts, int32 or int64.
        name: the name scope.

    Returns:
        A vector of ``nbins`` counts.

    Raises:
        InvalidArgumentError: when it runs, if the range is empty.
    """
    with name_scope(name, "histogram_fixed_width", [values, value_range, nbins]) as scope:
        return apply("HistogramFixedWidth", values, value_range, nbins, dtype=as_dtype(dtype), name=scope)


def confusion_matrix(
    labels: Any, predictions: Any, num_classes: Any = None, dtype: Any = int32, name: str | None = None,
    weights: Any = None,
) -> Tensor:  # fmt: skip
    """How often each class was taken for each: row i, column j counts the examples of class i predicted as j.

    Args:
        labels: the true classes, numbers from 0 up, ``[examples]``.
        predictions: the predicted classes, ``[examples]``.
        num_classes: the number of classes; one more than the largest number without it.
        dtype: the type of the result.
        name: the name scope.
        weights: a number for each example, to add instead of 1.

    Returns:
        ``[num_classes, num_classes]``; what lies on the diagonal was predicted right.

    Raises:
        InvalidArgumentError: when it runs, if a class is negative or not less than ``num_classes``.
    """
    with name_scope(name, "confusion_matrix", [labels, predictions, num_classes, weights]) as scope:
        labels = apply("Cast", convert_to_tensor(labels, name="labels"), DstT=int64)
        predictions = apply("Cast", convert_to_tensor(predictions, name="predictions"), DstT=int64)
        if num_classes is None:
            num_classes = apply(
                "AddV2",
                apply("Maximum", reduce_max(predictions), reduce_max(labels)),
                np.int64(1),
                name="add",
            )
        count = cast(convert_to_tensor(num_classes), int64)
        places = apply("Pack", [labels, predictions], axis=1, name="stack")
        kind = as_dtype(dtype)
        ones = apply("Fill", apply("Shape", predictions), convert_to_tensor(np.asarray(1, kind.np)))
        values = ones if weights is None else apply("Mul", ones, cast(convert_to_tensor(weights), kind))
        return apply("ScatterNd", places, values, apply("Pack", [count, count], name="stack"), name=scope)
