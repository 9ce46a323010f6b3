"""Names for the values that have no useful static type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypeGuard

import numpy as np

Array: TypeAlias = Any
"""A NumPy array, a JAX array or a JAX tracer: what a computation receives and returns."""

Namespace: TypeAlias = Any
"""The array namespace a computation is written over: ``numpy`` or ``jax.numpy``."""


def is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    """Whether a user's value is a list or a tuple."""
    return isinstance(value, (list, tuple))


def is_mapping(value: Any) -> TypeGuard[Mapping[Any, Any]]:
    """Whether a user's value is a dict or another mapping."""
    return isinstance(value, Mapping)


def is_dict(value: Any) -> TypeGuard[dict[Any, Any]]:
    """Whether a user's value is a plain dict: quicker to tell than ``is_mapping``."""
    return type(value) is dict


def is_array(value: Any) -> TypeGuard[np.ndarray[Any, Any]]:
    """Whether a value is a NumPy array (of any type, of rank 0 too)."""
    return isinstance(value, np.ndarray)


def is_known(value: Any) -> TypeGuard[np.ndarray[Any, Any]]:
    """Whether a value is NumPy's: known while the program is traced."""
    return isinstance(value, (np.ndarray, np.generic))
