"""Deployments from creation to deletion, with ReplicaSets and pods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builders import deployment

from gitopslab.machinery.objects import Object, annotations_of, condition_of, labels_of, name_of

if TYPE_CHECKING:
    from conftest import Cluster


def image(name: str) -> Object:
    return {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": name}]}}}}


def revisions(cluster: Cluster) -> dict[str, int]:
    sets = cluster.list("replicasets.apps")
    return {annotations_of(found)["deployment.kubernetes.io/revision"]: found["spec"]["replicas"] for found in sets}


def counts(found: Object) -> dict[str, Any]:
    return {key: value for key, value in found["status"].items() if key.endswith("eplicas")}


def progressing(cluster: Cluster) -> Object:
    return condition_of(cluster.get("deployments.apps", "web"), "Progressing") or {}


def test_a_deployment_makes_a_replica_set_that_makes_pods(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=3))
    cluster.settle()
    (made,) = cluster.list("replicasets.apps")
    hashed = labels_of(made)["pod-template-hash"]
    assert name_of(made) == f"web-{hashed}"
    assert made["spec"]["selector"]["matchLabels"] == {"app": "web", "pod-template-hash": hashed}
    assert annotations_of(made) == {
        "deployment.kubernetes.io/revision": "1",
        "deployment.kubernetes.io/desired-replicas": "3",
        "deployment.kubernetes.io/max-replicas": "4",
    }
    assert {labels_of(pod)["pod-template-hash"] for pod in cluster.list("pods")} == {hashed}
    assert len(cluster.list("pods")) == 3


def test_the_status_of_a_finished_rollout(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=3))
    cluster.settle()
    found = cluster.get("deployments.apps", "web")
    (made,) = cluster.names("replicasets.apps")
    counted = {"replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3}
    assert counts(found) == {**counted, "terminatingReplicas": 0}
    assert found["status"]["observedGeneration"] == found["metadata"]["generation"] == 1
    told = [(each["type"], each["status"], each["reason"], each["message"]) for each in found["status"]["conditions"]]
    assert told == [
        ("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."),
        ("Progressing", "True", "NewReplicaSetAvailable", f'ReplicaSet "{made}" has successfully progressed.'),
    ]


def test_scaling_up_and_down_says_so(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=3))
    cluster.settle()
    cluster.patch("deployments.apps", "web", {"spec": {"replicas": 1}})
    (made,) = cluster.names("replicasets.apps")
    assert cluster.events("Deployment") == [
        ("ScalingReplicaSet", f"Scaled up replica set {made} from 0 to 3"),
        ("ScalingReplicaSet", f"Scaled down replica set {made} from 3 to 1"),
    ]
    assert len(cluster.list("pods")) == 1


def test_a_rolling_update_replaces_pods_one_step_at_a_time(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=2))
    cluster.settle()
    (old,) = cluster.names("replicasets.apps")
    cluster.patch("deployments.apps", "web", image("nginx:2"))
    (new,) = set(cluster.names("replicasets.apps")) - {old}
    assert [message for _, message in cluster.events("Deployment")][1:] == [
        f"Scaled up replica set {new} from 0 to 1",
        f"Scaled down replica set {old} from 2 to 1",
        f"Scaled up replica set {new} from 1 to 2",
        f"Scaled down replica set {old} from 1 to 0",
    ]
    assert {pod["spec"]["containers"][0]["image"] for pod in cluster.list("pods")} == {"nginx:2"}
    assert revisions(cluster) == {"1": 0, "2": 2}


def test_a_broken_image_leaves_the_old_pods_serving(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=3))
    cluster.settle()
    cluster.patch("deployments.apps", "web", image("broken"))
    found = cluster.get("deployments.apps", "web")
    assert counts(found) == {
        "replicas": 4,
        "updatedReplicas": 1,
        "readyReplicas": 3,
        "availableReplicas": 3,
        "unavailableReplicas": 1,
        "terminatingReplicas": 0,
    }
    assert condition_of(found, "Available")["status"] == "True"  # type: ignore[index]
    assert progressing(cluster)["reason"] == "ReplicaSetUpdated"


def test_a_rollout_without_progress_times_out_and_recovers(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=1, spec={"progressDeadlineSeconds": 60}))
    cluster.settle()
    cluster.patch("deployments.apps", "web", image("broken"))
    cluster.advance(59)
    assert progressing(cluster)["status"] == "True"
    cluster.advance(5)
    failed = progressing(cluster)
    assert (failed["status"], failed["reason"]) == ("False", "ProgressDeadlineExceeded")
    assert failed["message"].endswith('" has timed out progressing.')
    cluster.patch("deployments.apps", "web", image("nginx:1.27"))
    assert progressing(cluster)["reason"] == "NewReplicaSetAvailable"


def test_writing_an_old_template_back_is_a_rollback(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=1))
    cluster.settle()
    (first,) = cluster.names("replicasets.apps")
    cluster.patch("deployments.apps", "web", image("nginx:2"))
    cluster.patch("deployments.apps", "web", image("nginx:1.27"))
    notes = annotations_of(cluster.get("replicasets.apps", first))
    assert notes["deployment.kubernetes.io/revision"] == "3"
    assert notes["deployment.kubernetes.io/revision-history"] == "1"
    assert annotations_of(cluster.get("deployments.apps", "web"))["deployment.kubernetes.io/revision"] == "3"
    assert revisions(cluster) == {"2": 0, "3": 1}


def test_history_is_kept_up_to_its_limit(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=1, spec={"revisionHistoryLimit": 2}))
    cluster.settle()
    for number in range(2, 6):
        cluster.patch("deployments.apps", "web", image(f"nginx:{number}"))
    assert revisions(cluster) == {"3": 0, "4": 0, "5": 1}


def test_a_change_cause_reaches_the_present_revision_only(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=1))
    cluster.settle()
    cluster.patch("deployments.apps", "web", image("nginx:2"))
    cluster.patch("deployments.apps", "web", {"metadata": {"annotations": {"kubernetes.io/change-cause": "two"}}})
    found = {annotations_of(each).get("kubernetes.io/change-cause") for each in cluster.list("replicasets.apps")}
    assert found == {None, "two"}


def test_a_paused_deployment_scales_and_does_not_roll_out(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=2))
    cluster.settle()
    cluster.patch("deployments.apps", "web", {"spec": {"paused": True}})
    assert (progressing(cluster)["status"], progressing(cluster)["reason"]) == ("Unknown", "DeploymentPaused")
    cluster.patch("deployments.apps", "web", {**image("nginx:2")})
    cluster.patch("deployments.apps", "web", {"spec": {"replicas": 3}})
    assert revisions(cluster) == {"1": 3}
    cluster.patch("deployments.apps", "web", {"spec": {"paused": None}})
    assert progressing(cluster)["reason"] == "NewReplicaSetAvailable"
    assert revisions(cluster) == {"1": 0, "2": 3}


def test_recreate_waits_until_every_old_pod_is_gone(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=2, spec={"strategy": {"type": "Recreate"}}))
    cluster.settle()
    held = cluster.list("pods")[0]
    cluster.patch("pods", name_of(held), {"metadata": {"finalizers": ["example.com/hold"]}})
    cluster.patch("deployments.apps", "web", image("nginx:2"))
    assert revisions(cluster) == {"1": 0}
    assert cluster.names("pods") == [name_of(held)]
    cluster.patch("pods", name_of(held), {"metadata": {"finalizers": None}})
    assert revisions(cluster) == {"1": 0, "2": 2}


def test_a_taken_name_counts_a_collision(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=1))
    cluster.settle()
    (first,) = cluster.list("replicasets.apps")
    cluster.patch("deployments.apps", "web", {"spec": {"replicas": 0}})
    cluster.delete("deployments.apps", "web", propagation="Orphan")
    cluster.patch("replicasets.apps", name_of(first), {"metadata": {"labels": {"app": "stranger"}}})
    cluster.create(deployment("web", replicas=1))
    cluster.advance(1)
    assert cluster.get("deployments.apps", "web")["status"]["collisionCount"] == 1
    assert len(cluster.list("replicasets.apps")) == 2


def test_orphaned_replica_sets_are_adopted_again(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=2))
    cluster.settle()
    pods = cluster.names("pods")
    cluster.delete("deployments.apps", "web", propagation="Orphan")
    assert cluster.names("pods") == pods
    cluster.create(deployment("web", replicas=2))
    cluster.settle()
    assert cluster.names("pods") == pods
    (adopted,) = cluster.list("replicasets.apps")
    assert adopted["metadata"]["ownerReferences"][0]["uid"] == cluster.get("deployments.apps", "web")["metadata"]["uid"]


def test_min_ready_seconds_hold_availability_back(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=2, spec={"minReadySeconds": 10}))
    cluster.settle()
    assert counts(cluster.get("deployments.apps", "web")).get("availableReplicas") is None
    cluster.advance(10)
    assert counts(cluster.get("deployments.apps", "web"))["availableReplicas"] == 2


def test_settling_again_writes_nothing(cluster: Cluster) -> None:
    cluster.create(deployment("web", replicas=2))
    cluster.settle()
    before = cluster.verbs.store.revision
    for reconciler in cluster.reconcilers:
        cluster.manager.add(reconciler)
    cluster.settle()
    assert cluster.verbs.store.revision == before
