"""What a rule is by which an operation is written in ONNX, and what the rules have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

TYPES = {
    "float32": 1,
    "uint8": 2,
    "int8": 3,
    "int32": 6,
    "int64": 7,
    "bool": 9,
    "float16": 10,
    "float64": 11,
}
"""ONNX's numbers for the types of tensors."""

FLOAT, INT64 = TYPES["float32"], TYPES["int64"]


class Writer(Protocol):
    """Where the nodes go."""

    def node(self, op_type: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any) -> Any:
        """Add a node; its output's name, or a list of them."""
        ...

    def constant(self, value: Any) -> str:
        """Add a constant; its name."""
        ...

    def known(self, tensor: Any) -> npt.NDArray[Any]:
        """The value of a tensor that must be a constant."""
        ...


class NotTranslatedError(ValueError):
    """An operation, or one of its forms, can't be written in ONNX here."""


Rule = Callable[[Any, list[str], Writer], Any]
"""From an operation, its inputs' names and the writer to its output's name, or a list of names."""


def plain(op_type: str, **attributes: Any) -> Rule:
    """The rule of an operation that ONNX has too, with the same inputs."""
    return lambda op, inputs, to: to.node(op_type, inputs, **attributes)


def text(op: Any, name: str) -> str:
    """An attribute that is a string."""
    value = op.get_attr(name)
    return value.decode() if isinstance(value, bytes) else str(value)


def ints(*values: Any) -> npt.NDArray[np.int64]:
    """Numbers as ONNX takes axes, sizes and positions."""
    return np.array(values, np.int64)


def cast_to(name: str, kind: int, to: Writer) -> str:
    """A tensor in another of ``TYPES``."""
    return to.node("Cast", [name], to=kind)


def known_axes(op: Any, to: Writer, at: int = 1) -> list[int]:
    """The axes, or sizes, that an input says, which must be a constant."""
    return [int(v) for v in np.ravel(to.known(op.inputs[at]))]
