"""What an old and a new value have to do with each other, place by place.

An update is not refused for what was wrong before and did not change (validation ratcheting). ``values`` and
``cel.rules`` walk the new object with a correlation beside it and ask whether the place they object to is as it was.
Fields correlate by name, items only in lists that are maps. Upstream: ``apiserver/pkg/cel/common/equality.go``.
"""

from __future__ import annotations

from typing import Any

from gitopslab.controlplane.server.custom.structural import Node
from gitopslab.machinery.merge import same

_ABSENT = object()


class Correlation:
    """A new value with the old one at the same place.

    Attributes:
        old: The old value.
        new: The new value.
    """

    __slots__ = ("_is_same", "_node", "new", "old")

    def __init__(self, new: Any, old: Any, node: Node) -> None:
        self.new = new
        self.old = old
        self._node = node
        self._is_same: bool | None = None

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
        found = item_like(self._node, self.old, self.new[index])
        return Correlation(self.new[index], found, self._node.items) if found is not None else None

    def _compare(self) -> bool:
        if isinstance(self.new, list) and isinstance(self.old, list) and self._node.list_type == "map":
            items = (self.item(index) for index in range(len(self.new)))
            return len(self.new) == len(self.old) and all(item is not None and item.is_same for item in items)
        return same(self.new, self.old)


def item_like(node: Node, items: Any, item: Any) -> Any:
    """The item of a list that has the same keys as another one; None when there is none or the list is no map."""
    if node.list_type != "map" or not isinstance(items, list) or not isinstance(item, dict):
        return None
    wanted = [item.get(key, _ABSENT) for key in node.list_keys]
    for other in items:
        if isinstance(other, dict) and [other.get(key, _ABSENT) for key in node.list_keys] == wanted:
            return other
    return None
