"""A pod that names its node itself is looked at by nobody but its kubelet."""

from __future__ import annotations

from typing import Any

import pytest

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.kubelet.sysctls import forbidden
from gitopslab.machinery.objects import Object

NODE = "lab-worker3"  # 2 CPU, 4Gi


def pod_on(node: str, name: str, port: int = 0, **spec: Any) -> Object:
    container: Object = {"name": "c", "image": "nginx:1.27", "resources": spec.pop("resources", {})}
    if port:
        container["ports"] = [{"containerPort": 80, "hostPort": port}]
    wanted = {**({"nodeName": node} if node else {}), "containers": [container], **spec}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": wanted,
    }


def run(plane: ControlPlane, name: str, node: str = NODE, **wish: Any) -> Object:
    plane.api.create(pod_on(node, name, **wish))
    plane.advance(5)
    found: Object = plane.api.get("pods", name, "default")
    return found


def asks(**requests: str) -> Object:
    return {"requests": requests}


def test_a_pod_for_which_there_is_no_room_has_failed(plane: ControlPlane) -> None:
    assert run(plane, "first", resources=asks(cpu="1500m"))["status"]["phase"] == "Running"
    status = run(plane, "second", resources=asks(cpu="600m"))["status"]
    told = "Node didn't have enough resource: cpu, requested: 600, used: 1500, capacity: 2000"
    assert (status["phase"], status["reason"]) == ("Failed", "OutOfcpu")
    assert status["message"] == f"Pod was rejected: {told}"
    assert "containerStatuses" not in status
    events = [(one["type"], one["reason"], one["message"]) for one in plane.api.list("events", "default")]
    assert ("Warning", "OutOfcpu", told) in events


def test_what_has_finished_takes_no_room(plane: ControlPlane) -> None:
    run(plane, "first", resources=asks(memory="3Gi"), restartPolicy="Never", activeDeadlineSeconds=1)
    assert run(plane, "second", resources=asks(memory="3Gi"))["status"]["phase"] == "Running"


def test_a_scheduled_pod_counts_for_those_that_are_not(plane: ControlPlane) -> None:
    run(plane, "first", "", nodeSelector={"kubernetes.io/hostname": NODE}, resources=asks(cpu="2"))
    assert run(plane, "second", resources=asks(cpu="1"))["status"]["reason"] == "OutOfcpu"


@pytest.mark.parametrize(
    ("wish", "reason", "why"),
    [
        ({"nodeSelector": {"disk": "ssd"}}, "NodeAffinity", "node(s) didn't match Pod's node affinity/selector"),
        ({"port": 8080}, "NodePorts", "node(s) didn't have free ports for the requested pod ports"),
        ({"resources": {"limits": {"example.com/unknown": "1"}}}, "", ""),
        ({"port": 8081}, "", ""),
    ],
)
def test_what_else_a_node_refuses(plane: ControlPlane, wish: Object, reason: str, why: str) -> None:
    run(plane, "first", port=8080)
    status = run(plane, "second", **wish)["status"]
    assert status.get("reason", "") == reason
    assert status.get("message", "") == (f"Pod was rejected: Predicate {reason} failed: {why}" if reason else "")


def test_a_taint_that_evicts_is_not_passed_by_naming_the_node(plane: ControlPlane) -> None:
    taints = [{"key": "out", "effect": "NoExecute"}, {"key": "full", "effect": "NoSchedule"}]
    plane.api.patch("nodes", NODE, {"spec": {"taints": taints}})
    plane.api.create(pod_on(NODE, "refused"))
    plane.settle()
    assert "TaintToleration" in {event["reason"] for event in plane.api.list("events", "default")}
    tolerations = [{"key": "out", "operator": "Exists"}]
    assert run(plane, "taken", tolerations=tolerations)["status"]["phase"] == "Running"


def test_a_pod_that_runs_is_not_asked_again_whatever_becomes_of_its_node(plane: ControlPlane) -> None:
    run(plane, "web", nodeSelector={"topology.kubernetes.io/zone": "zone-c"})
    plane.api.patch("nodes", NODE, {"metadata": {"labels": {"topology.kubernetes.io/zone": None}}})
    plane.advance(60)
    assert plane.api.get("pods", "web", "default")["status"]["phase"] == "Running"


def test_a_pod_that_somebody_else_binds_is_looked_at_too(plane: ControlPlane) -> None:
    plane.api.create(pod_on("", "bound", resources=asks(cpu="50")))
    plane.advance(1)
    plane.api.bind("bound", "default", NODE)
    plane.advance(5)

    status = plane.api.get("pods", "bound", "default")["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "OutOfcpu")


@pytest.mark.parametrize(
    ("name", "spec", "why"),
    [
        ("kernel.shm_rmid_forced", {}, ""),
        ("net/ipv4/tcp_syncookies", {}, ""),
        ("kernel.msgmax", {}, '"kernel.msgmax" not allowlisted'),
        ("kernel/msgmax", {}, '"kernel.msgmax" not allowlisted'),
        (
            "net.ipv4.tcp_syncookies",
            {"hostNetwork": True},
            '"net.ipv4.tcp_syncookies" not allowed with host Net enabled',
        ),
        ("kernel.shm_rmid_forced", {"hostIPC": True}, '"kernel.shm_rmid_forced" not allowed with host IPC enabled'),
    ],
)
def test_parameters_of_the_kernel_that_could_harm_others_are_refused(name: str, spec: Object, why: str) -> None:
    wish = {"securityContext": {"sysctls": [{"name": name, "value": "1"}]}, **spec}

    assert forbidden(wish) == (f"forbidden sysctl: {why}" if why else "")


def test_a_pod_that_wants_forbidden_parameters_has_failed(plane: ControlPlane) -> None:
    status = run(plane, "web", "", securityContext={"sysctls": [{"name": "kernel.msgmax", "value": "1"}]})["status"]

    assert (status["phase"], status["reason"]) == ("Failed", "SysctlForbidden")
    assert status["message"] == 'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted'


def test_a_pod_for_another_system_has_failed(plane: ControlPlane) -> None:
    status = run(plane, "web", os={"name": "windows"})["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "PodOSNotSupported")
    assert status["message"] == "Pod was rejected: Failed to admit pod as the OS field doesn't match node OS"

    labelled = pod_on(NODE, "labelled")
    labelled["metadata"]["labels"] = {"kubernetes.io/os": "windows"}
    plane.api.create(labelled)
    plane.advance(5)
    reason = plane.api.get("pods", "labelled", "default")["status"]["reason"]
    assert reason == "PodOSSelectorNodeLabelDoesNotMatch"
