"""What the ``argocd`` command shows of an Application and its resources."""

from __future__ import annotations

from typing import Any

import pytest

from gitopslab.gitops.argocd.state import Key
from gitopslab.machinery.objects import Object
from gitopslab.views.argocd import application, applicationset
from gitopslab.views.argocd.difference import change
from gitopslab.views.argocd.resources import PROGRESS_HEAD, progress, resources, states, tree
from gitopslab.views.argocd.words import duration, moment

SHA = "0123456789" * 4
NOW = "2026-01-01T00:00:00Z"


def app(status: Any = None, **spec: Any) -> Object:
    usual = {
        "project": "default",
        "source": {"repoURL": "http://git/x.git", "path": "web", "targetRevision": "main"},
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "web"},
    }
    return {"metadata": {"name": "web", "namespace": "argocd"}, "spec": usual | spec, "status": status or {}}


def resource(kind: str, name: str, **rest: str) -> Object:
    return {"kind": kind, "name": name, "namespace": "web", **rest}


def test_a_line_of_a_sync_is_as_wide_as_its_head_and_fits_into_a_notebook_beside_the_files() -> None:
    state = states(app({"resources": [resource("Deployment", "web", status="Synced")]}), {})[0]
    line = progress(NOW, state)
    assert line.split() == [NOW, "Deployment", "web", "web", "Synced"]
    assert line.index("Synced") + len("Synced") == PROGRESS_HEAD.index("STATUS") + len("STATUS")
    assert len(PROGRESS_HEAD) <= 106, "columns at 1280 pixels"


@pytest.mark.parametrize(("seconds", "words"), [(0, "0s"), (59.9, "59s"), (60, "1m0s"), (3661, "1h1m1s"), (-1, "0s")])
def test_a_span_is_told_as_go_tells_it(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_time_is_told_as_go_tells_it() -> None:
    assert moment(NOW) == "2026-01-01 00:00:00 +0000 UTC"
    assert moment(None) == "<nil>"


@pytest.mark.parametrize(
    ("sync", "target", "words"),
    [
        ({"status": "Synced", "revision": SHA}, "main", "Synced to main (0123456)"),
        ({"status": "OutOfSync", "revision": SHA}, "main", "OutOfSync from main (0123456)"),
        ({"status": "Synced", "revision": SHA}, SHA, f"Synced to {SHA}"),
        ({"status": "Unknown"}, "main", "Unknown"),
    ],
)
def test_a_sync_status_names_what_is_followed_and_the_commit(sync: Object, target: str, words: str) -> None:
    text = application.details(app({"sync": sync}, source={"repoURL": "u", "targetRevision": target}), {})
    assert f"Sync Status:        {words}\n" in text


@pytest.mark.parametrize(
    ("policy", "short", "words"),
    [
        (None, "Manual", "Manual"),
        ({"automated": {}}, "Auto", "Automated"),
        ({"automated": {"prune": True}}, "Auto-Prune", "Automated (Prune)"),
        ({"automated": {"enabled": False, "prune": True}}, "Manual", "Manual"),
    ],
)
def test_a_policy_is_told_short_in_a_list_and_long_alone(policy: Object | None, short: str, words: str) -> None:
    one = app(syncPolicy=policy or {})
    assert application.apps([one]).rows[0][6] == short
    assert f"Sync Policy:        {words}\n" in application.details(one, {})


def test_conditions_are_counted_in_a_list_and_told_alone() -> None:
    said = [{"type": kind, "message": f"{kind} is so", "lastTransitionTime": NOW} for kind in ("SyncError", "B", "B")]
    one = app({"conditions": said})
    assert application.apps([one]).rows[0][7] == "B(2),SyncError"
    assert application.apps([app()]).rows[0][7] == "<none>"
    lines = application.details(one, {}).splitlines()
    assert lines[-4] == "CONDITION  MESSAGE          LAST TRANSITION"
    assert lines[-3] == "SyncError  SyncError is so  2026-01-01 00:00:00 +0000 UTC"


def test_resources_of_the_last_sync_come_first_and_hooks_tell_their_phase() -> None:
    result = [
        resource("Job", "migrate", hookType="PreSync", hookPhase="Succeeded", status="Synced", message="done"),
        resource("Service", "web", status="Synced", message="service/web created"),
    ]
    there = [resource("Service", "web", status="Synced"), resource("ConfigMap", "b", status="OutOfSync")]
    status = {"resources": there, "operationState": {"syncResult": {"resources": result}}}
    found = states(app(status), {Key("", "Service", "web", "web"): "Healthy"})
    assert [state.cells[1:] for state in found] == [
        ("Job", "web", "migrate", "Succeeded", "Synced", "PreSync", "done"),
        ("Service", "web", "web", "Synced", "Healthy", "", "service/web created"),
        ("ConfigMap", "web", "b", "OutOfSync", "", "", ""),
    ]
    assert resources(found).splitlines()[0].split() == [
        "GROUP", "KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH", "HOOK", "MESSAGE",
    ]  # fmt: skip


def test_an_operation_that_runs_has_lasted_until_now() -> None:
    state = {"phase": "Running", "startedAt": NOW, "message": "waiting", "syncResult": {"revision": SHA}}
    told = application.operation(app({"operationState": state}), 1767225665.0)
    assert told.splitlines() == [
        "Operation:          Sync",
        f"Sync Revision:      {SHA}",
        "Phase:              Running",
        "Start:              2026-01-01 00:00:00 +0000 UTC",
        "Finished:           <nil>",
        "Duration:           1m5s",
        "Message:            waiting",
    ]
    assert application.operation(app(), 0.0) == ""


def test_a_tree_draws_what_comes_of_what() -> None:
    def node(kind: str, name: str, parent: str = "", health: str = "") -> Object:
        found: Object = {"kind": kind, "name": name, "uid": name, "parentRefs": [{"uid": parent}] if parent else []}
        return {**found, "health": {"status": health}} if health else found

    nodes = [node("Deployment", "web"), node("ReplicaSet", "a", "web"), node("Pod", "p", "a", "Healthy")]
    nodes += [node("ReplicaSet", "b", "web"), node("ConfigMap", "c")]
    status = {"resources": [resource("Deployment", "web", status="Synced")]}
    lines = tree(nodes, states(app(status), {Key("", "Deployment", "web", "web"): "Healthy"})).splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["Deployment/web", "Synced", "Healthy"],
        ["├─ReplicaSet/a"],
        ["│", "└─Pod/p", "Healthy"],
        ["└─ReplicaSet/b"],
        ["ConfigMap/c"],
    ]


