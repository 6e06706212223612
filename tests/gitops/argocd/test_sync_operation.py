"""An operation from its beginning to its end. Cases: ``sync_test.go`` and ``appcontroller_test.go`` of Argo CD."""

from __future__ import annotations

from dataclasses import replace

import pytest
from argocd_syncs import REVISION, SOURCE, Syncs, job, note
from builders import config_map

from gitopslab.errors import LabError
from gitopslab.gitops.argocd.history import trimmed
from gitopslab.gitops.argocd.state import Comparison
from gitopslab.gitops.argocd.sync.retry import RetryError, clock_time, next_retry
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object

BAD = config_map("bad", data={"not a key": "x"})
REASON = "one or more objects failed to apply, reason: "


def test_an_operation_is_running_before_anything_is_done(syncs: Syncs) -> None:
    syncs.git = [config_map("a")]
    syncs.begin(prune=True)
    step = syncs.step()
    assert step.state == {
        "phase": "Running",
        "startedAt": timestamp(syncs.clock.now()),
        "operation": {"sync": {"prune": True}, "initiatedBy": {"username": "admin"}, "retry": {}},
    }
    assert step.after == 0.0
    assert syncs.get("configmaps", "a") is None


def test_what_was_synced_is_told_at_the_end(syncs: Syncs) -> None:
    syncs.git = [config_map("a")]
    syncs.sync()
    assert syncs.state["finishedAt"] == timestamp(syncs.clock.now())
    assert syncs.state["syncResult"] == {
        "source": SOURCE,
        "revision": REVISION,
        "resources": [
            {
                "group": "", "version": "v1", "kind": "ConfigMap", "namespace": "default", "name": "a",
                "status": "Synced", "hookPhase": "Running", "message": "configmap/a created", "syncPhase": "Sync",
            }
        ],
    }  # fmt: skip
    assert "operation" not in syncs.app


def test_an_operation_may_be_of_another_source_and_commit(syncs: Syncs) -> None:
    asked: list[tuple[Object, str]] = []

    def compare(place: Object) -> Comparison:
        asked.append((place["source"], place["revision"]))
        return syncs.compare(place)

    syncs.compares(compare)
    other = {**SOURCE, "path": "old"}
    syncs.sync(source=other, revision="v1")
    assert asked[0] == (other, "v1")
    assert syncs.state["syncResult"]["source"] == other


@pytest.mark.parametrize("revisions", [None, ["v1"], ["v1", "v2"]])
def test_several_sources_are_synced_together_and_told(syncs: Syncs, revisions: list[str] | None) -> None:
    sources = [SOURCE, {**SOURCE, "path": "more"}]
    asked: list[list[str]] = []

    def compare(place: Object) -> Comparison:
        asked.append(place["revisions"])
        pairs = tuple(zip(sources, ("a", "b"), strict=True))
        return replace(syncs.compare({"source": {}}), sources=pairs)

    syncs.compares(compare)
    syncs.app["spec"]["sources"] = sources
    syncs.sync(**({"revisions": revisions} if revisions else {}))
    assert asked == [["v1", "v2"] if revisions == ["v1", "v2"] else ["", ""]]
    said = {"sources": sources, "revisions": ["a", "b"]}
    assert syncs.state["syncResult"].items() >= (said | {"source": sources[0]}).items()
    assert syncs.app["status"]["history"][0].items() >= (said | {"source": {"repoURL": ""}}).items()


def test_a_commit_stays_the_one_it_was_when_the_sync_goes_on(syncs: Syncs) -> None:
    asked: list[str] = []

    def compare(place: Object) -> Comparison:
        asked.append(place["revision"])
        return syncs.compare(place)

    syncs.compares(compare)
    syncs.git = [job("hook", "PreSync")]
    syncs.sync(revision="main")
    syncs.finish("hook")
    syncs.go()
    assert asked[0] == "main"
    assert set(asked[1:]) == {REVISION}


