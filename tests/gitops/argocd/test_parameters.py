"""``argocd-cmd-params-cm``: health in Applications, and Applications in other namespaces than Argo CD's own."""

from __future__ import annotations

import pytest
from argocd_cluster import Argo, config_map
from projects import Project

from gitopslab.gitops.argocd.kinds import APPLICATIONS, IN_CLUSTER, NAMESPACE, SKIP_RECONCILE, TRACKING_ID
from gitopslab.machinery.objects import Object

_CLAIM = """apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: disk
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: nobody
  resources: {requests: {storage: 1Gi}}
"""
_HIDDEN = {"argocd.argoproj.io/ignore-healthcheck": "true"}


def set_parameters(argo: Argo, **data: str) -> None:
    """Have ``argocd-cmd-params-cm`` say this, with dots where names have two underscores."""
    metadata = {"name": "argocd-cmd-params-cm", "namespace": NAMESPACE}
    named = {key.replace("__", "."): value for key, value in data.items()}
    argo.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": named})
    argo.plane.settle()


def test_health_of_resources_is_kept_in_the_application_when_that_is_asked_for(argo: Argo, project: Project) -> None:
    project.commit({"c.yaml": _CLAIM, "s.yaml": _service("web"), "m.yaml": config_map("m")})
    argo.application(project.url)
    argo.sync()
    assert argo.status()["resourceHealthSource"] == "appTree"
    set_parameters(argo, controller__resource__health__persist="true")
    status = argo.status()
    assert "resourceHealthSource" not in status
    health = {row["name"]: row.get("health") for row in status["resources"]}
    assert health == {"disk": {"status": "Progressing"}, "web": {"status": "Healthy"}, "m": None}


def test_what_is_missing_and_what_hides_its_health_in_an_application_that_keeps_it(
    argo: Argo, project: Project
) -> None:
    set_parameters(argo, controller__resource__health__persist="true")
    project.commit({"s.yaml": _service("web", _HIDDEN), "m.yaml": config_map("m")})
    argo.application(project.url)
    assert {row["name"]: row["health"]["status"] for row in argo.status()["resources"]} == {
        "web": "Missing",
        "m": "Missing",
    }
    argo.sync()
    assert [row.get("health") for row in argo.status()["resources"]] == [None, None]


def test_an_application_elsewhere_is_looked_at_only_where_argo_cd_is_told_to(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.project("teams", sourceNamespaces=["team-*"])
    elsewhere(argo, project, "team-a", "teams")
    assert "status" not in argo.get(namespace="team-a")
    set_parameters(argo, application__namespaces="other, team-*")
    assert argo.get(namespace="team-a")["status"]["sync"]["status"] == "OutOfSync"
    argo.api.patch(APPLICATIONS, "app", {"operation": {"sync": {}}}, "team-a")
    argo.plane.settle()
    assert argo.get(namespace="team-a")["status"]["sync"]["status"] == "Synced"
    made = argo.get("configmaps", "a", "default")
    assert made["metadata"]["annotations"][TRACKING_ID] == "team-a_app:/ConfigMap:default/a"


@pytest.mark.parametrize("pattern", ["/^team-[ab]$/", "team-a", "{team-a,x}"])
def test_patterns_of_namespaces_are_globs_and_regular_expressions(argo: Argo, project: Project, pattern: str) -> None:
    set_parameters(argo, application__namespaces="team-*")
    argo.project("teams", sourceNamespaces=[pattern])
    for namespace in ("team-a", "team-c"):
        elsewhere(argo, project, namespace, "teams")
    said = {
        namespace: [row["message"] for row in argo.get(namespace=namespace)["status"]["conditions"]]
        for namespace in ("team-a", "team-c")
    }
    refused = "application 'app' in namespace 'team-c' is not permitted to use project 'teams'"
    assert refused not in said["team-a"]
    assert said["team-c"] == [refused]


def test_an_application_elsewhere_may_not_use_a_project_that_does_not_name_its_namespace(
    argo: Argo, project: Project
) -> None:
    project.commit({"a.yaml": config_map("a")})
    set_parameters(argo, application__namespaces="team-a")
    elsewhere(argo, project, "team-a", "default")
    status = argo.get(namespace="team-a")["status"]
    refused = "application 'app' in namespace 'team-a' is not permitted to use project 'default'"
    assert [(row["type"], row["message"]) for row in status["conditions"]] == [("UnknownError", refused)]
    assert (status["sync"]["status"], status["health"]["status"]) == ("Unknown", "Unknown")
    argo.api.patch(APPLICATIONS, "app", {"operation": {"sync": {}}}, "team-a")
    argo.plane.settle()
    state = argo.get(namespace="team-a")["status"]["operationState"]
    assert (state["phase"], state["message"]) == ("Error", f"Failed to load application project: {refused}")


@pytest.mark.parametrize(("text", "skipped"), [("1", True), ("True", True), ("yes", False), ("false", False)])
def test_what_counts_as_true_for_an_application_to_be_skipped(
    argo: Argo, project: Project, text: str, skipped: bool
) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url, metadata={"annotations": {SKIP_RECONCILE: text}})
    assert ("status" not in argo.get()) is skipped


def test_a_sync_of_a_project_that_is_not_there(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url, project="nobody")
    argo.sync()
    why = 'error getting app project "nobody": appproject.argoproj.io "nobody" not found'
    assert argo.operation() == ("Error", f"Failed to load application project: {why}")


def elsewhere(argo: Argo, project: Project, namespace: str, name: str) -> None:
    """Create an Application of a project in a namespace of its own."""
    argo.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    spec = {
        "project": name,
        "source": {"repoURL": project.url, "path": ".", "targetRevision": "main"},
        "destination": {"server": IN_CLUSTER, "namespace": "default"},
    }
    argo.create("Application", "app", spec, {"namespace": namespace})


def _service(name: str, annotations: Object | None = None) -> str:
    notes = "".join(f'    {key}: "{value}"\n' for key, value in (annotations or {}).items())
    noted = f"  annotations:\n{notes}" if notes else ""
    return f"apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n{noted}spec:\n  ports: [{{port: 80}}]\n"
