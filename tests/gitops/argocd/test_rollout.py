"""Progressive syncs of an ApplicationSet. Cases: ``progressive_sync_test.go``."""

from __future__ import annotations

from typing import Any

import pytest
from argocd_cluster import Argo, config_map
from projects import Project

from gitopslab.gitops.argocd.applicationset.rollout import Live, grouped, last_first, prepared, rollout
from gitopslab.gitops.argocd.kinds import APPLICATION_SETS, APPLICATIONS, IN_CLUSTER, NAMESPACE
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object, condition_of, name_of

NOW = 1_800_000_000.0
DEV = {"matchExpressions": [{"key": "env", "operator": "In", "values": ["dev"]}]}
PROD = {"matchExpressions": [{"key": "env", "operator": "In", "values": ["prod"]}]}


def appset(*steps: Object, rows: list[Object] | None = None, **strategy: Any) -> Object:
    """An ApplicationSet with these steps."""
    spec = {"strategy": {"type": "RollingSync", "rollingSync": {"steps": list(steps)}, **strategy}}
    return {"metadata": {"name": "set"}, "spec": spec, "status": {"applicationStatus": rows or []}}


def app(name: str, env: str = "dev", sync: str = "OutOfSync", health: str = "Missing", **status: Any) -> Object:
    """An Application at a commit."""
    told = {"sync": {"status": sync, "revision": "1"}, "health": {"status": health}, **status}
    return {"metadata": {"name": name, "labels": {"env": env}}, "spec": {}, "status": told}


def row(name: str, status: str, *, ago: float = 60.0, step: str = "1") -> Object:
    """What is known of an Application."""
    told = {"status": status, "message": "", "step": step, "lastTransitionTime": timestamp(NOW - ago)}
    return {"application": name, "targetRevisions": ["1"], **told}


def states(of: Object, *apps: Object, differs: bool = False) -> dict[str, str]:
    """How the Applications are now."""
    found = rollout(of, apps, [Live(each, differs) for each in apps], NOW)
    return {each["application"]: each["status"] for each in found.rows}


def test_the_first_step_begins_and_the_next_waits() -> None:
    found = states(appset(DEV, PROD), app("a"), app("b", "prod"))
    assert found == {"a": "Pending", "b": "Waiting"}


def test_the_next_step_begins_when_all_of_this_one_are_healthy() -> None:
    rows = [row("a", "Healthy"), row("b", "Waiting", step="2")]
    found = states(appset(DEV, PROD, rows=rows), app("a", sync="Synced", health="Healthy"), app("b", "prod"))
    assert found == {"a": "Healthy", "b": "Pending"}


@pytest.mark.parametrize(
    ("most", "pending"), [(None, 4), (1, 1), (3, 3), (0, 0), ("50%", 2), ("1%", 1), ("0%", 0), ("100%", 4), ("²%", 1)]
)
def test_no_more_than_may_be_updated_at_once(most: int | str | None, pending: int) -> None:
    step = DEV if most is None else {**DEV, "maxUpdate": most}
    found = states(appset(step), *(app(name) for name in "abcd"))
    assert list(found.values()).count("Pending") == pending


def test_what_progresses_counts_against_the_most() -> None:
    step = {**DEV, "maxUpdate": 1}
    found = states(appset(step, rows=[row("a", "Progressing"), row("b", "Waiting")]), app("a"), app("b"))
    assert found == {"a": "Progressing", "b": "Waiting"}


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ({"phase": "Running"}, "Application resource became Progressing, updating status from Pending to Progressing"),
        ({"phase": "Succeeded"}, "Application resource completed a sync successfully, updating status from Pending to"),
        ({"phase": "Failed"}, "Application resource completed a sync, updating status from Pending to Progressing"),
    ],
)
def test_what_was_told_to_sync_progresses_once_it_does(status: Object, message: str) -> None:
    now, operation = timestamp(NOW), {"initiatedBy": {"username": "applicationset-controller"}}
    one = app("a", operationState={**status, "startedAt": now, "operation": operation}, reconciledAt=now)
    found = rollout(appset(DEV, rows=[row("a", "Pending")]), [one], [Live(one, False)], NOW)
    assert found.rows[0]["status"] == "Progressing"
    assert found.rows[0]["message"].startswith(message)


