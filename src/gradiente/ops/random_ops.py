"""Random tensors: uniform, normal and truncated normal numbers.

Equal seeds give TensorFlow's own numbers, on every executor: the uniform and integer ones bit by bit, the normal ones
up to the last digits of the logarithm, sine and cosine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.constants import constant_value, constant_value_as_shape
from gradiente.graph.dtypes import FLOATS, INDICES, DType, as_dtype, float32, int32, int64
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops import philox
from gradiente.ops.random_seed import effective_seeds, get_seed

Draw = Callable[[philox.Generator, int, Any], Array]


def count_of(shape: Any) -> int:
    """The number of elements of a shape given as an array."""
    return int(np.prod(np.asarray(shape, np.int64), dtype=np.int64))


def run_generator(
    xp: Namespace, ctx: Any, op: Operation, seed: int, seed2: int, count: int
) -> philox.Generator:
    """The generator for this run of ``op``, which draws ``count`` numbers."""
    first, second = effective_seeds(op, seed, seed2)
    return philox.seeded(xp, first, second, ctx.next_count(), count)


def _drawn_shape(op: Operation) -> list[Any]:
    return [constant_value_as_shape(op.inputs[0])]


def _register_float(name: str, draw: Draw) -> None:
    def compute(
        xp: Namespace, shape: Array, *, seed: int, seed2: int, dtype: DType, op: Operation, ctx: Any
    ) -> Array:
        count = count_of(shape)
        generator = run_generator(xp, ctx, op, seed, seed2, count)
        return draw(generator, count, dtype.np).reshape(tuple(int(d) for d in shape))

    register(
        name, "shape: T -> output: dtype", attrs={"seed": 0, "seed2": 0, "dtype": attr("type")},
        types={"T": INDICES, "dtype": FLOATS}, shape=_drawn_shape, compute=compute, static=("shape",), random=True,
        gradient=NOT_DIFFERENTIABLE,
    )  # fmt: skip


_register_float("RandomUniform", philox.uniform)
_register_float("RandomStandardNormal", philox.normal)
_register_float("TruncatedNormal", philox.truncated_normal)


def _uniform_int_shape(op: Operation) -> list[Any]:
    for bound in op.inputs[1:3]:
        bound.shape.assert_has_rank(0)
    low, high = (constant_value(t) for t in op.inputs[1:3])
    if low is not None and high is not None and low >= high:
        raise ValueError(f"Need minval < maxval, got {low} >= {high}.")
    return _drawn_shape(op)


_BOUNDS = "minval must be smaller than maxval"


def _uniform_int(
    xp: Namespace, shape: Array, minval: Array, maxval: Array, *, seed: int, seed2: int, Tout: DType, op: Operation,
    ctx: Any,
) -> Array:  # fmt: skip
    ctx.check(xp.asarray(minval < maxval), f"{_BOUNDS}: there is no integer in [minval, maxval) otherwise.")
    count = count_of(shape)
    generator = run_generator(xp, ctx, op, seed, seed2, count)
    drawn = philox.integers(generator, count, xp.asarray(minval), xp.asarray(maxval), Tout.np)
    return drawn.reshape(tuple(int(d) for d in shape))


register(
    "RandomUniformInt", "shape: T, minval: Tout, maxval: Tout -> output: Tout", attrs={"seed": 0, "seed2": 0},
    types={"T": INDICES, "Tout": INDICES}, shape=_uniform_int_shape, compute=_uniform_int, static=("shape",),
    random=True, checks=True, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def shape_tensor(shape: Any) -> Tensor:
    """A shape argument as a tensor: a list of sizes becomes an int32 constant."""
    if isinstance(shape, Tensor):
        return shape
    if type(shape) in (tuple, list) and not shape:
        return convert_to_tensor(np.zeros(0, np.int32), name="shape")
    if hasattr(shape, "__index__"):
        return convert_to_tensor([int(shape)], dtype=int32, name="shape")
    return convert_to_tensor(shape, name="shape", dtype_hint=int32)


def random_uniform(
    shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = float32, seed: int | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Uniformly distributed numbers in [minval, maxval).

    Args:
        shape: the shape, a list of sizes or an integer tensor of rank 1.
        minval: the lower bound; the numbers may equal it.
        maxval: the upper bound, which they stay below; 1 by default, required for an integer type.
        dtype: a floating type, int32 or int64. Integers are drawn modulo the size of the range, so they favour small
            values slightly where that size is no power of two.
        seed: the operation's seed, see ``tf.set_random_seed``.
        name: the operation's name.

    Returns:
        A tensor of the shape and type asked for; each run draws anew.

    >>> with tf.Session() as sess:
    ...     print(sess.run(tf.random_uniform([5], 1, 7, tf.int32, seed=3)))
    [6 2 5 3 6]

    Raises:
        ValueError: for an integer type without ``maxval``, or another type.

    Source: TensorFlow 1's ``tf.random_uniform``.
    """
    wanted = as_dtype(dtype)
    if wanted not in (*FLOATS, *INDICES):
        raise ValueError(f"random_uniform draws floating-point numbers, int32 or int64, not {wanted.name}.")
    if maxval is None:
        if wanted.is_integer:
            raise ValueError(f"Must specify maxval for integer dtype {wanted.name}.")
        maxval = 1
    with name_scope(name, "random_uniform", [shape, minval, maxval]) as scope:
        sizes = shape_tensor(shape)
        low = convert_to_tensor(minval, dtype=wanted, name="min")
        high = convert_to_tensor(maxval, dtype=wanted, name="max")
        seed1, seed2 = get_seed(seed)
        if wanted.is_integer:
            return apply("RandomUniformInt", sizes, low, high, seed=seed1, seed2=seed2, name=scope)
        unit = apply("RandomUniform", sizes, dtype=wanted, seed=seed1, seed2=seed2)
        span = apply("Sub", high, low, name="sub")
        return apply("AddV2", apply("Mul", unit, span, name="mul"), low, name=scope)


