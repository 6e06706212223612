"""A suspended source fetches nothing, and yet says that it has seen its spec and what was asked of it."""

from __future__ import annotations

from flux_cluster import GIT, Flux, config_map
from projects import Project

from gitopslab.machinery.objects import condition_of


def test_a_request_is_dealt_with_and_nothing_is_fetched(flux: Flux, project: Project) -> None:
    old = project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.change(GIT, "app", {"suspend": True})
    project.commit({"a.yaml": config_map("a", x="2")})
    flux.request(GIT, "app", "now")
    status = flux.status(GIT)
    assert status["lastHandledReconcileAt"] == "now"
    assert status["artifact"]["revision"] == f"main@sha1:{old}"


def test_ready_is_said_of_the_spec_there_is(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.change(GIT, "app", {"suspend": True})
    repository = flux.get(GIT)
    told = {kind: condition_of(repository, kind) for kind in ("Ready", "ArtifactInStorage")}
    assert {kind: each and each["observedGeneration"] for kind, each in told.items()} == {
        "Ready": 2, "ArtifactInStorage": 1,
    }  # fmt: skip
    assert repository["status"]["observedGeneration"] == 2


def test_a_trouble_stays_what_it_was(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url, ref={"branch": "nope"})
    failing = flux.condition(GIT)
    flux.change(GIT, "app", {"suspend": True})
    assert flux.condition(GIT) == failing
    assert flux.status(GIT)["observedGeneration"] == 2


def test_one_that_was_never_ready_says_nothing(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url, suspend=True)
    flux.request(GIT, "app", "now")
    assert "conditions" not in flux.status(GIT)
    assert "lastHandledReconcileAt" not in flux.status(GIT)
