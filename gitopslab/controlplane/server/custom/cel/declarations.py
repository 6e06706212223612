"""What a schema declares, as types the CEL checker knows.

``definitions`` holds the rules of a new definition against these. An object of a schema becomes a message type in a
pool of descriptors made for the occasion; the other types have names of their own in CEL. Upstream:
``SchemaDeclType`` in ``apiserver/pkg/cel/common/schemas.go``.

Simplified: what is inside a list or map that is itself inside one is not checked; it is when the rule is evaluated.
"""

from __future__ import annotations

from cel_expr_python import cel
from google.protobuf import duration_pb2, struct_pb2, timestamp_pb2
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

from gitopslab.controlplane.server.custom.cel import engine
from gitopslab.controlplane.server.custom.cel.conversion import escaped
from gitopslab.controlplane.server.custom.structural import Node, rooted

_F = FieldDescriptorProto
_SCALARS = {
    "integer": (_F.TYPE_INT64, cel.Type.INT),
    "number": (_F.TYPE_DOUBLE, cel.Type.DOUBLE),
    "boolean": (_F.TYPE_BOOL, cel.Type.BOOL),
    "string": (_F.TYPE_STRING, cel.Type.STRING),
}
_TIMESTAMP, _DURATION, _ANY, _LIST, _MAP = (
    f"google.protobuf.{name}" for name in ("Timestamp", "Duration", "Value", "ListValue", "Struct")
)
_FORMATS = {"date": _TIMESTAMP, "date-time": _TIMESTAMP, "datetime": _TIMESTAMP, "duration": _DURATION}
_NATIVE = {_TIMESTAMP: cel.Type.TIMESTAMP, _DURATION: cel.Type.DURATION, _ANY: cel.Type.DYN}
_FILES = (struct_pb2, timestamp_pb2, duration_pb2)


def checkers_of(node: Node, *, is_root: bool) -> tuple[engine.Checker, engine.Checker]:
    """What the rules of a place are checked against: with an old value, and with one that may be missing.

    Raises:
        ValueError: CEL cannot see the place.
    """
    declared = Declarations()
    kind = declared.type_of(node, is_root=is_root)
    if kind is None:
        raise ValueError("unable to convert structural schema to CEL declarations")
    plain = engine.Checker(declared.pool, kind, old_is_optional=False)
    return plain, engine.Checker(declared.pool, kind, old_is_optional=True)


class Declarations:
    """The message types of one schema, and the type of each of its places."""

    def __init__(self) -> None:
        self._file = FileDescriptorProto(
            name="schema.proto", syntax="proto2", dependency=[str(one.DESCRIPTOR.name) for one in _FILES]
        )
        self._types: dict[int, cel.Type | None] = {}
        self._pool: DescriptorPool | None = None

    def type_of(self, node: Node, name: str = "selfType", *, is_root: bool = False) -> cel.Type | None:
        """The type of a place; None when CEL cannot see it, because it is kept without a schema."""
        if id(node) not in self._types:
            self._types[id(node)] = self._made(node, name, is_root=is_root)
        return self._types[id(node)]

    @property
    def pool(self) -> DescriptorPool:
        """The message types; complete once every type was asked for."""
        if self._pool is None:
            self._pool = DescriptorPool()
            for one in _FILES:
                self._pool.AddSerializedFile(one.DESCRIPTOR.serialized_pb)
            self._pool.AddSerializedFile(self._file.SerializeToString())
        return self._pool

    def _made(self, node: Node, name: str, *, is_root: bool) -> cel.Type | None:
        if node.int_or_string:
            return cel.Type.DYN
        if is_root or node.embedded:
            node = rooted(node)
        if node.type == "array":
            element = self.type_of(node.items, f"{name}_items") if node.items is not None else None
            return cel.Type.List(element) if element is not None else None
        if node.type == "object" and node.additional is not None:
            element = self.type_of(node.additional, f"{name}_values")
            return cel.Type.Map(cel.Type.STRING, element) if element is not None else None
        if node.type == "object":
            return self._message(node, name)
        return self._scalar(node)

    def _scalar(self, node: Node) -> cel.Type | None:
        if node.type == "string":
            wanted = node.schema.get("format") or ""
            return cel.Type.BYTES if wanted == "byte" else _NATIVE.get(_FORMATS.get(wanted, ""), cel.Type.STRING)
        return _SCALARS[node.type][1] if node.type in _SCALARS else None

    def _message(self, node: Node, name: str) -> cel.Type:
        message = DescriptorProto(name=name)
        for field_name, field in node.properties.items():
            spelled = escaped(field_name)
            if spelled and self.type_of(field, f"{name}_{spelled}") is not None:
                self._field(message, spelled, field, f"{name}_{spelled}")
        self._file.message_type.append(message)
        return cel.Type(name)

    def _field(self, message: DescriptorProto, name: str, node: Node, type_name: str) -> None:
        number = len(message.field) + 1
        field = message.field.add(name=name, number=number, json_name=name, label=_F.LABEL_OPTIONAL)
        if node.type == "array" and node.items is not None:
            field.label = _F.LABEL_REPEATED
            self._set_type(field, node.items, f"{type_name}_items")
        elif node.type == "object" and node.additional is not None and not node.int_or_string:
            entry = message.nested_type.add(name=_entry_name(name))
            entry.options.map_entry = True
            entry.field.add(name="key", number=1, label=_F.LABEL_OPTIONAL, type=_F.TYPE_STRING)
            value = entry.field.add(name="value", number=2, label=_F.LABEL_OPTIONAL)
            self._set_type(value, node.additional, f"{type_name}_values")
            field.label, field.type = _F.LABEL_REPEATED, _F.TYPE_MESSAGE
            field.type_name = f".{message.name}.{entry.name}"
        else:
            self._set_type(field, node, type_name)

    def _set_type(self, field: FieldDescriptorProto, node: Node, name: str) -> None:
        found = ""
        if node.int_or_string or self.type_of(node, name) is None:
            found = _ANY
        elif node.type == "array":
            found = _LIST
        elif node.type == "object":
            found = _MAP if node.additional is not None else name
        elif node.type == "string":
            found = _FORMATS.get(node.schema.get("format") or "", "")
        if found:
            field.type, field.type_name = _F.TYPE_MESSAGE, f".{found}"
        elif node.type == "string" and node.schema.get("format") == "byte":
            field.type = _F.TYPE_BYTES
        else:
            field.type = _SCALARS[node.type][0]


def _entry_name(name: str) -> str:
    """The name protocol buffers want for the type of a map's entries."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_")) + "Entry"
