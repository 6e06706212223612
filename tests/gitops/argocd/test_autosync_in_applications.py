"""Applications that sync by themselves. Cases: ``test/e2e/app_autosync_test.go`` of Argo CD, and others near it."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from argocd_cluster import Argo, config_map
from projects import Project

from gitopslab.gitops.argocd.kinds import APPLICATIONS, NAMESPACE

BAD = re.compile(
    r'error when patching "/dev/shm/\d+":  "" is invalid: patch: Invalid value: "": unrecognized type: int32'
)


def deployment(limit: object = 10, replicas: int = 0, extra: str = "") -> str:
    """A Deployment as YAML, of which a sync may be refused."""
    return f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
{extra}spec:
  replicas: {replicas}
  revisionHistoryLimit: {limit}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: web, image: nginx}}]}}
"""


def live_limit(argo: Argo) -> int:
    """``revisionHistoryLimit`` as it is."""
    found: int = argo.get("deployments.apps", "web", "default")["spec"]["revisionHistoryLimit"]
    return found


def drift(argo: Argo, limit: int = 0) -> None:
    """Change what is there."""
    argo.api.patch("deployments.apps", "web", {"spec": {"revisionHistoryLimit": limit}}, "default")
    argo.plane.settle()


def policy(**automated: Any) -> dict[str, Any]:
    """A policy that syncs by itself."""
    return {"automated": automated}


def test_without_self_heal_git_is_followed_and_drift_stays(argo: Argo, project: Project) -> None:
    project.commit({"web.yaml": deployment()})
    argo.application(project.url, syncPolicy=policy())
    assert argo.sync_status() == "Synced"
    project.commit({"web.yaml": deployment(1)})
    argo.refresh()
    assert (argo.sync_status(), live_limit(argo)) == ("Synced", 1)
    drift(argo)
    argo.refresh()
    argo.advance(60)
    assert (argo.sync_status(), live_limit(argo)) == ("OutOfSync", 0)


def test_with_self_heal_drift_is_put_right_by_a_partial_sync(argo: Argo, project: Project) -> None:
    project.commit({"web.yaml": deployment(), "a.yaml": config_map("a")})
    argo.application(project.url, syncPolicy=policy(selfHeal=True))
    drift(argo)
    assert (argo.sync_status(), live_limit(argo)) == ("Synced", 10)
    state = argo.status()["operationState"]
    assert state["operation"]["sync"]["resources"] == [{"group": "apps", "kind": "Deployment", "name": "web"}]
    assert state["operation"]["sync"]["autoHealAttemptsCount"] == 1
    assert len(argo.status()["history"]) == 1


def test_self_heal_runs_no_hook(argo: Argo, project: Project) -> None:
    hook = config_map("hook", annotations={"argocd.argoproj.io/hook": "PreSync"})
    project.commit({"web.yaml": deployment(), "hook.yaml": hook})
    argo.application(project.url, syncPolicy=policy(selfHeal=True))
    argo.advance(5)
    before = argo.get("configmaps", "hook", "default")["metadata"]["uid"]
    drift(argo)
    argo.advance(5)
    assert live_limit(argo) == 10
    assert argo.get("configmaps", "hook", "default")["metadata"]["uid"] == before


def test_a_commit_that_fails_is_tried_once_and_told_until_git_changes(argo: Argo, project: Project) -> None:
    project.commit({"web.yaml": deployment()})
    argo.application(project.url, syncPolicy=policy(selfHeal=True) | {"retry": {"limit": 0}})
    commit = project.commit({"web.yaml": deployment("badValue")})
    argo.refresh()
    assert (argo.operation() or ("",))[0] == "Failed"
    argo.refresh()
    assert argo.sync_status() == "OutOfSync"
    ((kind, message),) = argo.conditions()
    assert kind == "SyncError"
    why = message.removeprefix(f"Failed last sync attempt to [{commit}]: one or more objects failed to apply, reason: ")
    assert BAD.match(why)
    argo.advance(400)
    assert argo.status()["operationState"]["operation"]["sync"]["revision"] == commit
    project.commit({"web.yaml": deployment(1)})
    argo.refresh()
    assert (argo.operation() or ("",))[0] == "Succeeded"
    argo.refresh()
    assert (argo.sync_status(), argo.conditions(), live_limit(argo)) == ("Synced", [], 1)


