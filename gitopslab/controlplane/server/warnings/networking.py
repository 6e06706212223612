"""Warnings about Services, Endpoints, Ingresses and NetworkPolicies."""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.server.warnings.amounts import unusual_address, unusual_range
from gitopslab.machinery.objects import Object, annotations_of, labels_of

_OLD_HINTS = "service.kubernetes.io/topology-aware-hints"
_OLD_CLASS = "kubernetes.io/ingress.class"


def of_service(service: Object, before: Object | None) -> Iterable[str]:
    """Fields that this type ignores, and old ways of saying things."""
    spec = service["spec"]
    kind, external = spec.get("type"), spec.get("externalIPs") or []
    is_headless = kind == "ClusterIP" and spec.get("clusterIP") == "None"
    if _OLD_HINTS in annotations_of(service):
        yield f"annotation {_OLD_HINTS} is deprecated, please use service.kubernetes.io/topology-mode instead"
    for index, address in enumerate(spec.get("clusterIPs") or ()):
        yield from unusual_address(address, f"spec.clusterIPs[{index}]")
    if is_headless:
        yield from _of_headless(spec)
    for index, address in enumerate(external):
        yield from unusual_address(address, f"spec.externalIPs[{index}]")
    if external and not is_headless and kind != "ExternalName":
        yield "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
    yield from unusual_address(spec.get("loadBalancerIP") or "", "spec.loadBalancerIP")
    for index, value in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        yield from unusual_range(value, f"spec.loadBalancerSourceRanges[{index}]")
    if kind == "ExternalName" and external:
        yield 'spec.externalIPs is ignored when spec.type is "ExternalName"'
    if kind != "ExternalName" and spec.get("externalName"):
        yield 'spec.externalName is ignored when spec.type is not "ExternalName"'
    if spec.get("trafficDistribution") == "PreferClose":
        yield 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'


def _of_headless(spec: Object) -> Iterable[str]:
    if spec.get("loadBalancerIP"):
        yield "spec.loadBalancerIP is ignored for headless services"
    if spec.get("externalIPs"):
        yield "spec.externalIPs is ignored for headless services"
    if spec.get("sessionAffinity") != "None":
        yield "spec.SessionAffinity is ignored for headless services"


def of_endpoints(endpoints: Object, before: Object | None) -> Iterable[str]:
    """Addresses in an unusual form; what the controller writes needs no look."""
    if labels_of(endpoints).get("endpoints.kubernetes.io/managed-by") == "endpoint-controller":
        return
    for index, subset in enumerate(endpoints.get("subsets") or ()):
        for field in ("addresses", "notReadyAddresses"):
            for at, address in enumerate(subset.get(field) or ()):
                yield from unusual_address(address.get("ip") or "", f"subsets[{index}].{field}[{at}].ip")


def of_ingress(ingress: Object, before: Object | None) -> Iterable[str]:
    """The class of a new one in an annotation."""
    if before is None and _OLD_CLASS in annotations_of(ingress) and ingress["spec"].get("ingressClassName") is None:
        yield f"annotation \"{_OLD_CLASS}\" is deprecated, please use 'spec.ingressClassName' instead"


def of_endpoint_slice(endpoint_slice: Object, before: Object | None) -> Iterable[str]:
    """Names instead of addresses, in a new one."""
    if before is None and endpoint_slice.get("addressType") == "FQDN":
        yield "spec.addressType: FQDN endpoints are deprecated"


def of_network_policy(policy: Object, before: Object | None) -> Iterable[str]:
    """Ranges in an unusual form."""
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(policy["spec"].get(direction) or ()):
            for at, peer in enumerate(rule.get(peers) or ()):
                block, path = peer.get("ipBlock") or {}, f"spec.{direction}[{index}].{peers}[{at}].ipBlock"
                yield from unusual_range(block.get("cidr") or "", f"{path}.cidr")
                for nth, value in enumerate(block.get("except") or ()):
                    yield from unusual_range(value, f"{path}.except[{nth}]")
