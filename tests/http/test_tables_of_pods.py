from __future__ import annotations

from typing import Any

import pytest
from builders import pod

from gitopslab.controlplane.http.tables.pods import PRINTERS
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object

NOW = 1_767_225_600.0
_PRINTER = PRINTERS["pods"]


def cells(obj: Object) -> list[Any]:
    return _PRINTER.cells(obj, NOW)


def container(
    state: Object, *, ready: bool = False, restarts: int = 0, last: Object | None = None, **more: Any
) -> Object:
    lasting = {"lastState": {"terminated": last}} if last else {}
    return {"name": "c", "state": state, "ready": ready, "restartCount": restarts, **lasting, **more}


def running(**more: Any) -> Object:
    return container({"running": {}}, ready=True, **more)


def waiting(reason: str, **more: Any) -> Object:
    return container({"waiting": {"reason": reason}}, **more)


def ended(code: int, reason: str = "", **more: Any) -> Object:
    return container({"terminated": {"exitCode": code, "reason": reason}}, **more)


def seen(*statuses: Object, phase: str = "Running", **more: Any) -> Object:
    return pod("web", status={"phase": phase, "containerStatuses": list(statuses), **more})


def with_init(*inits: Object, spec: list[Object] | None = None, **more: Any) -> Object:
    listed = spec or [{"name": one["name"]} for one in inits]
    found = seen(waiting("PodInitializing"), phase="Pending", initContainerStatuses=list(inits), **more)
    return {**found, "spec": {**found["spec"], "initContainers": listed}}


_READY = {"conditions": [{"type": "Ready", "status": "True"}]}
_SIDECAR = [{"name": "side", "restartPolicy": "Always"}]


@pytest.mark.parametrize(
    ("obj", "ready", "word"),
    [
        pytest.param(pod("web", status={"phase": "Pending"}), "0/1", "Pending", id="not scheduled"),
        pytest.param(
            pod("web", status={"phase": "Pending", "conditions": [
                {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]}),
            "0/1", "SchedulingGated", id="gated",
        ),
        pytest.param(seen(waiting("ContainerCreating"), phase="Pending"), "0/1", "ContainerCreating", id="creating"),
        pytest.param(seen(waiting("ImagePullBackOff"), phase="Pending"), "0/1", "ImagePullBackOff", id="bad image"),
        pytest.param(seen(running()), "1/1", "Running", id="running"),
        pytest.param(seen(waiting("CrashLoopBackOff", restarts=3)), "0/1", "CrashLoopBackOff", id="crash loop"),
        pytest.param(seen(ended(1, "Error")), "0/1", "Error", id="error"),
        pytest.param(seen(ended(137, "OOMKilled")), "0/1", "OOMKilled", id="out of memory"),
        pytest.param(seen(ended(3)), "0/1", "ExitCode:3", id="exit code"),
        pytest.param(seen(container({"terminated": {"exitCode": 137, "signal": 9}})), "0/1", "Signal:9", id="signal"),
        pytest.param(seen(ended(0, "Completed"), phase="Succeeded"), "0/1", "Completed", id="completed"),
        pytest.param(seen(phase="Failed", reason="Evicted"), "0/1", "Evicted", id="evicted"),
        pytest.param(with_init(waiting("PodInitializing")), "0/1", "Init:0/1", id="init waits"),
        pytest.param(with_init(ended(0), container({"running": {}})), "0/1", "Init:1/2", id="second init runs"),
        pytest.param(with_init(ended(1, "Error")), "0/1", "Init:Error", id="init failed"),
        pytest.param(with_init(ended(2)), "0/1", "Init:ExitCode:2", id="init failed without a reason"),
        pytest.param(with_init(waiting("CrashLoopBackOff")), "0/1", "Init:CrashLoopBackOff", id="init crash loop"),
        pytest.param(with_init(ended(0)), "0/1", "PodInitializing", id="init done"),
        pytest.param(
            with_init(container({"running": {}}, name="side", started=False), spec=_SIDECAR),
            "0/2", "Init:0/1", id="sidecar starts",
        ),
        pytest.param(
            with_init(container({"running": {}}, name="side", started=True, ready=True), spec=_SIDECAR),
            "1/2", "PodInitializing", id="sidecar runs",
        ),
    ],
)  # fmt: skip
def test_the_status_of_a_pod_is_told_in_one_word(obj: Object, ready: str, word: str) -> None:
    assert cells(obj)[1:3] == [ready, word]


def test_one_finished_container_beside_running_ones_does_not_complete_a_pod() -> None:
    both = [ended(0, "Completed"), running()]
    assert cells(seen(*both, **_READY))[2] == "Running"
    assert cells(seen(*both))[2] == "NotReady"


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ({"phase": "Running"}, "Terminating"),
        ({"phase": "Succeeded"}, "Succeeded"),
        ({"phase": "Running", "reason": "NodeLost"}, "Unknown"),
    ],
    ids=["running", "finished", "node lost"],
)
def test_a_pod_that_is_deleted_terminates_unless_it_has_ended(status: Object, word: str) -> None:
    assert cells(pod("web", metadata={"deletionTimestamp": timestamp(NOW)}, status=status))[2] == word


def test_restarts_tell_when_the_last_one_was() -> None:
    last = {"exitCode": 1, "finishedAt": timestamp(NOW - 300)}
    assert cells(seen(running(restarts=2, last=last)))[3] == "2 (5m ago)"
    assert cells(seen(running(restarts=2)))[3] == "2"
    assert cells(seen(running()))[3] == "0"


def test_restarts_of_plain_init_containers_no_longer_count_once_they_are_done() -> None:
    done = with_init(ended(0, restarts=4))
    assert cells(done)[3] == "0"
    assert cells(with_init(waiting("CrashLoopBackOff", restarts=4)))[3] == "4"


def test_restarts_of_sidecars_always_count() -> None:
    side = container({"running": {}}, name="side", started=True, ready=True, restarts=2)
    assert cells(with_init(side, spec=_SIDECAR))[3] == "2"


def test_the_wide_columns_show_where_a_pod_is() -> None:
    placed = seen(running(), podIPs=[{"ip": "10.244.1.2"}], nominatedNodeName="n2")
    placed["spec"]["nodeName"] = "n1"
    assert cells(placed)[5:] == ["10.244.1.2", "n1", "n2", "<none>"]
    assert cells(pod("web"))[5:] == ["<none>"] * 4


def test_readiness_gates_are_counted() -> None:
    gated = seen(running(), conditions=[{"type": "a", "status": "True"}, {"type": "b", "status": "False"}])
    gated["spec"]["readinessGates"] = [{"conditionType": "a"}, {"conditionType": "b"}]
    assert cells(gated)[8] == "1/2"


@pytest.mark.parametrize(("phase", "found"), [("Succeeded", ["Completed"]), ("Failed", ["Completed"]), ("Running", [])])
def test_a_finished_pod_says_so_to_kubectl(phase: str, found: list[str]) -> None:
    assert [one["type"] for one in _PRINTER.conditions(seen(phase=phase))] == found
