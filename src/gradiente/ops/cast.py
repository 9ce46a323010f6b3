"""Changing a tensor's type: cast, saturating cast, bit cast."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import (
    NUMBERS,
    DType,
    as_dtype,
    bfloat16,
    bool_,
    complex64,
    complex128,
    float32,
    float64,
    int32,
    int64,
)  # fmt: skip
from gradiente.graph.indexed_slices import IndexedSlices
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import same_shape

# Cast


def _cast_gradient(op: Operation, grad: Tensor) -> list[Any]:
    source: DType = op.attrs["SrcT"]
    if not (source.is_floating or source.is_complex):
        return [None]
    return [apply("Cast", grad, DstT=source)]


def _cast(xp: Namespace, x: Array, *, SrcT: DType, DstT: DType) -> Array:
    if DstT.is_bool:
        return x != 0
    if SrcT.is_complex and not DstT.is_complex:
        x = xp.real(x)
    if DstT.is_integer and not SrcT.is_integer and not SrcT.is_bool and DstT not in (int32, int64):
        # Narrow and unsigned integers wrap as C's conversion does on the common processors; XLA's own saturates.
        x = x.astype(np.int32 if DstT.np.itemsize < 4 else np.int64)
    return x.astype(DstT.np)


register(
    "Cast", "x: SrcT -> y: DstT", attrs={"Truncate": False}, types={"SrcT": (*NUMBERS, bool_), "DstT": (*NUMBERS, bool_)},
    shape=same_shape, gradient=_cast_gradient, compute=_cast,
)  # fmt: skip


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """``x`` as another type. Floats are truncated towards zero to become integers; a number is True unless it is 0.

    Args:
        x: a tensor of numbers or bools, or IndexedSlices.
        dtype: the type wanted.
        name: the operation's name.

    Returns:
        A tensor of the shape of ``x``; ``x`` itself if it has the type already.

    Raises:
        TypeError: if ``x`` holds strings (see ``tf.string_to_number``).
    """
    wanted = as_dtype(dtype).base_dtype
    if isinstance(x, Tensor) and x.dtype.base_dtype is wanted:
        return x
    with name_scope(name, "Cast", [x]) as scope:
        if isinstance(x, IndexedSlices):
            if x.dtype.base_dtype is wanted:
                return x
            return IndexedSlices(apply("Cast", x.values, DstT=wanted, name=scope), x.indices, x.dense_shape)
        x = convert_to_tensor(x, name="x")
        return x if x.dtype.base_dtype is wanted else apply("Cast", x, DstT=wanted, name=scope)


def to_float(x: Any, name: str = "ToFloat") -> Any:
    """``x`` as float32; see ``cast``."""
    return cast(x, float32, name)


def to_double(x: Any, name: str = "ToDouble") -> Any:
    """``x`` as float64; see ``cast``."""
    return cast(x, float64, name)


def to_int32(x: Any, name: str = "ToInt32") -> Any:
    """``x`` as int32; see ``cast``."""
    return cast(x, int32, name)


def to_int64(x: Any, name: str = "ToInt64") -> Any:
    """``x`` as int64; see ``cast``."""
    return cast(x, int64, name)


def to_bfloat16(x: Any, name: str = "ToBFloat16") -> Any:
    """``x`` as bfloat16; see ``cast``."""
    return cast(x, bfloat16, name)


def to_complex64(x: Any, name: str = "ToComplex64") -> Any:
    """``x`` as complex64; see ``cast``."""
    return cast(x, complex64, name)


def to_complex128(x: Any, name: str = "ToComplex128") -> Any:
    """``x`` as complex128; see ``cast``."""
    return cast(x, complex128, name)


def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Tensor:
    """``value`` as another type, clipped first to what that type can hold, so that nothing wraps.

    Args:
        value: a tensor of real numbers.
        dtype: the type wanted.
        name: the name scope.

    Returns:
        A tensor of the shape of ``value``.
    """
    with name_scope(name, "saturate_cast") as scope:
        value = convert_to_tensor(value, name="value")
        wanted, held = as_dtype(dtype).base_dtype, value.dtype.base_dtype
        if float(held.min) < float(wanted.min):
            value = apply("Maximum", value, _just_inside(wanted.min, held, above=True))
        if float(held.max) > float(wanted.max):
            value = apply("Minimum", value, _just_inside(wanted.max, held, above=False))
        return apply("Cast", value, DstT=wanted, name=scope)


def _just_inside(bound: Any, held: DType, above: bool) -> Any:
    """The number of type ``held`` nearest to ``bound`` that does not lie outside it."""
    if held.is_integer:
        return int(bound)
    near = np.asarray(bound).astype(held.np)
    outside = float(near) < float(bound) if above else float(near) > float(bound)
    if not outside and isinstance(bound, int) and int(near) != bound:
        outside = int(near) < bound if above else int(near) > bound
    if not outside:
        return near
    return np.nextafter(near, near.dtype.type(0))


# Bitcast


def _bitcast_shape(op: Operation) -> list[Any]:
    dims = op.inputs[0].shape.plain
    if dims is None:
        return [None]
    source, wanted = op.attrs["T"].np.itemsize, op.attrs["type"].np.itemsize
    if source > wanted:
        return [(*dims, source // wanted)]
    if source < wanted:
        if not dims or dims[-1] not in (None, wanted // source):
            raise ValueError(
                f"{op.attrs['T'].name} ({source} bytes) becomes {op.attrs['type'].name} ({wanted} bytes) along a last axis "
                f"of size {wanted // source}, but the shape is {op.inputs[0].shape}."
            )
        return [dims[:-1]]
    return [dims]


def _bitcast(xp: Namespace, input: Array, *, type: DType) -> Array:
    del xp
    input = np.ascontiguousarray(input).reshape(np.shape(input))
    source, wanted = input.dtype.itemsize, type.np.itemsize
    if source > wanted:
        return input[..., None].view(type.np)
    if source < wanted:
        return input.view(type.np)[..., 0]
    return input.view(type.np)


def _device_bitcast(xp: Namespace, input: Array, *, type: DType) -> Array:
    del xp
    from jax import lax

    return lax.bitcast_convert_type(input, type.np)


register(
    "Bitcast", "input: T -> output: type", attrs={"type": attr("type", allowed=NUMBERS)}, types={"T": NUMBERS},
    shape=_bitcast_shape, gradient=NOT_DIFFERENTIABLE, compute=_bitcast, device=_device_bitcast,
)  # fmt: skip


def bitcast(input: Any, type: Any, name: str | None = None) -> Tensor:
    """The bits of ``input`` read as another type.

    Args:
        input: a tensor of numbers.
        type: the type to read them as. If it is shorter, a last axis is added; if longer, the last axis is used up.
        name: the operation's name.

    Raises:
        ValueError: if the last axis has not the size that a longer type needs.
    """
    return apply("Bitcast", input, type=as_dtype(type), name=name)
