"""Candidate sampling: classes drawn at random, on which a loss over very many classes is estimated."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.dtypes import int64
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops import philox
from gradiente.ops.random_ops import run_generator
from gradiente.ops.random_seed import get_seed

Drawn = tuple[Array, Array]


def _log_uniform(xp: Namespace, words: Drawn, range_max: int) -> Array:
    """A class with probability log((c + 2)/(c + 1)) / log(range_max + 1), from two random words."""
    bits = ((words[0] & np.uint64(0xFFFFF)) << np.uint64(32)) | words[1]
    uniform = bits.astype(np.float64) * 2.0**-52
    return (xp.exp(uniform * math.log1p(range_max)).astype(np.int64) - 1) % range_max


def _log_uniform_probability(xp: Namespace, classes: Array, range_max: int) -> Array:
    c = classes.astype(np.float64)
    return (xp.log((c + 2.0) / (c + 1.0)) / math.log1p(range_max)).astype(np.float32)


def _uniform(xp: Namespace, words: Drawn, range_max: int) -> Array:
    del xp
    return ((words[0] | (words[1] << np.uint64(32))) % np.uint64(range_max)).astype(np.int64)


def _uniform_probability(xp: Namespace, classes: Array, range_max: int) -> Array:
    return xp.zeros(classes.shape, np.float32) + np.float32(1.0 / range_max)


def _words(generator: philox.Generator, xp: Namespace, number: Any) -> Drawn:
    """The two words of draw ``number``."""
    block = generator.blocks(xp.asarray(number // 2, dtype=np.uint64)[None])
    even = xp.asarray(number % 2 == 0)
    return xp.where(even, block[0][0], block[2][0]), xp.where(even, block[1][0], block[3][0])


def _distinct_numpy(draw: Callable[[Any], Array], count: int) -> tuple[Array, int]:
    found: dict[int, None] = {}
    tries = 0
    while len(found) < count:
        found.setdefault(int(draw(tries)))
        tries += 1
    return np.asarray(list(found), np.int64), tries


def _distinct_jax(draw: Callable[[Any], Array], count: int) -> tuple[Array, Array]:
    import jax

    lax: Any = jax.lax
    jnp: Any = jax.numpy

    def turn(state: Any) -> Any:
        found, filled, tries = state
        drawn = draw(tries)
        new = ~jnp.any(found == drawn)
        place = jnp.where(new, filled, count)
        return found.at[place].set(drawn, mode="drop"), filled + new.astype(np.int64), tries + 1

    zero = np.asarray(0, np.int64)
    start = (jnp.full((count,), -1, np.int64), zero, zero)

    def unfilled(state: Any) -> Array:
        return state[1] < count

    found, _, tries = lax.while_loop(unfilled, turn, start)
    return found, tries


def _expected(xp: Namespace, probability: Array, count: int, tries: Any) -> Array:
    """How often a class is expected among the candidates."""
    p = probability.astype(np.float64)
    distinct = -xp.expm1(tries * xp.log1p(-p))
    return xp.where(tries == count, p * count, distinct).astype(np.float32)


def _register(name: str, draw_class: Callable[..., Array], probability: Callable[..., Array]) -> None:
    def compute(
        xp: Namespace, true_classes: Array, *, num_sampled: int, unique: bool, range_max: int, seed: int, seed2: int,
        op: Operation, ctx: Any,
    ) -> tuple[Array, Array, Array]:  # fmt: skip
        generator = run_generator(xp, ctx, op, seed, seed2, 2 * num_sampled)
        tries: Any = num_sampled
        if unique:
            distinct = _distinct_numpy if xp is np else _distinct_jax
            sampled, tries = distinct(
                lambda i: draw_class(xp, _words(generator, xp, i), range_max), num_sampled
            )
        else:
            words = philox.words(generator, 2 * num_sampled).reshape(-1, 2)
            sampled = draw_class(xp, (words[:, 0], words[:, 1]), range_max)
        counts = (
            _expected(xp, probability(xp, c, range_max), num_sampled, tries) for c in (true_classes, sampled)
        )
        return sampled, *counts

    register(
        name,
        "true_classes: int64 -> sampled_candidates: int64, true_expected_count: float32, "
        "sampled_expected_count: float32",
        attrs={
            "num_true": attr("int"), "num_sampled": attr("int"), "unique": attr("bool"), "range_max": attr("int"),
            "seed": 0, "seed2": 0,
        },
        shape=_candidates_shape, compute=compute, random=True, gradient=NOT_DIFFERENTIABLE,
    )  # fmt: skip


def _candidates_shape(op: Operation) -> list[Any]:
    attrs = op.attrs
    true = op.inputs[0].shape.with_rank(2)
    if true.as_list()[1] not in (None, attrs["num_true"]):
        raise ValueError(
            f"true_classes must have num_true = {attrs['num_true']} columns, but has shape {true}."
        )
    if attrs["range_max"] < 1 or attrs["num_sampled"] < 1:
        raise ValueError(
            f"range_max and num_sampled must be positive, got {attrs['range_max']} and {attrs['num_sampled']}."
        )
    if attrs["unique"] and attrs["num_sampled"] > attrs["range_max"]:
        raise ValueError(
            f"There are no {attrs['num_sampled']} different classes (num_sampled) among {attrs['range_max']} (range_max): "
            "draw fewer, or pass unique=False."
        )
    sampled = (attrs["num_sampled"],)
    return [sampled, true, sampled]


_register("LogUniformCandidateSampler", _log_uniform, _log_uniform_probability)
_register("UniformCandidateSampler", _uniform, _uniform_probability)


def log_uniform_candidate_sampler(
    true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: int | None = None,
    name: str | None = None,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Draw classes by Zipf's law, for classes sorted by falling frequency: P(c) = log((c + 2)/(c + 1)) / log(n + 1).

    Args:
        true_classes: the target classes, int64 [batch, num_true].
        num_true: how many target classes an example has.
        num_sampled: how many to draw, for the whole batch.
        unique: draw each class at most once.
        range_max: the number n of classes.
        seed: the operation's seed, see ``tf.set_random_seed``.
        name: the operation's name.

    Returns:
        The classes drawn, and how often each target and each drawn class was to be expected among them.

    Source: TensorFlow 1's ``tf.nn.log_uniform_candidate_sampler``.
    """
    return _sampler(
        "LogUniformCandidateSampler", true_classes, num_true, num_sampled, unique, range_max, seed, name
    )


def uniform_candidate_sampler(
    true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: int | None = None,
    name: str | None = None,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Draw classes of which each is equally probable.

    Args:
        true_classes: the target classes, int64 [batch, num_true].
        num_true: how many target classes an example has.
        num_sampled: how many to draw, for the whole batch.
        unique: draw each class at most once.
        range_max: the number of classes.
        seed: the operation's seed, see ``tf.set_random_seed``.
        name: the operation's name.

    Returns:
        The classes drawn, and how often each target and each drawn class was to be expected among them.

    Source: TensorFlow 1's ``tf.nn.uniform_candidate_sampler``.
    """
    return _sampler(
        "UniformCandidateSampler", true_classes, num_true, num_sampled, unique, range_max, seed, name
    )


def _sampler(
    op_type: str, true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: int | None,
    name: str | None,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    seed1, seed2 = get_seed(seed)
    classes = true_classes
    if isinstance(classes, Tensor) and classes.dtype is not int64:
        classes = apply("Cast", classes, DstT=int64)
    return apply(
        op_type, classes, num_true=num_true, num_sampled=num_sampled, unique=unique, range_max=range_max, seed=seed1,
        seed2=seed2, name=name,
    )  # fmt: skip
