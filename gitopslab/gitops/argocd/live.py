"""What is there: every object of the cluster that Argo CD follows, by the Application that manages it.

Source: ``controller/cache/cache.go``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.controlplane.runtime.reconcile import Request, Source
from gitopslab.gitops.argocd.exclusions import is_excluded
from gitopslab.gitops.argocd.kinds import NAMESPACE
from gitopslab.gitops.argocd.settings import Settings
from gitopslab.gitops.argocd.state import Key, key_of
from gitopslab.gitops.argocd.tracking import application_of, by_application
from gitopslab.gitops.argocd.tree import orphans
from gitopslab.gitops.surroundings import Surroundings
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, name_of, namespace_of

_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
_UNWATCHED = frozenset({("", "Event"), ("events.k8s.io", "Event")})


class LiveState:
    """Follows the objects of all kinds, also of those that come later.

    Args:
        given: What a controller works with.
        added: Called with a source for each kind that is followed.
        watching: Gives the Applications that want to know of objects beside them in a namespace.
        settings: How objects are tracked.
    """

    def __init__(
        self,
        given: Surroundings,
        added: Callable[[Source], None],
        watching: Callable[[str], Iterable[Request]],
        settings: Settings,
    ) -> None:
        self._given = given
        self._settings = settings
        self._watching = watching
        self._added = added
        self._followed: dict[str, Resource] = {}
        for resource in given.catalog:
            self._follow(resource)
        added(Source(_DEFINITIONS, self._defined))

    def managed_by(self, instance: str) -> dict[Key, Object]:
        """The objects that carry an Application's tracking id and have no owner, by key."""
        found: dict[Key, Object] = {}
        index = by_application(self._settings.tracking)
        for name in self._followed:
            for obj in self._given.manager.informer(name).indexed(index, instance):
                found[key_of(obj)] = obj
        return found

    def orphans(self, project: Object, namespace: str) -> list[Key]:
        """What no Application manages in a namespace, when the project wants to know."""
        if not namespace or "orphanedResources" not in (project.get("spec") or {}):
            return []
        there = [obj for name in self._followed for obj in self._given.manager.informer(name).list(namespace)]
        tracking = self._settings.tracking
        owned = [key_of(obj) for obj in there if application_of(obj, tracking)]
        return orphans(project, namespace, there, owned)

    def find(self, obj: Object) -> Object | None:
        """The live object that a manifest means; None when it, or its kind, is not there."""
        resource = self._given.catalog.of(obj)
        if resource is None or resource.key not in self._followed:
            return None
        key = key_of(obj)
        return self._given.manager.informer(resource.key).get(key.name, key.namespace if resource.namespaced else "")

    def _follow(self, resource: Resource) -> None:
        kind = (resource.group, resource.kind)
        if not resource.keeps_objects or resource.key in self._followed or kind in _UNWATCHED or is_excluded(*kind):
            return
        self._followed[resource.key] = resource
        self._given.manager.informer(resource.key)
        self._added(Source(resource.key, self._concerned, previous=True))

    def _defined(self, event: WatchEvent) -> Iterable[Request]:
        """A definition that is established brings a kind to follow, and perhaps what an Application waits for."""
        resource = self._given.catalog.by_key(name_of(event.object))
        if resource is not None:
            self._follow(resource)
        return ()

    def _concerned(self, event: WatchEvent) -> Iterable[Request]:
        """The Applications that an object belongs to, or that it lies beside."""
        instances = list(by_application(self._settings.tracking)(event.object))
        if not instances and (namespace := namespace_of(event.object)):
            yield from self._watching(namespace)
        for instance in instances:
            namespace, _, name = instance.rpartition("_")
            yield Request(namespace or NAMESPACE, name)
