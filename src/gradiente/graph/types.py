"""Names for the values that have no useful static type."""

from __future__ import annotations

from typing import Any, TypeAlias

Array: TypeAlias = Any
"""A NumPy array, a JAX array or a JAX tracer: what a computation receives and returns."""

Namespace: TypeAlias = Any
"""The array namespace a computation is written over: ``numpy`` or ``jax.numpy``."""
