"""StatefulSets: order, names, claims, partitions, retention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from builders import merged

from gitopslab.machinery.objects import Object, labels_of, owners_of

if TYPE_CHECKING:
    from conftest import Cluster

CLAIM = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


def stateful_set(image: str = "db:1", **overrides: Any) -> Object:
    template = {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "c", "image": image}]}}
    base = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db", "namespace": "default"},
        "spec": {
            "replicas": 3,
            "serviceName": "db",
            "selector": {"matchLabels": {"app": "db"}},
            "template": template,
            "volumeClaimTemplates": [CLAIM],
        },
    }
    return merged(base, overrides)


def image(name: str) -> Object:
    return {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": name}]}}}}


def images(cluster: Cluster) -> dict[str, str]:
    return {pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"] for pod in cluster.list("pods")}


def test_pods_come_in_order_with_a_claim_each(cluster: Cluster) -> None:
    cluster.create(stateful_set())
    cluster.settle()
    assert cluster.names("pods") == ["db-0", "db-1", "db-2"]
    assert cluster.names("persistentvolumeclaims") == ["data-db-0", "data-db-1", "data-db-2"]
    assert cluster.events("StatefulSet")[:4] == [
        ("SuccessfulCreate", "Create Claim data-db-0 Pod db-0 in StatefulSet db success"),
        ("SuccessfulCreate", "Create Pod db-0 in StatefulSet db successful"),
        ("SuccessfulCreate", "Create Claim data-db-1 Pod db-1 in StatefulSet db success"),
        ("SuccessfulCreate", "Create Pod db-1 in StatefulSet db successful"),
    ]


def test_a_pod_knows_its_name_and_its_claim(cluster: Cluster) -> None:
    cluster.create(stateful_set())
    cluster.settle()
    pod = cluster.get("pods", "db-1")
    assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("db-1", "db")
    labels = labels_of(pod)
    assert labels["statefulset.kubernetes.io/pod-name"] == "db-1"
    assert labels["apps.kubernetes.io/pod-index"] == "1"
    assert labels["controller-revision-hash"] == cluster.get("statefulsets.apps", "db")["status"]["currentRevision"]
    volume = next(volume for volume in pod["spec"]["volumes"] if volume["name"] == "data")
    assert volume["persistentVolumeClaim"]["claimName"] == "data-db-1"
    assert labels_of(cluster.get("persistentvolumeclaims", "data-db-1")) == {"app": "db"}


def test_the_second_pod_waits_for_the_first(cluster: Cluster) -> None:
    cluster.create(stateful_set("broken"))
    cluster.settle()
    assert cluster.names("pods") == ["db-0"]
    status = cluster.get("statefulsets.apps", "db")["status"]
    revision = status["currentRevision"]
    assert status == {
        "availableReplicas": 0,
        "collisionCount": 0,
        "currentReplicas": 1,
        "currentRevision": revision,
        "observedGeneration": 1,
        "replicas": 1,
        "updateRevision": revision,
        "updatedReplicas": 1,
    }


def test_parallel_pods_do_not_wait(cluster: Cluster) -> None:
    cluster.create(stateful_set("broken", spec={"podManagementPolicy": "Parallel"}))
    cluster.settle()
    assert cluster.names("pods") == ["db-0", "db-1", "db-2"]


def test_scaling_down_takes_the_last_first_and_keeps_claims(cluster: Cluster) -> None:
    cluster.create(stateful_set())
    cluster.settle()
    cluster.patch("statefulsets.apps", "db", {"spec": {"replicas": 1}})
    assert cluster.names("pods") == ["db-0"]
    assert cluster.names("persistentvolumeclaims") == ["data-db-0", "data-db-1", "data-db-2"]
    assert cluster.events("StatefulSet")[-2:] == [
        ("SuccessfulDelete", "Delete Pod db-2 in StatefulSet db successful"),
        ("SuccessfulDelete", "Delete Pod db-1 in StatefulSet db successful"),
    ]


def test_a_deleted_pod_comes_back_under_its_name(cluster: Cluster) -> None:
    cluster.create(stateful_set())
    cluster.settle()
    before = cluster.get("pods", "db-1")["metadata"]["uid"]
    cluster.delete("pods", "db-1")
    assert cluster.get("pods", "db-1")["metadata"]["uid"] != before


def test_a_failed_pod_is_recreated(cluster: Cluster) -> None:
    cluster.create(stateful_set())
    cluster.settle()
    cluster.api.patch("pods", "db-1", {"status": {"phase": "Failed"}}, "default", subresource="status")
    cluster.settle()
    assert cluster.get("pods", "db-1")["status"]["phase"] == "Running"
    assert cluster.events("StatefulSet")[-2:] == [
        ("SuccessfulDelete", "Delete Pod db-1 in StatefulSet db successful"),
        ("SuccessfulCreate", "Create Pod db-1 in StatefulSet db successful"),
    ]


def test_a_rolling_update_goes_from_the_last_to_the_first(cluster: Cluster) -> None:
    cluster.create(stateful_set())
    cluster.settle()
    cluster.patch("statefulsets.apps", "db", image("broken"))
    assert images(cluster) == {"db-0": "db:1", "db-1": "db:1", "db-2": "broken"}
    status = cluster.get("statefulsets.apps", "db")["status"]
    assert (status["currentReplicas"], status["updatedReplicas"]) == (2, 1)
    assert status["currentRevision"] != status["updateRevision"]


def test_a_finished_update_makes_the_update_revision_current(cluster: Cluster) -> None:
    cluster.create(stateful_set())
    cluster.settle()
    cluster.patch("statefulsets.apps", "db", image("db:2"))
    assert set(images(cluster).values()) == {"db:2"}
    status = cluster.get("statefulsets.apps", "db")["status"]
    assert status["currentRevision"] == status["updateRevision"]
    assert (status["currentReplicas"], status["updatedReplicas"]) == (3, 3)


def test_a_strategy_of_which_only_the_type_is_given_gets_no_partition_and_rolls_out_all(cluster: Cluster) -> None:
    cluster.create(stateful_set(spec={"updateStrategy": {"type": "RollingUpdate"}}))
    cluster.settle()
    assert cluster.get("statefulsets.apps", "db")["spec"]["updateStrategy"] == {"type": "RollingUpdate"}
    cluster.patch("statefulsets.apps", "db", image("db:2"))
    assert set(images(cluster).values()) == {"db:2"}


def test_without_a_partition_a_pod_that_is_gone_at_once_comes_back_as_the_update_wants_it(cluster: Cluster) -> None:
    nowhere = {"spec": {"nodeSelector": {"disk": "none"}}}  # a pod without a node needs no time to stop
    strategy = {"updateStrategy": {"type": "RollingUpdate"}, "podManagementPolicy": "Parallel"}
    cluster.create(stateful_set(spec={"replicas": 1, "template": nowhere, **strategy}))
    cluster.settle()
    cluster.patch("statefulsets.apps", "db", image("db:2"))
    assert images(cluster) == {"db-0": "db:2"}


def test_a_partition_keeps_lower_pods_as_they_are(cluster: Cluster) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    cluster.create(stateful_set(spec={"updateStrategy": strategy}))
    cluster.settle()
    cluster.patch("statefulsets.apps", "db", image("db:2"))
    assert images(cluster) == {"db-0": "db:1", "db-1": "db:1", "db-2": "db:2"}
    cluster.delete("pods", "db-0")
    assert images(cluster)["db-0"] == "db:1"


def test_a_partition_counts_from_the_first_ordinal(cluster: Cluster) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    cluster.create(stateful_set(spec={"updateStrategy": strategy, "ordinals": {"start": 5}}))
    cluster.settle()
    cluster.patch("statefulsets.apps", "db", image("db:2"))
    assert images(cluster) == {"db-5": "db:1", "db-6": "db:2", "db-7": "db:2"}


def test_an_update_waits_until_a_new_pod_has_been_ready_long_enough(cluster: Cluster) -> None:
    cluster.create(stateful_set(spec={"minReadySeconds": 10, "replicas": 2}))
    cluster.advance(30)
    cluster.patch("statefulsets.apps", "db", image("db:2"))
    assert images(cluster) == {"db-0": "db:1", "db-1": "db:2"}
    cluster.advance(11)
    assert images(cluster) == {"db-0": "db:2", "db-1": "db:2"}


def test_a_pod_does_not_come_while_its_claim_is_being_deleted(cluster: Cluster) -> None:
    cluster.create(stateful_set(spec={"replicas": 1}))
    cluster.settle()
    cluster.patch("persistentvolumeclaims", "data-db-0", {"metadata": {"finalizers": ["example.com/hold"]}})
    cluster.delete("persistentvolumeclaims", "data-db-0")
    cluster.delete("pods", "db-0")
    assert cluster.names("pods") == []
    message = "Create Pod db-0 in StatefulSet db failed error: pvc data-db-0 is being deleted"
    assert ("FailedCreate", message) in cluster.events("StatefulSet")


def test_a_change_of_retention_is_told_for_each_pod(cluster: Cluster) -> None:
    cluster.create(stateful_set())
    cluster.settle()
    policy = {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}
    cluster.patch("statefulsets.apps", "db", {"spec": policy})
    owners = {owner["kind"] for claim in cluster.list("persistentvolumeclaims") for owner in owners_of(claim)}
    updates = [message for reason, message in cluster.events("StatefulSet") if reason == "SuccessfulUpdate"]
    assert owners == {"StatefulSet"}
    assert updates == [f"Update Pod db-{number} in StatefulSet db successful" for number in range(3)]


def test_on_delete_updates_only_what_is_deleted(cluster: Cluster) -> None:
    cluster.create(stateful_set(spec={"updateStrategy": {"type": "OnDelete", "rollingUpdate": None}}))
    cluster.settle()
    cluster.patch("statefulsets.apps", "db", image("db:2"))
    cluster.delete("pods", "db-0")
    assert images(cluster) == {"db-0": "db:2", "db-1": "db:1", "db-2": "db:1"}


def test_a_rollback_reuses_its_revision(cluster: Cluster) -> None:
    cluster.create(stateful_set())
    cluster.settle()
    (first,) = cluster.names("controllerrevisions.apps")
    cluster.patch("statefulsets.apps", "db", image("db:2"))
    cluster.patch("statefulsets.apps", "db", image("db:1"))
    assert cluster.get("controllerrevisions.apps", first)["revision"] == 3
    assert cluster.get("statefulsets.apps", "db")["status"]["currentRevision"] == first


@pytest.mark.parametrize(
    ("policy", "left"),
    [
        pytest.param({}, ["data-db-0", "data-db-1", "data-db-2"], id="kept by default"),
        pytest.param({"whenScaled": "Delete"}, ["data-db-0"], id="gone with the pods scaled away"),
        pytest.param({"whenDeleted": "Delete"}, [], id="gone with the set"),
        pytest.param({"whenDeleted": "Delete", "whenScaled": "Delete"}, [], id="gone either way"),
    ],
)
def test_claims_go_by_policy(cluster: Cluster, policy: Object, left: list[str]) -> None:
    cluster.create(stateful_set(spec={"persistentVolumeClaimRetentionPolicy": policy}))
    cluster.settle()
    for name in cluster.names("persistentvolumeclaims"):
        cluster.patch("persistentvolumeclaims", name, {"metadata": {"finalizers": None}})
    cluster.patch("statefulsets.apps", "db", {"spec": {"replicas": 1}})
    cluster.delete("statefulsets.apps", "db")
    assert cluster.names("persistentvolumeclaims") == left


def test_ordinals_can_start_elsewhere(cluster: Cluster) -> None:
    cluster.create(stateful_set(spec={"ordinals": {"start": 5}, "replicas": 2}))
    cluster.settle()
    assert cluster.names("pods") == ["db-5", "db-6"]


def test_a_deleted_set_takes_its_pods_and_leaves_its_claims(cluster: Cluster) -> None:
    cluster.create(stateful_set())
    cluster.settle()
    cluster.delete("statefulsets.apps", "db")
    assert cluster.names("pods") == []
    assert all(owners_of(found) == [] for found in cluster.list("persistentvolumeclaims"))
