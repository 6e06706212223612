"""Whether an Application syncs by itself. Cases: ``appcontroller_test.go`` of Argo CD."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from builders import merged

from gitopslab.gitops.argocd.autosync import NOTHING, Decision, decide, remaining
from gitopslab.gitops.argocd.state import Comparison, Key, Managed
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object

NOW = 1767225600.0
NEW, OLD = "b" * 40, "a" * 40
SOURCE = {"repoURL": "http://git/app.git", "path": ".", "targetRevision": "main"}


def _app(automated: Any = None, **overrides: Any) -> Object:
    policy = {"automated": {} if automated is None else automated}
    base = {
        "metadata": {"name": "app", "namespace": "argocd"},
        "spec": {"source": SOURCE, "destination": {"namespace": "default"}, "syncPolicy": policy},
        "status": {},
    }
    return merged(base, overrides)


def _row(name: str = "web", status: str = "OutOfSync", *, gone: bool = False, hook: str = "") -> Managed:
    notes = {"argocd.argoproj.io/hook": hook} if hook else {}
    obj = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "annotations": notes}}
    key = Key("apps", "Deployment", "default", name)
    return Managed(key, "v1", None if gone else obj, obj, status, bool(hook), requires_pruning=gone)


def _compared(*rows: Managed, status: str = "OutOfSync", revision: str = NEW, source: Object = SOURCE) -> Comparison:
    return Comparison(revision, source, "Directory", rows or (_row(),), status)


def _synced(phase: str = "Succeeded", revision: str = NEW, ago: float = 0.0, **more: Any) -> Object:
    sync = {"autoHealAttemptsCount": more.pop("attempts")} if "attempts" in more else {}
    state = {
        "phase": phase,
        "operation": {"sync": sync},
        "finishedAt": timestamp(NOW - ago),
        "syncResult": {"revision": revision, "source": SOURCE},
        **more,
    }
    return {"status": {"operationState": {key: value for key, value in state.items() if value is not None}}}


def test_a_difference_is_synced_with_what_the_policy_says() -> None:
    app = _app({"prune": True}, spec={"syncPolicy": {"syncOptions": ["PruneLast=true"]}})
    decision = decide(app, _compared(), NOW)
    assert decision.operation == {
        "sync": {"source": SOURCE, "revision": NEW, "prune": True, "syncOptions": ["PruneLast=true"]},
        "initiatedBy": {"automated": True},
        "retry": {"limit": 5},
    }
    assert decision.event == f"Initiated automated sync to '{NEW}'"


def test_several_sources_are_synced_together_and_once() -> None:
    sources = [SOURCE, {**SOURCE, "path": "more"}]
    app = _app(spec={"sources": sources})
    comparison = replace(_compared(), sources=tuple(zip(sources, (NEW, OLD), strict=True)))
    decision = decide(app, comparison, NOW)
    assert (decision.operation or {})["sync"] == {"sources": sources, "revisions": [NEW, OLD]}
    assert decision.event == f"Initiated automated sync to '{NEW}, {OLD}'"
    result = {"sources": sources, "revisions": [NEW, OLD], "revision": ""}
    app = _app(spec={"sources": sources}, **_synced("Failed", message="so", syncResult=result))
    assert decide(app, comparison, NOW).error == f"Failed last sync attempt to [{NEW} {OLD}]: so"


def test_a_retry_of_the_spec_is_the_one_of_the_sync() -> None:
    app = _app(spec={"syncPolicy": {"retry": {"limit": 0}}})
    assert (decide(app, _compared(), NOW).operation or {})["retry"] == {}


@pytest.mark.parametrize(
    "app",
    [
        _app(spec={"syncPolicy": None}),
        _app({"enabled": False}),
        _app(operation={"sync": {}}),
        _app(metadata={"deletionTimestamp": timestamp(NOW)}),
        _app({"selfHeal": False}, **_synced()),
        _app(spec={"syncPolicy": {"automated": None}}),
    ],
    ids=["no policy", "switched off", "syncs already", "is deleted", "was synced to this commit", "by hand"],
)
def test_nothing_is_done(app: Object) -> None:
    assert decide(app, _compared(), NOW) == NOTHING


@pytest.mark.parametrize("status", ["Synced", "Unknown"])
def test_only_what_is_out_of_sync_is_synced(status: str) -> None:
    assert decide(_app(), _compared(status=status), NOW) == NOTHING


def test_enabled_may_be_said() -> None:
    assert decide(_app({"enabled": True}), _compared(), NOW).operation


def test_what_only_has_to_be_pruned_is_left_when_pruning_is_off() -> None:
    rows = (_row("old", gone=True), _row("same", "Synced"), _row("hook", "", hook="PreSync"))
    assert decide(_app(), _compared(*rows), NOW) == NOTHING
    assert decide(_app({"prune": True}), _compared(*rows), NOW).operation


def test_nothing_at_all_in_git_is_refused_unless_that_is_allowed() -> None:
    rows = (_row("a", gone=True), _row("b", gone=True))
    said = f"Skipping sync attempt to [{NEW}]: auto-sync will wipe out all resources"
    assert decide(_app({"prune": True}), _compared(*rows), NOW) == Decision(error=said)
    assert decide(_app({"prune": True, "allowEmpty": True}), _compared(*rows), NOW).operation


@pytest.mark.parametrize("phase", ["Failed", "Error"])
def test_a_commit_whose_sync_failed_is_not_tried_again(phase: str) -> None:
    app = _app({"selfHeal": True}, **_synced(phase, message="it went wrong"))
    assert decide(app, _compared(), NOW).error == f"Failed last sync attempt to [{NEW}]: it went wrong"


def test_a_new_commit_is() -> None:
    app = _app(**_synced("Failed", OLD))
    assert decide(app, _compared(), NOW).operation


def test_another_source_at_the_same_commit_is() -> None:
    other = {**SOURCE, "path": "other"}
    app = _app(spec={"source": other}, **_synced())
    assert (decide(app, _compared(source=other), NOW).operation or {})["sync"]["source"] == other


def test_a_sync_that_ended_without_a_result_is_not_tried_again() -> None:
    app = _app(**_synced("Error", message="no project", syncResult=None))
    assert decide(app, _compared(), NOW).error == "Failed last sync attempt to []: no project"


# -- self-heal --------------------------------------------------------------------------------------------------------


def test_what_somebody_changed_is_put_right_and_nothing_else() -> None:
    rows = (_row("changed"), _row("same", "Synced"), _row("hook", "", hook="PostSync"))
    decision = decide(_app({"selfHeal": True}, **_synced()), _compared(*rows), NOW)
    assert (decision.operation or {})["sync"] == {
        "source": SOURCE,
        "revision": NEW,
        "autoHealAttemptsCount": 1,
        "resources": [{"group": "apps", "kind": "Deployment", "name": "changed"}],
    }


def test_the_next_time_it_waits() -> None:
    app = _app({"selfHeal": True}, **_synced(attempts=2, ago=1.0))
    assert decide(app, _compared(), NOW) == Decision(after=5.0)


def test_then_it_is_put_right_again_and_counted() -> None:
    app = _app({"selfHeal": True}, **_synced(attempts=2, ago=6.0))
    assert (decide(app, _compared(), NOW).operation or {})["sync"]["autoHealAttemptsCount"] == 3


def test_a_new_commit_begins_to_count_anew() -> None:
    app = _app({"selfHeal": True}, **_synced(revision=OLD, attempts=5))
    sync = (decide(app, _compared(), NOW).operation or {})["sync"]
    assert "autoHealAttemptsCount" not in sync
    assert "resources" not in sync


@pytest.mark.parametrize(
    ("attempts", "ago", "left"),
    [(0, 0, 0), (1, 0, 2), (2, 0, 6), (3, 0, 18), (4, 0, 54), (5, 0, 162), (6, 0, 300), (40, 60, 240), (1, 5, -3)],
)
def test_self_heal_backs_off_to_five_minutes(attempts: int, ago: float, left: float) -> None:
    assert remaining({"finishedAt": timestamp(NOW - ago)}, attempts, NOW) == left


def test_a_sync_that_has_not_ended_is_waited_for_in_full() -> None:
    assert remaining({}, 3, NOW) == 18


# -- windows ----------------------------------------------------------------------------------------------------------

DENY = {"kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["*"], "manualSync": True}


def test_a_window_prevents_it_and_leaves_the_condition_as_it_is() -> None:
    assert decide(_app(), _compared(), NOW, [DENY]) == Decision(keeps_condition=True)


def test_a_window_that_cannot_be_read_prevents_it() -> None:
    assert decide(_app(), _compared(), NOW, [{**DENY, "schedule": "?"}]).keeps_condition
