"""Hooks: of phases, waited for, deleted by their policies. Cases: ``sync_context_test.go`` of gitops-engine."""

from __future__ import annotations

import pytest
from argocd_syncs import REVISION, Syncs, job
from builders import config_map

from gitopslab.gitops.argocd.kinds import HOOK_FINALIZER
from gitopslab.gitops.argocd.sync.looking import hook_outcome
from gitopslab.machinery.objects import Object

BAD = config_map("bad", data={"not a key": "x"})


def _unnamed(prefix: str, hook: str) -> Object:
    obj = job("", hook)
    obj["metadata"] = {**obj["metadata"], "generateName": prefix}
    del obj["metadata"]["name"]
    return obj


def test_a_hook_before_the_sync_is_waited_for(syncs: Syncs) -> None:
    syncs.git = [config_map("a"), job("migrate", "PreSync")]
    assert syncs.sync() == ("Running", "waiting for completion of hook batch/Job/migrate")
    assert syncs.get("configmaps", "a") is None
    syncs.finish("migrate")
    assert syncs.go() == ("Succeeded", "successfully synced (all tasks run)")
    assert syncs.results["migrate"] == ("Synced", "Succeeded", "migrate Complete")


def test_a_hook_runs_with_what_is_synced_and_keeps_the_sync_running(syncs: Syncs) -> None:
    syncs.git = [job("a"), job("hook", "Sync")]
    syncs.begin()
    syncs.step()
    syncs.step()
    assert syncs.outcome == ("Running", "waiting for completion of hook batch/Job/hook and 1 more resources")
    assert syncs.go() == ("Running", "waiting for completion of hook batch/Job/hook")
    syncs.finish("hook")
    assert syncs.go() == ("Succeeded", "successfully synced (no more tasks)")


def test_a_hook_after_the_sync_waits_until_all_is_healthy(syncs: Syncs) -> None:
    syncs.git = [job("app"), job("smoke", "PostSync")]
    assert syncs.sync() == ("Running", "waiting for healthy state of batch/Job/app")
    syncs.finish("app")
    assert syncs.go() == ("Running", "waiting for completion of hook batch/Job/smoke")
    syncs.finish("smoke")
    assert syncs.go() == ("Succeeded", "successfully synced (no more tasks)")


def test_one_object_may_be_a_hook_of_several_phases(syncs: Syncs) -> None:
    syncs.git = [config_map("a"), job("check", "PreSync,PostSync")]
    syncs.sync()
    syncs.finish("check")
    assert syncs.go() == ("Running", "waiting for completion of hook batch/Job/check")
    rows = [(row["name"], row["hookType"]) for row in syncs.rows if "hookType" in row]
    assert rows == [("check", "PreSync"), ("check", "PostSync")]


def test_a_hook_that_fails_fails_the_sync(syncs: Syncs) -> None:
    syncs.git = [config_map("a"), job("migrate", "PreSync")]
    syncs.sync()
    syncs.finish("migrate", "Failed")
    assert syncs.go() == ("Failed", "one or more synchronization tasks completed unsuccessfully")
    assert syncs.results["migrate"] == ("Synced", "Failed", "migrate Failed")
    assert syncs.get("configmaps", "a") is None


def test_a_hook_without_health_is_done_when_it_is_there(syncs: Syncs) -> None:
    hook = config_map("note", metadata={"annotations": {"argocd.argoproj.io/hook": "PreSync"}})
    syncs.git = [hook]
    assert syncs.sync() == ("Succeeded", "successfully synced (no more tasks)")
    assert syncs.results["note"] == ("Synced", "Succeeded", "note created")


