from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from builders import deployment, merged

from gitopslab.controlplane.http.tables import printer_of
from gitopslab.controlplane.http.tables.printer import duration, since
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.kinds import BUILT_IN, Catalog, Resource
from gitopslab.machinery.objects import Object

NOW = 1_767_225_600.0
_REAL = json.loads((Path(__file__).parent / "facts" / "table-columns.json").read_text())
_CATALOG = Catalog()
_LISTABLE = [resource for resource in BUILT_IN if "list" in resource.verbs]


def cells(key: str, obj: Object) -> list[Any]:
    resource = _CATALOG.by_key(key)
    assert resource is not None
    known = {"metadata": {"name": "x", "creationTimestamp": timestamp(NOW - 90)}}
    return printer_of(resource).cells(merged(known, obj), NOW)


@pytest.mark.parametrize("resource", _LISTABLE, ids=lambda resource: resource.key)
def test_columns_are_those_of_the_real_server(resource: Resource) -> None:
    ours = [column.definition for column in printer_of(resource).columns]
    assert all(column.pop("description") for column in ours)
    assert ours == _REAL[resource.key]


@pytest.mark.parametrize("resource", _LISTABLE, ids=lambda resource: resource.key)
def test_an_object_without_anything_still_fills_every_column(resource: Resource) -> None:
    printer = printer_of(resource)
    assert len(printer.cells({"metadata": {}}, NOW)) == len(printer.columns)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"), (-1.5, "0s"), (0, "0s"), (0.9, "0s"), (119, "119s"), (120, "2m"), (125, "2m5s"),
        (599, "9m59s"), (600, "10m"), (10_799, "179m"), (10_800, "3h"), (11_100, "3h5m"), (28_799, "7h59m"),
        (28_800, "8h"), (172_799, "47h"), (172_800, "2d"), (176_400, "2d1h"), (691_199, "7d23h"), (691_200, "8d"),
        (63_071_999, "729d"), (63_072_000, "2y"), (63_158_400, "2y1d"), (252_288_000, "8y"), (400_000_000, "12y"),
    ],
)  # fmt: skip
def test_durations_are_told_as_go_tells_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_time_that_is_not_set_is_unknown() -> None:
    assert since(None, NOW) == "<unknown>"


def test_a_deployment_shows_ready_out_of_wanted() -> None:
    status = {"readyReplicas": 2, "updatedReplicas": 1, "availableReplicas": 2, "replicas": 4}
    found = cells("deployments.apps", deployment("web", replicas=3, status=status))
    assert found == ["web", "2/3", 1, 2, "90s", "c", "nginx:1.27", "app=web"]


@pytest.mark.parametrize(
    ("spec", "status", "address", "ports"),
    [
        pytest.param({"type": "ClusterIP", "clusterIPs": ["10.96.0.9"], "ports": [{"port": 80, "protocol": "TCP"}]}, {},
                     ["10.96.0.9", "<none>"], "80/TCP", id="cluster ip"),
        pytest.param({"type": "ClusterIP", "clusterIPs": ["None"]}, {}, ["None", "<none>"], "<none>", id="headless"),
        pytest.param({"type": "NodePort", "clusterIPs": ["10.96.0.9"],
                      "ports": [{"port": 80, "nodePort": 30080, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]},
                     {}, ["10.96.0.9", "<none>"], "80:30080/TCP,53/UDP", id="node port"),
        pytest.param({"type": "LoadBalancer", "clusterIPs": ["10.96.0.9"], "ports": [{"port": 80, "protocol": "TCP"}]},
                     {}, ["10.96.0.9", "<pending>"], "80/TCP", id="pending balancer"),
        pytest.param({"type": "LoadBalancer", "externalIPs": ["9.9.9.9"], "ports": [{"port": 80, "protocol": "TCP"}]},
                     {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}, {"hostname": "lb.example.com"}]}},
                     ["<none>", "1.2.3.4,lb.example.com,9.9.9.9"], "80/TCP", id="balancer"),
        pytest.param({"type": "ExternalName", "externalName": "example.com"}, {}, ["<none>", "example.com"], "<none>",
                     id="external name"),
    ],
)  # fmt: skip
def test_a_service_shows_how_it_is_reached(spec: Object, status: Object, address: list[str], ports: str) -> None:
    found = cells("services", {"spec": {**spec, "selector": {"b": "2", "a": "1"}}, "status": status})
    assert found[1:] == [spec["type"], *address, ports, "90s", "a=1,b=2"]


