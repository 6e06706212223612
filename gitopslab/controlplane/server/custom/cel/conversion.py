"""Values of an object as CEL sees them: as their schema declares them, under names that CEL can spell.

``rules`` converts what a rule is evaluated on. A number declared as ``number`` is a double even when it is written as
1; texts with the formats date, date-time, duration and byte are times, durations and bytes. Upstream:
``apiserver/pkg/cel/common/valuesunstructured.go`` and ``cel/escaping.go``.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from gitopslab.controlplane.server.custom import formats
from gitopslab.controlplane.server.custom.cel.evaluation.values import Duration, Keyed, Timestamp
from gitopslab.controlplane.server.custom.structural import Node, rooted

_RESERVED = frozenset(
    ("true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
     "let", "loop", "package", "namespace", "return", "var", "void", "while")
)  # fmt: skip
_ESCAPED = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_ESCAPABLE = re.compile(r"[A-Za-z_./-][A-Za-z0-9_./-]*")


def escaped(name: str) -> str:
    """A field's name as CEL spells it; empty when it cannot."""
    if name in _RESERVED:
        return f"__{name}__"
    if not _ESCAPABLE.fullmatch(name):
        return ""
    return re.sub(r"__|[./-]", lambda match: _ESCAPED[match.group()], name)


def converted(value: Any, node: Node | None) -> Any:
    """A value as its schema declares it.

    Raises:
        ValueError: It does not fit its format.
    """
    if node is None or value is None or node.int_or_string:
        return value
    if isinstance(value, dict):
        return _object(value, rooted(node) if node.embedded else node)
    if isinstance(value, list):
        return _list([converted(item, node.items) for item in value], node)
    if isinstance(value, str):
        return _text(value, node.schema.get("format") or "") if node.type == "string" else value
    if isinstance(value, bool):
        return value
    if node.type == "number":
        return float(value)
    return int(value) if node.type == "integer" else value


def _list(items: list[Any], node: Node) -> list[Any]:
    kind, keys = node.schema.get("x-kubernetes-list-type"), node.schema.get("x-kubernetes-list-map-keys") or ()
    if kind not in ("set", "map"):
        return items
    return Keyed(items, tuple(escaped(key) or key for key in keys) if kind == "map" else ())


def _object(value: dict[str, Any], node: Node) -> dict[str, Any]:
    if not node.properties:
        return {name: converted(item, node.additional) for name, item in value.items()}
    found = {escaped(name) or name: converted(item, node.properties.get(name)) for name, item in value.items()}
    return {name: item for name, item in found.items() if item is not None}  # a field that is null is as good as none


def _text(value: str, wanted: str) -> Any:
    try:
        if wanted in ("date-time", "datetime"):
            return _moment(datetime.fromisoformat(value.upper().replace("Z", "+00:00")))
        if wanted == "date":
            return _moment(datetime.fromisoformat(value).replace(tzinfo=UTC))
        if wanted == "duration":
            return Duration(formats.duration(value) // timedelta(microseconds=1) * 1000)
        return base64.b64decode(value, validate=True) if wanted == "byte" else value
    except ValueError as error:
        raise ValueError(f"Invalid {wanted} formatted string {value}: {error}") from error


def _moment(value: datetime) -> Timestamp:
    offset = value.utcoffset() or timedelta()
    since = value.replace(tzinfo=None) - datetime(1970, 1, 1) - offset  # which may lie before the first year
    return Timestamp(since // timedelta(microseconds=1) * 1000, int(offset.total_seconds()))
