"""Addresses of Services: what a Service keeps, what it takes back, and what it is given.

What is taken is read off the existing Services each time, so nothing has to be repaired after a crash; ``allocation``
gives out what is free, and what no IPAddress names. Upstream: ``registry/core/service/storage`` (``alloc.go``,
``storage.go``).

Called by the chain for Services; whether the wished fields make sense together is ``validation``'s.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from random import Random

from gitopslab.controlplane.server.addresses import ADDRESSES
from gitopslab.controlplane.server.admission.allocation import RANGE, Addresses, Ports
from gitopslab.controlplane.server.admission.attributes import Attributes, Reader
from gitopslab.controlplane.server.admission.families import set_families
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.errors import ApiError, invalid
from gitopslab.machinery.objects import Object, is_condition_true, is_terminating, key_of, name_of

RANGES = "servicecidrs.networking.k8s.io"
_NONE = "None"
_WITH_NODE_PORTS = ("NodePort", "LoadBalancer")


def give_addresses(attributes: Attributes, reader: Reader, chance: Random, under_way: Iterable[Object]) -> None:
    """Keep what a Service has, take back what its new type does not need, give out what is missing.

    Args:
        attributes: The write.
        reader: The other Services, and what addresses there are.
        chance: Where the search for a free number begins.
        under_way: Services that have been given theirs and are not stored yet.
    """
    service, before = attributes.wished(), attributes.before
    spec = service["spec"]
    if before is not None:
        _keep(spec, before["spec"])
    _align(spec, before["spec"] if before else None)
    set_families(service, before)
    known = (*reader.all("services"), *under_way)
    others = [other["spec"] for other in known if key_of(other) != key_of(service)]
    if needs_cluster_ip(spec):
        taken = {other["clusterIP"] for other in others if other.get("clusterIP")}
        taken |= {name_of(address) for address in reader.all(ADDRESSES)}
        addresses = Addresses(taken, chance, others=_other_ranges(reader), dry_run=attributes.dry_run)
        _give_cluster_ip(service, before, addresses)
    if spec.get("type") in _WITH_NODE_PORTS:
        open_ports = {port for other in others for port in _ports_of(other)}
        _give_node_ports(service, before, Ports(open_ports, chance, dry_run=attributes.dry_run))
    if before is not None:
        _take_back(spec, before["spec"])
    if not needs_cluster_ip(spec) and spec.get("internalTrafficPolicy") in ("Cluster", "Local"):
        _drop(spec, "internalTrafficPolicy")  # the real server keeps it, and never shows it


def _other_ranges(reader: Reader) -> list[ipaddress.IPv4Network]:
    """The ranges of ServiceCIDRs that are ready, and not on their way out, beside the cluster's own."""
    found = [one for one in reader.all(RANGES) if is_condition_true(one, "Ready") and not is_terminating(one)]
    networks = [ipaddress.ip_network(cidr) for one in found for cidr in one["spec"].get("cidrs") or ()]
    return [network for network in networks if isinstance(network, ipaddress.IPv4Network) and network != RANGE]


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


def _give_cluster_ip(service: Object, before: Object | None, addresses: Addresses) -> None:
    spec = service["spec"]
    if spec.get("clusterIP") == _NONE or (before is not None and before["spec"].get("clusterIP") == _NONE):
        return
    wished = spec.get("clusterIP")
    if not wished:
        spec["clusterIP"] = addresses.next()
        spec["clusterIPs"] = [spec["clusterIP"]]
    elif (before is None or before["spec"].get("type") == "ExternalName") and (problem := addresses.take(wished)):
        asked = spec.get("clusterIPs")
        raise _refusal(service, "spec.clusterIPs", asked, f"failed to allocate IP {wished}: {problem}")


def _give_node_ports(service: Object, before: Object | None, ports: Ports) -> None:
    """Open every port on the nodes, and one more where a load balancer asks for the health of local endpoints."""
    spec = service["spec"]
    if before is None:
        _open_new(service, ports)
    else:
        ports.own |= _ports_of(before["spec"])
        _open_changed(service, ports)
    if needs_health_port(spec) and not spec.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = ports.next()


def _open_new(service: Object, ports: Ports) -> None:
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
            _open(service, index, wished, ports)
        port["nodePort"] = wished or given or ports.next()
        shared.setdefault(number, port["nodePort"])


def _open_changed(service: Object, ports: Ports) -> None:
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
        if wished and wished not in ports.own and wished not in {number for _, number in opened}:
            _open(service, index, wished, ports)
        port["nodePort"] = wished or ports.next()
        pair = (port.get("protocol") or "", port["nodePort"])
        if pair in opened:
            raise ApiError(500, "", f"duplicate nodePort: {{{pair[0]} {pair[1]}}}")
        opened.add(pair)


def _open(service: Object, index: int, wished: int, ports: Ports) -> None:
    if problem := ports.take(wished):
        raise _refusal(service, f"spec.ports[{index}].nodePort", wished, problem)


def _requested(ports: list[Object], number: int | None) -> int | None:
    return next((port["nodePort"] for port in ports if port.get("port") == number and port.get("nodePort")), None)


def _ports_of(spec: Object) -> set[int]:
    found = {port.get("nodePort") for port in spec.get("ports") or ()} | {spec.get("healthCheckNodePort")}
    return {port for port in found if port}


def _refusal(service: Object, path: str, value: object, why: str) -> ApiError:
    causes = Causes()
    causes.invalid(path, value, why)
    return invalid("Service", "", name_of(service), causes.found)
