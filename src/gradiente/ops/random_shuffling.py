"""Random order and random crops: random_shuffle, random_crop."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import int32
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, register
from gradiente.graph.source import user_line
from gradiente.graph.types import Array, Namespace
from gradiente.ops import philox
from gradiente.ops.basic import same_shape
from gradiente.ops.random_ops import random_uniform
from gradiente.ops.random_seed import effective_seeds, get_seed


def _swaps(xp: Namespace, ctx: Any, op: Operation, seed: int, seed2: int, count: int) -> Array:
    """How far each position but the last swaps with one behind it: a random word modulo what is left (Durstenfeld)."""
    first, second = effective_seeds(op, seed, seed2)
    blocks = -(-count // philox.WORDS)
    start = philox.Generator(xp, first, second).skip(ctx.next_count() * blocks)
    drawn = philox.words(start, max(count - 1, 0))
    return (drawn % np.arange(count, 1, -1, dtype=np.uint64)).astype(np.int64)


def _shuffle(xp: Namespace, value: Array, *, seed: int, seed2: int, op: Operation, ctx: Any) -> Array:
    if value.ndim == 0:
        return value
    far = _swaps(xp, ctx, op, seed, seed2, value.shape[0])
    order = list(range(value.shape[0]))
    for i, distance in enumerate(far.tolist()):
        order[i], order[i + distance] = order[i + distance], order[i]
    return value[np.asarray(order, np.int64)]


def _shuffle_device(xp: Namespace, value: Array, *, seed: int, seed2: int, op: Operation, ctx: Any) -> Array:
    if value.ndim == 0:
        return value
    import jax

    lax: Any = jax.lax
    far = _swaps(xp, ctx, op, seed, seed2, value.shape[0])

    def swap(i: Array, order: Array) -> Array:
        j = i + far[i]
        a, b = order[i], order[j]
        return order.at[i].set(b).at[j].set(a)

    order = lax.fori_loop(0, value.shape[0] - 1, swap, xp.arange(value.shape[0], dtype=np.int64))
    return xp.take(value, order, axis=0)


register(
    "RandomShuffle", "value: T -> output: T", attrs={"seed": 0, "seed2": 0}, shape=same_shape, compute=_shuffle,
    device=_shuffle_device, random=True, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def random_shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """The same rows in random order: a permutation along the first axis.

    Equal seeds give TensorFlow's own order.

    Args:
        value: a tensor of rank 1 or more.
        seed: the operation's seed, see ``tf.set_random_seed``.
        name: the operation's name.

    Source: Durstenfeld 1964; TensorFlow 1's ``tf.random_shuffle``.
    """
    seed1, seed2 = get_seed(seed)
    return apply("RandomShuffle", value, seed=seed1, seed2=seed2, name=name)


def random_crop(value: Any, size: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """A part of ``value`` of shape ``size`` at a random place.

    Args:
        value: a tensor.
        size: the shape of the part, one size per axis of ``value``.
        seed: the operation's seed, see ``tf.set_random_seed``.
        name: the name scope.

    Returns:
        A tensor of shape ``size``; the part is another in each run.

    Raises:
        ValueError: if ``value`` is known to be too small.

    Source: TensorFlow 1's ``tf.random_crop``.
    """
    with name_scope(name, "random_crop", [value, size]) as scope:
        whole = convert_to_tensor(value, name="value")
        wanted = convert_to_tensor(size, dtype=None if isinstance(size, Tensor) else int32, name="size")
        _check_fits(whole, size)
        shape = apply("Shape", whole, out_type=wanted.dtype)
        limit = shape - wanted + 1
        drawn = random_uniform(apply("Shape", shape), maxval=wanted.dtype.max, dtype=wanted.dtype, seed=seed)
        return apply("Slice", whole, apply("FloorMod", drawn, limit), wanted, name=scope)


def _check_fits(whole: Tensor, size: Any) -> None:
    if isinstance(size, Tensor) or whole.shape.ndims is None:
        return
    wanted = [int(s) for s in size]
    given = whole.shape.as_list()
    if len(wanted) != len(given) or any(g is not None and g < w for g, w in zip(given, wanted, strict=True)):
        raise ValueError(
            f"Need value.shape >= size, got {whole.shape} and {wanted}: size has one number per axis of {whole.name!r}, "
            f"none larger than the axis. At {user_line()}"
        )
