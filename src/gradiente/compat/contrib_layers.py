"""The regularizers and initializers of `tf.contrib.layers`, of which TensorFlow 1 programs use hardly anything else."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import gradiente
from gradiente.graph.operation import Tensor

Regularizer: TypeAlias = Callable[[Any], Tensor | None]
Initializer: TypeAlias = Callable[..., Tensor]

# A normal distribution that is cut off at two standard deviations has about 1/1.3 of the variance.
_TRUNCATION = 1.3


def _penalty(name: str, scale: float, of: Callable[[Any], Tensor], scope: str | None) -> Regularizer:
    if isinstance(scale, numbers.Integral):
        raise ValueError(
            f"{name}: scale is a floating-point number, not the integer {scale}. Write {scale}.0."
        )
    if scale < 0:
        raise ValueError(f"{name}: scale is {scale}, and a penalty is not negative.")
    if scale == 0:
        return lambda _: None

    def regularize(weights: Any) -> Tensor:
        with gradiente.name_scope(scope, name, [weights]):
            return gradiente.multiply(of(weights), scale)

    return regularize


def l1_regularizer(scale: float, scope: str | None = None) -> Regularizer:
    """Returns a function of weights that gives scale · Σ|w|.

    Args:
        scale: how much the penalty counts; with 0.0 the function returns None.
        scope: the name of what the function adds to the graph.

    Raises:
        ValueError: when `scale` is negative or an integer.

    >>> with tf.Session() as sess:
    ...     print(sess.run(l1_regularizer(0.5)(tf.constant([1.0, -3.0]))))
    2.0
    """
    return _penalty("l1_regularizer", scale, lambda w: gradiente.reduce_sum(gradiente.abs(w)), scope)


def l2_regularizer(scale: float, scope: str | None = None) -> Regularizer:
    """Returns a function of weights that gives scale · ½ Σw².

    Args:
        scale: how much the penalty counts; with 0.0 the function returns None.
        scope: the name of what the function adds to the graph.

    Raises:
        ValueError: when `scale` is negative or an integer.

    >>> with tf.Session() as sess:
    ...     print(sess.run(l2_regularizer(0.5)(tf.constant([1.0, -3.0]))))
    2.5
    """
    return _penalty("l2_regularizer", scale, _half_square_sum, scope)


def _half_square_sum(weights: Any) -> Tensor:
    return gradiente.multiply(gradiente.reduce_sum(gradiente.square(weights)), 0.5)


def l1_l2_regularizer(scale_l1: float = 1.0, scale_l2: float = 1.0, scope: str | None = None) -> Regularizer:
    """Returns a function of weights that gives scale_l1 · Σ|w| + scale_l2 · ½ Σw²."""
    return sum_regularizer([l1_regularizer(scale_l1, scope), l2_regularizer(scale_l2, scope)])


def sum_regularizer(regularizer_list: Sequence[Regularizer | None], scope: str | None = None) -> Regularizer:
    """Returns a function of weights that gives the sum of several penalties.

    Args:
        regularizer_list: functions as `l2_regularizer` returns them; None counts for nothing.
        scope: the name of the sum in the graph.
    """
    regularizers = [each for each in regularizer_list if each is not None]

    def regularize(weights: Any) -> Tensor | None:
        penalties = [penalty for each in regularizers if (penalty := each(weights)) is not None]
        return gradiente.add_n(penalties, name=scope) if penalties else None

    return regularize


def apply_regularization(regularizer: Regularizer, weights_list: Sequence[Any] | None = None) -> Tensor:
    """Returns the sum of a penalty over weights, and adds each to the collection of regularization losses.

    Args:
        regularizer: a function as `l2_regularizer` returns it.
        weights_list: by default the collection `GraphKeys.WEIGHTS`.

    Raises:
        ValueError: when there are no weights.
    """
    graph = gradiente.get_default_graph()
    weights = list(graph.get_collection("weights") if weights_list is None else weights_list)
    if not weights:
        raise ValueError("apply_regularization: there are no weights; give weights_list.")
    penalties = [penalty for each in weights if (penalty := regularizer(each)) is not None]
    for penalty in penalties:
        graph.add_to_collection(gradiente.GraphKeys.REGULARIZATION_LOSSES, penalty)
    return gradiente.add_n(penalties) if penalties else gradiente.constant(0.0)


def variance_scaling_initializer(
    factor: float = 2.0,
    mode: str = "FAN_IN",
    uniform: bool = False,
    seed: int | None = None,
    dtype: Any = None,
) -> Initializer:
    """Returns an initializer whose values have the variance factor / n, so that signals keep their size.

    Args:
        factor: 2.0 with `FAN_IN` is He's choice for relu, 1.0 with `FAN_AVG` Glorot's.
        mode: what n is: `FAN_IN` (inputs of a neuron), `FAN_OUT` (its outputs) or `FAN_AVG` (their mean).
        uniform: a uniform distribution instead of a truncated normal one.
        seed: the seed of the operation.
        dtype: by default float32.

    Raises:
        TypeError: for an unknown mode.

    Source: K. He et al., "Delving Deep into Rectifiers", 2015; X. Glorot and Y. Bengio, "Understanding the
    Difficulty of Training Deep Feedforward Neural Networks", 2010.
    """
    if mode not in ("FAN_IN", "FAN_OUT", "FAN_AVG"):
        raise TypeError(f"variance_scaling_initializer: mode is FAN_IN, FAN_OUT or FAN_AVG, not {mode!r}.")
    default = gradiente.float32 if dtype is None else dtype

    def initialize(shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        del partition_info
        sizes: Any = gradiente.TensorShape(shape).as_list()
        n = _fan(sizes, mode)
        kind = default if dtype is None else dtype
        if uniform:
            limit = math.sqrt(3.0 * factor / n)
            return gradiente.random_uniform(sizes, -limit, limit, kind, seed=seed)
        return gradiente.truncated_normal(sizes, 0.0, math.sqrt(_TRUNCATION * factor / n), kind, seed=seed)

    return initialize


def _fan(shape: list[int], mode: str) -> float:
    receptive_field = math.prod(shape[:-2])
    fan_in = float(receptive_field * (shape[-2] if len(shape) > 1 else shape[-1])) if shape else 1.0
    fan_out = float(receptive_field * shape[-1]) if shape else 1.0
    return {"FAN_IN": fan_in, "FAN_OUT": fan_out, "FAN_AVG": (fan_in + fan_out) / 2.0}[mode]


def xavier_initializer(uniform: bool = True, seed: int | None = None, dtype: Any = None) -> Initializer:
    """Returns Glorot's initializer: uniform in ±√(6 / (inputs + outputs)), or normal with the same variance."""
    return variance_scaling_initializer(1.0, "FAN_AVG", uniform, seed, dtype)


xavier_initializer_conv2d = xavier_initializer


def flatten(inputs: Any, outputs_collections: Any = None, scope: str | None = None) -> Tensor:
    """Returns [batch, ...] reshaped to [batch, size of an example].

    Args:
        inputs: a tensor of at least two dimensions, all known but the first.
        outputs_collections: the name of a collection that the result joins.
        scope: the name of the operation.

    Raises:
        ValueError: when a size that is needed is not known.
    """
    tensor = gradiente.convert_to_tensor(inputs)
    sizes: list[Any] = tensor.get_shape().as_list()
    if len(sizes) < 2 or None in sizes[1:]:
        raise ValueError(
            f"flatten: {tensor.name} has shape {tensor.get_shape()}; all its sizes but the first must be known."
        )
    batch = -1 if sizes[0] is None else sizes[0]
    flat = gradiente.reshape(tensor, [batch, math.prod(sizes[1:])], name=scope or "Flatten")
    if outputs_collections:
        gradiente.get_default_graph().add_to_collection(outputs_collections, flat)
    return flat