def test_a_difference_has_the_lines_of_the_program_diff() -> None:
    key = Key("apps", "Deployment", "web", "web")
    before = {"a": 1, "b": 2, "d": 4, "e": 5}
    after = {"a": 1, "b": 3, "c": 3, "d": 4}
    assert change(key, before, after).splitlines() == [
        "===== apps/Deployment web/web ======",
        *["2c2,3", "< b: 2", "---", "> b: 3", "> c: 3"],
        *["4d4", "< e: 5"],
    ]


def test_values_of_secrets_are_plus_signs_and_one_more_where_they_differ() -> None:
    key = Key("", "Secret", "web", "s")
    told = change(key, {"data": {"a": "b2xk", "b": "eA=="}}, {"data": {"a": "bmV3", "b": "eA=="}})
    assert told.splitlines()[1:] == ["2c2", "<   a: ++++++++", "---", ">   a: +++++++++"]
    assert "b2xk" not in change(key, None, {"data": {"a": "b2xk"}})


def test_an_application_set_shows_its_template_and_what_is_true_of_it() -> None:
    status = {
        "health": {"status": "Healthy"},
        "conditions": [
            {"type": "ErrorOccurred", "status": "False", "message": "well"},
            {"type": "ResourcesUpToDate", "status": "True", "message": "well", "lastTransitionTime": NOW},
        ],
    }
    appset = {"metadata": app()["metadata"], "spec": {"template": {"spec": app()["spec"]}}, "status": status}
    assert applicationset.appsets([appset]).rows == (
        ("argocd/web", "default", "<none>", "Healthy", "ResourcesUpToDate"),
    )
    told = applicationset.details(appset)
    assert "SyncPolicy:         <none>\n\nCONDITION" in told
    assert told.endswith("ResourcesUpToDate  True    well     2026-01-01 00:00:00 +0000 UTC")
