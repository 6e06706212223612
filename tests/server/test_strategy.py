"""What belongs to the server is put back, and generation counts the user's wishes."""

from __future__ import annotations

from typing import Any

import pytest
from builders import ADMIN, config_map, deployment, pod

from gitopslab.controlplane.server import strategy
from gitopslab.controlplane.server.defaults import set_defaults
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import WriteOptions
from gitopslab.controlplane.server.strategy.pods import quality_of_service
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import InvalidError
from gitopslab.machinery.kinds import Catalog, Resource, Subresource
from gitopslab.machinery.objects import Object, copy_of

CATALOG = Catalog()
NOW = 1767225600.0


def resource_of(obj: Object) -> Resource:
    found = CATALOG.of(obj)
    assert found is not None
    return found


def created(obj: Object) -> Object:
    obj["metadata"].update(uid="u-1", creationTimestamp="2026-01-01T00:00:00Z")
    set_defaults(resource_of(obj), obj)
    strategy.prepare_create(resource_of(obj), obj)
    return obj


def updated(before: Object, subresource: str = "", **changes: Any) -> Object:
    wished = copy_of(before)
    for path, value in changes.items():
        target = wished
        *parents, last = path.split("__")
        for parent in parents:
            target = target.setdefault(parent, {})
        target[last] = value
    strategy.prepare_update(resource_of(before), wished, before, subresource, NOW)
    return wished


def generation(obj: Object) -> int:
    number: int = obj["metadata"]["generation"]
    return number


def test_a_new_pod_is_pending_whatever_its_manifest_says() -> None:
    assert created(pod("p", status={"phase": "Running"}))["status"] == {"phase": "Pending", "qosClass": "BestEffort"}


def test_a_gated_pod_says_why_it_is_not_scheduled() -> None:
    condition = created(pod("p", spec={"schedulingGates": [{"name": "wait"}]}))["status"]["conditions"][0]
    assert (condition["type"], condition["status"], condition["reason"]) == ("PodScheduled", "False", "SchedulingGated")


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([{}], "BestEffort"),
        ([{"requests": {"cpu": "0"}}], "BestEffort"),
        ([{"requests": {"cpu": "1"}}], "Burstable"),
        ([{"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}], "Guaranteed"),
        ([{"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1000m", "memory": "1Gi"}}], "Guaranteed"),
        ([{"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "1Gi"}}], "Burstable"),
        ([{"requests": {"cpu": "1"}, "limits": {"cpu": "1"}}], "Burstable"),
        ([{"requests": {"cpu": "1", "memory": "1"}, "limits": {"cpu": "1", "memory": "1"}}, {}], "Burstable"),
        ([{"limits": {"ephemeral-storage": "1Gi"}}], "BestEffort"),
    ],
    ids=["nothing", "zero", "request", "all bounded", "spelled otherwise", "more", "no memory", "one open", "disk"],
)
def test_quality_of_service_follows_requests_and_limits(resources: list[Object], expected: str) -> None:
    assert quality_of_service({"containers": [{"resources": item} for item in resources]}) == expected


@pytest.mark.parametrize(
    ("obj", "status"),
    [
        (deployment("d", status={"replicas": 3}), {}),
        ({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}, {"loadBalancer": {}}),
        ({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}, {"phase": "Active"}),
        ({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c"}}, {"phase": "Pending"}),
        ({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "r"}}, {"replicas": 0}),
        (
            {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"}},
            {"phase": "Pending", "lastPhaseTransitionTime": "2026-01-01T00:00:00Z"},
        ),
    ],
    ids=["Deployment", "Service", "Namespace", "PersistentVolumeClaim", "ReplicaSet", "PersistentVolume"],
)
def test_status_begins_as_the_kind_begins(obj: Object, status: Object) -> None:
    assert created(obj)["status"] == status


def test_a_node_keeps_the_status_its_kubelet_registers_it_with() -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "status": {"capacity": {"cpu": "4"}}}
    assert created(node)["status"]["allocatable"] == {"cpu": "4"}


def test_a_namespace_is_held_until_it_is_emptied() -> None:
    namespace = created({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}})
    assert namespace["spec"] == {"finalizers": ["kubernetes"]}
    assert updated(namespace, spec={})["spec"] == {"finalizers": ["kubernetes"]}
    assert updated(namespace, "finalize", spec={})["spec"] == {}


def test_a_job_selects_its_pods_by_its_own_uid() -> None:
    template = {"spec": {"containers": [{"name": "c", "image": "b"}]}}
    job = created({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {"template": template}})
    generated = {"batch.kubernetes.io/controller-uid": "u-1", "controller-uid": "u-1"}
    named = {"batch.kubernetes.io/job-name": "j", "job-name": "j"}
    assert job["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": "u-1"}}
    assert job["spec"]["template"]["metadata"]["labels"] == generated | named


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_job_without_labels_gets_those_of_its_pods(verbs: Verbs, dry_run: bool) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "b"}]}}
    metadata = {"name": "j", "namespace": "default"}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": template}}
    made = verbs.create(ADMIN, resource_of(job), "default", job, WriteOptions(dry_run=dry_run)).object
    assert made["metadata"]["labels"] == made["spec"]["template"]["metadata"]["labels"]


