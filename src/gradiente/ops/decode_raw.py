"""Bytes to numbers, and what else is packed in strings."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiente.graph.build import apply
from gradiente.graph.dtypes import ALL, DType, as_dtype, string
from gradiente.graph.errors import InvalidArgumentError
from gradiente.graph.operation import Operation, Tensor
from gradiente.graph.registry import NOT_DIFFERENTIABLE, attr, register
from gradiente.graph.types import Array, Namespace
from gradiente.ops.basic import same_shape, scalar_shape
from gradiente.ops.file_ops import origin, scalar_bytes, string_scalar, strings

_PLAIN = tuple(t for t in ALL if t is not string)

# DecodeRaw


def _raw_shape(op: Operation) -> list[Any]:
    return [op.inputs[0].shape.concatenate((None,))]


def _decode_raw(xp: Namespace, bytes: Array, *, out_type: DType, little_endian: bool, op: Operation) -> Array:
    del xp
    items = [np.frombuffer(b, np.uint8) for b in bytes.ravel()]
    size = out_type.size
    length = len(items[0]) if items else 0
    for i, item in enumerate(items):
        file = f" ({origin(bytes.ravel()[i])})" if origin(bytes.ravel()[i]) else ""
        if len(item) != length:
            raise InvalidArgumentError(
                None, op,
                f"DecodeRaw requires input strings to all be the same size, but element {i}{file} has size {len(item)} != "
                f"{length}.",
            )  # fmt: skip
        if length % size:
            raise InvalidArgumentError(
                None, op,
                f"Input to DecodeRaw{file} has length {length} that is not a multiple of {size}, the size of "
                f"{out_type.name}. Is out_type the type that was written?",
            )  # fmt: skip
    raw = np.stack(items) if items else np.zeros((0, 0), np.uint8)
    order = "<" if little_endian else ">"
    stored = out_type.np.newbyteorder(order) if size > 1 and out_type.np.kind in "iufc" else out_type.np
    return raw.view(stored).astype(out_type.np).reshape((*bytes.shape, length // size))


register(
    "DecodeRaw", "bytes: string -> output: out_type", attrs={"little_endian": True}, types={"out_type": _PLAIN},
    shape=_raw_shape, host=_decode_raw, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def decode_raw(
    input_bytes: Any = None, out_type: Any = None, little_endian: bool = True, name: str | None = None,
    bytes: Any = None,
) -> Tensor:  # fmt: skip
    """The bytes of strings as numbers.

    Args:
        input_bytes: strings of any shape, all of the same length.
        out_type: the type of the numbers: what was written.
        little_endian: whether the lowest byte of a number comes first.
        name: the operation's name.
        bytes: the older name of ``input_bytes``.

    Returns:
        A tensor with one more dimension than ``input_bytes``, of the length in bytes divided by the size of
        ``out_type``. Its size is not known while building: use ``tf.reshape`` or ``set_shape``.

    Raises:
        InvalidArgumentError: when run, if lengths differ, or are no multiple of the type's size.

    Source: TensorFlow 1's ``tf.decode_raw``.

    >>> with tf.Session() as sess:
    ...     sess.run(tf.decode_raw("AB", tf.uint8))
    array([65, 66], dtype=uint8)
    """
    given = bytes if input_bytes is None else input_bytes
    if given is None or out_type is None:
        raise ValueError(
            "decode_raw needs the bytes and the type of the numbers in them: tf.decode_raw(record, tf.uint8)."
        )
    return apply("DecodeRaw", given, out_type=as_dtype(out_type), little_endian=little_endian, name=name)


# DecodeJSONExample


def _decode_json(xp: Namespace, json_examples: Array, *, op: Operation) -> Array:
    del xp
    from google.protobuf import json_format

    from gradiente.formats.example import Example

    found: list[Any] = []
    for i, text in enumerate(json_examples.ravel()):
        try:
            found.append(json_format.Parse(text, Example()).SerializeToString())
        except (json_format.ParseError, UnicodeDecodeError) as error:
            raise InvalidArgumentError(
                None, op, f"Error while parsing JSON in element {i}: {error}"
            ) from None
    return strings(found, json_examples.shape)


register(
    "DecodeJSONExample", "json_examples: string -> binary_examples: string", shape=same_shape, host=_decode_json,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def decode_json_example(json_examples: Any, name: str | None = None) -> Tensor:
    """Examples written as JSON, as the serialized Examples that ``tf.parse_example`` reads.

    Args:
        json_examples: strings of any shape, each the JSON of an Example message.
        name: the operation's name.

    Raises:
        InvalidArgumentError: when run, if a string is no such JSON.
    """
    return apply("DecodeJSONExample", json_examples, name=name)


# SerializeTensor, ParseTensor


def _serialize(xp: Namespace, tensor: Array) -> Array:
    del xp
    from gradiente.graph.protos import make_tensor_proto

    return string_scalar(make_tensor_proto(tensor).SerializeToString())


def _parse(xp: Namespace, serialized: Array, *, out_type: DType, op: Operation) -> Array:
    del xp
    from google.protobuf.message import DecodeError
    from tensorboard.compat.proto import tensor_pb2

    from gradiente.graph.protos import make_ndarray

    proto: Any = vars(tensor_pb2)["TensorProto"]()
    try:
        proto.ParseFromString(scalar_bytes(serialized))
    except DecodeError:
        raise InvalidArgumentError(None, op, "Could not parse `serialized` as TensorProto.") from None
    if as_dtype(proto.dtype) is not out_type:
        raise InvalidArgumentError(
            None,
            op,
            f"Type mismatch between parsed tensor ({as_dtype(proto.dtype).name}) and dtype ({out_type.name}).",
        )
    return make_ndarray(proto)


register(
    "SerializeTensor", "tensor: T -> serialized: string", shape=scalar_shape, host=_serialize,
    gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip
register(
    "ParseTensor", "serialized: string -> output: out_type", attrs={"out_type": attr("type")},
    shape=lambda op: [None], host=_parse, gradient=NOT_DIFFERENTIABLE,
)  # fmt: skip


def serialize_tensor(tensor: Any, name: str | None = None) -> Tensor:
    """A tensor as a serialized TensorProto, a string scalar."""
    return apply("SerializeTensor", tensor, name=name)


def parse_tensor(serialized: Any, out_type: Any, name: str | None = None) -> Tensor:
    """The tensor that a serialized TensorProto holds.

    Args:
        serialized: the TensorProto, a string scalar.
        out_type: the tensor's type.
        name: the operation's name.

    Raises:
        InvalidArgumentError: when run, if it is no TensorProto, or holds another type.
    """
    return apply("ParseTensor", serialized, out_type=as_dtype(out_type), name=name)
