"""The outputs of a new operation: their shapes by its shape rule, their types by its signature."""

from __future__ import annotations

from typing import Any

from gradiente.graph.dtypes import DType
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import ArgDef, OpDef
from gradiente.graph.shapes import as_shape


def set_outputs(op: Operation) -> None:
    """Run the shape rule of a new operation and give it its outputs."""
    definition = op.op_def
    try:
        shapes = [as_shape(s) for s in definition.shape(op)]
    except ValueError as error:
        received = ", ".join(f"{t.name} {t.shape}" for t in op.inputs) or "nothing"
        raise ValueError(
            f"{error}\n  Operation {op.name!r} ({op.type}) received {received}.\n  Made at {op.source}"
        ) from None
    types: list[DType] = []
    for arg in definition.outputs:
        types.extend(_types(arg, op.attrs))
    if len(types) != len(shapes):
        raise AssertionError(
            f"The shape rule of {op.type} gave {len(shapes)} shapes for {len(types)} outputs."
        )
    op._outputs = tuple(Tensor(op, i, t, s) for i, (t, s) in enumerate(zip(types, shapes, strict=True)))  # pyright: ignore[reportPrivateUsage] - set once, here


def _types(arg: ArgDef, attrs: Any) -> list[DType]:
    if arg.type_list_attr:
        return list(attrs[arg.type_list_attr])
    dtype: DType = arg.dtype or attrs[arg.type_attr]
    if arg.is_ref:
        dtype = dtype.as_ref
    return [dtype] * arg.count(attrs)


def results(definition: OpDef, op: Operation) -> Any:
    """What the caller of an op gets: a tensor, a tuple of them, a list for a list; the Operation where it has no outputs."""
    if not definition.outputs:
        return op
    if len(definition.outputs) == 1:
        return list(op.outputs) if definition.outputs[0].is_list else op.outputs[0]
    found: list[Any] = []
    position = 0
    for arg in definition.outputs:
        count = len(_types(arg, op.attrs))
        part = op.outputs[position : position + count]
        found.append(list(part) if arg.is_list else part[0])
        position += count
    return tuple(found)