def test_nobody_judges_the_labels_that_a_long_job_will_get(api: LocalApi) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "b"}]}}
    metadata = {"name": "j" * 64, "namespace": "default"}
    with pytest.raises(InvalidError) as refused:
        api.create({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": template}})
    assert "spec.template.labels: Invalid value" in refused.value.message
    assert "metadata.labels" not in refused.value.message


def test_a_job_without_labels_has_those_of_its_pods_the_generated_ones_too() -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "b"}]}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {"template": template}}
    made = created(copy_of(job))
    assert made["metadata"]["labels"] == made["spec"]["template"]["metadata"]["labels"]
    assert made["metadata"]["labels"].keys() > {"a", "job-name", "batch.kubernetes.io/controller-uid"}
    named = created({**job, "metadata": {"name": "j", "labels": {"a": "b"}}})
    assert named["metadata"]["labels"] == {"a": "b"}


def test_generation_counts_changes_of_the_spec_only() -> None:
    before = created(deployment("d"))
    assert generation(before) == 1
    assert generation(updated(before, metadata__labels={"a": "b"})) == 1
    assert generation(updated(before, spec__replicas=5)) == 2
    assert generation(updated(before, metadata__annotations={"a": "b"})) == 2
    assert generation(updated(before, "scale", spec__replicas=5)) == 2
    assert generation(updated(before, spec__template__spec__volumes=[])) == 1


def test_only_the_status_subresource_writes_status() -> None:
    before = created(deployment("d"))
    through_main = updated(before, status={"replicas": 9}, spec__replicas=2)
    through_status = updated(before, "status", status={"replicas": 9}, spec__replicas=2, metadata__labels={"a": "b"})
    assert (through_main["status"], through_main["spec"]["replicas"]) == ({}, 2)
    assert (through_status["status"], through_status["spec"]["replicas"]) == ({"replicas": 9}, 1)
    assert "labels" not in through_status["metadata"]
    assert generation(through_status) == 1


def test_placing_a_pod_keeps_its_generation_and_condition() -> None:
    before = created(pod("p"))
    placed = updated(before, "binding", spec__nodeName="n1", status__conditions=[{"type": "PodScheduled"}])
    assert (placed["spec"]["nodeName"], placed["status"]["conditions"], generation(placed)) == (
        "n1", [{"type": "PodScheduled"}], 1,
    )  # fmt: skip


def test_a_status_update_of_a_pod_may_label_it_but_not_change_its_owners() -> None:
    changed = updated(
        created(pod("p")), "status", metadata__labels={"a": "b"}, metadata__ownerReferences=[{"name": "x"}]
    )
    assert changed["metadata"]["labels"] == {"a": "b"}
    assert "ownerReferences" not in changed["metadata"]


def test_a_daemon_sets_template_changes_are_counted_in_an_annotation() -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    before = created({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "d"}, "spec": spec})
    key = "deprecated.daemonset.template.generation"
    assert before["metadata"]["annotations"][key] == "1"
    assert updated(before, spec__minReadySeconds=5)["metadata"]["annotations"][key] == "1"
    assert updated(before, spec__template__spec__hostNetwork=True)["metadata"]["annotations"][key] == "2"


