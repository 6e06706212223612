"""Two owners of one object: each takes it when its turn comes, and neither deletes what names the other."""

from __future__ import annotations

import pytest
from flux_cluster import KS, SYSTEM, Flux, config_map
from projects import Project

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import Caller

OWNER = "kustomize.toolkit.fluxcd.io/name"


@pytest.fixture
def _two(flux: Flux, project: Project) -> None:
    """Two Kustomizations that apply the same ConfigMap with different content; ``second`` came last."""
    project.commit({"one/a.yaml": config_map("a", x="1"), "two/a.yaml": config_map("a", x="2")})
    flux.repository(project.url, interval="1h")
    flux.kustomization("first", path="./one", interval="5m")
    flux.kustomization("second", path="./two", interval="1h")


def owner(flux: Flux) -> tuple[str, str]:
    found = flux.get("configmaps", "a", "default")
    return found["metadata"]["labels"][OWNER], found["data"]["x"]


@pytest.mark.usefixtures("_two")
def test_whoever_applied_last_has_it_and_both_say_that_all_is_well(flux: Flux) -> None:
    assert owner(flux) == ("second", "2")
    flux.advance(301)
    assert owner(flux) == ("first", "1")
    for name in ("first", "second"):
        assert flux.condition(KS, name)[0] == "True"  # type: ignore[index]


@pytest.mark.usefixtures("_two")
def test_deleting_the_one_that_lost_it_leaves_it(flux: Flux) -> None:
    flux.api.delete(KS, "first", SYSTEM)
    flux.plane.settle()
    assert owner(flux) == ("second", "2")


@pytest.mark.usefixtures("_two")
def test_it_ends_when_git_names_one_owner(flux: Flux, project: Project) -> None:
    project.commit({"one/a.yaml": None, "one/b.yaml": config_map("b")})
    flux.sync()
    flux.advance(3700)
    assert owner(flux) == ("second", "2")


def test_another_tool_that_forces_its_way_is_reverted_at_the_interval(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", x="1")})
    flux.repository(project.url, interval="1h")
    flux.kustomization(interval="1m")
    argo = LocalApi(flux.plane.verbs, Caller("argo", ("system:masters",), "argocd-controller"))
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "default"},
              "data": {"x": "2", "more": "theirs"}}  # fmt: skip
    argo.patch("configmaps", "a", theirs, "default", type="apply")
    assert flux.get("configmaps", "a", "default")["data"]["x"] == "2"
    flux.advance(61)
    found = flux.get("configmaps", "a", "default")
    assert found["data"] == {"x": "1", "more": "theirs"}, "Git's fields come back, others' own fields stay"


def test_a_file_that_moves_is_deleted_and_made_anew_when_the_old_owner_is_first(flux: Flux, project: Project) -> None:
    project.commit({"one/a.yaml": config_map("a"), "one/c.yaml": config_map("c"), "two/b.yaml": config_map("b")})
    flux.repository(project.url, interval="1h")
    flux.kustomization("first", path="./one")
    flux.kustomization("second", path="./two")
    uid = flux.get("configmaps", "a", "default")["metadata"]["uid"]
    flux.change(KS, "second", {"suspend": True})
    project.commit({"one/a.yaml": None, "two/a.yaml": config_map("a")})
    flux.sync()
    assert flux.find("configmaps", "a") is None
    flux.change(KS, "second", {"suspend": None})
    assert flux.get("configmaps", "a", "default")["metadata"]["uid"] != uid
