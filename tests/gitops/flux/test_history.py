"""``status.history``: five builds, newest first, each with its result and how often."""

from __future__ import annotations

from flux_cluster import KS, Flux, config_map
from projects import Project


def test_the_same_build_is_one_entry_and_counts(flux: Flux, project: Project) -> None:
    commit = project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url, interval="1h")
    flux.kustomization(interval="1m")
    flux.advance(121)
    (entry,) = flux.status(KS)["history"]
    assert entry["totalReconciliations"] == 3
    assert entry["lastReconciledStatus"] == "ReconciliationSucceeded"
    assert entry["metadata"] == {"revision": f"main@sha1:{commit}"}
    assert entry["firstReconciled"] == "2026-01-01T00:00:00Z"
    assert entry["lastReconciled"] == "2026-01-01T00:02:00Z"
    assert entry["digest"].startswith("sha256:")


def test_five_are_kept_newest_first(flux: Flux, project: Project) -> None:
    commits = []
    flux.repository(project.url, interval="1h")
    flux.kustomization()
    for number in range(7):
        commits.append(project.commit({"a.yaml": config_map("a", x=f"v{number}")}))
        flux.sync()
    revisions = [entry["metadata"]["revision"] for entry in flux.status(KS)["history"]]
    assert revisions == [f"main@sha1:{commit}" for commit in reversed(commits[-5:])]


def test_a_revert_brings_the_old_build_to_the_front(flux: Flux, project: Project) -> None:
    flux.repository(project.url, interval="1h")
    flux.kustomization()
    for value in ("one", "two", "one"):
        project.commit({"a.yaml": config_map("a", x=value)})
        flux.sync()
    first, second = flux.status(KS)["history"]
    assert (first["totalReconciliations"], second["totalReconciliations"]) == (2, 1)


def test_the_same_build_with_another_result_is_another_entry(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", "shop")})
    flux.repository(project.url, interval="1h")
    flux.kustomization(interval="1m")
    flux.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    flux.advance(61)
    entries = flux.status(KS)["history"]
    assert [entry["lastReconciledStatus"] for entry in entries] == ["ReconciliationSucceeded", "ReconciliationFailed"]
    assert entries[0]["digest"] == entries[1]["digest"]
    assert {entry["lastReconciledDuration"] for entry in entries} == {"0s"}
