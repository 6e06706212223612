"""Keeps the Endpoints of every Service with a selector in step with its pods: the older form of its EndpointSlices.

The manager calls it when a Service changed, a pod that it selects, or when its Endpoints were deleted. It reads pods
from an informer and writes the one object that bears the Service's name, which goes when the Service goes. Endpoints
of Services without a selector are their author's, and ``endpointslicemirroring`` copies them to slices.

Upstream: ``pkg/controller/endpoint``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.controllers.podcontrol import is_namespace_terminating
from gitopslab.controlplane.controllers.podstate import is_ready, node_of
from gitopslab.controlplane.controllers.slicing import (
    HEADLESS,
    address_types,
    addresses_of,
    belongs,
    ports_of,
    selecting,
)
from gitopslab.controlplane.controllers.subsets import repacked, truncated
from gitopslab.controlplane.controllers.triggertimes import TRIGGER_TIME, TriggerTimes
from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source, own_key
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import ApiError, NotFoundError
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import (
    Object,
    annotations_of,
    is_terminating,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    object_reference,
)

_MANAGED_BY = "endpoints.kubernetes.io/managed-by"
_OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"


class EndpointController:
    """Reconciles Services to their Endpoints."""

    name = "endpoint-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._recorder = Recorder(api, clock, self.name)
        self._services = manager.informer("services")
        self._pods = manager.informer("pods")
        self._endpoints = manager.informer("endpoints")
        self._trigger_times = TriggerTimes()
        self.sources: tuple[Source, ...] = (
            Source("services"),
            Source("pods", self._selecting, previous=True),
            Source("endpoints", _when_deleted_or_left),
        )

    def reconcile(self, request: Request) -> Result:
        """Write the Endpoints of one Service."""
        service = self._services.get(request.name, request.namespace)
        if service is None:
            self._trigger_times.forget(request)
            self._delete(request)
            return DONE
        spec = service["spec"]
        if spec.get("type") == "ExternalName" or not spec.get("selector"):
            return DONE
        pods = self._selected(service)
        trigger_time = self._trigger_times.advance(service, pods)
        subsets, is_truncated = truncated(repacked(_subsets(service, pods)))
        current = self._endpoints.get(request.name, request.namespace)
        wanted = _wanted(service, subsets, current)
        if current is not None and _says_the_same(wanted, current):
            return DONE
        _annotate(wanted, trigger_time, is_truncated)
        self._write(wanted, current)
        return DONE

    def _selected(self, service: Object) -> list[Object]:
        wanted = service["spec"]["selector"].items()
        pods = self._pods.list(namespace_of(service))
        stays = bool(service["spec"].get("publishNotReadyAddresses"))
        found = [pod for pod in pods if wanted <= labels_of(pod).items() and belongs(pod)]
        return [pod for pod in found if stays or not is_terminating(pod)]

    def _write(self, wanted: Object, current: Object | None) -> None:
        try:
            if current is None:
                self._api.create(wanted)
            else:
                self._api.update(wanted)
        except ApiError as error:
            if is_namespace_terminating(error):
                return
            self._tell(wanted, "create endpoint for service" if current is None else "update endpoint", error)
            raise

    def _tell(self, endpoints: Object, what: str, error: ApiError) -> None:
        verb = what.split()[0].capitalize()
        place = f"{namespace_of(endpoints)}/{name_of(endpoints)}"
        message = f"Failed to {what} {place}: {error.message}"
        self._recorder.event(endpoints, "Warning", f"FailedTo{verb}Endpoint", message)

    def _delete(self, request: Request) -> None:
        if self._endpoints.get(request.name, request.namespace) is None:
            return
        try:
            self._api.delete("endpoints", request.name, request.namespace)
        except NotFoundError:
            return

    def _selecting(self, event: WatchEvent) -> Iterable[Request]:
        """The Services that select a pod."""
        beside = self._services.list(namespace_of(event.object))
        return [Request(*key_of(service)) for service in selecting(beside, event.object)]


def _when_deleted_or_left(event: WatchEvent) -> Iterable[Request]:
    """Deleted Endpoints come back; those found at the start may have lost their Service meanwhile."""
    return own_key(event) if event.type == "DELETED" or not event.revision else ()


def _subsets(service: Object, pods: list[Object]) -> Iterable[Object]:
    """One subset a pod and port; a headless Service may have no ports at all."""
    spec = service["spec"]
    (family, *_) = address_types(service)
    for pod in pods:
        found = addresses_of(pod, family)
        if not found:
            continue
        is_published = bool(spec.get("publishNotReadyAddresses")) or is_ready(pod)
        subset = {"addresses" if is_published else "notReadyAddresses": [_address(pod, found[0], service)]}
        if not spec.get("ports"):
            yield subset
        for port in ports_of(service, pod):
            yield {**subset, "ports": [{key: value for key, value in port.items() if value}]}


def _address(pod: Object, ip: str, service: Object) -> Object:
    reference = object_reference(pod)
    address: Object = {"ip": ip}
    if pod["spec"].get("hostname") and pod["spec"].get("subdomain") == name_of(service):
        address["hostname"] = pod["spec"]["hostname"]
    target = {key: reference[key] for key in ("kind", "namespace", "name", "uid")}
    return {**address, "nodeName": node_of(pod), "targetRef": target}


def _wanted(service: Object, subsets: list[Object], current: Object | None) -> Object:
    labels = {key: value for key, value in labels_of(service).items() if key != HEADLESS}
    if service["spec"].get("clusterIP") in (None, "", "None"):
        labels[HEADLESS] = ""
    labels[_MANAGED_BY] = EndpointController.name
    made = {"name": name_of(service), "namespace": namespace_of(service)}
    metadata = {**(current["metadata"] if current else made), "labels": labels}
    wanted: Object = {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata}
    return {**wanted, "subsets": subsets} if subsets else wanted


def _says_the_same(wanted: Object, current: Object) -> bool:
    is_same = labels_of(wanted) == labels_of(current) and _OVER_CAPACITY not in annotations_of(current)
    return is_same and (wanted.get("subsets") or []) == repacked(current.get("subsets") or ())


def _annotate(endpoints: Object, trigger_time: str, is_truncated: bool) -> None:
    annotations = {
        **annotations_of(endpoints),
        TRIGGER_TIME: trigger_time,
        _OVER_CAPACITY: "truncated" if is_truncated else "",
    }
    kept = {key: value for key, value in annotations.items() if value or key not in (TRIGGER_TIME, _OVER_CAPACITY)}
    endpoints["metadata"].pop("annotations", None)
    if kept:
        endpoints["metadata"]["annotations"] = kept
