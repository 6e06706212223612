"""Structural schemas: the tree that a definition's ``openAPIV3Schema`` is.

``version`` builds one for each version of a definition; pruning, defaulting, validation, field ownership and CEL walk
it. A node keeps what every walk asks for as attributes and the schema itself for the rest. Whether the schema may be
one at all is ``definitions``' business. Upstream: ``pkg/apiserver/schema``.
"""

from __future__ import annotations

from typing import Any

from gitopslab.machinery.objects import Object

PRESERVE = "x-kubernetes-preserve-unknown-fields"
EMBEDDED = "x-kubernetes-embedded-resource"
INT_OR_STRING = "x-kubernetes-int-or-string"
LIST_TYPE = "x-kubernetes-list-type"
LIST_KEYS = "x-kubernetes-list-map-keys"
MAP_TYPE = "x-kubernetes-map-type"
RULES = "x-kubernetes-validations"
META_FIELDS = frozenset(("apiVersion", "kind", "metadata"))

_TEXT: Object = {"type": "string"}
_OBJECT_META: Object = {"type": "object", "properties": {"name": _TEXT, "generateName": _TEXT}}


class Node:
    """One place of a schema.

    Attributes:
        schema: The JSON schema of the place, with everything below it.
        type: ``object``, ``array``, …; empty where the schema says none.
        properties: The fields of an object.
        items: What an array holds.
        additional: What a map holds; None for any value, or when it is no map.
        is_map: Whether fields that are no property are declared (``additionalProperties``), be it as forbidden.
        preserves: Whether unknown fields are kept.
        embedded: Whether it is an object with ``apiVersion``, ``kind`` and ``metadata`` of its own.
        default: The default; None for none.
        rules: The CEL rules of this place.
        has_rules: Whether there is a rule here or below.
        nested: The schemas of ``allOf``, ``anyOf`` and ``oneOf``, by keyword.
        negated: The schema of ``not``.
    """

    __slots__ = (
        "additional", "default", "embedded", "has_rules", "int_or_string", "is_map", "items", "list_keys", "list_type",
        "map_type", "negated", "nested", "nullable", "preserves", "properties", "rules", "schema", "type",
    )  # fmt: skip

    def __init__(self, schema: Object) -> None:
        self.schema = schema
        self.type: str = schema.get("type") or ""
        self.default: Any = schema.get("default")
        self.nullable: bool = bool(schema.get("nullable"))
        self.preserves: bool = bool(schema.get(PRESERVE))
        self.embedded: bool = bool(schema.get(EMBEDDED))
        self.int_or_string: bool = bool(schema.get(INT_OR_STRING))
        self.list_type: str = schema.get(LIST_TYPE) or ""
        self.list_keys: tuple[str, ...] = tuple(schema.get(LIST_KEYS) or ())
        self.map_type: str = schema.get(MAP_TYPE) or ""
        self.rules: tuple[Object, ...] = tuple(schema.get(RULES) or ())
        self.properties = {name: Node(below) for name, below in (schema.get("properties") or {}).items()}
        items, additional = schema.get("items"), schema.get("additionalProperties")
        self.items = Node(items) if isinstance(items, dict) else None
        self.is_map = additional is not None
        self.additional = Node(additional) if isinstance(additional, dict) else None
        self.nested = {word: [Node(one) for one in schema.get(word) or ()] for word in ("anyOf", "oneOf", "allOf")}
        self.negated = Node(schema["not"]) if isinstance(schema.get("not"), dict) else None
        below = (*self.properties.values(), self.items, self.additional)
        self.has_rules: bool = bool(self.rules) or any(node is not None and node.has_rules for node in below)

    def field(self, name: str) -> Node | None:
        """The place of a field: a property, or what a map holds."""
        found = self.properties.get(name)
        return found if found is not None else self.additional


def rooted(node: Node) -> Node:
    """The node as the root of a resource: its kind, version and name are always there."""
    properties = node.properties
    metadata = properties.get("metadata")
    if metadata is not None and {"name", "generateName"} <= metadata.properties.keys() and _has_kind(properties):
        return node
    implied = {"apiVersion": _TEXT, "kind": _TEXT, "metadata": _OBJECT_META}
    return Node({**node.schema, "properties": {**(node.schema.get("properties") or {}), **implied}})


def _has_kind(properties: dict[str, Node]) -> bool:
    return all(name in properties and properties[name].type == "string" for name in ("apiVersion", "kind"))
