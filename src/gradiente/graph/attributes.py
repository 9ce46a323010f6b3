"""The attributes of a new operation: what the caller gave, checked against the op's declaration."""

from __future__ import annotations

from typing import Any

from gradiente.graph.dtypes import DType, as_dtype
from gradiente.graph.registry import AttrDef, OpDef
from gradiente.graph.shapes import TensorShape, as_shape
from gradiente.graph.source import user_line


def given_attributes(definition: OpDef, given: dict[str, Any], name: str) -> dict[str, Any]:
    """The attributes that a caller gave, checked and in their registered form."""
    attrs: dict[str, Any] = {}
    for key, value in given.items():
        declared = definition.attrs.get(key)
        if declared is None:
            if key.startswith("_"):
                attrs[key] = value
                continue
            raise TypeError(f"{definition.name} {name!r} has no attribute {key!r}.")
        if value is not None:
            attrs[key] = _checked(definition, key, declared, value, name)
    return attrs


def _checked(definition: OpDef, key: str, declared: AttrDef, value: Any, name: str) -> Any:
    kind = declared.kind
    if kind == "type":
        value = as_dtype(value)
        if key in ("T", "dtype") and definition.name in ("_Arg",):
            return value
        value = value.base_dtype
        if declared.allowed is not None and value not in declared.allowed:
            raise TypeError(_type_message(definition, key, value, declared, name))
        return value
    if kind == "list(type)":
        return tuple(as_dtype(v) for v in value)
    if kind == "shape":
        return value if isinstance(value, TensorShape) else TensorShape(value)
    if kind == "list(shape)":
        return tuple(as_shape(v) for v in value)
    if kind.startswith("list("):
        convert = {"list(int)": int, "list(float)": float, "list(bool)": bool}.get(kind)
        return [convert(v) for v in value] if convert else list(value)
    if kind == "string":
        value = value.decode() if isinstance(value, bytes) else value
        if declared.allowed is not None and value not in declared.allowed:
            raise ValueError(
                f"Value {value!r} for attribute {key!r} of {definition.name} {name!r} is not one of "
                f"{', '.join(map(repr, declared.allowed))}. At {user_line()}"
            )
        return value
    convert = {"int": int, "float": float, "bool": bool}.get(kind)
    return convert(value) if convert else value


def _type_message(definition: OpDef, key: str, value: DType, declared: AttrDef, name: str) -> str:
    allowed = ", ".join(t.name for t in declared.allowed or ())
    args = ", ".join(a.name for a in definition.inputs if a.type_attr == key) or key
    return (
        f"Value passed to parameter '{args}' of {definition.name} {name!r} has DataType {value.name} not in list of "
        f"allowed values: {allowed}. Use tf.cast to convert it. At {user_line()}"
    )


def allowed_type(definition: OpDef, key: str, dtype: DType, name: str) -> DType:
    """``dtype``, if the type attribute ``key`` may have it. Raises TypeError otherwise."""
    declared = definition.attrs[key]
    if declared.allowed is not None and dtype not in declared.allowed:
        raise TypeError(_type_message(definition, key, dtype, declared, name))
    return dtype
