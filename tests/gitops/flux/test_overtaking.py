"""What happens while an apply is under way waits for its end, so that nothing that was written is forgotten."""

from __future__ import annotations

import pytest
from flux_cluster import KS, SYSTEM, Flux, config_map
from projects import Project

ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: late}\nrules: []\n"


@pytest.fixture
def applying(flux: Flux, project: Project) -> Flux:
    """A Kustomization that has written a ClusterRole, and waits for a ConfigMap to go, to make it anew."""
    project.commit({"a.yaml": config_map("a", x="1") + "immutable: true\n"})
    flux.repository(project.url)
    flux.kustomization(force=True)
    flux.api.patch("configmaps", "a", {"metadata": {"finalizers": ["example.com/hold"]}}, "default")
    project.commit({"a.yaml": config_map("a", x="2") + "immutable: true\n", "role.yaml": ROLE})
    flux.sync()
    assert flux.find("clusterroles.rbac.authorization.k8s.io", "late", "") is not None
    assert flux.status(KS)["inventory"]["entries"] == [{"id": "default_a__ConfigMap", "v": "v1"}]
    return flux


def let_go(flux: Flux) -> None:
    flux.api.patch("configmaps", "a", {"metadata": {"finalizers": None}}, "default")
    flux.advance(5)


def test_a_commit_during_an_apply_prunes_what_that_had_written(applying: Flux, project: Project) -> None:
    commit = project.commit({"role.yaml": None})
    applying.sync()
    let_go(applying)
    assert applying.find("clusterroles.rbac.authorization.k8s.io", "late", "") is None
    assert applying.get("configmaps", "a", "default")["data"] == {"x": "2"}
    assert applying.status(KS)["lastAppliedRevision"] == f"main@sha1:{commit}"


def test_a_deletion_during_an_apply_leaves_nothing_behind(applying: Flux) -> None:
    applying.api.delete(KS, "app", SYSTEM)
    applying.plane.settle()
    let_go(applying)
    assert applying.find(KS, "app", SYSTEM) is None
    assert applying.find("clusterroles.rbac.authorization.k8s.io", "late", "") is None
    assert applying.find("configmaps", "a") is None


def test_a_change_during_an_apply_is_observed_when_it_is_applied(applying: Flux) -> None:
    applying.change(KS, "app", {"path": "./nope"})
    let_go(applying)
    assert applying.status(KS)["observedGeneration"] == 1
    found = applying.condition(KS)
    assert found is not None
    assert found[1] == "ArtifactFailed"


def test_an_apply_that_cannot_end_is_given_up_after_the_timeout(applying: Flux) -> None:
    applying.change(KS, "app", {"suspend": True})
    applying.advance(580)  # the interval of 10 min less 30 s
    found = applying.condition(KS)
    assert found is not None
    assert found[:2] == ("False", "ReconciliationFailed")
    assert found[2].startswith("ConfigMap/default/a is being deleted, to be made anew")
    applying.api.delete(KS, "app", SYSTEM)
    applying.plane.settle()
    assert applying.find(KS, "app", SYSTEM) is None
