"""Message types for the checker of the CEL library: what has fields of known types, and nothing else.

``policies`` makes them of what expressions see. A field's type is told as a ``tree`` tells it. Protocol buffers have no
lists of lists: what is inside of those may be anything.
"""

from __future__ import annotations

from google.protobuf import duration_pb2, struct_pb2, timestamp_pb2
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

from gitopslab.controlplane.server.custom.cel.tree import Type

Messages = dict[str, dict[str, Type]]
"""Types by name, with the types of their fields."""

_F = FieldDescriptorProto
_FILES = (struct_pb2, timestamp_pb2, duration_pb2)
_SCALARS = {
    "bool": _F.TYPE_BOOL, "int": _F.TYPE_INT64, "uint": _F.TYPE_UINT64, "double": _F.TYPE_DOUBLE,
    "string": _F.TYPE_STRING, "bytes": _F.TYPE_BYTES,
}  # fmt: skip
_KNOWN = {"timestamp": "Timestamp", "duration": "Duration", "list": "ListValue", "map": "Struct"}
_KEYS = ("string", "int", "uint", "bool")


def file_of(messages: Messages, name: str, *needed: str) -> bytes:
    """Such types, as pools take them.

    Args:
        messages: They.
        name: What their file is called.
        needed: The files with the types that they are made of.
    """
    file = FileDescriptorProto(
        name=name, syntax="proto2", dependency=[*(str(one.DESCRIPTOR.name) for one in _FILES), *needed],
        message_type=[_message(name, fields) for name, fields in messages.items()],
    )  # fmt: skip
    return bytes(file.SerializeToString())


def pool_of(*files: bytes) -> DescriptorPool:
    """The types of files, for an environment."""
    pool = DescriptorPool()
    for file in (*(one.DESCRIPTOR.serialized_pb for one in _FILES), *files):
        pool.AddSerializedFile(file)
    return pool


def _message(name: str, fields: dict[str, Type]) -> DescriptorProto:
    message = DescriptorProto(name=name)
    for number, (field, kind) in enumerate(fields.items(), 1):
        made = message.field.add(name=field, number=number, json_name=field, label=_F.LABEL_OPTIONAL)
        entry = f"{''.join(part[:1].upper() + part[1:] for part in field.split('_'))}Entry"
        if kind.kind == "list" and _is_flat(kind.parameters[0]):
            made.label = _F.LABEL_REPEATED
            _set_type(made, kind.parameters[0])
        elif _is_flat_map(kind) and entry not in (*fields, *(one.name for one in message.nested_type)):
            made.label = _F.LABEL_REPEATED
            made.type, made.type_name = _F.TYPE_MESSAGE, f".{name}.{entry}"
            _add_entry(message, entry, kind)
        else:
            _set_type(made, kind)
    return message


def _is_flat(kind: Type) -> bool:
    return kind.kind not in ("list", "map")


def _is_flat_map(kind: Type) -> bool:
    return kind.kind == "map" and kind.parameters[0].kind in _KEYS and _is_flat(kind.parameters[1])


def _add_entry(message: DescriptorProto, name: str, kind: Type) -> None:
    entry = message.nested_type.add(name=name)
    entry.options.map_entry = True
    for number, (field, part) in enumerate(zip(("key", "value"), kind.parameters, strict=True), 1):
        _set_type(entry.field.add(name=field, number=number, label=_F.LABEL_OPTIONAL), part)


def _set_type(field: FieldDescriptorProto, kind: Type) -> None:
    if kind.kind in _SCALARS:
        field.type = _SCALARS[kind.kind]
        return
    is_odd = kind.kind == "map" and kind.parameters[0].kind != "string"
    known = "Value" if is_odd else _KNOWN.get(kind.kind, "Value")
    field.type = _F.TYPE_MESSAGE
    field.type_name = f".{kind.name}" if kind.kind == "struct" else f".google.protobuf.{known}"
