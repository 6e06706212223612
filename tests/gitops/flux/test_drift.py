"""Drift is repaired at the interval, and a reconcile that finds none writes nothing."""

from __future__ import annotations

import pytest
from flux_cluster import KS, Flux, config_map
from projects import Project

from gitopslab.controlplane.runtime.api import PatchType
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import Caller

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
"""


def as_manager(flux: Flux, manager: str) -> LocalApi:
    """The Api for somebody with a field manager of his own."""
    return LocalApi(flux.plane.verbs, Caller("learner", ("system:masters",), manager))


def versions(flux: Flux) -> list[str]:
    return [obj["metadata"]["resourceVersion"] for obj in flux.api.list("configmaps", "default")]


def ready(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", x="1"), "b.yaml": config_map("b", y="1")})
    flux.repository(project.url, interval="1h")
    flux.kustomization(interval="10m")


def test_a_changed_field_comes_back_at_the_interval_and_not_before(flux: Flux, project: Project) -> None:
    ready(flux, project)
    as_manager(flux, "kubectl-edit").patch("configmaps", "a", {"data": {"x": "drift"}}, "default")
    flux.advance(590)
    assert flux.get("configmaps", "a", "default")["data"] == {"x": "drift"}
    flux.advance(11)
    assert flux.get("configmaps", "a", "default")["data"] == {"x": "1"}
    assert ("Normal", "Progressing", "ConfigMap/default/a configured") in flux.events("Kustomization")


def test_a_deleted_object_comes_back(flux: Flux, project: Project) -> None:
    ready(flux, project)
    flux.api.delete("configmaps", "a", "default")
    flux.advance(601)
    assert flux.get("configmaps", "a", "default")["data"] == {"x": "1"}


def test_what_kubectl_added_is_removed(flux: Flux, project: Project) -> None:
    ready(flux, project)
    added = {"data": {"more": "1"}, "metadata": {"labels": {"mine": "yes"}, "annotations": {"note": "hi"}}}
    as_manager(flux, "kubectl-edit").patch("configmaps", "a", added, "default")
    flux.request(KS, "app")
    found = flux.get("configmaps", "a", "default")
    assert found["data"] == {"x": "1"}
    assert "mine" not in found["metadata"]["labels"]
    assert "annotations" not in found["metadata"]
    assert [entry["manager"] for entry in found["metadata"]["managedFields"]] == ["kustomize-controller"]


def test_what_another_manager_added_stays(flux: Flux, project: Project) -> None:
    ready(flux, project)
    as_manager(flux, "my-operator").patch("configmaps", "a", {"data": {"more": "1"}}, "default")
    flux.request(KS, "app")
    assert flux.get("configmaps", "a", "default")["data"] == {"x": "1", "more": "1"}


def test_what_another_manager_changed_of_gits_comes_back(flux: Flux, project: Project) -> None:
    ready(flux, project)
    as_manager(flux, "my-operator").patch("configmaps", "a", {"data": {"x": "theirs"}}, "default")
    flux.request(KS, "app")
    assert flux.get("configmaps", "a", "default")["data"] == {"x": "1"}


def test_a_rollout_restart_by_kubectl_is_undone(flux: Flux, project: Project) -> None:
    project.commit({"web.yaml": DEPLOYMENT})
    flux.repository(project.url)
    flux.kustomization()
    stamp = {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}}
    as_manager(flux, "kubectl-rollout").patch("deployments.apps", "web", stamp, "default")
    flux.request(KS, "app")
    template = flux.get("deployments.apps", "web", "default")["spec"]["template"]
    assert "annotations" not in template["metadata"]


def test_an_object_of_kubectl_is_adopted_whole(flux: Flux, project: Project) -> None:
    text = '{"apiVersion":"v1"}'
    theirs = {
        "apiVersion": "v1", "kind": "ConfigMap", "data": {"old": "1"},
        "metadata": {"name": "a", "namespace": "default",
                     "annotations": {"kubectl.kubernetes.io/last-applied-configuration": text}},
    }  # fmt: skip
    as_manager(flux, "kubectl-client-side-apply").create(theirs)
    ready(flux, project)
    found = flux.get("configmaps", "a", "default")
    assert found["data"] == {"x": "1"}
    assert "annotations" not in found["metadata"]


def test_a_reconcile_without_drift_moves_no_resource_version(flux: Flux, project: Project) -> None:
    ready(flux, project)
    before = versions(flux)
    for token in ("one", "two"):
        flux.request(KS, "app", token)
    flux.advance(1300)
    assert versions(flux) == before
    assert flux.status(KS)["history"][0]["totalReconciliations"] == 5


def test_nothing_that_is_owned_is_watched(flux: Flux, project: Project) -> None:
    ready(flux, project)
    flux.api.delete("configmaps", "a", "default")
    flux.plane.settle()
    assert flux.find("configmaps", "a") is None


def test_what_kubectl_applied_alike_is_taken_over_and_told(flux: Flux, project: Project) -> None:
    ready(flux, project)
    as_manager(flux, "kubectl-edit").patch("configmaps", "a", {"metadata": {"labels": {"team": "shop"}}}, "default")
    project.commit({"a.yaml": config_map("a", x="1").replace("  name: a\n", "  name: a\n  labels: {team: shop}\n")})
    flux.sync()
    assert flux.events("Kustomization")[-2] == ("Normal", "Progressing", "ConfigMap/default/a configured")
    managers = {entry["manager"] for entry in flux.get("configmaps", "a", "default")["metadata"]["managedFields"]}
    assert managers == {"kustomize-controller"}


@pytest.mark.parametrize(
    ("manager", "type"),
    [
        pytest.param("kubectl", "apply", id="kubectl apply --server-side"),
        pytest.param("kubectl-label", "merge", id="kubectl label"),
        pytest.param("before-first-apply", "merge", id="what was there before somebody applied"),
        pytest.param("kustomize-controller", "merge", id="an update under the controller's own name"),
    ],
)
def test_fields_of_these_managers_are_taken_over_and_removed(
    flux: Flux, project: Project, manager: str, type: PatchType
) -> None:
    ready(flux, project)
    added = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"more": "1"}}
    as_manager(flux, manager).patch("configmaps", "a", added, "default", type=type)
    flux.request(KS, "app")
    assert flux.get("configmaps", "a", "default")["data"] == {"x": "1"}


def test_what_kubectl_wrote_to_a_subresource_is_left_alone(flux: Flux, project: Project) -> None:
    project.commit({"web.yaml": DEPLOYMENT})
    flux.repository(project.url)
    flux.kustomization()
    as_manager(flux, "kubectl").patch(
        "deployments.apps", "web", {"spec": {"replicas": 3}}, "default", subresource="scale"
    )
    flux.request(KS, "app")
    assert flux.get("deployments.apps", "web", "default")["spec"]["replicas"] == 3


def test_the_same_token_again_asks_for_nothing(flux: Flux, project: Project) -> None:
    ready(flux, project)
    for token, times in (("one", 2), ("one", 2), ("another", 3)):
        flux.request(KS, "app", token)
        assert flux.status(KS)["history"][0]["totalReconciliations"] == times
        assert flux.status(KS)["lastHandledReconcileAt"] == token
