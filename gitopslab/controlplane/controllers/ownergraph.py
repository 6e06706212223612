"""Remembers who owns whom, across all resource types, and which objects a change calls to attention.

The garbage collector feeds it every watch event and asks it for dependents. It holds the few facts that matter to
collection, so that an event that changes none of them (a pod's status, a lease's renewal) costs next to nothing.

Upstream: ``GraphBuilder`` in ``pkg/controller/garbagecollector``. That one also guesses at owners it has not seen; here
informers are complete before the first question is asked.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.machinery.objects import Object, is_terminating, name_of, namespace_of, owners_of, uid_of

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


@dataclass(frozen=True, slots=True)
class Owner:
    """An owner reference, as far as collection needs it."""

    api_version: str
    kind: str
    name: str
    uid: str
    blocks: bool


@dataclass(frozen=True, slots=True)
class Node:
    """An object, as far as collection needs it."""

    resource: str
    namespace: str
    name: str
    uid: str
    owners: tuple[Owner, ...]
    finalizers: tuple[str, ...]
    is_deleting: bool

    @property
    def waits_for_dependents(self) -> bool:
        """Whether this object is being deleted in the foreground."""
        return self.is_deleting and FOREGROUND in self.finalizers


class OwnerGraph:
    """Nodes by uid, and the dependents of each uid, whether its object exists or not."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._dependents: dict[str, set[str]] = defaultdict(set)

    def find(self, uid: str) -> Node | None:
        """The object with this uid."""
        return self._nodes.get(uid)

    def dependents(self, uid: str) -> list[Node]:
        """The objects that name this uid as an owner."""
        return [self._nodes[dependent] for dependent in sorted(self._dependents.get(uid, ()))]

    def observe(self, event: WatchEvent) -> set[str]:
        """Take a change in; the uids that have to be looked at because of it."""
        uid = uid_of(event.object)
        before = self._nodes.get(uid)
        if event.type == "DELETED":
            self._forget(uid, before)
            return {*self._dependents.get(uid, ()), *_owner_uids(before)}
        after = _node(event.resource, event.object)
        if after == before:
            return set()
        self._forget(uid, before)
        self._nodes[uid] = after
        for owner in after.owners:
            self._dependents[owner.uid].add(uid)
        # Owners hear of it too: one that waits for its dependents may have one less to wait for.
        touched = {uid, *_owner_uids(before)}
        return {*touched, *self._dependents.get(uid, ())} if after.waits_for_dependents else touched

    def _forget(self, uid: str, node: Node | None) -> None:
        self._nodes.pop(uid, None)
        for owner in node.owners if node is not None else ():
            self._dependents[owner.uid].discard(uid)
            if not self._dependents[owner.uid]:
                del self._dependents[owner.uid]


def _owner_uids(node: Node | None) -> tuple[str, ...]:
    return tuple(owner.uid for owner in node.owners) if node is not None else ()


def _node(resource: str, obj: Object) -> Node:
    return Node(
        resource=resource,
        namespace=namespace_of(obj),
        name=name_of(obj),
        uid=uid_of(obj),
        owners=tuple(_owner(reference) for reference in owners_of(obj)),
        finalizers=tuple(obj["metadata"].get("finalizers") or ()),
        is_deleting=is_terminating(obj),
    )


def _owner(reference: Object) -> Owner:
    return Owner(
        reference.get("apiVersion", ""),
        reference.get("kind", ""),
        reference.get("name", ""),
        reference.get("uid", ""),
        bool(reference.get("blockOwnerDeletion")),
    )
