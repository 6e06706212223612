"""Copies Endpoints that somebody wrote by hand, for a Service without a selector, to EndpointSlices.

Everything that routes reads slices, so without the copies such Endpoints would have no effect. The manager calls it
when Endpoints, their Service or one of the copies changed.

Upstream: ``pkg/controller/endpointslicemirroring``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from gitopslab.controlplane.controllers.podcontrol import is_namespace_terminating
from gitopslab.controlplane.controllers.slicing import MANAGED_BY, SERVICE_NAME
from gitopslab.controlplane.controllers.subsets import MOST, repacked
from gitopslab.controlplane.controllers.triggertimes import TRIGGER_TIME
from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import ApiError, NotFoundError
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import (
    Object,
    annotations_of,
    controller_reference,
    labels_of,
    name_of,
    namespace_of,
    owners_of,
)

_MANAGER = "endpointslicemirroring-controller.k8s.io"
_RESOURCE = "endpointslices.discovery.k8s.io"
_SKIPPED = "endpointslice.kubernetes.io/skip-mirror"
_LEADER = "control-plane.alpha.kubernetes.io/leader"
_NOT_COPIED = (TRIGGER_TIME, "kubectl.kubernetes.io/last-applied-configuration")


def by_endpoints(endpoint_slice: Object) -> Iterable[str]:
    """The index of the copies, by the ``namespace/name`` of what they were copied from."""
    labels = labels_of(endpoint_slice)
    is_ours = labels.get(MANAGED_BY) == _MANAGER and SERVICE_NAME in labels
    return (f"{namespace_of(endpoint_slice)}/{labels[SERVICE_NAME]}",) if is_ours else ()


class EndpointSliceMirroringController:
    """Reconciles Endpoints to their copies."""

    name = "endpoint-slice-mirroring-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._recorder = Recorder(api, clock, self.name)
        self._endpoints = manager.informer("endpoints")
        self._services = manager.informer("services")
        self._slices = manager.informer(_RESOURCE)
        self.sources: tuple[Source, ...] = (
            Source("endpoints"),
            Source("services"),
            Source(_RESOURCE, _copied_from, previous=True),
        )

    def reconcile(self, request: Request) -> Result:
        """Write the copies of one Endpoints object."""
        endpoints = self._endpoints.get(request.name, request.namespace)
        left = list(self._slices.indexed(by_endpoints, f"{request.namespace}/{request.name}"))
        if endpoints is not None and _is_wanted(endpoints) and self._has_no_selector(request):
            subsets = repacked(endpoints.get("subsets") or ())
            self._tell_if_too_many(endpoints, subsets)
            for wanted, current in _paired(list(_copies(endpoints, subsets)), left):
                self._write(wanted, current)
        for doomed in left:
            self._delete(doomed)
        return DONE

    def _has_no_selector(self, request: Request) -> bool:
        service = self._services.get(request.name, request.namespace)
        return service is not None and not service["spec"].get("selector")

    def _tell_if_too_many(self, endpoints: Object, subsets: list[Object]) -> None:
        skipped = sum(max(0, len(_addresses(subset)) - MOST) for subset in subsets)
        if skipped:
            self._recorder.event(
                endpoints,
                "Warning",
                "TooManyAddressesToMirror",
                f"A max of {MOST} addresses can be mirrored to EndpointSlices per Endpoints subset. "
                f"{skipped} addresses were skipped",
            )

    def _write(self, wanted: Object, current: Object | None) -> None:
        if current is None:
            try:
                self._api.create(wanted)
            except ApiError as error:
                if not is_namespace_terminating(error):
                    raise
            return
        if not _is_copy(current, wanted):
            metadata = {**wanted["metadata"], "name": name_of(current)}
            self._api.update({**wanted, "metadata": metadata})

    def _delete(self, doomed: Object) -> None:
        try:
            self._api.delete(_RESOURCE, name_of(doomed), namespace_of(doomed))
        except NotFoundError:
            return


def _copied_from(event: WatchEvent) -> Iterable[Request]:
    return [Request(*key.split("/")) for key in by_endpoints(event.object)]


def _is_wanted(endpoints: Object) -> bool:
    return labels_of(endpoints).get(_SKIPPED) != "true" and _LEADER not in annotations_of(endpoints)


def _addresses(subset: Object) -> list[tuple[Object, bool]]:
    ready = [(address, True) for address in subset.get("addresses") or ()]
    return ready + [(address, False) for address in subset.get("notReadyAddresses") or ()]


def _copies(endpoints: Object, subsets: list[Object]) -> Iterable[Object]:
    """One slice a subset and address family."""
    for subset in subsets:
        copied = _addresses(subset)[:MOST]
        for family in ("IPv4", "IPv6"):
            found = [_endpoint(one, ready) for one, ready in copied if (":" in one["ip"]) == (family == "IPv6")]
            if found:
                yield _slice(endpoints, family, found, subset.get("ports") or [])


def _endpoint(address: Object, is_ready: bool) -> Object:
    kept = {key: address[key] for key in ("hostname", "nodeName", "targetRef") if address.get(key)}
    return {"addresses": [address["ip"]], "conditions": {"ready": is_ready}, **kept}


def _slice(endpoints: Object, family: str, found: list[Object], ports: list[Object]) -> Object:
    annotations = {key: value for key, value in annotations_of(endpoints).items() if key not in _NOT_COPIED}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{name_of(endpoints)}-",
            "namespace": namespace_of(endpoints),
            "labels": {**labels_of(endpoints), SERVICE_NAME: name_of(endpoints), MANAGED_BY: _MANAGER},
            **({"annotations": annotations} if annotations else {}),
            "ownerReferences": [controller_reference(endpoints)],
        },
        "addressType": family,
        "endpoints": found,
        "ports": [{"name": "", **port} for port in ports] or None,
    }


def _paired(copies: list[Object], slices: list[Object]) -> list[tuple[Object, Object | None]]:
    """Each copy with the slice that will hold it, taken from ``slices``: one with its ports, or any that is left."""
    pairs: list[tuple[Object, Object | None]] = []
    for matches in (_fits, _is_of_family):
        missing = []
        for wanted in copies:
            found = next((each for each in slices if matches(each, wanted)), None)
            if found is None:
                missing.append(wanted)
            else:
                slices.remove(found)
                pairs.append((wanted, found))
        copies = missing
    return [*pairs, *((wanted, None) for wanted in copies)]


def _fits(endpoint_slice: Object, wanted: Object) -> bool:
    return _is_of_family(endpoint_slice, wanted) and _ports(endpoint_slice) == _ports(wanted)


def _is_of_family(endpoint_slice: Object, wanted: Object) -> bool:
    return bool(endpoint_slice["addressType"] == wanted["addressType"])


def _ports(endpoint_slice: Object) -> list[str]:
    return _texts(endpoint_slice.get("ports"))


def _texts(items: list[Object] | None) -> list[str]:
    return sorted(json.dumps(item, sort_keys=True) for item in items or ())


def _is_copy(current: Object, wanted: Object) -> bool:
    return (
        labels_of(current) == labels_of(wanted)
        and annotations_of(current) == annotations_of(wanted)
        and owners_of(current) == owners_of(wanted)
        and _ports(current) == _ports(wanted)
        and _texts(current.get("endpoints")) == _texts(wanted["endpoints"])
    )