def test_a_comparison_that_takes_its_time_is_waited_for(syncs: Syncs) -> None:
    syncs.compares(lambda place: None)
    syncs.begin()
    syncs.step()
    assert syncs.step().after is None
    assert syncs.outcome[0] == "Running"


def test_an_operation_of_nothing_is_an_error(syncs: Syncs) -> None:
    syncs.app["operation"] = {}
    assert syncs.go() == ("Error", "Invalid operation request: no operation specified")


def test_a_comparison_with_an_error_is_an_error(syncs: Syncs) -> None:
    syncs.conditions = [{"type": "ComparisonError", "message": "Failed to load target state: no such branch"}]
    assert syncs.sync() == ("Error", "ComparisonError: Failed to load target state: no such branch")


def test_a_spec_with_errors_is_an_error(syncs: Syncs) -> None:
    syncs.app["status"]["conditions"] = [
        {"type": "InvalidSpecError", "message": "one"},
        {"type": "SharedResourceWarning", "message": "no matter"},
        {"type": "InvalidSpecError", "message": "two"},
    ]
    assert syncs.sync() == ("Error", "InvalidSpecError: one;InvalidSpecError: two")


def test_a_comparison_that_cannot_be_made_is_an_error(syncs: Syncs) -> None:
    def compare(place: Object) -> Comparison:
        raise LabError("no such cluster")

    syncs.compares(compare)
    assert syncs.sync() == ("Error", "no such cluster")


def test_a_project_that_is_not_there_is_an_error(syncs: Syncs) -> None:
    syncs.lose_project("there is none")
    assert syncs.sync() == ("Error", "Failed to load application project: there is none")


# -- what is said of it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sync", "git", "event"),
    [
        ({}, [config_map("a")], ("Normal", f"Sync operation to {REVISION} succeeded")),
        (
            {"resources": [{"kind": "ConfigMap", "name": "a"}]},
            [config_map("a")],
            ("Normal", f"Partial sync operation to {REVISION} succeeded"),
        ),
    ],
)
def test_the_end_is_an_event(syncs: Syncs, sync: Object, git: list[Object], event: tuple[str, str]) -> None:
    syncs.git = git
    syncs.begin(**sync)
    syncs.step()
    assert syncs.step().event == event


def test_a_bad_end_is_an_event_too(syncs: Syncs) -> None:
    syncs.git = [BAD]
    syncs.begin()
    syncs.step()
    kind, message = syncs.step().event
    assert kind == "Warning"
    assert message.startswith(f"Sync operation to {REVISION} failed: {REASON}")


# -- again ------------------------------------------------------------------------------------------------------------


def test_a_sync_that_fails_is_not_tried_again_unless_somebody_asks(syncs: Syncs) -> None:
    syncs.git = [BAD]
    assert syncs.sync()[0] == "Failed"
    assert "retryCount" not in syncs.state


def test_a_sync_that_fails_is_tried_again_as_often_as_asked(syncs: Syncs) -> None:
    syncs.git = [BAD]
    phase, message = syncs.sync(), ""
    syncs.begin(retry={"limit": 2})
    phase, message = syncs.go()
    assert phase == "Running"
    assert message.startswith(REASON)
    assert message.endswith(". Retrying attempt #1 at 12:00AM.")
    assert (syncs.state["retryCount"], "finishedAt" in syncs.state) == (1, True)
    syncs.plane.advance(10)
    phase, message = syncs.go()
    assert (phase, syncs.state["retryCount"]) == ("Running", 2)
    syncs.plane.advance(20)
    phase, message = syncs.go()
    assert phase == "Failed"
    assert message.endswith(" (retried 2 times).")


def test_a_retry_waits_for_its_time(syncs: Syncs) -> None:
    syncs.git = [BAD]
    syncs.begin(retry={"limit": 1, "backoff": {"duration": "5s"}})
    syncs.go()
    assert syncs.step().after == 10.0
    syncs.plane.advance(9)
    assert syncs.step().after == 1.0
    syncs.plane.advance(1)
    assert syncs.go()[0] == "Failed"


