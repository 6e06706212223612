"""What the resource tree tells of a pod: why it is as it is, where it is, and how many of its containers are ready.

The words are those of ``kubectl get pods``. Source: ``populatePodInfo`` in ``controller/cache/info.go``.
"""

from __future__ import annotations

from typing import Any

from gitopslab.machinery.objects import Object, condition_of, is_condition_true, is_terminating

_FINISHED = ("Succeeded", "Failed")


def pod_info(pod: Object) -> list[tuple[str, str]]:
    """Names and values, in Argo CD's order.

    Simplified: not what the pod requests of its node, which the real tree tells, too.
    """
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    sidecars = {each["name"] for each in spec.get("initContainers") or () if each.get("restartPolicy") == "Always"}
    first, ready = _initializing(pod, sidecars)
    seen = [*(status.get("initContainerStatuses") or ())]
    reason = first or _waiting_to_be_scheduled(pod) or status.get("reason") or status.get("phase", "")
    if not first or is_condition_true(pod, "Initialized"):
        containers = status.get("containerStatuses") or []
        seen += containers
        reason = _running(containers, reason)
        ready += sum(_is_up(each) for each in containers)
    restarts = sum(each.get("restartCount", 0) for each in seen)
    total = len(spec.get("containers") or ()) + len(sidecars)
    rows = [("Status Reason", reason)] if (reason := _ending(pod, reason)) else []
    rows += [("Node", spec.get("nodeName", "")), ("Containers", f"{ready}/{total}")]
    return [*rows, ("Restart Count", str(restarts))] if restarts else rows


def _initializing(pod: Object, sidecars: set[str]) -> tuple[str, int]:
    """The word of the first init container that is not done, and how many sidecars are ready."""
    total, ready = len((pod.get("spec") or {}).get("initContainers") or ()), 0
    for at, one in enumerate((pod.get("status") or {}).get("initContainerStatuses") or ()):
        ended, waiting = _state(one, "terminated"), _state(one, "waiting")
        if ended and not ended.get("exitCode"):
            continue
        if one.get("name") in sidecars and one.get("started"):
            ready += bool(one.get("ready"))
            continue
        if ended:
            return f"Init:{_ended(ended)}", ready
        if waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waiting['reason']}", ready
        return f"Init:{at}/{total}", ready
    return "", ready


def _waiting_to_be_scheduled(pod: Object) -> str:
    scheduled = condition_of(pod, "PodScheduled") or {}
    return "SchedulingGated" if scheduled.get("reason") == "SchedulingGated" else ""


def _running(containers: list[Any], reason: str) -> str:
    """The word after looking at the containers, last to first, so that the first one has the last say."""
    for one in reversed(containers):
        ended, waiting = _state(one, "terminated"), _state(one, "waiting")
        if waiting.get("reason"):
            reason = waiting["reason"]
        elif ended:
            reason = _ended(ended)
    return "Running" if reason == "Completed" and any(map(_is_up, containers)) else reason


def _ending(pod: Object, reason: str) -> str:
    status = pod.get("status") or {}
    if not is_terminating(pod):
        return reason
    if status.get("reason") == "NodeLost":
        return "Unknown"
    return reason if status.get("phase") in _FINISHED else "Terminating"


def _ended(ended: Object) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"


def _is_up(container: Any) -> bool:
    return bool(container.get("ready")) and (container.get("state") or {}).get("running") is not None


def _state(container: Any, kind: str) -> Object:
    return (container.get("state") or {}).get(kind) or {}
