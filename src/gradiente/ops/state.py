"""The ops on variables: declaration, assignment, scattered updates, counting, and the test for initialization."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.dtypes import INDICES, NUMBERS
from gradiente.graph.errors import InvalidArgumentError, OutOfRangeError
from gradiente.graph.evaluate import Ref
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.shapes import TensorShape
from gradiente.graph.types import Array, Namespace

# VariableV2


def _variable(xp: Namespace, *, op: Operation) -> Ref:
    del xp
    return Ref(op)


register(
    "VariableV2", "-> ref: Ref(dtype)", shape=lambda op: [op.attrs["shape"]], compute=_variable, stateful=True,
    attrs={"shape": attr("shape"), "dtype": attr("type"), "container": "", "shared_name": ""},
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


# Assign, AssignAdd, AssignSub


def _assign_shape(op: Operation) -> list[TensorShape]:
    ref, value = (t.shape for t in op.inputs)
    if not op.attrs.get("validate_shape", True):
        return [value]
    if not ref.is_compatible_with(value):
        raise ValueError(
            f"A variable keeps its shape: this one has shape {ref}, the value has shape {value}. Reshape the value, or use "
            "validate_shape=False."
        )
    return [ref.merge_with(value)]


def _check_shape(op: Operation, wanted: TensorShape, value: Array) -> None:
    if not wanted.is_compatible_with(value.shape):
        raise InvalidArgumentError(
            None, op,
            f"{op.type} requires shapes of both tensors to match: the variable has shape {wanted}, the value has shape "
            f"{value.shape}. Reshape the value, or make and assign the variable with validate_shape=False.",
        )  # fmt: skip


def _assign(xp: Namespace, ref: Ref, value: Array, *, op: Operation, ctx: Any, validate_shape: bool) -> Ref:
    del xp
    if validate_shape:
        _check_shape(op, op.inputs[0].shape, value)
    ctx.write(ref, value)
    return ref


def _assign_add(xp: Namespace, ref: Ref, value: Array, *, op: Operation, ctx: Any) -> Ref:
    del xp
    old = ctx.read(ref)
    _check_shape(op, TensorShape(old.shape), value)
    ctx.write(ref, old + value)
    return ref


def _assign_sub(xp: Namespace, ref: Ref, value: Array, *, op: Operation, ctx: Any) -> Ref:
    del xp
    old = ctx.read(ref)
    _check_shape(op, TensorShape(old.shape), value)
    ctx.write(ref, old - value)
    return ref


register(
    "Assign", "ref: Ref(T), value: T -> output_ref: Ref(T)", attrs={"validate_shape": True, "use_locking": True},
    shape=_assign_shape, compute=_assign, writes=("ref",), gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
for _name, _compute in (("AssignAdd", _assign_add), ("AssignSub", _assign_sub)):
    register(
        _name, "ref: Ref(T), value: T -> output_ref: Ref(T)", attrs={"use_locking": False}, types={"T": NUMBERS},
        shape=_assign_shape, compute=_compute, reads=("ref",), writes=("ref",), gradient=NOT_DIFFERENTIABLE,
    )  # fmt: skip


def assign(
    ref: Any,
    value: Any,
    validate_shape: bool | None = None,
    use_locking: bool | None = None,
    name: str | None = None,
) -> Tensor:
    """Give the variable ``ref`` a new value.

    Args:
        ref: a variable.
        value: a tensor of its type and shape.
        validate_shape: False lets the shape change.
        use_locking: accepted; assignments never interleave.
        name: the operation's name.

    Returns:
        The variable's reference: reading it gives the new value.

    Raises:
        ValueError: if the shapes differ. TypeError: if ``ref`` is no variable.
        InvalidArgumentError: when run, if they turn out to differ.
    """
    return apply(
        "Assign", ref, value, validate_shape=True if validate_shape is None else validate_shape,
        use_locking=True if use_locking is None else use_locking, name=name,
    )  # fmt: skip


def assign_add(ref: Any, value: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
    """Add ``value`` to the variable ``ref``; returns its reference (see ``assign``)."""
    return apply("AssignAdd", ref, value, use_locking=use_locking, name=name)


def assign_sub(ref: Any, value: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
    """Subtract ``value`` from the variable ``ref``; returns its reference (see ``assign``)."""
    return apply("AssignSub", ref, value, use_locking=use_locking, name=name)


# ScatterUpdate, ScatterAdd, ...: rows of a variable. ScatterNdUpdate, ...: elements or slices of it.


def _scatter_shape(op: Operation) -> list[TensorShape]:
    ref, indices, updates = (t.shape for t in op.inputs)
    if updates.ndims != 0:
        expected = indices.concatenate(ref[1:]) if ref.ndims else TensorShape(None)
        if not expected.is_compatible_with(updates):
            raise ValueError(
                f"Scattered updates have shape indices.shape + ref.shape[1:] = {expected}, not {updates}. Give one row of "
                "the variable's row shape per index."
            )
    return [ref]


def _scatter_nd_shape(op: Operation) -> list[TensorShape]:
    ref, indices, updates = (t.shape for t in op.inputs)
    if ref.plain is not None and indices.plain and indices.plain[-1] is not None:
        expected = indices[:-1].concatenate(ref[indices.plain[-1] :])
        if not expected.is_compatible_with(updates):
            raise ValueError(
                f"Updates have shape indices.shape[:-1] + ref.shape[indices.shape[-1]:] = {expected}, not {updates}."
            )
    return [ref]


_NUMPY_SCATTER = {"add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide,
                  "min": np.minimum, "max": np.maximum}  # fmt: skip


def _scatter(kind: str, nd: bool) -> Any:
    def compute(xp: Namespace, ref: Ref, indices: Array, updates: Array, *, ctx: Any) -> Ref:
        value = ctx.read(ref)
        where = tuple(xp.moveaxis(indices, -1, 0)) if nd else indices
        limits = value.shape[: indices.shape[-1]] if nd else value.shape[:1]
        parts = where if nd else (indices,)
        inside = xp.asarray(True)
        for part, limit in zip(parts, limits, strict=True):
            inside = inside & xp.all((part >= 0) & (part < limit))
        ctx.check(
            inside,
            f"indices of {ctx.op.name!r} are not all in [0, {limits[0] if len(limits) == 1 else limits})",
        )
        if xp is np:
            result = np.array(value)
            if bool(inside):
                if kind == "update":
                    result[where] = updates
                else:
                    _NUMPY_SCATTER[kind].at(result, where, updates)
        elif kind == "update":
            result = value.at[where].set(updates)
        elif kind == "subtract":
            result = value.at[where].add(-updates)
        else:
            result = getattr(value.at[where], kind)(updates)
        ctx.write(ref, result)
        return ref

    return compute


for _name, _kind in (
    ("Update", "update"), ("Add", "add"), ("Sub", "subtract"), ("Mul", "multiply"), ("Div", "divide"), ("Min", "min"),
    ("Max", "max"),
):  # fmt: skip
    register(
        "Scatter" + _name, "ref: Ref(T), indices: Tindices, updates: T -> output_ref: Ref(T)",
        attrs={"use_locking": _kind == "update"}, types={"Tindices": INDICES}, shape=_scatter_shape,
        compute=_scatter(_kind, nd=False), reads=("ref",), writes=("ref",), checks=True, gradient=NOT_DIFFERENTIABLE,
    )  # fmt: skip
    if _kind in ("update", "add", "subtract"):
        register(
            "ScatterNd" + _name, "ref: Ref(T), indices: Tindices, updates: T -> output_ref: Ref(T)",
            attrs={"use_locking": _kind == "update"}, types={"Tindices": INDICES}, shape=_scatter_nd_shape,
            compute=_scatter(_kind, nd=True), reads=("ref",), writes=("ref",), checks=True, gradient=NOT_DIFFERENTIABLE,
        )  # fmt: skip


def scatter_update(
    ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None
) -> Tensor:
    """Set rows of a variable: ``ref[indices[i]] = updates[i]``.

    Args:
        ref: a variable of shape [n, ...].
        indices: int32 or int64 tensor, any shape, values in [0, n).
        updates: of shape ``indices.shape + ref.shape[1:]``.
        use_locking: accepted; assignments never interleave.
        name: the operation's name.

    Returns:
        The variable's reference, which reads the updated value.

    Raises:
        InvalidArgumentError: when run, if an index is out of range; the variable is unchanged then.
    """
    return apply("ScatterUpdate", ref, indices, updates, use_locking=use_locking, name=name)


def scatter_add(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Tensor:
    """``ref[indices[i]] += updates[i]``; rows named twice get both (see ``scatter_update``)."""
    return apply("ScatterAdd", ref, indices, updates, use_locking=use_locking, name=name)


def scatter_sub(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Tensor:
    """``ref[indices[i]] -= updates[i]`` (see ``scatter_update``)."""
    return apply("ScatterSub", ref, indices, updates, use_locking=use_locking, name=name)


def scatter_mul(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Tensor:
    """``ref[indices[i]] *= updates[i]`` (see ``scatter_update``)."""
    return apply("ScatterMul", ref, indices, updates, use_locking=use_locking, name=name)


def scatter_div(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Tensor:
    """``ref[indices[i]] /= updates[i]`` (see ``scatter_update``)."""
    return apply("ScatterDiv", ref, indices, updates, use_locking=use_locking, name=name)


def scatter_min(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Tensor:
    """``ref[indices[i]] = min(ref[indices[i]], updates[i])`` (see ``scatter_update``)."""
    return apply("ScatterMin", ref, indices, updates, use_locking=use_locking, name=name)


def scatter_max(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Tensor:
    """``ref[indices[i]] = max(ref[indices[i]], updates[i])`` (see ``scatter_update``)."""
    return apply("ScatterMax", ref, indices, updates, use_locking=use_locking, name=name)


def scatter_nd_update(
    ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None
) -> Tensor:
    """Set elements or slices of a variable: ``ref[indices[..., :]] = updates[...]``.

    Args:
        ref: a variable.
        indices: int tensor of shape [..., k]; each row names an element (k = rank) or a slice (k < rank) of ``ref``.
        updates: of shape ``indices.shape[:-1] + ref.shape[k:]``.
        use_locking: accepted.
        name: the operation's name.
    """
    return apply("ScatterNdUpdate", ref, indices, updates, use_locking=use_locking, name=name)


def scatter_nd_add(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Tensor:
    """Add to elements or slices of a variable (see ``scatter_nd_update``)."""
    return apply("ScatterNdAdd", ref, indices, updates, use_locking=use_locking, name=name)


def scatter_nd_sub(
    ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None
) -> Tensor:
    """Subtract from elements or slices of a variable (see ``scatter_nd_update``)."""
    return apply("ScatterNdSub", ref, indices, updates, use_locking=use_locking, name=name)


# CountUpTo


def _count_up_to(xp: Namespace, ref: Ref, *, ctx: Any, limit: int) -> Array:
    value = ctx.read(ref)
    ctx.check(value < limit, f"Reached limit of {limit}", OutOfRangeError)
    ctx.write(ref, xp.where(value < limit, value + 1, value).astype(value.dtype))
    return value


register(
    "CountUpTo", "ref: Ref(T) -> output: T", attrs={"limit": attr("int")}, types={"T": INDICES},
    shape=lambda op: [op.inputs[0].shape], compute=_count_up_to, reads=("ref",), writes=("ref",), checks=True,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def count_up_to(ref: Any, limit: int, name: str | None = None) -> Tensor:
    """The value of an integer variable, which then grows by one.

    Raises:
        OutOfRangeError: when run, once the value is ``limit``.
    """
    return apply("CountUpTo", ref, limit=limit, name=name)


# IsVariableInitialized


def _is_initialized(xp: Namespace, ref: Ref, *, ctx: Any) -> Array:
    del xp
    return np.asarray(ctx.is_initialized(ref))


register(
    "IsVariableInitialized", "ref: Ref(dtype) -> is_initialized: bool", shape=lambda op: [()], compute=_is_initialized,
    reads=("ref",), stateful=True, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def is_variable_initialized(variable: Any, name: str | None = None) -> Tensor:
    """A bool scalar: whether the variable has a value in the session."""
    return apply("IsVariableInitialized", variable, name=name)
