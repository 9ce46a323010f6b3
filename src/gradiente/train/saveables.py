"""What a Saver saves: variables, and pieces of partitioned ones, by their names in the checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradiente.graph.keys import GraphKeys
from gradiente.graph.operation import Tensor
from gradiente.ops.partitioned_variables import PartitionedVariable
from gradiente.ops.variables import Variable

Slice = tuple[Variable, str]
"""A variable, and which part of the whole tensor it is: empty for all of it."""


def named_slices(var_list: Any) -> dict[str, list[Slice]]:
    """What to save under each name.

    Raises:
        TypeError: if something is no variable.
        ValueError: if two variables have one name.
    """
    named: dict[str, list[Slice]] = {}
    if isinstance(var_list, Mapping):
        items: Mapping[str, Any] = var_list  # pyright: ignore[reportUnknownVariableType] - user input
        for name, value in items.items():
            named[name] = _slices_of(value)
        return named
    for value in var_list:
        if isinstance(value, PartitionedVariable):
            named[value.name] = _slices_of(value)
            continue
        variable = _variable(value)
        info: Any = variable._save_slice_info  # pyright: ignore[reportPrivateUsage] - TensorFlow's name for it
        if info is not None:
            if all(v is not variable for v, _ in named.get(info.full_name, ())):
                named.setdefault(info.full_name, []).append((variable, info.spec))
            continue
        name = variable.op.name
        if name in named:
            if named[name][0][0] is variable:
                continue
            raise ValueError(
                f"At least two variables have the same name: {name}. Give a dictionary of other names."
            )
        named[name] = [(variable, "")]
    return named


def _slices_of(value: Any) -> list[Slice]:
    pieces: list[Any] = list(value) if isinstance(value, list | tuple | PartitionedVariable) else [value]  # pyright: ignore[reportUnknownArgumentType] - user input
    found: list[Slice] = []
    for piece in pieces:
        variable = _variable(piece)
        info: Any = variable._save_slice_info  # pyright: ignore[reportPrivateUsage] - TensorFlow's name for it
        if len(pieces) > 1 and info is None:
            raise ValueError(
                f"Slices must all be parts of one variable, but {variable.name!r} is a whole one."
            )
        found.append((variable, info.spec if info is not None else ""))
    return found


def _variable(value: Any) -> Variable:
    if isinstance(value, Variable):
        return value
    if isinstance(value, Tensor) and value.op.type == "VariableV2":
        for variable in value.graph.get_collection(GraphKeys.GLOBAL_VARIABLES):
            if variable.op is value.op:
                return variable
    raise TypeError(
        f"Variable to save is not a Variable: {value!r}. A Saver takes variables; other tensors have no state."
    )