def test_an_older_sync_does_not_count() -> None:
    before = timestamp(NOW - 120)
    one = app("a", operationState={"phase": "Succeeded", "startedAt": before}, reconciledAt=timestamp(NOW))
    assert states(appset(DEV, rows=[row("a", "Pending")]), one) == {"a": "Pending"}


def test_it_is_told_to_sync_once() -> None:
    one = app("a")
    told = [one, {**one, "operation": {"sync": {}}}]
    begun = app(
        "a",
        operationState={"phase": "Succeeded", "startedAt": timestamp(NOW - 10)},
        reconciledAt="2026-01-01T00:00:00Z",
    )
    pending = [
        rollout(appset(DEV, rows=[row("a", "Pending")]), [each], [Live(each, False)], NOW).pending
        for each in (*told, begun)
    ]
    assert pending == [{"a"}, frozenset(), frozenset()]


def test_what_cannot_sync_progresses_too() -> None:
    one = app("a", conditions=[{"type": "InvalidSpecError", "message": ""}], reconciledAt=timestamp(NOW))
    assert states(appset(DEV, rows=[row("a", "Pending")]), one) == {"a": "Progressing"}


def test_a_new_commit_and_a_changed_spec_wait_again() -> None:
    well = app("b", sync="OutOfSync", health="Healthy")
    rows = [{**row("b", "Healthy"), "targetRevisions": ["0"]}]
    found = rollout(appset(PROD, DEV, rows=rows), [well], [Live(well, True)], NOW)
    assert found.rows[0]["targetRevisions"] == ["1"]
    assert found.rows[0]["status"] == "Pending"
    found = rollout(appset({**DEV, "maxUpdate": 0}, rows=rows), [well], [Live(well, True)], NOW)
    assert found.rows[0]["message"] == (
        "Application has pending changes (revision and spec differ), setting status to Waiting"
    )


def test_an_application_of_no_step_has_the_step_minus_one_and_waits() -> None:
    one = app("x", "other")
    found = rollout(appset(DEV), [one], [Live(one, False)], NOW)
    assert (found.rows[0]["step"], found.rows[0]["status"]) == ("-1", "Waiting")
    assert (found.condition["status"], found.condition["reason"]) == ("False", "ApplicationSetRolloutComplete")


def test_the_condition_tells_the_step() -> None:
    apps = [app("a", sync="Synced", health="Healthy"), app("b", "prod")]
    found = rollout(appset(DEV, PROD, rows=[row("a", "Healthy")]), apps, [Live(each, False) for each in apps], NOW)
    assert found.condition["message"] == "ApplicationSet is performing rollout of step 2"


