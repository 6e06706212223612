"""Field selectors: which paths of which resource ``--field-selector`` may ask for.

``reading`` calls ``selectable`` when a list or watch carries a field selector, and reads each object through what it
gets back. Upstream each kind registers a field label conversion (``pkg/apis/core/v1/conversion.go``) and a
``ToSelectableFields`` of its registry strategy; the table below is both.

How terms are compared belongs to ``machinery.selectors``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from gitopslab.controlplane.server.custom.version import CustomResource
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object

Reader = Callable[[Object], str]


def field_reader(resource: Resource) -> dict[str, Reader]:
    """What may be selected on: each supported path with the function that reads it as text."""
    readers = _METADATA if resource.namespaced else {"metadata.name": _METADATA["metadata.name"]}
    if isinstance(resource, CustomResource):
        return {**readers, **_paths(*resource.version_spec.selectable)}
    return {**readers, **_OWN.get(resource.key, {})}


def selectable(resource: Resource, terms: Iterable[tuple[str, bool, str]]) -> Mapping[str, Reader]:
    """The readers for the terms of a field selector.

    Raises:
        ValueError: A term names a path that the resource does not support; the message is the API server's.
    """
    readers = field_reader(resource)
    for path, _, _ in terms:
        if path not in readers:
            raise ValueError(_unsupported(resource, path))
    return readers


def _unsupported(resource: Resource, path: str) -> str:
    if resource.key in _OWN or resource.custom:
        wording = _WORDING.get(resource.key, "field label not supported: {path}")
        return wording.format(path=path)
    return f'"{path}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def _at(path: str, *, zero: str = "") -> Reader:
    """A reader of one dotted path; ``zero`` is how Go prints the field when it is not set."""
    keys = path.split(".")

    def read(obj: Object) -> str:
        value: object = obj
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            return zero
        return str(value).lower() if isinstance(value, bool) else str(value)

    return read


def _host_network(pod: Object) -> str:
    return "true" if pod.get("spec", {}).get("hostNetwork") else "false"


def _pod_ip(pod: Object) -> str:
    addresses = pod.get("status", {}).get("podIPs") or []
    return str(addresses[0].get("ip", "")) if addresses else _at("status.podIP")(pod)


def _event_source(event: Object) -> str:
    component = event.get("source", {}).get("component") or event.get("reportingComponent")
    return str(component or "")


def _paths(*paths: str) -> dict[str, Reader]:
    return {path: _at(path) for path in paths}


_METADATA = _paths("metadata.name", "metadata.namespace")

_POD: dict[str, Reader] = {
    **_paths(
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.phase",
        "status.nominatedNodeName",
    ),
    "spec.host": _at("spec.nodeName"),
    "spec.hostNetwork": _host_network,
    "status.podIP": _pod_ip,
    "status.podIPs": _pod_ip,
}  # fmt: skip

_EVENT: dict[str, Reader] = {
    **_paths(
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
        "reportingComponent", "type",
    ),
    "source": _event_source,
}  # fmt: skip

_REGARDING = _paths(
    "reason", "regarding.kind", "regarding.namespace", "regarding.name", "regarding.uid", "regarding.apiVersion",
    "regarding.resourceVersion", "regarding.fieldPath", "reportingController", "type",
)  # fmt: skip

_OWN: dict[str, dict[str, Reader]] = {
    "pods": _POD,
    "events": _EVENT,
    "events.events.k8s.io": _REGARDING,
    "nodes": {"spec.unschedulable": _at("spec.unschedulable", zero="false")},
    "namespaces": _paths("status.phase"),
    "secrets": _paths("type"),
    "services": _paths("spec.clusterIP", "spec.type"),
    "replicationcontrollers": {"status.replicas": _at("status.replicas", zero="0")},
    "certificatesigningrequests.certificates.k8s.io": _paths("spec.signerName"),
    "jobs.batch": {"status.successful": _at("status.succeeded", zero="0")},
    "resourceslices.resource.k8s.io": _paths("spec.nodeName", "spec.driver"),
}

_WORDING = {
    "jobs.batch": 'field label "{path}" not supported for Job',
    "resourceslices.resource.k8s.io": "field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: {path}",
}
