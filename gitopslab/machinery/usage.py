"""What an object uses of what a quota limits, and what a pod asks for as a whole.

Quota admission counts with it before a write, the ResourceQuota controller after it, so both always agree. Pure
functions; upstream: ``pkg/quota/v1/evaluator/core`` and ``component-helpers/resource``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from gitopslab.machinery import quantity
from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, annotations_of

_COMPUTED = ("cpu", "memory", "ephemeral-storage")
_NATIVE_PREFIX = "kubernetes.io/"
_POD_LEVEL = ("cpu", "memory")
_HUGE = "hugepages-"
_ALIASED = frozenset({"configmaps", "replicationcontrollers", "resourcequotas", "secrets"})
"""Kinds that quotas also know by their bare name, from before ``count/`` was there."""

_ENDED = ("Succeeded", "Failed")
_BETA_CLASS = "volume.beta.kubernetes.io/storage-class"


@dataclass(frozen=True, slots=True)
class Amount:
    """A quantity that remembers how it was written: a sum is spelled like its first part (``resource.Quantity``).

    Attributes:
        value: How much.
        suffix: One of the family it is spelled in: ``Ki``, ``e0`` or none.
    """

    value: Decimal
    suffix: str = ""

    @classmethod
    def of(cls, written: str | int | float) -> Amount:
        """An amount as a manifest has it."""
        text = str(written)
        if text.endswith("i"):
            return cls(quantity.parse(text), "Ki")
        is_exponent = text[-1:].isdigit() and "e" in text.lower()
        return cls(quantity.parse(text), "e0" if is_exponent else "")

    def __add__(self, other: Amount) -> Amount:
        """The sum."""
        return Amount(self.value + other.value, self.suffix if self.value else other.suffix)

    def less(self, other: Amount) -> Amount:
        """What is left after taking ``other`` away, never below nothing."""
        return Amount(max(self.value - other.value, Decimal(0)), self.suffix)

    def __str__(self) -> str:
        """In its canonical spelling."""
        scaled = self.value / 1024 if self.suffix == "Ki" else self.value
        return quantity.canonical(f"{scaled:f}{self.suffix}")


Amounts = dict[str, Amount]
NOTHING = Amount(Decimal(0))
ONE = Amount(Decimal(1))


def amounts(resources: Mapping[str, Any] | None) -> Amounts:
    """A resource list as amounts."""
    return {name: Amount.of(value) for name, value in (resources or {}).items()}


def added(parts: Iterable[Amounts]) -> Amounts:
    """The sum of several, name by name."""
    total: Amounts = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = total[name] + amount if name in total else amount
    return total


# -- what a pod asks for ----------------------------------------------------------------------------------------------


def effective(spec: Object, field: str, *, overhead: bool = True) -> Amounts:
    """A pod's ``requests`` or ``limits`` as a whole: its containers together, or a larger init step.

    Simplified: while a pod is resized in place, the real server counts the larger of what it has and what it wants.

    Args:
        spec: Of the pod.
        field: ``requests`` or ``limits``.
        overhead: Also count what its runtime needs beside the containers.
    """
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
    whole = amounts((spec.get("resources") or {}).get(field))
    total |= {name: amount for name, amount in whole.items() if name in _POD_LEVEL or name.startswith(_HUGE)}
    if not overhead:
        return total
    beside = amounts(spec.get("overhead"))
    if field == "limits":  # a limit that nobody set stays unset
        beside = {name: amount for name, amount in beside.items() if name in total}
    return added((total, beside))


def _larger(one: Amounts, other: Amounts) -> Amounts:
    found = dict(one)
    for name, amount in other.items():
        if name not in found or amount.value > found[name].value:
            found[name] = amount
    return found


# -- what an object counts for ----------------------------------------------------------------------------------------


def usage(key: str, obj: Object, now: float) -> Amounts:
    """What one object counts for, by the names a quota uses.

    Args:
        key: The object's resource, as in ``pods`` or ``deployments.apps``.
        obj: The object, with defaults.
        now: The time, after which a pod that should be gone counts no more.
    """
    found = {f"count/{key}": ONE}
    if key in _ALIASED:
        found[key] = ONE
    elif key == "pods":
        if not is_over(obj, now):
            found |= _pod_usage(obj)
    elif key == "services":
        found |= _service_usage(obj.get("spec", {}))
    elif key == "persistentvolumeclaims":
        found |= _claim_usage(obj)
    return found


def is_over(pod: Object, now: float) -> bool:
    """Whether a pod has ended, or should have by now."""
    if pod.get("status", {}).get("phase") in _ENDED:
        return True
    metadata = pod.get("metadata", {})
    deleted, grace = metadata.get("deletionTimestamp"), metadata.get("deletionGracePeriodSeconds")
    return bool(deleted) and grace is not None and now > seconds_of(deleted) + grace


def counts(key: str, name: str) -> bool:
    """Whether objects of a resource can use what a quota calls ``name`` (``Evaluator.MatchingResources``)."""
    if name in (f"count/{key}", key):
        return name != key or key in _ALIASED or key in ("pods", "services", "persistentvolumeclaims")
    if key == "pods":
        return name in _COMPUTED or name.startswith(_HUGE) or _is_of_pods(name)
    if key == "services":
        return name in ("services.nodeports", "services.loadbalancers")
    if key == "persistentvolumeclaims":
        return name == "requests.storage" or ".storageclass.storage.k8s.io/" in name
    return False


def _is_of_pods(name: str) -> bool:
    kind, _, resource = name.partition(".")
    if kind == "limits":
        return resource in _COMPUTED
    return kind == "requests" and (resource in _COMPUTED or resource.startswith(_HUGE) or is_extended(resource))


def is_extended(resource: str) -> bool:
    """Whether it is a resource that somebody advertises on nodes, such as ``example.com/dongle``."""
    return "/" in resource and not resource.startswith(_NATIVE_PREFIX) and not resource.startswith("requests.")


def _pod_usage(pod: Object) -> Amounts:
    spec = pod.get("spec", {})
    found = {"pods": ONE}
    for name, amount in effective(spec, "requests").items():
        is_plain = name in _COMPUTED or name.startswith(_HUGE)
        if is_plain:
            found[name] = amount
        if is_plain or is_extended(name):
            found[f"requests.{name}"] = amount
    limits = effective(spec, "limits")
    return found | {f"limits.{name}": limits[name] for name in _COMPUTED if name in limits}


def _service_usage(spec: Object) -> Amounts:
    ports, kind = spec.get("ports") or (), spec.get("type")
    opened = len(ports) if kind in ("NodePort", "LoadBalancer") else 0
    if kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is False:
        opened = sum(bool(port.get("nodePort")) for port in ports)
    return {
        "services": ONE,
        "services.nodeports": Amount(Decimal(opened)),
        "services.loadbalancers": ONE if kind == "LoadBalancer" else NOTHING,
    }


def _claim_usage(claim: Object) -> Amounts:
    spec = claim.get("spec", {})
    found = {"persistentvolumeclaims": ONE}
    if (asked := (spec.get("resources", {}).get("requests") or {}).get("storage")) is not None:
        size = Amount.of(asked)
        if (given := (claim.get("status", {}).get("allocatedResources") or {}).get("storage")) is not None:
            size = max(size, Amount.of(given), key=lambda amount: amount.value)
        found["requests.storage"] = Amount(size.value.to_integral_value(ROUND_CEILING), size.suffix)
    if name := annotations_of(claim).get(_BETA_CLASS) or spec.get("storageClassName"):
        found |= {f"{name}.storageclass.storage.k8s.io/{resource}": amount for resource, amount in found.items()}
    return found


# -- which objects a quota is about -----------------------------------------------------------------------------------


def covers(quota: Object, key: str, obj: Object) -> bool:
    """Whether a quota counts an object, going by its scopes: without any it counts all there are."""
    spec = quota.get("spec", {})
    terms = [{"scopeName": scope, "operator": "Exists"} for scope in spec.get("scopes") or ()]
    terms += (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    return all(_is_in(term, key, obj) for term in terms)


def _is_in(term: Object, key: str, obj: Object) -> bool:
    scope = term.get("scopeName")
    if key == "persistentvolumeclaims":
        return scope == "VolumeAttributesClass" and _selects(term, volume_classes(obj))
    if key != "pods":
        return False
    spec = obj.get("spec", {})
    match scope:
        case "Terminating" | "NotTerminating":
            has_deadline = spec.get("activeDeadlineSeconds") is not None
            return has_deadline is (scope == "Terminating")
        case "BestEffort" | "NotBestEffort":
            return _is_best_effort(obj) is (scope == "BestEffort")
        case "PriorityClass":
            name = spec.get("priorityClassName")
            return _selects(term, {name} if name else set())
        case "CrossNamespacePodAffinity":
            return any(map(_looks_elsewhere, _affinity_terms(spec.get("affinity") or {})))
    return False


def _selects(term: Object, names: set[str]) -> bool:
    values = set(term.get("values") or ())
    match term.get("operator"):
        case "In":
            return bool(names & values)
        case "NotIn":
            return not names or bool(names - values)
        case "DoesNotExist":
            return not names
    return bool(names)


def volume_classes(claim: Object) -> set[str]:
    """The VolumeAttributesClasses that a claim asks for, has, or is being changed to."""
    status = claim.get("status", {})
    names = (
        claim.get("spec", {}).get("volumeAttributesClassName"),
        status.get("currentVolumeAttributesClassName"),
        (status.get("modifyVolumeStatus") or {}).get("targetVolumeAttributesClassName"),
    )
    return {name for name in names if name}


def _is_best_effort(pod: Object) -> bool:
    if found := pod.get("status", {}).get("qosClass"):
        return bool(found == "BestEffort")
    spec = pod.get("spec", {})
    asked = (effective(spec, field, overhead=False) for field in ("requests", "limits"))
    return not any(part[name].value for part in asked for name in ("cpu", "memory") if name in part)


def _affinity_terms(affinity: Object) -> Iterable[Object]:
    for kind in ("podAffinity", "podAntiAffinity"):
        part = affinity.get(kind) or {}
        yield from part.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        preferred = part.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        yield from (weighted.get("podAffinityTerm") or {} for weighted in preferred)


def _looks_elsewhere(term: Object) -> bool:
    return bool(term.get("namespaces")) or term.get("namespaceSelector") is not None
