"""The Api protocol, spoken straight to ``verbs`` inside the process.

``daemon`` hands one to each controller, with that component's identity. What is read is a copy; what a watch delivers
is shared, as the protocol says.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

from gitopslab.controlplane.runtime.api import PatchType, Propagation, WatchEvent
from gitopslab.controlplane.server.feed import Subscription
from gitopslab.controlplane.server.options import Caller, DeleteOptions, WriteOptions
from gitopslab.controlplane.server.records import Change
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import ApiError, NotFoundError
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, copy_of, name_of, namespace_of


class LocalWatch:
    """A watch that reads a subscription."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription

    def poll(self) -> list[WatchEvent]:
        """The changes since the last call."""
        return [_event(change) for change in self._subscription.pending()]

    def on_wake(self, wake: Callable[[], None]) -> None:
        """Have ``wake`` called whenever there is something to poll."""
        self._subscription.on_wake(wake)

    def close(self) -> None:
        """Stop following."""
        self._subscription.close()


class LocalApi:
    """The Api for one identity.

    Args:
        verbs: The server.
        caller: Who writes.
    """

    def __init__(self, verbs: Verbs, caller: Caller) -> None:
        self._verbs = verbs
        self._caller = caller

    def get(self, resource: str, name: str, namespace: str = "", *, subresource: str = "") -> Object:
        """One object, or its Scale."""
        found = self._verbs.get(self._caller, self._resource(resource), namespace, name, subresource)
        return found.copy()

    def list(self, resource: str, namespace: str = "", *, labels: str = "", fields: str = "") -> builtins.list[Object]:
        """All objects that pass the selectors."""
        found = self._verbs.list(self._caller, self._resource(resource), namespace, labels=labels, fields=fields)
        return [record.copy() for record in found.records]

    def create(self, obj: Object) -> Object:
        """Store a new object."""
        resource = self._resource_of(obj)
        return self._verbs.create(self._caller, resource, namespace_of(obj), copy_of(obj), WriteOptions()).copy()

    def update(self, obj: Object, subresource: str = "") -> Object:
        """Replace an object, or only a part."""
        record, _ = self._verbs.update(
            self._caller, self._resource_of(obj), namespace_of(obj), name_of(obj), copy_of(obj), WriteOptions(),
            subresource=subresource,
        )  # fmt: skip
        return record.copy()

    def patch(
        self,
        resource: str,
        name: str,
        patch: Any,
        namespace: str = "",
        *,
        type: PatchType = "merge",
        subresource: str = "",
        dry_run: bool = False,
        manager: str = "",
    ) -> Object:
        """Change part of an object."""
        record, _ = self._verbs.patch(
            self._caller, self._resource(resource), namespace, name, patch, type,
            WriteOptions(dry_run=dry_run, field_manager=manager, force=type == "apply"), subresource=subresource,
        )  # fmt: skip
        return record.copy()

    def delete(
        self,
        resource: str,
        name: str,
        namespace: str = "",
        *,
        propagation: Propagation | None = None,
        grace_seconds: int | None = None,
        uid: str | None = None,
        resource_version: str | None = None,
    ) -> None:
        """Ask for deletion."""
        options = DeleteOptions(grace_seconds, propagation, uid, resource_version)
        self._verbs.delete(self._caller, self._resource(resource), namespace, name, options)

    def bind(self, name: str, namespace: str, node: str) -> None:
        """Put a pod on a node."""
        target = {"metadata": {"name": name}, "target": {"kind": "Node", "name": node}}
        pods = self._resource("pods")
        self._verbs.create(self._caller, pods, namespace, target, WriteOptions(), name=name, subresource="binding")

    def evict(self, name: str, namespace: str) -> None:
        """Delete a pod unless a budget forbids it."""
        pods = self._resource("pods")
        eviction = {"metadata": {"name": name}}
        self._verbs.create(self._caller, pods, namespace, eviction, WriteOptions(), name=name, subresource="eviction")

    def token(self, account: str, namespace: str, spec: Object) -> str:
        """A token of a service account."""
        accounts = self._resource("serviceaccounts")
        record = self._verbs.create(
            self._caller, accounts, namespace, {"spec": copy_of(spec)}, WriteOptions(), name=account,
            subresource="token",
        )  # fmt: skip
        return str(record.object["status"]["token"])

    def watch(self, resource: str) -> tuple[builtins.list[Object], LocalWatch]:
        """What is there now, and a watch from right after it."""
        changes, subscription = self._verbs.watch(
            self._caller, self._resource(resource), "", initial_events=True, asks=False
        )
        return [change.record.object for change in changes], LocalWatch(subscription)

    def on_change(self, wake: Callable[[], None]) -> None:
        """Have ``wake`` called after every committed write."""
        self._verbs.feed.on_change(wake)

    def _resource(self, key: str) -> Resource:
        found = self._verbs.catalog.by_key(key)
        if found is None:
            raise NotFoundError(404, "NotFound", "the server could not find the requested resource")
        return found

    def _resource_of(self, obj: Object) -> Resource:
        found = self._verbs.catalog.of(obj)
        if found is None:
            kind = f"{obj.get('apiVersion')}/{obj.get('kind')}"
            raise ApiError(404, "NotFound", f"the server does not serve {kind}")
        return found


def _event(change: Change) -> WatchEvent:
    return WatchEvent(change.type, change.resource, change.record.object, change.record.revision)
