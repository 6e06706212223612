"""Taking out of an object what its schema does not know.

``decoding`` calls it for everything that comes in, ``registry`` for what was stored under an older schema. It changes
the value it is given. Upstream: ``schema/pruning`` and ``schema/defaulting/prunenulls.go``.
"""

from __future__ import annotations

from typing import Any

from gitopslab.controlplane.server.custom.structural import META_FIELDS, Node


def prune(value: Any, node: Node | None, *, is_root: bool) -> list[str]:
    """Remove unknown fields, in place.

    Args:
        value: What to prune.
        node: Its schema; None knows no field at all.
        is_root: Whether it is a whole object, whose kind and metadata need no schema.

    Returns:
        The paths of what was removed, sorted: ``spec.list[0].extra``.
    """
    found: list[str] = []
    _prune(value, node, "", found, embedded=is_root or (node is not None and node.embedded), keeps=False)
    return sorted(found)


def _prune(value: Any, node: Node | None, path: str, found: list[str], *, embedded: bool, keeps: bool) -> None:
    keeps = keeps or (node is not None and node.preserves)
    if isinstance(value, dict):
        for name in list(value):
            if embedded and name in META_FIELDS:
                continue
            below = f"{path}.{name}" if path else name
            if node is not None and (name in node.properties or node.is_map):
                field = node.field(name)
                is_embedded = field is not None and field.embedded
                _prune(value[name], field, below, found, embedded=is_embedded, keeps=False)
            elif not keeps:
                found.append(below)
                del value[name]
    elif isinstance(value, list):
        items = node.items if node is not None else None
        if keeps and items is None:
            return
        for index, item in enumerate(value):
            is_embedded = items is not None and items.embedded
            _prune(item, items, f"{path}[{index}]", found, embedded=is_embedded, keeps=keeps)


def drop_nulls(value: Any, node: Node | None) -> None:
    """Remove, in place, fields that are null and may not be, unless a default will replace them."""
    if isinstance(value, dict):
        for name in list(value):
            field = node.field(name) if node is not None else None
            if value[name] is None and field is not None and not field.nullable and field.default is None:
                del value[name]
            else:
                drop_nulls(value[name], field)
    elif isinstance(value, list):
        for item in value:
            drop_nulls(item, node.items if node is not None else None)