def test_labels_decide_the_step() -> None:
    outside = {"matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["dev"]}]}
    bare = {"metadata": {"name": "bare"}}
    apps = [app("a"), app("b", "prod"), bare]
    assert grouped(appset(DEV, outside), apps) == [["a"], ["b", "bare"]]
    assert last_first(appset(DEV, outside), apps) == ["b", "bare", "a"]
    unknown = {"matchExpressions": [{"key": "env", "operator": "Exists", "values": ["dev"]}]}
    assert grouped(appset(unknown), apps) == [["bare"]]


def test_it_syncs_with_what_its_policy_says_but_never_by_itself() -> None:
    policy = {"automated": {"prune": True}, "syncOptions": ["A=b"], "retry": {"limit": 2}}
    made = prepared({"metadata": {"name": "a"}, "spec": {"syncPolicy": policy}}, syncs=True)
    assert made["spec"]["syncPolicy"]["automated"] == {"prune": True, "enabled": False}
    assert made["operation"]["sync"] == {"prune": True, "syncOptions": ["A=b"]}
    assert made["operation"]["retry"] == {"limit": 2}
    assert made["operation"]["initiatedBy"] == {"automated": True, "username": "applicationset-controller"}
    assert "operation" not in prepared({"metadata": {"name": "a"}, "spec": {}}, syncs=False)


# -- in a cluster -----------------------------------------------------------------------------------------------------


def _create(argo: Argo, project: Project, *, enabled: bool = True, **strategy: Any) -> None:
    project.commit({f"apps/{name}/a.yaml": config_map(name) for name in "abc"})
    if enabled:
        data = {"applicationsetcontroller.enable.progressive.syncs": "true"}
        metadata = {"name": "argocd-cmd-params-cm", "namespace": NAMESPACE}
        argo.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    spec = {
        "project": "default",
        "source": {"repoURL": project.url, "path": "apps/{{name}}", "targetRevision": "main"},
        "destination": {"server": IN_CLUSTER, "namespace": "default"},
    }
    elements = [{"name": name, "env": env} for name, env in (("a", "dev"), ("b", "prod"), ("c", "prod"))]
    metadata = {"finalizers": ["resources-finalizer.argocd.argoproj.io"]}
    argo.create(
        "ApplicationSet",
        "set",
        {
            "generators": [{"list": {"elements": elements}}],
            "template": {"metadata": {"name": "{{name}}", "labels": {"env": "{{env}}"}}, "spec": spec},
            "strategy": {"type": "RollingSync", "rollingSync": {"steps": [DEV, {**PROD, "maxUpdate": 1}]}, **strategy},
        },
        metadata,
    )


def test_a_rollout_goes_through_all_steps(argo: Argo, project: Project) -> None:
    _create(argo, project)
    argo.advance(30)
    status = argo.get(APPLICATION_SETS, "set")["status"]
    assert [(each["application"], each["status"], each["step"]) for each in status["applicationStatus"]] == [
        ("a", "Healthy", "1"), ("b", "Healthy", "2"), ("c", "Healthy", "2"),
    ]  # fmt: skip
    done = condition_of(argo.get(APPLICATION_SETS, "set"), "RolloutProgressing")
    assert done is not None
    assert (done["status"], done["reason"]) == ("False", "ApplicationSetRolloutComplete")
    assert argo.operation("a") == ("Succeeded", "successfully synced (all tasks run)")
    assert [len(argo.status(name)["history"]) for name in "abc"] == [1, 1, 1]
    assert [argo.find("configmaps", name) is not None for name in "abc"] == [True] * 3


def test_a_new_commit_rolls_again(argo: Argo, project: Project) -> None:
    _create(argo, project)
    argo.advance(30)
    commit = project.commit({f"apps/{name}/a.yaml": config_map(name, x="2") for name in "abc"})
    for name in "abc":
        argo.refresh(name)
    argo.advance(30)
    rows = argo.get(APPLICATION_SETS, "set")["status"]["applicationStatus"]
    assert [(each["status"], each["targetRevisions"]) for each in rows] == [("Healthy", [commit])] * 3
    assert (argo.find("configmaps", "c") or {})["data"] == {"x": "2"}


def test_unless_asked_nothing_rolls(argo: Argo, project: Project) -> None:
    _create(argo, project, enabled=False)
    argo.advance(30)
    assert "applicationStatus" not in argo.get(APPLICATION_SETS, "set")["status"]
    assert argo.operation("a") is None


def test_the_last_step_goes_first(argo: Argo, project: Project) -> None:
    _create(argo, project, deletionOrder="Reverse")
    argo.advance(30)
    argo.api.patch("configmaps", "c", {"metadata": {"finalizers": ["example.com/wait"]}}, "default")
    argo.api.delete(APPLICATION_SETS, "set", NAMESPACE)
    argo.advance(60)
    assert [name_of(one) for one in argo.api.list(APPLICATIONS, NAMESPACE)] == ["a", "c"]
    argo.api.patch("configmaps", "c", {"metadata": {"finalizers": None}}, "default")
    argo.advance(60)
    assert argo.api.list(APPLICATIONS, NAMESPACE) == []
    assert argo.find(APPLICATION_SETS, "set", NAMESPACE) is None
