"""Kustomizations that wait for each other: a new revision of their source is told to none of its users."""

from __future__ import annotations

from flux_cluster import KS, Flux, config_map
from projects import Project


def test_a_new_revision_waits_for_the_interval(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", x="1")})
    flux.repository(project.url)
    flux.kustomization(interval="5m")
    flux.kustomization("one", dependsOn=[{"name": "two"}])
    flux.kustomization("two", dependsOn=[{"name": "one"}])
    new = project.commit({"a.yaml": config_map("a", x="2")})
    flux.sync()
    assert flux.get("configmaps", "a", "default")["data"] == {"x": "1"}
    flux.advance(300)
    assert flux.get("configmaps", "a", "default")["data"] == {"x": "2"}
    assert flux.status(KS)["lastAppliedRevision"] == f"main@sha1:{new}"


def test_users_of_another_source_are_told(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", x="1")})
    flux.repository(project.url)
    flux.repository(project.url, "other")
    flux.kustomization()
    flux.kustomization("itself", "other", dependsOn=[{"name": "itself"}])
    project.commit({"a.yaml": config_map("a", x="2")})
    flux.sync()
    assert flux.get("configmaps", "a", "default")["data"] == {"x": "2"}


def test_each_one_says_that_the_other_is_not_ready(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.kustomization("one", dependsOn=[{"name": "two"}])
    flux.kustomization("two", dependsOn=[{"name": "one"}])
    message = "dependency 'flux-system/one' is not ready"
    assert flux.condition(KS, "two") == ("False", "DependencyNotReady", message)
