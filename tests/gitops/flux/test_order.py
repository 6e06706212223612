"""In which order objects are applied, in which stages, and in which they are deleted."""

from __future__ import annotations

import random

from flux_cluster import KS, SYSTEM, Flux
from projects import Project

from gitopslab.gitops.flux.order import in_order, stages
from gitopslab.machinery.objects import Object

KINDS = [
    "CustomResourceDefinition", "Namespace", "ClusterRole", "ClusterClass", "RuntimeClass", "PriorityClass",
    "StorageClass", "VolumeSnapshotClass", "IngressClass", "GatewayClass", "ClusterRoleBinding", "ResourceQuota",
    "ServiceAccount", "Role", "RoleBinding", "ConfigMap", "Secret", "Service", "LimitRange", "Deployment",
    "StatefulSet", "CronJob", "PodDisruptionBudget", "DaemonSet", "Job", "Widget", "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
]  # fmt: skip
VERSIONS = {"DaemonSet": "apps/v1", "Job": "batch/v1", "Widget": "example.com/v1"}


def an_object(kind: str, name: str = "a", namespace: str = "shop") -> Object:
    return {"apiVersion": VERSIONS.get(kind, "v1"), "kind": kind, "metadata": {"name": name, "namespace": namespace}}


def test_kinds_have_a_place_and_others_come_by_group_before_webhooks() -> None:
    given = [an_object(kind) for kind in KINDS]
    random.Random(1).shuffle(given)
    assert [obj["kind"] for obj in in_order(given)] == KINDS


def test_of_one_kind_namespace_and_then_name_decide() -> None:
    given = [an_object("ConfigMap", "b", "x"), an_object("ConfigMap", "a", "y"), an_object("ConfigMap", "a", "x")]
    places = [(obj["metadata"]["namespace"], obj["metadata"]["name"]) for obj in in_order(given)]
    assert places == [("x", "a"), ("x", "b"), ("y", "a")]


def test_definitions_namespaces_and_cluster_roles_come_first_then_classes_then_the_rest() -> None:
    found = [[obj["kind"] for obj in stage] for stage in stages(an_object(kind) for kind in reversed(KINDS))]
    assert found[0] == ["CustomResourceDefinition", "Namespace", "ClusterRole"]
    assert all(kind.endswith("Class") for kind in found[1])
    assert found[2][0] == "ClusterRoleBinding"


def test_it_is_applied_in_this_order_and_deleted_in_the_other(flux: Flux, project: Project) -> None:
    files = {"z.yaml": "kind: ServiceAccount", "a.yaml": "kind: Secret", "m.yaml": "kind: ConfigMap"}
    project.commit({
        path: f"apiVersion: v1\n{kind}\nmetadata: {{name: o, namespace: default}}\n" for path, kind in files.items()
    })  # fmt: skip
    flux.repository(project.url)
    flux.kustomization()
    (_, _, applied) = next(event for event in flux.events("Kustomization") if event[1] == "Progressing")
    assert applied.splitlines() == [f"{kind}/default/o created" for kind in ("ServiceAccount", "ConfigMap", "Secret")]
    _, watch = flux.api.watch("events")
    flux.api.delete(KS, "app", SYSTEM)
    flux.plane.settle()
    said = [event.object["message"] for event in watch.poll() if "deleted" in event.object["message"]]
    assert said == ["\n".join(f"{kind}/default/o deleted" for kind in ("Secret", "ConfigMap", "ServiceAccount"))]


def test_status_is_written_by_a_manager_of_its_own(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: o, namespace: default}\n"})
    flux.repository(project.url)
    flux.kustomization()
    managers = {
        entry["manager"] for entry in flux.get(KS)["metadata"]["managedFields"] if entry.get("subresource") == "status"
    }
    assert managers == {"gotk-kustomize-controller"}
