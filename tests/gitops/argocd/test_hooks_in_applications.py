"""Hooks of Applications, with pods that really succeed or fail. Cases: ``test/e2e/hook_test.go`` of Argo CD."""

from __future__ import annotations

import pytest
from argocd_cluster import Argo, config_map
from projects import Project

from gitopslab.gitops.argocd.kinds import APP_PROJECTS, APPLICATIONS, HOOK_FINALIZER, NAMESPACE, RESOURCES_FINALIZER
from gitopslab.machinery.objects import Object

IMAGE = "quay.io/argoprojlabs/argocd-e2e-container:0.1"
FAILED = 'container "main" failed with exit code 1'

_NO_PROJECT = 'error getting app project "careful": appproject.argoproj.io "careful" not found'


def pod(name: str, hook: str = "", policy: str = "", command: str = "true", named: str = "name") -> str:
    """A pod as YAML, which runs a command and ends."""
    notes = {"argocd.argoproj.io/hook": hook, "argocd.argoproj.io/hook-delete-policy": policy}
    lines = "".join(f"    {key}: {value}\n" for key, value in notes.items() if value)
    noted = f"  annotations:\n{lines}" if lines else ""
    return f"""apiVersion: v1
kind: Pod
metadata:
  {named}: {name}
{noted}spec:
  restartPolicy: Never
  containers:
  - name: main
    image: {IMAGE}
    command: {command.split()}
"""


def synced(argo: Argo, project: Project, **files: str) -> tuple[str, str]:
    """Commit files, sync them, and wait; phase and message."""
    project.commit({f"{name}.yaml": text for name, text in files.items()})
    argo.application(project.url)
    argo.sync()
    argo.advance(30)
    found = argo.operation()
    assert found is not None
    return found


def results(argo: Argo) -> dict[str, tuple[str, str]]:
    """Hook phase and message of each object of the last sync."""
    rows = argo.status()["operationState"]["syncResult"]["resources"]
    return {row["name"]: (row.get("hookPhase", ""), row.get("message", "")) for row in rows}


def finalizers(obj: Object | None) -> list[str]:
    """The finalizers of an object that is there."""
    assert obj is not None
    found: list[str] = obj["metadata"].get("finalizers") or []
    return found


@pytest.mark.parametrize("phase", ["PreSync", "Sync", "PostSync"])
def test_a_hook_that_succeeds(argo: Argo, project: Project, phase: str) -> None:
    assert synced(argo, project, pod=pod("pod"), hook=pod("hook", phase))[0] == "Succeeded"
    assert argo.sync_status() == "Synced"
    assert results(argo)["hook"] == ("Succeeded", "pod/hook created")
    assert argo.resources()["Pod/pod"] == "Synced"
    assert HOOK_FINALIZER not in finalizers(argo.find("pods", "hook"))


def test_a_hook_that_fails_before_the_sync(argo: Argo, project: Project) -> None:
    assert synced(argo, project, pod=pod("pod"), hook=pod("hook", "PreSync", command="false"))[0] == "Failed"
    assert argo.sync_status() == "OutOfSync"
    assert results(argo) == {"hook": ("Failed", FAILED)}
    assert argo.find("pods", "pod") is None
    assert HOOK_FINALIZER not in finalizers(argo.find("pods", "hook"))


@pytest.mark.parametrize("phase", ["Sync", "PostSync"])
def test_a_hook_that_fails_later_leaves_what_was_synced(argo: Argo, project: Project, phase: str) -> None:
    assert synced(argo, project, pod=pod("pod"), hook=pod("hook", phase, command="false"))[0] == "Failed"
    assert argo.sync_status() == "Synced"
    assert results(argo)["hook"] == ("Failed", FAILED)


def test_a_pod_that_fails_lets_no_later_hook_run(argo: Argo, project: Project) -> None:
    phase, _ = synced(argo, project, pod=pod("pod", command="false"), hook=pod("hook", "PostSync"))
    assert phase == "Failed"
    assert argo.sync_status() == "Synced"
    assert argo.health() == "Degraded"
    assert argo.find("pods", "hook") is None


