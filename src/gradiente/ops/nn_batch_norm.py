"""Batch normalization in one op: FusedBatchNorm in its three versions, its gradient, and the gradient of that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor
from gradiente.graph.dtypes import FLOATS, float32, float64
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import attr, register
from gradiente.graph.shapes import TensorShape
from gradiente.graph.source import user_line
from gradiente.graph.types import Array, Namespace
from gradiente.kernels import batch_norm as kernels

_FORMATS = ("NHWC", "NCHW", "NDHWC", "NCDHW")
_COMMON: dict[str, Any] = {
    "epsilon": 1e-4,
    "data_format": attr("string", "NHWC", _FORMATS),
    "is_training": True,
}


def _channel_axis(data_format: str) -> int:
    return 1 if data_format.startswith("NC") else len(data_format) - 1


def _other_axes(data_format: str) -> tuple[int, ...]:
    return tuple(a for a in range(len(data_format)) if a != _channel_axis(data_format))


def _row(vector: Array, data_format: str) -> Array:
    """One value per channel, in a shape that broadcasts with the images."""
    return vector.reshape([-1 if a == _channel_axis(data_format) else 1 for a in range(len(data_format))])


def suits_kernels(op: Operation, x: Array, *vectors: Array) -> bool:
    """Whether the CPU's kernels can do it, on traced arrays: they take the batch's own moments, and the channels last."""
    last = _channel_axis(op.attrs["data_format"]) == x.ndim - 1
    return op.attrs["is_training"] and last and kernels.batch_norm_suits(x, *vectors)


def statistics(
    op: Operation, x: Array, mean: Array, variance: Array, centre: Array, spread: Array
) -> list[Array]:
    """The outputs of FusedBatchNorm after the first: what it makes of the batch's moments ``centre`` and ``spread``."""
    kind, share = centre.dtype, op.attrs["exponential_avg_factor"]
    count = x.size // max(x.shape[_channel_axis(op.attrs["data_format"])], 1)
    new_mean, new_variance = centre, spread * kind.type(count / max(count - 1, 1))
    if share != 1.0:
        keep = kind.type(1.0 - share)
        new_mean = keep * mean + kind.type(share) * new_mean
        new_variance = keep * variance + kind.type(share) * new_variance
    return [new_mean, new_variance, centre, spread, *[centre[:0]] * (len(op.outputs) - 5)]


def _channels(op: Operation, x: TensorShape, vectors: tuple[Tensor, ...]) -> TensorShape:
    """The shape [channels], which all of ``vectors`` must have."""
    form = op.attrs["data_format"]
    if not x.has_rank(len(form)):
        raise ValueError(f"The input must have rank {len(form)} (data_format {form}), but has shape {x}.")
    dims = x.with_rank(len(form)).as_list()
    shape = TensorShape.of((dims[_channel_axis(form)],))
    for vector in vectors:
        if not vector.shape.is_compatible_with(shape):
            raise ValueError(
                f"{vector.name!r} must have one value per channel, shape {shape} for an input of shape {x} with data_format "
                f"{form}, but has shape {vector.shape}."
            )
        shape = shape.merge_with(vector.shape)
    return shape


def _forward_shape(reserved: int) -> Callable[[Operation], list[Any]]:
    def rule(op: Operation) -> list[Any]:
        given = 5 if not op.attrs["is_training"] or op.attrs["exponential_avg_factor"] != 1.0 else 3
        channels = _channels(op, op.inputs[0].shape, op.inputs[1:given])
        return [op.inputs[0].shape, *[channels] * 4, *[(0,)] * (reserved - 2)]

    return rule


def _forward(
    xp: Namespace, x: Array, scale: Array, offset: Array, mean: Array, variance: Array, *, op: Operation
) -> Any:
    attrs = op.attrs
    form, epsilon, kind = attrs["data_format"], attrs["epsilon"], scale.dtype
    if xp is not np and suits_kernels(op, x, scale, offset):
        y, *moments = kernels.batch_norm(x, scale, offset, epsilon)
        return [y, *statistics(op, x, mean, variance, *moments)]
    wide = x.astype(kind)
    centre, spread = mean, variance
    if attrs["is_training"]:
        axes = _other_axes(form)
        centre = xp.mean(wide, axis=axes, dtype=kind)
        spread = xp.mean(xp.square(wide - _row(centre, form)), axis=axes, dtype=kind)
        given = statistics(op, x, mean, variance, centre, spread)
    else:
        given = [mean, variance, mean, variance, *[mean[:0]] * (len(op.outputs) - 5)]
    factor = scale / xp.sqrt(spread + kind.type(epsilon))
    y = ((wide - _row(centre, form)) * _row(factor, form) + _row(offset, form)).astype(x.dtype)
    return [y, *given]


