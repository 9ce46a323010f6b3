"""Moments, and the normalizations that are made of other ops: batch_normalization, l2_normalize, zero_fraction."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import FLOATS
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import register
from gradiente.graph.source import user_line
from gradiente.ops.basic import scalar_shape
from gradiente.ops.nn_softmax import either_axis


def _axes(x: Tensor, axes: Any) -> Any:
    """Reduction axes as an int32 array or tensor; None stands for all."""
    if axes is None:
        rank = x.shape.ndims
        return np.arange(rank, dtype=np.int32) if rank is not None else apply("Range", 0, apply("Rank", x), 1)
    return axes if isinstance(axes, Tensor) else np.asarray(axes, np.int32)


def _kept(keep_dims: Any, keepdims: Any) -> bool:
    if keep_dims is not None and keepdims is not None:
        raise ValueError(f"Cannot specify both 'keepdims' and 'keep_dims', its old name. At {user_line()}")
    return bool(keepdims if keep_dims is None else keep_dims)


def _mean(x: Tensor, axes: Any, name: str = "Mean") -> Tensor:
    return apply("Mean", x, axes, keep_dims=True, name=name)


def _sum(x: Tensor, axes: Any, name: str = "Sum") -> Tensor:
    return apply("Sum", x, axes, keep_dims=True, name=name)


def _without(x: Tensor, axes: Any) -> Tensor:
    """``x`` without the axes that were reduced to size 1."""
    if isinstance(axes, Tensor):
        return apply("Mean", x, axes, keep_dims=False)
    return apply("Squeeze", x, squeeze_dims=[int(a) for a in np.atleast_1d(axes)]) if np.size(axes) else x


def moments(
    x: Any, axes: Any, shift: Any = None, name: str | None = None, keep_dims: bool | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The mean and the variance along axes: mean(x), mean((x − mean(x))²).

    Args:
        x: a floating tensor. Half precision is summed in float32.
        axes: the axes to reduce; [0] for batch normalization, [0, 1, 2] for that of images by channel.
        shift: accepted; not needed.
        name: the name scope.
        keep_dims: keep the reduced axes with size 1. ``keepdims`` is its newer name.
        keepdims: see ``keep_dims``.

    Returns:
        The mean and the variance.

    >>> mean, variance = tf.nn.moments(tf.constant([[1.0, 2.0], [3.0, 8.0]]), axes=[0])
    >>> with tf.Session() as sess:
    ...     print(sess.run(mean), sess.run(variance))
    [2. 5.] [1. 9.]

    Source: TensorFlow 1's ``tf.nn.moments``.
    """
    del shift
    keep = _kept(keep_dims, keepdims)
    with name_scope(name, "moments", [x]):
        value = convert_to_tensor(x, name="x")
        wide = apply("Cast", value, DstT="float32") if value.dtype.size == 2 else value
        along = _axes(wide, axes)
        mean = _mean(wide, along, "mean")
        variance = _mean(apply("SquaredDifference", wide, mean), along, "variance")
        if not keep:
            mean, variance = _without(mean, along), _without(variance, along)
        if wide is not value:
            mean, variance = (apply("Cast", t, DstT=value.dtype) for t in (mean, variance))
        return mean, variance


