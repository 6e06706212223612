"""What a new cluster holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.daemon.bootstrap import bootstrap
from gitopslab.controlplane.daemon.topology import NodeShape, Topology
from gitopslab.errors import ApiError
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import name_of


@pytest.fixture
def furnished(clock: JumpableClock) -> Iterator[ControlPlane]:
    """A cluster with everything in it, settled."""
    plane = ControlPlane(clock)
    plane.advance(2)
    yield plane
    plane.close()


def names(plane: ControlPlane, resource: str, namespace: str = "") -> set[str]:
    return {name_of(obj) for obj in plane.api.list(resource, namespace)}


def test_bare_cluster_holds_only_what_the_api_server_makes(plane: ControlPlane) -> None:
    assert names(plane, "namespaces") == {"default", "kube-system", "kube-public", "kube-node-lease"}
    assert names(plane, "priorityclasses.scheduling.k8s.io") == {"system-cluster-critical", "system-node-critical"}
    assert names(plane, "services") == {"kubernetes"}
    assert names(plane, "endpointslices.discovery.k8s.io") == {"kubernetes"}
    assert not names(plane, "pods")
    assert not names(plane, "storageclasses.storage.k8s.io")


def test_api_service_has_its_fixed_address(plane: ControlPlane) -> None:
    service = plane.api.get("services", "kubernetes", "default")
    assert service["spec"]["clusterIP"] == "10.96.0.1"
    assert "selector" not in service["spec"]


def test_the_api_service_comes_back_when_deleted(plane: ControlPlane) -> None:
    for resource in ("services", "endpointslices.discovery.k8s.io"):
        before = plane.api.get(resource, "kubernetes", "default")
        plane.api.delete(resource, "kubernetes", "default")
        plane.settle()
        after = plane.api.get(resource, "kubernetes", "default")
        assert after["metadata"]["uid"] != before["metadata"]["uid"]
        assert after.get("endpoints") == before.get("endpoints")
        assert after.get("spec") == before.get("spec")


def test_a_system_namespace_comes_back_within_a_minute(plane: ControlPlane) -> None:
    before = plane.api.get("namespaces", "kube-node-lease")
    plane.api.delete("namespaces", "kube-node-lease")
    plane.advance(90)
    after = plane.api.get("namespaces", "kube-node-lease")
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["status"] == {"phase": "Active"}


def test_system_priority_classes_cannot_be_deleted(plane: ControlPlane) -> None:
    with pytest.raises(ApiError) as refused:
        plane.api.delete("priorityclasses.scheduling.k8s.io", "system-node-critical")
    assert refused.value.message == (
        'priorityclasses.scheduling.k8s.io "system-node-critical" is forbidden: '
        "this is a system priority class and cannot be deleted"
    )


def test_kube_system_runs_on_the_nodes_where_it_belongs(furnished: ControlPlane) -> None:
    pods = furnished.api.list("pods", "kube-system")
    assert {pod["status"]["phase"] for pod in pods} == {"Running"}
    control = {name_of(pod) for pod in pods if pod["spec"]["nodeName"] == "lab-control-plane"}
    static = {
        f"{name}-lab-control-plane" for name in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
    }
    assert static <= control
    dns = [pod["spec"]["nodeName"] for pod in pods if pod["metadata"].get("labels", {}).get("k8s-app") == "kube-dns"]
    assert len(set(dns)) == 2
    proxies = [
        pod["spec"]["nodeName"] for pod in pods if pod["metadata"].get("labels", {}).get("k8s-app") == "kube-proxy"
    ]
    assert len(set(proxies)) == 4


def test_every_kube_system_pod_is_ready(furnished: ControlPlane) -> None:
    for pod in furnished.api.list("pods", "kube-system"):
        assert all(entry["ready"] for entry in pod["status"]["containerStatuses"]), name_of(pod)


def test_dns_service_has_endpoints(furnished: ControlPlane) -> None:
    assert furnished.api.get("services", "kube-dns", "kube-system")["spec"]["clusterIP"] == "10.96.0.10"
    slices = furnished.api.list("endpointslices.discovery.k8s.io", "kube-system")
    assert sum(len(one["endpoints"]) for one in slices) == 2


def test_default_storage_class_is_marked(furnished: ControlPlane) -> None:
    annotations = furnished.api.get("storageclasses.storage.k8s.io", "standard")["metadata"]["annotations"]
    assert annotations["storageclass.kubernetes.io/is-default-class"] == "true"


def test_second_bootstrap_changes_nothing(furnished: ControlPlane, clock: JumpableClock) -> None:
    furnished.settle()
    revision = furnished.store.revision
    bootstrap(furnished.api_for, None, clock)
    assert furnished.store.revision == revision


def test_what_a_learner_deleted_of_kube_system_stays_deleted(furnished: ControlPlane, clock: JumpableClock) -> None:
    furnished.api.delete("deployments.apps", "coredns", "kube-system")
    furnished.advance(2)
    bootstrap(furnished.api_for, None, clock)
    assert "coredns" not in names(furnished, "deployments.apps", "kube-system")


def test_interrupted_bootstrap_is_completed_by_the_next(plane: ControlPlane, clock: JumpableClock) -> None:
    plane.api.create(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "coredns", "namespace": "kube-system"}}
    )
    bootstrap(plane.api_for, None, clock)
    assert "coredns" in names(plane, "deployments.apps", "kube-system")


def test_restart_without_a_shape_keeps_the_nodes_there_are(clock: JumpableClock) -> None:
    plane = ControlPlane(clock, topology=Topology.of_workers(1), bare=True)
    bootstrap(plane.api_for, None, clock, bare=True)
    assert names(plane, "nodes") == {"lab-control-plane", "lab-worker"}


def test_restart_with_a_larger_shape_adds_nodes(clock: JumpableClock) -> None:
    plane = ControlPlane(clock, topology=Topology.of_workers(1), bare=True)
    bootstrap(plane.api_for, Topology.of_workers(2), clock, bare=True)
    assert names(plane, "nodes") == {"lab-control-plane", "lab-worker", "lab-worker2"}


def test_cluster_without_a_control_plane_node_shows_the_static_pods_on_its_first(clock: JumpableClock) -> None:
    plane = ControlPlane(clock, topology=Topology((NodeShape("only"),)))
    assert "etcd-only" in names(plane, "pods", "kube-system")


def test_cluster_whose_nodes_were_all_deleted_gets_the_default_ones_back(
    plane: ControlPlane, clock: JumpableClock
) -> None:
    for name in names(plane, "nodes"):
        plane.api.delete("nodes", name)
    bootstrap(plane.api_for, None, clock, bare=True)
    assert len(names(plane, "nodes")) == 4


def test_a_cluster_starts_also_with_nothing_but_a_node_made_by_hand(plane: ControlPlane, clock: JumpableClock) -> None:
    for name in names(plane, "nodes"):
        plane.api.delete("nodes", name)
    plane.api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "mine"}})
    plane.api.delete("endpointslices.discovery.k8s.io", "kubernetes", "default")
    bootstrap(plane.api_for, None, clock, bare=True)
    assert names(plane, "nodes") == {"mine"}
    assert names(plane, "endpointslices.discovery.k8s.io") == {"kubernetes"}


def test_a_cluster_starts_also_when_a_quota_forbids_its_service(
    plane: ControlPlane, clock: JumpableClock, caplog: pytest.LogCaptureFixture
) -> None:
    metadata = {"name": "none", "namespace": "default"}
    plane.api.create(
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": {"services": 0}}}
    )
    plane.settle()
    plane.api.delete("services", "kubernetes", "default")
    bootstrap(plane.api_for, None, clock, bare=True)
    assert "refused at the start: Service kubernetes: " in caplog.text
    assert "kubernetes" not in names(plane, "services")


def test_a_cluster_starts_also_when_a_policy_forbids_everything(plane: ControlPlane, clock: JumpableClock) -> None:
    head = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": "none"}}
    rule = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*/*"]}
    spec = {"matchConstraints": {"resourceRules": [rule]}, "validations": [{"expression": "false"}]}
    bound = {"policyName": "none", "validationActions": ["Deny"]}
    plane.api.create({**head, "kind": "ValidatingAdmissionPolicy", "spec": spec})
    plane.api.create({**head, "kind": "ValidatingAdmissionPolicyBinding", "spec": bound})
    bootstrap(plane.api_for, None, clock)
    plane.api.delete("validatingadmissionpolicybindings.admissionregistration.k8s.io", "none")
    bootstrap(plane.api_for, None, clock)
    assert "coredns" in names(plane, "deployments.apps", "kube-system")


def test_a_cluster_starts_also_when_the_address_of_its_dns_is_taken(plane: ControlPlane, clock: JumpableClock) -> None:
    metadata = {"name": "mine", "namespace": "default"}
    spec = {"clusterIP": "10.96.0.10", "ports": [{"port": 80}]}
    plane.api.create({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    bootstrap(plane.api_for, None, clock)
    assert "coredns" in names(plane, "deployments.apps", "kube-system")


def test_what_the_api_server_makes_is_the_api_servers(plane: ControlPlane) -> None:
    def managers(resource: str, name: str, namespace: str = "") -> list[str]:
        entries = plane.api.get(resource, name, namespace)["metadata"]["managedFields"]
        return [entry["manager"] for entry in entries if not entry.get("subresource")]

    assert managers("namespaces", "default") == ["kube-apiserver"]
    assert managers("services", "kubernetes", "default") == ["kube-apiserver"]
    assert managers("priorityclasses.scheduling.k8s.io", "system-node-critical") == ["kube-apiserver"]
    levels = "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io"
    assert managers(levels, "system") == ["api-priority-and-fairness-config-producer-v1"]


def test_the_first_service_range_is_told_ready_by_two(furnished: ControlPlane) -> None:
    found = furnished.api.get("servicecidrs.networking.k8s.io", "kubernetes")
    owners = {entry["manager"]: entry for entry in found["metadata"]["managedFields"]}
    key = 'k:{"type":"Ready"}'
    condition = {".": {}, "f:status": {}, "f:type": {}}
    first, second = owners["kubernetes-service-cidr-controller"], owners["service-cidr-controller"]
    assert (first["operation"], second["operation"]) == ("Apply", "Apply")
    assert first["fieldsV1"] == {"f:status": {"f:conditions": {key: condition}}}
    more = {"f:lastTransitionTime": {}, "f:message": {}, "f:reason": {}}
    assert second["fieldsV1"] == {"f:status": {"f:conditions": {key: {**condition, **more}}}}
    assert owners["kube-apiserver"]["fieldsV1"] == {"f:spec": {"f:cidrs": {}}}
