"""Defaults of Ingress, IngressClass, NetworkPolicy, EndpointSlice and Endpoints."""

from __future__ import annotations

from gitopslab.machinery.objects import Object


def set_ingress(ingress: Object) -> None:
    """Nothing but the fields Go writes out even when empty."""
    ingress.setdefault("spec", {})
    ingress.setdefault("status", {}).setdefault("loadBalancer", {})


def set_ingress_class(ingress_class: Object) -> None:
    """Parameters are cluster-wide unless they say otherwise."""
    parameters = ingress_class.setdefault("spec", {}).get("parameters")
    if parameters is not None:
        parameters.setdefault("scope", "Cluster")


def set_network_policy(policy: Object) -> None:
    """Ingress always, egress when there are egress rules; ports are TCP."""
    spec = policy.setdefault("spec", {})
    spec.setdefault("podSelector", {})
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    for rule in (*(spec.get("ingress") or ()), *(spec.get("egress") or ())):
        for port in rule.get("ports") or ():
            port.setdefault("protocol", "TCP")


def set_endpoint_slice(endpoint_slice: Object) -> None:
    """Ports without a name have an empty one, and are TCP."""
    for port in endpoint_slice.get("ports") or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")
    endpoint_slice.setdefault("endpoints", None)
    endpoint_slice.setdefault("ports", None)
    for endpoint in endpoint_slice["endpoints"] or ():
        endpoint.setdefault("conditions", {})


def set_endpoints(endpoints: Object) -> None:
    """Ports are TCP."""
    for subset in endpoints.get("subsets") or ():
        for port in subset.get("ports") or ():
            port.setdefault("protocol", "TCP")