def test_a_retry_that_refreshes_takes_the_newest_commit(argo: Argo, project: Project) -> None:
    backoff = {"duration": "1s", "factor": 1, "maxDuration": "1s"}
    retry = {"limit": -1, "refresh": True, "backoff": backoff}
    project.commit({"web.yaml": deployment()})
    argo.application(project.url, syncPolicy=policy() | {"retry": retry})
    project.commit({"web.yaml": deployment("badValue")})
    argo.refresh()
    argo.advance(5)
    assert (argo.operation() or ("",))[0] == "Running"
    assert argo.status()["operationState"]["retryCount"] >= 1
    assert argo.sync_status() == "OutOfSync"
    project.commit({"web.yaml": deployment(42)})
    argo.refresh()
    argo.advance(5)
    assert (argo.operation() or ("",))[0] == "Succeeded"
    assert (argo.sync_status(), live_limit(argo)) == ("Synced", 42)


def test_a_retry_without_refreshing_stays_with_its_commit(argo: Argo, project: Project) -> None:
    project.commit({"web.yaml": deployment("badValue")})
    argo.application(project.url, syncPolicy=policy() | {"retry": {"limit": 2, "backoff": {"duration": "1s"}}})
    project.commit({"web.yaml": deployment(42)})
    argo.advance(30)
    argo.refresh()
    argo.advance(5)
    assert [row["revision"] for row in argo.status()["history"]] == [project.head]


@pytest.mark.parametrize(("automated", "limit"), [({"enabled": False, "selfHeal": True}, 0), ({"selfHeal": True}, 10)])
def test_self_heal_can_be_switched_off(argo: Argo, project: Project, automated: dict[str, bool], limit: int) -> None:
    project.commit({"web.yaml": deployment()})
    argo.application(project.url)
    argo.sync()
    argo.change({"syncPolicy": policy(**automated)})
    drift(argo)
    argo.advance(10)
    assert live_limit(argo) == limit


def test_a_removed_policy_stops_it(argo: Argo, project: Project) -> None:
    project.commit({"web.yaml": deployment()})
    argo.application(project.url, syncPolicy=policy(selfHeal=True))
    argo.change({"syncPolicy": None})
    drift(argo)
    argo.advance(200)
    assert (argo.sync_status(), live_limit(argo)) == ("OutOfSync", 0)


def test_all_gone_from_git_is_refused_unless_that_is_allowed(argo: Argo, project: Project) -> None:
    project.commit({"web.yaml": deployment()})
    argo.application(project.url, syncPolicy=policy(prune=True))
    commit = project.commit({"web.yaml": None, "README.md": "nothing here"})
    argo.refresh()
    said = f"Skipping sync attempt to [{commit}]: auto-sync will wipe out all resources"
    assert argo.conditions() == [("SyncError", said)]
    assert argo.find("deployments.apps", "web")
    argo.change({"syncPolicy": policy(prune=True, allowEmpty=True)})
    argo.refresh()
    assert argo.find("deployments.apps", "web") is None


def test_a_window_of_the_project_holds_it_back(argo: Argo, project: Project) -> None:
    window = {"kind": "deny", "schedule": "0 0 * * *", "duration": "10m", "applications": ["*"]}
    argo.project("careful", syncWindows=[window])
    argo.advance(60)
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url, project="careful", syncPolicy=policy())
    argo.advance(300)
    assert argo.sync_status() == "OutOfSync"
    argo.advance(500)
    assert argo.sync_status() == "Synced"


def test_a_sync_by_hand_waits_for_the_window(argo: Argo, project: Project) -> None:
    window = {"kind": "deny", "schedule": "0 0 * * *", "duration": "10m", "applications": ["*"]}
    argo.project("careful", syncWindows=[window])
    argo.advance(60)
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url, project="careful")
    argo.sync()
    assert argo.operation() == ("Running", "Sync operation blocked by sync window")
    argo.advance(660)
    assert argo.operation() == ("Succeeded", "successfully synced (all tasks run)")


