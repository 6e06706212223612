"""Pods that nobody will ever finish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builders import pod

from gitopslab.machinery.objects import Object, condition_of

if TYPE_CHECKING:
    from conftest import Cluster

HELD = {"finalizers": ["example.com/hold"]}
OUT_OF_SERVICE = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}


def gated(name: str, **metadata: object) -> Object:
    return pod(name, metadata=metadata, spec={"schedulingGates": [{"name": "example.com/wait"}]})


def test_a_pod_that_goes_before_it_has_a_node_failed(cluster: Cluster) -> None:
    cluster.create(gated("held", **HELD))
    cluster.api.delete("pods", "held", "default")
    cluster.settle()
    status = cluster.get("pods", "held")["status"]
    assert (status["phase"], status["observedGeneration"]) == ("Failed", 2)


def test_a_job_counts_such_a_pod_once_it_failed(cluster: Cluster) -> None:
    template = {"spec": {**gated("any")["spec"], "restartPolicy": "Never"}}
    spec = {"podReplacementPolicy": "Failed", "template": template}
    cluster.create(
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "one", "namespace": "default"}, "spec": spec}
    )
    cluster.settle()
    (first,) = cluster.names("pods")
    cluster.api.delete("pods", first, "default")
    cluster.advance(30)
    assert cluster.get("jobs.batch", "one")["status"]["failed"] == 1
    (second,) = cluster.names("pods")
    assert second != first


def test_the_pods_of_a_node_out_of_service_do_not_wait_for_it(cluster: Cluster) -> None:
    cluster.create(pod("one", spec={"nodeName": "n1", "tolerations": [{"operator": "Exists"}]}))
    cluster.settle()
    cluster.heartbeat.silent.add("n1")
    cluster.stage.stuck.add("n1")
    cluster.advance(60)
    cluster.api.delete("pods", "one", "default")
    cluster.advance(60)
    assert cluster.has("pods", "one")
    taints = cluster.get("nodes", "n1", "")["spec"]["taints"]
    cluster.patch("nodes", "n1", {"spec": {"taints": [*taints, OUT_OF_SERVICE]}}, "")
    assert not cluster.has("pods", "one")


def test_the_pods_of_a_node_that_is_gone_failed_for_it(cluster: Cluster) -> None:
    cluster.create(pod("one", metadata=HELD, spec={"nodeName": "n1"}))
    cluster.settle()
    cluster.api.delete("nodes", "n1", "")
    cluster.advance(39)
    assert cluster.get("pods", "one")["status"]["phase"] == "Running"
    cluster.advance(2)
    lost = cluster.get("pods", "one")
    target = condition_of(lost, "DisruptionTarget")
    assert lost["status"]["phase"] == "Failed"
    assert target is not None
    assert (target["reason"], target["message"]) == ("DeletionByPodGC", "PodGC: node no longer exists")
