"""The namespaces that every cluster has, and that come back when somebody deletes those that can be.

``bootstrap`` makes them in a new cluster; the manager calls the controller every minute.

Upstream: ``pkg/controlplane/controller/systemnamespaces``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import Request, Result, Source
from gitopslab.machinery.objects import Object

SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
_EVERY = 60.0  # seconds
_ALL = Request("", "")


def namespace(name: str) -> Object:
    """A namespace of this name."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


class SystemNamespacesController:
    """Makes them again."""

    name = "system-namespaces-controller"

    def __init__(self, api: Api, manager: Manager) -> None:
        self._api = api
        self._namespaces = manager.informer("namespaces")
        self.sources: tuple[Source, ...] = (Source("namespaces", _all, delay=_later),)

    def reconcile(self, request: Request) -> Result:
        """Create what is missing, and look again in a minute."""
        for name in SYSTEM_NAMESPACES:
            if self._namespaces.get(name) is None:
                self._api.create(namespace(name))
        return Result(_EVERY)


def _all(event: WatchEvent) -> Iterable[Request]:
    return (_ALL,)


def _later(event: WatchEvent, before: Object | None) -> float:
    return _EVERY
