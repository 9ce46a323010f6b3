"""Pooling and its derivatives over NumPy or jax.numpy, as arithmetic on shifted copies of the input.

XLA's own gradient of a maximum over windows (select-and-scatter) is many times slower on the CPU than this form.
A window is given for every axis of the input; axes that are not pooled have a window of 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

from gradiente.graph.types import Array, Namespace
from gradiente.ops.nn_window import Pads, Window

_FEW_POSITIONS = 16
"""Windows of up to so many elements are reduced in one expression, larger ones axis by axis."""


def _positions(windows: Sequence[Window]) -> Iterator[tuple[int, ...]]:
    return np.ndindex(*(w.size for w in windows))


def outputs_of(sizes: Sequence[int], windows: Sequence[Window], pads: Pads) -> tuple[int, ...]:
    """The number of windows along each axis."""
    return tuple((s + sum(p) - w.size) // w.stride + 1 for s, w, p in zip(sizes, windows, pads, strict=True))


def lowest(dtype: Any) -> float | int:
    """What padding holds for a maximum: no value of the type is less."""
    return -np.inf if dtype.kind not in "iu" else int(np.iinfo(dtype).min)


def _padded(xp: Namespace, x: Array, pads: Pads, value: float | int) -> Array:
    if not any(any(p) for p in pads):
        return x
    return xp.pad(x, pads, constant_values=np.asarray(value).astype(x.dtype))


def _seen(x: Array, position: Sequence[int], windows: Sequence[Window], outputs: Sequence[int]) -> Array:
    """What all windows see at one position inside them."""
    return x[_slices(position, windows, outputs)]


def _slices(position: Sequence[int], windows: Sequence[Window], outputs: Sequence[int]) -> tuple[slice, ...]:
    return tuple(
        slice(p, p + (o - 1) * w.stride + 1, w.stride)
        for p, w, o in zip(position, windows, outputs, strict=True)
    )


def _axis_by_axis(windows: Sequence[Window]) -> list[list[Window]]:
    """The windows split into one set per axis that is pooled."""
    return [
        [w if a == axis else Window(1, 1) for a in range(len(windows))]
        for axis, w in enumerate(windows)
        if (w.size, w.stride) != (1, 1)
    ]


def maximum(xp: Namespace, x: Array, windows: Sequence[Window], pads: Pads) -> Array:
    """The largest value that each window sees."""
    return _reduced(xp.maximum, _padded(xp, x, pads, lowest(x.dtype)), windows)


def total(xp: Namespace, x: Array, windows: Sequence[Window], pads: Pads) -> Array:
    """The sum of the values that each window sees."""
    return _reduced(xp.add, _padded(xp, x, pads, 0), windows)


def average(xp: Namespace, x: Array, windows: Sequence[Window], pads: Pads) -> Array:
    """The mean of the values that each window sees; padding does not count."""
    return total(xp, x, windows, pads) / counts(x.shape, windows, pads).astype(x.dtype)


def _reduced(combine: Namespace, x: Array, windows: Sequence[Window]) -> Array:
    if prod(w.size for w in windows) > _FEW_POSITIONS:
        for part in _axis_by_axis(windows):
            x = _reduced_at_once(combine, x, part)
        return x
    return _reduced_at_once(combine, x, windows)


def _reduced_at_once(combine: Namespace, x: Array, windows: Sequence[Window]) -> Array:
    outputs = outputs_of(x.shape, windows, ((0, 0),) * x.ndim)
    result: Array = None
    for position in _positions(windows):
        seen = _seen(x, position, windows, outputs)
        result = seen if result is None else combine(result, seen)
    return result


def counts(sizes: Sequence[int], windows: Sequence[Window], pads: Pads) -> Array:
    """How many elements each window sees that are not padding, as an array that broadcasts; in float64."""
    result: Array = np.ones((1,) * len(sizes))
    for axis, (size, w, pad) in enumerate(zip(sizes, windows, pads, strict=True)):
        starts = np.arange((size + sum(pad) - w.size) // w.stride + 1) * w.stride - pad[0]
        inside = np.minimum(starts + w.size, size) - np.maximum(starts, 0)
        shape = [1] * len(sizes)
        shape[axis] = len(starts)
        result = result * inside.reshape(shape)
    return result


def first_maximum(xp: Namespace, x: Array, windows: Sequence[Window], pads: Pads) -> tuple[Array, Array]:
    """The largest value that each window sees, and the number (row-major) of its first position inside the window."""
    padded = _padded(xp, x, pads, lowest(x.dtype))
    outputs = outputs_of(x.shape, windows, pads)
    best: Array = None
    at: Array = None
    for number, position in enumerate(_positions(windows)):
        seen = _seen(padded, position, windows, outputs)
        if best is None:
            best, at = seen, xp.zeros(seen.shape, np.int32)
        else:
            larger = seen > best
            best = xp.where(larger, seen, best)
            at = xp.where(larger, np.int32(number), at)
    return best, at


def to_maximum(xp: Namespace, x: Array, grad: Array, windows: Sequence[Window], pads: Pads) -> Array:
    """The derivative of Σ grad · maximum(x): each window's goes to the first of its largest values."""
    _, at = first_maximum(xp, x, windows, pads)
    zero = np.zeros((), grad.dtype)
    if all(w.size == w.stride for w in windows):
        return _tiled(xp, x.shape, windows, pads, grad, at)
    shares = (xp.where(at == np.int32(number), grad, zero) for number in range(prod(w.size for w in windows)))
    return _spread(xp, list(zip(_positions(windows), shares, strict=True)), x.shape, windows, pads)