def test_an_endpoint_slice_shows_three_addresses_and_counts_the_rest() -> None:
    endpoints = [{"addresses": [f"10.244.0.{last}"]} for last in range(5)]
    found = cells(
        "endpointslices.discovery.k8s.io", {"ports": [{"port": 8000}, {"name": "web"}], "endpoints": endpoints}
    )
    assert found[2:4] == ["8000,web", "10.244.0.0,10.244.0.1,10.244.0.2 + 2 more..."]
    assert cells("endpointslices.discovery.k8s.io", {"ports": [], "endpoints": None})[2:4] == ["<unset>", "<unset>"]


def test_a_node_shows_its_state_roles_and_system() -> None:
    node = {
        "metadata": {"labels": {"node-role.kubernetes.io/worker": "", "kubernetes.io/role": "db"}},
        "spec": {"unschedulable": True},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "addresses": [{"type": "InternalIP", "address": "172.18.0.2"}],
            "nodeInfo": {"kubeletVersion": "v1.36.3", "osImage": "Debian"},
        },
    }
    assert cells("nodes", node)[1:] == [
        "Ready,SchedulingDisabled", "db,worker", "90s", "v1.36.3", "172.18.0.2", "<none>", "Debian",
        "<unknown>", "<unknown>",
    ]  # fmt: skip


@pytest.mark.parametrize(("status", "word"), [("True", "Ready"), ("False", "NotReady"), ("Unknown", "NotReady")])
def test_a_node_that_is_not_ready_says_so(status: str, word: str) -> None:
    assert cells("nodes", {"status": {"conditions": [{"type": "Ready", "status": status}]}})[1:3] == [word, "<none>"]
    assert cells("nodes", {})[1] == "Unknown"


def test_a_job_shows_completions_and_how_long_it_took() -> None:
    times = {"startTime": timestamp(NOW - 60), "completionTime": timestamp(NOW - 55)}
    done = {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}], **times}
    assert cells("jobs.batch", {"spec": {"completions": 1}, "status": done})[1:4] == ["Complete", "1/1", "5s"]
    assert cells("jobs.batch", {"spec": {"parallelism": 3}, "status": {}})[1:4] == ["Running", "0/1 of 3", ""]
    going = {"spec": {"completions": 2}, "status": {"startTime": timestamp(NOW - 60)}}
    assert cells("jobs.batch", going)[1:4] == ["Running", "0/2", "60s"]


def test_a_cron_job_shows_its_schedule() -> None:
    found = cells("cronjobs.batch", {"spec": {"schedule": "* * * * *", "suspend": False}, "status": {}})
    assert found[1:6] == ["* * * * *", "<none>", "False", 0, "<none>"]


def test_an_event_tells_when_what_and_to_whom() -> None:
    event = {
        "type": "Warning", "reason": "BackOff", "message": "Back-off restarting \n", "count": 4,
        "involvedObject": {"kind": "Pod", "name": "web", "fieldPath": "spec.containers{c}"},
        "source": {"component": "kubelet", "host": "n1"},
        "firstTimestamp": timestamp(NOW - 600), "lastTimestamp": timestamp(NOW - 30),
    }  # fmt: skip
    assert cells("events", event) == [
        "30s", "Warning", "BackOff", "pod/web", "spec.containers{c}", "kubelet, n1", "Back-off restarting",
        "10m", 4, "x",
    ]  # fmt: skip


def test_an_event_of_the_new_kind_has_one_time_and_counts_once() -> None:
    event = {
        "eventTime": "2025-12-31T23:59:50.000000Z",
        "reportingComponent": "default-scheduler",
        "involvedObject": {},
    }
    found = cells("events", event)
    assert (found[0], found[5], found[7], found[8]) == ("10s", "default-scheduler", "10s", 1)