def test_hooks_of_a_failure_run_whether_they_succeed_or_fail(argo: Argo, project: Project) -> None:
    phase, message = synced(
        argo,
        project,
        pod=pod("pod"),
        hook=pod("hook", "PostSync", command="false"),
        good=pod("good", "SyncFail"),
        bad=pod("bad", "SyncFail", command="false"),
    )
    assert (phase, message) == ("Failed", "one or more synchronization tasks completed unsuccessfully")
    assert results(argo)["good"] == ("Succeeded", "pod/good created")
    assert results(argo)["bad"] == ("Failed", FAILED)


@pytest.mark.parametrize(
    ("policy", "command", "left"),
    [
        ("HookSucceeded", "true", False),
        ("HookSucceeded", "false", True),
        ("HookFailed", "true", True),
        ("HookFailed", "false", False),
    ],
)
def test_a_hook_is_deleted_by_its_policy(argo: Argo, project: Project, policy: str, command: str, left: bool) -> None:
    synced(argo, project, pod=pod("pod"), hook=pod("hook", "Sync", policy, command))
    assert (argo.find("pods", "hook") is not None) is left


def test_a_hook_runs_anew_with_each_sync(argo: Argo, project: Project) -> None:
    synced(argo, project, pod=pod("pod"), hook=pod("hook", "Sync"))
    before = argo.get("pods", "hook", "default")["metadata"]["uid"]
    argo.sync()
    argo.advance(30)
    assert argo.operation() == ("Succeeded", "successfully synced (no more tasks)")
    assert argo.get("pods", "hook", "default")["metadata"]["uid"] != before


def test_what_is_skipped_is_never_there(argo: Argo, project: Project) -> None:
    assert synced(argo, project, pod=pod("pod", "Skip"), hook=pod("hook", "Sync"))[0] == "Succeeded"
    assert list(results(argo)) == ["hook"]
    assert argo.sync_status() == "Synced"


def test_hooks_without_a_name_get_one_for_each_phase(argo: Argo, project: Project) -> None:
    hook = pod("hook-", "PreSync,PostSync", named="generateName")
    assert synced(argo, project, pod=pod("pod"), hook=hook)[0] == "Succeeded"
    before, own, after = results(argo)
    assert (own, before.startswith("hook-"), after.startswith("hook-")) == ("pod", True, True)
    assert "presync" in before
    assert "postsync" in after


def test_hooks_do_not_count_in_status_and_health(argo: Argo, project: Project) -> None:
    synced(argo, project, a=config_map("a"), hook=pod("hook", "PostSync", command="false"))
    assert (argo.sync_status(), argo.health()) == ("Synced", "Healthy")
    (there,) = [each for each in argo.status()["resources"] if each.get("hook")]
    assert (there["name"], there.get("status"), there["requiresPruning"]) == ("hook", None, True)


def test_while_a_hook_runs_the_status_is_told_all_the_same(argo: Argo, project: Project) -> None:
    project.commit({"pod.yaml": pod("pod"), "hook.yaml": pod("hook", "PostSync", command="sleep 600")})
    argo.application(project.url)
    argo.sync()
    argo.advance(30)
    assert argo.operation() == ("Running", "waiting for completion of hook /Pod/hook")
    assert (argo.sync_status(), argo.health()) == ("Synced", "Healthy")


def test_a_sync_is_terminated(argo: Argo, project: Project) -> None:
    project.commit({"pod.yaml": pod("pod"), "hook.yaml": pod("hook", "PreSync", command="sleep 600")})
    argo.application(project.url)
    argo.sync()
    argo.advance(30)
    argo.api.patch(APPLICATIONS, "app", {"status": {"operationState": {"phase": "Terminating"}}}, NAMESPACE)
    argo.advance(60)
    assert argo.operation() == ("Failed", "Operation terminated")
    assert results(argo) == {"hook": ("Failed", "Terminated")}
    assert argo.find("pods", "hook") is None


def test_a_retry_is_counted(argo: Argo, project: Project) -> None:
    project.commit({"pod.yaml": pod("pod"), "hook.yaml": pod("hook", "PreSync", command="false")})
    argo.application(project.url)
    retry = {"limit": 1, "backoff": {"duration": "1s"}}
    argo.api.patch(APPLICATIONS, "app", {"operation": {"sync": {}, "retry": retry}}, NAMESPACE)
    argo.advance(120)
    phase, message = argo.operation() or ("", "")
    assert phase == "Failed"
    assert message.endswith("(retried 1 times).")


# -- the end of an Application ----------------------------------------------------------------------------------------


