"""The counter-based generator Philox4x32-10, and the distributions drawn from it, over NumPy or jax.numpy.

Keys, counters and conversions are laid out as in TensorFlow's CPU kernels, so that equal seeds give equal numbers.
Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011; Box and Muller 1958.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradiente.graph.types import Array, Namespace

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_LOW = 0xFFFFFFFF

WORDS = 4
"""32-bit words in one block of the generator."""

RESERVED = 256
"""Blocks set aside for each number of a run, so that rejection never reaches into the next run's."""

_SMALLEST_UNIFORM = 1e-7
"""Box-Muller's lower bound of the uniform number whose logarithm it takes."""

_TRUNCATED_AT = 2.0
_MANY_BLOCKS = 1 << 13
_NUMPY_CHUNK = 1 << 15
"""Blocks that NumPy works on at a time, so that the intermediate arrays stay in the cache."""

Words = tuple[Array, Array, Array, Array]


class Generator:
    """A key and the first counter of a sequence of blocks.

    Args:
        key: 64 bits, an int or an integer scalar.
        high: the counter's upper 64 bits.
        low: its lower 64 bits: the number of the first block.
    """

    def __init__(self, xp: Namespace, key: Any, high: Any, low: Any = 0) -> None:
        self.xp = xp
        self.key, self.high, self.low = (_as_word(xp, v) for v in (key, high, low))

    def skip(self, blocks: Any) -> Generator:
        """The generator ``blocks`` further on."""
        return Generator(self.xp, self.key, self.high, self.low + _as_word(self.xp, blocks))

    def blocks(self, numbers: Array, many: bool = False) -> Words:
        """The four words of each block whose number (uint64, counted from here) is in ``numbers``.

        Args:
            numbers: the blocks' numbers.
            many: the four words become one array. XLA on the CPU would then compute a block once for each of its words;
                where there are many blocks, a loop over the rounds, which takes longer to compile, keeps it from that.
        """
        xp = self.xp
        low = numbers + self.low
        mask, wide = np.uint64(_LOW), np.uint64(32)
        state = (
            low & mask, low >> wide, xp.broadcast_to(self.high & mask, low.shape),
            xp.broadcast_to(self.high >> wide, low.shape), self.key & mask, self.key >> wide,
        )  # fmt: skip
        if many and xp is not np and low.size >= _MANY_BLOCKS and _on_cpu():
            import jax

            lax: Any = jax.lax
            start = (*state[:4], xp.asarray(state[4]), xp.asarray(state[5]))
            return lax.fori_loop(0, 2, _half_the_rounds, start)[:4]
        return _rounds(state, _ROUNDS)[:4]


State = tuple[Array, Array, Array, Array, Array, Array]


def _rounds(state: State, count: int) -> State:
    """Rounds of the block cipher: the counter's four words and the key's two, each in 64 bits."""
    mask, wide = np.uint64(_LOW), np.uint64(32)
    c0, c1, c2, c3, k0, k1 = state
    for _ in range(count):
        a, b = c0 * np.uint64(_MULTIPLIERS[0]), c2 * np.uint64(_MULTIPLIERS[1])
        c0, c1, c2, c3 = (b >> wide) ^ c1 ^ k0, b & mask, (a >> wide) ^ c3 ^ k1, a & mask
        k0, k1 = (k0 + np.uint64(_WEYL[0])) & mask, (k1 + np.uint64(_WEYL[1])) & mask
    return c0, c1, c2, c3, k0, k1