@pytest.mark.parametrize(("version", "kind", "rest", "outcome"), [
    ("v1", "Service", {}, ("Succeeded", "")),
    ("v1", "Pod", {"status": {"phase": "Failed", "message": "no"}}, ("Failed", "no")),
    ("v1", "Pod", {"status": {"phase": "Unknown"}}, ("Failed", "")),
    ("v1", "Pod", {"status": {"phase": "Pending"}}, ("Running", "")),
    ("apps/v1", "Deployment", {"spec": {"paused": True}}, ("Running", "Deployment is paused")),
    ("v1", "ConfigMap", {}, ("Succeeded", "x created")),
])  # fmt: skip
def test_how_far_a_hook_is_follows_from_its_health(
    version: str, kind: str, rest: Object, outcome: tuple[str, str]
) -> None:
    assert hook_outcome({"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, **rest}) == outcome


@pytest.mark.parametrize("word", ["Skip", "Unicorn"])
def test_what_is_skipped_or_of_no_known_phase_is_never_applied(syncs: Syncs, word: str) -> None:
    syncs.git = [job("never", word)]
    assert syncs.sync() == ("Succeeded", "successfully synced (no more tasks)")
    assert syncs.get("jobs.batch", "never") is None


def test_a_running_hook_has_a_finalizer_and_loses_it_when_it_is_done(syncs: Syncs) -> None:
    syncs.git = [job("migrate", "PreSync")]
    syncs.sync()
    assert HOOK_FINALIZER in syncs.finalizers("migrate")
    syncs.finish("migrate")
    syncs.go()
    assert HOOK_FINALIZER not in syncs.finalizers("migrate")


def test_an_earlier_run_of_a_hook_is_deleted_before_the_next(syncs: Syncs) -> None:
    syncs.git = [job("migrate", "PreSync")]
    syncs.sync()
    syncs.finish("migrate")
    syncs.go()
    before = syncs.uid("migrate")
    assert syncs.sync() == ("Running", "waiting for completion of hook batch/Job/migrate")
    assert syncs.uid("migrate") != before


def test_an_earlier_run_that_takes_its_time_to_go_is_waited_for(syncs: Syncs) -> None:
    syncs.git = [job("migrate", "PreSync", metadata={"finalizers": ["example.com/held"]})]
    syncs.sync()
    syncs.finish("migrate")
    syncs.go()
    assert syncs.sync() == ("Running", "waiting for deletion of hook batch/Job/migrate")
    syncs.api.patch("jobs.batch", "migrate", {"metadata": {"finalizers": []}}, "default")
    syncs.plane.settle()
    assert syncs.go() == ("Running", "waiting for completion of hook batch/Job/migrate")


@pytest.mark.parametrize(
    ("policy", "ended", "left"),
    [
        ("HookSucceeded", "Complete", False),
        ("HookSucceeded", "Failed", True),
        ("HookFailed", "Complete", True),
        ("HookFailed", "Failed", False),
        ("HookSucceeded,HookFailed", "Failed", False),
        ("BeforeHookCreation", "Complete", True),
        ("", "Complete", True),
    ],
)
def test_a_hook_is_deleted_as_its_policy_says(syncs: Syncs, policy: str, ended: str, left: bool) -> None:
    syncs.git = [job("migrate", "PreSync", policy)]
    syncs.sync()
    syncs.finish("migrate", ended)
    syncs.go()
    assert (syncs.get("jobs.batch", "migrate") is not None) is left


def test_a_hook_that_has_succeeded_stays_until_the_sync_is_over(syncs: Syncs) -> None:
    syncs.git = [job("pre", "PreSync", "HookSucceeded"), job("post", "PostSync")]
    syncs.sync()
    syncs.finish("pre")
    assert syncs.go() == ("Running", "waiting for completion of hook batch/Job/post")
    assert syncs.get("jobs.batch", "pre")
    syncs.finish("post")
    assert syncs.go()[0] == "Succeeded"
    assert syncs.get("jobs.batch", "pre") is None


def test_no_hook_is_let_go_while_another_of_its_wave_runs(syncs: Syncs) -> None:
    syncs.git = [job("done", "PreSync", "HookSucceeded"), job("going", "PreSync")]
    syncs.sync()
    syncs.finish("done")
    assert syncs.go() == ("Running", "waiting for completion of hook batch/Job/going")
    assert HOOK_FINALIZER in syncs.finalizers("done")


def test_hooks_of_a_failure_run_only_then(syncs: Syncs) -> None:
    syncs.git = [job("hook", "Sync"), job("tell", "SyncFail")]
    syncs.sync()
    syncs.finish("hook")
    assert syncs.go() == ("Succeeded", "successfully synced (no more tasks)")
    assert syncs.get("jobs.batch", "tell") is None


def test_a_hook_of_a_failure_runs_and_then_the_sync_fails(syncs: Syncs) -> None:
    syncs.git = [job("hook", "Sync"), job("tell", "SyncFail", "HookSucceeded")]
    syncs.sync()
    syncs.finish("hook", "Failed")
    assert syncs.go() == ("Running", "waiting for completion of hook batch/Job/tell")
    syncs.finish("tell")
    assert syncs.go() == ("Failed", "one or more synchronization tasks completed unsuccessfully")


def test_a_hook_of_a_failure_runs_when_something_cannot_be_applied(syncs: Syncs) -> None:
    syncs.git = [BAD, job("tell", "SyncFail")]
    assert syncs.sync() == ("Running", "waiting for completion of hook batch/Job/tell")
    syncs.finish("tell")
    phase, message = syncs.go()
    assert phase == "Failed"
    assert message.startswith("one or more synchronization tasks completed unsuccessfully, reason: ConfigMap")


def test_a_hook_of_a_failure_that_cannot_be_applied_is_told_too(syncs: Syncs) -> None:
    worse = job("worse", "SyncFail", spec={"template": {"spec": {"restartPolicy": "Sometimes"}}})
    syncs.git = [BAD, job("tell", "SyncFail"), worse]
    syncs.begin()
    syncs.step()
    syncs.step()
    assert syncs.outcome == ("Running", "waiting for completion of hook batch/Job/tell and 1 more hooks")
    syncs.finish("tell")
    phase, message = syncs.go()
    first, second = message.split("\n")
    assert phase == "Failed"
    assert first.startswith("one or more synchronization tasks completed unsuccessfully, reason: ConfigMap")
    assert second.startswith('one or more SyncFail hooks failed, reason: Job.batch "worse" is invalid')


def test_a_hook_without_a_name_gets_one_of_commit_phase_and_time(syncs: Syncs) -> None:
    syncs.git = [_unnamed("migrate-", "PreSync")]
    started = int(syncs.clock.now())
    syncs.sync()
    name = f"migrate-{REVISION[:7]}-presync-{started}"
    assert syncs.outcome == ("Running", f"waiting for completion of hook batch/Job/{name}")
    syncs.finish(name)
    assert syncs.go()[0] == "Succeeded"


def test_an_object_without_a_name_that_is_no_hook_is_refused(syncs: Syncs) -> None:
    syncs.git = [_unnamed("plain-", "")]
    assert syncs.sync() == ("Failed", "one or more objects failed to apply (dry run)")
    assert [row["message"] for row in syncs.rows] == ["from plain-: cannot use generate name with apply"]


def test_the_strategy_apply_runs_no_hook(syncs: Syncs) -> None:
    syncs.git = [config_map("a"), job("migrate", "PreSync")]
    assert syncs.sync(syncStrategy={"apply": {}})[0] == "Succeeded"
    assert syncs.done == ["a"]


def test_a_selection_runs_no_hook_and_is_no_deployment(syncs: Syncs) -> None:
    syncs.git = [config_map("a"), config_map("b"), job("migrate", "PreSync")]
    chosen = [{"kind": "ConfigMap", "name": "b"}]
    assert syncs.sync(resources=chosen) == ("Succeeded", "successfully synced (all tasks run)")
    assert syncs.done == ["b"]
    assert "history" not in syncs.app["status"]


def test_a_selection_may_name_a_namespace(syncs: Syncs) -> None:
    syncs.git = [config_map("a", "default"), config_map("a", "kube-public")]
    syncs.sync(resources=[{"kind": "ConfigMap", "name": "a", "namespace": "kube-public"}])
    assert [row["namespace"] for row in syncs.rows] == ["kube-public"]


# -- the end of a sync that somebody wants ----------------------------------------------------------------------------


def test_a_sync_that_is_terminated_leaves_what_was_applied(syncs: Syncs) -> None:
    syncs.git = [job("first"), job("second", wave="1")]
    syncs.sync()
    assert syncs.terminate() == ("Failed", "Operation terminated")
    assert syncs.get("jobs.batch", "first")
    assert "operation" not in syncs.app


def test_hooks_that_run_are_deleted_when_the_sync_is_terminated(syncs: Syncs) -> None:
    syncs.git = [job("a", "PreSync"), job("b", "PreSync", "HookSucceeded")]
    syncs.sync()
    assert syncs.terminate() == ("Failed", "Operation terminated")
    assert syncs.results == {"a": ("Synced", "Failed", "Terminated"), "b": ("Synced", "Failed", "Terminated")}
    assert syncs.api.list("jobs.batch", "default") == []


def test_hooks_that_are_done_by_then_keep_their_outcome(syncs: Syncs) -> None:
    syncs.git = [job("a", "PreSync"), job("b", "PreSync", "HookFailed"), job("c", "PreSync")]
    syncs.sync()
    syncs.finish("a")
    syncs.finish("b")
    assert syncs.terminate() == ("Failed", "Operation terminated")
    assert syncs.results["a"] == ("Synced", "Succeeded", "a Complete")
    assert syncs.results["b"] == ("Synced", "Succeeded", "b Complete")
    assert [job["metadata"]["name"] for job in syncs.api.list("jobs.batch", "default")] == ["a"]
