"""Init containers, sidecars, restart policies: who runs when, and what becomes of the pod."""

from __future__ import annotations

import pytest
from kubelet_nodes import Nodes

SLEEP = {"image": "busybox:1.36", "command": ["sleep", "2"]}


def test_init_containers_run_one_after_the_other_before_the_others(nodes: Nodes) -> None:
    inits = [{"name": "first", **SLEEP}, {"name": "second", **SLEEP}]
    nodes.run(spec={"initContainers": inits})
    nodes.advance(2)
    assert "running" in nodes.container(container="first")["state"]
    assert nodes.waiting(container="second") == "PodInitializing"
    assert nodes.waiting() == "PodInitializing"

    nodes.advance(2)
    assert nodes.container(container="first")["state"]["terminated"]["reason"] == "Completed"
    assert nodes.container(container="first")["ready"] is True
    assert "running" in nodes.container(container="second")["state"]

    nodes.advance(3)
    assert nodes.pod()["status"]["phase"] == "Running"
    assert nodes.container()["ready"] is True


def test_pod_is_not_initialized_while_an_init_container_runs(nodes: Nodes) -> None:
    nodes.run(spec={"initContainers": [{"name": "first", **SLEEP}]})
    nodes.advance(1)
    initialized = next(one for one in nodes.pod()["status"]["conditions"] if one["type"] == "Initialized")
    assert initialized["status"] == "False"
    assert initialized["message"] == "containers with incomplete status: [first]"


def test_failing_init_container_is_restarted_and_holds_the_pod(nodes: Nodes) -> None:
    nodes.run(spec={"initContainers": [{"name": "first", "image": "busybox:1.36", "command": ["false"]}]})
    nodes.advance(5)
    assert nodes.waiting(container="first") == "CrashLoopBackOff"
    assert nodes.pod()["status"]["phase"] == "Pending"


def test_failing_init_container_fails_a_pod_that_never_restarts(nodes: Nodes) -> None:
    init = {"name": "first", "image": "busybox:1.36", "command": ["false"]}
    nodes.run(spec={"initContainers": [init], "restartPolicy": "Never"})
    nodes.advance(3)
    assert nodes.pod()["status"]["phase"] == "Failed"


def test_sidecar_starts_first_runs_beside_and_ends_last(nodes: Nodes) -> None:
    sidecar = {"name": "proxy", "image": "nginx:1.27", "restartPolicy": "Always"}
    only = {"name": "c", **SLEEP}
    nodes.run(spec={"initContainers": [sidecar], "containers": [only], "restartPolicy": "Never"})
    nodes.advance(1.5)
    assert "running" in nodes.container(container="proxy")["state"]
    assert "running" in nodes.container()["state"]

    nodes.advance(3)
    assert "terminated" in nodes.container(container="proxy")["state"]
    assert nodes.pod()["status"]["phase"] == "Succeeded"


@pytest.mark.parametrize(
    ("policy", "command", "phase", "restarted"),
    [
        pytest.param("Never", "exit 0", "Succeeded", False, id="Never, success"),
        pytest.param("Never", "exit 1", "Failed", False, id="Never, failure"),
        pytest.param("OnFailure", "exit 0", "Succeeded", False, id="OnFailure, success"),
        pytest.param("OnFailure", "exit 1", "Running", True, id="OnFailure, failure"),
        pytest.param("Always", "exit 0", "Running", True, id="Always, success"),
        pytest.param("Always", "exit 1", "Running", True, id="Always, failure"),
    ],
)
def test_restart_policy_decides_what_an_exit_means(
    nodes: Nodes, policy: str, command: str, phase: str, restarted: bool
) -> None:
    nodes.run_container(image="busybox:1.36", command=["sh", "-c", command], spec={"restartPolicy": policy})
    nodes.advance(3)
    assert nodes.pod()["status"]["phase"] == phase
    assert (nodes.container()["restartCount"] > 0) is restarted


def test_restart_rule_of_a_container_overrules_the_pods_policy(nodes: Nodes) -> None:
    rule = {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}
    nodes.run_container(
        image="busybox:1.36",
        command=["sh", "-c", "exit 42"],
        restartPolicy="Never",
        restartPolicyRules=[rule],
        spec={"restartPolicy": "Never"},
    )
    nodes.advance(3)
    assert nodes.container()["restartCount"] == 1


def test_pod_runs_until_its_last_container_has_ended(nodes: Nodes) -> None:
    containers = [{"name": "c", "image": "busybox:1.36", "command": ["true"]}, {"name": "long", **SLEEP}]
    nodes.run(spec={"containers": containers, "restartPolicy": "Never"})
    nodes.advance(1.5)
    assert nodes.pod()["status"]["phase"] == "Running"
    assert nodes.container()["state"]["terminated"]["reason"] == "Completed"
    nodes.advance(3)
    status = nodes.pod()["status"]
    assert status["phase"] == "Succeeded"
    ready = next(one for one in status["conditions"] if one["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "PodCompleted")


def test_annotation_decides_exit_code_and_time(nodes: Nodes) -> None:
    annotations = {"gitopslab.dev/exit-code": "7", "gitopslab.dev/run-seconds": "4"}
    nodes.run(metadata={"annotations": annotations}, spec={"restartPolicy": "Never"})
    nodes.advance(4)
    assert nodes.pod()["status"]["phase"] == "Running"
    nodes.advance(1)
    assert nodes.container()["state"]["terminated"]["exitCode"] == 7
