"""Keeps listeners and names as Services and EndpointSlices say.

The manager calls it for every Service that changed, or whose endpoints did; the request without a name has the names
written that pods look up. Upstream: ``pkg/proxy`` (which endpoints count: ready ones, else those that still serve while
they end), and CoreDNS' ``kubernetes`` plugin (which names there are).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

from gitopslab.controlplane.kubeproxy.balancer import Balancer, Endpoint
from gitopslab.controlplane.kubeproxy.listeners import Listener
from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.controlplane.runtime.loopback import Loopback
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.streams import Ports
from gitopslab.machinery.objects import Object, labels_of, name_of, namespace_of

_SERVICE = "kubernetes.io/service-name"
_NAMES = Request("", "")
_API = ("default", "kubernetes")
_AFFINITY = 10_800  # seconds, where the Service does not say


def by_service(obj: Object) -> Iterable[str]:
    """The index of slices by the Service, as ``NAMESPACE/NAME``, whose endpoints they hold."""
    name = labels_of(obj).get(_SERVICE)
    return (f"{namespace_of(obj)}/{name}",) if name else ()


def _of_slice(event: WatchEvent) -> Iterable[Request]:
    name = labels_of(event.object).get(_SERVICE)
    return (Request(namespace_of(event.object), name), _NAMES) if name else ()


def _of_service(event: WatchEvent) -> Iterable[Request]:
    return Request(namespace_of(event.object), name_of(event.object)), _NAMES


class KubeProxy:
    """The service proxy of a cluster.

    Args:
        manager: Its informers are read.
        loopback: The addresses; as long as nobody uses them nothing listens.
        ports: Connects to pods.
        api: The port of the API server on this machine; 0 for none.
    """

    name = "kube-proxy"
    sources: tuple[Source, ...] = (
        Source("services", _of_service),
        Source("endpointslices.discovery.k8s.io", _of_slice),
    )

    def __init__(self, manager: Manager, loopback: Loopback, ports: Ports, api: int = 0) -> None:
        self._manager = manager
        self._services = manager.informer("services")
        self._slices = manager.informer("endpointslices.discovery.k8s.io")
        self._loopback = loopback
        self._ports = ports
        self._api = api
        self._listeners: dict[Request, dict[int, Listener]] = {}
        self._addresses: dict[Request, str] = {}
        self._closing: set[asyncio.Task[None]] = set()
        loopback.on_use(self._begin)

    def reconcile(self, request: Request) -> Result:
        """Bring the listeners of one Service, or the names of all, up to date."""
        if not self._loopback.is_used:
            return DONE
        if request == _NAMES:
            self._loopback.name({name: addresses for one in self._services for name, addresses in self._names(one)})
        else:
            self._listen(request, self._services.get(request.name, request.namespace))
        self._loopback.write()
        return DONE

    async def close(self) -> None:
        """Take no more connections."""
        for request in list(self._listeners):
            self._forget(request)
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _begin(self) -> None:
        for service in self._services:
            self._manager.ask(self.name, Request(namespace_of(service), name_of(service)))
        self._manager.ask(self.name, _NAMES)

    def _listen(self, request: Request, service: Object | None) -> None:
        address = _address(service)
        if service is None or not address or address != self._addresses.get(request, address):
            self._forget(request)
        if service is None or not address:
            return
        self._addresses[request] = address
        place = self._loopback.place(address)
        listeners = self._listeners.setdefault(request, {})
        wanted = dict(self._endpoints(service))
        for port in listeners.keys() - {port for port, endpoints in wanted.items() if endpoints}:
            self._close(listeners.pop(port))  # without endpoints a connection is refused
        for port, endpoints in wanted.items():
            if endpoints and port not in listeners:
                listeners[port] = Listener(place, port, Balancer(), self._ports)
            if endpoints:
                listeners[port].balancer.affinity = _affinity(service)
                listeners[port].balancer.know(endpoints)
        self._loopback.map_ports(address, {port: listener.port for port, listener in listeners.items()})

    def _forget(self, request: Request) -> None:
        for listener in self._listeners.pop(request, {}).values():
            self._close(listener)
        if request in self._addresses:
            self._loopback.forget(self._addresses.pop(request))

    def _close(self, listener: Listener) -> None:
        task = asyncio.get_running_loop().create_task(listener.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _endpoints(self, service: Object) -> Iterator[tuple[int, list[Endpoint]]]:
        """The endpoints of each TCP port: those that are ready, else those that still serve."""
        slices = self._slices.indexed(by_service, f"{namespace_of(service)}/{name_of(service)}")
        for port in service["spec"].get("ports") or ():
            if port.get("protocol", "TCP") != "TCP":
                continue
            found = [one for each in slices for one in self._of_port(each, str(port.get("name") or ""))]
            ready = [endpoint for endpoint, conditions in found if conditions.get("ready")]
            serving = [endpoint for endpoint, conditions in found if conditions.get("serving")]
            yield port["port"], sorted(ready or serving, key=lambda one: one.pod)

    def _of_port(self, each: Object, name: str) -> Iterator[tuple[Endpoint, Object]]:
        numbers = [one["port"] for one in each.get("ports") or () if (one.get("name") or "") == name]
        is_api = (namespace_of(each), labels_of(each)[_SERVICE]) == _API
        for endpoint in each.get("endpoints") or () if numbers else ():
            pod, conditions = endpoint.get("targetRef") or {}, endpoint.get("conditions") or {}
            if pod.get("kind") == "Pod":
                yield Endpoint(pod["namespace"], pod["name"], numbers[0]), conditions
            elif is_api and self._api:
                yield Endpoint("", "", self._api), conditions
            elif endpoint["addresses"] == ["localhost"]:  # the forge: what runs beside the cluster on this machine
                yield Endpoint("", "", numbers[0]), conditions

    def _names(self, service: Object) -> Iterator[tuple[str, list[str]]]:
        name = f"{name_of(service)}.{namespace_of(service)}"
        if address := _address(service):
            yield name, [address]
        if service["spec"].get("clusterIP") != "None":
            return
        slices = self._slices.indexed(by_service, f"{namespace_of(service)}/{name_of(service)}")
        found = [one for each in slices for one in each.get("endpoints") or () if one["conditions"].get("ready")]
        yield name, [address for one in found for address in one["addresses"]]
        yield from ((f"{one['hostname']}.{name}", one["addresses"]) for one in found if one.get("hostname"))


def _address(service: Object | None) -> str:
    """The cluster address; empty of a headless Service, and of one that has none."""
    address = str((service or {"spec": {}})["spec"].get("clusterIP") or "")
    return "" if address == "None" or ":" in address else address


def _affinity(service: Object) -> float:
    if service["spec"].get("sessionAffinity") != "ClientIP":
        return 0.0
    config = (service["spec"].get("sessionAffinityConfig") or {}).get("clientIP") or {}
    return float(config.get("timeoutSeconds", _AFFINITY))
