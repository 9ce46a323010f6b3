"""Regularizers: penalties on the size of weights, to add to a loss (``tf.contrib.layers``)."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Sequence
from typing import Any

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import float32
from gradiente.graph.graph import get_default_graph
from gradiente.graph.keys import GraphKeys
from gradiente.graph.operation import Tensor

Regularizer = Callable[[Any], Any]
"""From weights to a scalar penalty, or None for none."""


def _checked_scale(scale: Any) -> float:
    if isinstance(scale, numbers.Integral):
        raise ValueError(f"scale cannot be an integer: {scale}. Write it as a float.")
    if isinstance(scale, numbers.Real) and scale < 0.0:
        raise ValueError(f"Setting a scale less than 0 on a regularizer: {scale}.")
    return scale  # pyright: ignore[reportReturnType] - a tensor is taken too


def _nothing(_: Any) -> None:
    return


def _penalty(
    name: str, scope: str | None, scale: Any, weights: Any, measure: Callable[[Tensor], Tensor]
) -> Tensor:
    with name_scope(scope, name, [weights]) as full_name:
        values = convert_to_tensor(weights)
        factor = convert_to_tensor(scale, dtype=values.dtype.base_dtype, name="scale")
        return apply("Mul", factor, measure(values), name=full_name)


def _absolute_sum(values: Tensor) -> Tensor:
    return apply("Sum", apply("Abs", values), _all_axes(values))


def _half_squares(values: Tensor) -> Tensor:
    return apply("L2Loss", values)


def _all_axes(values: Tensor) -> Any:
    return (
        apply("Range", 0, apply("Rank", values), 1)
        if values.shape.ndims is None
        else list(range(values.shape.ndims))
    )


def l1_regularizer(scale: float, scope: str | None = None) -> Regularizer:
    """The penalty ``scale`` · Σ |w|, which makes weights zero.

    Args:
        scale: a float, not negative; 0.0 for no penalty.
        scope: the name of the operations.

    Returns:
        A function from weights to the penalty.

    Raises:
        ValueError: if ``scale`` is an integer or negative.
    """
    if _checked_scale(scale) == 0.0:
        return _nothing
    return lambda weights: _penalty("l1_regularizer", scope, scale, weights, _absolute_sum)


def l2_regularizer(scale: float, scope: str | None = None) -> Regularizer:
    """The penalty ``scale`` · ½ Σ w², which keeps weights small.

    Args:
        scale: a float, not negative; 0.0 for no penalty.
        scope: the name of the operations.

    Returns:
        A function from weights to the penalty.

    Raises:
        ValueError: if ``scale`` is an integer or negative.

    Example:
        >>> penalty = l2_regularizer(0.5)(tf.constant([1.0, 2.0]))
        >>> with tf.Session() as sess:
        ...     float(sess.run(penalty))
        1.25
    """
    if _checked_scale(scale) == 0.0:
        return _nothing
    return lambda weights: _penalty("l2_regularizer", scope, scale, weights, _half_squares)


def l1_l2_regularizer(scale_l1: float = 1.0, scale_l2: float = 1.0, scope: str | None = None) -> Regularizer:
    """The sum of an L1 and an L2 penalty.

    Raises:
        ValueError: if a scale is an integer or negative.
    """
    if isinstance(scale_l1, numbers.Integral) or isinstance(scale_l2, numbers.Integral):
        raise ValueError(f"scale cannot be an integer: {scale_l1}, {scale_l2}. Write them as floats.")
    name = scope or "l1_l2_regularizer"
    return sum_regularizer([l1_regularizer(scale_l1), l2_regularizer(scale_l2)], scope=name)


def sum_regularizer(regularizer_list: Sequence[Regularizer | None], scope: str | None = None) -> Regularizer:
    """The sum of several penalties; None entries are left out."""
    regularizers = [r for r in regularizer_list if r is not None]

    def total(weights: Any) -> Any:
        with name_scope(scope, "sum_regularizer", [weights]) as name:
            penalties = [p for p in (r(weights) for r in regularizers) if p is not None]
            if not penalties:
                return None
            return penalties[0] if len(penalties) == 1 else apply("AddN", penalties, name=name)

    return total


def apply_regularization(regularizer: Regularizer, weights_list: Sequence[Any] | None = None) -> Tensor:
    """The sum of a regularizer's penalties for some weights, also added to ``GraphKeys.REGULARIZATION_LOSSES``.

    Args:
        regularizer: from weights to a penalty.
        weights_list: the weights; what ``GraphKeys.WEIGHTS`` holds by default.

    Returns:
        A scalar; zero if there are no weights.

    Raises:
        ValueError: if a penalty is no scalar.
    """
    graph = get_default_graph()
    weights = graph.get_collection(GraphKeys.WEIGHTS) if not weights_list else list(weights_list)
    with name_scope("get_regularization_penalty", values=weights or None) as scope:
        penalties = [p for p in (regularizer(w) for w in weights) if p is not None]
        for penalty in penalties:
            if penalty.shape.ndims not in (None, 0):
                raise ValueError(
                    f"regularizer must return a scalar Tensor instead of a Tensor of shape {penalty.shape}, made at "
                    f"{penalty.op.source}."
                )
        total = apply("AddN", penalties, name=scope) if penalties else convert_to_tensor(0.0, dtype=float32)
        graph.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, total)
        return total
