"""Running sums, products and log-sum-exps along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.constants import constant_value
from gradiente.graph.dtypes import FLOATS, INDICES, NUMBERS, int32
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.elementwise import widened
from gradiente.ops.reduction import normal_axes

_ATTRS = {"exclusive": False, "reverse": False, "Tidx": attr("type", int32, INDICES)}


def _scan_shape(op: Operation) -> list[Any]:
    shape, axis = op.inputs[0].shape, constant_value(op.inputs[1])
    if op.inputs[1].shape.ndims not in (None, 0):
        raise ValueError(f"The axis must be one number, but has shape {op.inputs[1].shape}.")
    if shape.ndims is not None and axis is not None:
        normal_axes(axis, shape.ndims)
    return [shape]


def _scanned(
    xp: Namespace, x: Array, axis: Array, exclusive: bool, reverse: bool, running: Any, first: Any
) -> Array:  # fmt: skip
    """``running(values, axis)``, from the end if ``reverse``; if ``exclusive``, moved by one, beginning with ``first``."""
    (along,) = normal_axes(axis, x.ndim)
    wide = widened(xp, x)
    if reverse:
        wide = xp.flip(wide, along)
    if exclusive:
        start = xp.full((*x.shape[:along], min(1, x.shape[along]), *x.shape[along + 1 :]), first, wide.dtype)
        kept = wide[(slice(None),) * along + (slice(0, max(x.shape[along] - 1, 0)),)]
        wide = xp.concatenate([start, kept], axis=along)
    result = running(wide, along)
    return (xp.flip(result, along) if reverse else result).astype(x.dtype)


# Cumsum


def _cumsum(xp: Namespace, x: Array, axis: Array, *, exclusive: bool, reverse: bool) -> Array:
    def running(values: Array, along: int) -> Array:
        return xp.cumsum(values, axis=along, dtype=values.dtype)

    return _scanned(xp, x, axis, exclusive, reverse, running, 0)


def _cumsum_gradient(op: Operation, grad: Tensor) -> list[Tensor | None]:
    options: dict[str, Any] = {"exclusive": op.attrs["exclusive"], "reverse": not op.attrs["reverse"]}
    return [apply("Cumsum", grad, op.inputs[1], **options), None]


register(
    "Cumsum", "x: T, axis: Tidx -> out: T", attrs=_ATTRS, types={"T": NUMBERS}, shape=_scan_shape,
    gradient=_cumsum_gradient, compute=_cumsum, static=("axis",),
)  # fmt: skip


def cumsum(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Tensor:
    """The running sum along an axis: ``[a, b, c]`` gives ``[a, a + b, a + b + c]``.

    Args:
        x: a tensor of numbers.
        axis: the axis, negative ones counted from the end.
        exclusive: leave each element out of its own sum: ``[0, a, a + b]``.
        reverse: sum from the end: ``[a + b + c, b + c, c]``.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    return apply("Cumsum", x, axis, exclusive=exclusive, reverse=reverse, name=name)


# Cumprod


def _cumprod(xp: Namespace, x: Array, axis: Array, *, exclusive: bool, reverse: bool) -> Array:
    def running(values: Array, along: int) -> Array:
        return xp.cumprod(values, axis=along, dtype=values.dtype)

    return _scanned(xp, x, axis, exclusive, reverse, running, 1)


def _cumprod_gradient(op: Operation, grad: Tensor) -> list[Tensor | None]:
    x, axis = op.inputs
    options: dict[str, Any] = {"exclusive": op.attrs["exclusive"], "reverse": not op.attrs["reverse"]}
    total = apply("Cumsum", apply("Mul", op.outputs[0], grad), axis, **options)
    return [apply("DivNoNan", total, x), None]


register(
    "Cumprod", "x: T, axis: Tidx -> out: T", attrs=_ATTRS, types={"T": NUMBERS}, shape=_scan_shape,
    gradient=_cumprod_gradient, compute=_cumprod, static=("axis",),
)  # fmt: skip


def cumprod(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Tensor:
    """The running product along an axis: ``[a, b, c]`` gives ``[a, a b, a b c]``.

    Args:
        x: a tensor of numbers.
        axis: the axis, negative ones counted from the end.
        exclusive: leave each element out of its own product: ``[1, a, a b]``.
        reverse: multiply from the end: ``[a b c, b c, c]``.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``x``.
    """
    return apply("Cumprod", x, axis, exclusive=exclusive, reverse=reverse, name=name)


# CumulativeLogsumexp


def _cumulative_logsumexp(xp: Namespace, x: Array, axis: Array, *, exclusive: bool, reverse: bool) -> Array:
    def running(values: Array, along: int) -> Array:
        return np.logaddexp.accumulate(values, axis=along)

    return _scanned(xp, x, axis, exclusive, reverse, running, _least(x.dtype))


def _device_cumulative_logsumexp(
    xp: Namespace, x: Array, axis: Array, *, exclusive: bool, reverse: bool
) -> Array:
    def running(values: Array, along: int) -> Array:
        from jax import lax

        return lax.cumlogsumexp(values, axis=along)

    return _scanned(xp, x, axis, exclusive, reverse, running, _least(x.dtype))


def _least(dtype: Any) -> float:
    return float(np.finfo(np.float32 if dtype.itemsize == 2 else dtype).min)


def _cumulative_logsumexp_gradient(op: Operation, grad: Tensor) -> list[Tensor | None]:
    """Each element's share of a sum is ``exp(x - result)``; positive and negative gradients are summed apart."""
    x, axis = op.inputs
    options: dict[str, Any] = {"exclusive": op.attrs["exclusive"], "reverse": not op.attrs["reverse"]}
    least = apply("Mul", apply("OnesLike", grad), float(np.finfo(np.float32).min))
    parts: list[Tensor] = []
    for signed in (grad, apply("Neg", grad)):
        present = apply("Greater", signed, 0)
        safe = apply("SelectV2", present, signed, apply("OnesLike", signed))
        logs = apply("Sub", apply("SelectV2", present, apply("Log", safe), least), op.outputs[0])
        parts.append(apply("Exp", apply("AddV2", apply("CumulativeLogsumexp", logs, axis, **options), x)))
    return [apply("Sub", parts[0], parts[1]), None]


register(
    "CumulativeLogsumexp", "x: T, axis: Tidx -> out: T", attrs=_ATTRS, types={"T": FLOATS}, shape=_scan_shape,
    gradient=_cumulative_logsumexp_gradient, compute=_cumulative_logsumexp, device=_device_cumulative_logsumexp,
    static=("axis",),
)  # fmt: skip


def cumulative_logsumexp(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Tensor:
    """The logarithm of the running sum of exponentials along an axis; arguments and result as in ``cumsum``.

    With ``exclusive``, the first element is the least number of its type, which stands for the logarithm of 0.
    """
    return apply("CumulativeLogsumexp", x, axis, exclusive=exclusive, reverse=reverse, name=name)
