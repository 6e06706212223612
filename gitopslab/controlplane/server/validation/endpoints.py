"""Rules of Endpoints, the older form of EndpointSlices."""

from __future__ import annotations

from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.containers import PROTOCOLS
from gitopslab.controlplane.server.validation.services import check_reachable
from gitopslab.machinery.objects import Object


def check_endpoints(causes: Causes, endpoints: Object) -> None:
    """New Endpoints."""
    for index, subset in enumerate(endpoints.get("subsets") or ()):
        _check_subset(causes, subset, f"subsets[{index}]")


def check_endpoints_change(causes: Causes, endpoints: Object, before: Object, subresource: str) -> None:
    """What was stored once may stay, whatever today's rules say."""
    if not same(endpoints.get("subsets"), before.get("subsets")):
        check_endpoints(causes, endpoints)


def _check_subset(causes: Causes, subset: Object, path: str) -> None:
    if not subset.get("addresses") and not subset.get("notReadyAddresses"):
        causes.required(path, "must specify `addresses` or `notReadyAddresses`")
    for field in ("addresses", "notReadyAddresses"):
        for index, address in enumerate(subset.get(field) or ()):
            _check_address(causes, address, f"{path}.{field}[{index}]")
    ports = subset.get("ports") or []
    for index, port in enumerate(ports):
        _check_port(causes, port, f"{path}.ports[{index}]", needs_name=len(ports) > 1)


def _check_address(causes: Causes, address: Object, path: str) -> None:
    ip = address.get("ip") or ""
    problems = formats.problems_of_ip(ip)
    if problems:
        causes.each(f"{path}.ip", ip, problems)
    if address.get("hostname"):
        causes.each(f"{path}.hostname", address["hostname"], formats.problems_of_label(address["hostname"]))
    if address.get("nodeName") is not None:
        causes.each(f"{path}.nodeName", address["nodeName"], formats.problems_of_subdomain(address["nodeName"]))
    if problems:
        causes.invalid(f"{path}.ip", ip, "must be a valid IP address")
    else:
        check_reachable(causes, ip, f"{path}.ip")


def _check_port(causes: Causes, port: Object, path: str, *, needs_name: bool) -> None:
    name, number, protocol = port.get("name") or "", port.get("port") or 0, port.get("protocol") or ""
    if needs_name and not name:
        causes.required(f"{path}.name")
    elif name:
        causes.each(f"{path}.name", name, formats.problems_of_label(name))
    causes.each(f"{path}.port", number, formats.problems_of_port(number))
    if not protocol:
        causes.required(f"{path}.protocol")
    elif protocol not in PROTOCOLS:
        causes.unsupported(f"{path}.protocol", protocol, PROTOCOLS)
    if port.get("appProtocol") is not None:
        problems = formats.problems_of_qualified_name(port["appProtocol"])
        causes.each(f"{path}.appProtocol", port["appProtocol"], problems)
