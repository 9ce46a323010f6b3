"""Ops that put a border around a tensor: pad with a value, by reflection, by symmetry."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import INDICES, int32
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import attr, register
from gradiente.graph.shapes import TensorShape, unknown_shape
from gradiente.graph.types import Array, Namespace

_PADDINGS_TYPE = {"Tpaddings": attr("type", int32, INDICES)}


def _known_pairs(paddings: Tensor, shape: TensorShape) -> tuple[int | None, list[tuple[int, int]] | None]:
    """The rank and, where they are known, the paddings as pairs (before, after)."""
    value = constant_value(paddings)
    plain = paddings.shape.with_rank(2).plain
    rank = shape.ndims if plain is None or plain[0] is None else plain[0]
    if plain is not None and plain[1] not in (None, 2):
        raise ValueError(
            f"'paddings' has one pair (before, after) for each dimension, but has shape {paddings.shape}."
        )
    if rank is not None and shape.ndims not in (None, rank):
        raise ValueError(
            f"'paddings' needs one pair (before, after) for each of the {shape.ndims} dimensions of shape {shape}, but has "
            f"{rank}."
        )
    return rank, None if value is None else [(int(a), int(b)) for a, b in value]


def _pad_shape(op: Operation) -> list[Any]:
    shape = op.inputs[0].shape
    rank, pairs = _known_pairs(op.inputs[1], shape)
    if rank is None:
        return [None]
    if pairs is None:
        return [unknown_shape(rank)]
    if any(a < 0 or b < 0 for a, b in pairs):
        raise ValueError(f"Paddings must be non-negative, but are {pairs}.")
    dims = shape.plain or (None,) * rank
    if op.type == "MirrorPad":
        less = op.attrs["mode"] == "REFLECT"
        for axis, (d, (a, b)) in enumerate(zip(dims, pairs, strict=True)):
            if d is not None and max(a, b) > d - less:
                raise ValueError(
                    f"paddings {(a, b)} of dimension {axis} must be no greater than {d - less} for size {d} in mode "
                    f"{op.attrs['mode']}: there is no more to mirror."
                )
    return [tuple(None if d is None else a + d + b for d, (a, b) in zip(dims, pairs, strict=True))]


def _pairs(paddings: Array) -> list[tuple[int, int]]:
    return [(int(a), int(b)) for a, b in paddings]


def _checked_pairs(x: Array, paddings: Array, op: Operation) -> list[tuple[int, int]]:
    pairs = _pairs(paddings)
    if len(pairs) != x.ndim or any(a < 0 or b < 0 for a, b in pairs):
        raise InvalidArgumentError(
            None,
            op,
            f"Paddings must be {x.ndim} pairs of non-negative numbers for shape {tuple(x.shape)}, but are {pairs}.",
        )
    return pairs


def _pad(xp: Namespace, x: Array, paddings: Array, *, op: Operation) -> Array:
    if x.dtype == object:
        return np.pad(x, _checked_pairs(x, paddings, op), constant_values=b"")
    return xp.pad(x, _checked_pairs(x, paddings, op))


def _pad_value(xp: Namespace, x: Array, paddings: Array, value: Array, *, op: Operation) -> Array:
    pairs = _checked_pairs(x, paddings, op)
    sizes = tuple(a + d + b for d, (a, b) in zip(x.shape, pairs, strict=True))
    index = tuple(slice(a, a + d) for d, (a, _) in zip(x.shape, pairs, strict=True))
    if xp is np:
        padded = np.full(sizes, value, x.dtype)
        padded[index] = x
        return padded
    from jax import lax

    return lax.pad(x, value, [(a, b, 0) for a, b in pairs])


def _pad_gradient(op: Operation, grad: Tensor) -> list[Any]:
    x, paddings = op.inputs[:2]
    kind = paddings.dtype.base_dtype
    begin = apply(
        "Reshape", apply("StridedSlice", paddings, [0, 0], [0, 1], [1, 1], begin_mask=1, end_mask=1), [-1]
    )
    part = apply("Slice", grad, begin, apply("Shape", x, out_type=kind))
    if len(op.inputs) == 2:
        return [part, None]
    axes = apply("Range", 0, apply("Rank", grad), 1)
    border = apply(
        "Sub", apply("Sum", grad, axes, keep_dims=False), apply("Sum", part, axes, keep_dims=False)
    )
    return [part, None, border]


register(
    "Pad", "input: T, paddings: Tpaddings -> output: T", attrs=_PADDINGS_TYPE, shape=_pad_shape, compute=_pad,
    static=("paddings",), gradient=_pad_gradient,
)  # fmt: skip
register(
    "PadV2", "input: T, paddings: Tpaddings, constant_values: T -> output: T", attrs=_PADDINGS_TYPE, shape=_pad_shape,
    compute=_pad_value, static=("paddings",), gradient=_pad_gradient,
)  # fmt: skip

_MODES = {"mode": attr("string", allowed=("REFLECT", "SYMMETRIC")), **_PADDINGS_TYPE}
_NUMPY_MODES = {"REFLECT": "reflect", "SYMMETRIC": "symmetric"}


def _mirror_pad(xp: Namespace, x: Array, paddings: Array, *, mode: str, op: Operation) -> Array:
    pairs = _checked_pairs(x, paddings, op)
    less = mode == "REFLECT"
    for axis, (d, (a, b)) in enumerate(zip(x.shape, pairs, strict=True)):
        if max(a, b) > d - less:
            raise InvalidArgumentError(
                None, op, f"paddings {(a, b)} of dimension {axis} must be no greater than {d - less} for size {d} in mode "
                f"{mode}: there is no more to mirror."
            )  # fmt: skip
    return xp.pad(x, pairs, mode=_NUMPY_MODES[mode])


def _mirror_pad_gradient(op: Operation, grad: Tensor) -> list[Any]:
    return [apply("MirrorPadGrad", grad, op.inputs[1], mode=op.attrs["mode"]), None]


register(
    "MirrorPad", "input: T, paddings: Tpaddings -> output: T", attrs=_MODES, shape=_pad_shape, compute=_mirror_pad,
    static=("paddings",), gradient=_mirror_pad_gradient,
)  # fmt: skip


def _mirror_pad_grad_shape(op: Operation) -> list[Any]:
    shape = op.inputs[0].shape
    rank, pairs = _known_pairs(op.inputs[1], shape)
    if rank is None or pairs is None or shape.plain is None:
        return [unknown_shape(rank)]
    return [tuple(None if d is None else d - a - b for d, (a, b) in zip(shape.plain, pairs, strict=True))]


def _mirror_pad_grad(xp: Namespace, grad: Array, paddings: Array, *, mode: str) -> Array:
    """Fold each border back over the elements that it mirrors, one dimension at a time."""
    shift = 1 if mode == "REFLECT" else 0
    for axis, (before, after) in enumerate(_pairs(paddings)):
        rows = xp.moveaxis(grad, axis, 0)
        size = rows.shape[0] - before - after
        middle, first, last = rows[before : before + size], rows[:before][::-1], rows[before + size :][::-1]
        rest = [(0, 0)] * (rows.ndim - 1)
        middle = middle + xp.pad(first, [(shift, size - before - shift), *rest])
        middle = middle + xp.pad(last, [(size - after - shift, shift), *rest])
        grad = xp.moveaxis(middle, 0, axis)
    return grad


def _mirror_pad_grad_gradient(op: Operation, grad: Tensor) -> list[Any]:
    return [apply("MirrorPad", grad, op.inputs[1], mode=op.attrs["mode"]), None]


register(
    "MirrorPadGrad", "input: T, paddings: Tpaddings -> output: T", attrs=_MODES, shape=_mirror_pad_grad_shape,
    compute=_mirror_pad_grad, static=("paddings",), gradient=_mirror_pad_grad_gradient,
)  # fmt: skip


def pad(
    tensor: Any, paddings: Any, mode: str = "CONSTANT", name: str | None = None, constant_values: Any = 0
) -> Tensor:
    """``tensor`` with a border.

    Args:
        tensor: a tensor of rank n.
        paddings: integers of shape [n, 2]: how many elements to add before and after each dimension.
        mode: ``CONSTANT`` fills the border with ``constant_values``, ``REFLECT`` mirrors at the outermost element,
            ``SYMMETRIC`` mirrors at the edge, so that the outermost element comes twice. Lower case is accepted.
        name: the operation's name.
        constant_values: the border's value, a scalar.

    Returns:
        A tensor of size ``before + size + after`` in each dimension.

    Raises:
        ValueError: if the mode or the paddings' shape is wrong, or there are not enough elements to mirror.

    Source: TensorFlow 1's ``tf.pad``.
    """
    wanted = mode.upper()
    if wanted == "CONSTANT":
        if isinstance(constant_values, Tensor) or np.any(np.asarray(constant_values) != 0):
            return apply("PadV2", tensor, paddings, constant_values, name=name or "PadV2")
        return apply("Pad", tensor, paddings, name=name or "Pad")
    if wanted not in _NUMPY_MODES:
        raise ValueError(f"Unknown padding mode {mode!r}: use CONSTANT, REFLECT or SYMMETRIC.")
    return apply("MirrorPad", tensor, paddings, mode=wanted, name=name or "MirrorPad")
