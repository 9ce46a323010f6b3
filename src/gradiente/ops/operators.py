"""What Python's operators on tensors build."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradiente.graph.build import apply, convert_to_tensor, name_scope
from gradiente.graph.indexed_slices import IndexedSlices
from gradiente.graph.operation import Tensor
from gradiente.ops.arithmetic import abs, negative
from gradiente.ops.division import truediv
from gradiente.ops.matmul import matmul

_Operator = Callable[[Any, Any], Any]


def _elementwise(op_type: str, name: str) -> _Operator:
    def operator(x: Any, y: Any) -> Any:
        return apply(op_type, x, y, name=name)

    return operator


def _reflected(operator: _Operator) -> _Operator:
    return lambda y, x: operator(x, y)


def _mul(x: Any, y: Any) -> Any:
    if isinstance(y, IndexedSlices):
        return IndexedSlices(apply("Mul", x, y.values, name="mul"), y.indices, y.dense_shape)
    return apply("Mul", x, y, name="mul")


def _truediv(x: Any, y: Any) -> Any:
    return truediv(x, y)


def _matmul(x: Any, y: Any) -> Any:
    with name_scope(None, "matmul") as scope:
        return matmul(x, y, name=scope)


def _bitwise(logical: str, bitwise: str, name: str) -> _Operator:
    def operator(x: Any, y: Any) -> Any:
        tensor = x if isinstance(x, Tensor) else y
        if tensor.dtype.is_integer:
            return apply(bitwise, x, y, name=name)
        return apply(logical, x, y, name=name)

    return operator


def _xor(x: Any, y: Any) -> Any:
    tensor = x if isinstance(x, Tensor) else y
    if tensor.dtype.is_integer:
        return apply("BitwiseXor", x, y, name="xor")
    with name_scope(None, "xor") as scope:
        x, y = convert_to_tensor(x, dtype="bool", name="x"), convert_to_tensor(y, dtype="bool", name="y")
        either, both = apply("LogicalOr", x, y), apply("LogicalAnd", x, y)
        return apply("LogicalAnd", either, apply("LogicalNot", both), name=scope)


def _invert(x: Any) -> Any:
    return apply("Invert" if x.dtype.is_integer else "LogicalNot", x)


_BINARY: dict[str, _Operator] = {
    "add": _elementwise("AddV2", "add"),
    "sub": _elementwise("Sub", "sub"),
    "mul": _mul,
    "truediv": _truediv,
    "floordiv": _elementwise("FloorDiv", "floordiv"),
    "mod": _elementwise("FloorMod", "mod"),
    "pow": _elementwise("Pow", "pow"),
    "matmul": _matmul,
    "and": _bitwise("LogicalAnd", "BitwiseAnd", "and"),
    "or": _bitwise("LogicalOr", "BitwiseOr", "or"),
    "xor": _xor,
}
Tensor.operators.update(_BINARY)
Tensor.operators.update({"r" + name: _reflected(operator) for name, operator in _BINARY.items()})
Tensor.operators.update(
    {
        "lt": _elementwise("Less", "Less"),
        "le": _elementwise("LessEqual", "LessEqual"),
        "gt": _elementwise("Greater", "Greater"),
        "ge": _elementwise("GreaterEqual", "GreaterEqual"),
        "neg": negative,
        "abs": abs,
        "invert": _invert,
    }
)
