"""What an old and a new value have to do with each other, place by place.

An update is not refused for what was wrong before and did not change (validation ratcheting). ``values`` and
``cel.rules`` walk the new object with a correlation beside it and ask whether the place they object to is as it was.
Fields correlate by name, items only in lists that are maps. Upstream: ``apiserver/pkg/cel/common/equality.go``.
"""

from __future__ import annotations

from typing import Any

import orjson

from gitopslab.controlplane.server.custom.structural import Node
from gitopslab.machinery.merge import same
from gitopslab.machinery.objects import Object


class Correlation:
    """A new value with the old one at the same place.

    Attributes:
        old: The old value.
        new: The new value.
    """

    __slots__ = ("_is_same", "_node", "_old_items", "new", "old")

    def __init__(self, new: Any, old: Any, node: Node) -> None:
        self.new = new
        self.old = old
        self._node = node
        self._is_same: bool | None = None
        self._old_items: KeyedItems | None = None

    @property
    def is_same(self) -> bool:
        """Whether nothing changed here; a list that is a map may change its order."""
        if self._is_same is None:
            self._is_same = self._compare()
        return self._is_same

    def field(self, name: str) -> Correlation | None:
        """A field that both values have and the schema knows."""
        old, new = self.old, self.new
        if not isinstance(old, dict) or not isinstance(new, dict) or name not in old or name not in new:
            return None
        node = self._node.field(name)
        return Correlation(new[name], old[name], node) if node is not None else None

    def item(self, index: int) -> Correlation | None:
        """An item of a list that is a map, by its keys."""
        if self._node.items is None or not isinstance(self.new, list) or index >= len(self.new):
            return None
        if self._old_items is None:
            self._old_items = KeyedItems(self._node, self.old)
        found = self._old_items.like(self.new[index])
        return Correlation(self.new[index], found, self._node.items) if found is not None else None

    def _compare(self) -> bool:
        if isinstance(self.new, list) and isinstance(self.old, list) and self._node.list_type == "map":
            items = (self.item(index) for index in range(len(self.new)))
            return len(self.new) == len(self.old) and all(item is not None and item.is_same for item in items)
        return same(self.new, self.old)


class KeyedItems:
    """The items of a list by their keys, so that each is found without looking at all others.

    Args:
        node: The place of the list; one that is no map has no keys.
        items: The list.
    """

    __slots__ = ("_by_key", "_keys")

    def __init__(self, node: Node, items: Any) -> None:
        self._keys = node.list_keys if node.list_type == "map" else ()
        self._by_key: dict[bytes, Any] = {}
        for item in items if self._keys and isinstance(items, list) else ():
            if isinstance(item, dict):
                self._by_key.setdefault(self._key_of(item), item)

    def like(self, item: Any) -> Any:
        """The item that has the same keys as another one; None when there is none."""
        return self._by_key.get(self._key_of(item)) if self._by_key and isinstance(item, dict) else None

    def _key_of(self, item: Object) -> bytes:
        return orjson.dumps({key: item[key] for key in self._keys if key in item}, option=orjson.OPT_SORT_KEYS)
