"""Defaults of the core group, but for pods and storage: Services, Secrets, Namespaces, Nodes, limits, Events."""

from __future__ import annotations

import base64

from gitopslab.machinery.objects import Object, name_of

_AFFINITY_SECONDS = 10800
_EXTERNAL = ("NodePort", "LoadBalancer")
_NODE_INFO = (
    "machineID", "systemUUID", "bootID", "kernelVersion", "osImage", "containerRuntimeVersion", "kubeletVersion",
    "kubeProxyVersion", "operatingSystem", "architecture",
)  # fmt: skip
"""In the order of Go's struct, in which they are told."""


def set_service(service: Object) -> None:
    """Type, session affinity, ports and traffic policies; addresses are given out by admission."""
    spec = service.setdefault("spec", {})
    if not spec.get("type"):
        spec["type"] = "ClusterIP"
    _set_affinity(spec)
    for port in spec.get("ports") or ():
        _set_port(port)
    if spec["type"] in _EXTERNAL or (spec["type"] == "ClusterIP" and spec.get("externalIPs")):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    balancer = service.setdefault("status", {}).setdefault("loadBalancer", {})
    for ingress in balancer.get("ingress") or ():
        if ingress.get("ip"):
            ingress.setdefault("ipMode", "VIP")


def _set_affinity(spec: Object) -> None:
    if not spec.get("sessionAffinity"):
        spec["sessionAffinity"] = "None"
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        config = spec.get("sessionAffinityConfig") or {}
        if (config.get("clientIP") or {}).get("timeoutSeconds") is None:
            spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": _AFFINITY_SECONDS}}


def _set_port(port: Object) -> None:
    if not port.get("protocol"):
        port["protocol"] = "TCP"
    if not port.get("targetPort") and port.get("port"):
        port["targetPort"] = port["port"]


def set_secret(secret: Object) -> None:
    """Type Opaque; ``stringData`` is written into ``data`` and forgotten."""
    if not secret.get("type"):
        secret["type"] = "Opaque"
    plain = secret.pop("stringData", None)
    if plain:
        data = secret.setdefault("data", {})
        for key, value in plain.items():
            data[key] = base64.b64encode(value.encode()).decode()


def set_namespace(namespace: Object) -> None:
    """Phase Active, and its own name as a label so that selectors can name it."""
    if name := name_of(namespace):
        namespace["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name
    namespace.setdefault("spec", {})
    status = namespace.setdefault("status", {})
    if not status.get("phase"):
        status["phase"] = "Active"


def set_node(node: Object) -> None:
    """What can be allocated is the capacity, until a kubelet says otherwise; of two spellings of a range one wins."""
    spec = node.setdefault("spec", {})
    one, many = spec.get("podCIDR"), spec.get("podCIDRs") or []
    if one and one not in many[:1]:
        spec["podCIDRs"] = [one]
    elif many and not one:
        spec["podCIDR"] = many[0]
    status = node.setdefault("status", {})
    if status.get("capacity") and "allocatable" not in status:
        status["allocatable"] = dict(status["capacity"])
    status.setdefault("daemonEndpoints", {}).setdefault("kubeletEndpoint", {}).setdefault("Port", 0)
    given = status.get("nodeInfo") or {}
    status["nodeInfo"] = {**{field: given.get(field, "") for field in _NODE_INFO}, **given}


def set_limit_range(limit_range: Object) -> None:
    """For containers: the default limit follows the maximum, the default request the limit, then the minimum."""
    spec = limit_range.setdefault("spec", {})
    for item in spec.get("limits") or ():
        if item.get("type") == "Container":
            limits, requests = item.setdefault("default", {}), item.setdefault("defaultRequest", {})
            for source, target in ((item.get("max"), limits), (limits, requests), (item.get("min"), requests)):
                for name, amount in (source or {}).items():
                    target.setdefault(name, amount)
            for field in ("default", "defaultRequest"):
                if not item[field]:
                    del item[field]
    spec["limits"] = spec.get("limits") or None


def set_resource_quota(quota: Object) -> None:
    """Nothing but the fields that Go writes out even when empty."""
    quota.setdefault("spec", {})
    quota.setdefault("status", {})


def set_event(event: Object) -> None:
    """Fields that Go writes out even when empty."""
    event.setdefault("involvedObject", {})
    event.setdefault("source", {})
    for field in ("firstTimestamp", "lastTimestamp", "eventTime"):
        event.setdefault(field, None)
    event.setdefault("reportingComponent", "")
    event.setdefault("reportingInstance", "")