def test_an_event_is_told_alike_in_both_apis() -> None:
    regarding = {"kind": "Pod", "name": "web", "fieldPath": ""}
    times = {"deprecatedFirstTimestamp": timestamp(NOW - 600), "deprecatedLastTimestamp": timestamp(NOW - 30)}
    old = {"regarding": regarding, "deprecatedSource": {"component": "kubelet"}, "deprecatedCount": 4, **times}
    found = cells("events.events.k8s.io", old)
    assert (found[0], found[5], found[7], found[8]) == ("30s", "kubelet", "10m", 4)
    new = {"regarding": regarding, "reportingController": "a.b/c", "reportingInstance": "i", "note": "hi"}
    assert cells("events.events.k8s.io", new)[5:7] == ["a.b/c, i", "hi"]


def test_a_quota_is_told_in_two_columns() -> None:
    status = {"hard": {"pods": "2", "limits.cpu": "4", "configmaps": "3"}, "used": {"pods": "1"}}
    assert cells("resourcequotas", {"status": status})[1:3] == ["configmaps: 0/3, pods: 1/2", "limits.cpu: 0/4"]


def test_a_claim_shows_its_volume_only_once_it_is_bound() -> None:
    spec = {"storageClassName": "standard", "volumeMode": "Filesystem"}
    status = {"phase": "Bound", "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteMany", "ReadWriteOnce"]}
    bound = {"spec": {**spec, "volumeName": "pv1"}, "status": status}
    assert cells("persistentvolumeclaims", bound)[1:6] == ["Bound", "pv1", "1Gi", "RWO,RWX", "standard"]
    assert cells("persistentvolumeclaims", {"spec": spec, "status": {"phase": "Pending"}})[1:5] == [
        "Pending",
        "",
        "",
        "",
    ]


def test_the_default_storage_class_is_marked() -> None:
    annotated = {"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}}
    assert cells("storageclasses.storage.k8s.io", annotated)[0] == "x (default)"


@pytest.mark.parametrize(
    ("hosts", "text"),
    [
        ([], "*"), (["a"], "a"), (["a", "b", "c"], "a,b,c"), (["a", "b", "c", "d", "e"], "a,b,c + 2 more..."),
        (["", "a"], "a"),
    ],
)  # fmt: skip
def test_an_ingress_shows_three_hosts_and_counts_the_rest(hosts: list[str], text: str) -> None:
    found = cells("ingresses.networking.k8s.io", {"spec": {"rules": [{"host": host} for host in hosts], "tls": [{}]}})
    assert (found[2], found[4]) == (text, "80, 443")


def test_an_autoscaler_shows_each_metric_against_its_target() -> None:
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
    memory = {"type": "Resource", "resource": {"name": "memory", "target": {"averageValue": "64Mi"}}}
    seen = {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 12}}}
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 3, "metrics": [cpu, memory, memory]}
    found = cells("horizontalpodautoscalers.autoscaling", {"spec": spec, "status": {"currentMetrics": [seen]}})
    assert found[1:6] == ["Deployment/web", "cpu: 12%/50%, memory: <unknown>/64Mi + 1 more...", "<unset>", 3, 0]


def test_a_binding_tells_users_groups_and_service_accounts_apart() -> None:
    subjects = [
        {"kind": "User", "name": "ann"}, {"kind": "Group", "name": "devs"},
        {"kind": "ServiceAccount", "name": "ci", "namespace": "build"},
    ]  # fmt: skip
    obj = {"roleRef": {"kind": "Role", "name": "view"}, "subjects": subjects}
    assert cells("rolebindings.rbac.authorization.k8s.io", obj)[1:] == ["Role/view", "90s", "ann", "devs", "build/ci"]


def test_kinds_without_a_printer_show_name_and_creation() -> None:
    assert cells("limitranges", {}) == ["x", timestamp(NOW - 90)]
