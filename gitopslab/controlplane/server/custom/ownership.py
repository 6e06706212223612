"""A custom resource as field ownership sees it: which parts merge, and by which keys.

``version`` asks once for each version; ``ownership`` and server-side apply then treat the kind like a built-in one.
Lists are atomic unless the schema says ``set`` or ``map``, objects are granular unless it says ``atomic``, and what is
kept without a schema is owned part by part as far as it is objects.
"""

from __future__ import annotations

from gitopslab.controlplane.server.custom.structural import META_FIELDS, Node
from gitopslab.machinery.gotypes import Shape, Type
from gitopslab.machinery.schema import ANY, UNSTRUCTURED, Field, Slot, Struct, optional_field, slot_with

_SCALARS: dict[str, Shape] = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean"}


def struct_of(root: Node) -> Struct:
    """The kind whose schema this is."""
    return Struct("Unstructured", {**_fields(root), **UNSTRUCTURED.fields}, open=root.preserves)


def _fields(node: Node) -> dict[str, Field]:
    return {name: optional_field(name, _slot(below), below.default) for name, below in node.properties.items()}


def _slot(node: Node) -> Slot:
    if node.int_or_string:
        return slot_with(Type("int-or-string", "intstr.IntOrString"), "leaf", (), None)
    if node.type in _SCALARS:
        return slot_with(Type(_SCALARS[node.type], node.type), "leaf", (), None)
    if node.type == "array":
        return _list(node)
    is_bare = node.preserves and not (node.properties or node.is_map or node.embedded)
    if node.type != "object" or is_bare:
        return slot_with(Type("any", "interface {}"), "leaf", (), None) if node.map_type == "atomic" else ANY
    return _object(node)


def _list(node: Node) -> Slot:
    element = _slot(node.items) if node.items is not None else ANY
    kind = Type("list", "[]interface {}", element._type)
    if node.list_type == "map":
        return slot_with(kind, "keyed", node.list_keys, element)
    return slot_with(kind, "set" if node.list_type == "set" else "leaf", (), element)


def _object(node: Node) -> Slot:
    is_atomic = node.map_type == "atomic"
    if node.additional is not None:
        element = _slot(node.additional)
        kind = Type("map", "map[string]interface {}", element._type)
        return slot_with(kind, "leaf" if is_atomic else "map", (), element)
    if not node.properties and not node.embedded:
        return ANY
    fields = _fields(node)
    if node.embedded:
        fields |= {name: field for name, field in UNSTRUCTURED.fields.items() if name in META_FIELDS}
    kind = Type("struct", "Unstructured")
    struct = Struct("Unstructured", fields, atomic=is_atomic, open=node.preserves)
    return slot_with(kind, "leaf" if is_atomic else "struct", (), struct)
