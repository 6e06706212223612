"""Empties a namespace that is being deleted, then lets it go.

The manager calls it when a namespace changed, and when a pod inside a terminating one has gone. It waits a little
before it begins, for what was created in the last moment. Pods are deleted first and everything else only once they
are gone, so that no pod outlives the policies that guard it. Each pass writes what remains to the namespace's
conditions, pods excepted; when nothing does, the ``kubernetes`` finalizer is taken off and the API server removes it.
That nothing new can be created meanwhile is the API server's doing.

Upstream: ``pkg/controller/namespace`` and ``deletion/namespaced_resources_deleter.go``. Simplified: a pass follows as
soon as a pod has gone; the real one looks again only after half of the pods' longest grace. A ``quick`` one, which a
learner's cluster has, begins after a second and looks again as soon as anything has gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from gitopslab.controlplane.controllers.conditions import put
from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import ApiError, NotFoundError
from gitopslab.machinery.clock import Clock, timestamp
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.objects import Object, is_terminating, name_of, namespace_of

_FINALIZER = "kubernetes"
_GRACE = 5.0  # seconds before the first pass, ``namespaceDeletionGracePeriod``
_QUICK_GRACE = 1.0
_AGAIN = 8.0  # seconds after which finalizers are looked at again: half of ``finalizerEstimateSeconds``, and one

_GOOD: dict[str, tuple[str, str]] = {
    "NamespaceDeletionDiscoveryFailure": ("ResourcesDiscovered", "All resources successfully discovered"),
    "NamespaceDeletionGroupVersionParsingFailure": (
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    "NamespaceDeletionContentFailure": (
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    "NamespaceContentRemaining": ("ContentRemoved", "All content successfully removed"),
    "NamespaceFinalizersRemaining": ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
}


@dataclass(slots=True)
class Remains:
    """What a pass over a namespace left behind.

    Attributes:
        resources: How many objects there still are, by ``plural.group``.
        finalizers: How many objects each finalizer holds.
        errors: Why deletions were refused.
        pods_only: Whether pods remain, so that nothing else was looked at. Conditions say nothing of pods.
    """

    resources: Counter[str] = field(default_factory=Counter)
    finalizers: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    pods_only: bool = False

    def add(self, resource: Resource, objects: list[Object]) -> None:
        """Count objects that are still there."""
        if objects:
            self.resources[f"{resource.plural}.{resource.group}"] += len(objects)
        self.finalizers.update(name for obj in objects for name in obj["metadata"].get("finalizers") or ())


def conditions_of(remains: Remains, known: list[Object], now: float) -> list[Object]:
    """The five conditions of a terminating namespace."""
    bad: dict[str, tuple[str, str]] = {}
    if remains.errors:
        message = "Failed to delete all resource types, "
        bad["NamespaceDeletionContentFailure"] = (
            "ContentDeletionFailed",
            f"{message}{len(remains.errors)} remaining: {', '.join(remains.errors)}",
        )
    if remains.resources and not remains.pods_only:
        listed = (f"{name} has {count} resource instances" for name, count in sorted(remains.resources.items()))
        bad["NamespaceContentRemaining"] = (
            "SomeResourcesRemain",
            f"Some resources are remaining: {', '.join(listed)}",
        )
    if remains.finalizers and not remains.pods_only:
        listed = (f"{name} in {count} resource instances" for name, count in sorted(remains.finalizers.items()))
        bad["NamespaceFinalizersRemaining"] = (
            "SomeFinalizersRemain",
            f"Some content in the namespace has finalizers remaining: {', '.join(listed)}",
        )
    for kind, good in _GOOD.items():
        reason, message = bad.get(kind, good)
        known = _told(known, kind, "True" if kind in bad else "False", reason, message, now)
    return known


def _told(known: list[Object], kind: str, status: str, reason: str, message: str, now: float) -> list[Object]:
    condition = {"type": kind, "status": status, "lastTransitionTime": timestamp(now)}
    updated = put(known, {**condition, "reason": reason, "message": message})
    # Counts change while the reason stays, and they are what a waiting user looks at.
    return [{**found, "message": message} if found["type"] == kind else found for found in updated]


class NamespaceController:
    """Reconciles namespaces.

    Args:
        api: Lists and deletes the content.
        manager: Gives the informers.
        clock: Dates conditions.
        catalog: The resource types a namespace can hold.
        quick: Whether to be quicker than the real one.
    """

    name = "namespace-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock, catalog: Catalog, *, quick: bool = False) -> None:
        self._api = api
        self._clock = clock
        self._quick = quick
        self._due: dict[str, float] = {}
        self._catalog = catalog
        self._namespaces = manager.informer("namespaces")
        # Events have no finalizers, so nothing ever waits for one; they need no watch.
        keys = [resource.key for resource in self._content() if resource.key != "events"]
        self._watched = {key: manager.informer(key) for key in keys}
        departures = (Source(key, self._left) for key in keys)
        self.sources: tuple[Source, ...] = (Source("namespaces"), *departures)

    def reconcile(self, request: Request) -> Result:
        """Delete what is in a terminating namespace, report what remains, and finalize it once empty."""
        namespace = self._namespaces.get(request.name)
        if namespace is None or not is_terminating(namespace):
            self._due.pop(request.name, None)
            return DONE
        now = self._clock.now()
        due = self._due.setdefault(request.name, now + (_QUICK_GRACE if self._quick else _GRACE))
        if now < due:
            return Result(due - now)
        finalizers = namespace.get("spec", {}).get("finalizers") or []
        if _FINALIZER not in finalizers:
            return DONE
        remains = self._empty(request.name)
        conditions = conditions_of(remains, namespace.get("status", {}).get("conditions") or [], self._clock.now())
        namespace = self._report(namespace, conditions)
        if remains.resources or remains.errors:
            return Result(_AGAIN)
        kept = [finalizer for finalizer in finalizers if finalizer != _FINALIZER]
        self._api.update({**namespace, "spec": {"finalizers": kept} if kept else {}}, "finalize")
        return DONE

    def _content(self) -> Iterable[Resource]:
        found = (one for one in self._catalog if one.namespaced and one.keeps_objects and "delete" in one.verbs)
        return {one.key: one for one in found}.values()  # a custom resource may be served in several versions

    def _empty(self, namespace: str) -> Remains:
        remains = Remains()
        for resource in sorted(self._content(), key=lambda resource: resource.key != "pods"):
            self._delete_all(resource, namespace, remains)
            if resource.key == "pods" and remains.resources:
                remains.pods_only = True
                break
        return remains

    def _delete_all(self, resource: Resource, namespace: str, remains: Remains) -> None:
        held = self._held(resource, namespace)
        asked = [self._delete(resource, obj, remains) for obj in held if not is_terminating(obj)]
        remains.add(resource, self._api.list(resource.key, namespace) if any(asked) else held)

    def _held(self, resource: Resource, namespace: str) -> list[Object]:
        """What the namespace holds, without copies: this runs once for every pod that leaves."""
        watched = self._watched.get(resource.key)
        return watched.list(namespace) if watched is not None else self._api.list(resource.key, namespace)

    def _delete(self, resource: Resource, obj: Object, remains: Remains) -> bool:
        try:
            self._api.delete(resource.key, name_of(obj), namespace_of(obj), propagation="Background")
        except NotFoundError:
            return True
        except ApiError as error:
            remains.errors.append(error.message)
        return True

    def _report(self, namespace: Object, conditions: list[Object]) -> Object:
        status = {"phase": "Terminating", "conditions": conditions}
        if status == namespace.get("status"):
            return namespace
        return self._api.update({**namespace, "status": status}, "status")

    def _left(self, event: WatchEvent) -> Iterable[Request]:
        """A departure asks for its namespace, when that is waiting for it."""
        if event.type != "DELETED" or (event.resource != "pods" and not self._quick):
            return ()
        namespace = self._namespaces.get(namespace_of(event.object))
        return (Request("", name_of(namespace)),) if namespace is not None and is_terminating(namespace) else ()
