"""Fills in the address of Ingresses whose class is the lab's.

The manager calls it when an Ingress or a node changed. An Ingress belongs to it when its IngressClass names the
controller ``gitopslab.dev/ingress``; it then shows the addresses of the ready nodes, as an ingress controller on host
ports does.

Simplified: nothing listens there; inside the lab a Service is reached by port-forward.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, is_condition_true, is_terminating, key_of

CONTROLLER = "gitopslab.dev/ingress"
_INGRESSES, _CLASSES = "ingresses.networking.k8s.io", "ingressclasses.networking.k8s.io"


def node_addresses(nodes: Iterable[Object]) -> list[str]:
    """The internal addresses of the ready nodes that pods may run on, in order."""
    found = []
    for node in nodes:
        taints = node.get("spec", {}).get("taints") or ()
        if is_condition_true(node, "Ready") and not any(taint.get("effect") == "NoSchedule" for taint in taints):
            listed = node.get("status", {}).get("addresses") or ()
            found += [entry["address"] for entry in listed if entry["type"] == "InternalIP"]
    return sorted(found)


class IngressController:
    """Reconciles Ingresses of the lab's class."""

    name = "nginx-ingress-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._recorder = Recorder(api, clock, self.name)
        self._ingresses = manager.informer(_INGRESSES)
        self._classes = manager.informer(_CLASSES)
        self._nodes = manager.informer("nodes")
        self.sources: tuple[Source, ...] = (
            Source(_INGRESSES),
            Source(_CLASSES, self._all),
            Source("nodes", self._all),
        )

    def reconcile(self, request: Request) -> Result:
        """Write the addresses an Ingress is reached at."""
        ingress = self._ingresses.get(request.name, request.namespace)
        if ingress is None or is_terminating(ingress) or not self._is_ours(ingress):
            return DONE
        balancer = {"ingress": [{"ip": address} for address in node_addresses(self._nodes)]}
        known = (ingress.get("status", {}).get("loadBalancer") or {}).get("ingress")
        if balancer["ingress"] and balancer["ingress"] != known:
            self._api.update({**ingress, "status": {"loadBalancer": balancer}}, "status")
            self._recorder.event(ingress, "Normal", "Sync", "Scheduled for sync")
        return DONE

    def _is_ours(self, ingress: Object) -> bool:
        found = self._classes.get(ingress["spec"].get("ingressClassName") or "")
        return found is not None and found["spec"].get("controller") == CONTROLLER

    def _all(self, event: WatchEvent) -> Iterable[Request]:
        """Every Ingress: a class may have become ours, or a node ready."""
        return [Request(*key_of(ingress)) for ingress in self._ingresses]
