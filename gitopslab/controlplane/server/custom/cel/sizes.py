"""How large the values of a schema can get, before there is any: what its limits say, or what fits in a request.

``costs`` asks it. Upstream: ``MaxElements`` and ``MinSerializedSize`` of ``SchemaDeclType``
(``apiserver/pkg/cel/common/schemas.go``).
"""

from __future__ import annotations

from collections.abc import Sequence

from gitopslab.controlplane.server.custom.cel.conversion import escaped
from gitopslab.controlplane.server.custom.cel.tree import DYN, Type
from gitopslab.controlplane.server.custom.structural import Node, rooted

_REQUEST = 3 * 1024 * 1024
"""The bytes of the largest request."""

_TIMES = {"duration": (3, 32), "date": (12, 12), "date-time": (21, 32)}
"""Of a text with a format: the fewest bytes it takes, and the most."""

_SCALARS = {"boolean": ("bool", 4), "number": ("double", 1), "integer": ("int", 1)}
_BYTES_OF_CHARACTER = 4


class Sized:
    """A place of a schema.

    Attributes:
        type: Its type in CEL.
        most: The most elements or characters a value has; 0 where that means nothing.
        least_bytes: The fewest bytes a value takes in a request.
        fields: The places below an object, by their names in CEL.
        elements: What a list or map holds.
    """

    def __init__(self, type: Type, most: int, least_bytes: int) -> None:
        self.type = type
        self.most = most
        self.least_bytes = least_bytes
        self.fields: dict[str, Sized] = {}
        self.elements: Sized | None = None

    @property
    def cardinality(self) -> int:
        """How often such a value can occur in a request."""
        return _REQUEST // (self.least_bytes + 1)

    def at(self, path: Sequence[str]) -> Sized | None:
        """The place below, along fields, ``@items``, ``@values`` and ``@keys``; None when there is none."""
        found: Sized | None = self
        for name in path:
            if found is None:
                return None
            if name == "@keys":
                found = Sized(Type("string"), 0, 2) if found.type.kind == "map" else None
            else:
                found = found.elements if name in ("@items", "@values") else found.fields.get(name)
        return found


def sized(node: Node, *, is_root: bool) -> Sized | None:
    """A place and everything below; None where CEL sees nothing."""
    if node.int_or_string:
        return Sized(DYN, _longest(node, _REQUEST - 2), 1)
    if is_root:
        node = rooted(node)
    match node.type:
        case "array":
            return _list(node)
        case "object":
            return _object(node) if node.additional is None else _map(node, node.additional)
        case "string":
            return _text(node)
    if node.type not in _SCALARS:
        return None
    kind, least = _SCALARS[node.type]
    return Sized(Type(kind), 0, least)


def _list(node: Node) -> Sized | None:
    below = sized(node.items, is_root=node.items.embedded) if node.items is not None else None
    if below is None:
        return None
    limit = node.schema.get("maxItems")
    most = max(limit, 0) if limit is not None else (_REQUEST - 2) // (below.least_bytes + 1)
    found = Sized(Type("list", "", (below.type,)), most, 2)
    found.elements = below
    return found


def _map(node: Node, values: Node) -> Sized | None:
    below = sized(values, is_root=values.embedded)
    if below is None:
        return None
    limit = node.schema.get("maxProperties")
    most = max(limit, 0) if limit is not None else (_REQUEST - 2) // (below.least_bytes + 6)
    found = Sized(Type("map", "", (Type("string"), below.type)), most, 2)
    found.elements = below
    return found


def _object(node: Node) -> Sized:
    found = Sized(Type("struct"), 0, 2)
    required = node.schema.get("required") or ()
    for name, field in node.properties.items():
        below = sized(field, is_root=field.embedded)
        if below is None:
            continue
        if spelled := escaped(name):
            found.fields[spelled] = below
        if name in required and field.default is None:
            found.least_bytes += len(name.encode()) + below.least_bytes + 4
    return found


def _text(node: Node) -> Sized:
    wanted, limit = node.schema.get("format") or "", node.schema.get("maxLength")
    if wanted in _TIMES:
        least, most = _TIMES[wanted]
        return Sized(Type("duration" if wanted == "duration" else "timestamp"), most, least)
    if wanted == "byte":
        return Sized(Type("bytes"), max(limit, 0) if limit is not None else _REQUEST - 2, 2)
    values = node.schema.get("enum")
    if values:
        longest = max((len(value.encode()) for value in values if isinstance(value, str)), default=0)
        return Sized(Type("string"), _longest(node, longest), 2)
    return Sized(Type("string"), _longest(node, _REQUEST - 2), 2)


def _longest(node: Node, otherwise: int) -> int:
    limit = node.schema.get("maxLength")
    return max(limit, 0) * _BYTES_OF_CHARACTER if limit is not None else otherwise
