"""What the server fills in where a manifest is silent, beyond what the recordings show."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from builders import deployment, merged, pod

from gitopslab.controlplane.server.defaults import set_defaults
from gitopslab.controlplane.server.defaults.containers import pull_policy
from gitopslab.machinery.kinds import Catalog
from gitopslab.machinery.objects import Object

CATALOG = Catalog()


def defaulted(obj: Object) -> Object:
    resource = CATALOG.of(obj)
    assert resource is not None
    set_defaults(resource, obj)
    return obj


def made(kind: str, api_version: str = "v1", **fields: Any) -> Object:
    return merged({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}}, fields)


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("registry.example.com:5000/team/app", "Always"),
        ("nginx:1.27", "IfNotPresent"),
        ("registry.example.com:5000/team/app:v1", "IfNotPresent"),
        (f"nginx@sha256:{'ab' * 32}", "IfNotPresent"),
        (f"nginx:latest@sha256:{'ab' * 32}", "Always"),
        ("Team/app", "Always"),
        ("", "IfNotPresent"),
        ("team/App", "IfNotPresent"),
        ("nginx latest", "IfNotPresent"),
    ],
)
def test_only_the_tag_latest_is_always_pulled(image: str, policy: str) -> None:
    assert pull_policy(image) == policy


def test_a_pods_limit_is_its_request_too_but_not_a_templates() -> None:
    limited = {"name": "c", "image": "nginx", "resources": {"limits": {"cpu": "1"}}}
    in_pod = defaulted(pod("p", spec={"containers": [dict(limited, resources={"limits": {"cpu": "1"}})]}))
    template = {"metadata": {}, "spec": {"containers": [limited]}}
    in_template = defaulted(deployment("d", spec={"template": template}))
    assert in_pod["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}
    assert in_template["spec"]["template"]["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "1"}}


def test_less_than_no_time_to_stop_is_a_second_for_a_pod_and_kept_in_a_template() -> None:
    spec = {"containers": [{"name": "c", "image": "nginx"}], "terminationGracePeriodSeconds": -1}
    in_template = defaulted(deployment("d", spec={"template": {"metadata": {}, "spec": dict(spec)}}))
    assert defaulted(pod("p", spec=spec))["spec"]["terminationGracePeriodSeconds"] == 1
    assert in_template["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == -1


def test_probes_have_their_times_and_an_http_probe_its_path() -> None:
    container = {"name": "c", "image": "nginx", "livenessProbe": {"httpGet": {"port": 80}}}
    probe = defaulted(pod("p", spec={"containers": [container]}))["spec"]["containers"][0]["livenessProbe"]
    assert probe == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3,
    }  # fmt: skip


def test_on_the_hosts_network_a_pods_ports_are_the_hosts() -> None:
    container = {"name": "c", "image": "nginx", "ports": [{"containerPort": 80}]}
    spec = defaulted(pod("p", spec={"hostNetwork": True, "containers": [container]}))["spec"]
    assert spec["containers"][0]["ports"] == [{"containerPort": 80, "protocol": "TCP", "hostPort": 80}]


def test_a_volume_without_a_source_is_an_empty_directory() -> None:
    spec = defaulted(pod("p", spec={"volumes": [{"name": "scratch"}]}))["spec"]
    assert spec["volumes"] == [{"name": "scratch", "emptyDir": {}}]


def test_the_old_name_of_the_service_account_is_kept_alongside() -> None:
    spec = defaulted(pod("p", spec={"serviceAccount": "robot"}))["spec"]
    assert (spec["serviceAccountName"], spec["serviceAccount"]) == ("robot", "robot")


def test_secret_text_is_written_into_its_data() -> None:
    secret = defaulted(made("Secret", stringData={"token": "abc", "a": "new"}, data={"a": "b2xk"}))
    assert secret["type"] == "Opaque"
    assert "stringData" not in secret
    assert {key: base64.b64decode(value) for key, value in secret["data"].items()} == {"token": b"abc", "a": b"new"}


def test_a_namespace_carries_its_name_as_a_label() -> None:
    assert defaulted(made("Namespace"))["metadata"]["labels"] == {"kubernetes.io/metadata.name": "x"}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            {"ports": [{"port": 80}]},
            {"type": "ClusterIP", "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}]},
        ),
        ({"sessionAffinity": "ClientIP"}, {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}}}),
        ({"type": "NodePort"}, {"externalTrafficPolicy": "Cluster", "internalTrafficPolicy": "Cluster"}),
        ({"type": "LoadBalancer"}, {"allocateLoadBalancerNodePorts": True}),
    ],
    ids=["a plain one", "sticky", "node ports", "load balancer"],
)
def test_services_are_filled_in_by_type(spec: Object, expected: Object) -> None:
    filled = defaulted(made("Service", spec=spec))["spec"]
    assert {field: filled[field] for field in expected} == expected


def test_an_external_name_has_no_traffic_policy() -> None:
    spec = defaulted(made("Service", spec={"type": "ExternalName", "externalName": "example.com"}))["spec"]
    assert spec == {"type": "ExternalName", "externalName": "example.com", "sessionAffinity": "None"}


def test_a_recreating_deployment_has_no_rolling_update() -> None:
    strategy = defaulted(deployment("d", spec={"strategy": {"type": "Recreate"}}))["spec"]["strategy"]
    assert strategy == {"type": "Recreate"}


def test_limit_ranges_fill_gaps_from_max_over_default_to_request() -> None:
    limits = [{"type": "Container", "max": {"cpu": "2"}, "min": {"memory": "1Mi"}}]
    item = defaulted(made("LimitRange", spec={"limits": limits}))["spec"]["limits"][0]
    assert item["default"] == {"cpu": "2"}
    assert item["defaultRequest"] == {"cpu": "2", "memory": "1Mi"}


@pytest.mark.parametrize(
    ("obj", "path", "value"),
    [
        (made("StorageClass", "storage.k8s.io/v1", provisioner="p"), "volumeBindingMode", "Immediate"),
        (made("StorageClass", "storage.k8s.io/v1", provisioner="p"), "reclaimPolicy", "Delete"),
        (made("RoleBinding", "rbac.authorization.k8s.io/v1", roleRef={"kind": "Role", "name": "r"}), "roleRef",
         {"kind": "Role", "name": "r", "apiGroup": "rbac.authorization.k8s.io"}),
        (made("NetworkPolicy", "networking.k8s.io/v1", spec={"egress": [{}]}), "spec",
         {"egress": [{}], "podSelector": {}, "policyTypes": ["Ingress", "Egress"]}),
        (made("PriorityClass", "scheduling.k8s.io/v1", value=5), "preemptionPolicy", "PreemptLowerPriority"),
    ],
    ids=["binding mode", "reclaim policy", "role group", "policy types", "preemption"],
)  # fmt: skip
def test_other_kinds_have_their_defaults(obj: Object, path: str, value: Any) -> None:
    assert defaulted(obj)[path] == value


def test_setting_defaults_twice_changes_nothing_more() -> None:
    for obj in (pod("p"), deployment("d"), made("Service", spec={"type": "LoadBalancer", "ports": [{"port": 1}]})):
        once = defaulted(obj)
        again = defaulted(merged(once, {}))
        assert again == once


def test_a_storage_driver_attaches_volumes_that_outlive_pods() -> None:
    """``SetDefaults_CSIDriver``, with the gates of 1.36."""
    driver = {"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": {"name": "d"}, "spec": {}}
    assert defaulted(driver)["spec"] == {
        "attachRequired": True,
        "podInfoOnMount": False,
        "storageCapacity": False,
        "requiresRepublish": False,
        "seLinuxMount": False,
        "fsGroupPolicy": "ReadWriteOnceWithFSType",
        "volumeLifecycleModes": ["Persistent"],
    }


@pytest.mark.parametrize(
    ("containers", "resources", "requests"),
    [
        ({}, {"limits": {"cpu": "2"}}, {"cpu": "2"}),
        ({"requests": {"cpu": "500m"}}, {"limits": {"cpu": "2"}}, {"cpu": "500m"}),
        ({"requests": {"cpu": "500m"}}, {"limits": {"cpu": "2"}, "requests": {"cpu": "1"}}, {"cpu": "1"}),
        ({"requests": {"memory": "1Gi"}}, {"limits": {"cpu": "2"}}, {"cpu": "2", "memory": "1Gi"}),
        ({"limits": {"hugepages-2Mi": "4Mi"}}, {"limits": {"cpu": "2"}}, {"cpu": "2", "hugepages-2Mi": "4Mi"}),
    ],
    ids=["the limit", "what containers ask", "what it says itself", "another resource", "huge pages"],
)
def test_a_pod_with_limits_of_its_own_asks_for(containers: Object, resources: Object, requests: Object) -> None:
    spec = {"containers": [{"name": "c", "image": "i", "resources": containers}], "resources": resources}
    assert defaulted(pod("p", spec=spec))["spec"]["resources"]["requests"] == requests


@pytest.mark.parametrize(
    ("kind", "api_version", "path"),
    [
        ("Role", "rbac.authorization.k8s.io/v1", ("rules",)),
        ("ClusterRole", "rbac.authorization.k8s.io/v1", ("rules",)),
        ("LimitRange", "v1", ("spec", "limits")),
        ("CSINode", "storage.k8s.io/v1", ("spec", "drivers")),
    ],
)
def test_a_list_that_go_always_writes_is_null_when_it_is_not_there(
    kind: str, api_version: str, path: tuple[str, ...]
) -> None:
    found: Any = defaulted(made(kind, api_version))
    for step in path:
        found = found[step]
    assert found is None


def test_whoever_writes_a_daemon_set_writes_the_count_of_its_templates() -> None:
    name = "deprecated.daemonset.template.generation"
    assert defaulted(made("DaemonSet", "apps/v1"))["metadata"]["annotations"] == {name: "0"}
    given = made("DaemonSet", "apps/v1", metadata={"annotations": {name: "3", "a": "b"}})
    assert defaulted(given)["metadata"]["annotations"] == {name: "3", "a": "b"}