def _deleted(argo: Argo, project: Project, **files: str) -> None:
    project.commit({f"{name}.yaml": text for name, text in files.items()})
    argo.application(project.url, metadata={"finalizers": [RESOURCES_FINALIZER]})
    argo.sync()
    argo.advance(5)
    argo.api.delete(APPLICATIONS, "app", NAMESPACE)
    argo.plane.settle()


def test_a_hook_runs_before_an_application_is_deleted(argo: Argo, project: Project) -> None:
    _deleted(argo, project, a=config_map("a"), hook=pod("hook", "PreDelete", command="sleep 3"))
    assert argo.find("pods", "hook") is not None
    assert argo.find("configmaps", "a") is not None
    argo.advance(120)
    assert argo.find(APPLICATIONS, "app", NAMESPACE) is None
    assert argo.find("configmaps", "a") is None
    assert argo.find("pods", "hook") is None


def test_a_hook_that_fails_holds_the_deletion_until_it_is_mended(argo: Argo, project: Project) -> None:
    _deleted(argo, project, a=config_map("a"), hook=pod("hook", "PreDelete", command="false"))
    argo.advance(8)
    said = "error executing pre-delete hooks: PreDelete hook(s) failed: default/hook"
    assert argo.conditions() == [("DeletionError", said)]
    assert argo.find("configmaps", "a") is not None
    project.commit({"hook.yaml": pod("hook", "PreDelete")})
    argo.refresh()
    argo.advance(60)
    assert argo.find(APPLICATIONS, "app", NAMESPACE) is None


def test_a_hook_runs_after_an_application_is_deleted_and_stays(argo: Argo, project: Project) -> None:
    _deleted(argo, project, a=config_map("a"), hook=pod("hook", "PostDelete"))
    argo.advance(120)
    assert argo.find(APPLICATIONS, "app", NAMESPACE) is None
    assert argo.find("configmaps", "a") is None
    assert argo.find("pods", "hook") is not None


def test_a_sync_that_goes_on_is_ended_before_the_application_is(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a"), "hook.yaml": pod("hook", "PreSync", command="sleep 20")})
    argo.application(project.url, metadata={"finalizers": [RESOURCES_FINALIZER]})
    argo.sync()
    argo.advance(5)
    argo.api.delete(APPLICATIONS, "app", NAMESPACE)
    argo.advance(5)
    assert argo.operation() == ("Running", "waiting for completion of hook /Pod/hook")
    argo.advance(120)
    assert argo.find(APPLICATIONS, "app", NAMESPACE) is None
    assert argo.find("configmaps", "a") is None


def _doomed(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.project("careful")
    argo.application(project.url, project="careful", metadata={"finalizers": [RESOURCES_FINALIZER]})
    argo.sync()


def test_without_its_project_an_application_is_not_deleted(argo: Argo, project: Project) -> None:
    _doomed(argo, project)
    argo.api.delete(APP_PROJECTS, "careful", NAMESPACE)
    argo.api.delete(APPLICATIONS, "app", NAMESPACE)
    argo.advance(20)
    assert ("DeletionError", _NO_PROJECT) in argo.conditions()
    said = f"Unable to delete application resources: {_NO_PROJECT}"
    assert ("Warning", "StatusRefreshed", said) in argo.events()
    assert argo.find("configmaps", "a")
    argo.project("careful")
    argo.advance(20)
    assert argo.find(APPLICATIONS, "app", NAMESPACE) is None
    assert argo.find("configmaps", "a") is None


def test_an_application_of_an_unknown_cluster_goes_and_leaves_everything(argo: Argo, project: Project) -> None:
    _doomed(argo, project)
    argo.change({"destination": {"server": None, "name": "nowhere", "namespace": "default"}})
    argo.api.delete(APPLICATIONS, "app", NAMESPACE)
    argo.advance(20)
    assert argo.find(APPLICATIONS, "app", NAMESPACE) is None
    assert argo.find("configmaps", "a")


def test_what_the_project_forbids_is_not_deleted(argo: Argo, project: Project) -> None:
    _doomed(argo, project)
    forbidden = [{"group": "", "kind": "ConfigMap"}]
    argo.change({"namespaceResourceBlacklist": forbidden}, "careful", APP_PROJECTS)
    argo.api.delete(APPLICATIONS, "app", NAMESPACE)
    argo.advance(20)
    assert argo.find(APPLICATIONS, "app", NAMESPACE) is None
    assert argo.find("configmaps", "a")
