"""From a commit to running objects: comparing, syncing and telling work together."""

from __future__ import annotations

from argocd_cluster import Argo, config_map
from projects import Project

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
