"""Clipping: by value, by the norm of a tensor, by the norm of many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.dtypes import REALS
from gradiente.graph.indexed_slices import IndexedSlices
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.reduce import reduce_sum
from gradiente.ops.unbroadcast import unbroadcast


def _values(t: Any) -> Tensor:
    return t.values if isinstance(t, IndexedSlices) else convert_to_tensor(t, name="t")


def _like(t: Any, values: Tensor) -> Any:
    """``values`` in the form of ``t``: slices of the same rows, or a tensor."""
    return IndexedSlices(values, t.indices, t.dense_shape) if isinstance(t, IndexedSlices) else values


# ClipByValue


def _clip_by_value_shape(op: Operation) -> list[Any]:
    return [op.inputs[0].shape]


def _clip_by_value(xp: Namespace, t: Array, clip_value_min: Array, clip_value_max: Array) -> Array:
    return xp.maximum(xp.minimum(t, clip_value_max), clip_value_min)


def _clip_by_value_gradient(op: Operation, grad: Tensor) -> list[Tensor]:
    t, low, high = op.inputs
    zeros = apply("ZerosLike", grad)
    below, above = apply("Less", t, low), apply("Greater", t, high)
    inside = apply("LogicalNot", apply("LogicalOr", below, above))
    return [
        apply("SelectV2", inside, grad, zeros),
        unbroadcast(apply("SelectV2", below, grad, zeros), low, t),
        unbroadcast(apply("SelectV2", above, grad, zeros), high, t),
    ]


register(
    "ClipByValue", "t: T, clip_value_min: T, clip_value_max: T -> output: T", types={"T": REALS},
    shape=_clip_by_value_shape, gradient=_clip_by_value_gradient, compute=_clip_by_value,
)  # fmt: skip


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """``t``, with the elements below a minimum raised to it and those above a maximum lowered to it.

    Args:
        t: a tensor or IndexedSlices of real numbers.
        clip_value_min: the minimum, a number or a tensor that broadcasts to the shape of ``t``.
        clip_value_max: the maximum, likewise.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``t`` (or IndexedSlices). The gradient of a clipped element is 0.

    Raises:
        ValueError: if the bounds have a larger shape than ``t``.
    """
    with name_scope(name, "clip_by_value", [t, clip_value_min, clip_value_max]) as scope:
        values = _values(t)
        lowered = apply("Minimum", values, clip_value_max)
        values.shape.assert_is_compatible_with(lowered.shape)
        clipped = apply("Maximum", lowered, clip_value_min, name=scope)
        values.shape.assert_is_compatible_with(clipped.shape)
        return _like(t, clipped)


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """``t``, scaled down so that its Euclidean norm is at most ``clip_norm``: ``t · clip_norm / max(‖t‖, clip_norm)``.

    Args:
        t: a floating-point tensor or IndexedSlices.
        clip_norm: the largest norm, a positive number.
        axes: the axes over which a norm is taken; all of them without it.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``t`` (or IndexedSlices).
    """
    with name_scope(name, "clip_by_norm", [t, clip_norm]) as scope:
        values = _values(t)
        squares = reduce_sum(apply("Mul", values, values, name="mul"), axes, keepdims=True)
        # The root's gradient at 0 is infinite: there the norm is taken without it.
        some = apply("Greater", squares, 0)
        safe = apply("SelectV2", some, squares, apply("OnesLike", squares))
        norm = apply("SelectV2", some, apply("Sqrt", safe), squares)
        scaled = apply("Mul", values, clip_norm, name="mul")
        values.shape.assert_is_compatible_with(scaled.shape)
        clipped = apply("RealDiv", scaled, apply("Maximum", norm, clip_norm), name="truediv")
        return _like(t, apply("Identity", clipped, name=scope))


def clip_by_average_norm(t: Any, clip_norm: Any, name: str | None = None) -> Tensor:
    """``t``, scaled down so that its norm divided by its number of elements is at most ``clip_norm``.

    Args:
        t: a floating-point tensor.
        clip_norm: the largest average norm, a positive number.
        name: the operation's name.

    Returns:
        A tensor of the type and shape of ``t``.
    """
    with name_scope(name, "clip_by_average_norm", [t, clip_norm]) as scope:
        t = convert_to_tensor(t, name="t")
        count = apply("Cast", apply("Size", t), DstT=t.dtype.base_dtype)
        inverse = apply("Rsqrt", reduce_sum(apply("Mul", t, t, name="mul")))
        clip_norm = convert_to_tensor(clip_norm, dtype=t.dtype.base_dtype, name="clip_norm")
        scale = apply(
            "Minimum",
            apply("Mul", inverse, count, name="mul"),
            apply("RealDiv", 1.0, clip_norm, name="truediv"),
        )
        return apply(
            "Identity", apply("Mul", apply("Mul", t, clip_norm, name="mul"), scale, name="mul"), name=scope
        )


def _checked_list(t_list: Any, function: str) -> list[Any]:
    if not isinstance(t_list, Sequence) or isinstance(t_list, str):
        raise TypeError(f"tf.{function} takes a list of tensors, not {t_list!r}.")
    return list(t_list)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - user input


def global_norm(t_list: Any, name: str | None = None) -> Tensor | None:
    """The Euclidean norm of several tensors taken as one vector: ``√Σ ‖t‖²``.

    Args:
        t_list: tensors, IndexedSlices, and None, which is passed over.
        name: the name scope.

    Returns:
        A scalar; None if every entry is None.

    Raises:
        TypeError: if ``t_list`` is no list.
    """
    present = [t for t in _checked_list(t_list, "global_norm") if t is not None]
    if not present:
        return None
    with name_scope(name, "global_norm", present):
        halves = [apply("L2Loss", _values(t)) for t in present]
        total = reduce_sum(apply("Pack", halves, name="stack"))
        return apply("Sqrt", apply("Mul", total, 2.0, name="mul"), name="global_norm")


def clip_by_global_norm(
    t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Any]:
    """Several tensors scaled down by one factor, so that their joint norm is at most ``clip_norm``.

    Each becomes ``t · clip_norm / max(norm, clip_norm)`` with ``norm = global_norm(t_list)``, so the direction of a
    gradient is kept. If the norm is infinite or NaN, the results are NaN.

    Args:
        t_list: tensors, IndexedSlices, and None, which stays None.
        clip_norm: the largest norm, a positive number.
        use_norm: the norm, where it is known already.
        name: the name scope.

    Returns:
        The list of scaled tensors, and the norm before scaling.

    Raises:
        TypeError: if ``t_list`` is no list.

    Source: Pascanu, Mikolov, Bengio 2013.
    """
    items = _checked_list(t_list, "clip_by_global_norm")
    norm = global_norm(items, name) if use_norm is None else convert_to_tensor(use_norm)
    if norm is None:
        return items, None
    with name_scope(name, "clip_by_global_norm", [t for t in items if t is not None]) as scope:
        clip_norm = convert_to_tensor(clip_norm, dtype=norm.dtype.base_dtype, name="clip_norm")
        smaller = apply(
            "Minimum", apply("RealDiv", 1.0, norm, name="truediv"), apply("RealDiv", 1.0, clip_norm)
        )
        scale = apply("Mul", clip_norm, smaller, name="mul")
        # Infinity minus itself is NaN: a broken gradient must not look like a small one.
        scale = apply("AddV2", scale, apply("Sub", norm, norm, name="sub"), name="add")
        clipped: list[Any] = []
        for i, t in enumerate(items):
            if t is None:
                clipped.append(None)
                continue
            values = _values(t)
            factor = (
                apply("Cast", scale, DstT=values.dtype.base_dtype) if values.dtype != scale.dtype else scale
            )
            scaled = apply("Mul", values, factor, name="mul")
            clipped.append(_like(t, apply("Identity", scaled, name=f"{scope}_{i}")))
        return clipped, norm
