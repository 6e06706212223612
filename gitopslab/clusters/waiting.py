"""Waiting until objects are as one wants them.

``lab.wait`` and checks call it with a function that reads the objects; it asks again every fraction of a second (short,
so that Ctrl-C stops it at once) and never changes anything. What counts as ready, by kind, is in ``is_ready``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from gitopslab.errors import LabError
from gitopslab.machinery.objects import Object, condition_of, is_condition_true

_POLL_SECONDS = 0.1
Predicate = Callable[[Object], bool]


def wait_until(read: Callable[[], list[Object]], wish: str | Predicate, timeout: float) -> tuple[bool, list[Object]]:
    """Ask again and again until the wish is true of every object, or the time is over.

    Args:
        read: Gives the objects now; those that do not exist are left out.
        wish: ``ready``, ``condition=NAME``, ``condition=NAME=STATUS``, ``delete``, ``create``, or a function that is
            true of an object once it is as wanted. Anything but ``delete`` needs at least one object.
        timeout: In seconds.

    Returns:
        Whether it came true, and the objects as last seen.

    Raises:
        LabError: The wish cannot be read.
    """
    holds = _reader(wish)
    deadline = time.monotonic() + timeout
    while True:
        found = read()
        if holds(found):
            return True, found
        left = deadline - time.monotonic()
        if left <= 0:
            return False, found
        time.sleep(min(_POLL_SECONDS, left))


def is_ready(obj: Object) -> bool:
    """Whether an object has done all it was asked to: a rollout complete, a pod ready, a job done.

    Kinds that have nothing to wait for, such as a ConfigMap, are ready when they exist.
    """
    rollout = _ROLLOUTS.get(obj.get("kind", ""))
    if rollout is not None:
        observed = int(obj.get("status", {}).get("observedGeneration") or 0)
        return observed >= int(obj["metadata"].get("generation") or 0) and rollout(obj)
    for kind in ("Ready", "Complete", "Available", "Established"):
        if condition_of(obj, kind) is not None:
            return is_condition_true(obj, kind)
    return obj.get("kind") not in ("Pod", "Job", "Node", "CustomResourceDefinition") and _phase_is_final(obj)


def _reader(wish: str | Predicate) -> Callable[[Sequence[Object]], bool]:
    if callable(wish):
        return lambda found: bool(found) and all(map(wish, found))
    word, _, rest = wish.partition("=")
    if word in ("delete", "create"):
        return lambda found: bool(found) == (word == "create")
    if word == "ready":
        return lambda found: bool(found) and all(map(is_ready, found))
    if word == "condition" and rest:
        name, _, status = rest.partition("=")
        return lambda found: bool(found) and all(_condition(obj, name) == (status or "True").lower() for obj in found)
    raise LabError(
        f"cannot wait for {wish!r}", 'write "ready", "condition=Available", "delete", "create", or give a function'
    )


def _condition(obj: Object, name: str) -> str:
    conditions = obj.get("status", {}).get("conditions") or []
    found: Object = next((each for each in conditions if each.get("type", "").lower() == name.lower()), {})
    return str(found.get("status", "")).lower()


def _phase_is_final(obj: Object) -> bool:
    return obj.get("status", {}).get("phase", "Bound") in ("Bound", "Active", "Available")


def _deployment(obj: Object) -> bool:
    wanted = int(obj["spec"].get("replicas", 1))
    status = obj.get("status", {})
    updated = int(status.get("updatedReplicas") or 0)
    # As kubectl rollout status has it: all new, none old, all available.
    return (
        updated >= wanted
        and int(status.get("replicas") or 0) <= updated
        and int(status.get("availableReplicas") or 0) >= max(updated, wanted)
    )


def _replicas(obj: Object) -> bool:
    wanted = int(obj["spec"].get("replicas", 1))
    status = obj.get("status", {})
    return int(status.get("readyReplicas") or 0) == wanted == int(status.get("replicas") or 0)


def _stateful_set(obj: Object) -> bool:
    status = obj.get("status", {})
    strategy = obj["spec"].get("updateStrategy", {})
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    same = status.get("updateRevision") == status.get("currentRevision")
    return _replicas(obj) and (same or bool(partition) or strategy.get("type") == "OnDelete")


def _daemon_set(obj: Object) -> bool:
    status = obj.get("status", {})
    wanted = int(status.get("desiredNumberScheduled") or 0)
    return all(int(status.get(key) or 0) == wanted for key in ("updatedNumberScheduled", "numberAvailable"))


_ROLLOUTS: dict[str, Predicate] = {
    "Deployment": _deployment,
    "ReplicaSet": _replicas,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
}
