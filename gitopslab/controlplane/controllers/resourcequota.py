"""Counts what a namespace uses of its ResourceQuotas.

The manager calls it when a quota changed, or anything in a namespace that has one. It counts with
``machinery.usage``, the functions that quota admission refuses by, so that what ``kubectl describe quota`` shows and
what is refused agree.

Upstream: ``pkg/controller/resourcequota``.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.machinery import usage
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.kinds import Catalog
from gitopslab.machinery.objects import Object, key_of, namespace_of

_RESOURCE = "resourcequotas"


def covers(quota: Object, key: str, obj: Object) -> bool:
    """Whether a quota counts an object: scopes limit it to some pods."""
    spec = quota.get("spec", {})
    scopes = list(spec.get("scopes") or ())
    scopes += [term["scopeName"] for term in (spec.get("scopeSelector") or {}).get("matchExpressions") or ()]
    return not scopes or (key == "pods" and all(usage.in_scope(scope, obj) for scope in scopes))


class ResourceQuotaController:
    """Reconciles ResourceQuotas.

    Args:
        api: Writes their status.
        manager: Gives the informers.
        clock: Unused; every reconciler is built alike.
        catalog: The resource types a quota can count.
    """

    name = "resourcequota-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock, catalog: Catalog) -> None:
        self._api = api
        self._manager = manager
        self._quotas = manager.informer(_RESOURCE)
        # Events come and go too often to be worth counting, as upstream says too.
        self._counted = [found.key for found in catalog if found.namespaced and found.stored and found.key != "events"]
        others = (Source(key, self._beside) for key in self._counted if key != _RESOURCE)
        self.sources: tuple[Source, ...] = (Source(_RESOURCE), *others)

    def reconcile(self, request: Request) -> Result:
        """Write what is used."""
        quota = self._quotas.get(request.name, request.namespace)
        if quota is None:
            return DONE
        hard = quota.get("spec", {}).get("hard") or {}
        used = self._used(quota)
        spelled = {name: usage.spelled(used.get(name, Decimal(0))) for name in hard}
        status = {"hard": hard, "used": spelled}
        if status != quota.get("status"):
            self._api.update({**quota, "status": status}, "status")
        return DONE

    def _used(self, quota: Object) -> usage.Amounts:
        return usage.added(
            usage.usage(key, obj)
            for key in self._counted
            for obj in self._manager.informer(key).list(namespace_of(quota))
            if usage.is_counted(key, obj) and covers(quota, key, obj)
        )

    def _beside(self, event: WatchEvent) -> Iterable[Request]:
        """The quotas of an object's namespace."""
        return [Request(*key_of(quota)) for quota in self._quotas.list(namespace_of(event.object))]
