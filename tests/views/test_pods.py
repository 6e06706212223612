"""One pod in kubectl's words."""

from __future__ import annotations

from typing import Any

import pytest
from board_samples import finished, pod, running, unschedulable, waiting

from gitopslab.machinery.objects import Object
from gitopslab.views.pods import owner_of, readiness_of, requests_of, restarts_of, short_name, state_of, status_of

INIT: Object = {"name": "prepare", "image": "busybox"}
SIDECAR: Object = {"name": "proxy", "image": "envoy", "restartPolicy": "Always"}


def starting(*entries: Object, containers: list[Object] | None = None) -> Object:
    obj = pod("web", "lab-worker", status={"phase": "Pending", "initContainerStatuses": list(entries)})
    obj["spec"]["initContainers"] = containers or [INIT]
    return obj


def init(state: Object, name: str = "prepare", **more: Any) -> Object:
    return {"name": name, "ready": False, "restartCount": 0, "state": state, **more}


NODE_LOST = pod("web", "lab-worker", terminating=True, status={**running(), "reason": "NodeLost"})
GATED: Object = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}
UNTOLD: Object = {"phase": "Running", "containerStatuses": []}


@pytest.mark.parametrize(
    ("obj", "status", "state"),
    [
        pytest.param(pod("a", "n"), "Running", "ready", id="runs and is ready"),
        pytest.param(pod("a", "n", status=running(ready=False)), "Running", "notready", id="runs, not ready"),
        pytest.param(pod("a", "n", status=UNTOLD), "Running", "running", id="runs, readiness unknown"),
        pytest.param(pod("a"), "Pending", "pending", id="not scheduled yet"),
        pytest.param(
            pod("a", status={"phase": "Pending", "conditions": [GATED]}), "SchedulingGated", "pending", id="gate"
        ),
        pytest.param(pod("a", "n", status=waiting("ContainerCreating")), "ContainerCreating", "pending", id="creating"),
        pytest.param(pod("a", "n", status=waiting("ErrImagePull")), "ErrImagePull", "failed", id="image is missing"),
        pytest.param(pod("a", "n", status=waiting("CrashLoopBackOff")), "CrashLoopBackOff", "failed", id="crashes"),
        pytest.param(pod("a", "n", status=finished("Succeeded")), "Completed", "succeeded", id="done"),
        pytest.param(pod("a", "n", status=finished("Failed", 1)), "Error", "failed", id="failed"),
        pytest.param(pod("a", "n", status={"phase": "Failed", "reason": "Evicted"}), "Evicted", "failed", id="evicted"),
        pytest.param(pod("a", "n", terminating=True), "Terminating", "terminating", id="is stopping"),
        pytest.param(
            pod("a", "n", terminating=True, status=finished("Failed", 137)), "Error", "terminating", id="has stopped"
        ),
        pytest.param(NODE_LOST, "Unknown", "terminating", id="its node is lost"),
        pytest.param(starting(init({"running": {}})), "Init:0/1", "pending", id="init container runs"),
        pytest.param(
            starting(init({"waiting": {"reason": "ErrImagePull"}})), "Init:ErrImagePull", "failed", id="init waits"
        ),
        pytest.param(starting(init({"terminated": {"exitCode": 2}})), "Init:ExitCode:2", "failed", id="init failed"),
        pytest.param(starting(init({"terminated": {"exitCode": 0}})), "Pending", "pending", id="init is done"),
    ],
)
def test_a_pod_has_the_word_of_kubectl_and_a_state(obj: Object, status: str, state: str) -> None:
    assert (status_of(obj), state_of(obj)) == (status, state)


def test_a_sidecar_counts_among_the_containers_and_does_not_hold_up_the_start() -> None:
    obj = starting(init({"running": {}}, "proxy", started=True, ready=True), containers=[SIDECAR])
    assert readiness_of(obj) == (1, 2)
    assert status_of(obj) == "Pending"


def test_restarts_are_those_of_all_containers() -> None:
    assert restarts_of(pod("a", "n", status=waiting("CrashLoopBackOff", restarts=4))) == 4


@pytest.mark.parametrize(
    ("name", "owner", "digest", "expected", "parts"),
    [
        ("web-7c5d-x7k2p", "ReplicaSet/web-7c5d", "7c5d", "Deployment/web", ("web", "7c5d-x7k2p")),
        ("web-x7k2p", "ReplicaSet/web", "", "ReplicaSet/web", ("web", "x7k2p")),
        ("db-0", "StatefulSet/db", "", "StatefulSet/db", ("db-0", "")),
        ("kube-proxy-abc12", "DaemonSet/kube-proxy", "", "DaemonSet/kube-proxy", ("kube-proxy", "abc12")),
        (
            "etcd-lab-control-plane",
            "Node/lab-control-plane",
            "",
            "Node/lab-control-plane",
            ("etcd", "lab-control-plane"),
        ),
        ("hello", "", "", "", ("hello", "")),
        ("odd", "ReplicaSet/web", "", "ReplicaSet/web", ("odd", "")),
    ],
    ids=["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "static pod", "bare pod", "named otherwise"],
)
def test_a_person_calls_a_pod_by_its_owner(
    name: str, owner: str, digest: str, expected: str, parts: tuple[str, str]
) -> None:
    obj = pod(name, "n", owner=owner, digest=digest)
    assert (owner_of(obj), short_name(obj)) == (expected, parts)


def test_requests_are_what_the_scheduler_counts() -> None:
    obj = pod("web", cpu="250m", memory="64Mi")
    obj["spec"]["initContainers"] = [
        {**SIDECAR, "resources": {"requests": {"cpu": "100m", "memory": "16Mi"}}},
        {**INIT, "resources": {"requests": {"cpu": "1", "memory": "8Mi"}}},
    ]
    obj["spec"]["overhead"] = {"cpu": "10m"}
    # The init container runs beside the sidecar and asks for more CPU than what runs later, but for less memory.
    assert requests_of(obj) == (1110, 80 * 2**20)


def test_a_pod_that_asks_for_nothing_asks_for_nothing() -> None:
    assert requests_of({"metadata": {"name": "a"}, "status": unschedulable("")}) == (0, 0)
