"""DaemonSets: one pod a node, history, rolling updates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from builders import merged

from gitopslab.machinery.objects import Object, labels_of, name_of

if TYPE_CHECKING:
    from conftest import Cluster

CONTROL_PLANE = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}


def daemon_set(**overrides: Any) -> Object:
    template = {"metadata": {"labels": {"app": "agent"}}, "spec": {"containers": [{"name": "c", "image": "agent:1"}]}}
    base = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "agent"}}, "template": template},
    }
    return merged(base, overrides)


def places(cluster: Cluster) -> list[str]:
    return sorted(pod["spec"]["nodeName"] for pod in cluster.list("pods"))


def change(**spec: Any) -> Object:
    return {"spec": {"template": {"spec": spec}}}


def image(name: str) -> Object:
    return change(containers=[{"name": "c", "image": name}])


def images(cluster: Cluster) -> list[str]:
    return sorted(pod["spec"]["containers"][0]["image"] for pod in cluster.list("pods"))


def test_every_suitable_node_gets_a_pod(cluster: Cluster) -> None:
    cluster.add_node("cp", taints=[CONTROL_PLANE])
    cluster.create(daemon_set())
    cluster.settle()
    assert places(cluster) == ["n1", "n2", "n3"]
    assert cluster.get("daemonsets.apps", "agent")["status"] == {
        "currentNumberScheduled": 3,
        "desiredNumberScheduled": 3,
        "numberAvailable": 3,
        "numberMisscheduled": 0,
        "numberReady": 3,
        "observedGeneration": 1,
        "updatedNumberScheduled": 3,
    }


def test_daemon_pods_are_meant_for_their_node_and_tolerate_its_troubles(cluster: Cluster) -> None:
    cluster.create(daemon_set())
    cluster.settle()
    pod = cluster.list("pods")[0]
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [pod["spec"]["nodeName"]]}]}
    required = {"nodeSelectorTerms": [term]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    assert pod["spec"]["affinity"] == affinity
    tolerated = [(each["key"].rpartition("/")[2], each["effect"]) for each in pod["spec"]["tolerations"]]
    assert tolerated == [
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
    ]
    assert labels_of(pod)["pod-template-generation"] == "1"


def test_a_new_node_gets_a_pod_and_a_removed_one_loses_it(cluster: Cluster) -> None:
    cluster.create(daemon_set())
    cluster.settle()
    cluster.add_node("n4")
    cluster.settle()
    assert places(cluster) == ["n1", "n2", "n3", "n4"]


def test_tolerations_and_node_selectors_are_followed(cluster: Cluster) -> None:
    cluster.add_node("cp", taints=[CONTROL_PLANE])
    cluster.create(daemon_set())
    cluster.settle()
    cluster.patch("daemonsets.apps", "agent", change(tolerations=[{**CONTROL_PLANE, "operator": "Exists"}]))
    assert places(cluster) == ["cp", "n1", "n2", "n3"]
    cluster.patch("daemonsets.apps", "agent", change(nodeSelector={"topology.kubernetes.io/zone": "zone-b"}))
    assert places(cluster) == ["n2"]
    assert cluster.get("daemonsets.apps", "agent")["status"]["desiredNumberScheduled"] == 1


def test_a_cordoned_node_keeps_its_pod(cluster: Cluster) -> None:
    cluster.create(daemon_set())
    cluster.settle()
    before = cluster.names("pods")
    cluster.patch("nodes", "n1", {"spec": {"unschedulable": True}}, "")
    assert cluster.names("pods") == before


def test_a_rolling_update_replaces_one_node_at_a_time(cluster: Cluster) -> None:
    cluster.create(daemon_set())
    cluster.settle()
    cluster.patch("daemonsets.apps", "agent", image("broken"))
    assert images(cluster) == ["agent:1", "agent:1", "broken"]
    cluster.patch("daemonsets.apps", "agent", image("agent:2"))
    assert images(cluster) == ["agent:2"] * 3
    assert cluster.get("daemonsets.apps", "agent")["status"]["updatedNumberScheduled"] == 3


def test_with_surge_the_new_pod_comes_before_the_old_one_goes(cluster: Cluster) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    cluster.create(daemon_set(spec={"updateStrategy": strategy}))
    cluster.settle()
    cluster.patch("daemonsets.apps", "agent", image("broken"))
    assert images(cluster) == ["agent:1", "agent:1", "agent:1", "broken"]
    cluster.patch("daemonsets.apps", "agent", image("agent:2"))
    assert images(cluster) == ["agent:2"] * 3


def test_on_delete_waits_for_somebody_to_delete(cluster: Cluster) -> None:
    cluster.create(daemon_set(spec={"updateStrategy": {"type": "OnDelete"}}))
    cluster.settle()
    cluster.patch("daemonsets.apps", "agent", image("agent:2"))
    assert images(cluster) == ["agent:1"] * 3
    cluster.delete("pods", cluster.names("pods")[0])
    assert images(cluster) == ["agent:1", "agent:1", "agent:2"]


def test_a_daemon_set_tells_what_it_wants_when_its_pods_are_refused(cluster: Cluster) -> None:
    spec = {"hard": {"pods": "0"}}
    cluster.create(
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "no", "namespace": "default"}, "spec": spec}
    )
    cluster.settle()
    cluster.create(daemon_set())
    cluster.settle()
    status = cluster.get("daemonsets.apps", "agent")["status"]
    assert (status["desiredNumberScheduled"], status["currentNumberScheduled"]) == (3, 0)
    assert (status["numberUnavailable"], status["observedGeneration"]) == (3, 1)


def test_each_template_is_a_revision_and_a_rollback_renumbers(cluster: Cluster) -> None:
    cluster.create(daemon_set())
    cluster.settle()
    (first,) = cluster.names("controllerrevisions.apps")
    cluster.patch("daemonsets.apps", "agent", image("agent:2"))
    assert sorted(found["revision"] for found in cluster.list("controllerrevisions.apps")) == [1, 2]
    cluster.patch("daemonsets.apps", "agent", image("agent:1"))
    assert cluster.get("controllerrevisions.apps", first)["revision"] == 3
    assert len(cluster.list("controllerrevisions.apps")) == 2


def test_revisions_carry_the_hash_their_pods_carry(cluster: Cluster) -> None:
    cluster.create(daemon_set())
    cluster.settle()
    (revision,) = cluster.list("controllerrevisions.apps")
    hashed = labels_of(revision)["controller-revision-hash"]
    assert name_of(revision) == f"agent-{hashed}"
    assert {labels_of(pod)["controller-revision-hash"] for pod in cluster.list("pods")} == {hashed}
    template = revision["data"]["spec"]["template"]
    assert template["$patch"] == "replace"
    assert json.dumps(template) == json.dumps(template, sort_keys=True)


def test_a_revision_without_a_hash_gets_its_name_for_it(cluster: Cluster) -> None:
    cluster.create(daemon_set())
    cluster.settle()
    (name,) = cluster.names("controllerrevisions.apps")
    cluster.patch("controllerrevisions.apps", name, {"metadata": {"labels": {"controller-revision-hash": None}}})
    cluster.patch("daemonsets.apps", "agent", {"metadata": {"annotations": {"touched": "yes"}}})
    (revision,) = cluster.list("controllerrevisions.apps")
    assert labels_of(revision)["controller-revision-hash"] == name


def test_old_revisions_go_beyond_the_limit(cluster: Cluster) -> None:
    cluster.create(daemon_set(spec={"revisionHistoryLimit": 1}))
    cluster.settle()
    for number in range(2, 6):
        cluster.patch("daemonsets.apps", "agent", image(f"agent:{number}"))
    assert sorted(found["revision"] for found in cluster.list("controllerrevisions.apps")) == [4, 5]


def test_a_failed_pod_is_replaced_slower_each_time(cluster: Cluster) -> None:
    selected = {"nodeSelector": {"kubernetes.io/hostname": "n1"}, "containers": [{"name": "c", "image": "fail"}]}
    cluster.create(daemon_set(spec={"template": {"spec": selected}}))
    cluster.settle()
    made = [message for reason, message in cluster.events("DaemonSet") if reason == "SuccessfulCreate"]
    assert len(made) == 2
    cluster.advance(7)
    made = [message for reason, message in cluster.events("DaemonSet") if reason == "SuccessfulCreate"]
    assert len(made) == 5
    assert any(reason == "FailedDaemonPod" for reason, _ in cluster.events("DaemonSet"))


def test_a_daemon_set_keeps_the_pods_of_one_of_its_name_that_was_orphaned(cluster: Cluster) -> None:
    cluster.create(daemon_set())
    cluster.settle()
    before = cluster.names("pods")
    cluster.delete("daemonsets.apps", "agent", propagation="Orphan")
    cluster.create(merged(daemon_set(), image("agent:2")))
    cluster.settle()
    assert cluster.names("pods") == before
    assert cluster.get("daemonsets.apps", "agent")["status"]["updatedNumberScheduled"] == 3


def test_with_surge_a_misplaced_pod_stays_until_all_others_serve(cluster: Cluster) -> None:
    surging = {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}
    cluster.create(daemon_set(spec=surging))
    cluster.settle()
    cluster.patch("nodes", "n1", {"spec": {"taints": [{"key": "x", "effect": "NoSchedule"}]}}, "")
    sick = next(pod for pod in cluster.list("pods") if pod["spec"]["nodeName"] == "n2")
    unready = {"status": {"conditions": [{"type": "Ready", "status": "False"}]}}
    cluster.api.patch("pods", name_of(sick), unready, "default", type="strategic", subresource="status")
    cluster.patch("daemonsets.apps", "agent", image("broken"))
    assert "n1" in places(cluster)
    cluster.patch("daemonsets.apps", "agent", image("agent:3"))
    assert places(cluster) == ["n2", "n3"]
