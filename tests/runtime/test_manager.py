from __future__ import annotations

import pytest
from builders import ADMIN, config_map

from gitopslab.controlplane.runtime.informer import Informer, by_controller
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.server import feed
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.store import Store
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import ApiError
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import Object, name_of


def server(clock: JumpableClock) -> LocalApi:
    api = LocalApi(Verbs(Store(), clock), ADMIN)
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    return api


class Recording:
    """A reconciler that only remembers what it was asked."""

    name = "recording"
    sources = (Source("configmaps"),)

    def __init__(self, result: Result = DONE, failures: int = 0) -> None:
        self.asked: list[str] = []
        self._result = result
        self._failures = failures

    def reconcile(self, request: Request) -> Result:
        self.asked.append(request.name)
        if self._failures:
            self._failures -= 1
            raise ApiError(500, "InternalError", "not yet")
        return self._result


def test_a_reconciler_is_asked_about_what_is_there_and_what_comes(clock: JumpableClock) -> None:
    api = server(clock)
    api.create(config_map("old"))
    manager, recording = Manager(api, clock), Recording()
    manager.add(recording)
    manager.settle()
    api.create(config_map("new"))
    manager.settle()
    assert recording.asked == ["old", "new"]


def test_an_informer_that_fell_too_far_behind_lists_again_and_tells_the_difference(
    clock: JumpableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "_MOST_PENDING", 3)
    api = server(clock)
    for name in ("changed", "deleted", "same"):
        api.create(config_map(name))
    manager, recording = Manager(api, clock), Recording()
    manager.add(recording)
    manager.settle()
    recording.asked.clear()
    api.patch("configmaps", "changed", {"data": {"k": "v"}}, "default")
    api.delete("configmaps", "deleted", "default")
    for name in ("new1", "new2", "new3"):
        api.create(config_map(name))
    manager.settle()
    assert sorted(recording.asked) == ["changed", "deleted", "new1", "new2", "new3"]
    assert {name_of(obj) for obj in manager.informer("configmaps")} == {"changed", "same", "new1", "new2", "new3"}


def test_an_event_that_cannot_be_mapped_stops_nobody_else(
    clock: JumpableClock, caplog: pytest.LogCaptureFixture
) -> None:
    api = server(clock)
    manager, recording, lost = Manager(api, clock), Recording(), Recording()
    lost.sources = (Source("configmaps", lambda event: [Request("default", event.object["nowhere"])]),)
    manager.add(lost)
    manager.add(recording)
    api.create(config_map("a"))
    manager.settle()
    assert (lost.asked, recording.asked) == ([], ["a"])
    assert "cannot be mapped" in caplog.text
    caplog.clear()  # the error was wanted here


def test_an_object_that_cannot_be_indexed_stops_nobody_else(
    clock: JumpableClock, caplog: pytest.LogCaptureFixture
) -> None:
    def by_colour(obj: Object) -> list[str]:
        return [obj["data"]["colour"]]

    api = server(clock)
    manager = Manager(api, clock)
    informer = manager.informer("configmaps")
    assert informer.indexed(by_colour, "blue") == []
    api.create({**config_map("plain"), "data": {}})
    api.create({**config_map("painted"), "data": {"colour": "blue"}})
    manager.settle()
    assert [name_of(obj) for obj in informer.indexed(by_colour, "blue")] == ["painted"]
    assert "cannot be indexed" in caplog.text
    caplog.clear()  # the error was wanted here


def test_many_changes_before_a_step_are_one_request(clock: JumpableClock) -> None:
    api = server(clock)
    manager, recording = Manager(api, clock), Recording()
    manager.add(recording)
    api.create(config_map("a"))
    for value in "123":
        api.patch("configmaps", "a", {"data": {"k": value}}, "default")
    manager.settle()
    assert recording.asked == ["a"]


def test_a_failed_request_comes_back_after_its_back_off(clock: JumpableClock) -> None:
    api = server(clock)
    manager, recording = Manager(api, clock), Recording(failures=2)
    manager.add(recording)
    api.create(config_map("a"))
    manager.settle()
    assert recording.asked == ["a"]
    manager.advance(1)
    assert recording.asked == ["a", "a", "a"]


def test_a_request_for_later_comes_then(clock: JumpableClock) -> None:
    api = server(clock)
    manager, recording = Manager(api, clock), Recording(Result(requeue_after=10))
    manager.add(recording)
    api.create(config_map("a"))
    manager.advance(35)
    assert recording.asked == ["a"] * 4


def test_a_stopped_component_catches_up_when_started(clock: JumpableClock) -> None:
    api = server(clock)
    manager, recording = Manager(api, clock), Recording()
    manager.add(recording)
    manager.stop("recording")
    api.create(config_map("a"))
    manager.settle()
    assert recording.asked == []
    manager.start("recording")
    manager.settle()
    assert recording.asked == ["a"]


def test_a_source_that_follows_the_previous_state_hears_what_was_left_behind(clock: JumpableClock) -> None:
    api = server(clock)
    manager, recording = Manager(api, clock), Recording()

    def owner(event: object) -> list[Request]:
        labels = event.object["metadata"].get("labels") or {}  # type: ignore[attr-defined]
        return [Request("default", labels["owner"])] if "owner" in labels else []

    recording.sources = (Source("configmaps", owner, previous=True),)
    manager.add(recording)
    api.create(config_map("a", metadata={"labels": {"owner": "one"}}))
    manager.settle()
    api.patch("configmaps", "a", {"metadata": {"labels": {"owner": "two"}}}, "default")
    manager.settle()
    assert recording.asked == ["one", "two", "one"]


def test_a_source_that_comes_later_is_followed_from_then_on(clock: JumpableClock) -> None:
    api = server(clock)
    manager, recording = Manager(api, clock), Recording()
    manager.add(recording)
    manager.settle()
    manager.informer("secrets")
    recording.sources = (*recording.sources, Source("secrets"))
    api.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "late", "namespace": "default"}})
    manager.settle()
    assert recording.asked == ["late"]


def test_an_index_follows_objects_as_their_owner_changes(clock: JumpableClock) -> None:
    api = server(clock)
    informer = Informer(api, "configmaps")

    def owned(uid: str) -> dict[str, object]:
        return {
            "metadata": {
                "ownerReferences": [
                    {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": uid, "controller": True}
                ]
            }
        }

    api.create(config_map("a", **owned("1")))
    informer.poll()
    assert [o["metadata"]["name"] for o in informer.indexed(by_controller, "1")] == ["a"]
    api.patch("configmaps", "a", owned("2"), "default")
    informer.poll()
    assert (list(informer.indexed(by_controller, "1")), len(list(informer.indexed(by_controller, "2")))) == ([], 1)
    api.delete("configmaps", "a", "default")
    informer.poll()
    assert (len(informer), list(informer.indexed(by_controller, "2"))) == (0, [])
