"""Protocol buffer messages from a description in Python, in a pool of their own.

TensorFlow's messages keep their names (``tensorflow.Example``) and numbers here. The pool is private, so a
process may import TensorFlow too, which registers the same names in protobuf's default pool.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

_PACKAGE = "tensorflow"
_TYPES = {
    "double": 1, "float": 2, "int64": 3, "uint64": 4, "int32": 5, "fixed64": 6, "fixed32": 7, "bool": 8,
    "string": 9, "bytes": 12, "uint32": 13,
}  # fmt: skip
_MESSAGE = 11


class Field(NamedTuple):
    """One field of a message."""

    number: int
    """The field's number in the protocol."""
    kind: str
    """A scalar type's name (``"int64"``), or the name of a message of the same file."""
    repeated: bool = False
    """Whether the field is a list; lists of numbers are packed."""
    one_of: str = ""
    """The name of the group of fields of which at most one is set."""
    map_from_string: bool = False
    """Whether the field maps strings to values of ``kind``."""


def make_messages(file: str, schema: Mapping[str, Mapping[str, Field]]) -> dict[str, type[Message]]:
    """Make message classes.

    Args:
        file: a name for the description, unlike all others.
        schema: the fields of each message by name; a nested message is called ``"Outer.Inner"`` and stands after
            its outer one.

    Returns:
        The classes by name.
    """
    described = descriptor_pb2.FileDescriptorProto(name=file, package=_PACKAGE, syntax="proto3")
    descriptors: dict[str, Any] = {}
    for name, fields in schema.items():
        outer, _, inner = name.rpartition(".")
        added: Any = descriptors[outer].nested_type.add() if outer else described.message_type.add()
        added.name = inner
        descriptors[name] = added
        _add_fields(added, name, fields)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(described.SerializeToString())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in schema
    }


def _add_fields(message: Any, name: str, fields: Mapping[str, Field]) -> None:
    groups: list[str] = []
    for field_name, field in fields.items():
        added = message.field.add(name=field_name, number=field.number)
        added.label = 3 if field.repeated or field.map_from_string else 1
        if field.map_from_string:
            entry = message.nested_type.add(name=field_name.title().replace("_", "") + "Entry")
            entry.options.map_entry = True
            _set_type(entry.field.add(name="key", number=1, label=1), "string")
            _set_type(entry.field.add(name="value", number=2, label=1), field.kind)
            added.type = _MESSAGE
            added.type_name = f".{_PACKAGE}.{name}.{entry.name}"
            continue
        _set_type(added, field.kind)
        if field.one_of:
            if field.one_of not in groups:
                groups.append(field.one_of)
                message.oneof_decl.add(name=field.one_of)
            added.oneof_index = groups.index(field.one_of)


def _set_type(field: Any, kind: str) -> None:
    if kind in _TYPES:
        field.type = _TYPES[kind]
    else:
        field.type = _MESSAGE
        field.type_name = f".{_PACKAGE}.{kind}"
