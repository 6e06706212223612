"""What the API server adds to an object is no difference, whatever its kind; a change of it is one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml
from argocd_cluster import Argo
from projects import Project
from serving_forge import ServedForge

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.errors import NotFoundError
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import Object

POD = {
    "containers": [{
        "name": "web", "image": "nginx", "ports": [{"containerPort": 80}],
        "resources": {"requests": {"cpu": "1000m", "memory": "1024Mi"}, "limits": {"cpu": 2}},
        "livenessProbe": {"httpGet": {"path": "/", "port": 80}},
        "env": [{"name": "A", "value": ""}, {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "volumeMounts": [{"name": "c", "mountPath": "/c"}],
        "securityContext": {},
    }],
    "volumes": [
        {"name": "c", "configMap": {"name": "c"}},
        {"name": "p", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
    ],
    "tolerations": [{"key": "a", "operator": "Exists"}],
}  # fmt: skip
SELECTED = {"selector": {"matchLabels": {"app": "x"}}, "template": {"metadata": {"labels": {"app": "x"}}, "spec": POD}}
CLAIM = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}
METRIC = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
ROLE = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "x"}

MANIFESTS: dict[str, Object] = {
    "Deployment": {"apiVersion": "apps/v1", "spec": {**SELECTED, "replicas": 0}},
    "DaemonSet": {"apiVersion": "apps/v1", "spec": SELECTED},
    "StatefulSet": {"apiVersion": "apps/v1", "spec": {
        **SELECTED, "serviceName": "x", "replicas": 0, "volumeClaimTemplates": [CLAIM]}},
    "CronJob": {"apiVersion": "batch/v1", "spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {
        "template": {"spec": {**POD, "restartPolicy": "Never"}}}}}},
    "Job": {"apiVersion": "batch/v1", "spec": {"suspend": True, "template": {"spec": {
        **POD, "restartPolicy": "Never"}}}},
    "Service": {"apiVersion": "v1", "spec": {"type": "NodePort", "selector": {"app": "x"}, "ports": [
        {"name": "a", "port": 80}, {"name": "b", "port": 81, "targetPort": "http"}]}},
    "Ingress": {"apiVersion": "networking.k8s.io/v1", "spec": {"rules": [{"host": "x.local", "http": {"paths": [
        {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "x", "port": {"number": 80}}}}]}}]}},
    "NetworkPolicy": {"apiVersion": "networking.k8s.io/v1", "spec": {"podSelector": {}, "ingress": [
        {"ports": [{"port": 80}], "from": [{"namespaceSelector": {}}]}]}},
    "HorizontalPodAutoscaler": {"apiVersion": "autoscaling/v2", "spec": {"maxReplicas": 3, "metrics": [METRIC],
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}}},
    "PersistentVolumeClaim": {"apiVersion": "v1", "spec": CLAIM["spec"]},
    "PodDisruptionBudget": {"apiVersion": "policy/v1", "spec": {"minAvailable": "50%", "selector": {}}},
    "Secret": {"apiVersion": "v1", "stringData": {"a": "b"}, "data": {"c": "ZA=="}},
    "ServiceAccount": {"apiVersion": "v1"},
    "Role": {"apiVersion": "rbac.authorization.k8s.io/v1", "rules": []},
    "RoleBinding": {"apiVersion": "rbac.authorization.k8s.io/v1", "roleRef": ROLE,
        "subjects": [{"kind": "User", "name": "me"}, {"kind": "ServiceAccount", "name": "x", "namespace": "default"}]},
    "ConfigMap": {"apiVersion": "v1", "data": {"a": "b"}, "binaryData": {}},
    "ResourceQuota": {"apiVersion": "v1", "spec": {"hard": {"pods": 10, "requests.cpu": "2000m"}}},
    "LimitRange": {"apiVersion": "v1", "spec": {"limits": [{"type": "Container", "default": {"cpu": 0.5}}]}},
    "Pod": {"apiVersion": "v1", "spec": POD},
}  # fmt: skip
CHANGES: dict[str, Object] = {
    "Deployment": {"spec": {"minReadySeconds": 5}},
    "Service": {"spec": {"selector": {"app": "y"}}},
    "Secret": {"stringData": {"a": "other"}},
    "NetworkPolicy": {"spec": {"ingress": []}},
    "ResourceQuota": {"spec": {"hard": {"pods": 11}}},
}


@pytest.fixture(scope="module")
def synced(forge: ServedForge) -> Iterator[Argo]:
    """One Application with an object of each kind, after its sync; one cluster for all tests of the file."""
    clock = JumpableClock()
    plane = ControlPlane(clock, bare=True)
    argo, project = Argo(plane, clock), Project(forge, "waal/kinds")
    objects = [
        {"apiVersion": spec["apiVersion"], "kind": kind, "metadata": {"name": "x", "creationTimestamp": None}} | spec
        for kind, spec in MANIFESTS.items()
    ]
    project.commit({f"{obj['kind']}.yaml": yaml.safe_dump(obj) for obj in objects})
    argo.application(project.url, name="kinds")
    argo.sync("kinds")
    yield argo
    plane.close()


@pytest.mark.parametrize("kind", MANIFESTS)
def test_an_object_is_synced_after_its_sync(synced: Argo, kind: str) -> None:
    assert synced.resources("kinds")[f"{kind}/x"] == "Synced", synced.operation("kinds")


@pytest.mark.parametrize("kind", CHANGES)
def test_an_object_that_was_changed_is_not(synced: Argo, kind: str) -> None:
    resource = synced.plane.verbs.catalog.by_kind(MANIFESTS[kind]["apiVersion"], kind)
    assert resource is not None
    synced.api.patch(resource.key, "x", CHANGES[kind], "default")
    synced.plane.settle()
    # What only the live object has is no difference: a default that was replaced is not, a field of Git is.
    expected = "Synced" if kind == "Deployment" else "OutOfSync"
    assert synced.resources("kinds")[f"{kind}/x"] == expected


def test_nothing_is_missing(synced: Argo) -> None:
    for kind, spec in MANIFESTS.items():
        resource = synced.plane.verbs.catalog.by_kind(spec["apiVersion"], kind)
        assert resource is not None
        try:
            synced.api.get(resource.key, "x", "default")
        except NotFoundError:
            pytest.fail(f"{kind} was not applied: {synced.status('kinds')['operationState']}")


def test_a_field_that_the_server_does_not_know_differs_for_ever(argo: Argo, project: Project) -> None:
    spec = {"replicas": 0, "replicaz": 3, **SELECTED}
    web = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": spec}
    project.commit({"web.yaml": yaml.safe_dump(web)})
    argo.application(project.url)
    argo.sync()
    assert argo.operation() == ("Succeeded", "successfully synced (all tasks run)")
    assert argo.resources() == {"Deployment/x": "OutOfSync"}


def test_a_field_of_the_wrong_type_is_refused_as_over_the_wire(argo: Argo, project: Project) -> None:
    web = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": 1}}
    project.commit({"a.yaml": yaml.safe_dump(web)})
    argo.application(project.url)
    argo.sync()
    phase, message = argo.operation() or ("", "")
    assert phase == "Failed"
    assert "json: cannot unmarshal number into Go struct field ConfigMap.data of type string" in message


THINGS = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.example.com"},
    "spec": {"group": "example.com", "scope": "Namespaced", "names": {"kind": "Thing", "plural": "things"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
            "type": "object", "properties": {"spec": {"type": "object", "properties": {
                "size": {"type": "integer", "default": 3},
                "parts": {"type": "array", "items": {"type": "object", "properties": {
                    "name": {"type": "string"}, "kind": {"type": "string", "default": "plain"}}}}}}}}}}]},
}  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), [
    ({}, "Synced"),
    ({"spec": {"size": 4}}, "Synced"),
    ({"spec": {"parts": [{"name": "a", "kind": "other"}]}}, "Synced"),
    ({"spec": {"parts": [{"name": "b"}]}}, "OutOfSync"),
    ({"spec": {"parts": []}}, "OutOfSync"),
])  # fmt: skip
def test_defaults_of_custom_resources_are_no_difference(
    argo: Argo, project: Project, change: Object, expected: str
) -> None:
    argo.api.create(THINGS)
    argo.plane.settle()
    thing = {
        "apiVersion": "example.com/v1",
        "kind": "Thing",
        "metadata": {"name": "x"},
        "spec": {"parts": [{"name": "a"}]},
    }
    project.commit({"a.yaml": yaml.safe_dump(thing)})
    argo.application(project.url)
    argo.sync()
    argo.api.patch("things.example.com", "x", change, "default")
    argo.plane.settle()
    assert argo.resources() == {"Thing/x": expected}


@pytest.mark.parametrize(("change", "expected"), [
    ({}, "Synced"),
    ({"metadata": {"labels": {"added": "by-hand"}}}, "Synced"),
    ({"spec": {"replicas": 1}}, "OutOfSync"),
])  # fmt: skip
def test_with_server_side_apply_the_server_says_what_differs(
    argo: Argo, project: Project, change: Object, expected: str
) -> None:
    web = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "x"},
        "spec": {"replicas": 0, **SELECTED},
    }
    project.commit({"web.yaml": yaml.safe_dump(web)})
    argo.application(project.url, syncPolicy={"syncOptions": ["ServerSideApply=true"]})
    argo.sync(syncOptions=["ServerSideApply=true"])
    argo.api.patch("deployments.apps", "x", change, "default")
    argo.plane.settle()
    assert argo.resources() == {"Deployment/x": expected}


@pytest.mark.parametrize(("metadata", "options", "why"), [
    ({"annotations": {"argocd.argoproj.io/compare-options": "ServerSideDiff=true"}}, [],
     "error calculating server side diff: serverSideDiff error: error running server side apply in dryrun mode for "
     "resource Deployment/x: failed to create typed patch object (default/x; apps/v1, Kind=Deployment): "),
    ({}, ["ServerSideApply=true"],
     "error calculating structured merge diff: error building typed value from config resource: "),
])  # fmt: skip
def test_what_the_server_cannot_read_cannot_be_compared_by_it(
    argo: Argo, project: Project, metadata: Object, options: list[str], why: str
) -> None:
    spec = {"replicas": 0, **SELECTED}
    web = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": spec}
    project.commit({"a.yaml": yaml.safe_dump(web)})
    argo.application(project.url, metadata=metadata, syncPolicy={"syncOptions": options})
    argo.sync(syncOptions=options)
    assert argo.sync_status() == "Synced"
    spec["replicas"] = "one"
    project.commit({"a.yaml": yaml.safe_dump(web)})
    argo.refresh()
    said = f"Failed to compare desired state to live state: failed to calculate diff: {why}"
    assert argo.conditions() == [
        ("ComparisonError", f"{said}.spec.replicas: expected numeric (int or float), got string"),
    ]
    assert argo.sync_status() == "Unknown"


def test_an_object_that_is_kept_in_another_version(argo: Argo, project: Project) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}
    spec = {"maxReplicas": 3, "targetCPUUtilizationPercentage": 50, "scaleTargetRef": target}
    scaler = {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "x"},
        "spec": spec,
    }
    project.commit({"a.yaml": yaml.safe_dump(scaler)})
    argo.application(project.url)
    argo.sync()
    assert argo.resources() == {"HorizontalPodAutoscaler/x": "Synced"}
    assert [each["version"] for each in argo.status()["resources"]] == ["v1"]
    argo.api.patch("horizontalpodautoscalers.autoscaling", "x", {"spec": {"maxReplicas": 9}}, "default")
    argo.plane.settle()
    assert argo.resources() == {"HorizontalPodAutoscaler/x": "OutOfSync"}
    argo.sync()
    assert argo.resources() == {"HorizontalPodAutoscaler/x": "Synced"}
    project.commit({"a.yaml": yaml.safe_dump(scaler | {"spec": {**spec, "maxReplicas": 4}})})
    argo.refresh()
    assert argo.resources() == {"HorizontalPodAutoscaler/x": "OutOfSync"}


def test_a_field_that_a_definition_does_not_know_is_dropped_and_differs_for_ever(argo: Argo, project: Project) -> None:
    argo.api.create(THINGS)
    argo.plane.settle()
    thing = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": {"sise": 4}}
    project.commit({"a.yaml": yaml.safe_dump(thing)})
    argo.application(project.url)
    argo.sync()
    assert argo.get("things.example.com", "x", "default")["spec"] == {"size": 3}
    assert argo.resources() == {"Thing/x": "OutOfSync"}


@pytest.mark.parametrize(("kind", "rest", "resource", "path", "value"), [
    ("ConfigMap", {"data": {"x": None}}, "configmaps", "data", {"x": ""}),
    ("Secret", {"data": {"x": None}}, "secrets", "data", {"x": ""}),
    ("Secret", {"stringData": {"x": None}}, "secrets", "data", {"x": ""}),
    ("Deployment", {"spec": {**SELECTED, "replicas": None}}, "deployments.apps", "replicas", 1),
    ("Thing", {"spec": {"size": None}}, "things.example.com", "size", 3),
])  # fmt: skip
def test_null_is_what_is_not_set_and_in_a_map_the_empty_text(
    argo: Argo, project: Project, kind: str, rest: Object, resource: str, path: str, value: object
) -> None:
    argo.api.create(THINGS)
    argo.plane.settle()
    versions = {"Deployment": "apps/v1", "Thing": "example.com/v1"}
    obj = {"apiVersion": versions.get(kind, "v1"), "kind": kind, "metadata": {"name": "x"}, **rest}
    project.commit({"a.yaml": yaml.safe_dump(obj)})
    argo.application(project.url, syncPolicy={"automated": {"selfHeal": True}})
    live = argo.get(resource, "x", "default")
    assert {**live, **live.get("spec", {})}[path] == value
    argo.advance(400)
    assert argo.resources() == {f"{kind}/x": "Synced"}
    assert "autoHealAttemptsCount" not in argo.status()["operationState"]["operation"]["sync"]
