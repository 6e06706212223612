"""Counts what a namespace uses of its ResourceQuotas.

Quota admission charges what is made as it is made; here everything is counted when a quota is new or allows something
else, and when what it counts is gone or smaller. Both count with ``machinery.usage``.

Upstream: ``pkg/controller/resourcequota``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.machinery import usage
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.objects import Object, key_of, name_of, namespace_of, uid_of

_RESOURCE = "resourcequotas"
_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
_SHRINKING = ("services", "persistentvolumeclaims")
_IGNORED = ("events", "events.events.k8s.io")  # as upstream: too many, and gone by themselves


class ResourceQuotaController:
    """Reconciles ResourceQuotas.

    Args:
        api: Writes their status.
        manager: Gives the informers.
        clock: The time; a pod that should be gone by now counts no more.
        catalog: The resource types a quota can count.
    """

    name = "resourcequota-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock, catalog: Catalog) -> None:
        self._api = api
        self._manager = manager
        self._clock = clock
        self._quotas = manager.informer(_RESOURCE)
        self._catalog = catalog
        self._counted = [_RESOURCE]
        self._pods: dict[str, _Weight] = {}
        self.sources: tuple[Source, ...] = (Source(_RESOURCE, self._allowed), Source(_DEFINITIONS, self._defined))
        for resource in catalog:
            self._follow(resource)

    def reconcile(self, request: Request) -> Result:
        """Write what is used."""
        quota = self._quotas.get(request.name, request.namespace)
        if quota is None:
            return DONE
        hard = quota.get("spec", {}).get("hard") or {}
        used = {name: str(amount) for name, amount in self._used(quota).items() if name in hard}
        status = {"hard": hard, "used": used}
        if status != quota.get("status"):
            self._api.update({**quota, "status": status}, "status")
        return DONE

    def _used(self, quota: Object) -> usage.Amounts:
        hard, now = quota.get("spec", {}).get("hard") or {}, self._clock.now()
        concerned = [key for key in self._counted if _limits(quota, key)]
        nothing = {name: usage.NOTHING for key in concerned for name in hard if usage.counts(key, name)}
        found = (
            usage.usage(key, obj, now)
            for key in concerned
            for obj in self._manager.informer(key).list(namespace_of(quota))
            if usage.covers(quota, key, obj)
        )
        return usage.added((nothing, *found))

    def _follow(self, resource: Resource) -> None:
        key = resource.key
        if resource.namespaced and resource.keeps_objects and key not in _IGNORED and key not in self._counted:
            self._counted.append(key)
            self._manager.informer(key)
            self.sources = (*self.sources, Source(key, self._beside))

    def _allowed(self, event: WatchEvent) -> Iterable[Request]:
        """A quota whose status does not speak of all it limits; any other has been charged, which is no reason."""
        quota = event.object
        is_counted = quota.get("spec", {}).get("hard") == quota.get("status", {}).get("hard")
        return [] if event.type == "MODIFIED" and is_counted else [Request(*key_of(quota))]

    def _defined(self, event: WatchEvent) -> Iterable[Request]:
        """A definition that is established brings a resource that quotas may count by its name."""
        resource = self._catalog.by_key(name_of(event.object))
        if resource is None or resource.key in self._counted:
            return ()
        self._follow(resource)
        return [Request(*key_of(quota)) for quota in self._quotas if _limits(quota, resource.key)]

    def _beside(self, event: WatchEvent) -> Iterable[Request]:
        """The quotas that count an object's kind in its namespace, when it may count for less than before."""
        shrinks = self._may_shrink(event)
        if event.type == "ADDED" or (event.type == "MODIFIED" and not shrinks):
            return ()
        return [
            Request(*key_of(quota))
            for quota in self._quotas.list(namespace_of(event.object))
            if _limits(quota, event.resource)
        ]

    def _may_shrink(self, event: WatchEvent) -> bool:
        """Whether a change may have made an object count for less (``DefaultUpdateFilter``)."""
        if event.resource != "pods":
            return event.resource in _SHRINKING
        uid, weight = uid_of(event.object), _Weight.of(event.object, self._clock.now())
        before = self._pods.pop(uid, weight)
        if event.type != "DELETED":
            self._pods[uid] = weight
        return weight.differs_from(before)


@dataclass(frozen=True, slots=True)
class _Weight:
    """What a quota looks at when a pod changes: whether it counts, among which, and for how much."""

    is_over: bool
    has_deadline: bool
    resources: dict[str, Any]

    @staticmethod
    def of(pod: Object, now: float) -> _Weight:
        has_deadline = pod.get("spec", {}).get("activeDeadlineSeconds") is not None
        status = pod.get("status", {})
        entries = [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())]
        return _Weight(
            usage.is_over(pod, now), has_deadline, {entry["name"]: entry.get("resources") for entry in entries}
        )

    def differs_from(self, before: _Weight) -> bool:
        resized = any(name in self.resources and self.resources[name] != had for name, had in before.resources.items())
        return resized or self.has_deadline != before.has_deadline or (self.is_over and not before.is_over)


def _limits(quota: Object, key: str) -> bool:
    """Whether a quota limits anything that objects of a resource use."""
    return any(usage.counts(key, name) for name in quota.get("spec", {}).get("hard") or ())
