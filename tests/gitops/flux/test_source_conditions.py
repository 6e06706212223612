"""The conditions of a source stand in the order that Flux keeps: what matters most, then what is newest."""

from __future__ import annotations

from flux_cluster import GIT, Flux, config_map
from projects import Project

from gitopslab.gitops.flux import conditions
from gitopslab.gitops.flux.conditions import Condition


def test_what_was_said_of_the_newest_spec_stands_first(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.change(GIT, "app", {"ref": {"branch": "nope"}})
    said = [(each["type"], each["observedGeneration"]) for each in flux.status(GIT)["conditions"]]
    assert said == [("Reconciling", 2), ("Ready", 2), ("FetchFailed", 2), ("ArtifactInStorage", 1)]


def test_of_the_same_spec_the_alphabet_decides(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.request(GIT, "app", "one")
    flux.change(GIT, "app", {"interval": "2m"})
    assert [each["type"] for each in flux.status(GIT)["conditions"]] == ["Ready", "ArtifactInStorage"]


def test_stalled_stands_before_all_others() -> None:
    said = [Condition.true(kind, "X", "x") for kind in ("Ready", "Reconciling", "FetchFailed", "Stalled", "Healthy")]
    order = [each["type"] for each in conditions.put([], *said, generation=1, now=0.0)]
    assert order == ["Stalled", "Reconciling", "Ready", "FetchFailed", "Healthy"]
