from __future__ import annotations

from builders import ADMIN, config_map

from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.store import Store
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.machinery.clock import JumpableClock


def server(clock: JumpableClock) -> LocalApi:
    api = LocalApi(Verbs(Store(), clock), ADMIN)
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    return api


def said(api: LocalApi) -> list[tuple[str, int]]:
    return sorted((event["message"], event["count"]) for event in api.list("events"))


def test_an_event_tells_about_whom_by_whom_and_when(clock: JumpableClock) -> None:
    api = server(clock)
    about = api.create(config_map("a"))
    Recorder(api, clock, "some-controller").event(about, "Normal", "Tested", "it works", field="data{k}")
    (event,) = api.list("events", "default")
    assert event["involvedObject"]["uid"] == about["metadata"]["uid"]
    assert event["involvedObject"]["fieldPath"] == "data{k}"
    assert (event["type"], event["reason"], event["source"]["component"]) == ("Normal", "Tested", "some-controller")
    assert event["firstTimestamp"] == event["lastTimestamp"] == "2026-01-01T00:00:00Z"


def test_the_same_again_is_counted(clock: JumpableClock) -> None:
    api = server(clock)
    recorder, about = Recorder(api, clock, "c"), api.create(config_map("a"))
    for _ in range(3):
        recorder.event(about, "Warning", "Tested", "again")
        clock.jump(10)
    (event,) = api.list("events")
    assert (event["count"], event["lastTimestamp"]) == (3, "2026-01-01T00:00:20Z")


def test_what_is_said_at_one_moment_is_listed_in_that_order(clock: JumpableClock) -> None:
    api = server(clock)
    recorder, about = Recorder(api, clock, "c"), api.create(config_map("a"))
    for reason in "FEDCBA":
        recorder.event(about, "Normal", reason, "now")
    assert [event["reason"] for event in api.list("events")] == list("FEDCBA")


def test_many_alike_are_combined_after_the_ninth(clock: JumpableClock) -> None:
    api = server(clock)
    recorder, about = Recorder(api, clock, "c"), api.create(config_map("a"))
    for i in range(12):
        recorder.event(about, "Normal", "Created", f"pod {i:02}")
    assert said(api) == [("(combined from similar events): pod 11", 3), *((f"pod {i:02}", 1) for i in range(9))]


def test_what_is_combined_names_no_component_and_has_no_annotations(clock: JumpableClock) -> None:
    api = server(clock)
    recorder, about = Recorder(api, clock, "c"), api.create(config_map("a"))
    for i in range(11):
        recorder.event(about, "Normal", "Created", f"pod {i:02}", annotations={"number": str(i)})
    told = {each["message"]: each for each in api.list("events")}
    combined = told["(combined from similar events): pod 10"]
    assert (combined["reportingComponent"], combined["source"]) == ("", {"component": "c"})
    assert "annotations" not in combined["metadata"]
    assert (told["pod 00"]["reportingComponent"], told["pod 00"]["metadata"]["annotations"]) == ("c", {"number": "0"})


def test_one_object_is_rationed_and_gets_more_with_time(clock: JumpableClock) -> None:
    api = server(clock)
    recorder, about = Recorder(api, clock, "c"), api.create(config_map("a"))
    for _ in range(40):
        recorder.event(about, "Normal", "Tested", "again")
    assert said(api) == [("again", 25)]
    clock.jump(300)
    recorder.event(about, "Normal", "Tested", "again")
    recorder.event(about, "Normal", "Tested", "again")
    assert said(api) == [("again", 26)]


def test_warnings_are_rationed_beside_the_rest(clock: JumpableClock) -> None:
    api = server(clock)
    recorder, about = Recorder(api, clock, "c"), api.create(config_map("a"))
    for _ in range(40):
        recorder.event(about, "Normal", "Tested", "again")
        recorder.event(about, "Warning", "Failed", "again and again")
    assert sorted(said(api)) == [("again", 25), ("again and again", 25)]


def test_an_event_of_a_vanished_namespace_stops_nobody(clock: JumpableClock) -> None:
    api = server(clock)
    gone = {**config_map("a"), "metadata": {"name": "a", "namespace": "gone", "uid": "u"}}
    Recorder(api, clock, "c").event(gone, "Normal", "Tested", "nobody hears this")
    assert api.list("events") == []
