"""Silent nodes, taints by condition, and evictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from builders import deployment, pod

from gitopslab.controlplane.controllers.tainteviction import tolerated_seconds
from gitopslab.machinery.objects import Object, condition_of

if TYPE_CHECKING:
    from conftest import Cluster


def taints(cluster: Cluster, node: str = "n1") -> list[tuple[str, str]]:
    found = cluster.get("nodes", node, "")["spec"].get("taints") or []
    return [(taint["key"].removeprefix("node.kubernetes.io/"), taint["effect"]) for taint in found]


def silence(cluster: Cluster, *nodes: str) -> None:
    cluster.heartbeat.silent.update(nodes)
    cluster.stage.stuck.update(nodes)


def test_a_node_that_renews_its_lease_stays_ready(cluster: Cluster) -> None:
    cluster.advance(300)
    assert condition_of(cluster.get("nodes", "n1", ""), "Ready")["status"] == "True"  # type: ignore[index]


def test_a_silent_node_becomes_unknown_after_the_grace_period(cluster: Cluster) -> None:
    silence(cluster, "n1")
    cluster.advance(49)
    assert condition_of(cluster.get("nodes", "n1", ""), "Ready")["status"] == "True"  # type: ignore[index]
    cluster.advance(2)
    node = cluster.get("nodes", "n1", "")
    told = {each["type"]: (each["status"], each["reason"], each["message"]) for each in node["status"]["conditions"]}
    assert told["Ready"] == ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")
    assert told["DiskPressure"] == ("Unknown", "NodeStatusNeverUpdated", "Kubelet never posted node status.")
    assert taints(cluster) == [("unreachable", "NoSchedule"), ("unreachable", "NoExecute")]
    assert ("NodeNotReady", "Node n1 status is now: NodeNotReady") in cluster.events("Node")


def test_pods_of_a_silent_node_are_marked_and_later_evicted(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=3))
    cluster.settle()
    lost = next(found for found in cluster.list("pods") if found["spec"]["nodeName"] == "n1")
    name = lost["metadata"]["name"]
    silence(cluster, "n1")
    cluster.advance(51)
    assert condition_of(cluster.get("pods", name), "Ready")["status"] == "False"  # type: ignore[index]
    assert ("NodeNotReady", "Node is not ready") in cluster.events("Pod")
    cluster.advance(298)
    assert "deletionTimestamp" not in cluster.get("pods", name)["metadata"]
    cluster.advance(3)
    evicted = cluster.get("pods", name)
    assert evicted["metadata"]["deletionTimestamp"]
    target = condition_of(evicted, "DisruptionTarget")
    assert target is not None
    assert (target["status"], target["reason"], target["message"]) == (
        "True",
        "DeletionByTaintManager",
        "Taint manager: deleting due to NoExecute taint",
    )
    assert ("TaintManagerEviction", f"Marking for deletion Pod default/{name}") in cluster.events("Pod")
    assert cluster.get("deployments.apps", "web")["status"]["availableReplicas"] == 3


def test_a_pod_that_is_gone_before_its_time_is_told_of(cluster: Cluster) -> None:
    cluster.create(pod("one", spec={"nodeName": "n1"}))
    cluster.settle()
    silence(cluster, "n1")
    cluster.advance(100)
    cluster.api.delete("pods", "one", "default", grace_seconds=0)
    cluster.settle()
    assert ("TaintManagerEviction", "Cancelling deletion of Pod default/one") in cluster.events("Pod")


def test_a_node_that_comes_back_keeps_its_pods(cluster: Cluster) -> None:
    cluster.create(pod("one", spec={"nodeName": "n1"}))
    cluster.settle()
    silence(cluster, "n1")
    cluster.advance(100)
    status = cluster.get("nodes", "n1", "")["status"]
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"}
    cluster.heartbeat.silent.clear()
    cluster.api.patch("nodes", "n1", {"status": {**status, "conditions": [ready]}}, subresource="status")
    cluster.settle()
    assert taints(cluster) == []
    assert ("TaintManagerEviction", "Cancelling deletion of Pod default/one") in cluster.events("Pod")
    cluster.advance(600)
    assert cluster.has("pods", "one")


def test_nobody_is_evicted_when_every_node_is_silent(cluster: Cluster) -> None:
    silence(cluster, "n1", "n2", "n3")
    cluster.advance(60)
    assert [taints(cluster, node) for node in ("n1", "n2", "n3")] == [[("unreachable", "NoSchedule")]] * 3


def test_a_cordoned_node_has_a_taint_and_loses_it(cluster: Cluster) -> None:
    cluster.patch("nodes", "n1", {"spec": {"unschedulable": True}}, "")
    (taint,) = cluster.get("nodes", "n1", "")["spec"]["taints"]
    assert taint == {
        "key": "node.kubernetes.io/unschedulable",
        "effect": "NoSchedule",
        "timeAdded": "2026-01-01T00:00:00Z",
    }
    cluster.patch("nodes", "n1", {"spec": {"unschedulable": None}}, "")
    assert "taints" not in cluster.get("nodes", "n1", "")["spec"]


def test_taints_of_others_are_left_alone(cluster: Cluster) -> None:
    mine = {"key": "team", "value": "blue", "effect": "NoSchedule"}
    cluster.patch("nodes", "n1", {"spec": {"taints": [mine], "unschedulable": True}}, "")
    assert taints(cluster) == [("team", "NoSchedule"), ("unschedulable", "NoSchedule")]
    cluster.patch("nodes", "n1", {"spec": {"unschedulable": None}}, "")
    assert cluster.get("nodes", "n1", "")["spec"]["taints"] == [mine]


def test_a_no_execute_taint_drives_pods_away_at_once(cluster: Cluster) -> None:
    tolerations = [{"key": "a", "operator": "Exists"}]
    cluster.create(pod("leaves", spec={"nodeName": "n1"}))
    cluster.create(pod("stays", spec={"nodeName": "n1", "tolerations": tolerations}))
    cluster.settle()
    cluster.patch("nodes", "n1", {"spec": {"taints": [{"key": "a", "value": "b", "effect": "NoExecute"}]}}, "")
    assert cluster.names("pods") == ["stays"]


def test_nodes_are_greeted_and_missed(cluster: Cluster) -> None:
    assert ("RegisteredNode", "Node n1 event: Registered Node n1 in Controller") in cluster.events("Node")
    cluster.delete("nodes", "n1", "")
    assert ("RemovingNode", "Node n1 event: Removing Node n1 from Controller") in cluster.events("Node")


A: Object = {"key": "a", "value": "x", "effect": "NoExecute"}
B: Object = {"key": "b", "value": "x", "effect": "NoExecute"}


@pytest.mark.parametrize(
    ("taints", "tolerations", "seconds"),
    [
        pytest.param([A], [], 0.0, id="no toleration"),
        pytest.param([A], [{"key": "a", "operator": "Exists"}], float("inf"), id="for ever"),
        pytest.param([A], [{"key": "a", "operator": "Exists", "tolerationSeconds": 60}], 60.0, id="for a while"),
        pytest.param([A, B], [{"key": "a", "operator": "Exists"}], 0.0, id="one of two"),
        pytest.param(
            [A, B],
            [
                {"key": "a", "operator": "Exists", "tolerationSeconds": 60},
                {"key": "b", "operator": "Exists", "tolerationSeconds": 30},
            ],
            30.0,
            id="the shortest counts",
        ),
        pytest.param([A], [{"key": "a", "operator": "Exists", "tolerationSeconds": -5}], 0.0, id="negative is at once"),
    ],
)
def test_how_long_a_pod_may_stay(taints: list[Object], tolerations: list[Object], seconds: float) -> None:
    assert tolerated_seconds(taints, tolerations) == seconds
