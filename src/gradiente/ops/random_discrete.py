"""Drawing classes by their probabilities: multinomial and categorical."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import INDICES, REALS, DType, int64
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops import philox
from gradiente.ops.random_ops import run_generator
from gradiente.ops.random_seed import get_seed


def _multinomial_shape(op: Operation) -> list[Any]:
    rows = op.inputs[0].shape.with_rank(2).as_list()[0]
    op.inputs[1].shape.assert_has_rank(0)
    count = constant_value(op.inputs[1])
    if count is not None and count < 0:
        raise ValueError(f"num_samples must not be negative, got {count}.")
    return [(rows, None if count is None else int(count))]


def _multinomial(
    xp: Namespace, logits: Array, num_samples: Array, *, seed: int, seed2: int, output_dtype: DType, op: Operation,
    ctx: Any,
) -> Array:  # fmt: skip
    rows, classes = logits.shape
    samples = int(num_samples)
    if rows * samples == 0:
        return xp.zeros((rows, samples), output_dtype.np)
    reserved = 2 * rows * -(-samples // philox.WORDS) * philox.WORDS
    generator = run_generator(xp, ctx, op, seed, seed2, reserved)
    uniform = philox.uniform(generator, rows * samples, np.dtype(np.float64)).reshape(rows, samples)
    wide = logits.astype(np.float64)
    finite = xp.isfinite(wide)
    largest = xp.max(xp.where(finite, wide, -np.inf), axis=1, keepdims=True)
    cumulated = xp.cumsum(xp.where(finite, xp.exp(wide - largest), 0.0), axis=1)
    sought = uniform * cumulated[:, -1:]
    if xp is np:
        found = xp.stack(
            [xp.searchsorted(c, s, side="right") for c, s in zip(cumulated, sought, strict=True)]
        )
    else:
        found = xp.sum(cumulated[:, None, :] <= sought[:, :, None], axis=2)
    return xp.minimum(found, classes - 1).astype(output_dtype.np)


register(
    "Multinomial", "logits: T, num_samples: int32 -> output: output_dtype",
    attrs={"seed": 0, "seed2": 0, "output_dtype": attr("type", int64)}, types={"T": REALS, "output_dtype": INDICES},
    shape=_multinomial_shape, compute=_multinomial, static=("num_samples",), random=True, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def multinomial(
    logits: Any, num_samples: Any, seed: int | None = None, name: str | None = None, output_dtype: Any = None
) -> Tensor:
    """Classes drawn by their probabilities softmax(logits), with replacement.

    Equal seeds give the numbers that TensorFlow's CPU kernel draws with one thread; with several, its numbers depend on
    how it divides a large batch.

    Args:
        logits: [batch, classes], unnormalized logarithms of probabilities.
        num_samples: how many to draw for each row.
        seed: the operation's seed, see ``tf.set_random_seed``.
        name: the operation's name.
        output_dtype: the type of the result, int64 or int32.

    Returns:
        Class numbers, [batch, num_samples].

    Source: TensorFlow 1's ``tf.multinomial``.
    """
    with name_scope(name, "multinomial", [logits]):
        return categorical(logits, num_samples, output_dtype, seed)


def categorical(
    logits: Any, num_samples: Any, dtype: Any = None, seed: int | None = None, name: str | None = None
) -> Tensor:
    """Classes drawn by their probabilities softmax(logits), with replacement; see ``tf.multinomial``.

    Args:
        logits: [batch, classes], unnormalized logarithms of probabilities.
        num_samples: how many to draw for each row.
        dtype: the type of the result, int64 or int32.
        seed: the operation's seed, see ``tf.set_random_seed``.
        name: the operation's name.

    Returns:
        Class numbers, [batch, num_samples].

    Source: TensorFlow 1's ``tf.random.categorical``.
    """
    with name_scope(name, "categorical", [logits]):
        scores = convert_to_tensor(logits, name="logits")
        seed1, seed2 = get_seed(seed)
        return apply("Multinomial", scores, num_samples, seed=seed1, seed2=seed2, output_dtype=dtype or int64)
