"""From a commit to running objects: comparing, syncing and telling work together."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from argocd_cluster import Argo, config_map
from projects import Project
from standin_tools import real

from gitopslab.gitops.argocd.kinds import APPLICATIONS, NAMESPACE, RESOURCES_FINALIZER, TRACKING_ID

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: %d
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: nginx, ports: [{containerPort: 80}], resources: {requests: {cpu: 1000m}}}
"""


def automated(**policy: bool) -> dict[str, dict[str, bool]]:
    """A sync policy that syncs by itself."""
    return {"automated": policy}


def test_a_sync_makes_an_application_synced_and_is_written_down(argo: Argo, project: Project) -> None:
    commit = project.commit({"a.yaml": config_map("a", x="1")})
    argo.application(project.url)
    argo.sync()
    assert argo.operation() == ("Succeeded", "successfully synced (all tasks run)")
    assert (argo.sync_status(), argo.health()) == ("Synced", "Healthy")
    assert "operation" not in argo.get()
    live = argo.get("configmaps", "a", "default")
    assert live["data"] == {"x": "1"}
    assert live["metadata"]["annotations"][TRACKING_ID] == "app:/ConfigMap:default/a"
    (entry,) = argo.status()["history"]
    assert (entry["id"], entry["revision"]) == (0, commit)
    assert ("Normal", "OperationCompleted", f"Sync operation to {commit} succeeded") in argo.events()


