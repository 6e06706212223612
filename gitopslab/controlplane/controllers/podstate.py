"""Reads what a pod's status means to a controller: ready, available, active, and which pod to delete first.

Pure functions; every workload controller calls them with pods out of an informer and never changes those. Creating and
deleting pods is ``podcontrol``'s.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from functools import cmp_to_key

from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, annotations_of, is_terminating, uid_of

_PHASE_ORDER = {"Pending": 0, "Unknown": 1, "Running": 2}
_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"


def phase_of(pod: Object) -> str:
    """``status.phase``, empty before the API server has set one."""
    phase: str = pod.get("status", {}).get("phase") or ""
    return phase


def is_terminal(pod: Object) -> bool:
    """Whether all containers have stopped for good (phase ``Succeeded`` or ``Failed``)."""
    return phase_of(pod) in ("Succeeded", "Failed")


def is_active(pod: Object) -> bool:
    """Whether a pod counts as a replica: neither finished nor on its way out."""
    return not is_terminal(pod) and not is_terminating(pod)


def ready_condition(pod: Object) -> Object | None:
    """The ``Ready`` condition."""
    conditions: Iterable[Object] = pod.get("status", {}).get("conditions") or ()
    for condition in conditions:
        if condition["type"] == "Ready":
            return condition
    return None


def is_ready(pod: Object) -> bool:
    """Whether the ``Ready`` condition is true."""
    condition = ready_condition(pod)
    return condition is not None and condition.get("status") == "True"


def available_at(pod: Object, min_ready_seconds: int) -> float | None:
    """When a pod counts as available, in epoch seconds; None while it is not ready."""
    condition = ready_condition(pod)
    if condition is None or condition.get("status") != "True":
        return None
    if min_ready_seconds == 0:
        return 0.0
    since = condition.get("lastTransitionTime")
    return seconds_of(since) + min_ready_seconds if since else None


def is_available(pod: Object, min_ready_seconds: int, now: float) -> bool:
    """Whether a pod has been ready for at least ``min_ready_seconds``."""
    due = available_at(pod, min_ready_seconds)
    return due is not None and due <= now


def next_availability(pods: Iterable[Object], min_ready_seconds: int, now: float) -> float | None:
    """Seconds until the next ready pod becomes available; None when time alone changes nothing."""
    if not min_ready_seconds:
        return None
    dues = (available_at(pod, min_ready_seconds) for pod in pods)
    return min((due - now for due in dues if due is not None and due > now), default=None)


def node_of(pod: Object) -> str:
    """The node a pod is bound to, empty while it waits for one."""
    node: str = pod.get("spec", {}).get("nodeName") or ""
    return node


def first_to_delete(pods: list[Object], related: Iterable[Object], count: int, now: float) -> list[Object]:
    """The ``count`` pods whose loss costs least, in the order of ``controller.ActivePodsWithRanks``.

    Args:
        pods: The candidates.
        related: All pods that share the workload, to see which nodes hold several of them.
        count: How many must go.
        now: The current time.
    """
    if count >= len(pods):
        return pods
    crowd = Counter(node_of(pod) for pod in related if is_active(pod))

    def compare(a: Object, b: Object) -> int:
        return _compare(a, b, crowd, now)

    return sorted(pods, key=cmp_to_key(compare))[:count]


def least_advanced(pods: list[Object]) -> list[Object]:
    """Pods in the order in which a Job stops them (``controller.ActivePods``): what has come least far goes first."""

    def key(pod: Object) -> tuple[float, ...]:
        regular, sidecars = _restarts(pod)
        since = _ready_since(pod) if is_ready(pod) else 0.0
        return *_standing(pod, Counter())[:3], -since, -regular, -sidecars, -_created(pod)

    return sorted(pods, key=key)


def _compare(a: Object, b: Object, crowd: Counter[str], now: float) -> int:
    # Unassigned, then pending, then not ready, then cheap, then crowded: the order is upstream's and each step matters.
    for left, right in zip(_standing(a, crowd), _standing(b, crowd), strict=True):
        if left != right:
            return -1 if left < right else 1
    if is_ready(a):
        order = _younger_first(_ready_since(a), _ready_since(b), a, b, now)
        if order:
            return order
    if _restarts(a) != _restarts(b):
        return -1 if _restarts(a) > _restarts(b) else 1
    return _younger_first(_created(a), _created(b), a, b, now)


def _standing(pod: Object, crowd: Counter[str]) -> tuple[bool, int, bool, int, int]:
    assigned = bool(node_of(pod))
    return assigned, _PHASE_ORDER.get(phase_of(pod), 0), is_ready(pod), _deletion_cost(pod), -crowd[node_of(pod)]


def _younger_first(left: float, right: float, a: Object, b: Object, now: float) -> int:
    """Orders by age on a logarithmic scale, so that among pods of a similar age no one place always loses."""
    if left == right:
        return 0
    left_age, right_age = _magnitude(now - left), _magnitude(now - right)
    if left_age == right_age:
        return -1 if uid_of(a) < uid_of(b) else 1
    return -1 if left_age < right_age else 1


def _magnitude(seconds: float) -> int:
    return int(math.log2(seconds * 1e9)) if seconds > 0 else -1


def _ready_since(pod: Object) -> float:
    condition = ready_condition(pod) or {}
    since = condition.get("lastTransitionTime")
    return seconds_of(since) if since else 0.0


def _created(pod: Object) -> float:
    return seconds_of(pod["metadata"]["creationTimestamp"])


def _restarts(pod: Object) -> tuple[int, int]:
    """The most often that one of its containers restarted, and one of its sidecars."""
    status, spec = pod.get("status", {}), pod.get("spec", {})
    sidecars = {each["name"] for each in spec.get("initContainers") or () if each.get("restartPolicy") == "Always"}
    own = [int(each.get("restartCount") or 0) for each in status.get("containerStatuses") or ()]
    beside = [
        int(each.get("restartCount") or 0)
        for each in status.get("initContainerStatuses") or ()
        if each["name"] in sidecars
    ]
    return max(own, default=0), max(beside, default=0)


def _deletion_cost(pod: Object) -> int:
    try:
        return int(annotations_of(pod).get(_DELETION_COST, "0"))
    except ValueError:
        return 0
