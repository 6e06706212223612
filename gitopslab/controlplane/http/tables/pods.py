"""Pods in a table: what their containers are doing, told in one word.

``status_word`` follows the real printer branch by branch, because learners search the web for these very words.
"""

from __future__ import annotations

from gitopslab.controlplane.http.tables.printer import AGE, NAME, NONE, Cells, Column, Printer, age, since
from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, condition_of, is_condition_true, is_terminating

_UNREACHABLE = "NodeLost"  # ``status.reason`` that node lifecycle sets on pods of a node it cannot reach
_FINISHED = {"Succeeded": "The pod has completed successfully.", "Failed": "The pod failed."}


def _cells(pod: Object, now: float) -> Cells:
    word, ready, restarts, last = _read(pod)
    spec, status = pod.get("spec", {}), pod.get("status", {})
    total = len(spec.get("containers") or ()) + len(_sidecars(spec))
    restarted = f"{restarts} ({since(last, now)} ago)" if restarts and last else str(restarts)
    addresses = status.get("podIPs") or []
    return [
        pod.get("metadata", {}).get("name", ""),
        f"{ready}/{total}",
        word,
        restarted,
        age(pod, now),
        (addresses[0].get("ip") if addresses else "") or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _readiness_gates(spec, status),
    ]


def status_word(pod: Object) -> str:
    """The STATUS column: ``Running``, ``CrashLoopBackOff``, ``Init:0/1``, ``Terminating`` and so on."""
    return _read(pod)[0]


def _read(pod: Object) -> tuple[str, int, int, str | None]:
    """The status word, ready containers, restarts, and when the last restart was."""
    status = pod.get("status", {})
    phase = status.get("phase") or ""
    word = status.get("reason") or phase
    scheduled = condition_of(pod, "PodScheduled")
    if scheduled is not None and scheduled.get("reason") == "SchedulingGated":
        word = "SchedulingGated"
    init_word, ready, restarts, last = _read_init(pod)
    word = init_word or word
    if not init_word or is_condition_true(pod, "Initialized"):
        names = _sidecars(pod.get("spec", {}))
        sidecars = [one for one in status.get("initContainerStatuses") or () if one.get("name") in names]
        word, running = _read_main(pod, word)
        ready += running
        counted = [*sidecars, *(status.get("containerStatuses") or ())]
        restarts, last = sum(one.get("restartCount", 0) for one in counted), _last_restart(counted)
    if is_terminating(pod):
        if status.get("reason") == _UNREACHABLE:
            word = "Unknown"
        elif phase not in _FINISHED:
            word = "Terminating"
    return word, ready, restarts, last


def _read_init(pod: Object) -> tuple[str, int, int, str | None]:
    """The first init container that is not done decides the word; none of them gives an empty word."""
    statuses = pod.get("status", {}).get("initContainerStatuses") or []
    sidecars = _sidecars(pod.get("spec", {}))
    ready = 0
    for index, one in enumerate(statuses):
        state = one.get("state") or {}
        terminated = state.get("terminated")
        if terminated is not None and terminated.get("exitCode", 0) == 0:
            continue
        if one.get("name") in sidecars and one.get("started"):
            ready += bool(one.get("ready"))
            continue
        seen = statuses[: index + 1]
        word = _init_word(state, index, len(pod.get("spec", {}).get("initContainers") or ()))
        return word, ready, sum(each.get("restartCount", 0) for each in seen), _last_restart(seen)
    return "", ready, 0, None


def _init_word(state: Object, index: int, total: int) -> str:
    terminated, waiting = state.get("terminated"), (state.get("waiting") or {}).get("reason")
    if terminated is not None:
        return f"Init:{_termination(terminated)}"
    if waiting and waiting != "PodInitializing":
        return f"Init:{waiting}"
    return f"Init:{index}/{total}"


def _read_main(pod: Object, word: str) -> tuple[str, int]:
    """The word after looking at the containers, last to first, so that the first one has the last say."""
    ready = 0
    for one in reversed(pod.get("status", {}).get("containerStatuses") or []):
        state = one.get("state") or {}
        terminated = state.get("terminated")
        if (state.get("waiting") or {}).get("reason"):
            word = state["waiting"]["reason"]
        elif terminated is not None:
            word = _termination(terminated)
        elif one.get("ready") and state.get("running") is not None:
            ready += 1
    if word == "Completed" and ready:
        word = "Running" if is_condition_true(pod, "Ready") else "NotReady"
    return word, ready


def _termination(terminated: Object) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _last_restart(statuses: list[Object]) -> str | None:
    ends = [((one.get("lastState") or {}).get("terminated") or {}).get("finishedAt") for one in statuses]
    return max((end for end in ends if end), key=seconds_of, default=None)


def _sidecars(spec: Object) -> set[str]:
    """Init containers that keep running beside the others (``restartPolicy: Always``)."""
    return {one["name"] for one in spec.get("initContainers") or () if one.get("restartPolicy") == "Always"}


def _readiness_gates(spec: Object, status: Object) -> str:
    gates = [gate.get("conditionType") for gate in spec.get("readinessGates") or ()]
    if not gates:
        return NONE
    true = {one.get("type") for one in status.get("conditions") or () if one.get("status") == "True"}
    return f"{sum(gate in true for gate in gates)}/{len(gates)}"


def _conditions(pod: Object) -> list[Object]:
    phase = pod.get("status", {}).get("phase") or ""
    if phase not in _FINISHED:
        return []
    return [{"type": "Completed", "status": "True", "reason": phase, "message": _FINISHED[phase]}]


PRINTERS = {
    "pods": Printer(
        (
            NAME,
            Column("Ready", "Ready containers out of all."),
            Column("Status", "What the containers are doing, in one word."),
            Column("Restarts", "How often containers were restarted, and when last."),
            AGE,
            Column("IP", "The pod's address.", priority=1),
            Column("Node", "Where it was scheduled to.", priority=1),
            Column("Nominated Node", "Where room is being made for it by preemption.", priority=1),
            Column("Readiness Gates", "Extra conditions that hold out of those asked for.", priority=1),
        ),
        _cells,
        _conditions,
    )
}
