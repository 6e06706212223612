"""Events that only the cluster is told of: what a source did that is no news to anybody else."""

from __future__ import annotations

from flux_cluster import GIT, SYSTEM, Flux, config_map
from projects import Project

from gitopslab.gitops.flux.notification import event_of, is_for

ALERT = {
    "metadata": {"name": "all", "namespace": SYSTEM},
    "spec": {"eventSources": [{"kind": "GitRepository", "name": "*"}]},
}


def heard(flux: Flux) -> dict[str, bool]:
    """By the reason of each event about a GitRepository, whether an alert for all of them hears of it."""
    about = [each for each in flux.api.list("events", SYSTEM) if each["involvedObject"]["kind"] == "GitRepository"]
    return {each["reason"]: is_for(ALERT, event_of(each), dict) for each in about}


def test_nothing_new_is_no_news(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.request(GIT, "app")
    assert heard(flux) == {"NewArtifact": True, "GitOperationSucceeded": False}


def test_that_a_deleted_source_takes_its_artifacts_along_is_told(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.api.delete(GIT, "app", SYSTEM)
    flux.plane.settle()
    said = ("Normal", "GarbageCollectionSucceeded", "garbage collected artifacts for deleted resource")
    assert flux.events("GitRepository")[-1] == said
    assert heard(flux)["GarbageCollectionSucceeded"] is False


def test_a_source_without_artifacts_has_none_to_take_along(flux: Flux, project: Project) -> None:
    flux.repository(project.url)
    flux.api.delete(GIT, "app", SYSTEM)
    flux.plane.settle()
    assert [reason for _, reason, _ in flux.events("GitRepository")] == ["EmptyGitRepository"]


def test_waiting_for_what_is_to_be_included_is_no_warning(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url, include=[{"repository": {"name": "later"}}])
    (event,) = flux.events("GitRepository")
    assert event[:2] == ("Normal", "NotFound")
    assert heard(flux) == {"NotFound": False}
