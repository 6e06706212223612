"""What a pod asks of a node and what a node has, as integers.

CPU counts in thousandths of a core, everything else in whole units, as in the scheduler's own ``Resource``. A pod is
reduced to its ``Shape``, everything in it that decides what it counts for; pods of one workload have the same, so the
sums are made once a shape. ``podinfo`` and ``nodeinfo`` keep the numbers, so none is made in a scheduling cycle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

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

Written = tuple[tuple[str, Any], ...]
"""A resource list as it was written."""


class Ask(NamedTuple):
    """One container: what it asks for, and what it holds while it is resized (None when it is not)."""

    wanted: Written
    held: tuple[Written, Written] | None
    is_sidecar: bool


class Shape(NamedTuple):
    """Everything in a pod that decides what it counts for.

    Attributes:
        whole: Requests of the pod as a whole, with what it holds while it is resized.
        is_stuck: Whether the node can never grant the size that is asked for, so that the wish does not count.
    """

    containers: tuple[Ask, ...]
    inits: tuple[Ask, ...]
    whole: Ask
    overhead: Written
    is_stuck: bool


class Counts(NamedTuple):
    """What a pod counts for; shared, never changed.

    Attributes:
        held: What it holds of its node at its hungriest moment (``resourcehelper.PodRequests``).
        counted: What scores count for it once it is on a node: as ``held``, with a little for containers that ask for
            nothing; beside pod-level requests only for a resource that nobody asks for at all.
        scored: What NodeResourcesFit counts for it while it is being scored: the containers alone. Upstream's scorer
            never learns that pod-level requests are on, so it is the same here.
    """

    held: Resources
    counted: Resources
    scored: Resources


def amounts(quantities: Mapping[str, Any] | None) -> Resources:
    """The integers of a ``ResourceList``."""
    return _amounts(tuple((quantities or {}).items()))


def shape_of(pod: Object) -> Shape:
    """The shape of a pod."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    whole = _ask(spec, status if status.get("resources") else None)
    containers = _asks(spec.get("containers"), status.get("containerStatuses"))
    inits = _asks(spec.get("initContainers"), status.get("initContainerStatuses"))
    is_resized = any(ask.held for ask in (whole, *containers, *inits))
    is_stuck = is_resized and (condition_of(pod, "PodResizePending") or {}).get("reason") == "Infeasible"
    return Shape(containers, inits, whole, _written(spec.get("overhead")), is_stuck)


@lru_cache(maxsize=8192)
def counts(shape: Shape) -> Counts:
    """What a pod of this shape counts for."""
    whole = {name: amount for name, amount in _granted(shape.whole, shape.is_stuck).items() if _is_pod_level(name)}
    overhead = _amounts(shape.overhead)
    held = _sum(({**_of_containers(shape, {}), **whole}, overhead))
    assumed = {name: amount for name, amount in _ASSUMED.items() if not whole or name not in held}
    return Counts(
        held,
        _sum(({**_of_containers(shape, assumed), **whole}, overhead)),
        _sum((_of_containers(shape, _ASSUMED), overhead)),
    )


def pod_requests(pod: Object) -> Resources:
    """What a pod holds of its node at its hungriest moment."""
    return counts(shape_of(pod)).held


def _of_containers(shape: Shape, assumed: Resources) -> Resources:
    """Containers run together, so they add up; init containers run one after another, so the largest counts.

    Sidecars (init containers that restart) add to everything after them.
    """
    total = _sum({**assumed, **_granted(ask, shape.is_stuck)} for ask in shape.containers)
    sidecars: Resources = {}
    starting: Resources = {}
    for ask in shape.inits:
        wanted = {**assumed, **_granted(ask, shape.is_stuck)}
        if ask.is_sidecar:
            total, sidecars = _sum((total, wanted)), _sum((sidecars, wanted))
            wanted = sidecars
        else:
            wanted = _sum((wanted, sidecars))
        starting = _larger(starting, wanted)
    return _larger(total, starting)


def _asks(items: Iterable[Object] | None, statuses: Iterable[Object] | None) -> tuple[Ask, ...]:
    resized = {entry["name"]: entry for entry in statuses or () if entry.get("resources")}
    return tuple([_ask(item, resized.get(item["name"]) if resized else None) for item in items or ()])


def _ask(item: Object, resized: Object | None) -> Ask:
    held = None
    if resized is not None:
        held = _written(resized["resources"].get("requests")), _written(resized.get("allocatedResources"))
    is_sidecar = item.get("restartPolicy") == "Always"
    return Ask(_written((item.get("resources") or {}).get("requests")), held, is_sidecar)


def _granted(ask: Ask, is_stuck: bool) -> Resources:
    """The largest of what is asked for, what is in force and what the node agreed to."""
    wanted = _amounts(ask.wanted)
    if ask.held is None:
        return wanted
    held = _larger(*map(_amounts, ask.held))
    return held if is_stuck else _larger(wanted, held)


def _written(quantities: Mapping[str, Any] | None) -> Written:
    return tuple(quantities.items()) if quantities else ()


@lru_cache(maxsize=8192)
def _amounts(quantities: Written) -> Resources:
    return {name: quantity.milli(value) if name == CPU else quantity.whole(value) for name, value in quantities}


def _is_pod_level(name: str) -> bool:
    return name in _POD_LEVEL or name.startswith("hugepages-")


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


@lru_cache(maxsize=4096)
def shortage(name: str, needed: int, free: int, allocatable: int) -> str:
    """A resource that does not suffice, in numbers: ``needs 2 CPU, 1.2 of 4 free``."""
    wanted = f"needs {spelled(name, needed, up=True)} {'CPU' if name == CPU else name}"
    if not allocatable:
        return f"{wanted}, the node has none"
    return f"{wanted}, {spelled(name, max(0, free))} of {spelled(name, allocatable)} free"
