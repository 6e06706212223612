"""Whether the API server behind an APIService can be reached: what is known of it from this side.

The manager calls it when an APIService, a Service or an EndpointSlice changed.

Upstream: ``kube-aggregator/pkg/controllers/status/remote``. Simplified: no request is handed on to another API server,
so one that could be asked is said not to answer.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.controllers.conditions import with_condition
from gitopslab.controlplane.daemon.apiservices import SERVICES
from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, labels_of, name_of, namespace_of

_SLICES = "endpointslices.discovery.k8s.io"
_OWNER = "kubernetes.io/service-name"


class ApiAvailabilityController:
    """Writes the condition ``Available`` of APIServices that have a Service.

    Args:
        api: Writes conditions.
        manager: Gives the informers.
        clock: Dates conditions.
    """

    name = "apiservice-availability-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._registered = manager.informer(SERVICES)
        self._services = manager.informer("services")
        self._slices = manager.informer(_SLICES)
        self.sources: tuple[Source, ...] = (
            Source(SERVICES),
            Source("services", lambda event: self._behind(event, name_of(event.object))),
            Source(_SLICES, lambda event: self._behind(event, labels_of(event.object).get(_OWNER, ""))),
        )

    def reconcile(self, request: Request) -> Result:
        """Say why the API server of an APIService is not available."""
        registered = self._registered.get(request.name)
        target = ((registered or {}).get("spec") or {}).get("service")
        if registered is None or target is None:
            return DONE
        reason, message = self._fault(registered["spec"], target)
        told = with_condition(registered, ("Available", "False", reason, message), self._clock.now())
        if told != registered:
            self._api.update(told, "status")
        return DONE

    def _fault(self, spec: Object, target: Object) -> tuple[str, str]:
        namespace, name, number = target.get("namespace", ""), target.get("name", ""), target.get("port", 443)
        known, service = f'service/{name} in "{namespace}"', self._services.get(name, namespace)
        if service is None:
            return "ServiceNotFound", f"{known} is not present"
        if service["spec"].get("type") == "ClusterIP":
            port = next((port for port in service["spec"].get("ports") or () if port["port"] == number), None)
            if port is None:
                return "ServicePortError", f"{known} is not listening on port {number}"
            slices = [one for one in self._slices.list(namespace) if labels_of(one).get(_OWNER) == name]
            if not slices:
                return "EndpointsNotFound", f"cannot find endpointslices for {known}"
            if not any(_is_active(one, port.get("name", "")) for one in slices):
                text = f'endpointslices for {known} have no addresses with port name "{port.get("name", "")}"'
                return "MissingEndpoints", text
        where = f"https://{service['spec'].get('clusterIP')}:{number}/apis/{spec.get('group')}/{spec['version']}"
        return "FailedDiscoveryCheck", f"failing or missing response from {where}"

    def _behind(self, event: WatchEvent, service: str) -> Iterable[Request]:
        for registered in self._registered:
            target = registered["spec"].get("service") or {}
            if (target.get("namespace"), target.get("name")) == (namespace_of(event.object), service):
                yield Request("", name_of(registered))


def _is_active(endpoint_slice: Object, port: str) -> bool:
    endpoints, ports = endpoint_slice.get("endpoints") or (), endpoint_slice.get("ports") or ()
    return any((endpoint.get("conditions") or {}).get("ready", True) for endpoint in endpoints) and any(
        one.get("name") == port and one.get("port") is not None for one in ports
    )
