"""Slots: the variables that an optimizer keeps beside each variable that it updates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradiente.graph.build import apply, convert_to_tensor
from gradiente.graph.dtypes import as_dtype
from gradiente.graph.shapes import as_shape
from gradiente.ops.creation import zeros, zeros_like
from gradiente.ops.variable_scope import get_variable, get_variable_scope, no_regularizer, variable_scope


def create_slot(primary: Any, val: Any, name: str, colocate_with_primary: bool = True) -> Any:
    """A slot ``<primary>/<name>`` that starts from the value ``val``."""
    del colocate_with_primary
    return _create(primary, name, initializer=convert_to_tensor(val), validate_shape=True)


def create_slot_with_initializer(
    primary: Any,
    initializer: Callable[..., Any],
    shape: Any,
    dtype: Any,
    name: str,
    colocate_with_primary: bool = True,
) -> Any:
    """A slot ``<primary>/<name>`` of a given shape and type, which ``initializer(shape, dtype=...)`` fills."""
    del colocate_with_primary
    known = as_shape(shape).is_fully_defined()
    return _create(primary, name, shape=shape, dtype=dtype, initializer=initializer, validate_shape=known)


def create_zeros_slot(primary: Any, name: str, dtype: Any = None, colocate_with_primary: bool = True) -> Any:
    """A slot ``<primary>/<name>`` of zeros, of the primary's shape."""
    kind = primary.dtype.base_dtype if dtype is None else as_dtype(dtype)
    if primary.get_shape().is_fully_defined():
        return create_slot_with_initializer(
            primary, _zeros, primary.get_shape(), kind, name, colocate_with_primary
        )
    start = getattr(primary, "initialized_value", lambda: apply("Identity", primary))()
    return _create(primary, name, initializer=zeros_like(start, dtype=kind), validate_shape=False)


def _zeros(shape: Any, dtype: Any) -> Any:
    return zeros(shape, dtype)


def _create(primary: Any, name: str, **settings: Any) -> Any:
    with variable_scope(None, f"{primary.op.name}/{name}"):
        scope = get_variable_scope()
        scope.set_partitioner(None)
        slot = get_variable("", trainable=False, regularizer=no_regularizer, **settings)
    info = getattr(primary, "_save_slice_info", None)
    if info is not None:
        slot_name = slot.op.name[len(primary.op.name) + 1 :]
        slot._save_slice_info = type(info)(
            f"{info.full_name}/{slot_name}", info.full_shape, info.var_offset, info.var_shape
        )
    return slot
