"""Nodes and pods for scheduler tests: each builder shows only what matters."""

from __future__ import annotations

from typing import Any

from gitopslab.machinery.objects import Object

ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
BUSY = {"key": "team", "value": "blue", "effect": "NoSchedule"}


def node(
    name: str, *, cpu: str = "4", memory: str = "8Gi", pods: str = "110", zone: str = "", images: Any = (), **spec: Any
) -> Object:
    """A node with its hostname label."""
    labels = {HOST: name, **({ZONE: zone} if zone else {})}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
        "status": {
            "allocatable": {"cpu": cpu, "memory": memory, "pods": pods, "ephemeral-storage": "100Gi"},
            "images": [{"names": [image], "sizeBytes": size} for image, size in images],
        },
    }


def pod(
    name: str = "p",
    *,
    on: str = "",
    cpu: str = "",
    memory: str = "",
    labels: dict[str, str] | None = None,
    namespace: str = "default",
    **spec: Any,
) -> Object:
    """A pod with one container; ``on`` puts it on a node."""
    requests = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    container = {"name": "c", "image": "nginx:1", "resources": {"requests": requests}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}", "labels": labels or {}},
        "spec": {"containers": [container], **({"nodeName": on} if on else {}), **spec},
        "status": {"phase": "Running" if on else "Pending"},
    }


def wants(app: str, key: str = HOST, **term: Any) -> Object:
    """A pod affinity term for pods with the label ``app``."""
    return {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}, **term}


def near(*terms: Object) -> Object:
    """Required pod affinity."""
    return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": list(terms)}}


def away(*terms: Object) -> Object:
    """Required pod anti-affinity."""
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": list(terms)}}


def spread(app: str, key: str = ZONE, *, soft: bool = False, **more: Any) -> Object:
    """A topology spread constraint for pods with the label ``app``."""
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway" if soft else "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": app}},
        **more,
    }


def labelled(key: str, operator: str, *values: str) -> Object:
    """Required node affinity with one expression."""
    expression = {"key": key, "operator": operator, **({"values": list(values)} if values else {})}
    terms = [{"matchExpressions": [expression]}]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