# -- other ways to sync -----------------------------------------------------------------------------------------------


def test_a_selection_leaves_the_rest_out_of_sync(argo: Argo, project: Project) -> None:
    project.commit({"web.yaml": deployment(), "a.yaml": config_map("a")})
    argo.application(project.url)
    argo.sync(resources=[{"kind": "ConfigMap", "name": "a"}])
    assert argo.operation() == ("Succeeded", "successfully synced (all tasks run)")
    assert argo.resources() == {"ConfigMap/a": "Synced", "Deployment/web": "OutOfSync"}


def test_a_rollback_brings_back_an_older_commit(argo: Argo, project: Project) -> None:
    old = project.commit({"web.yaml": deployment(1)})
    argo.application(project.url)
    argo.sync()
    project.commit({"web.yaml": deployment(2)})
    argo.sync()
    entry = argo.status()["history"][0]
    argo.sync(revision=entry["revision"], source=entry["source"], syncStrategy={"apply": {}})
    assert live_limit(argo) == 1
    assert [row["revision"] for row in argo.status()["history"]][2] == old
    assert argo.sync_status() == "OutOfSync"


def test_the_history_has_a_limit(argo: Argo, project: Project) -> None:
    project.commit({"web.yaml": deployment()})
    argo.application(project.url, revisionHistoryLimit=1)
    argo.sync()
    argo.sync()
    assert [row["id"] for row in argo.status()["history"]] == [1]


def test_what_is_to_be_confirmed_waits_in_a_sync_and_in_a_deletion(argo: Argo, project: Project) -> None:
    confirm = "  annotations: {argocd.argoproj.io/sync-options: Delete=confirm}\n"
    project.commit({"web.yaml": deployment(extra=confirm)})
    finalizer = {"finalizers": ["resources-finalizer.argocd.argoproj.io"]}
    argo.application(project.url, metadata=finalizer)
    argo.sync()
    (row,) = argo.status()["resources"]
    assert row["requiresDeletionConfirmation"] is True
    argo.api.delete(APPLICATIONS, "app", NAMESPACE)
    argo.advance(20)
    assert argo.find("deployments.apps", "web")
    approved = {"argocd.argoproj.io/deletion-approved": "2030-01-01T00:00:00Z"}
    argo.api.patch(APPLICATIONS, "app", {"metadata": {"annotations": approved}}, NAMESPACE)
    argo.advance(20)
    assert argo.find("deployments.apps", "web") is None
    assert argo.find(APPLICATIONS, "app", NAMESPACE) is None


def test_a_namespace_that_was_made_stays_when_the_application_goes(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    place = {"server": "https://kubernetes.default.svc", "namespace": "team"}
    finalizer = {"finalizers": ["resources-finalizer.argocd.argoproj.io"]}
    options = {"syncOptions": ["CreateNamespace=true"]}
    argo.application(project.url, destination=place, syncPolicy=options | policy(), metadata=finalizer)
    argo.advance(5)
    assert (argo.sync_status(), argo.resources()) == ("Synced", {"ConfigMap/a": "Synced"})
    argo.api.delete(APPLICATIONS, "app", NAMESPACE)
    argo.advance(20)
    assert argo.find(APPLICATIONS, "app", NAMESPACE) is None
    assert argo.find("namespaces", "team", "")
    assert argo.find("configmaps", "a", "team") is None


def test_what_is_skipped_is_no_difference(argo: Argo, project: Project) -> None:
    project.commit({"web.yaml": deployment()})
    argo.application(project.url, syncPolicy=policy(selfHeal=True))
    skip = "  annotations: {argocd.argoproj.io/hook: Skip}\n"
    project.commit({"web.yaml": deployment(5, extra=skip)})
    argo.refresh()
    assert (argo.sync_status(), live_limit(argo)) == ("Synced", 10)


def test_several_sources_are_one_application(argo: Argo, project: Project) -> None:
    project.commit({"one/a.yaml": config_map("a"), "two/b.yaml": config_map("b")})
    sources = [{"repoURL": project.url, "path": path, "targetRevision": "main"} for path in ("one", "two")]
    argo.application(project.url, sources=sources, syncPolicy=policy(prune=True))
    assert argo.resources() == {"ConfigMap/a": "Synced", "ConfigMap/b": "Synced"}
    assert argo.status()["sync"]["revisions"] == [project.head, project.head]
    (entry,) = argo.status()["history"]
    assert (entry["sources"], entry["revisions"]) == (sources, [project.head, project.head])
    commit = project.commit({"two/b.yaml": None, "two/c.yaml": config_map("c")})
    argo.refresh()
    assert argo.resources() == {"ConfigMap/a": "Synced", "ConfigMap/c": "Synced"}
    assert argo.status()["history"][1]["revisions"] == [commit, commit]


CUP = "apiVersion: example.com/v1\nkind: Cup\nmetadata: {name: mine}\n"
CUPS = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: cups.example.com}
spec:
  group: example.com
  names: {kind: Cup, plural: cups}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""


