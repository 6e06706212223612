"""Addresses of Services: cluster IPs from 10.96.0.0/16 and node ports from 30000-32767.

What is taken is read off the existing Services each time, so nothing has to be repaired after a crash. Upstream:
``registry/core/service/storage`` (``alloc.go``, ``storage.go``) with its two allocators.

Called by the chain for Services; whether the wished fields make sense together is ``validation``'s.

Simplified: there are no IPAddress objects, in which the real server notes what is taken.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from random import Random

from gitopslab.controlplane.server.admission.attributes import Attributes, Reader
from gitopslab.controlplane.server.admission.families import set_families
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.errors import ApiError, invalid
from gitopslab.machinery.objects import Object, key_of, name_of

RANGE = ipaddress.IPv4Network("10.96.0.0/16")
NODE_PORTS = range(30000, 32768)
_NONE = "None"
_STATIC_ADDRESSES = 256
"""The bottom of the range is left to addresses that people choose, as long as there are others."""
_STATIC_PORTS = 86
_WITH_NODE_PORTS = ("NodePort", "LoadBalancer")


def give_addresses(attributes: Attributes, reader: Reader, chance: Random) -> None:
    """Keep what a Service has, take back what its new type does not need, give out what is missing."""
    service, before = attributes.wished(), attributes.before
    spec = service["spec"]
    if before is not None:
        _keep(spec, before["spec"])
    _align(spec, before["spec"] if before else None)
    set_families(service, before)
    others = [other["spec"] for other in reader.all("services") if key_of(other) != key_of(service)]
    if needs_cluster_ip(spec):
        _give_cluster_ip(service, before, others, chance)
    if spec.get("type") in _WITH_NODE_PORTS:
        _give_node_ports(service, before, others, chance)
    if before is not None:
        _take_back(spec, before["spec"])
    if not needs_cluster_ip(spec) and spec.get("internalTrafficPolicy") in ("Cluster", "Local"):
        _drop(spec, "internalTrafficPolicy")  # the real server keeps it, and never shows it


def needs_cluster_ip(spec: Object) -> bool:
    """Whether the type has a cluster IP (or says it wants none)."""
    return spec.get("type") != "ExternalName"


def needs_node_ports(spec: Object) -> bool:
    """Whether ports of this Service are open on the nodes."""
    kind = spec.get("type")
    return kind == "NodePort" or (kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False)


def needs_health_port(spec: Object) -> bool:
    """Whether a load balancer asks the nodes which of them has a local endpoint."""
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def _keep(spec: Object, before: Object) -> None:
    """A replaced manifest need not repeat what the server had filled in (``patchAllocatedValues``)."""
    if needs_cluster_ip(before) and needs_cluster_ip(spec):
        if not spec.get("clusterIP") and before.get("clusterIP"):
            spec["clusterIP"] = before["clusterIP"]
        if not spec.get("clusterIPs") and before.get("clusterIPs"):
            spec["clusterIPs"] = list(before["clusterIPs"])
    if needs_node_ports(before) and needs_node_ports(spec):
        _keep_node_ports(spec, before)
    if needs_health_port(before) and needs_health_port(spec) and not spec.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = before.get("healthCheckNodePort")


def _keep_node_ports(spec: Object, before: Object) -> None:
    used = {port.get("nodePort") for port in spec.get("ports") or ()}
    known = {port.get("name", ""): port.get("nodePort") for port in before.get("ports") or ()}
    for port in spec.get("ports") or ():
        old = known.get(port.get("name", ""))
        if not port.get("nodePort") and old and old not in used:
            port["nodePort"] = old


def _take_back(spec: Object, before: Object) -> None:
    """Drop what the new type has no use for, unless the user just wrote it (``dropTypeDependentFields``)."""
    if needs_cluster_ip(before) and not needs_cluster_ip(spec):
        if [spec.get(field) for field in ("clusterIP", "clusterIPs")] == [before["clusterIP"], before["clusterIPs"]]:
            _drop(spec, "clusterIP", "clusterIPs")
        _drop_unchanged(spec, before, "ipFamilies", "ipFamilyPolicy")
    if before.get("type") in _WITH_NODE_PORTS and spec.get("type") not in _WITH_NODE_PORTS:
        _take_back_node_ports(spec, before)
    if needs_health_port(before) and not needs_health_port(spec):
        _drop_unchanged(spec, before, "healthCheckNodePort")
    if before.get("type") == "LoadBalancer" and spec.get("type") != "LoadBalancer":
        _drop_unchanged(spec, before, "allocateLoadBalancerNodePorts", "loadBalancerClass")
    if _is_reachable_from_outside(before) and not _is_reachable_from_outside(spec):
        _drop_unchanged(spec, before, "externalTrafficPolicy")


def _take_back_node_ports(spec: Object, before: Object) -> None:
    """Unless the user asks for a port that the Service did not have: validation refuses that."""
    old = {port.get("nodePort") for port in before.get("ports") or ()}
    ports = spec.get("ports") or ()
    if all(port.get("nodePort") in old for port in ports if port.get("nodePort")):
        for port in ports:
            port.pop("nodePort", None)


def _is_reachable_from_outside(spec: Object) -> bool:
    kind = spec.get("type")
    return kind in _WITH_NODE_PORTS or (kind == "ClusterIP" and bool(spec.get("externalIPs")))


def _drop(spec: Object, *fields: str) -> None:
    for field in fields:
        spec.pop(field, None)


def _drop_unchanged(spec: Object, before: Object, *fields: str) -> None:
    _drop(spec, *(field for field in fields if spec.get(field) == before.get(field)))


def _align(spec: Object, before: Object | None) -> None:
    """Keep ``clusterIP`` and ``clusterIPs`` telling the same (``normalizeClusterIPs``)."""
    one, many = spec.get("clusterIP"), spec.get("clusterIPs")
    if before is None:
        if one and not many:
            spec["clusterIPs"] = [one]
        return
    if not many and before.get("clusterIPs") and one == before.get("clusterIP"):
        spec["clusterIPs"] = list(before["clusterIPs"])
    if (one or "") != (before.get("clusterIP") or "") and (many or []) == (before.get("clusterIPs") or []):
        if one:
            spec["clusterIPs"] = [one]
        else:
            spec.pop("clusterIPs", None)


def _give_cluster_ip(service: Object, before: Object | None, others: list[Object], chance: Random) -> None:
    spec = service["spec"]
    if spec.get("clusterIP") == _NONE or (before is not None and before["spec"].get("clusterIP") == _NONE):
        return
    used = {other.get("clusterIP") for other in others}
    if spec.get("clusterIP"):
        if before is None or before["spec"].get("type") == "ExternalName":
            _check_address(service, spec["clusterIP"], used)
        return
    spec["clusterIP"] = _free_address(used, chance)
    spec["clusterIPs"] = [spec["clusterIP"]]


def _check_address(service: Object, wished: str, used: set[str | None]) -> None:
    try:
        address = ipaddress.ip_address(wished)
    except ValueError:
        return  # validation says so, in its own words
    problem = ""
    if address not in RANGE:
        problem = "the provided network does not match the current range"
    elif address in (RANGE.network_address, RANGE.broadcast_address):
        problem = f"the provided IP ({wished}) is not in the valid range. The range of valid IPs is {RANGE}"
    elif wished in used:
        problem = "provided IP is already allocated"
    if problem:
        addresses = service["spec"].get("clusterIPs")
        raise _refusal(service, "spec.clusterIPs", addresses, f"failed to allocate IP {wished}: {problem}")


def _free_address(used: set[str | None], chance: Random) -> str:
    first, size = int(RANGE.network_address), RANGE.num_addresses

    def is_used(item: int) -> bool:
        return str(ipaddress.IPv4Address(first + item)) in used

    number = _free(range(_STATIC_ADDRESSES, size - 1), is_used, chance)
    if number is None:
        number = _free(range(1, _STATIC_ADDRESSES), is_used, chance)
    if number is None:
        raise ApiError(500, "InternalError", "failed to allocate a serviceIP: range is full")
    return str(ipaddress.IPv4Address(first + number))


def _give_node_ports(service: Object, before: Object | None, others: list[Object], chance: Random) -> None:
    """Open every port on the nodes, and one more where a load balancer asks for the health of local endpoints."""
    spec = service["spec"]
    used = {port for other in others for port in _ports_of(other)}
    own = _ports_of(before["spec"]) if before is not None else set()
    if before is None:
        _open_new(service, used, chance)
    else:
        _open_changed(service, used, own, chance)
    used |= own | _ports_of({"ports": spec.get("ports")})
    if needs_health_port(spec) and not spec.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = _free_port(used, chance)


def _open_new(service: Object, used: set[int], chance: Random) -> None:
    """Ports of the same number (TCP and UDP of one name server, say) share a node port."""
    spec = service["spec"]
    shared: dict[int, int] = {}
    for index, port in enumerate(spec.get("ports") or ()):
        number, wished = port.get("port"), port.get("nodePort")
        if not wished and not needs_node_ports(spec):
            continue
        given = shared.get(number)
        if given is None:
            wished = _requested(spec["ports"], number)
        if wished and wished != given:
            _check_port(service, f"spec.ports[{index}].nodePort", wished, used)
        port["nodePort"] = wished or given or _free_port(used, chance)
        shared.setdefault(number, port["nodePort"])
        used.add(port["nodePort"])


def _open_changed(service: Object, used: set[int], own: set[int], chance: Random) -> None:
    """Ports that the Service had stay open; others are given out one by one.

    Raises:
        ApiError: Two ports of one protocol ask for the same; the real server finds no better words either.
    """
    spec = service["spec"]
    opened: set[tuple[str, int]] = set()
    for index, port in enumerate(spec.get("ports") or ()):
        wished = port.get("nodePort")
        if not wished and not needs_node_ports(spec):
            continue
        if wished and wished not in own and wished not in {number for _, number in opened}:
            _check_port(service, f"spec.ports[{index}].nodePort", wished, used)
        port["nodePort"] = wished or _free_port(used | own, chance)
        pair = (port.get("protocol") or "", port["nodePort"])
        if pair in opened:
            raise ApiError(500, "", f"duplicate nodePort: {{{pair[0]} {pair[1]}}}")
        opened.add(pair)
        used.add(port["nodePort"])


def _requested(ports: list[Object], number: int | None) -> int | None:
    return next((port["nodePort"] for port in ports if port.get("port") == number and port.get("nodePort")), None)


def _ports_of(spec: Object) -> set[int]:
    found = {port.get("nodePort") for port in spec.get("ports") or ()} | {spec.get("healthCheckNodePort")}
    return {port for port in found if port}


def _check_port(service: Object, path: str, wished: int, used: set[int]) -> None:
    if wished not in NODE_PORTS:
        bounds = f"{NODE_PORTS.start}-{NODE_PORTS.stop - 1}"
        problem = f"provided port is not in the valid range. The range of valid ports is {bounds}"
        raise _refusal(service, path, wished, problem)
    if wished in used:
        raise _refusal(service, path, wished, "provided port is already allocated")


def _free_port(used: set[int], chance: Random) -> int:
    dynamic = range(NODE_PORTS.start + _STATIC_PORTS, NODE_PORTS.stop)
    port = _free(dynamic, used.__contains__, chance)
    if port is None:
        port = _free(range(NODE_PORTS.start, dynamic.start), used.__contains__, chance)
    if port is None:
        raise ApiError(500, "InternalError", "failed to allocate a nodePort: range is full")
    return port


def _free(numbers: range, is_used: Callable[[int], bool], chance: Random) -> int | None:
    """A free number from a random start on, so that a deleted Service's address does not come back at once."""
    start = chance.randrange(len(numbers))
    for step in range(len(numbers)):
        number = numbers[(start + step) % len(numbers)]
        if not is_used(number):
            return number
    return None


def _refusal(service: Object, path: str, value: object, why: str) -> ApiError:
    causes = Causes()
    causes.invalid(path, value, why)
    return invalid("Service", "", name_of(service), causes.found)
