"""Services, Endpoints and EndpointSlices in a table."""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.http.tables.printer import (
    AGE,
    NAME,
    NONE,
    SELECTOR,
    UNKNOWN,
    UNSET,
    Cells,
    Column,
    Printer,
    age,
    labels_text,
    up_to_three,
)
from gitopslab.machinery.objects import Object, name_of


def _service(obj: Object, now: float) -> Cells:
    spec = obj.get("spec", {})
    addresses = spec.get("clusterIPs") or []
    return [
        name_of(obj),
        spec.get("type", ""),
        addresses[0] if addresses else NONE,
        _external_ip(obj, spec),
        _ports(spec.get("ports") or []) or NONE,
        age(obj, now),
        labels_text(spec.get("selector")),
    ]


def _external_ip(obj: Object, spec: Object) -> str:
    given = spec.get("externalIPs") or []
    kind = spec.get("type")
    if kind in ("ClusterIP", "NodePort"):
        return ",".join(given) or NONE
    if kind == "LoadBalancer":
        balancer = load_balancer_addresses(obj)
        return ",".join([*filter(None, [balancer]), *given]) or "<pending>"
    return str(spec.get("externalName", "")) if kind == "ExternalName" else UNKNOWN


def load_balancer_addresses(obj: Object) -> str:
    """The addresses in ``status.loadBalancer``, sorted and joined by commas; empty when there are none yet."""
    ingress = (obj.get("status", {}).get("loadBalancer") or {}).get("ingress") or ()
    return ",".join(sorted({one.get("ip") or one.get("hostname") or "" for one in ingress} - {""}))


def _ports(ports: list[Object]) -> str:
    return ",".join(_port(port) for port in ports)


def _port(port: Object) -> str:
    number = f"{port.get('port')}:{port['nodePort']}" if port.get("nodePort") else str(port.get("port"))
    return f"{number}/{port.get('protocol', 'TCP')}"


def _endpoint_slice(obj: Object, now: float) -> Cells:
    ports = [_endpoint_port(port) for port in obj.get("ports") or ()]
    addresses = [address for one in obj.get("endpoints") or () for address in one.get("addresses") or ()]
    return [
        name_of(obj),
        obj.get("addressType", ""),
        up_to_three(ports) or UNSET,
        up_to_three(addresses) or UNSET,
        age(obj, now),
    ]


def _endpoint_port(port: Object) -> str:
    if port.get("port") is not None:
        return str(port["port"])
    name = port.get("name")
    return "*" if name is None else str(name)


def _endpoints(obj: Object, now: float) -> Cells:
    shown = [text for subset in obj.get("subsets") or () for text in _subset(subset)]
    if not obj.get("subsets"):
        return [name_of(obj), NONE, age(obj, now)]
    return [name_of(obj), up_to_three(shown), age(obj, now)]


def _subset(subset: Object) -> Iterable[str]:
    """Every address with every port; a headless service may have no ports."""
    addresses = [address.get("ip", "") for address in subset.get("addresses") or ()]
    ports = subset.get("ports")
    if not ports:
        return addresses
    return [f"[{ip}]:{port['port']}" if ":" in ip else f"{ip}:{port['port']}" for port in ports for ip in addresses]


PRINTERS = {
    "services": Printer(
        (
            NAME,
            Column("Type", "How far it can be reached."),
            Column("Cluster-IP", "Its address inside the cluster."),
            Column("External-IP", "Its address from outside."),
            Column("Port(s)", "PORT/PROTOCOL, or PORT:NODEPORT/PROTOCOL."),
            AGE,
            SELECTOR,
        ),
        _service,
    ),
    "endpoints": Printer((NAME, Column("Endpoints", "The addresses behind the service."), AGE), _endpoints),
    "endpointslices.discovery.k8s.io": Printer(
        (
            NAME,
            Column("AddressType", "IPv4, IPv6 or FQDN."),
            Column("Ports", "Where the endpoints listen."),
            Column("Endpoints", "The addresses behind the service."),
            AGE,
        ),
        _endpoint_slice,
    ),
}