def test_a_retry_begins_from_nothing_and_may_succeed(syncs: Syncs) -> None:
    syncs.git = [BAD]
    syncs.begin(retry={"limit": -1})
    syncs.go()
    syncs.git = [config_map("good")]
    syncs.plane.advance(10)
    assert syncs.go() == ("Succeeded", "successfully synced (all tasks run)")
    assert syncs.done == ["good"]


def test_a_retry_stays_with_its_commit_unless_it_is_to_refresh(syncs: Syncs) -> None:
    asked: list[str] = []

    def compare(place: Object) -> Comparison:
        asked.append(place["revision"])
        return syncs.compare(place)

    syncs.compares(compare)
    syncs.git = [BAD]
    for refresh in (False, True):
        syncs.begin(retry={"limit": 1, "refresh": refresh}, revision="abc")
        syncs.go()
        syncs.plane.advance(10)
        syncs.go()
    assert asked == ["abc", "abc", "abc", ""]


def test_a_sync_that_is_terminated_is_not_tried_again(syncs: Syncs) -> None:
    syncs.git = [job("hook", "PreSync")]
    syncs.begin(retry={"limit": 10})
    syncs.go()
    assert syncs.terminate() == ("Failed", "Operation terminated")


def test_a_back_off_that_cannot_be_read_is_an_error(syncs: Syncs) -> None:
    syncs.git = [BAD]
    syncs.begin(retry={"limit": 1, "backoff": {"duration": "soon"}})
    phase, message = syncs.go()
    assert phase == "Error"
    assert message.endswith(" (failed to retry: unable to parse soon as a duration)")


@pytest.mark.parametrize(
    ("backoff", "count", "wait"),
    [
        ({}, 0, 5),
        ({}, 1, 10),
        ({}, 5, 160),
        ({}, 6, 180),
        ({}, 10000, 180),
        ({"duration": "2"}, 0, 2),
        ({"duration": "1m"}, 1, 120),
        ({"duration": "2s", "factor": 3}, 2, 18),
        ({"duration": "1m", "maxDuration": "90s"}, 3, 90),
        ({"duration": "1m", "maxDuration": "0"}, 2, 240),
    ],
)
def test_a_retry_backs_off(backoff: Object, count: int, wait: float) -> None:
    assert next_retry({"backoff": backoff}, 1000.0, count) == 1000.0 + wait


def test_a_sync_without_a_limit_is_tried_again_for_ever(syncs: Syncs) -> None:
    syncs.git = [BAD]
    syncs.begin(retry={"limit": -1, "backoff": {"maxDuration": "5s"}})
    for count in range(1, 13):
        assert (syncs.go()[0], syncs.state["retryCount"]) == ("Running", count)
        syncs.plane.advance(10)


def test_a_duration_that_is_none_is_told() -> None:
    with pytest.raises(RetryError, match="unable to parse 1 day as a duration"):
        next_retry({"backoff": {"maxDuration": "1 day"}}, 0.0, 0)


@pytest.mark.parametrize(("moment", "text"), [(0, "12:00AM"), (11 * 3600 + 240, "11:04AM"), (15 * 3600, "3:00PM")])
def test_times_are_told_as_on_a_kitchen_clock(moment: float, text: str) -> None:
    assert clock_time(moment) == text


# -- history ----------------------------------------------------------------------------------------------------------


def test_what_was_deployed_is_written_down_and_counted(syncs: Syncs) -> None:
    syncs.git = [config_map("a")]
    syncs.sync()
    syncs.plane.advance(60)
    syncs.sync()
    first, second = syncs.app["status"]["history"]
    assert (first["id"], second["id"]) == (0, 1)
    assert second == {
        "id": 1,
        "revision": REVISION,
        "source": SOURCE,
        "deployStartedAt": timestamp(syncs.clock.now()),
        "deployedAt": timestamp(syncs.clock.now()),
        "initiatedBy": {"username": "admin"},
    }