def test_a_kind_that_comes_later_is_found_by_a_retry(argo: Argo, project: Project) -> None:
    project.commit({"cup.yaml": CUP, "a.yaml": config_map("a")})
    argo.application(project.url, syncPolicy=policy() | {"retry": {"limit": -1, "backoff": {"duration": "5s"}}})
    phase, message = argo.operation() or ("", "")
    assert phase == "Running"
    assert message.startswith(
        "one or more synchronization tasks are not valid: failed to discover server resources for group version "
        "example.com/v1: the server could not find the requested resource"
    )
    assert argo.find("configmaps", "a") is None
    argo.api.create(yaml.safe_load(CUPS))
    argo.advance(60)
    assert argo.operation() == ("Succeeded", "successfully synced (all tasks run)")
    assert argo.resources() == {"ConfigMap/a": "Synced", "Cup/mine": "Synced"}


def test_a_kind_and_an_object_of_it_come_in_one_commit(argo: Argo, project: Project) -> None:
    project.commit({"cup.yaml": CUP, "cups.yaml": CUPS})
    argo.application(project.url, syncPolicy=policy(prune=True))
    argo.advance(5)
    assert argo.operation() == ("Succeeded", "successfully synced (all tasks run)")
    assert argo.resources() == {"CustomResourceDefinition/cups.example.com": "Synced", "Cup/mine": "Synced"}


def test_a_namespace_that_comes_later_is_found_by_a_retry(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    place = {"server": "https://kubernetes.default.svc", "namespace": "team"}
    argo.application(project.url, destination=place, syncPolicy=policy())
    assert 'reason: namespaces "team" not found. Retrying attempt #1' in (argo.operation() or ("", ""))[1]
    argo.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}})
    argo.advance(30)
    assert argo.operation() == ("Succeeded", "successfully synced (all tasks run)")


def test_an_application_of_applications(argo: Argo, project: Project) -> None:
    child = f"""apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: child
  namespace: argocd
  finalizers: [resources-finalizer.argocd.argoproj.io]
spec:
  project: default
  source: {{repoURL: {project.url}, path: web, targetRevision: main}}
  destination: {{server: https://kubernetes.default.svc, namespace: default}}
  syncPolicy: {{automated: {{prune: true, selfHeal: true}}}}
"""
    project.commit({"apps/child.yaml": child, "web/a.yaml": config_map("a", x="1")})
    argo.application(
        project.url, source={"path": "apps"}, syncPolicy=policy(prune=True, selfHeal=True, allowEmpty=True)
    )
    argo.advance(5)
    assert (argo.sync_status(), argo.sync_status("child")) == ("Synced", "Synced")
    assert argo.status()["summary"].get("isAppOfApps", True)
    project.commit({"web/a.yaml": config_map("a", x="2")})
    argo.refresh("child")
    argo.advance(5)
    assert argo.get("configmaps", "a", "default")["data"] == {"x": "2"}
    assert argo.status()["operationState"]["operation"]["sync"].get("autoHealAttemptsCount") is None
    project.commit({"apps/child.yaml": None, "apps/README.md": "none"})
    argo.refresh()
    argo.advance(20)
    assert argo.find(APPLICATIONS, "child", NAMESPACE) is None
    assert argo.find("configmaps", "a") is None
    assert argo.sync_status() == "Synced"
