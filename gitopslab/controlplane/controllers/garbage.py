"""Deletes what has lost all its owners, and carries out foreground and orphaning deletion.

The manager calls it with the uid of an object that ``ownergraph`` found worth a look. An object is

* deleted when none of its owners exists any more,
* freed of single owners that are gone, while another remains,
* deleted in the foreground when its only owners wait for it to go,
* let go, with its finalizer taken away, when it waited for its dependents and they are gone or orphaned.

It works for every resource of the catalog. The finalizers that ask for foreground or orphaning deletion are put on by
the API server, by the propagation policy of the delete request.

Upstream: ``pkg/controller/garbagecollector``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.controllers.ownergraph import FOREGROUND, ORPHAN, Node, Owner, OwnerGraph
from gitopslab.controlplane.runtime.api import Api, Propagation, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import NotFoundError
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.objects import Object, name_of, owners_of

_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
_IGNORED = frozenset({"events"})  # as upstream: too many, never owned, gone by themselves


class GarbageCollector:
    """Reconciles uids: a request's name is the uid of an object.

    Args:
        api: Deletes and patches.
        manager: Gives an informer for every resource.
        clock: Dates events.
        catalog: The resource types there are.
    """

    name = "garbage-collector-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock, catalog: Catalog) -> None:
        self._api = api
        self._manager = manager
        self._recorder = Recorder(api, clock, self.name)
        self._catalog = catalog
        self._graph = OwnerGraph()
        self._followed: set[str] = set()
        self.sources: tuple[Source, ...] = (Source(_DEFINITIONS, self._defined),)
        for resource in catalog:
            self.follow(resource)

    def follow(self, resource: Resource) -> None:
        """Collect objects of this resource too; for types that join the catalog later."""
        if resource.keeps_objects and resource.key not in _IGNORED and resource.key not in self._followed:
            self._followed.add(resource.key)
            self._manager.informer(resource.key)
            self.sources = (*self.sources, Source(resource.key, self._noticed))

    def reconcile(self, request: Request) -> Result:
        """Do for one object what the state of its owners and dependents asks for."""
        node = self._graph.find(request.name)
        if node is None:
            return DONE
        if node.is_deleting:
            if ORPHAN in node.finalizers:
                self._orphan(node)
            elif node.waits_for_dependents:
                self._finish_foreground(node)
        elif node.owners:
            self._collect(node)
        return DONE

    def _defined(self, event: WatchEvent) -> Iterable[Request]:
        """A definition that is established brings a resource to follow."""
        resource = self._catalog.by_key(name_of(event.object))
        if resource is not None:
            self.follow(resource)
        return ()

    def _noticed(self, event: WatchEvent) -> Iterable[Request]:
        return [Request("", uid) for uid in sorted(self._graph.observe(event))]

    def _orphan(self, node: Node) -> None:
        for dependent in self._graph.dependents(node.uid):
            self._drop_owners(dependent, {node.uid})
        self._drop_finalizer(node, ORPHAN)

    def _finish_foreground(self, node: Node) -> None:
        blocking = (
            owner
            for dependent in self._graph.dependents(node.uid)
            for owner in dependent.owners
            if owner.uid == node.uid and owner.blocks
        )
        if next(blocking, None) is None:
            self._drop_finalizer(node, FOREGROUND)

    def _collect(self, node: Node) -> None:
        if not all(self._can_be_found(node, owner) for owner in node.owners):
            return
        dangling = {owner.uid for owner in node.owners if self._is_dangling(node, owner)}
        present = [owner.uid for owner in node.owners if owner.uid not in dangling]
        waiting = {uid for uid in present if (found := self._graph.find(uid)) and found.waits_for_dependents}
        if len(waiting) < len(present):
            if dangling or waiting:
                self._drop_owners(node, dangling | waiting)
        elif waiting and self._graph.dependents(node.uid):
            self._break_circle(node)
            self._delete(node, "Foreground")
        else:
            self._delete(node, _policy(node))

    def _can_be_found(self, node: Node, owner: Owner) -> bool:
        """Whether it can be told if an owner is there.

        An unknown kind may come back with its CustomResourceDefinition, and a cluster-scoped object can have no owner
        inside a namespace: while an object has one such owner nothing is done to it, whatever its other owners are.
        """
        resource = self._resource(owner)
        return resource is not None and (bool(node.namespace) or not resource.namespaced)

    def _resource(self, owner: Owner) -> Resource | None:
        return self._catalog.of_reference({"apiVersion": owner.api_version, "kind": owner.kind})

    def _is_dangling(self, node: Node, owner: Owner) -> bool:
        """Whether an owner reference names nothing that exists where it could be."""
        resource = self._resource(owner)
        found = self._graph.find(owner.uid)
        if resource is None or found is None or found.resource != resource.key or found.name != owner.name:
            return True
        if resource.namespaced and found.namespace != node.namespace:
            self._warn_of_namespace(node, owner)
            return True
        return False

    def _warn_of_namespace(self, node: Node, owner: Owner) -> None:
        dependent = self._found(node)
        if dependent is not None:
            reference = f"[{owner.api_version}/{owner.kind}, namespace: {node.namespace}, name: {owner.name}, "
            message = f'ownerRef {reference}uid: {owner.uid}] does not exist in namespace "{node.namespace}"'
            self._recorder.event(dependent, "Warning", "OwnerRefInvalidNamespace", message)

    def _break_circle(self, node: Node) -> None:
        """Stop blocking the owners when a dependent waits in turn, or two objects that own each other never go."""
        if any(dependent.waits_for_dependents for dependent in self._graph.dependents(node.uid)):
            found = self._found(node)
            if found is not None:
                unblocked = [{**reference, "blockOwnerDeletion": False} for reference in owners_of(found)]
                self._patch(node, {"ownerReferences": unblocked})

    def _delete(self, node: Node, policy: Propagation) -> None:
        try:
            self._api.delete(node.resource, node.name, node.namespace, propagation=policy, uid=node.uid)
        except NotFoundError:
            return

    def _drop_owners(self, node: Node, uids: set[str]) -> None:
        found = self._found(node)
        if found is not None:
            kept = [reference for reference in owners_of(found) if reference.get("uid") not in uids]
            self._patch(node, {"ownerReferences": kept or None})

    def _drop_finalizer(self, node: Node, finalizer: str) -> None:
        self._patch(node, {"finalizers": [name for name in node.finalizers if name != finalizer] or None})

    def _found(self, node: Node) -> Object | None:
        return self._manager.informer(node.resource).get(node.name, node.namespace)

    def _patch(self, node: Node, metadata: Object) -> None:
        try:
            self._api.patch(node.resource, node.name, {"metadata": {"uid": node.uid, **metadata}}, node.namespace)
        except NotFoundError:
            return


def _policy(node: Node) -> Propagation:
    """How to delete what has no owner left: the way its own finalizers ask for."""
    if ORPHAN in node.finalizers:
        return "Orphan"
    return "Foreground" if FOREGROUND in node.finalizers else "Background"
