"""Gives Services of type LoadBalancer an address from a pool, as MetalLB does in a cluster without a cloud.

The manager calls it when a Service changed, and for all of them when the pool did. The pool is the ConfigMap
``load-balancer`` in ``kube-system``: ``addresses: 172.18.255.200-172.18.255.250``. Without it Services stay pending,
as on any bare cluster.

Simplified: nothing announces the address; inside the lab a Service is reached by port-forward.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address

from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, is_terminating, key_of

POOL = ("kube-system", "load-balancer")


def addresses_of(service: Object) -> list[str]:
    """The addresses a Service has been given."""
    given = (service.get("status", {}).get("loadBalancer") or {}).get("ingress") or ()
    return [entry["ip"] for entry in given if entry.get("ip")]


def pool_of(config_map: Object | None) -> list[str]:
    """The addresses of a pool, in order; none when its text cannot be read."""
    text = ((config_map or {}).get("data") or {}).get("addresses", "")
    first, _, last = (part.strip() for part in text.partition("-"))
    try:
        start, end = IPv4Address(first), IPv4Address(last or first)
    except ValueError:
        return []
    return [str(IPv4Address(number)) for number in range(int(start), int(end) + 1)]


def chosen(pool: list[str], taken: set[str], wish: str) -> str:
    """The wished address, else the lowest one that is free; empty when there is none."""
    free = (address for address in ([wish] if wish else pool) if address in pool and address not in taken)
    return next(free, "")


class LoadBalancerController:
    """Reconciles Services of type LoadBalancer."""

    name = "metallb-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._recorder = Recorder(api, clock, self.name)
        self._services = manager.informer("services")
        self._giving: set[str] = set()  # what is being written, which may have to wait for a webhook
        self._config_maps = manager.informer("configmaps")
        self.sources: tuple[Source, ...] = (Source("services"), Source("configmaps", self._all))

    def reconcile(self, request: Request) -> Result:
        """Give a Service an address when it wants one, and take it back when it wants none any more."""
        service = self._services.get(request.name, request.namespace)
        pool = pool_of(self._config_maps.get(POOL[1], POOL[0]))
        if service is None or not pool or is_terminating(service):
            return DONE
        is_ours = bool(set(addresses_of(service)) & set(pool))
        if _wants_address(service) is is_ours:
            return DONE
        if is_ours:
            return self._show(service, {})
        taken = {address for other in self._services for address in addresses_of(other)} | self._giving
        address = chosen(pool, taken, service["spec"].get("loadBalancerIP") or "")
        if not address:
            message = f'Failed to allocate IP for "{request.namespace}/{request.name}": no available IPs'
            self._recorder.event(service, "Warning", "AllocationFailed", message)
            return DONE
        return self._give(service, address)

    def _give(self, service: Object, address: str) -> Result:
        self._giving.add(address)
        try:
            self._recorder.event(service, "Normal", "IPAllocated", f'Assigned IP ["{address}"]')
            return self._show(service, {"ingress": [{"ip": address, "ipMode": "VIP"}]})
        finally:
            self._giving.discard(address)

    def _show(self, service: Object, balancer: Object) -> Result:
        self._api.update({**service, "status": {**service.get("status", {}), "loadBalancer": balancer}}, "status")
        return DONE

    def _all(self, event: WatchEvent) -> Iterable[Request]:
        """Every Service, when the pool changed."""
        return [Request(*key_of(service)) for service in self._services] if key_of(event.object) == POOL else ()


def _wants_address(service: Object) -> bool:
    spec = service["spec"]
    return spec.get("type") == "LoadBalancer" and not spec.get("loadBalancerClass")
