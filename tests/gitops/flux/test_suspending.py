"""A suspended Kustomization does nothing; resumed, it catches up at once."""

from __future__ import annotations

from flux_cluster import GIT, KS, Flux, config_map
from projects import Project


def test_drift_stays_and_commits_wait_until_it_is_resumed(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", x="1"), "b.yaml": config_map("b", y="1")})
    flux.repository(project.url)
    flux.kustomization(interval="1m")
    flux.change(KS, "app", {"suspend": True})
    flux.api.patch("configmaps", "a", {"data": {"x": "drift"}}, "default")
    project.commit({"b.yaml": config_map("b", y="2")})
    flux.advance(200)
    assert flux.get("configmaps", "a", "default")["data"] == {"x": "drift"}
    assert flux.get("configmaps", "b", "default")["data"] == {"y": "1"}
    flux.change(KS, "app", {"suspend": None})
    assert flux.get("configmaps", "a", "default")["data"] == {"x": "1"}
    assert flux.get("configmaps", "b", "default")["data"] == {"y": "2"}


def test_a_request_while_suspended_is_acknowledged_and_nothing_is_done(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", x="1")})
    flux.repository(project.url)
    flux.kustomization()
    flux.change(KS, "app", {"suspend": True})
    flux.request(KS, "app", "later")
    assert flux.status(KS)["lastHandledReconcileAt"] == "later"
    assert flux.status(KS)["observedGeneration"] == flux.get(KS, "app")["metadata"]["generation"]
    project.commit({"a.yaml": config_map("a", x="2")})
    flux.request(GIT, "app")
    assert flux.get("configmaps", "a", "default")["data"] == {"x": "1"}


def test_what_git_does_not_say_of_suspend_stays_as_it_was_set(flux: Flux, project: Project) -> None:
    child = """apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: child, namespace: flux-system}
spec: {interval: 10m, prune: true, path: ./child, sourceRef: {kind: GitRepository, name: app}}
"""
    project.commit({"top/child.yaml": child, "child/a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.kustomization(path="./top")
    flux.change(KS, "child", {"suspend": True})  # with a manager of its own, as the flux command does
    flux.request(KS, "app")
    assert flux.get(KS, "child")["spec"]["suspend"] is True