def _tiled(
    xp: Namespace, sizes: Sequence[int], windows: Sequence[Window], pads: Pads, grad: Array, at: Array
) -> Array:
    """Windows that do not overlap: each input element belongs to one, whose number it compares with its own."""
    wide: list[int] = []
    inside: list[int] = []
    for size, w in zip(grad.shape, windows, strict=True):
        wide += [size, 1]
        inside += [1, w.size]
    numbers = np.arange(prod(w.size for w in windows), dtype=np.int32).reshape(inside)
    chosen = xp.where(at.reshape(wide) == numbers, grad.reshape(wide), np.zeros((), grad.dtype))
    whole = chosen.reshape([o * w.size for o, w in zip(grad.shape, windows, strict=True)])
    return _cut(xp, whole, sizes, pads)


def _cut(xp: Namespace, whole: Array, sizes: Sequence[int], pads: Pads) -> Array:
    """Take the padding off, and put zeros where the last window left elements over."""
    if whole.shape == tuple(sizes) and not any(before for before, _ in pads):
        return whole
    part = whole[tuple(slice(b, b + s) for s, (b, _) in zip(sizes, pads, strict=True))]
    missing = tuple((0, s - have) for s, have in zip(sizes, part.shape, strict=True))
    return xp.pad(part, missing) if any(m for _, m in missing) else part


def _spread(
    xp: Namespace, shares: Sequence[tuple[tuple[int, ...], Array]], sizes: Sequence[int], windows: Sequence[Window],
    pads: Pads,
) -> Array:  # fmt: skip
    """Add the share of each position to the input elements that the windows see there."""
    outputs = shares[0][1].shape
    if xp is np:
        needed = [
            max(s + sum(p), (o - 1) * w.stride + w.size)
            for s, p, o, w in zip(sizes, pads, outputs, windows, strict=True)
        ]
        whole = np.zeros(needed, shares[0][1].dtype)
        for position, share in shares:
            whole[_slices(position, windows, outputs)] += share
        return _cut(np, whole, sizes, pads)
    import jax

    lax: Any = jax.lax
    result: Array = None
    for position, share in shares:
        config: list[tuple[int, int, int]] = []
        for p, w, (before, _), size, o in zip(position, windows, pads, sizes, outputs, strict=True):
            start = p - before
            config.append((start, size - start - ((o - 1) * w.stride + 1), w.stride - 1))
        moved = lax.pad(share, np.zeros((), share.dtype), config)
        result = moved if result is None else result + moved
    return result


def to_average(
    xp: Namespace, grad: Array, sizes: Sequence[int], windows: Sequence[Window], pads: Pads
) -> Array:
    """The derivative of Σ grad · average(x), where x has shape ``sizes``: each element gets an equal share."""
    share = grad / counts(sizes, windows, pads).astype(grad.dtype)
    if all(w.size == w.stride for w in windows):
        for axis, w in enumerate(windows):
            share = xp.repeat(share, w.size, axis=axis) if w.size > 1 else share
        return _cut(xp, share, sizes, pads)
    for axis, w in enumerate(windows):
        if (w.size, w.stride) != (1, 1):
            alone = [v if a == axis else Window(1, 1) for a, v in enumerate(windows)]
            target = [sizes[a] if a == axis else s for a, s in enumerate(share.shape)]
            pad = tuple(p if a == axis else (0, 0) for a, p in enumerate(pads))
            share = _spread(xp, [(p, share) for p in _positions(alone)], target, alone, pad)
    return share


def from_maximum(xp: Namespace, x: Array, grad: Array, windows: Sequence[Window], pads: Pads) -> Array:
    """From an array of the input's shape, the value where each window has the first of its largest values."""
    _, at = first_maximum(xp, x, windows, pads)
    padded = _padded(xp, grad, pads, 0)
    zero = np.zeros((), grad.dtype)
    result: Array = None
    for number, position in enumerate(_positions(windows)):
        seen = xp.where(at == np.int32(number), _seen(padded, position, windows, at.shape), zero)
        result = seen if result is None else result + seen
    return result


def maximum_with_index(
    xp: Namespace, x: Array, windows: Sequence[Window], pads: Pads, with_batch: bool
) -> tuple[Array, Array]:
    """The largest values, and where they lie in the input: the element's number in its example, or in the batch (int64)."""
    best, at = first_maximum(xp, x, windows, pads)
    rest = at
    index = xp.zeros(at.shape, np.int64)
    scale = 1
    for axis in range(x.ndim - 1, 0, -1):
        w = windows[axis]
        shape = [1] * x.ndim
        shape[axis] = at.shape[axis]
        start = (xp.arange(at.shape[axis]) * w.stride - pads[axis][0]).reshape(shape)
        index = index + (start + rest % w.size).astype(np.int64) * scale
        rest = rest // w.size
        scale *= x.shape[axis]
    if with_batch:
        index = index + (xp.arange(x.shape[0]) * scale).reshape([-1] + [1] * (x.ndim - 1))
    return best, index
