"""What is no longer in Git is deleted, if it is still this Kustomization's and nobody forbids it."""

from __future__ import annotations

import pytest
from flux_cluster import KS, SYSTEM, Flux, config_map
from projects import Project


def begun(flux: Flux, project: Project, extra: str = "", **spec: object) -> None:
    project.commit({"a.yaml": config_map("a"), "b.yaml": config_map("b") + extra})
    flux.repository(project.url)
    flux.kustomization(**spec)


def test_a_removed_file_is_a_deleted_object(flux: Flux, project: Project) -> None:
    begun(flux, project)
    project.commit({"b.yaml": None})
    flux.sync()
    assert flux.find("configmaps", "b") is None
    assert flux.find("configmaps", "a") is not None
    assert [entry["id"] for entry in flux.status(KS)["inventory"]["entries"]] == ["default_a__ConfigMap"]
    assert ("Normal", "Progressing", "ConfigMap/default/b deleted") in flux.events("Kustomization")


def test_without_prune_it_stays_and_is_forgotten(flux: Flux, project: Project) -> None:
    begun(flux, project, prune=False)
    project.commit({"b.yaml": None})
    flux.sync()
    assert flux.find("configmaps", "b") is not None
    assert [entry["id"] for entry in flux.status(KS)["inventory"]["entries"]] == ["default_a__ConfigMap"]


@pytest.mark.parametrize("mark", ["prune: disabled", "prune: Disabled", "reconcile: disabled", "ssa: Ignore"])
@pytest.mark.parametrize("where", ["labels", "annotations"])
def test_an_object_can_say_that_it_stays(flux: Flux, project: Project, mark: str, where: str) -> None:
    begun(flux, project)
    word, _, value = mark.partition(": ")
    flux.api.patch("configmaps", "b", {"metadata": {where: {f"kustomize.toolkit.fluxcd.io/{word}": value}}}, "default")
    project.commit({"b.yaml": None})
    flux.sync()
    assert flux.find("configmaps", "b") is not None
    assert len(flux.status(KS)["inventory"]["entries"]) == 1
    assert ("Normal", "Progressing", "ConfigMap/default/b skipped") in flux.events("Kustomization")


def test_what_is_gone_already_counts_as_deleted(flux: Flux, project: Project) -> None:
    begun(flux, project)
    flux.api.delete("configmaps", "b", "default")
    project.commit({"b.yaml": None})
    flux.sync()
    assert ("Normal", "Progressing", "ConfigMap/default/b deleted") in flux.events("Kustomization")


def test_a_file_that_moves_to_another_kustomization_is_kept_when_the_new_owner_is_first(
    flux: Flux, project: Project
) -> None:
    project.commit({"one/a.yaml": config_map("a"), "two/b.yaml": config_map("b"), "two/c.yaml": config_map("c")})
    flux.repository(project.url)
    flux.kustomization("app", path="./one")
    flux.kustomization("other", path="./two")
    uid = flux.get("configmaps", "a", "default")["metadata"]["uid"]
    flux.change(KS, "app", {"suspend": True})
    project.commit({"one/a.yaml": None, "one/d.yaml": config_map("d"), "two/a.yaml": config_map("a")})
    flux.sync()
    flux.change(KS, "app", {"suspend": None})
    found = flux.get("configmaps", "a", "default")["metadata"]
    assert (found["uid"], found["labels"]["kustomize.toolkit.fluxcd.io/name"]) == (uid, "other")


def test_deleting_a_kustomization_deletes_what_it_owns(flux: Flux, project: Project) -> None:
    begun(flux, project)
    flux.api.delete(KS, "app", SYSTEM)
    flux.plane.settle()
    assert flux.find("configmaps", "a") is None
    assert flux.find(KS, "app", SYSTEM) is None
    *_, deleted, (_, reason, last) = flux.events("Kustomization")
    assert deleted[2] == "ConfigMap/default/b deleted\nConfigMap/default/a deleted"
    assert (reason, last.partition(",")[2]) == ("ReconciliationSucceeded", " next run in 10m0s")