def _forward_gradient(version: str) -> Callable[..., Any]:
    def rule(op: Operation, grad: Tensor, *other: Any) -> list[Any]:
        del other
        x, scale = op.inputs[:2]
        statistics = op.outputs[3:5] if op.attrs["is_training"] else op.inputs[3:5]
        attrs = {k: op.attrs[k] for k in _COMMON}
        reserved = [op.outputs[5]] if version == "V3" else []
        made = apply(f"FusedBatchNormGrad{version}", grad, x, scale, *statistics, *reserved, **attrs)
        return [*made[:3], None, None]

    return rule


def _gradient_shape(op: Operation) -> list[Any]:
    x = op.inputs[0].shape.merge_with(op.inputs[1].shape)
    channels = _channels(op, x, op.inputs[2:3])
    return [x, channels, channels, (0,), (0,)]


def _gradient(
    xp: Namespace,
    y_backprop: Array,
    x: Array,
    scale: Array,
    mean: Array,
    variance: Array,
    *rest: Array,
    op: Operation,
) -> Any:
    del rest
    given, needed = TensorShape.of(y_backprop.shape), TensorShape.of(x.shape)
    if given != needed:
        raise ValueError(f"The gradient must have the input's shape {needed}, but has {given}.")
    form, kind = op.attrs["data_format"], scale.dtype
    empty = xp.zeros((0,), kind)
    if xp is not np and y_backprop.dtype == x.dtype and suits_kernels(op, x, scale, mean, variance):
        made = kernels.batch_norm_gradient(y_backprop, x, scale, mean, variance, op.attrs["epsilon"])
        return [*made, empty, empty]
    axes = _other_axes(form)
    grad, wide = y_backprop.astype(kind), x.astype(kind)
    inverse = kind.type(1) / xp.sqrt(variance + kind.type(op.attrs["epsilon"]))
    normal = (wide - _row(mean, form)) * _row(inverse, form)
    offset_grad = xp.sum(grad, axis=axes, dtype=kind)
    scale_grad = xp.sum(grad * normal, axis=axes, dtype=kind)
    inner = grad
    if op.attrs["is_training"]:
        count = max(wide.size // max(wide.shape[_channel_axis(form)], 1), 1)
        part = kind.type(1.0 / count)
        inner = grad - _row(offset_grad * part, form) - normal * _row(scale_grad * part, form)
    return [(inner * _row(scale * inverse, form)).astype(x.dtype), scale_grad, offset_grad, empty, empty]


def _gradient_gradient(
    op: Operation, grad_x: Tensor, grad_scale: Tensor, grad_offset: Tensor, *rest: Any
) -> list[Any]:
    """The derivatives of Σ(grad_x·dx) + Σ(grad_scale·dγ) + Σ(grad_offset·dβ) with respect to dy, x and γ.

    With r = 1/√(σ² + ε), n = (x − μ)·r and the symmetric map P(v) = v − mean(v) − n·mean(v·n), training has
    dx = γ·r·P(dy) and dγ = Σ dy·n, and x moves n by r·P and r by −r²·n/N. Without training μ and σ² are constants.
    """
    del rest
    form = op.attrs["data_format"]
    axes = np.asarray(_other_axes(form), np.int32)
    shape = [-1 if a == _channel_axis(form) else 1 for a in range(len(form))]
    kind, own = op.inputs[2].dtype, op.inputs[1].dtype

    def wide(t: Tensor) -> Tensor:
        return t if t.dtype is kind else apply("Cast", t, DstT=kind)

    def row(t: Tensor) -> Tensor:
        return apply("Reshape", t, shape)

    def mean(t: Tensor) -> Tensor:
        return apply("Mean", t, axes, keep_dims=True)

    def total(t: Tensor) -> Tensor:
        return apply("Sum", t, axes, keep_dims=False)

    dy, x, h = wide(op.inputs[0]), wide(op.inputs[1]), wide(grad_x)
    scale, to_scale, to_offset = row(op.inputs[2]), row(grad_scale), row(grad_offset)
    inverse = apply("Rsqrt", row(op.inputs[4]) + op.attrs["epsilon"])
    normal = (x - row(op.inputs[3])) * inverse

    def projected(v: Tensor) -> Tensor:
        return v - mean(v) - normal * mean(v * normal)

    if op.attrs["is_training"]:
        along = h * projected(dy)
        to_dy = scale * inverse * projected(h) + to_scale * normal + to_offset
        to_normal = to_scale * dy - scale * inverse * (h * mean(dy * normal) + dy * mean(h * normal))
        to_x = inverse * projected(to_normal) - scale * inverse * inverse * normal * mean(along)
    else:
        along = h * dy
        to_dy = scale * inverse * h + to_scale * normal + to_offset
        to_x = to_scale * inverse * dy
    results = [to_dy, to_x]
    if own is not kind:
        results = [apply("Cast", t, DstT=own) for t in results]
    nothing = [None] * (len(op.inputs) - 3)
    return [*results, total(along * inverse), *nothing]


def _register(version: str) -> None:
    u = "T" if version == "" else "U"
    types = {"T": FLOATS, "U": (float32, float64)} if version else {"T": (float32, float64)}
    more_out = f", reserve_space_3: {u}" if version == "V3" else ""
    after = (4, 5) if version == "V3" else (3, 4)
    register(
        f"FusedBatchNorm{version}",
        f"x: T, scale: {u}, offset: {u}, mean: {u}, variance: {u} -> y: T, batch_mean: {u}, batch_variance: {u}, "
        f"reserve_space_1: {u}, reserve_space_2: {u}{more_out}",
        attrs={**_COMMON, "exponential_avg_factor": 1.0}, types=types, shape=_forward_shape(3 if more_out else 2),
        compute=_forward, gradient=_forward_gradient(version),
    )  # fmt: skip
    register(
        f"FusedBatchNormGrad{version}",
        f"y_backprop: T, x: T, scale: {u}, reserve_space_1: {u}, reserve_space_2: {u}{more_out} -> x_backprop: T, "
        f"scale_backprop: {u}, offset_backprop: {u}, reserve_space_{after[0]}: {u}, reserve_space_{after[1]}: {u}",
        attrs=_COMMON, types=types, shape=_gradient_shape, compute=_gradient, gradient=_gradient_gradient,
    )  # fmt: skip


for _version in ("", "V2", "V3"):
    _register(_version)


def fused_batch_norm(
    x: Any, scale: Any, offset: Any, mean: Any = None, variance: Any = None, epsilon: float = 0.001,
    data_format: str = "NHWC", is_training: bool = True, name: str | None = None, exponential_avg_factor: float = 1.0,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Batch normalization of images, by channel, in one op.

    y = scale · (x − μ) / √(σ² + ε) + offset, with the batch's own mean and variance when training, else those given.

    Args:
        x: [batch, height, width, channels], or a volume.
        scale: γ, one per channel.
        offset: β, one per channel.
        mean: the mean to use when not training.
        variance: the variance to use when not training.
        epsilon: ε, a small number against division by zero.
        data_format: ``"NHWC"``, ``"NCHW"``, ``"NDHWC"`` or ``"NCDHW"``.
        is_training: whether to use the batch's own moments.
        name: the operation's name.
        exponential_avg_factor: the share of the batch in the moments returned; the rest is of ``mean``, ``variance``.

    Returns:
        y, the mean, and the variance (unbiased when training: over N − 1).

    Raises:
        ValueError: if ``mean`` and ``variance`` are missing where they are needed.

    Source: Ioffe and Szegedy 2015; TensorFlow 1's ``tf.nn.fused_batch_norm``.
    """
    if (not is_training or exponential_avg_factor != 1.0) and (mean is None or variance is None):
        raise ValueError(
            "Both mean and variance must be given when is_training is False or exponential_avg_factor is not 1. At "
            f"{user_line()}"
        )
    value = convert_to_tensor(x, name="input")
    factor = convert_to_tensor(scale, name="scale")
    empty = np.zeros(0, factor.dtype.np)
    made = apply(
        "FusedBatchNormV3", value, factor, offset, empty if mean is None else mean,
        empty if variance is None else variance, epsilon=epsilon, data_format=data_format, is_training=is_training,
        exponential_avg_factor=exponential_avg_factor, name=name or "FusedBatchNorm",
    )  # fmt: skip
    return made[0], made[1], made[2]
