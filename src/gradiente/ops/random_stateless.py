"""Random tensors that depend on a given seed alone, not on earlier runs: the public stateless functions."""

from __future__ import annotations

from typing import Any

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import FLOATS, INDICES, as_dtype, float32
from gradiente.graph.operation import Tensor
from gradiente.graph.source import user_line
from gradiente.ops.random_ops import shape_tensor


def stateless_random_uniform(
    shape: Any, seed: Any, minval: Any = 0, maxval: Any = None, dtype: Any = float32, name: str | None = None
) -> Tensor:
    """Uniformly distributed numbers in [minval, maxval) that follow from ``seed`` alone.

    Args:
        shape: the shape, a list of sizes or an integer tensor of rank 1.
        seed: two integers, a list or a tensor; the same two give the same numbers in every run.
        minval: the lower bound.
        maxval: the upper bound; 1 by default, required for an integer type.
        dtype: a floating type, int32 or int64.
        name: the operation's name.

    Raises:
        ValueError: for an integer type without ``maxval``, or another type.

    Source: TensorFlow 1's ``tf.random.stateless_uniform``.
    """
    wanted = as_dtype(dtype)
    if wanted not in (*FLOATS, *INDICES):
        raise ValueError(
            f"stateless_uniform draws floating-point numbers, int32 or int64, not {wanted.name}."
        )
    if maxval is None:
        if wanted.is_integer:
            raise ValueError(f"Must specify maxval for integer dtype {wanted.name}. At {user_line()}")
        maxval = 1
    with name_scope(name, "stateless_random_uniform", [shape, seed, minval, maxval]) as scope:
        sizes = shape_tensor(shape)
        low = convert_to_tensor(minval, dtype=wanted, name="min")
        high = convert_to_tensor(maxval, dtype=wanted, name="max")
        if wanted.is_integer:
            return apply("StatelessRandomUniformInt", sizes, seed, low, high, name=scope)
        unit = apply("StatelessRandomUniform", sizes, seed, dtype=wanted)
        return apply("AddV2", unit * (high - low), low, name=scope)


def stateless_random_normal(
    shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = float32, name: str | None = None
) -> Tensor:
    """Normally distributed numbers that follow from ``seed`` alone.

    Args:
        shape: the shape, a list of sizes or an integer tensor of rank 1.
        seed: two integers, a list or a tensor.
        mean: the distribution's mean.
        stddev: its standard deviation.
        dtype: a floating type.
        name: the operation's name.

    Source: TensorFlow 1's ``tf.random.stateless_normal``.
    """
    return _scaled("StatelessRandomNormal", "stateless_random_normal", shape, seed, mean, stddev, dtype, name)


def stateless_truncated_normal(
    shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = float32, name: str | None = None
) -> Tensor:
    """Normally distributed numbers within two standard deviations that follow from ``seed`` alone.

    Args:
        shape: the shape, a list of sizes or an integer tensor of rank 1.
        seed: two integers, a list or a tensor.
        mean: the distribution's mean.
        stddev: its standard deviation, before truncation.
        dtype: a floating type.
        name: the operation's name.

    Source: TensorFlow 1's ``tf.random.stateless_truncated_normal``.
    """
    return _scaled(
        "StatelessTruncatedNormal", "stateless_truncated_normal", shape, seed, mean, stddev, dtype, name
    )


def _scaled(
    op_type: str,
    default_name: str,
    shape: Any,
    seed: Any,
    mean: Any,
    stddev: Any,
    dtype: Any,
    name: str | None,
) -> Tensor:
    wanted = as_dtype(dtype)
    with name_scope(name, default_name, [shape, seed, mean, stddev]) as scope:
        sizes = shape_tensor(shape)
        centre = convert_to_tensor(mean, dtype=wanted, name="mean")
        spread = convert_to_tensor(stddev, dtype=wanted, name="stddev")
        drawn = apply(op_type, sizes, seed, dtype=wanted)
        return apply("AddV2", drawn * spread, centre, name=scope)
