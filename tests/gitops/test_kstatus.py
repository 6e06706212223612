"""What kstatus says of objects: Flux waits for ``Current``."""

from __future__ import annotations

from typing import Any

import pytest

from gitopslab.gitops.health.kstatus import Health, Status, health_of
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object


def obj(version: str, kind: str, spec: Any = None, status: Any = None, **metadata: Any) -> Object:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": "x", "generation": 1, **metadata},
        **({"spec": spec} if spec is not None else {}),
        **({"status": status} if status is not None else {}),
    }


def conditions(**said: str) -> Object:
    return {"conditions": [{"type": kind, "status": status} for kind, status in said.items()]}


ROLLED_OUT = {
    "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2,
    "conditions": [
        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        {"type": "Available", "status": "True"},
    ],
}  # fmt: skip
CRASHING = {"waiting": {"reason": "CrashLoopBackOff"}}
LATE = {"conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}

ROWS = [
    pytest.param(obj("v1", "ConfigMap"), "Current", id="a ConfigMap is current once it exists"),
    pytest.param(obj("v1", "ConfigMap", deletionTimestamp="x"), "Terminating", id="deletion comes first"),
    pytest.param(obj("apps/v1", "Deployment", {"replicas": 2}, ROLLED_OUT), "Current", id="rolled out"),
    pytest.param(
        obj("apps/v1", "Deployment", {"replicas": 2}, ROLLED_OUT, generation=2), "InProgress", id="unseen generation"
    ),
    pytest.param(
        obj("apps/v1", "Deployment", {"replicas": 3}, ROLLED_OUT), "InProgress", id="too few replicas of a Deployment"
    ),
    pytest.param(
        obj("apps/v1", "Deployment", {"replicas": 1}, ROLLED_OUT), "InProgress", id="old replicas are still there"
    ),
    pytest.param(obj("apps/v1", "Deployment", {"replicas": 2}, LATE), "Failed", id="past its progress deadline"),
    pytest.param(obj("batch/v1", "Job", {}, {}), "InProgress", id="a Job that runs"),
    pytest.param(obj("batch/v1", "Job", {}, conditions(Complete="True")), "Current", id="a Job that is complete"),
    pytest.param(obj("batch/v1", "Job", {}, conditions(Failed="True")), "Failed", id="a Job that failed"),
    pytest.param(obj("batch/v1", "Job", {"suspend": True}, {}), "Current", id="a Job that is suspended"),
    pytest.param(
        obj("apps/v1", "Deployment", {"replicas": 2, "progressDeadlineSeconds": 600},
            {**ROLLED_OUT, **conditions(Progressing="True", Available="True")}),
        "InProgress", id="the new ReplicaSet is not said to be available",
    ),
    pytest.param(
        obj("apps/v1", "Deployment", {"replicas": 2, "progressDeadlineSeconds": 600}, ROLLED_OUT), "Current",
        id="the new ReplicaSet is available",
    ),
    pytest.param(
        obj("apps/v1", "DaemonSet", {}, {"observedGeneration": 1}), "InProgress", id="a DaemonSet that counted no nodes"
    ),
    pytest.param(
        obj("apps/v1", "StatefulSet", {"replicas": 2, "updateStrategy": {"rollingUpdate": {"partition": 0}}},
            {"replicas": 2, "readyReplicas": 2, "updatedReplicas": 1}), "InProgress",
        id="a partition of nothing waits for all pods to be updated",
    ),
    pytest.param({**obj("batch/v1", "CronJob", {}), "status": None}, "Current", id="a status of nothing"),
    pytest.param(obj("v1", "Pod", {}, {"phase": "Failed"}), "Current", id="a failed pod is current, unlike in Argo CD"),
    pytest.param(obj("v1", "Pod", {}, {"phase": "Pending"}), "InProgress", id="a pod that waits"),
    pytest.param(
        obj("v1", "Pod", {}, {"phase": "Running", **conditions(Ready="True")}), "Current", id="a pod that is ready"
    ),
    pytest.param(
        obj(
            "v1", "Pod", {},
            {"phase": "Running", "containerStatuses": [{"name": "c", "state": CRASHING}]},
        ),
        "Failed", id="a pod that crashes",
    ),
    pytest.param(obj("v1", "PersistentVolumeClaim", {}, {"phase": "Pending"}), "InProgress", id="an unbound claim"),
    pytest.param(obj("v1", "PersistentVolumeClaim", {}, {"phase": "Bound"}), "Current", id="a bound claim"),
    pytest.param(
        obj("v1", "Service", {"type": "LoadBalancer", "clusterIP": "10.0.0.1"}, {}), "Current",
        id="a load balancer needs no address from outside, unlike in Argo CD",
    ),
    pytest.param(obj("v1", "Service", {"type": "LoadBalancer"}, {}), "InProgress", id="a load balancer without an IP"),
    pytest.param(obj("networking.k8s.io/v1", "Ingress", {}, {}), "Current", id="an Ingress has no rule"),
    pytest.param(obj("x.io/v1", "Thing", {}, conditions(Ready="False")), "InProgress", id="a kind that is not Ready"),
    pytest.param(obj("x.io/v1", "Thing", {}, conditions(Ready="True")), "Current", id="a kind that is Ready"),
    pytest.param(obj("x.io/v1", "Thing", {}, conditions(Stalled="True")), "Failed", id="a kind that is stalled"),
    pytest.param(
        obj("x.io/v1", "Thing", {}, conditions(Ready="True", Reconciling="True")), "InProgress", id="still reconciling"
    ),
    pytest.param(
        obj("apps/v1", "StatefulSet", {"replicas": 1}, {"replicas": 1, "readyReplicas": 1, "currentReplicas": 1,
            "currentRevision": "a", "updateRevision": "b"}), "InProgress", id="a StatefulSet that is being updated",
    ),
    pytest.param(
        obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", {}, conditions(Established="True")), "Current",
        id="an established kind",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("what", "status"), ROWS)
def test_each_kind_has_its_rule(what: Object, status: str) -> None:
    assert health_of(what).status == Status(status)


def test_what_is_not_there_is_not_found() -> None:
    assert health_of(None) == Health(Status.NOT_FOUND, "Resource not found")


def test_an_unseen_generation_says_which() -> None:
    unseen = obj("apps/v1", "Deployment", {}, {"observedGeneration": 1}, generation=2)
    assert health_of(unseen).message == "Deployment generation is 2, but latest observed generation is 1"


def test_a_pod_that_finds_no_node_has_failed_after_fifteen_seconds() -> None:
    scheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    lonely = obj("v1", "Pod", {}, {"phase": "Pending", "conditions": [scheduled]}, creationTimestamp=timestamp(100))
    assert health_of(lonely, 114) == Health(Status.IN_PROGRESS, "Pod has not been scheduled")
    assert health_of(lonely, 115) == Health(Status.FAILED, "Pod could not be scheduled")