def random_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = float32, seed: int | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Normally distributed numbers: mean + stddev · z, with z from N(0, 1).

    Args:
        shape: the shape, a list of sizes or an integer tensor of rank 1.
        mean: the distribution's mean.
        stddev: its standard deviation.
        dtype: a floating type.
        seed: the operation's seed, see ``tf.set_random_seed``.
        name: the operation's name.

    Returns:
        A tensor of the shape and type asked for; each run draws anew.

    Source: TensorFlow 1's ``tf.random_normal``; Box and Muller 1958.
    """
    return _scaled("RandomStandardNormal", "random_normal", shape, mean, stddev, dtype, seed, name)


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = float32, seed: int | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Normally distributed numbers of which those further than two standard deviations from the mean are drawn again.

    The usual start for weights: none is so large that its neuron begins saturated.

    Args:
        shape: the shape, a list of sizes or an integer tensor of rank 1.
        mean: the distribution's mean.
        stddev: its standard deviation, before truncation.
        dtype: a floating type.
        seed: the operation's seed, see ``tf.set_random_seed``.
        name: the operation's name.

    Returns:
        A tensor of the shape and type asked for; each run draws anew.

    Source: TensorFlow 1's ``tf.truncated_normal``.
    """
    return _scaled("TruncatedNormal", "truncated_normal", shape, mean, stddev, dtype, seed, name)


def _scaled(
    op_type: str,
    default_name: str,
    shape: Any,
    mean: Any,
    stddev: Any,
    dtype: Any,
    seed: int | None,
    name: str | None,
) -> Tensor:
    wanted = as_dtype(dtype)
    with name_scope(name, default_name, [shape, mean, stddev]) as scope:
        sizes = shape_tensor(shape)
        centre = convert_to_tensor(mean, dtype=wanted, name="mean")
        spread = convert_to_tensor(stddev, dtype=wanted, name="stddev")
        seed1, seed2 = get_seed(seed)
        drawn = apply(op_type, sizes, dtype=wanted, seed=seed1, seed2=seed2)
        return apply("AddV2", apply("Mul", drawn, spread, name="mul"), centre, name=scope)


# The stateless forms: the seed is an input, and equal seeds give equal numbers in every run.


def _stateless_shape(op: Operation) -> list[Any]:
    seed = op.inputs[1].shape.with_rank(1).plain
    if seed is not None and seed[0] not in (None, 2):
        raise ValueError(f"seed must have shape [2], not {op.inputs[1].shape}.")
    return _drawn_shape(op)


_SCRAMBLING_KEY = 0x02461E293EC8F720
"""The key of the block that scrambles a stateless seed: a constant of TensorFlow's."""


def stateless_generator(xp: Namespace, seed: Array) -> philox.Generator:
    """The generator that TensorFlow's stateless ops derive from a seed of two integers.

    The two are scrambled first: they are the counter of a block whose words become the key and the counter used.
    """
    pair = xp.asarray(seed).astype(np.int64).astype(np.uint64)
    scramble = philox.Generator(xp, _SCRAMBLING_KEY, pair[1], pair[0])
    first = xp.zeros((1,), np.uint64)
    w = [word[0] for word in scramble.blocks(first)]
    wide = np.uint64(32)
    return philox.Generator(xp, w[0] | (w[1] << wide), w[2] | (w[3] << wide))


def _register_stateless(name: str, draw: Draw) -> None:
    def compute(xp: Namespace, shape: Array, seed: Array, *, dtype: DType) -> Array:
        return draw(stateless_generator(xp, seed), count_of(shape), dtype.np).reshape(
            tuple(int(d) for d in shape)
        )

    register(
        name, "shape: T, seed: Tseed -> output: dtype", attrs={"dtype": float32, "T": int32, "Tseed": int64},
        types={"T": INDICES, "Tseed": INDICES, "dtype": FLOATS}, shape=_stateless_shape, compute=compute,
        static=("shape",), gradient=NOT_DIFFERENTIABLE,
    )  # fmt: skip


_register_stateless("StatelessRandomUniform", philox.uniform)
_register_stateless("StatelessRandomNormal", philox.normal)
_register_stateless("StatelessTruncatedNormal", philox.truncated_normal)


def _stateless_int(
    xp: Namespace, shape: Array, seed: Array, minval: Array, maxval: Array, *, dtype: DType
) -> Array:
    drawn = philox.integers(
        stateless_generator(xp, seed), count_of(shape), xp.asarray(minval), xp.asarray(maxval), dtype.np
    )
    return drawn.reshape(tuple(int(d) for d in shape))


register(
    "StatelessRandomUniformInt", "shape: T, seed: Tseed, minval: dtype, maxval: dtype -> output: dtype",
    attrs={"Tseed": int64},
    types={"T": INDICES, "Tseed": INDICES, "dtype": INDICES}, shape=_stateless_shape, compute=_stateless_int,
    static=("shape",), gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