def weighted_moments(
    x: Any, axes: Any, frequency_weights: Any, name: str | None = None, keep_dims: bool | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The mean and the variance along axes of values that count with different weights.

    mean = Σ w·x / Σ w, variance = Σ w·(x − mean)² / Σ w

    Args:
        x: a floating tensor.
        axes: the axes to reduce.
        frequency_weights: positive weights that broadcast with ``x``.
        name: the name scope.
        keep_dims: keep the reduced axes with size 1. ``keepdims`` is its newer name.
        keepdims: see ``keep_dims``.

    Returns:
        The mean and the variance.

    Source: TensorFlow 1's ``tf.nn.weighted_moments``.
    """
    keep = _kept(keep_dims, keepdims)
    with name_scope(name, "weighted_moments", [x, frequency_weights]):
        value = convert_to_tensor(x, name="x")
        weights = convert_to_tensor(frequency_weights, name="frequency_weights")
        if weights.dtype is not value.dtype:
            weights = apply("Cast", weights, DstT=value.dtype)
        weights = weights + apply("ZerosLike", value)
        along = _axes(value, axes)
        total = _sum(weights, along)
        mean = _sum(weights * value, along) / total
        variance = _sum(weights * apply("SquaredDifference", value, mean), along) / total
        return (mean, variance) if keep else (_without(mean, along), _without(variance, along))


def sufficient_statistics(
    x: Any, axes: Any, shift: Any = None, keep_dims: bool | None = None, name: str | None = None,
    keepdims: bool | None = None,
) -> tuple[Any, Tensor, Tensor, Any]:  # fmt: skip
    """What the mean and the variance of parts are put together from: the count, the sum, and the sum of squares.

    Args:
        x: a floating tensor.
        axes: the axes to reduce.
        shift: a value near the mean, taken off first for precision; None for none.
        keep_dims: keep the reduced axes with size 1. ``keepdims`` is its newer name.
        name: the name scope.
        keepdims: see ``keep_dims``.

    Returns:
        The count, the (shifted) sum, the (shifted) sum of squares, and the shift or None.

    Source: TensorFlow 1's ``tf.nn.sufficient_statistics``.
    """
    keep = _kept(keep_dims, keepdims)
    with name_scope(name, "sufficient_statistics", [x, shift]):
        value = convert_to_tensor(x, name="x")
        along = _axes(value, axes)
        sizes = apply("GatherV2", apply("Shape", value), along, 0)
        counts = apply("Cast", apply("Prod", sizes, [0], keep_dims=False), DstT=value.dtype, name="count")
        moved = value
        if shift is not None:
            shift = convert_to_tensor(shift, dtype=value.dtype, name="shift")
            moved = apply("Sub", value, shift)
        sums = apply("Sum", moved, along, keep_dims=keep, name="mean_ss")
        squares = apply("Sum", apply("Square", moved), along, keep_dims=keep, name="var_ss")
        return counts, sums, squares, shift


def normalize_moments(
    counts: Any, mean_ss: Any, variance_ss: Any, shift: Any, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """The mean and the variance from the statistics of ``sufficient_statistics``.

    Args:
        counts: how many values there were.
        mean_ss: their (shifted) sum.
        variance_ss: their (shifted) sum of squares.
        shift: what was taken off, or None.
        name: the name scope.

    Returns:
        The mean and the variance.

    Source: TensorFlow 1's ``tf.nn.normalize_moments``.
    """
    with name_scope(name, "normalize", [counts, mean_ss, variance_ss, shift]):
        divisor = apply("Reciprocal", counts, name="divisor")
        shifted = apply("Mul", mean_ss, divisor, name="shifted_mean")
        mean = shifted if shift is None else apply("AddV2", shifted, shift, name="mean")
        squares = apply("Mul", variance_ss, divisor)
        return mean, apply("Sub", squares, apply("Square", shifted), name="variance")


def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: Any, name: str | None = None
) -> Tensor:
    """Values normalized by a mean and a variance, then scaled and shifted.

    y = scale · (x − mean) / √(variance + ε) + offset

    Args:
        x: a floating tensor.
        mean: the mean, which broadcasts with ``x``.
        variance: the variance, which broadcasts with ``x``.
        offset: β, or None.
        scale: γ, or None.
        variance_epsilon: ε, a small number against division by zero.
        name: the name scope.

    Source: Ioffe and Szegedy 2015, equation 11; TensorFlow 1's ``tf.nn.batch_normalization``.
    """
    with name_scope(name, "batchnorm", [x, mean, variance, scale, offset]):
        value = convert_to_tensor(x, name="x")
        centre = convert_to_tensor(mean, name="mean")
        spread = convert_to_tensor(variance, name="variance")
        factor = apply("Rsqrt", spread + variance_epsilon)
        if scale is not None:
            factor = factor * scale
        shift = -centre * factor if offset is None else offset - centre * factor
        factor, shift = (
            t if t.dtype is value.dtype else apply("Cast", t, DstT=value.dtype) for t in (factor, shift)
        )
        return apply("AddV2", apply("Mul", value, factor, name="mul"), shift, name="add_1")


def batch_norm_with_global_normalization(
    t: Any = None, m: Any = None, v: Any = None, beta: Any = None, gamma: Any = None, variance_epsilon: Any = None,
    scale_after_normalization: Any = None, name: str | None = None, input: Any = None, mean: Any = None,
    variance: Any = None,
) -> Tensor:  # fmt: skip
    """``batch_normalization`` under its oldest name and argument order.

    Args:
        t: the values. ``input`` is its newer name.
        m: the mean. ``mean`` is its newer name.
        v: the variance. ``variance`` is its newer name.
        beta: the offset.
        gamma: the scale, used if ``scale_after_normalization``.
        variance_epsilon: a small number against division by zero.
        scale_after_normalization: whether to multiply by ``gamma``.
        name: the name scope.
        input: see ``t``.
        mean: see ``m``.
        variance: see ``v``.

    Source: TensorFlow 1's ``tf.nn.batch_norm_with_global_normalization``.
    """
    values, centre, spread = (
        new if old is None else old for old, new in ((t, input), (m, mean), (v, variance))
    )
    scale = gamma if scale_after_normalization else None
    return batch_normalization(values, centre, spread, beta, scale, variance_epsilon, name)


def l2_normalize(
    x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None
) -> Tensor:
    """Vectors scaled to length 1: x / √max(Σ x², ε).

    Args:
        x: a floating tensor.
        axis: the axis or axes along which the vectors lie; None for all.
        epsilon: the least squared length; shorter vectors stay shorter than 1.
        name: the name scope.
        dim: the old name of ``axis``.

    Source: TensorFlow 1's ``tf.nn.l2_normalize``.
    """
    along = None if axis is None and dim is None else either_axis(axis, dim)
    with name_scope(name, "l2_normalize", [x]) as scope:
        value = convert_to_tensor(x, name="x")
        squares = _sum(apply("Square", value), _axes(value, along))
        return apply("Mul", value, apply("Rsqrt", apply("Maximum", squares, epsilon)), name=scope)


def zero_fraction(value: Any, name: str | None = None) -> Tensor:
    """The fraction of the elements that are 0: how sparse a layer's activation is.

    Args:
        value: a tensor of numbers.
        name: the name scope.

    Returns:
        A float32 scalar.

    Source: TensorFlow 1's ``tf.nn.zero_fraction``.
    """
    with name_scope(name, "zero_fraction", [value]):
        x = convert_to_tensor(value, name="value")
        zeros = apply("Cast", apply("Equal", x, np.zeros((), x.dtype.np)), DstT="float32")
        return apply("Mean", zeros, _axes(x, None), keep_dims=False, name="fraction")


def _l2_loss(xp: Any, t: Any) -> Any:
    return xp.sum(t * t, dtype=t.dtype) * t.dtype.type(0.5)


def _l2_loss_gradient(op: Operation, grad: Tensor) -> Tensor:
    return op.inputs[0] * grad


register(
    "L2Loss", "t: T -> output: T", types={"T": FLOATS}, shape=scalar_shape, compute=_l2_loss,
    gradient=_l2_loss_gradient,
)  # fmt: skip


def l2_loss(t: Any, name: str | None = None) -> Tensor:
    """Half the sum of squares: Σ t² / 2. Added to the loss of a network, it keeps weights small.

    Args:
        t: a floating tensor.
        name: the operation's name.

    Returns:
        A scalar.

    Source: TensorFlow 1's ``tf.nn.l2_loss``.
    """
    return apply("L2Loss", t, name=name)


def log_poisson_loss(
    targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None
) -> Tensor:
    """The loss of counts that a network predicts by the logarithm c of their mean: exp(c) − z·c.

    Args:
        targets: the counts z.
        log_input: c, of the same type and shape.
        compute_full_loss: add Stirling's approximation of log z!, z·log z − z + ½·log(2πz), where z > 1.
        name: the name scope.

    Returns:
        The loss of each element.

    Raises:
        ValueError: if the shapes differ.

    Source: TensorFlow 1's ``tf.nn.log_poisson_loss``.
    """
    with name_scope(name, "log_poisson_loss", [log_input, targets]):
        c = convert_to_tensor(log_input, name="log_input")
        z = convert_to_tensor(targets, dtype=None if isinstance(targets, Tensor) else c.dtype, name="targets")
        if not c.shape.is_compatible_with(z.shape):
            raise ValueError(
                f"log_input and targets must have the same shape, got {c.shape} and {z.shape}. At {user_line()}"
            )
        loss = apply("Exp", c) - c * z
        if compute_full_loss:
            above = apply("Greater", z, np.ones((), z.dtype.np))
            safe = apply("Select", above, z, apply("OnesLike", z))
            stirling = z * apply("Log", safe) - z + 0.5 * apply("Log", 2 * np.pi * safe)
            loss = loss + apply("Select", above, stirling, apply("ZerosLike", z))
        return loss
