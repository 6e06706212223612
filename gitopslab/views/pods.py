"""One pod, as a person sees it: a state, kubectl's STATUS word, its short name, what it asks for.

Called by ``board`` and ``reasons``; reads one pod object. The STATUS word follows kubectl's printer, so that a board
and ``kubectl get pods`` never disagree.
Sentences that explain are left to ``reasons``, drawing to the widgets.
"""

from __future__ import annotations

from gitopslab.controlplane.scheduler.resources import CPU, MEMORY, pod_requests
from gitopslab.machinery.objects import (
    Object,
    condition_of,
    controller_of,
    is_condition_true,
    is_terminating,
    labels_of,
    name_of,
)

HARMLESS_WAITS = frozenset({"", "ContainerCreating", "PodInitializing"})
_FINISHED = ("Succeeded", "Failed")


def status_of(pod: Object) -> str:
    """The word in kubectl's STATUS column, such as ``Running``, ``CrashLoopBackOff`` or ``Init:0/1``."""
    status = pod.get("status", {})
    phase = status.get("phase") or "Pending"
    word = status.get("reason") or phase
    scheduled = condition_of(pod, "PodScheduled")
    if scheduled and scheduled.get("reason") == "SchedulingGated":
        word = "SchedulingGated"
    starting = _init_word(pod)
    word = starting or word
    if not starting or is_condition_true(pod, "Initialized"):
        word = _container_word(pod, word)
    if is_terminating(pod):
        if status.get("reason") == "NodeLost":
            return "Unknown"
        if phase not in _FINISHED:
            return "Terminating"
    return word


def state_of(pod: Object) -> str:
    """The key of ``palette.STATES`` that a pod is in.

    A pod that was told to stop is no failure, though most programs end with an error then (137), and it fails.
    """
    if is_terminating(pod):
        return "terminating"
    phase = pod.get("status", {}).get("phase") or "Pending"
    if phase == "Succeeded":
        return "succeeded"
    if phase == "Failed":
        return "failed"
    if _in_trouble(pod):
        return "failed"
    if phase != "Running":
        return "pending"
    ready = condition_of(pod, "Ready")
    if ready is None:
        return "running"
    return "ready" if ready.get("status") == "True" else "notready"


def readiness_of(pod: Object) -> tuple[int, int]:
    """How many containers are ready, of how many; sidecars count."""
    spec, status = pod.get("spec", {}), pod.get("status", {})
    sidecars = {each["name"] for each in spec.get("initContainers") or [] if each.get("restartPolicy") == "Always"}
    counted = [*(status.get("containerStatuses") or [])]
    counted += [each for each in status.get("initContainerStatuses") or [] if each["name"] in sidecars]
    return sum(bool(each.get("ready")) for each in counted), len(spec.get("containers") or []) + len(sidecars)


def restarts_of(pod: Object) -> int:
    """How often its containers were started again."""
    return sum(int(each.get("restartCount") or 0) for each in pod.get("status", {}).get("containerStatuses") or [])


def owner_of(pod: Object) -> str:
    """Who made it, as ``Deployment/web``; empty when a person did.

    A ReplicaSet that carries a template hash was made by a Deployment, whose name is what precedes the hash.
    """
    owner = controller_of(pod)
    if owner is None:
        return ""
    kind, name = str(owner["kind"]), str(owner["name"])
    digest = labels_of(pod).get("pod-template-hash")
    if kind == "ReplicaSet" and digest and name.endswith("-" + digest):
        return "Deployment/" + name.removesuffix("-" + digest)
    return f"{kind}/{name}"


def short_name(pod: Object) -> tuple[str, str]:
    """The name in two parts: what a person calls it, and the rest that makes it unique."""
    name = name_of(pod)
    kind, _, owner = owner_of(pod).partition("/")
    if kind == "Node":
        # Pods from a node's own manifest folder carry the node's name at the end.
        stem = name.removesuffix("-" + owner)
    elif kind in ("", "StatefulSet") or not name.startswith(owner + "-"):
        stem = name
    else:
        stem = owner
    return stem, name[len(stem) :].lstrip("-")


def requests_of(pod: Object) -> tuple[int, int]:
    """What the scheduler counts: milli-CPU and bytes of memory."""
    held = pod_requests(pod)
    return held.get(CPU, 0), held.get(MEMORY, 0)


def waiting_container(pod: Object) -> tuple[str, str, str]:
    """The first container that cannot go on: its name, the reason and the message; empty strings when none is stuck."""
    for entry in _statuses(pod):
        waiting = entry.get("state", {}).get("waiting") or {}
        if (waiting.get("reason") or "") not in HARMLESS_WAITS:
            return entry["name"], waiting["reason"], waiting.get("message") or ""
    return "", "", ""


def failed_container(pod: Object) -> tuple[str, Object]:
    """The first container that ended badly, with its ``terminated`` state; empty when there is none."""
    for entry in _statuses(pod):
        for state in (entry.get("state", {}), entry.get("lastState", {})):
            ended = state.get("terminated") or {}
            if ended.get("exitCode"):
                return entry["name"], ended
    return "", {}


def _statuses(pod: Object) -> list[Object]:
    status = pod.get("status", {})
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def _in_trouble(pod: Object) -> bool:
    if waiting_container(pod)[1]:
        return True
    return any((entry.get("state", {}).get("terminated") or {}).get("exitCode") for entry in _statuses(pod))


def _init_word(pod: Object) -> str:
    """The ``Init:…`` word while init containers are not done; empty when they are."""
    containers = pod.get("spec", {}).get("initContainers") or []
    sidecars = {each["name"] for each in containers if each.get("restartPolicy") == "Always"}
    for number, entry in enumerate(pod.get("status", {}).get("initContainerStatuses") or []):
        state = entry.get("state", {})
        ended, waiting = state.get("terminated"), state.get("waiting") or {}
        if (ended and not ended.get("exitCode")) or (entry["name"] in sidecars and entry.get("started")):
            continue
        if ended:
            return "Init:" + _ended_word(ended)
        if waiting.get("reason") and waiting["reason"] != "PodInitializing":
            return f"Init:{waiting['reason']}"
        return f"Init:{number}/{len(containers)}"
    return ""


def _container_word(pod: Object, word: str) -> str:
    running = False
    for entry in reversed(pod.get("status", {}).get("containerStatuses") or []):
        state = entry.get("state", {})
        if (state.get("waiting") or {}).get("reason"):
            word = state["waiting"]["reason"]
        elif state.get("terminated"):
            word = _ended_word(state["terminated"])
        elif entry.get("ready") and "running" in state:
            running = True
    if word == "Completed" and running:
        return "Running" if is_condition_true(pod, "Ready") else "NotReady"
    return word


def _ended_word(ended: Object) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"
