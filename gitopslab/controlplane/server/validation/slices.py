"""Rules of EndpointSlice."""

from __future__ import annotations

from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.containers import PROTOCOLS
from gitopslab.controlplane.server.validation.metadata import check_immutable
from gitopslab.controlplane.server.validation.services import check_reachable
from gitopslab.machinery.objects import Object

_ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")
_MAX_ENDPOINTS, _MAX_ADDRESSES, _MAX_PORTS, _MAX_HINTS = 1000, 100, 20000, 8


def check_endpoint_slice(causes: Causes, endpoint_slice: Object) -> None:
    """A new EndpointSlice."""
    _check_slice_itself(causes, endpoint_slice)
    endpoints, kind = endpoint_slice.get("endpoints") or [], endpoint_slice.get("addressType") or ""
    if len(endpoints) > _MAX_ENDPOINTS:
        causes.too_many("endpoints", len(endpoints), _MAX_ENDPOINTS)
        return
    for index, endpoint in enumerate(endpoints):
        _check_endpoint(causes, endpoint, kind, f"endpoints[{index}]")


def _check_slice_itself(causes: Causes, endpoint_slice: Object) -> None:
    kind = endpoint_slice.get("addressType") or ""
    if not kind:
        causes.required("addressType")
    elif kind not in _ADDRESS_TYPES:
        causes.unsupported("addressType", kind, _ADDRESS_TYPES)
    _check_endpoint_ports(causes, endpoint_slice.get("ports") or [])


def check_endpoint_slice_change(causes: Causes, endpoint_slice: Object, before: Object, subresource: str) -> None:
    """The kind of addresses stays; endpoints that did not change were good enough once."""
    if same(endpoint_slice.get("endpoints"), before.get("endpoints")):
        _check_slice_itself(causes, endpoint_slice)
    else:
        check_endpoint_slice(causes, endpoint_slice)
    check_immutable(causes, endpoint_slice.get("addressType"), before.get("addressType"), "addressType")


def _check_endpoint(causes: Causes, endpoint: Object, kind: str, path: str) -> None:
    addresses = endpoint.get("addresses") or []
    if not addresses:
        causes.required(f"{path}.addresses", "must contain at least 1 address")
    elif len(addresses) > _MAX_ADDRESSES:
        causes.too_many(f"{path}.addresses", len(addresses), _MAX_ADDRESSES)
    for index, address in enumerate(addresses):
        here = f"{path}.addresses[{index}]"
        if kind in ("IPv4", "IPv6"):
            if not formats.problems_of_ip(address) and (":" in address) != (kind == "IPv6"):
                causes.invalid(f"{path}.addresses", address, f"must be an {kind} address")
            check_reachable(causes, address, here, problems_of=formats.problems_of_canonical_ip)
        elif kind == "FQDN":
            causes.each(here, address, formats.problems_of_subdomain(address.removesuffix(".")))
    if endpoint.get("nodeName") is not None:
        problems = formats.problems_of_subdomain(endpoint["nodeName"])
        causes.each(f"{path}.nodeName", endpoint["nodeName"], problems)
    if endpoint.get("hostname") is not None:
        problems = formats.problems_of_label(endpoint["hostname"])
        causes.each(f"{path}.hostname", endpoint["hostname"], problems)
    _check_hints(causes, endpoint.get("hints") or {}, f"{path}.hints")


def _check_hints(causes: Causes, hints: Object, path: str) -> None:
    rules = (("forZones", formats.problems_of_label_value), ("forNodes", formats.problems_of_subdomain))
    for field, problems_of in rules:
        found = [hint.get("name") or "" for hint in hints.get(field) or ()]
        if len(found) > _MAX_HINTS:
            causes.too_many(f"{path}.{field}", len(found), _MAX_HINTS)
            return
        for index, name in enumerate(found):
            if name in found[:index]:
                causes.duplicate(f"{path}.{field}[{index}].name", name)
            causes.each(f"{path}.{field}[{index}].name", name, problems_of(name))


def _check_endpoint_ports(causes: Causes, ports: list[Object]) -> None:
    if len(ports) > _MAX_PORTS:
        causes.too_many("ports", len(ports), _MAX_PORTS)
        return
    names: set[str] = set()
    for index, port in enumerate(ports):
        name = port.get("name") or ""
        if name:
            causes.each(f"ports[{index}].name", name, formats.problems_of_label(name))
        if name in names:
            causes.duplicate(f"ports[{index}].name", name)
        names.add(name)
        if port.get("protocol") not in PROTOCOLS:
            causes.unsupported(f"ports[{index}].protocol", port.get("protocol"), PROTOCOLS)
        if port.get("appProtocol") is not None:
            problems = formats.problems_of_qualified_name(port["appProtocol"])
            causes.each(f"ports[{index}].appProtocol", port["appProtocol"], problems)