@pytest.mark.parametrize(
    ("spec", "is_kept"),
    [
        pytest.param({"prune": False}, True, id="no prune mirrors"),
        pytest.param({"prune": True, "deletionPolicy": "Orphan"}, True, id="Orphan"),
        pytest.param({"prune": False, "deletionPolicy": "Delete"}, False, id="Delete"),
        pytest.param({"prune": True, "deletionPolicy": "WaitForTermination"}, False, id="WaitForTermination"),
    ],
)
def test_the_deletion_policy_decides(flux: Flux, project: Project, spec: dict[str, object], is_kept: bool) -> None:
    begun(flux, project, **spec)
    flux.api.delete(KS, "app", SYSTEM)
    flux.plane.settle()
    flux.advance(5)
    assert (flux.find("configmaps", "a") is not None) is is_kept
    assert flux.find(KS, "app", SYSTEM) is None


def test_deleting_a_suspended_kustomization_leaves_everything(flux: Flux, project: Project) -> None:
    begun(flux, project)
    flux.change(KS, "app", {"suspend": True})
    flux.api.delete(KS, "app", SYSTEM)
    flux.plane.settle()
    assert flux.find("configmaps", "a") is not None
    assert flux.find(KS, "app", SYSTEM) is None


@pytest.mark.parametrize(("seconds", "is_gone"), [(20, False), (70, True)])
def test_waiting_for_termination_has_an_end(flux: Flux, project: Project, seconds: int, is_gone: bool) -> None:
    begun(flux, project, deletionPolicy="WaitForTermination", timeout="1m")
    flux.api.patch("configmaps", "a", {"metadata": {"finalizers": ["example.com/hold"]}}, "default")
    flux.api.delete(KS, "app", SYSTEM)
    flux.plane.settle()
    flux.advance(seconds)
    assert flux.find("configmaps", "b") is None
    assert (flux.find(KS, "app", SYSTEM) is None) is is_gone
    said = ("Normal", "ReconciliationSucceeded", "ConfigMap/default/b deleted\nConfigMap/default/a deleted")
    assert flux.events("Kustomization").count(said) == 1
    (event,) = [each for each in flux.api.list("events", SYSTEM) if each["message"] == said[2]]
    revision = event["metadata"]["annotations"]["kustomize.toolkit.fluxcd.io/revision"]
    assert revision == f"main@sha1:{project.head}"
    assert event.get("count", 1) == 1


def test_what_is_pruned_goes_at_once_and_what_it_owned_after_it(flux: Flux, project: Project) -> None:
    web = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: nginx}]}}
"""
    project.commit({"a.yaml": config_map("a"), "web.yaml": web})
    flux.repository(project.url)
    flux.kustomization()
    assert len(flux.api.list("replicasets.apps", "default")) == 1
    _, watch = flux.api.watch("deployments.apps")
    project.commit({"web.yaml": None})
    flux.sync()
    flux.advance(60)
    said = watch.poll()
    assert said[-1].type == "DELETED"
    assert all("foregroundDeletion" not in (each.object["metadata"].get("finalizers") or ()) for each in said)
    assert flux.api.list("replicasets.apps", "default") == []


@pytest.mark.parametrize("key", ["name", "namespace"])
def test_both_labels_must_name_the_owner(flux: Flux, project: Project, key: str) -> None:
    begun(flux, project)
    labels = {f"kustomize.toolkit.fluxcd.io/{key}": "other"}
    flux.api.patch("configmaps", "b", {"metadata": {"labels": labels}}, "default")
    project.commit({"b.yaml": None})
    flux.sync()
    assert flux.find("configmaps", "b") is not None
    assert [entry["id"] for entry in flux.status(KS)["inventory"]["entries"]] == ["default_a__ConfigMap"]
