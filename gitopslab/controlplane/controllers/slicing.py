"""What a Service's EndpointSlices should say: one endpoint a pod, and how endpoints are packed into slices.

Pure functions; ``endpointslice`` fetches pods and slices and writes the plan.

Upstream: the ``k8s.io/endpointslice`` library.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gitopslab.controlplane.controllers.podstate import is_ready, is_terminal, node_of
from gitopslab.machinery.objects import (
    Object,
    controller_reference,
    is_terminating,
    labels_of,
    name_of,
    namespace_of,
    owners_of,
    uid_of,
)
from gitopslab.machinery.template_hash import struct_hash

MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
SERVICE_NAME = "kubernetes.io/service-name"
HEADLESS = "service.kubernetes.io/headless"
_RESERVED = frozenset({MANAGED_BY, SERVICE_NAME, HEADLESS})
_ZONE = "topology.kubernetes.io/zone"
_MOST = 100  # endpoints a slice, ``--max-endpoints-per-slice``
_CLOSE = frozenset({"PreferClose", "PreferSameZone", "PreferSameNode"})

Key = tuple[str, ...]


@dataclass(slots=True)
class Group:
    """The endpoints that share their ports, and so their slices."""

    ports: list[Object]
    endpoints: dict[Key, Object] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """Slices to write. Those to create have no name yet."""

    create: list[Object] = field(default_factory=list)
    update: list[Object] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)


def belongs(pod: Object) -> bool:
    """Whether a pod is an endpoint at all: it has an address and has not finished."""
    status = pod.get("status", {})
    return not is_terminal(pod) and bool(status.get("podIP") or status.get("podIPs"))


def selecting(services: Iterable[Object], pod: Object) -> list[Object]:
    """The Services of a pod's namespace that select it."""
    labels = labels_of(pod)
    return [one for one in services if (wanted := one["spec"].get("selector")) and wanted.items() <= labels.items()]


def address_types(service: Object) -> list[str]:
    """The address families of a Service, one set of slices each."""
    return list(service["spec"].get("ipFamilies") or ["IPv4"])


def endpoint_of(pod: Object, service: Object, node: Object | None, address_type: str) -> Object | None:
    """The endpoint a pod is; None when it has no address of this family.

    A terminating pod is never ``ready``, but ``serving`` for as long as its probes say so.
    """
    addresses = addresses_of(pod, address_type)
    if not addresses:
        return None
    serving, terminating = is_ready(pod), is_terminating(pod)
    publishes_all = bool(service["spec"].get("publishNotReadyAddresses"))
    endpoint: Object = {
        "addresses": addresses,
        "conditions": {
            "ready": publishes_all or (serving and not terminating),
            "serving": serving,
            "terminating": terminating,
        },
        "targetRef": {"kind": "Pod", "namespace": namespace_of(pod), "name": name_of(pod), "uid": uid_of(pod)},
    }
    if node_of(pod):
        endpoint["nodeName"] = node_of(pod)
    zone = labels_of(node or {}).get(_ZONE)
    if zone:
        endpoint["zone"] = zone
    if pod["spec"].get("hostname") and pod["spec"].get("subdomain") == name_of(service):
        endpoint["hostname"] = pod["spec"]["hostname"]
    return _hinted(endpoint, service)


def addresses_of(pod: Object, address_type: str) -> list[str]:
    """The addresses of a pod in one family."""
    status = pod.get("status", {})
    found = [entry["ip"] for entry in status.get("podIPs") or ()] or [status["podIP"]]
    return [address for address in found if (":" in address) == (address_type == "IPv6")]


def _hinted(endpoint: Object, service: Object) -> Object:
    """Hints that keep traffic near, for a Service with a ``trafficDistribution``."""
    wish = service["spec"].get("trafficDistribution")
    if wish not in _CLOSE or not endpoint["conditions"]["ready"]:
        return endpoint
    hints: Object = {}
    if "zone" in endpoint:
        hints["forZones"] = [{"name": endpoint["zone"]}]
    if wish == "PreferSameNode" and "nodeName" in endpoint:
        hints["forNodes"] = [{"name": endpoint["nodeName"]}]
    return {**endpoint, "hints": hints} if hints else endpoint


def ports_of(service: Object, pod: Object) -> list[Object]:
    """The ports of a Service as this pod serves them; a named target port the pod does not have is left out.

    Several are in the order of their hashes, as upstream compares them (``NewPortMapKey``).
    """
    ports = []
    for wanted in service["spec"].get("ports") or ():
        number = _port_number(wanted, pod)
        if number is not None:
            port = {"name": wanted.get("name", ""), "port": number, "protocol": wanted.get("protocol", "TCP")}
            ports.append({**port, "appProtocol": wanted["appProtocol"]} if wanted.get("appProtocol") else port)
    return sorted(ports, key=_port_hash) if len(ports) > 1 else ports


def _port_hash(port: Object) -> bytes:
    return struct_hash(port, "discovery.v1.EndpointPort")


def _port_number(wanted: Object, pod: Object) -> int | None:
    target = wanted.get("targetPort", wanted["port"])
    if isinstance(target, int):
        return target or int(wanted["port"])
    protocol = wanted.get("protocol", "TCP")
    for container in _serving_containers(pod):
        for port in container.get("ports") or ():
            if port.get("name") == target and port.get("protocol", "TCP") == protocol:
                return int(port["containerPort"])
    return None


def _serving_containers(pod: Object) -> Iterable[Object]:
    yield from pod["spec"].get("containers") or ()
    for container in pod["spec"].get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            yield container


def has_named_targets(service: Object) -> bool:
    """Whether pods may differ in the ports they serve, so that each has to be asked."""
    return any(isinstance(port.get("targetPort"), str) for port in service["spec"].get("ports") or ())


