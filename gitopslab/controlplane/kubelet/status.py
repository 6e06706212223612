"""The status of a pod, put together from the states of its containers.

``play`` hands over what its containers are in; out comes what a kubelet writes to ``status``: phase and conditions.
All pure. Upstream: ``getPhase`` in ``pkg/kubelet/kubelet_pods.go`` and ``pkg/kubelet/status/generate.go``. Leaves to
others: how a container got into its state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object, find_condition

FINAL = ("Succeeded", "Failed")
_OURS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


def waiting_entry(container: Object, reason: str) -> Object:
    """The ``containerStatuses`` entry of a container that has never run."""
    entry: Object = {
        "name": container["name"],
        "state": {"waiting": {"reason": reason}},
        "lastState": {},
        "ready": False,
        "restartCount": 0,
        "image": container.get("image", ""),
        "imageID": "",
        "started": False,
    }
    mounts = [_mount(mount) for mount in container.get("volumeMounts") or ()]
    return {**entry, "volumeMounts": mounts} if mounts else entry


def _mount(mount: Object) -> Object:
    shown: Object = {key: mount[key] for key in ("mountPath", "name") if key in mount}
    return {**shown, "readOnly": True, "recursiveReadOnly": "Disabled"} if mount.get("readOnly") else shown


def is_sidecar(container: Object) -> bool:
    """Whether an init container keeps running beside the others (``restartPolicy: Always``)."""
    return container.get("restartPolicy") == "Always"


def exit_code(entry: Object) -> int | None:
    """The exit code of a container that has ended; None when it has not."""
    ended = entry.get("state", {}).get("terminated")
    return None if ended is None else int(ended["exitCode"])


def is_running(entry: Object) -> bool:
    """Whether a container runs."""
    return "running" in entry.get("state", {})


def has_run(entry: Object) -> bool:
    """Whether a container runs or ran before."""
    return "waiting" not in entry.get("state", {"waiting": {}}) or bool(entry.get("lastState"))


def phase_of(
    pod: Object, inits: Sequence[Object], mains: Sequence[Object], *, over: bool = False, again: bool = False
) -> str:
    """The phase of a pod.

    Args:
        pod: With its spec.
        inits: Status entries of its init containers, in the order of the spec.
        mains: Status entries of its containers.
        over: Whether no container will be started again, because the pod is being removed.
        again: Whether a container that has ended is going to be started again.
    """
    policy = pod["spec"].get("restartPolicy", "Always")
    started = any(has_run(entry) for entry in mains)
    pending = failed = 0
    for container, entry in zip(pod["spec"].get("initContainers") or (), inits, strict=False):
        if is_sidecar(container):
            pending += not started and not entry.get("started")
            continue
        code = exit_code(entry)
        last = entry.get("lastState", {}).get("terminated")
        if code is None:
            pending += 1
            failed += last is not None and last["exitCode"] != 0 and "waiting" in entry["state"]
        else:
            failed += code != 0
    if failed and (policy == "Never" or over):
        return "Failed"
    return _main_phase(mains, waits=bool(pending or failed), over=over, again=again)


def _main_phase(mains: Sequence[Object], *, waits: bool, over: bool, again: bool) -> str:
    codes = [exit_code(entry) for entry in mains]
    stopped = [
        code if code is not None else (entry.get("lastState", {}).get("terminated") or {}).get("exitCode")
        for code, entry in zip(codes, mains, strict=True)
        if not is_running(entry)
    ]
    if waits or None in stopped:
        return "Pending"
    if any(is_running(entry) for entry in mains):
        return "Running"
    if over or (None not in codes and not again):
        return "Failed" if any(stopped) else "Succeeded"
    return "Running"


def conditions_of(
    pod: Object, phase: str, inits: Sequence[Object], mains: Sequence[Object], *, sandbox: bool, now: float
) -> list[Object]:
    """The conditions of a pod: the kubelet's five, and what others wrote as it was."""
    before: list[Object] = pod.get("status", {}).get("conditions") or []
    containers = _containers_ready(pod, phase, inits, mains)
    values = (
        (("True", "", "") if sandbox else ("False", "", "")),
        _initialized(pod, phase, inits, mains),
        _ready(pod, before, containers),
        containers,
        ("True", "", ""),
    )
    found = [
        _condition(pod, before, kind, status, reason, message, now)
        for kind, (status, reason, message) in zip(_OURS, values, strict=True)
    ]
    return [*found, *(condition for condition in before if condition.get("type") not in _OURS)]


def _condition(
    pod: Object, before: list[Object], kind: str, status: str, reason: str, message: str, now: float
) -> Object:
    known = find_condition(before, kind)
    kept = known is not None and known.get("status") == status and known.get("lastTransitionTime")
    condition: dict[str, Any] = {
        "type": kind,
        "status": status,
        "observedGeneration": pod["metadata"].get("generation", 1),
        "lastProbeTime": None,
        "lastTransitionTime": kept or timestamp(now),
    }
    if reason:
        condition["reason"] = reason
    if message:
        condition["message"] = message
    return condition


def _containers_ready(
    pod: Object, phase: str, inits: Sequence[Object], mains: Sequence[Object]
) -> tuple[str, str, str]:
    if phase in FINAL:
        return "False", "PodCompleted" if phase == "Succeeded" else "PodFailed", ""
    sidecars = zip(pod["spec"].get("initContainers") or (), inits, strict=False)
    entries = [*(entry for container, entry in sidecars if is_sidecar(container)), *mains]
    unready = [entry["name"] for entry in entries if not entry.get("ready")]
    if unready:
        return "False", "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]"
    return "True", "", ""


def _initialized(pod: Object, phase: str, inits: Sequence[Object], mains: Sequence[Object]) -> tuple[str, str, str]:
    if phase == "Succeeded":
        return "True", "PodCompleted", ""
    if any(has_run(entry) for entry in mains):
        return "True", "", ""
    missing = [
        entry["name"]
        for container, entry in zip(pod["spec"].get("initContainers") or (), inits, strict=False)
        if not entry.get("started" if is_sidecar(container) else "ready")
    ]
    if missing:
        return "False", "ContainersNotInitialized", f"containers with incomplete status: [{' '.join(missing)}]"
    return "True", "", ""


def _ready(pod: Object, before: list[Object], containers: tuple[str, str, str]) -> tuple[str, str, str]:
    if containers[0] != "True":
        return containers
    problems = []
    for gate in pod["spec"].get("readinessGates") or ():
        kind = gate["conditionType"]
        found = find_condition(before, kind)
        if found is None:
            problems.append(f'corresponding condition of pod readiness gate "{kind}" does not exist.')
        elif found.get("status") != "True":
            problems.append(f'the status of pod readiness gate "{kind}" is not "True", but {found.get("status")}')
    if problems:
        return "False", "ReadinessGatesNotReady", ", ".join(problems)
    return containers