def test_a_sync_that_fails_is_no_deployment(syncs: Syncs) -> None:
    syncs.git = [BAD]
    syncs.sync()
    assert "history" not in syncs.app["status"]


def test_a_rollback_is_a_deployment_of_its_own_source(syncs: Syncs) -> None:
    old = {**SOURCE, "path": "old"}
    syncs.git = [config_map("a")]
    syncs.sync(source=old, revision="v1", syncStrategy={"apply": {}})
    assert [row["source"] for row in syncs.app["status"]["history"]] == [old]


@pytest.mark.parametrize(("limit", "kept"), [(None, 10), (2, 2), (0, 0), (-1, 0), (100, 12)])
def test_only_the_newest_deployments_are_kept(limit: int | None, kept: int) -> None:
    rows = [{"id": at} for at in range(12)]
    assert trimmed(rows, limit) == rows[12 - kept :]


# -- while it goes on -------------------------------------------------------------------------------------------------


def test_a_window_stops_a_sync_and_lets_it_go_on_later(syncs: Syncs) -> None:
    syncs.git = [config_map("a")]
    syncs.windows({"kind": "deny", "schedule": "0 0 * * *", "duration": "2m", "applications": ["*"]})
    syncs.plane.advance(60)
    assert syncs.sync() == ("Running", "Sync operation blocked by sync window")
    assert syncs.get("configmaps", "a") is None
    syncs.plane.advance(120)
    assert syncs.go()[0] == "Succeeded"


def test_a_window_that_lets_syncs_by_hand_through(syncs: Syncs) -> None:
    window = {"kind": "deny", "schedule": "0 0 * * *", "duration": "1h", "applications": ["*"], "manualSync": True}
    syncs.windows(window)
    syncs.plane.advance(60)
    assert syncs.sync()[0] == "Succeeded"
    syncs.begin(automated=True)
    assert syncs.go()[0] == "Running"


def test_a_window_that_cannot_be_read_stops_a_sync_and_is_told(syncs: Syncs) -> None:
    syncs.windows({"kind": "deny", "schedule": "never", "duration": "1h", "applications": ["*"]})
    phase, message = syncs.sync()
    assert phase == "Running"
    assert message.startswith(
        "Sync operation blocked by sync window: invalid sync windows: cannot parse schedule 'never'"
    )


def test_many_objects_give_way_to_others_in_between(syncs: Syncs) -> None:
    syncs.git = [config_map(f"c{at}", data={"x": "y" * 1000}) for at in range(200)]
    syncs.begin()
    syncs.step()
    steps = [syncs.slice()]
    while not steps[-1].is_over:
        steps.append(syncs.slice())
    assert len(steps) > 1
    assert all(step.after == 0.0 for step in steps[:-1])
    assert len(syncs.rows) == 200


def test_a_step_that_gave_way_is_forgotten_with_its_operation(syncs: Syncs) -> None:
    syncs.git = [note(config_map("a"), "-1"), config_map("b")]
    syncs.begin()
    syncs.step()
    assert syncs.step().after == 2.0
    del syncs.app["operation"]
    syncs.app["status"] = {}
    syncs.plane.advance(60)
    syncs.git = [config_map("c")]
    assert syncs.sync()[0] == "Succeeded"
    assert syncs.get("configmaps", "b") is None


def test_a_revision_that_cannot_be_had_is_told_as_it_was_asked_for(syncs: Syncs) -> None:
    syncs.conditions = [{"type": "ComparisonError", "message": "Failed to load target state: no such thing"}]
    syncs.compares(lambda place: replace(syncs.compare(place), loaded=False))
    syncs.sync()
    assert syncs.state["syncResult"]["revision"] == ""
    syncs.sync(revision="nope")
    assert syncs.state["syncResult"]["revision"] == "nope"


def test_the_state_of_an_operation_says_who_and_how_often_even_when_nobody_said(syncs: Syncs) -> None:
    syncs.app["operation"] = {"sync": {}}
    syncs.go()
    assert syncs.state["operation"] == {"sync": {}, "initiatedBy": {}, "retry": {}}
