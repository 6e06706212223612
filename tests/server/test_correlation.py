"""What an old and a new list have to do with each other."""

from __future__ import annotations

import time
from typing import Any

from gitopslab.controlplane.server.custom.correlation import Correlation, KeyedItems
from gitopslab.controlplane.server.custom.structural import Node

_NODE = Node(
    {
        "type": "array",
        "items": {"type": "object", "properties": {"k": {"type": "integer"}, "p": {"type": "string"}, "v": {}}},
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["k", "p"],
    }
)


def numbered(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"k": number, **more} for number in range(count)]


def test_items_are_found_by_all_their_keys_and_the_first_counts() -> None:
    items = KeyedItems(_NODE, [{"k": 1, "v": "a"}, {"k": 1, "p": "x", "v": "b"}, {"k": 1, "v": "c"}, "odd"])
    assert items.like({"k": 1}) == {"k": 1, "v": "a"}
    assert items.like({"p": "x", "k": 1}) == {"k": 1, "p": "x", "v": "b"}
    assert items.like({"k": 2}) is None
    assert items.like("odd") is None
    assert KeyedItems(Node({"type": "array"}), [{"k": 1}]).like({"k": 1}) is None


def test_a_list_that_is_a_map_is_the_same_in_any_order() -> None:
    assert Correlation(numbered(9)[::-1], numbered(9), _NODE).is_same
    assert not Correlation(numbered(9, v=1), numbered(9), _NODE).is_same


def test_comparing_takes_no_square_of_time() -> None:
    start = time.process_time()
    assert Correlation(numbered(30_000)[::-1], numbered(30_000), _NODE).is_same
    assert time.process_time() - start < 5
