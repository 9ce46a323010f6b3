"""The messages inside TensorFlow's checkpoints, of both versions."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import DecodeError

from gradiente.formats.proto_schema import Field, make_messages
from gradiente.graph.errors import DataLossError

_MESSAGES = make_messages(
    "gradiente/checkpoint.proto",
    {
        "VersionDef": {
            "producer": Field(1, "int32"),
            "min_consumer": Field(2, "int32"),
            "bad_consumers": Field(3, "int32", repeated=True),
        },
        "TensorShapeProto": {
            "dim": Field(2, "TensorShapeProto.Dim", repeated=True),
            "unknown_rank": Field(3, "bool"),
        },
        "TensorShapeProto.Dim": {"size": Field(1, "int64"), "name": Field(2, "string")},
        "TensorSliceProto": {"extent": Field(1, "TensorSliceProto.Extent", repeated=True)},
        "TensorSliceProto.Extent": {
            "start": Field(1, "int64"),
            "length": Field(2, "int64", one_of="has_length"),
        },
        "BundleHeaderProto": {
            "num_shards": Field(1, "int32"),
            "endianness": Field(2, "int32"),
            "version": Field(3, "VersionDef"),
        },
        "BundleEntryProto": {
            "dtype": Field(1, "int32"),
            "shape": Field(2, "TensorShapeProto"),
            "shard_id": Field(3, "int32"),
            "offset": Field(4, "int64"),
            "size": Field(5, "int64"),
            "crc32c": Field(6, "fixed32"),
            "slices": Field(7, "TensorSliceProto", repeated=True),
        },
        "TensorProto": {
            "dtype": Field(1, "int32"),
            "tensor_shape": Field(2, "TensorShapeProto"),
            "tensor_content": Field(4, "bytes"),
            "float_val": Field(5, "float", repeated=True),
            "double_val": Field(6, "double", repeated=True),
            "int_val": Field(7, "int32", repeated=True),
            "string_val": Field(8, "bytes", repeated=True),
            "scomplex_val": Field(9, "float", repeated=True),
            "int64_val": Field(10, "int64", repeated=True),
            "bool_val": Field(11, "bool", repeated=True),
            "dcomplex_val": Field(12, "double", repeated=True),
            "half_val": Field(13, "int32", repeated=True),
            "uint32_val": Field(16, "uint32", repeated=True),
            "uint64_val": Field(17, "uint64", repeated=True),
        },
        "SavedSliceMeta": {
            "name": Field(1, "string"),
            "shape": Field(2, "TensorShapeProto"),
            "type": Field(3, "int32"),
            "slice": Field(4, "TensorSliceProto", repeated=True),
        },
        "SavedTensorSliceMeta": {
            "tensor": Field(1, "SavedSliceMeta", repeated=True),
            "versions": Field(2, "VersionDef"),
        },
        "SavedSlice": {
            "name": Field(1, "string"),
            "slice": Field(2, "TensorSliceProto"),
            "data": Field(3, "TensorProto"),
        },
        "SavedTensorSlices": {"meta": Field(1, "SavedTensorSliceMeta"), "data": Field(2, "SavedSlice")},
    },
)

# The fields are known at run time only, so the classes are Any to the type checker.
BundleHeaderProto: Any = _MESSAGES["BundleHeaderProto"]
BundleEntryProto: Any = _MESSAGES["BundleEntryProto"]
SavedTensorSlices: Any = _MESSAGES["SavedTensorSlices"]


def parse(message: Any, data: bytes, what: str) -> Any:
    """Read a message.

    Args:
        message: the class.
        data: its bytes.
        what: what the message is, for the error.

    Returns:
        The message.

    Raises:
        DataLossError: the bytes are no such message.
    """
    try:
        return message.FromString(data)
    except DecodeError as error:
        raise DataLossError(None, None, f"{what} can't be read: {error}.") from error
