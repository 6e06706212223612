"""ReplicaSets: the count, adoption and release, whom to delete, failures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from builders import merged, pod

from gitopslab.controlplane.controllers.podstate import first_to_delete
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object, condition_of, name_of, owners_of

if TYPE_CHECKING:
    from conftest import Cluster

NOW = 1767225600.0


def replica_set(name: str = "herd", replicas: int = 2, **overrides: Any) -> Object:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    base = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": name, "namespace": "default"},
        "spec": spec,
    }
    return merged(base, overrides)


def test_a_deleted_pod_is_replaced(cluster: Cluster) -> None:
    cluster.create(replica_set())
    cluster.settle()
    first = cluster.names("pods")
    cluster.delete("pods", first[0])
    assert len(cluster.names("pods")) == 2
    assert first[0] not in cluster.names("pods")


def test_pods_are_owned_and_named_after_the_replica_set(cluster: Cluster) -> None:
    cluster.create(replica_set())
    cluster.settle()
    for found in cluster.list("pods"):
        (owner,) = owners_of(found)
        assert (owner["kind"], owner["name"], owner["controller"], owner["blockOwnerDeletion"]) == (
            "ReplicaSet",
            "herd",
            True,
            True,
        )
        assert found["metadata"]["generateName"] == "herd-"
    assert sorted(cluster.events("ReplicaSet")) == [
        ("SuccessfulCreate", f"Created pod: {name}") for name in cluster.names("pods")
    ]


def test_a_matching_stray_is_adopted_instead_of_a_new_pod(cluster: Cluster) -> None:
    cluster.create(pod("stray", metadata={"labels": {"app": "herd"}}))
    cluster.create(replica_set())
    cluster.settle()
    assert owners_of(cluster.get("pods", "stray"))[0]["name"] == "herd"
    assert len(cluster.list("pods")) == 2


def test_a_stray_that_comes_later_makes_one_too_many(cluster: Cluster) -> None:
    cluster.create(replica_set())
    cluster.settle()
    cluster.create(pod("stray", metadata={"labels": {"app": "herd"}}))
    cluster.settle()
    assert len(cluster.list("pods")) == 2
    assert any(reason == "SuccessfulDelete" for reason, _ in cluster.events("ReplicaSet"))


def test_a_relabelled_pod_is_released_and_replaced(cluster: Cluster) -> None:
    cluster.create(replica_set())
    cluster.settle()
    name = cluster.names("pods")[0]
    cluster.patch("pods", name, {"metadata": {"labels": {"app": "lone"}}})
    assert owners_of(cluster.get("pods", name)) == []
    assert len(cluster.list("pods", labels="app=herd")) == 2


def test_a_pod_of_another_controller_is_left_alone(cluster: Cluster) -> None:
    other = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "other", "uid": "u", "controller": True}
    cluster.manager.stop("garbage-collector-controller")
    cluster.create(pod("taken", metadata={"labels": {"app": "herd"}, "ownerReferences": [other]}))
    cluster.create(replica_set())
    cluster.settle()
    assert owners_of(cluster.get("pods", "taken")) == [other]
    assert len(cluster.list("pods")) == 3


def test_orphaned_pods_stay_without_an_owner(cluster: Cluster) -> None:
    cluster.create(replica_set())
    cluster.settle()
    pods = cluster.names("pods")
    cluster.delete("replicasets.apps", "herd", propagation="Orphan")
    assert cluster.names("pods") == pods
    assert all(not owners_of(found) for found in cluster.list("pods"))


def test_the_status_counts(cluster: Cluster) -> None:
    cluster.create(replica_set(replicas=2))
    cluster.settle()
    assert cluster.get("replicasets.apps", "herd")["status"] == {
        "replicas": 2,
        "fullyLabeledReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "terminatingReplicas": 0,
        "observedGeneration": 1,
    }


def test_a_finished_pod_no_longer_counts(cluster: Cluster) -> None:
    cluster.create(replica_set(replicas=1))
    cluster.settle()
    (name,) = cluster.names("pods")
    cluster.api.patch("pods", name, {"status": {"phase": "Failed"}}, "default", subresource="status")
    cluster.settle()
    assert len(cluster.list("pods")) == 2


def test_a_refused_pod_is_a_condition_until_it_succeeds(cluster: Cluster) -> None:
    cluster.delete("serviceaccounts", "default")
    cluster.manager.stop("service-account-controller")
    cluster.api.delete("serviceaccounts", "default", "default")
    cluster.create(replica_set())
    cluster.settle()
    condition = condition_of(cluster.get("replicasets.apps", "herd"), "ReplicaFailure")
    assert condition is not None
    assert (condition["status"], condition["reason"]) == ("True", "FailedCreate")
    assert (
        'error looking up service account default/default: serviceaccount "default" not found' in condition["message"]
    )
    reason, message = cluster.events("ReplicaSet")[0]
    assert (reason, message) == ("FailedCreate", f"Error creating: {condition['message']}")
    cluster.manager.start("service-account-controller")
    cluster.advance(30)
    assert condition_of(cluster.get("replicasets.apps", "herd"), "ReplicaFailure") is None
    assert len(cluster.list("pods")) == 2


def test_a_big_replica_set_is_made_in_bursts(cluster: Cluster) -> None:
    cluster.create(replica_set(replicas=120))
    cluster.settle()
    assert cluster.get("replicasets.apps", "herd")["status"]["readyReplicas"] == 120


def candidate(name: str, **overrides: Any) -> Object:
    """A ready pod on node ``n1``, made an hour ago."""
    then = timestamp(NOW - 3600)
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": then}
    base = pod(
        name,
        metadata={"uid": name, "creationTimestamp": then},
        spec={"nodeName": "n1"},
        status={"phase": "Running", "conditions": [ready]},
    )
    return merged(base, overrides)


@pytest.mark.parametrize(
    "doomed",
    [
        pytest.param({"spec": {"nodeName": ""}}, id="one without a node before one with"),
        pytest.param({"status": {"phase": "Pending"}}, id="pending before running"),
        pytest.param({"status": {"conditions": []}}, id="not ready before ready"),
        pytest.param(
            {"metadata": {"annotations": {"controller.kubernetes.io/pod-deletion-cost": "-5"}}}, id="the cheaper one"
        ),
        pytest.param(
            {"status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": timestamp(NOW - 5)}]}},
            id="ready for seconds before ready for an hour",
        ),
        pytest.param({"status": {"containerStatuses": [{"restartCount": 3}]}}, id="the one that restarted more"),
        pytest.param({"metadata": {"creationTimestamp": timestamp(NOW - 9)}}, id="made seconds ago before an hour ago"),
    ],
)
def test_the_pod_that_costs_least_goes_first(doomed: Object) -> None:
    pods = [candidate("a"), candidate("z", **doomed), candidate("b")]
    assert [name_of(found) for found in first_to_delete(pods, pods, 1, NOW)] == ["z"]


def test_the_most_crowded_node_loses_a_pod() -> None:
    pods = [candidate("a", spec={"nodeName": "n2"}), candidate("b"), candidate("c")]
    assert name_of(first_to_delete(pods, pods, 1, NOW)[0]) in ("b", "c")