def test_a_commit_is_deployed_by_itself_within_three_minutes(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", x="1")})
    argo.application(project.url, syncPolicy=automated())
    assert argo.sync_status() == "Synced"
    commit = project.commit({"a.yaml": config_map("a", x="2")})
    argo.advance(181)
    assert argo.get("configmaps", "a", "default")["data"] == {"x": "2"}
    assert argo.status()["sync"]["revision"] == commit
    assert ("Normal", "OperationStarted", f"Initiated automated sync to '{commit}'") in argo.events()


def test_what_left_git_is_pruned_only_when_that_is_asked_for(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a"), "b.yaml": config_map("b")})
    argo.application(project.url, syncPolicy=automated())
    project.commit({"b.yaml": None})
    argo.refresh()
    assert argo.resources() == {"ConfigMap/a": "Synced", "ConfigMap/b": "OutOfSync"}
    argo.change({"syncPolicy": automated(prune=True)})
    argo.refresh()
    assert argo.resources() == {"ConfigMap/a": "Synced"}
    assert argo.find("configmaps", "b") is None


def test_drift_is_healed_at_once_and_then_later_and_later(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", x="1")})
    argo.application(project.url, syncPolicy=automated(selfHeal=True))
    for wait in (0.0, 3.0, 8.0):
        argo.api.patch("configmaps", "a", {"data": {"x": "drift"}}, "default")
        argo.plane.settle()
        argo.advance(wait)
        assert argo.get("configmaps", "a", "default")["data"] == {"x": "1"}, wait
    assert argo.sync_status() == "Synced"
    assert len(argo.status()["history"]) == 1


def test_a_deployment_with_defaults_is_synced_and_becomes_healthy(argo: Argo, project: Project) -> None:
    project.commit({"web.yaml": DEPLOYMENT % 0})
    argo.application(project.url)
    argo.sync()
    assert argo.resources() == {"Deployment/web": "Synced"}
    assert argo.health() == "Healthy"


def test_a_scaled_deployment_is_out_of_sync(argo: Argo, project: Project) -> None:
    project.commit({"web.yaml": DEPLOYMENT % 0})
    argo.application(project.url)
    argo.sync()
    argo.api.patch("deployments.apps", "web", {"spec": {"replicas": 1}}, "default")
    argo.plane.settle()
    assert argo.resources() == {"Deployment/web": "OutOfSync"}


def test_deleting_an_application_with_the_finalizer_takes_its_objects_along(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a"), "b.yaml": config_map("b")})
    argo.application(project.url, metadata={"finalizers": [RESOURCES_FINALIZER]})
    argo.sync()
    argo.api.delete(APPLICATIONS, "app", NAMESPACE)
    argo.advance(10)
    assert argo.find("configmaps", "a") is None
    assert argo.find(APPLICATIONS, "app", NAMESPACE) is None


def test_deleting_an_application_without_the_finalizer_leaves_its_objects(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url)
    argo.sync()
    argo.api.delete(APPLICATIONS, "app", NAMESPACE)
    argo.advance(10)
    assert argo.find(APPLICATIONS, "app", NAMESPACE) is None
    assert argo.find("configmaps", "a") is not None


def test_several_sources_are_one_application(argo: Argo, project: Project) -> None:
    commit = project.commit({"one/a.yaml": config_map("a"), "two/b.yaml": config_map("b")})
    common = {"repoURL": project.url, "targetRevision": "main"}
    sources = [{**common, "path": "one"}, {**common, "path": "two"}]
    spec = {"project": "default", "sources": sources, "destination": {"name": "in-cluster", "namespace": "default"}}
    argo.create("Application", "app", spec | {"syncPolicy": automated(selfHeal=True)})
    status = argo.status()
    assert argo.resources() == {"ConfigMap/a": "Synced", "ConfigMap/b": "Synced"}
    assert (status["sync"]["revisions"], status["sourceTypes"]) == ([commit] * 2, ["Directory"] * 2)
    (entry,) = status["history"]
    assert (entry["sources"], entry["revisions"]) == (sources, [commit] * 2)
    argo.api.patch("configmaps", "b", {"data": {"x": "y"}}, "default")
    argo.plane.settle()
    project.commit({"two/b.yaml": config_map("b", x="1"), "one/a.yaml": None, "one/c.yaml": config_map("c")})
    argo.refresh()
    assert argo.resources() == {"ConfigMap/a": "OutOfSync", "ConfigMap/b": "Synced", "ConfigMap/c": "Synced"}


def test_a_failing_source_is_told_by_its_number(argo: Argo, project: Project) -> None:
    project.commit({"one/a.yaml": config_map("a")})
    common = {"repoURL": project.url, "targetRevision": "main"}
    sources = [{**common, "path": "one"}, {**common, "path": "two"}]
    spec = {"project": "default", "sources": sources, "destination": {"name": "in-cluster", "namespace": "default"}}
    argo.create("Application", "app", spec)
    ((_, message),) = argo.conditions()
    assert message.endswith("source 2 of 2: rpc error: code = Unknown desc = two: app path does not exist")


def test_an_application_of_applications(argo: Argo, project: Project) -> None:
    child = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: child, namespace: argocd}\nspec:\n"
        "  project: default\n  destination: {name: in-cluster, namespace: default}\n  syncPolicy: {automated: {}}\n"
        f"  source: {{repoURL: '{project.url}', path: web, targetRevision: main}}\n"
    )
    project.commit({"apps/child.yaml": child, "web/a.yaml": config_map("a")})
    argo.application(project.url, "parent", source={"path": "apps"}, syncPolicy=automated(prune=True, selfHeal=True))
    assert argo.resources("parent") == {"Application/child": "Synced"}
    assert argo.status("parent")["summary"]["isAppOfApps"] is True
    assert argo.resources("child") == {"ConfigMap/a": "Synced"}
    assert (argo.health("parent"), argo.sync_status("child")) == ("Healthy", "Synced")


MIGRATION = """apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations: {argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/hook-delete-policy: HookSucceeded}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: busybox, command: [sh, -c, "exit 0"]}]
"""


def test_a_hook_comes_before_the_waves_and_goes_after_them(argo: Argo, project: Project) -> None:
    wave = {"argocd.argoproj.io/sync-wave": "1"}
    files = {"migrate.yaml": MIGRATION, "web.yaml": DEPLOYMENT % 1, "last.yaml": config_map("last", annotations=wave)}
    project.commit(files)
    argo.application(project.url)
    argo.sync()
    assert argo.find("deployments.apps", "web") is None
    assert argo.status()["operationState"]["phase"] == "Running"
    argo.advance(120)
    assert argo.operation() == ("Succeeded", "successfully synced (all tasks run)")
    rows = argo.status()["operationState"]["syncResult"]["resources"]
    assert [(row["kind"], row["syncPhase"]) for row in rows] == [
        ("Job", "PreSync"), ("Deployment", "Sync"), ("ConfigMap", "Sync"),
    ]  # fmt: skip
    assert argo.find("jobs.batch", "migrate") is None
    assert (argo.sync_status(), argo.health()) == ("Synced", "Healthy")
    assert argo.status()["summary"]["images"] == ["nginx"]


def test_a_chart_takes_values_of_another_source(argo: Argo, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(real('helm')).parent}{os.pathsep}{os.environ['PATH']}")
    template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {word: {{ .Values.word }}}\n"
    project.commit({
        "chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.2.3\n", "chart/templates/c.yaml": template,
        "prod/values.yaml": "word: hello\n",
    })  # fmt: skip
    common = {"repoURL": project.url, "targetRevision": "main"}
    sources = [
        {**common, "path": "chart", "helm": {"valueFiles": ["$values/prod/values.yaml"]}},
        {**common, "ref": "values"},
    ]
    spec = {"project": "default", "sources": sources, "destination": {"name": "in-cluster", "namespace": "default"}}
    argo.create("Application", "app", spec | {"syncPolicy": automated()})
    assert argo.get("configmaps", "c", "default")["data"] == {"word": "hello"}
    project.commit({"prod/values.yaml": "word: again\n"})
    argo.refresh()
    assert argo.get("configmaps", "c", "default")["data"] == {"word": "again"}
