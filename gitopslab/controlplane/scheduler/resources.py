"""What a pod asks of a node and what a node has, as integers.

CPU counts in thousandths of a core, everything else in whole units, as in the scheduler's own ``Resource``. ``podinfo``
and ``nodeinfo`` keep these numbers, so no quantity is parsed in a scheduling cycle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gitopslab.machinery import quantity
from gitopslab.machinery.objects import Object, condition_of

CPU, MEMORY, STORAGE, PODS = "cpu", "memory", "ephemeral-storage", "pods"

Resources = dict[str, int]
"""Amounts by resource name; a missing name is zero."""

# ``schedutil.DefaultMilliCPURequest`` and ``DefaultMemoryRequest``: scores count a container that asks for nothing so,
# lest a node attract every pod without requests.
_ASSUMED = {CPU: 100, MEMORY: 200 * 1024 * 1024}

_BYTES = ((2**30, "Gi"), (2**20, "Mi"), (2**10, "Ki"))
_POD_LEVEL = (CPU, MEMORY)  # and hugepages-*


def amounts(quantities: Mapping[str, Any] | None) -> Resources:
    """The integers of a ``ResourceList``."""
    return {
        name: quantity.milli(value) if name == CPU else quantity.whole(value)
        for name, value in (quantities or {}).items()
    }


def pod_requests(pod: Object) -> Resources:
    """What a pod holds of its node at its hungriest moment (``resourcehelper.PodRequests``).

    Containers run together, so they add up; init containers run one after another, so the largest counts; sidecars
    (init containers that restart) add to everything after them. Pod-level requests replace the sum, overhead comes on
    top. While a pod is resized in place, the larger of what it has and what it wants counts.
    """
    return _with_pod_level(pod, _of_containers(pod, {}))


def counted_requests(pod: Object) -> Resources:
    """What scores count for a pod that is on a node: as ``pod_requests``, and a little for containers that ask nothing.

    Where pod-level requests are set, the little is only added for a resource that nobody asks for at all.
    """
    requests, assumed = pod_requests(pod), _ASSUMED
    if _pod_level(pod):
        assumed = {name: amount for name, amount in _ASSUMED.items() if name not in requests}
    return _with_pod_level(pod, _of_containers(pod, assumed))


def scored_requests(pod: Object) -> Resources:
    """What NodeResourcesFit counts for the pod it scores: the containers alone, pod-level requests left out.

    That is how upstream's scorer is made (it never learns that pod-level resources are on), so it stays so here.
    """
    return _sum((_of_containers(pod, _ASSUMED), amounts((pod.get("spec") or {}).get("overhead"))))


def _of_containers(pod: Object, assumed: Resources) -> Resources:
    spec, wanted_by = pod.get("spec") or {}, _requests_by_container(pod)
    total = _sum({**assumed, **wanted_by(container)} for container in spec.get("containers") or ())
    sidecars: Resources = {}
    starting: Resources = {}
    for container in spec.get("initContainers") or ():
        wanted = {**assumed, **wanted_by(container)}
        if container.get("restartPolicy") == "Always":
            total, sidecars = _sum((total, wanted)), _sum((sidecars, wanted))
            wanted = sidecars
        else:
            wanted = _sum((wanted, sidecars))
        starting = _larger(starting, wanted)
    return _larger(total, starting)


def _requests_by_container(pod: Object) -> Callable[[Object], Resources]:
    """What each container asks for, or holds while it is resized; an init container that ends cannot be."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    sidecars = {item["name"] for item in spec.get("initContainers") or () if item.get("restartPolicy") == "Always"}
    running = [entry for entry in status.get("initContainerStatuses") or () if entry["name"] in sidecars]
    running += status.get("containerStatuses") or ()
    resized = {entry["name"]: entry for entry in running if entry.get("resources")}

    def wanted(container: Object) -> Resources:
        asked = amounts((container.get("resources") or {}).get("requests"))
        held = resized.get(container["name"])
        if held is None:
            return asked
        return _held(pod, asked, held["resources"].get("requests"), held.get("allocatedResources"))

    return wanted


def _held(pod: Object, asked: Resources, actual: Object | None, allocated: Object | None) -> Resources:
    """The largest of what was asked for, what is in force and what the node agreed to.

    A wish that the node can never grant does not count.
    """
    pending = condition_of(pod, "PodResizePending") or {}
    held = _larger(amounts(actual), amounts(allocated))
    return held if pending.get("reason") == "Infeasible" else _larger(asked, held)


def _pod_level(pod: Object) -> Resources:
    """Requests of the pod as a whole, for the resources that can have one."""
    requests = ((pod.get("spec") or {}).get("resources") or {}).get("requests")
    return {name: amount for name, amount in amounts(requests).items() if _is_pod_level(name)}


def _is_pod_level(name: str) -> bool:
    return name in _POD_LEVEL or name.startswith("hugepages-")


def _with_pod_level(pod: Object, requests: Resources) -> Resources:
    whole, status = _pod_level(pod), pod.get("status") or {}
    if whole and status.get("resources"):
        held = _held(pod, whole, status["resources"].get("requests"), status.get("allocatedResources"))
        whole = {name: held.get(name, 0) for name in whole}
    return _sum(({**requests, **whole}, amounts((pod.get("spec") or {}).get("overhead"))))


def _sum(parts: Iterable[Resources]) -> Resources:
    total: Resources = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = total.get(name, 0) + amount
    return total


def _larger(one: Resources, other: Resources) -> Resources:
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in {**one, **other}}


def spelled(name: str, amount: int, *, up: bool = False) -> str:
    """An amount as people say it: ``1.25`` CPU, ``1.5Gi`` of memory, to two decimals.

    Args:
        name: Of the resource.
        amount: In thousandths of CPU, bytes, or pieces.
        up: Round up, as what is needed should be; what there is rounds down, so that the two never look equal.
    """
    unit, suffix = 1, ""
    if name == CPU:
        unit = 1000
    elif name in (MEMORY, STORAGE) or name.startswith("hugepages-"):
        unit, suffix = next(((size, text) for size, text in _BYTES if amount >= size), (1, ""))
    hundredths = -(-amount * 100 // unit) if up else amount * 100 // unit
    return f"{hundredths / 100:.2f}".rstrip("0").rstrip(".") + suffix


def shortage(name: str, needed: int, free: int, allocatable: int) -> str:
    """A resource that does not suffice, in numbers: ``needs 2 CPU, 1.2 of 4 free``."""
    wanted = f"needs {spelled(name, needed, up=True)} {'CPU' if name == CPU else name}"
    if not allocatable:
        return f"{wanted}, the node has none"
    return f"{wanted}, {spelled(name, max(0, free))} of {spelled(name, allocatable)} free"
