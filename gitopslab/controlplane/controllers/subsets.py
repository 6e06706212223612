"""The subsets of an Endpoints object, in the one form in which Kubernetes writes them.

Addresses that serve the same ports share a subset; addresses are in the order of their text, ports and subsets in the
order of their hashes. Pure functions, called by the controllers of Endpoints and of mirrored slices.

Upstream: ``pkg/api/v1/endpoints`` (``RepackSubsets``).
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.machinery.objects import Object
from gitopslab.machinery.template_hash import struct_hash

MOST = 1000
"""Addresses an Endpoints object keeps; of one with more it says that it is ``truncated``."""

_NO_PORTS: tuple[Object, ...] = ({},)
_Address = tuple[str, str]
_Port = tuple[tuple[str, object], ...]


def repacked(subsets: Iterable[Object]) -> list[Object]:
    """The same addresses and ports in as few subsets as can be."""
    known: dict[_Address, Object] = {}
    serving: dict[_Port, dict[_Address, bool]] = {}
    for subset in subsets:
        for port in subset.get("ports") or _NO_PORTS:
            ready = serving.setdefault(tuple(sorted(port.items())), {})
            for key, address, is_ready in _addresses(subset):
                known.setdefault(key, address)
                ready[key] = ready.get(key, True) and is_ready  # ready here and not there counts as not ready
    shared: dict[frozenset[tuple[_Address, bool]], list[Object]] = {}
    for port_key, ready in serving.items():
        ports = shared.setdefault(frozenset(ready.items()), [])
        if port_key:
            ports.append(dict(port_key))
    packed = [_subset(known, dict(members), ports) for members, ports in shared.items()]
    return _by_hash(packed, "v1.EndpointSubset")


def truncated(subsets: list[Object]) -> tuple[list[Object], bool]:
    """At most ``MOST`` addresses, a fair share of each subset's, ready ones first; and whether any are left out."""
    ready, waiting = _count(subsets, "addresses"), _count(subsets, "notReadyAddresses")
    if ready + waiting <= MOST:
        return subsets, False
    cut, total, room = ("addresses", ready, MOST) if ready > MOST else ("notReadyAddresses", waiting, MOST - ready)
    found, left = [], room
    for subset in subsets:
        listed = subset.get(cut) or []
        kept = listed[: min(left, -(-len(listed) * room // total))]
        left -= len(kept)
        changed = {**subset, cut: kept, **({"notReadyAddresses": []} if cut == "addresses" else {})}
        found.append({key: value for key, value in changed.items() if value})
    return found, True


def _addresses(subset: Object) -> Iterable[tuple[_Address, Object, bool]]:
    for field, is_ready in (("addresses", True), ("notReadyAddresses", False)):
        for address in subset.get(field) or ():
            yield (address["ip"], (address.get("targetRef") or {}).get("uid", "")), address, is_ready


def _subset(known: dict[_Address, Object], members: dict[_Address, bool], ports: list[Object]) -> Object:
    parts = {
        "addresses": [known[key] for key in sorted(members) if members[key]],
        "notReadyAddresses": [known[key] for key in sorted(members) if not members[key]],
        "ports": _by_hash(ports, "v1.EndpointPort"),
    }
    return {key: value for key, value in parts.items() if value}


def _by_hash(items: list[Object], kind: str) -> list[Object]:
    return sorted(items, key=lambda item: struct_hash(item, kind)) if len(items) > 1 else items


def _count(subsets: list[Object], field: str) -> int:
    return sum(len(subset.get(field) or ()) for subset in subsets)
