"""When an Application is compared again."""

from __future__ import annotations

from argocd_cluster import Argo, config_map
from projects import Project

from gitopslab.gitops.argocd.kinds import APP_PROJECTS, APPLICATIONS, NAMESPACE, REFRESH, SKIP_RECONCILE


def test_the_annotation_asks_for_it_and_is_taken_away(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url)
    commit = project.commit({"b.yaml": config_map("b")})
    argo.plane.settle()
    assert argo.resources() == {"ConfigMap/a": "OutOfSync"}
    argo.refresh()
    assert argo.resources() == {"ConfigMap/a": "OutOfSync", "ConfigMap/b": "OutOfSync"}
    assert argo.status()["sync"]["revision"] == commit
    assert REFRESH not in (argo.get()["metadata"].get("annotations") or {})


def test_a_new_commit_is_seen_after_two_to_three_minutes(argo: Argo, project: Project) -> None:
    first = project.commit({"a.yaml": config_map("a")})
    argo.application(project.url)
    second = project.commit({"b.yaml": config_map("b")})
    argo.advance(119)
    assert argo.status()["sync"]["revision"] == first
    argo.advance(62)
    assert argo.status()["sync"]["revision"] == second


def test_nothing_is_written_between_two_looks(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url)
    before = argo.get()["metadata"]["resourceVersion"]
    argo.advance(100)
    assert argo.get()["metadata"]["resourceVersion"] == before
    assert argo.status()["reconciledAt"] == "2026-01-01T00:00:00Z"
    argo.advance(90)
    assert argo.status()["reconciledAt"] > "2026-01-01T00:02:00Z"


def test_a_changed_source_is_looked_at_at_once(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a"), "more/b.yaml": config_map("b")})
    argo.application(project.url)
    argo.change({"source": {"path": "more"}})
    assert argo.resources() == {"ConfigMap/b": "OutOfSync"}
    assert argo.status()["sync"]["comparedTo"]["source"]["path"] == "more"


def test_a_changed_destination_is_looked_at_at_once(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url)
    argo.change({"destination": {"namespace": "elsewhere"}})
    assert argo.status()["resources"][0]["namespace"] == "elsewhere"


def test_a_project_that_changes_counts_from_the_next_look(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.project("team")
    argo.application(project.url, project="team")
    argo.api.patch(APP_PROJECTS, "team", {"spec": {"sourceRepos": ["http://elsewhere/*"]}}, NAMESPACE)
    argo.plane.settle()
    assert argo.conditions() == []
    argo.advance(180)
    assert [kind for kind, _ in argo.conditions()] == ["InvalidSpecError"]


def test_an_application_that_loses_its_project_says_so_at_once_and_nothing_else(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url)
    argo.change({"project": "gone"})
    assert argo.conditions() == [("InvalidSpecError", "Application referencing project gone which does not exist")]
    assert (argo.sync_status(), argo.health()) == ("OutOfSync", "Missing")
    argo.change({"project": "default"})
    argo.refresh()
    assert argo.conditions() == []


def test_a_project_that_forbids_and_permits_again(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.project("team")
    argo.application(project.url, project="team")
    argo.api.patch(APP_PROJECTS, "team", {"spec": {"sourceRepos": ["http://elsewhere/*"]}}, NAMESPACE)
    argo.refresh()
    message = f"application repo {project.url} is not permitted in project 'team'"
    assert argo.conditions() == [("InvalidSpecError", message)]
    assert (argo.sync_status(), argo.health()) == ("Unknown", "Unknown")
    argo.api.patch(APP_PROJECTS, "team", {"spec": {"sourceRepos": ["*"]}}, NAMESPACE)
    argo.refresh()
    assert argo.conditions() == []
    assert (argo.sync_status(), argo.health()) == ("OutOfSync", "Missing")


def test_an_application_that_is_skipped_stays_as_it_is(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url)
    annotated = {"metadata": {"annotations": {SKIP_RECONCILE: "true"}}}
    argo.api.patch(APPLICATIONS, "app", annotated, NAMESPACE)
    project.commit({"b.yaml": config_map("b")})
    argo.refresh()
    assert argo.resources() == {"ConfigMap/a": "OutOfSync"}
    assert argo.get()["metadata"]["annotations"][REFRESH] == "normal"


def test_a_project_that_is_not_there(argo: Argo, project: Project) -> None:
    argo.application(project.url, project="nobody")
    message = "Application referencing project nobody which does not exist"
    assert argo.conditions() == [("InvalidSpecError", message)]


def test_the_same_condition_keeps_its_time(argo: Argo, project: Project) -> None:
    argo.application(project.url, project="nobody")
    before = argo.status()["conditions"]
    argo.advance(400)
    argo.refresh()
    assert argo.status()["conditions"] == before


def test_how_often_git_is_looked_at_can_be_set(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    data = {"timeout.reconciliation": "15s", "timeout.reconciliation.jitter": "0s"}
    name = {"name": "argocd-cm", "namespace": NAMESPACE}
    argo.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": name, "data": data})
    argo.application(project.url)
    second = project.commit({"b.yaml": config_map("b")})
    argo.advance(16)
    assert argo.status()["sync"]["revision"] == second
    argo.api.patch("configmaps", "argocd-cm", {"data": {"timeout.reconciliation": "0s"}}, NAMESPACE)
    argo.plane.settle()
    project.commit({"c.yaml": config_map("c")})
    argo.advance(10_000)
    assert argo.status()["sync"]["revision"] == second
