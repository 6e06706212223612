"""A local, always current copy of one resource, with indexes.

An informer is filled by one list and kept by one watch; when so much has changed at once that the watch is broken off,
it lists again and tells the difference. It is shared by all reconcilers of a manager. What it hands out is shared too:
copy before changing.
"""

from __future__ import annotations

import builtins
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.errors import GoneError
from gitopslab.machinery.objects import Object, controller_of, key_of, namespace_of

log = logging.getLogger(__name__)

Index = Callable[[Object], Iterable[str]]


def by_controller(obj: Object) -> Iterable[str]:
    """The index of objects by the uid of their managing controller."""
    owner = controller_of(obj)
    return (owner["uid"],) if owner else ()


def by_node(obj: Object) -> Iterable[str]:
    """The index of pods by the node they are bound to."""
    node = obj.get("spec", {}).get("nodeName")
    return (node,) if node else ()


class Informer:
    """The objects of one resource.

    Args:
        api: Where to list and watch.
        resource: Plural with group.
    """

    def __init__(self, api: Api, resource: str) -> None:
        self.resource = resource
        self._api = api
        self._objects: dict[tuple[str, str], Object] = {}
        self._spaces: dict[str, dict[tuple[str, str], Object]] = defaultdict(dict)
        self._indexes: dict[Index, dict[str, dict[tuple[str, str], Object]]] = {}
        self._wake: Callable[[], None] = lambda: None
        initial, self._watch = api.watch(resource)
        self._initial = [WatchEvent("ADDED", resource, obj, 0) for obj in initial]

    def __iter__(self) -> Iterator[Object]:
        return iter(self._objects.values())

    def __len__(self) -> int:
        return len(self._objects)

    def get(self, name: str, namespace: str = "") -> Object | None:
        """One object, or None."""
        return self._objects.get((namespace, name))

    def list(self, namespace: str = "") -> list[Object]:
        """All objects, of one namespace or (empty) of all."""
        return list((self._spaces.get(namespace, {}) if namespace else self._objects).values())

    def indexed(self, index: Index, value: str) -> builtins.list[Object]:
        """The objects for which ``index`` gave ``value``; the index is built on first use and kept."""
        if index not in self._indexes:
            self._indexes[index] = defaultdict(dict)
            for obj in self._objects.values():
                self._put(index, obj)
        return list(self._indexes[index].get(value, {}).values())

    def on_wake(self, wake: Callable[[], None]) -> None:
        """Have ``wake`` called whenever there is something to take in; at once if there already is."""
        self._wake = wake
        self._watch.on_wake(wake)
        if self._initial:
            wake()

    def poll(self) -> builtins.list[tuple[WatchEvent, Object | None]]:
        """Take in what changed, and return each event with the object as it was before it."""
        try:
            changes = self._watch.poll()
        except GoneError:
            changes = self._relist()
        events, self._initial = [*self._initial, *changes], []
        return [(event, self._apply(event)) for event in events]

    def _relist(self) -> builtins.list[WatchEvent]:
        """Follow anew, and the events that lead from what is known to what there is."""
        self._watch.close()
        present, self._watch = self._api.watch(self.resource)
        self._watch.on_wake(self._wake)
        self._initial = []
        keys = {key_of(obj) for obj in present}
        gone = [obj for key, obj in self._objects.items() if key not in keys]
        new = [obj for obj in present if obj is not self._objects.get(key_of(obj))]
        return [
            *(WatchEvent("DELETED", self.resource, obj, 0) for obj in gone),
            *(
                WatchEvent("MODIFIED" if key_of(obj) in self._objects else "ADDED", self.resource, obj, 0)
                for obj in new
            ),
        ]

    def _apply(self, event: WatchEvent) -> Object | None:
        key = key_of(event.object)
        before = self._objects.pop(key, None) if event.type == "DELETED" else self._objects.get(key)
        if before is not None:
            self._drop(key, before)
        if event.type != "DELETED":
            self._objects[key] = event.object
            self._spaces[key[0]][key] = event.object
            for index in self._indexes:
                self._put(index, event.object)
        return before

    def _put(self, index: Index, obj: Object) -> None:
        for value in _values(index, obj):
            self._indexes[index][value][key_of(obj)] = obj

    def _drop(self, key: tuple[str, str], obj: Object) -> None:
        _remove(self._spaces, namespace_of(obj), key)
        for index, table in self._indexes.items():
            for value in _values(index, obj):
                _remove(table, value, key)


def _values(index: Index, obj: Object) -> Iterable[str]:
    try:
        return tuple(index(obj))
    except Exception:  # an object that nobody thought of must not stop every reconciler
        log.exception("%s %s cannot be indexed by %s", obj.get("kind"), key_of(obj), index)
        return ()


def _remove(table: dict[str, dict[tuple[str, str], Object]], value: str, key: tuple[str, str]) -> None:
    """Take an object out, and with the last one its row: values such as owners' uids never come again."""
    row = table.get(value, {})
    row.pop(key, None)
    if not row:
        table.pop(value, None)
