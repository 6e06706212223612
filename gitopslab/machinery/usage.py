"""What an object uses of what a quota limits, and what a pod asks for as a whole.

Quota admission counts with it before a write, the ResourceQuota controller after it, so both always agree. Pure
functions; upstream: ``pkg/quota/v1/evaluator/core`` and ``component-helpers/resource``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from gitopslab.machinery import quantity
from gitopslab.machinery.objects import Object, is_terminating

Amounts = dict[str, Decimal]
_UNPREFIXED = ("cpu", "memory", "ephemeral-storage")
_CORE_COUNTS = (
    "configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers", "resourcequotas", "secrets", "services",
)  # fmt: skip
_ENDED = ("Succeeded", "Failed")


def usage(key: str, obj: Object) -> Amounts:
    """What one object counts for, by the names a quota uses.

    Args:
        key: The object's resource, as in ``pods`` or ``deployments.apps``.
        obj: The object, with defaults.
    """
    if key == "pods" and obj.get("status", {}).get("phase") in _ENDED:
        return {f"count/{key}": Decimal(1)}
    found = {f"count/{key}": Decimal(1)}
    if key in _CORE_COUNTS:
        found[key] = Decimal(1)
    if key == "pods":
        found |= _pod_usage(obj)
    elif key == "services":
        found |= _service_usage(obj.get("spec", {}))
    elif key == "persistentvolumeclaims":
        found |= _claim_usage(obj.get("spec", {}))
    return found


def in_scope(scope: str, pod: Object) -> bool:
    """Whether a pod falls under a scope of a quota; unknown scopes match nothing.

    Simplified: ``CrossNamespacePodAffinity`` and the values of ``PriorityClass`` selectors are not looked at.
    """
    spec = pod.get("spec", {})
    is_best_effort = not effective(spec, "requests") and not effective(spec, "limits")
    matches = {
        "Terminating": spec.get("activeDeadlineSeconds") is not None,
        "NotTerminating": spec.get("activeDeadlineSeconds") is None,
        "BestEffort": is_best_effort,
        "NotBestEffort": not is_best_effort,
        "PriorityClass": bool(spec.get("priorityClassName")),
    }
    return matches.get(scope, False)


def effective(spec: Object, field: str) -> Amounts:
    """A pod's ``requests`` or ``limits`` as a whole: its containers together, or a larger init step."""
    total = added(amounts((item.get("resources") or {}).get(field)) for item in spec.get("containers") or ())
    sidecars: Amounts = {}
    starting: Amounts = {}
    for container in spec.get("initContainers") or ():
        wanted = amounts((container.get("resources") or {}).get(field))
        if container.get("restartPolicy") == "Always":
            total, sidecars = added((total, wanted)), added((sidecars, wanted))
            wanted = sidecars
        else:
            wanted = added((wanted, sidecars))
        starting = _larger(starting, wanted)
    total = _larger(total, starting)
    total |= amounts((spec.get("resources") or {}).get(field))
    return added((total, amounts(spec.get("overhead")))) if total else total


def amounts(resources: Mapping[str, Any] | None) -> Amounts:
    """A resource list as numbers."""
    return {name: quantity.parse(value) for name, value in (resources or {}).items()}


def added(parts: Iterable[Amounts]) -> Amounts:
    """The sum of several, name by name."""
    total: Amounts = {}
    for part in parts:
        for name, value in part.items():
            total[name] = total.get(name, Decimal(0)) + value
    return total


def spelled(value: Decimal) -> str:
    """A number as a quantity: in powers of two where that is exact and it is large, as sizes are written."""
    if value and value % 1024 == 0:
        return quantity.canonical(f"{value / 1024:f}Ki")
    return quantity.canonical(f"{value:f}")


def _larger(one: Amounts, other: Amounts) -> Amounts:
    return {name: max(one.get(name, Decimal(0)), other.get(name, Decimal(0))) for name in one.keys() | other.keys()}


def _pod_usage(pod: Object) -> Amounts:
    spec = pod.get("spec", {})
    requests, limits = effective(spec, "requests"), effective(spec, "limits")
    found = {f"requests.{name}": value for name, value in requests.items()}
    found |= {f"limits.{name}": value for name, value in limits.items() if name in _UNPREFIXED}
    return found | {name: requests[name] for name in _UNPREFIXED if name in requests}


def _service_usage(spec: Object) -> Amounts:
    ports = len(spec.get("ports") or ())
    kind = spec.get("type")
    opens = kind == "NodePort" or (kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False)
    return {
        "services.nodeports": Decimal(ports if opens else 0),
        "services.loadbalancers": Decimal(kind == "LoadBalancer"),
    }


def _claim_usage(spec: Object) -> Amounts:
    size = quantity.parse((spec.get("resources", {}).get("requests") or {}).get("storage", 0))
    found = {"requests.storage": size}
    if name := spec.get("storageClassName"):
        prefix = f"{name}.storageclass.storage.k8s.io"
        found |= {f"{prefix}/requests.storage": size, f"{prefix}/persistentvolumeclaims": Decimal(1)}
    return found


def is_counted(key: str, obj: Object) -> bool:
    """Whether an object still counts: a pod that is past its grace does not, everything else does until it is gone."""
    return key != "pods" or not (is_terminating(obj) and not obj["metadata"].get("deletionGracePeriodSeconds"))
