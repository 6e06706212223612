"""Defaults of custom resources: what the schema says of fields that are missing.

``defaults.set_defaults`` calls it on every write, ``registry`` on what was stored before the default was there.
Upstream: ``schema/defaulting/algorithm.go``.
"""

from __future__ import annotations

from typing import Any

from gitopslab.controlplane.server.custom.structural import Node
from gitopslab.machinery.objects import copy_of


def set_defaults(value: Any, node: Node | None) -> None:
    """Fill in, in place, missing fields that have a default; a null counts as missing where it is not allowed."""
    if node is None:
        return
    if isinstance(value, dict):
        for name, field in node.properties.items():
            if field.default is not None and (name not in value or _is_wrong_null(value[name], field)):
                value[name] = copy_of(field.default)
        for name in value:
            field_here = node.field(name)
            if name not in node.properties and _is_wrong_null(value[name], field_here):
                value[name] = copy_of(field_here.default) if field_here else None
            set_defaults(value[name], field_here)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if node.items is not None and _is_wrong_null(item, node.items):
                value[index] = copy_of(node.items.default)
            set_defaults(value[index], node.items)


def _is_wrong_null(value: Any, node: Node | None) -> bool:
    return value is None and node is not None and not node.nullable
