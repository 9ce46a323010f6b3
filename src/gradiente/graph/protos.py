"""Python values to and from TensorFlow's protocol buffers, which the tensorboard package carries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradiente.graph.constants import constant_array
from gradiente.graph.dtypes import (
    DType,
    as_dtype,
    bfloat16,
    bool_,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int64,
    string,
    uint32,
    uint64,
)
from gradiente.graph.functions import FuncGraph
from gradiente.graph.proto_types import AttrValue, TensorProto, TensorShapeProto
from gradiente.graph.shapes import TensorShape


def shape_to_proto(shape: TensorShape) -> Any:
    """A shape as a TensorShapeProto: -1 for an unknown size, ``unknown_rank`` for an unknown rank."""
    proto: Any = TensorShapeProto()
    if shape.plain is None:
        proto.unknown_rank = True
    else:
        for size in shape.plain:
            proto.dim.add().size = -1 if size is None else size
    return proto


def make_tensor_proto(values: Any, dtype: Any = None, shape: Any = None, verify_shape: bool = False) -> Any:
    """A value as a TensorProto.

    Args:
        values: a number, a string, a list or a NumPy array.
        dtype: the type; as for ``tf.constant`` without it.
        shape: the shape to give it; one value fills it.
        verify_shape: require that ``values`` has that shape.

    Raises:
        ValueError: if ``values`` does not have, or can't fill, ``shape``.
    """
    array = constant_array(values, None if dtype is None else as_dtype(dtype))
    if shape is not None:
        sizes = tuple(int(d) for d in shape)
        if verify_shape and array.shape != sizes:
            raise ValueError(f"Expected a value of shape {sizes}, got {array.shape}.")
        array = np.broadcast_to(array, sizes) if array.size == 1 else array.reshape(sizes)
    proto: Any = TensorProto()
    proto.dtype = as_dtype(array.dtype).as_datatype_enum
    proto.tensor_shape.CopyFrom(shape_to_proto(TensorShape.of(tuple(array.shape))))
    if array.dtype == np.object_:
        proto.string_val.extend(array.ravel().tolist())
    else:
        proto.tensor_content = (
            np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        )
    return proto


_FIELDS: dict[DType, str] = {
    float32: "float_val", float64: "double_val", int64: "int64_val", bool_: "bool_val", string: "string_val",
    uint32: "uint32_val", uint64: "uint64_val", float16: "half_val", bfloat16: "half_val", complex64: "scomplex_val",
    complex128: "dcomplex_val",
}  # fmt: skip


def make_ndarray(tensor: Any) -> np.ndarray[Any, Any]:
    """The NumPy array that a TensorProto holds.

    Raises:
        TypeError: if its type does not exist here.
        ValueError: if its contents do not fit its shape.
    """
    dtype = as_dtype(tensor.dtype)
    shape = tuple(int(d.size) for d in tensor.tensor_shape.dim)
    count = int(np.prod(shape, dtype=np.int64))
    if tensor.tensor_content:
        if len(tensor.tensor_content) != count * dtype.size:
            raise ValueError(
                f"A TensorProto of shape {shape} and type {dtype.name} has {len(tensor.tensor_content)} bytes of content, "
                f"not {count * dtype.size}."
            )
        return np.frombuffer(tensor.tensor_content, dtype=dtype.np).reshape(shape).copy()
    raw: list[Any] = list(getattr(tensor, _FIELDS.get(dtype, "int_val")))
    if dtype is string:
        values = np.empty(len(raw), dtype=object)
        values[:] = raw
    elif dtype in (float16, bfloat16):
        values = np.asarray(raw, dtype=np.uint16).view(dtype.np)
    elif dtype.is_complex:
        pairs = np.asarray(raw, dtype=np.float64).reshape(-1, 2)
        values = (pairs[:, 0] + 1j * pairs[:, 1]).astype(dtype.np)
    else:
        values = np.asarray(raw).astype(dtype.np)
    if len(values) > count or (
        count and not len(values) and dtype is string and len(values) not in (0, count)
    ):
        raise ValueError(f"A TensorProto of shape {shape} has {len(values)} values.")
    if len(values) < count:
        last: Any = (
            values[-1:] if len(values) else np.asarray([b""] if dtype is string else [0], dtype=dtype.np)
        )
        values = np.concatenate([values, np.repeat(last, count - len(values))])
    return values.reshape(shape)


def attr_to_proto(kind: str, value: Any) -> Any:
    """An attribute's value, of a kind of the registry, as an AttrValue."""
    proto: Any = AttrValue()
    if kind.startswith("list("):
        proto.list.SetInParent()
        for item in value:
            _append(proto.list, kind[5:-1], item)
    else:
        _set(proto, kind, value)
    return proto


def _set(proto: Any, kind: str, value: Any) -> None:
    if kind == "int":
        proto.i = int(value)
    elif kind == "float":
        proto.f = float(value)
    elif kind == "bool":
        proto.b = bool(value)
    elif kind == "string":
        proto.s = value.encode() if isinstance(value, str) else value
    elif kind == "type":
        proto.type = value.as_datatype_enum
    elif kind == "shape":
        proto.shape.CopyFrom(shape_to_proto(value))
    elif kind == "tensor":
        proto.tensor.CopyFrom(make_tensor_proto(value))
    elif kind == "func":
        proto.func.name = value.name
    else:
        raise ValueError(f"An attribute of kind {kind!r} can't be written.")


def _append(proto: Any, kind: str, value: Any) -> None:
    if kind == "shape":
        proto.shape.add().CopyFrom(shape_to_proto(value))
    elif kind == "tensor":
        proto.tensor.add().CopyFrom(make_tensor_proto(value))
    elif kind == "func":
        proto.func.add().name = value.name
    else:
        field = {"int": "i", "float": "f", "bool": "b", "string": "s", "type": "type"}[kind]
        plain = (
            value.as_datatype_enum if kind == "type" else value.encode() if isinstance(value, str) else value
        )
        getattr(proto, field).append(plain)


def attr_from_proto(kind: str, proto: Any, function: Callable[[str], FuncGraph] | None = None) -> Any:
    """The Python value of an AttrValue, for an attribute of a kind of the registry; ``function`` finds bodies by name."""
    if kind.startswith("list("):
        inner = kind[5:-1]
        field = {"int": "i", "float": "f", "bool": "b", "string": "s"}.get(inner, inner)
        return [_value(inner, v, function) for v in getattr(proto.list, field)]
    field = {"int": "i", "float": "f", "bool": "b", "string": "s"}.get(kind, kind)
    return _value(kind, getattr(proto, field), function)


def _value(kind: str, value: Any, function: Callable[[str], FuncGraph] | None) -> Any:
    if kind == "type":
        return as_dtype(value)
    if kind == "shape":
        return TensorShape(value)
    if kind == "tensor":
        return make_ndarray(value)
    if kind == "string":
        return value.decode("utf-8", "surrogateescape")
    if kind == "func":
        assert function is not None
        return function(value.name)
    return value


def is_trivial(proto: Any) -> bool:
    """Whether an AttrValue is false, zero or empty, so that an op that does not know the attribute may ignore it."""
    field = proto.WhichOneof("value")
    if field == "list":
        return not proto.list.ByteSize()
    return field is None or (field in ("s", "i", "f", "b") and not getattr(proto, field))
