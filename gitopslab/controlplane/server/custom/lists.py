"""Lists that are sets or maps: no item, or no key, may occur twice.

``objects`` calls ``check`` on every write. Upstream: ``apiserver/schema/listtype/validation.go``.
"""

from __future__ import annotations

from typing import Any

import orjson

from gitopslab.controlplane.server.custom.structural import Node
from gitopslab.controlplane.server.validation.causes import Causes


def check(causes: Causes, value: Any, node: Node | None, path: str) -> None:
    """Report items that occur more than once, each at its second place."""
    if node is None:
        return
    if isinstance(value, list):
        if node.list_type == "set":
            for index in _repeated(value):
                causes.duplicate(f"{path}[{index}]", value[index])
        elif node.list_type == "map":
            _check_map(causes, value, node, path)
        for index, item in enumerate(value):
            check(causes, item, node.items, f"{path}[{index}]")
    elif isinstance(value, dict):
        for name, item in value.items():
            if name in node.properties:
                check(causes, item, node.properties[name], f"{path}.{name}" if path else name)
            else:
                check(causes, item, node.additional, f"{path}[{name}]")


def _check_map(causes: Causes, items: list[Any], node: Node, path: str) -> None:
    for index, item in enumerate(items):
        if item is not None and not isinstance(item, dict):
            causes.invalid(f"{path}[{index}]", item, "must be an object for an array of list-type map")
            return
    keys = [{key: item[key] for key in node.list_keys if key in item} if item else {} for item in items]
    for index in _repeated(keys):
        causes.duplicate(f"{path}[{index}]", keys[index])


def _repeated(items: list[Any]) -> list[int]:
    """Where each repeated item occurs for the second time."""
    seen: dict[bytes, int] = {}
    found = []
    for index, item in enumerate(items):
        text = orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
        seen[text] = seen.get(text, 0) + 1
        if seen[text] == 2:
            found.append(index)
    return found
