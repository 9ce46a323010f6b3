"""The op table: what a row is, and what follows from it.

A row (``Case``) builds an op from a namespace, so the same row runs under ``gradiente`` and, in the oracle's environment,
under ``tensorflow.compat.v1``. This module imports neither.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class In:
    """An input to draw: ``kind`` is ``float`` (normal), ``positive``, ``unit`` (-0.9..0.9), ``int`` (in [low, high)),
    ``bool``, ``complex``; ``floating`` inputs take the case's dtype."""

    kind: str
    shape: tuple[int, ...]
    low: int = 0
    high: int = 10
    dtype: str | None = None

    def draw(self, rng: np.random.Generator, dtype: str) -> np.ndarray[Any, Any]:
        """The input's value for a case in ``dtype``."""
        if self.kind == "int":
            return rng.integers(self.low, self.high, self.shape).astype(self.dtype or "int32")
        if self.kind == "bool":
            return rng.integers(0, 2, self.shape).astype(bool)
        if self.kind == "complex":
            wide = rng.standard_normal(self.shape) + 1j * rng.standard_normal(self.shape)
            return wide.astype(self.dtype or ("complex128" if dtype == "float64" else "complex64"))
        values = {
            "float": lambda: rng.standard_normal(self.shape),
            "positive": lambda: rng.uniform(0.3, 2.0, self.shape),
            "unit": lambda: rng.uniform(-0.9, 0.9, self.shape),
        }[self.kind]()
        return np.asarray(values).astype(self.dtype or dtype)


def F(*shape: int) -> In:
    """Normally distributed floats of the case's dtype."""
    return In("float", shape)


def P(*shape: int) -> In:
    """Positive floats (0.3 to 2)."""
    return In("positive", shape)


def U(*shape: int) -> In:
    """Floats in -0.9 to 0.9."""
    return In("unit", shape)


def I(low: int, high: int, *shape: int, dtype: str = "int32") -> In:  # noqa: E743 - reads well in the table
    """Integers in [low, high)."""
    return In("int", shape, low, high, dtype)


def B(*shape: int) -> In:
    """Bools."""
    return In("bool", shape)


def C(*shape: int) -> In:
    """Complex numbers."""
    return In("complex", shape)


@dataclass(frozen=True)
class Case:
    """A row of the op table.

    Attributes:
        op: the op type that the row covers (``"MatMul"``); several for a composite function.
        build: ``(tf, *placeholders) -> tensor or list of tensors``, under gradiente and under TensorFlow.
        inputs: ``In`` specifications (F, P, U, I, B, C) or fixed NumPy arrays; each becomes a placeholder.
        reference: ``(*arrays) -> array or list`` in NumPy; None where TensorFlow alone is the reference (say why in
            ``note``): then the tests compare the executors with each other, and ``make oracle`` with TensorFlow.
        name: tells rows of one op apart.
        dtypes: run in each of these (the floating inputs' type).
        grad: check gradients of the floating inputs against finite differences (float64), and against TensorFlow.
        second: check the second order too.
        oracle: compare with TensorFlow (False only with a ``note`` saying why it can't be).
        rtol: relative tolerance in float32 (float64: 1e-10; exact for integers, bool, strings).
        python: run on the python executor too.
    """

    op: str | tuple[str, ...]
    build: Callable[..., Any]
    inputs: Sequence[Any] = ()
    reference: Callable[..., Any] | None = None
    name: str = ""
    dtypes: tuple[str, ...] = ("float32", "float64")
    grad: bool = True
    second: bool = True
    oracle: bool = True
    rtol: float = 1e-5
    python: bool = True
    note: str = ""
    tags: tuple[str, ...] = field(default=())

    @property
    def ops(self) -> tuple[str, ...]:
        """The op types that the row covers."""
        return (self.op,) if isinstance(self.op, str) else self.op

    @property
    def label(self) -> str:
        """A name for reports."""
        return self.ops[0] + (f"-{self.name}" if self.name else "")

    def arrays(self, dtype: str) -> list[np.ndarray[Any, Any]]:
        """The inputs' values: the same in every process, since the generator is seeded by the row's label."""
        rng = np.random.default_rng(zlib.crc32(self.label.encode()))
        return [
            i.draw(rng, dtype)
            if isinstance(i, In)
            else np.asarray(i).astype(dtype)
            if _floating(i)
            else np.asarray(i)
            for i in self.inputs
        ]


def _floating(value: Any) -> bool:
    return np.asarray(value).dtype.kind == "f"


def listed(value: Any) -> list[Any]:
    """A build function's or reference's result as a list."""
    return list(value) if isinstance(value, (list, tuple)) else [value]
