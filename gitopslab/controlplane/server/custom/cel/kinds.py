"""The types of whole kinds, as the CEL checker knows them: of what ``schema`` tells of built-in kinds, and of schemas.

The controller that checks the types of policies asks for them. A field whose type CEL has no name for is left out, so
that whoever uses it is told that there is none. Upstream: ``SchemaDeclType`` in ``apiserver/pkg/cel/common/schemas.go``
on what ``cel/openapi/resolver`` finds.

Simplified: types that hold themselves, as schemas in schemas do, are known to any depth.
"""

from __future__ import annotations

import re

from gitopslab.controlplane.server.custom.cel.conversion import escaped
from gitopslab.controlplane.server.custom.cel.messages import Messages
from gitopslab.controlplane.server.custom.cel.tree import DYN, Type
from gitopslab.controlplane.server.custom.structural import Node, rooted
from gitopslab.controlplane.server.custom.version import CustomResource
from gitopslab.machinery import gotypes, schema
from gitopslab.machinery.kinds import Resource

_SCALARS = {
    "string": Type("string"), "integer": Type("int"), "number": Type("double"), "boolean": Type("bool"),
    "bytes": Type("bytes"), "time": Type("timestamp"), "int-or-string": DYN,
}  # fmt: skip
_FORMATS = {
    "byte": "bytes", "date": "timestamp", "date-time": "timestamp", "datetime": "timestamp", "duration": "duration",
}  # fmt: skip
_NOTHING, _OPEN = "Nothing", ("meta.v1.FieldsV1", "runtime.RawExtension")
_UNFIT = re.compile(r"[^A-Za-z0-9_]")


def type_of_kind(resource: Resource, found: Messages) -> str | None:
    """The name of a kind's message type; None when nothing is known of it.

    Args:
        resource: The kind.
        found: Gains all that it is made of.
    """
    found[_NOTHING] = {}
    if isinstance(resource, CustomResource):
        root = _of_properties(resource.version_spec.root, resource.kind, found).name
        metadata = Type("struct", _of_struct("meta.v1.ObjectMeta", found))
        found[root] |= {"apiVersion": _SCALARS["string"], "kind": _SCALARS["string"], "metadata": metadata}
        return root
    struct = schema.struct_of(resource.api_version, resource.kind)
    return _of_struct(struct.key, found) if struct is not None else None


def _of_struct(key: str, found: Messages) -> str:
    name = key.replace(".", "_")
    if name not in found:
        found[name] = {}
        for field in schema.struct(key).fields.values():
            kind = _of_type(field.type, found)
            if kind is not None and (spelled := escaped(field.name)):
                found[name][spelled] = kind
    return name


def _of_type(kind: gotypes.Type | None, found: Messages) -> Type | None:
    if kind is None:
        return None
    if kind.name in _OPEN:
        return Type("struct", _NOTHING)
    if kind.shape == "struct":
        return Type("struct", _of_struct(kind.name, found))
    if kind.shape in ("list", "map"):
        element = _of_type(kind.element, found)
        return _many(kind.shape, element) if element is not None else None
    return _SCALARS.get(kind.shape)


def _many(shape: str, element: Type) -> Type:
    return Type(shape, "", (element,) if shape == "list" else (_SCALARS["string"], element))


def _of_node(node: Node, place: str, found: Messages) -> Type | None:
    """The type of a place in a schema."""
    if node.int_or_string:
        return DYN
    inner = node.items if node.type == "array" else node.additional if node.type == "object" else None
    if inner is not None:
        element = _of_node(inner, f"{place}_item", found)
        return _many("list" if node.type == "array" else "map", element) if element is not None else None
    if node.type == "object":
        return _of_properties(rooted(node) if node.embedded else node, place, found)
    if node.type == "string" and (wanted := node.schema.get("format")) in _FORMATS:
        return Type(_FORMATS[wanted])
    return _SCALARS.get(node.type)


def _of_properties(node: Node, place: str, found: Messages) -> Type:
    """The type of an object, called as its place is spelt in protobuf: by its number alone it differs from others."""
    name = f"{_UNFIT.sub('_', place)}_{len(found)}"
    found[name] = {}
    fields = ((field, _of_node(below, f"{place}_{field}", found)) for field, below in node.properties.items())
    found[name] = {escaped(field): kind for field, kind in fields if kind is not None and escaped(field)}
    return Type("struct", name)