def _half_the_rounds(turn: Array, state: State) -> State:
    del turn
    return _rounds(state, _ROUNDS // 2)


def _on_cpu() -> bool:
    import jax

    return jax.default_backend() == "cpu"


def _as_word(xp: Namespace, value: Any) -> Array:
    if isinstance(value, int):
        return np.uint64(value & 0xFFFFFFFFFFFFFFFF)
    return xp.asarray(value).astype(np.uint64)


def seeded(xp: Namespace, seed: int, seed2: int, run: Any, count: int) -> Generator:
    """The generator of an op's run: run 0 begins at block 0, each run of ``count`` numbers passes over 256 blocks a number.

    Args:
        xp: the array namespace.
        seed: the graph's seed, the key.
        seed2: the op's seed, the counter's upper half.
        run: the number of earlier runs, an integer scalar.
        count: the numbers that a run draws.
    """
    return Generator(xp, seed, seed2, _as_word(xp, run) * np.uint64(count * RESERVED))


def _unit32(word: Array) -> Array:
    """Uniform float32 in [0, 1): the lowest 23 bits."""
    return (word & np.uint64(0x7FFFFF)).astype(np.int32).astype(np.float32) * np.float32(2.0**-23)


def _unit64(high: Array, low: Array) -> Array:
    """Uniform float64 in [0, 1): 20 bits of one word above the 32 of another."""
    bits = ((high & np.uint64(0xFFFFF)) << np.uint64(32)) | low
    return bits.astype(np.float64) * (2.0**-52)


def _box_muller(xp: Namespace, radius: Array, angle: Array) -> tuple[Array, Array]:
    """Two standard normal numbers from two uniform ones."""
    kind = radius.dtype.type
    turned = angle * kind(2.0 * math.pi)
    length = xp.sqrt(kind(-2.0) * xp.log(xp.maximum(radius, kind(_SMALLEST_UNIFORM))))
    return xp.sin(turned) * length, xp.cos(turned) * length


def _normals32(xp: Namespace, words: Words) -> tuple[Array, ...]:
    return (
        *_box_muller(xp, _unit32(words[0]), _unit32(words[1])),
        *_box_muller(xp, _unit32(words[2]), _unit32(words[3])),
    )


def _normals64(xp: Namespace, words: Words) -> tuple[Array, ...]:
    return _box_muller(xp, _unit64(words[0], words[1]), _unit64(words[2], words[3]))


def _blockwise(
    generator: Generator,
    count: int,
    width: int,
    stride: int,
    draw: Callable[[Generator, Array], tuple[Array, ...]],
) -> Array:
    """``count`` numbers, ``width`` from each block; consecutive groups lie ``stride`` blocks apart."""
    xp = generator.xp
    groups = -(-count // width)
    chunk = _NUMPY_CHUNK if xp is np else max(groups, 1)
    parts: list[Array] = []
    for start in range(0, max(groups, 1), chunk):
        numbers = xp.arange(start, min(start + chunk, groups), dtype=np.uint64) * np.uint64(stride)
        parts.append(xp.stack(draw(generator, numbers), axis=-1).reshape(-1))
    return (parts[0] if len(parts) == 1 else xp.concatenate(parts))[:count]


def uniform(generator: Generator, count: int, dtype: np.dtype[Any]) -> Array:
    """``count`` uniform numbers in [0, 1): with 23 random bits (float32), 52 (float64), 10 (float16), 7 (bfloat16)."""
    if dtype == np.float64:
        return _blockwise(generator, count, 2, 1, _uniform64)
    if dtype == np.float32:
        return _blockwise(
            generator, count, 4, 1, lambda g, n: tuple(_unit32(w) for w in g.blocks(n, many=True))
        )
    bits = 10 if dtype == np.float16 else 7
    mask, unit = np.uint64((1 << bits) - 1), np.float32(2.0**-bits)
    draw = _blockwise(
        generator, count, 4, 1,
        lambda g, n: tuple((w & mask).astype(np.int32).astype(np.float32) * unit for w in g.blocks(n, many=True)),
    )  # fmt: skip
    return draw.astype(dtype)


def _uniform64(generator: Generator, numbers: Array) -> tuple[Array, ...]:
    w = generator.blocks(numbers)
    return _unit64(w[0], w[1]), _unit64(w[2], w[3])


def words(generator: Generator, count: int) -> Array:
    """``count`` random 32-bit words, as uint64."""
    return _blockwise(generator, count, 4, 1, lambda g, n: g.blocks(n, many=True))


def _joined(w: Words) -> tuple[Array, Array]:
    """Two 64-bit words of the four: the lower half first."""
    return w[0] | (w[1] << np.uint64(32)), w[2] | (w[3] << np.uint64(32))


def integers(generator: Generator, count: int, low: Array, high: Array, dtype: np.dtype[Any]) -> Array:
    """``count`` integers in [low, high): a random word modulo the size of the range, as TensorFlow draws them."""
    base = low.astype(np.int64).astype(np.uint64)
    span = (high.astype(np.int64) - low.astype(np.int64)).astype(np.uint64)
    if dtype == np.int32:
        drawn = words(generator, count)
    else:
        drawn = _blockwise(
            generator, count, 2, 1,
            lambda g, n: _joined(g.blocks(n, many=True)),
        )  # fmt: skip
    return (base + drawn % generator.xp.maximum(span, np.uint64(1))).astype(dtype)


def normal(generator: Generator, count: int, dtype: np.dtype[Any]) -> Array:
    """``count`` standard normal numbers, by Box and Muller's transform."""
    xp = generator.xp
    if dtype == np.float64:
        return _blockwise(generator, count, 2, 1, lambda g, n: _normals64(xp, g.blocks(n, many=True)))
    return _blockwise(generator, count, 4, 1, lambda g, n: _normals32(xp, g.blocks(n, many=True))).astype(
        dtype
    )


def truncated_normal(generator: Generator, count: int, dtype: np.dtype[Any]) -> Array:
    """``count`` standard normal numbers within (-2, 2); those outside are drawn again.

    A group (four numbers; two in float64) has blocks of its own to draw from, as many as it needs.
    """
    xp = generator.xp
    width, normals = (2, _normals64) if dtype == np.float64 else (4, _normals32)
    loop = _filled_numpy if xp is np else _filled_jax
    stride = width * RESERVED // WORDS

    def draw(g: Generator, numbers: Array) -> tuple[Array, ...]:
        def candidates(at: Array) -> tuple[Array, ...]:
            return normals(xp, g.blocks(at))

        return loop(candidates, numbers, width, np.float64 if width == 2 else np.float32)

    return _blockwise(generator, count, width, stride, draw).astype(dtype)


def _accept(xp: Namespace, candidates: tuple[Array, ...], slots: tuple[Array, ...], filled: Array) -> Any:
    """Put the candidates within the bounds into the groups' next free slots."""
    taken = list(slots)
    for c in candidates:
        inside = xp.abs(c) < _TRUNCATED_AT
        taken = [xp.where(inside & (filled == j), c, slot) for j, slot in enumerate(taken)]
        filled = filled + inside.astype(np.int32)
    return tuple(taken), filled


def _filled_numpy(draw: Any, numbers: Array, width: int, kind: Any) -> tuple[Array, ...]:
    groups = numbers.size
    xp: Namespace = np
    slots = tuple(xp.zeros(groups, kind) for _ in range(width))
    filled = xp.zeros(groups, np.int32)
    short = xp.arange(groups)
    turn = 0
    while short.size:
        part, filled[short] = _accept(
            xp, draw(numbers[short] + np.uint64(turn)), tuple(s[short] for s in slots), filled[short]
        )
        for slot, values in zip(slots, part, strict=True):
            slot[short] = values
        short = short[filled[short] < width]
        turn += 1
    return slots


def _filled_jax(draw: Any, numbers: Array, width: int, kind: Any) -> tuple[Array, ...]:
    import jax

    lax: Any = jax.lax
    jnp: Any = jax.numpy

    def more(state: Any) -> Array:
        return jnp.any(state[1] < width)

    def turn(state: Any) -> Any:
        slots, filled, at = state
        return *_accept(jnp, draw(at), slots, filled), at + np.uint64(1)

    empty = tuple(jnp.zeros(numbers.shape, kind) for _ in range(width))
    state = (empty, jnp.zeros(numbers.shape, np.int32), numbers)
    return lax.while_loop(more, turn, state)[0]
