"""What a pod asks of a node and what a node has, as integers.

CPU counts in thousandths of a core, everything else in whole units, as in the scheduler's own ``Resource``. ``podinfo``
and ``nodeinfo`` keep these numbers, so no quantity is parsed in a scheduling cycle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gitopslab.machinery import quantity
from gitopslab.machinery.objects import Object

CPU, MEMORY, STORAGE, PODS = "cpu", "memory", "ephemeral-storage", "pods"

Resources = dict[str, int]
"""Amounts by resource name; a missing name is zero."""

# ``schedutil.DefaultMilliCPURequest`` and ``DefaultMemoryRequest``: scores count a container that asks for nothing so,
# lest a node attract every pod without requests.
_ASSUMED = {CPU: 100, MEMORY: 200 * 1024 * 1024}

_POD_LEVEL = (CPU, MEMORY)  # and hugepages-*


def amounts(quantities: Mapping[str, Any] | None) -> Resources:
    """The integers of a ``ResourceList``."""
    return {
        name: quantity.milli(value) if name == CPU else quantity.whole(value)
        for name, value in (quantities or {}).items()
    }


def pod_requests(spec: Object, *, assumed: bool = False) -> Resources:
    """What a pod needs at its hungriest moment (``resourcehelper.PodRequests``).

    Containers run together, so they add up; init containers run one after another, so the largest counts; sidecars
    (init containers that restart) add to everything after them. Pod-level requests replace the sum, overhead comes on
    top.

    Args:
        spec: The pod's spec.
        assumed: Count containers without a CPU or memory request as asking for a little.

    Simplified: during an in-place resize the real scheduler counts the larger of wanted and allocated resources.
    """
    total = _sum(_requests(container, assumed) for container in spec.get("containers") or ())
    sidecars: Resources = {}
    starting: Resources = {}
    for container in spec.get("initContainers") or ():
        wanted = _requests(container, assumed)
        if container.get("restartPolicy") == "Always":
            total, sidecars = _sum((total, wanted)), _sum((sidecars, wanted))
            wanted = sidecars
        else:
            wanted = _sum((wanted, sidecars))
        starting = _larger(starting, wanted)
    total = _larger(total, starting)
    for name, amount in amounts((spec.get("resources") or {}).get("requests")).items():
        if name in _POD_LEVEL or name.startswith("hugepages-"):
            total[name] = amount
    return _sum((total, amounts(spec.get("overhead"))))


def _requests(container: Object, assumed: bool) -> Resources:
    wanted = amounts((container.get("resources") or {}).get("requests"))
    return {**_ASSUMED, **wanted} if assumed else wanted


def _sum(parts: Iterable[Resources]) -> Resources:
    total: Resources = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = total.get(name, 0) + amount
    return total


def _larger(one: Resources, other: Resources) -> Resources:
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in {**one, **other}}


def spelled(name: str, amount: int) -> str:
    """An amount as people write it: ``1500m`` of CPU, ``64Mi`` of memory."""
    if name == CPU:
        return quantity.canonical(f"{amount}m")
    if name in (MEMORY, STORAGE) or name.startswith("hugepages-"):
        for suffix, size in (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
            if amount and amount % size == 0:
                return f"{amount // size}{suffix}"
    return str(amount)
