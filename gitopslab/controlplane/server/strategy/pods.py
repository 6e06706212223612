"""The strategy of pods (``pkg/registry/core/pod/strategy.go``): phase, quality of service, match label keys.

Called by the package's two doors. Placing a pod (``binding``) goes through here too and keeps everything it wrote.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gitopslab.controlplane.server.equality import same
from gitopslab.machinery import quantity
from gitopslab.machinery.objects import Object
from gitopslab.machinery.pod_defaults import merge_match_label_keys

_RESOURCES = ("cpu", "memory")


def prepare_create(pod: Object) -> None:
    """A new pod is Pending, whatever its manifest says."""
    spec = pod["spec"]
    pod["status"] = {"phase": "Pending", "qosClass": quality_of_service(spec)}
    if spec.get("schedulingGates"):
        pod["status"]["conditions"] = [_gated(pod["metadata"].get("creationTimestamp"))]
    merge_match_label_keys(pod)


def prepare_update(pod: Object, before: Object, subresource: str) -> None:
    """Only ``/status`` and ``/binding`` write status; ``/resize`` and ``/ephemeralcontainers`` write their part."""
    if subresource == "binding":
        return
    if "status" in before:
        pod["status"] = before["status"]
    else:
        pod.pop("status", None)
    if subresource == "ephemeralcontainers":
        added = pod["spec"].get("ephemeralContainers")
        pod["spec"] = {**before["spec"], **({"ephemeralContainers": added} if added else {})}
    elif subresource == "resize":
        pod["spec"] = _resized(before["spec"], pod["spec"])
    elif before["spec"].get("schedulingGates") and not pod["spec"].get("schedulingGates"):
        # The scheduler may now look at it, so the condition that said otherwise goes.
        conditions = [item for item in pod["status"].get("conditions", []) if item.get("reason") != "SchedulingGated"]
        pod["status"] = {**pod["status"], "conditions": conditions}


def prepare_status(pod: Object, before: Object) -> None:
    """What a writer of a status leaves out stays: the class of service, and which generation was observed."""
    old = before.get("status") or {}
    status = {**(pod.get("status") or {})}
    for field in ("qosClass", "observedGeneration"):
        if not status.get(field) and old.get(field):
            status[field] = old[field]
    if status.get("conditions"):
        status["conditions"] = _observed(status["conditions"], old.get("conditions") or [])
    pod["status"] = status


def _observed(conditions: list[Object], before: list[Object]) -> list[Object]:
    """Conditions with the generations that those of their types had before, in turn, where they tell none."""
    known: dict[str, list[int]] = {}
    for condition in before:
        known.setdefault(condition.get("type", ""), []).append(condition.get("observedGeneration", 0))
    told = []
    for condition in conditions:
        generations = known.get(condition.get("type", "")) or [0]
        generation = condition.get("observedGeneration") or generations.pop(0)
        told.append({**condition, **({"observedGeneration": generation} if generation else {})})
    return told


def quality_of_service(spec: Object) -> str:
    """``Guaranteed``, ``Burstable`` or ``BestEffort``, by pod-level resources if there are any (``ComputePodQOS``)."""
    parts = (
        [spec["resources"]] if spec.get("resources") else [item.get("resources") or {} for item in _containers(spec)]
    )
    requests, limits = (
        [_amounts(part.get("requests")) for part in parts],
        [_amounts(part.get("limits")) for part in parts],
    )
    if not any(requests) and not any(limits):
        return "BestEffort"
    bounded = all(len(amounts) == len(_RESOURCES) for amounts in limits)
    equal = all(request.items() <= limit.items() for request, limit in zip(requests, limits, strict=True))
    return "Guaranteed" if bounded and equal else "Burstable"


def _containers(spec: Object) -> Iterable[Object]:
    yield from spec.get("containers") or ()
    yield from spec.get("initContainers") or ()


def _amounts(resources: dict[str, Any] | None) -> dict[str, Any]:
    """CPU and memory that are more than nothing."""
    if not resources:
        return {}
    found = {}
    for name in _RESOURCES:
        try:
            amount = quantity.parse(resources.get(name, 0))
        except ValueError:
            continue
        if amount > 0:
            found[name] = amount
    return found


def _gated(since: str | None) -> Object:
    return {
        "type": "PodScheduled",
        "status": "False",
        "lastProbeTime": None,
        "lastTransitionTime": since,
        "reason": "SchedulingGated",
        "message": "Scheduling is blocked due to non-empty scheduling gates",
    }


def _resized(before: Object, wished: Object) -> Object:
    """The old spec with the wished resources of each container; other containers are validation's to refuse."""
    kept = {field: before.get(field) or [] for field in ("containers", "initContainers")}
    if any(len(wished.get(field) or ()) != len(containers) for field, containers in kept.items()):
        return wished
    resized = {field: _with_resources(old, wished.get(field) or []) for field, old in kept.items() if old}
    spec = {**before, **resized}
    return spec if not same(spec, before) else before


def _with_resources(before: list[Object], wished: list[Object]) -> list[Object]:
    pairs = list(zip(before, wished, strict=True))
    if any(old.get("name") != new.get("name") for old, new in pairs):
        return wished
    return [
        {**old, **{field: new[field] for field in ("resources", "resizePolicy") if field in new}} for old, new in pairs
    ]
