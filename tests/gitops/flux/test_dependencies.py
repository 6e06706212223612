"""``dependsOn`` waits for the other to be Ready, and for the same revision where both have one source."""

from __future__ import annotations

import pytest
from flux_cluster import KS, SYSTEM, Flux, config_map
from projects import Project

NOWHERE = """apiVersion: v1
kind: Pod
metadata: {name: nowhere, namespace: default}
spec: {nodeSelector: {nowhere: here}, containers: [{name: c, image: nginx}]}
"""


def ready(flux: Flux, name: str = "app") -> tuple[str, str, str]:
    found = flux.condition(KS, name)
    assert found is not None
    return found


def begun(flux: Flux, project: Project) -> None:
    project.commit({"one/a.yaml": config_map("a"), "two/b.yaml": config_map("b")})
    flux.repository(project.url, interval="1h")


def test_a_dependency_that_is_not_there_is_told(flux: Flux, project: Project) -> None:
    begun(flux, project)
    flux.kustomization("app", path="./two", dependsOn=[{"name": "infra"}])
    missing = 'kustomizations.kustomize.toolkit.fluxcd.io "infra" not found'
    message = f"dependency '{SYSTEM}/infra' not found: {missing}"
    assert ready(flux) == ("False", "DependencyNotReady", message)
    assert flux.find("configmaps", "b") is None
    words = "Dependencies do not meet ready condition, retrying in 30s"
    assert flux.events("Kustomization") == [("Normal", "DependencyNotReady", words)]
    assert "lastAttemptedRevision" not in flux.status(KS)
    assert flux.condition(KS, kind="Reconciling") is None


def test_it_is_looked_at_again_after_half_a_minute(flux: Flux, project: Project) -> None:
    begun(flux, project)
    flux.kustomization("app", path="./two", dependsOn=[{"name": "infra"}])
    flux.kustomization("infra", path="./one")
    flux.advance(20)
    assert ready(flux)[0] == "False"
    flux.advance(11)
    assert ready(flux)[0] == "True"
    assert flux.find("configmaps", "b") is not None


def test_a_dependency_that_fails_holds_it_back(flux: Flux, project: Project) -> None:
    begun(flux, project)
    flux.kustomization("infra", path="./nope")
    flux.kustomization("app", path="./two", dependsOn=[{"name": "infra"}])
    assert ready(flux) == ("False", "DependencyNotReady", f"dependency '{SYSTEM}/infra' is not ready")


def test_a_dependency_at_an_older_revision_holds_it_back(flux: Flux, project: Project) -> None:
    begun(flux, project)
    flux.kustomization("app", path="./two", dependsOn=[{"name": "infra"}])
    flux.kustomization("infra", path="./one")
    flux.advance(31)
    assert ready(flux)[0] == "True"
    project.commit({"two/b.yaml": config_map("b", x="2")})
    flux.sync()  # of two that are woken, the older one is asked first
    assert ready(flux) == ("False", "DependencyNotReady", f"dependency '{SYSTEM}/infra' revision is not up to date")
    flux.advance(31)
    assert flux.get("configmaps", "b", "default")["data"] == {"x": "2"}


def test_a_dependency_that_was_ready_when_it_was_suspended_holds_nothing_back(flux: Flux, project: Project) -> None:
    begun(flux, project)
    flux.kustomization("infra", path="./one")
    flux.change(KS, "infra", {"suspend": True})
    assert ready(flux, "infra")[0] == "True"
    flux.kustomization("app", path="./two", dependsOn=[{"name": "infra"}])
    assert ready(flux)[0] == "True"


def test_revisions_are_compared_only_where_both_have_one_source(flux: Flux, project: Project) -> None:
    begun(flux, project)
    flux.repository(project.url, "other", interval="1h")
    flux.kustomization("infra", "other", path="./one")
    flux.kustomization("app", path="./two", dependsOn=[{"name": "infra"}])
    commit = project.commit({"two/b.yaml": config_map("b", x="2")})
    flux.sync()
    assert ready(flux) == ("True", "ReconciliationSucceeded", f"Applied revision: main@sha1:{commit}")
    assert flux.status(KS, "infra")["lastAppliedRevision"] != f"main@sha1:{commit}"


def test_a_dependency_can_be_in_another_namespace(flux: Flux, project: Project) -> None:
    begun(flux, project)
    flux.kustomization("app", path="./two", dependsOn=[{"name": "infra", "namespace": "default"}])
    assert ready(flux)[2].startswith("dependency 'default/infra' not found: ")
    source = {"kind": "GitRepository", "name": "app", "namespace": SYSTEM}
    spec = {"interval": "10m", "prune": True, "path": "./one", "sourceRef": source}
    flux.create("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "infra", spec, "default")
    flux.advance(31)
    assert ready(flux)[0] == "True"


@pytest.mark.parametrize(("spec", "goes_on"), [({}, True), ({"wait": True}, False)])
def test_a_dependency_is_healthy_only_where_it_waits_for_health(
    flux: Flux, project: Project, spec: dict[str, bool], goes_on: bool
) -> None:
    project.commit({"one/pod.yaml": NOWHERE, "two/b.yaml": config_map("b")})
    flux.repository(project.url)
    flux.kustomization("infra", path="./one", **spec)
    flux.kustomization("app", path="./two", dependsOn=[{"name": "infra"}])
    assert (ready(flux)[0] == "True") is goes_on
    assert (flux.find("configmaps", "b") is not None) is goes_on
