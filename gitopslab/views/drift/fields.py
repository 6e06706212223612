"""The fields of an object, side by side in Git and in the cluster, and who owns each of them. Pure.

Called by ``compare``. A list whose items have a name of their own (a container, a port) is compared item by item,
whatever their order, as server-side apply merges it. Owners are read off ``managedFields`` of the live object.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from gitopslab.machinery.objects import Object
from gitopslab.views.drift.model import Owner


class Absent:
    """Of a value that is not there; None is a value."""

    def __bool__(self) -> bool:
        return False


ABSENT = Absent()
_NAMES = ("name", "containerPort", "port", "mountPath", "key", "type", "ip", "topologyKey", "uid")
"""What tells the items of a list apart, the first that an item has: the merge keys of Kubernetes' own lists."""

Step = tuple[str, Any]
"""``("f", NAME)`` or ``("item", VALUE)``, of the live object where it has it."""
Pair = tuple[tuple[Step, ...], str, Any, Any]
"""The steps to a field, its path in words, its value in Git and its value in the cluster."""


def pairs(git: Any, live: Any, path: str = "", steps: tuple[Step, ...] = ()) -> Iterator[Pair]:
    """Every field that either side has."""
    if not git and not live:
        yield steps, path, git, live
    elif _are(_is_map, git, live):
        yield from _of_maps(git or {}, live or {}, path, steps)
    elif _are(_has_names, git, live):
        yield from _of_lists(git or [], live or [], path, steps)
    else:
        yield steps, path, git, live


def owners(live: Object, steps: tuple[Step, ...], *, whole: bool = True) -> tuple[Owner, ...]:
    """Who set a field of a live object.

    Args:
        live: The object.
        steps: To the field.
        whole: Also who owns the list or map around it as a whole.
    """
    found = []
    for entry in live.get("metadata", {}).get("managedFields") or ():
        if _owns(entry.get("fieldsV1") or {}, steps, whole):
            manager, operation, subresource = (
                entry.get(word) or "" for word in ("manager", "operation", "subresource")
            )
            found.append(Owner(manager, operation, subresource))
    return tuple(found)


def spelled(value: Any) -> str:
    """A value as one line."""
    if value is ABSENT:
        return ""
    return value if isinstance(value, str) else json.dumps(value, separators=(", ", ": "), ensure_ascii=False)


def _of_maps(git: Object, live: Object, path: str, steps: tuple[Step, ...]) -> Iterator[Pair]:
    for name in dict.fromkeys((*git, *live)):
        below = f"{path}[{name}]" if "." in name or "/" in name else f"{path}.{name}" if path else name
        yield from pairs(git.get(name, ABSENT), live.get(name, ABSENT), below, (*steps, ("f", name)))


def _of_lists(git: list[Object], live: list[Object], path: str, steps: tuple[Step, ...]) -> Iterator[Pair]:
    left = list(live)
    for item in git:
        found = next((each for each in left if _is_same_item(item, each)), None)
        if found is not None:
            left.remove(found)
        there = ABSENT if found is None else found
        yield from pairs(item, there, f"{path}[{_named(item)}]", (*steps, ("item", found or item)))
    for item in left:
        yield from pairs(ABSENT, item, f"{path}[{_named(item)}]", (*steps, ("item", item)))


def _are(what: Callable[[Any], bool], git: Any, live: Any) -> bool:
    """Whether both sides are so, or one and the other is not there."""
    there = [value for value in (git, live) if value is not ABSENT]
    return bool(there) and all(what(value) for value in there)


def _is_map(value: Any) -> bool:
    return isinstance(value, dict)


def _has_names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) and _named(item) for item in value)


def _named(item: Object) -> str:
    name = next((each for each in _NAMES if each in item), "")
    return f"{name}={item[name]}" if name else ""


def _is_same_item(git: Object, live: Object) -> bool:
    name = next(each for each in _NAMES if each in git)
    return bool(git[name] == live.get(name))


def _owns(fields: Object, steps: tuple[Step, ...], whole: bool) -> bool:
    node = fields
    for step in steps:
        if not node:
            return whole and node is not fields
        below = _below(node, step)
        if below is None:
            return False
        node = below
    return not node or "." in node or any(name[:2] in ("v:", "i:") for name in node)


def _below(node: Object, step: Step) -> Object | None:
    kind, value = step
    if kind == "f":
        found: Object | None = node.get(f"f:{value}")
        return found
    for name, below in node.items():
        mark, _, text = name.partition(":")
        if mark == "k" and all(value.get(key) == wanted for key, wanted in json.loads(text).items()):
            return dict(below)
    return None
