"""``Graph.create_op``: an operation of any declared type, from a flat list of inputs and attributes as protocol buffers."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gradiente.graph.build import create
from gradiente.graph.dtypes import as_dtype
from gradiente.graph.graph import Graph
from gradiente.graph.import_nodes import attr_value
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import OpDef, op_def, registered_ops


def create_op(
    graph: Graph, op_type: str, inputs: Iterable[Any], dtypes: Iterable[Any] | None, input_types: Iterable[Any] | None,
    name: str | None, attrs: Mapping[str, Any] | None,
) -> Operation:  # fmt: skip
    """Make an operation in ``graph`` (see ``Graph.create_op``)."""
    definition = op_def(op_type)
    if definition is None:
        near = difflib.get_close_matches(op_type, registered_ops(), n=3)
        hint = f" Near it: {', '.join(near)}." if near else ""
        raise ValueError(f"No op of type {op_type!r} is declared.{hint}")
    tensors = list(inputs)
    for position, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"Input #{position} of create_op({op_type!r}) is not a tensor: {tensor!r}. Use tf.convert_to_tensor."
            )
    _check_types(op_type, "input", tensors, input_types)
    given = {key: _plain(definition, key, value) for key, value in (attrs or {}).items()}
    with graph.as_default(), graph.all_or_nothing():
        op = create(definition, _grouped(definition, tensors, given), given, name or op_type)
        _check_types(op_type, "output", op.outputs, dtypes)
    return op


def _plain(definition: OpDef, key: str, value: Any) -> Any:
    """An attribute as the registry has it: create_op takes AttrValue protocol buffers."""
    declared = definition.attrs.get(key)
    if not hasattr(value, "WhichOneof"):
        return value
    if declared is not None:
        return attr_value(key, declared, value)
    return value.s.decode() if value.WhichOneof("value") == "s" else value


def _grouped(definition: OpDef, tensors: Sequence[Tensor], attrs: Mapping[str, Any]) -> list[Any]:
    """The inputs, one entry for each of the signature: lists get as many tensors as the attributes say, or what is left."""
    counts: list[int] = []
    for arg in definition.inputs:
        listed = arg.number_attr or arg.type_list_attr
        size = attrs.get(listed or "")
        if listed is None:
            counts.append(1)
        elif size is not None:
            counts.append(size if arg.number_attr else len(size))
        else:
            counts.append(-1)
    left = len(tensors) - sum(n for n in counts if n >= 0)
    open_lists = counts.count(-1)
    if left < 0 or (left and not open_lists) or open_lists > 1:
        wanted = ", ".join(arg.name for arg in definition.inputs) or "no inputs"
        raise ValueError(
            f"The {len(tensors)} inputs of create_op({definition.name!r}) don't fit its signature ({wanted}). Give its list "
            "inputs' lengths as attributes."
            if open_lists > 1
            else f"The {len(tensors)} inputs of create_op({definition.name!r}) don't fit its signature ({wanted})."
        )
    grouped: list[Any] = []
    position = 0
    for arg, count in zip(definition.inputs, counts, strict=True):
        size = left if count < 0 else count
        part = list(tensors[position : position + size])
        grouped.append(part if arg.is_list else part[0])
        position += size
    return grouped


def _check_types(op_type: str, what: str, tensors: Sequence[Tensor], types: Iterable[Any] | None) -> None:
    if types is None:
        return
    wanted = [as_dtype(t) for t in types]
    found = [t.dtype for t in tensors]
    if len(wanted) != len(found) or any(
        w.base_dtype is not f.base_dtype for w, f in zip(wanted, found, strict=True)
    ):
        raise TypeError(
            f"create_op({op_type!r}) was given the {what} types {[t.name for t in wanted]}, but they are "
            f"{[t.name for t in found]}."
        )
