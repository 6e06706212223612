"""Keeps the EndpointSlices of every Service with a selector in step with its pods.

The manager calls it when a Service changed, a pod that it selects, or one of its slices. It reads pods, nodes and
slices from informers and writes the plan that ``slicing`` makes. Slices of Services without a selector are their
author's; those of a deleted Service go with it, by garbage collection. Routing by them is the proxy's.

Upstream: ``pkg/controller/endpointslice``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.controllers.podcontrol import is_namespace_terminating
from gitopslab.controlplane.controllers.podstate import node_of
from gitopslab.controlplane.controllers.slicing import (
    MANAGED_BY,
    MANAGER,
    SERVICE_NAME,
    Group,
    Plan,
    address_types,
    belongs,
    endpoint_of,
    grouped,
    planned,
    selecting,
)
from gitopslab.controlplane.controllers.triggertimes import TRIGGER_TIME, TriggerTimes
from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
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
)

_RESOURCE = "endpointslices.discovery.k8s.io"
_NODE_RETRY = 1.0  # seconds after which a pod whose node is unknown is looked at again


def by_service(endpoint_slice: Object) -> Iterable[str]:
    """The index of the slices this controller manages, by ``namespace/service``."""
    labels = labels_of(endpoint_slice)
    is_ours = labels.get(MANAGED_BY) == MANAGER and SERVICE_NAME in labels
    return (f"{namespace_of(endpoint_slice)}/{labels[SERVICE_NAME]}",) if is_ours else ()


def by_namespace(pod: Object) -> Iterable[str]:
    """The index of the pods that can be endpoints, by namespace."""
    return (namespace_of(pod),) if belongs(pod) else ()


class EndpointSliceController:
    """Reconciles Services to their EndpointSlices."""

    name = "endpoint-slice-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._services = manager.informer("services")
        self._pods = manager.informer("pods")
        self._nodes = manager.informer("nodes")
        self._slices = manager.informer(_RESOURCE)
        self._trigger_times = TriggerTimes()
        self.sources: tuple[Source, ...] = (
            Source("services"),
            Source("pods", self._selecting, previous=True),
            Source(_RESOURCE, self._owning, previous=True),
        )

    def reconcile(self, request: Request) -> Result:
        """Write the slices of one Service."""
        service = self._services.get(request.name, request.namespace)
        if service is None:
            self._trigger_times.forget(request)
            return DONE
        if service["spec"].get("type") == "ExternalName" or not service["spec"].get("selector"):
            return DONE
        pods = self._selected(service)
        known = [pod for pod in pods if self._has_node(pod) or service["spec"].get("publishNotReadyAddresses")]
        trigger_time = self._trigger_times.advance(service, pods)
        existing = list(self._slices.indexed(by_service, f"{request.namespace}/{request.name}"))
        families = address_types(service)
        for family in families:
            ours = [found for found in existing if found["addressType"] == family]
            self._write(service, planned(service, family, ours, self._groups(service, known, family)), trigger_time)
        self._write(service, Plan(delete=[found for found in existing if found["addressType"] not in families]), "")
        return DONE if len(known) == len(pods) else Result(_NODE_RETRY)

    def _selected(self, service: Object) -> list[Object]:
        wanted = service["spec"]["selector"].items()
        pods = self._pods.indexed(by_namespace, namespace_of(service))
        return [pod for pod in pods if wanted <= labels_of(pod).items()]

    def _has_node(self, pod: Object) -> bool:
        return self._nodes.get(node_of(pod)) is not None

    def _groups(self, service: Object, pods: list[Object], family: str) -> dict[str, Group]:
        found = []
        for pod in pods:
            endpoint = endpoint_of(pod, service, self._nodes.get(node_of(pod)), family)
            if endpoint is not None:
                found.append((pod, endpoint))
        return grouped(service, found)

    def _write(self, service: Object, plan: Plan, trigger_time: str) -> None:
        # A Service on its way out gets no new slices: they would race with the garbage collector.
        for wanted in () if is_terminating(service) else plan.create:
            try:
                self._api.create(_triggered(wanted, trigger_time))
            except ApiError as error:
                if is_namespace_terminating(error):
                    return
                raise
        for wanted in plan.update:
            self._api.update(_triggered(wanted, trigger_time))
        for doomed in plan.delete:
            try:
                self._api.delete(_RESOURCE, name_of(doomed), namespace_of(doomed))
            except NotFoundError:
                continue

    def _selecting(self, event: WatchEvent) -> Iterable[Request]:
        """The Services that select a pod."""
        beside = self._services.list(namespace_of(event.object))
        return [Request(*key_of(service)) for service in selecting(beside, event.object)]

    @staticmethod
    def _owning(event: WatchEvent) -> Iterable[Request]:
        """The Service a slice was made for, so that what others did to it is undone."""
        return [Request(*key.split("/")) for key in by_service(event.object)]


def _triggered(endpoint_slice: Object, trigger_time: str) -> Object:
    annotations = {key: value for key, value in annotations_of(endpoint_slice).items() if key != TRIGGER_TIME}
    if trigger_time:
        annotations[TRIGGER_TIME] = trigger_time
    metadata = {key: value for key, value in endpoint_slice["metadata"].items() if key != "annotations"}
    return {**endpoint_slice, "metadata": {**metadata, **({"annotations": annotations} if annotations else {})}}