def grouped(service: Object, endpoints: Iterable[tuple[Object, Object]]) -> dict[str, Group]:
    """Endpoints, each given with its pod, gathered by the ports they serve."""
    groups: dict[str, Group] = {}
    asks_each = has_named_targets(service)
    group: Group | None = None
    for pod, endpoint in endpoints:
        if group is None or asks_each:
            ports = ports_of(service, pod)
            group = groups.setdefault(_ports_key(ports), Group(ports))
        group.endpoints[_key(endpoint)] = endpoint
    return groups


def _ports_key(ports: list[Object] | None) -> str:
    return json.dumps(sorted((sorted(port.items()) for port in ports or ()), key=str))


def _key(endpoint: Object) -> Key:
    """What makes two endpoints the same one, whatever else about it changed."""
    target = endpoint.get("targetRef") or {}
    return target.get("namespace", ""), target.get("name", ""), endpoint.get("hostname", ""), *endpoint["addresses"]


def labels_for(service: Object) -> dict[str, str]:
    """The labels of a Service's slices: the Service's own and the reserved ones."""
    labels = {key: value for key, value in labels_of(service).items() if key not in _RESERVED}
    if service["spec"].get("clusterIP") in (None, "", "None"):
        labels[HEADLESS] = ""
    return {**labels, SERVICE_NAME: name_of(service), MANAGED_BY: MANAGER}


def is_owned(endpoint_slice: Object, service: Object) -> bool:
    """Whether a slice was made for this very Service, not for an earlier one of its name."""
    return any(owner.get("uid") == uid_of(service) for owner in owners_of(endpoint_slice))


def new_slice(service: Object, address_type: str, ports: list[Object], endpoints: list[Object]) -> Object:
    """A slice to be created. Empty lists are null on the wire, as Go writes them."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{name_of(service)}-",
            "namespace": namespace_of(service),
            "labels": labels_for(service),
            "ownerReferences": [controller_reference(service)],
        },
        "addressType": address_type,
        "endpoints": endpoints or None,
        "ports": ports or None,
    }


def planned(service: Object, address_type: str, existing: list[Object], groups: dict[str, Group]) -> Plan:
    """What to write so that slices hold exactly the grouped endpoints, changing as few slices as can be."""
    plan = Plan()
    by_ports: dict[str, list[Object]] = {}
    for found in existing:
        if is_owned(found, service):
            by_ports.setdefault(_ports_key(found.get("ports")), []).append(found)
        else:
            plan.delete.append(found)
    for key, group in groups.items():
        _pack(plan, service, address_type, by_ports.get(key, []), group)
    for key, slices in by_ports.items():
        if key not in groups:
            plan.delete.extend(slices)
    if len(existing) == len(plan.delete) and not plan.create:
        _keep_placeholder(plan, service, address_type)
    _reuse(plan, service)
    return plan


def _pack(plan: Plan, service: Object, address_type: str, slices: list[Object], group: Group) -> None:
    left = dict(group.endpoints)
    unchanged: list[Object] = []
    changed: list[Object] = []
    for found in slices:
        before = found.get("endpoints") or []
        kept = [left.pop(_key(endpoint)) for endpoint in before if _key(endpoint) in left]
        if before and not kept:
            plan.delete.append(found)
        elif kept != before or labels_of(found) != labels_for(service):
            changed.append(_with(found, service, kept))
        else:
            unchanged.append(found)
    waiting = list(left.values())
    for found in sorted(changed, key=lambda each: -len(each["endpoints"] or ())):
        room = _MOST - len(found["endpoints"] or ())
        found["endpoints"], waiting = [*(found["endpoints"] or ()), *waiting[:room]], waiting[room:]
    while waiting:
        target = _fullest_with_room(unchanged, len(waiting))
        if target is not None:
            unchanged.remove(target)
            changed.append(_with(target, service, [*(target.get("endpoints") or ()), *waiting]))
            break
        plan.create.append(new_slice(service, address_type, group.ports, waiting[:_MOST]))
        waiting = waiting[_MOST:]
    plan.update.extend(changed)


def _with(found: Object, service: Object, endpoints: list[Object]) -> Object:
    metadata: Any = {**found["metadata"], "labels": labels_for(service)}
    return {**found, "metadata": metadata, "endpoints": endpoints}


def _fullest_with_room(slices: list[Object], count: int) -> Object | None:
    fitting = [found for found in slices if len(found.get("endpoints") or ()) + count <= _MOST]
    return max(fitting, key=lambda found: len(found.get("endpoints") or ()), default=None)


def _keep_placeholder(plan: Plan, service: Object, address_type: str) -> None:
    """A Service without endpoints has one empty slice, which shows that it is looked after."""
    placeholder = new_slice(service, address_type, [], [])
    if len(plan.delete) == 1 and _is_like(plan.delete[0], placeholder):
        plan.delete.clear()
    else:
        plan.create.append(placeholder)


def _is_like(found: Object, placeholder: Object) -> bool:
    fields = ("addressType", "endpoints", "ports")
    is_same = all((found.get(field) or None) == placeholder[field] for field in fields)
    return is_same and labels_of(found) == labels_of(placeholder) and owners_of(found) == owners_of(placeholder)


def _reuse(plan: Plan, service: Object) -> None:
    """Turn deletions into updates where something is to be created, so that watchers see one change instead of two."""
    kept = []
    for doomed in plan.delete:
        fits = plan.create and plan.create[-1]["addressType"] == doomed["addressType"] and is_owned(doomed, service)
        if not fits:
            kept.append(doomed)
            continue
        wanted = plan.create.pop()
        metadata = {**doomed["metadata"], "labels": wanted["metadata"]["labels"]}
        plan.update.append({**wanted, "metadata": metadata})
    plan.delete = kept
