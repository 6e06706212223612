"""A source that goes away: what was applied stays, and is said to be so until the next interval."""

from __future__ import annotations

from flux_cluster import GIT, KS, SYSTEM, Flux, config_map
from projects import Project


def applied(flux: Flux, project: Project, interval: str = "10m") -> str:
    """Have a ConfigMap applied, and the source go; the revision."""
    commit = project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.kustomization(interval=interval)
    flux.api.delete(GIT, "app", SYSTEM)
    flux.plane.settle()
    return f"main@sha1:{commit}"


def test_it_is_not_noticed_at_once(flux: Flux, project: Project) -> None:
    revision = applied(flux, project)
    assert flux.condition(KS) == ("True", "ReconciliationSucceeded", f"Applied revision: {revision}")
    assert flux.find("configmaps", "a") is not None


def test_it_is_noticed_at_the_interval_and_when_somebody_asks(flux: Flux, project: Project) -> None:
    applied(flux, project)
    missing = ("False", "ArtifactFailed", 'GitRepository.source.toolkit.fluxcd.io "app" not found')
    flux.request(KS, "app")
    assert flux.condition(KS) == missing
    flux.repository(project.url)
    ready = flux.condition(KS)
    assert ready is not None
    assert ready[0] == "True", "it is told as soon as there is a source again"
    flux.api.delete(GIT, "app", SYSTEM)
    flux.advance(601)
    assert flux.condition(KS) == missing
    assert flux.find("configmaps", "a") is not None


def test_one_that_was_failing_goes_on_saying_why(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("A_BAD")})
    flux.repository(project.url)
    flux.kustomization()
    failing = flux.condition(KS)
    flux.api.delete(GIT, "app", SYSTEM)
    flux.plane.settle()
    assert flux.condition(KS) == failing
    assert failing is not None
    assert failing[1] == "ReconciliationFailed"


def test_another_revision_that_comes_back_is_applied_at_once(flux: Flux, project: Project) -> None:
    applied(flux, project)
    new = project.commit({"a.yaml": config_map("a", x="2")})
    flux.repository(project.url)
    assert flux.status(KS)["lastAppliedRevision"] == f"main@sha1:{new}"