def test_how_many_pods_of_a_stateful_set_may_be_updated_at_once_cannot_be_set_yet() -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    strategy_of = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template, "updateStrategy": strategy_of}
    before = created({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s"}, "spec": spec})
    assert before["spec"]["updateStrategy"]["rollingUpdate"] == {"partition": 0}
    changed = updated(before, spec__updateStrategy__rollingUpdate={"partition": 1, "maxUnavailable": 2})
    assert changed["spec"]["updateStrategy"]["rollingUpdate"] == {"partition": 1}


def test_a_lease_cannot_be_coordinated_yet() -> None:
    spec = {"holderIdentity": "me", "strategy": "OldestEmulationVersion", "preferredHolder": "you"}
    stored = created({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}, "spec": spec})
    assert stored["spec"] == {"holderIdentity": "me"}


def test_what_belongs_to_a_feature_that_is_off_is_forgotten_in_pods_and_templates() -> None:
    stop = {"stopSignal": "SIGUSR1"}
    hook = {"preStop": {"exec": {"command": ["sync"]}}}
    bundle = {"clusterTrustBundle": {"name": "x", "path": "x.pem"}}
    wished = {
        "schedulingGroup": {"podGroupName": "g"},
        "containers": [
            {"name": "a", "image": "i", "lifecycle": stop},
            {"name": "b", "image": "i", "lifecycle": {**stop, **hook}},
        ],
        "volumes": [{"name": "v", "projected": {"sources": [bundle]}}],
    }
    template = {"metadata": {"labels": {"app": "web"}}, "spec": copy_of(wished)}
    stored = created(pod("p", spec=copy_of(wished)))
    for spec in (stored["spec"], created(deployment("web", spec={"template": template}))["spec"]["template"]["spec"]):
        assert "schedulingGroup" not in spec
        assert [container.get("lifecycle") for container in spec["containers"]] == [None, hook]
        assert spec["volumes"][0]["projected"]["sources"] == [{}]
    assert "schedulingGroup" not in updated(stored, spec__schedulingGroup={"podGroupName": "g"})["spec"]


def test_a_claim_cannot_take_its_data_from_another_namespace_yet() -> None:
    reference = {"apiGroup": "a.b", "kind": "X", "name": "x"}
    kept, dropped = (
        created(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": "c"},
                "spec": {"dataSourceRef": source},
            }
        )
        for source in (reference, {**reference, "namespace": "other"})
    )
    assert kept["spec"]["dataSourceRef"] == reference
    assert "dataSourceRef" not in dropped["spec"]


def test_the_time_of_a_volumes_phase_is_the_servers() -> None:
    before = created({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"}, "spec": {}})
    before["status"]["lastPhaseTransitionTime"] = "2025-01-01T00:00:00Z"
    bound = updated(before, "status", status={**before["status"], "phase": "Bound"})
    assert bound["status"]["lastPhaseTransitionTime"] == "2026-01-01T00:00:00Z"


def test_kinds_without_generation_get_none() -> None:
    assert "generation" not in created(config_map("c"))["metadata"]


def test_a_custom_resources_status_path_changes_nothing_else() -> None:
    resource = Resource(
        "x.io", "v1", "Photo", "photos", tracks_generation=True, custom=True, subresources=(Subresource("status"),)
    )
    before = {
        "metadata": {"name": "p", "generation": 1, "labels": {}},
        "spec": {"url": "a"},
        "status": {"phase": "New"},
    }
    wished = {"metadata": {"name": "p", "labels": {"a": "b"}}, "spec": {"url": "b"}, "status": {"phase": "Ready"}}
    strategy.prepare_update(resource, wished, before, "status", NOW)
    assert wished == {**before, "status": {"phase": "Ready"}}
    wished = {**copy_of(before), "spec": {"url": "b"}}
    strategy.prepare_update(resource, wished, before, "", NOW)
    assert generation(wished) == 2


def test_match_label_keys_become_part_of_the_selector() -> None:
    constraint = {"labelSelector": {"matchLabels": {"app": "web"}}, "matchLabelKeys": ["rev"], "topologyKey": "zone"}
    made = created(pod("p", metadata={"labels": {"rev": "7"}}, spec={"topologySpreadConstraints": [constraint]}))
    selector = made["spec"]["topologySpreadConstraints"][0]["labelSelector"]
    assert selector["matchExpressions"] == [{"key": "rev", "operator": "In", "values": ["7"]}]


def test_of_the_secrets_of_an_account_only_names_stay() -> None:
    metadata = {"name": "a", "namespace": "default"}
    secrets = [{"name": "s", "namespace": "other"}, {"kind": "Secret"}]
    made = created({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, "secrets": secrets})
    assert made["secrets"] == [{"name": "s"}, {}]
    assert updated(made, secrets=[{"name": "t", "uid": "1"}])["secrets"] == [{"name": "t"}]
