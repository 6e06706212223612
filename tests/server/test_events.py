"""One stored Event, served by core and by ``events.k8s.io``."""

from __future__ import annotations

from typing import Any

import pytest
from builders import ADMIN, merged

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import WriteOptions
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import InvalidError
from gitopslab.machinery.objects import Object

NEW = "events.events.k8s.io"
TIME = "2026-01-01T00:00:00.000000Z"


def event(name: str, **overrides: Any) -> Object:
    """An Event of ``events.k8s.io`` about a pod."""
    base = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": "default"},
        "eventTime": TIME,
        "regarding": {"kind": "Pod", "name": "web", "namespace": "default"},
        "reportingController": "example.com/tester",
        "reportingInstance": "tester-1",
        "action": "Testing",
        "reason": "Tested",
        "note": "all is well",
        "type": "Normal",
    }
    return merged(base, overrides)


def legacy(name: str) -> Object:
    """An Event of core, as client-go writes them."""
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": "default"},
        "involvedObject": {"kind": "Pod", "name": "web", "namespace": "default"},
        "reason": "Started",
        "message": "it runs",
        "type": "Normal",
        "count": 3,
        "firstTimestamp": "2026-01-01T00:00:00Z",
        "lastTimestamp": "2026-01-01T00:00:00Z",
        "source": {"component": "kubelet"},
    }


def test_an_event_written_in_one_api_is_read_in_the_words_of_the_other(api: LocalApi) -> None:
    api.create(event("new"))
    api.create(legacy("old"))
    new, old = api.get("events", "new", "default"), api.get(NEW, "old", "default")
    assert (new["message"], new["involvedObject"]["name"], new["reportingComponent"]) == (
        "all is well", "web", "example.com/tester",
    )  # fmt: skip
    assert (new["source"], new["firstTimestamp"], new["eventTime"]) == ({}, None, TIME)
    assert (old["apiVersion"], old["note"], old["regarding"]["kind"]) == ("events.k8s.io/v1", "it runs", "Pod")
    assert (old["deprecatedCount"], old["deprecatedSource"]) == (3, {"component": "kubelet"})
    assert "reportingController" not in old
    assert old["metadata"] == api.get("events", "old", "default")["metadata"]


def test_both_apis_list_watch_change_and_delete_the_same_events(verbs: Verbs, api: LocalApi) -> None:
    new = verbs.catalog.by_key(NEW)
    assert new is not None
    past, news = verbs.watch(ADMIN, new, "default")
    api.create(legacy("old"))
    api.create(event("new"))
    assert past == []
    assert [change.record.object["note"] for change in news.pending()] == ["it runs", "all is well"]
    changed = api.get(NEW, "new", "default")
    changed["series"] = {"count": 2, "lastObservedTime": TIME}
    verbs.update(ADMIN, new, "default", "new", changed, WriteOptions())
    assert api.get("events", "new", "default")["series"]["count"] == 2
    found = verbs.list(ADMIN, new, "default", fields="regarding.name=web,reportingController=example.com/tester")
    assert [record.object["metadata"]["name"] for record in found.records] == ["new"]
    api.delete(NEW, "old", "default")
    assert [one["metadata"]["name"] for one in api.list("events", "default")] == ["new"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"eventTime": None}, "eventTime: Required value"),
        ({"type": "Loud"}, 'type: Invalid value: "": has invalid value: Loud'),
        ({"deprecatedCount": 1}, 'count: Invalid value: "": needs to be unset'),
        ({"deprecatedSource": {"component": "x"}}, 'source: Invalid value: "": needs to be unset'),
        ({"series": {"count": 1, "lastObservedTime": TIME}}, 'series.count: Invalid value: "": should be at least 2'),
        ({"reason": "r" * 129}, 'reason: Invalid value: "": can have at most 128 characters'),
        ({"reportingController": ""}, "reportingController: Required value"),
    ],
)
def test_an_event_of_the_new_api_is_checked_strictly(api: LocalApi, change: Object, fault: str) -> None:
    with pytest.raises(InvalidError) as caught:
        api.create(event("new", **change))
    assert fault in str(caught.value)


def test_nothing_but_the_series_of_an_event_may_change(verbs: Verbs, api: LocalApi) -> None:
    new = verbs.catalog.by_key(NEW)
    assert new is not None
    changed = {**api.create(event("new")), "note": "all is lost"}
    with pytest.raises(InvalidError, match='message: Invalid value: "all is lost": field is immutable'):
        verbs.update(ADMIN, new, "default", "new", changed, WriteOptions())


def test_an_event_belongs_to_who_wrote_it_last_when_that_was_through_the_other_api(verbs: Verbs, api: LocalApi) -> None:
    new = verbs.catalog.by_key(NEW)
    assert new is not None
    api.create(legacy("old"))
    change = {"metadata": {"labels": {"a": "b"}}}
    record, _ = verbs.patch(ADMIN, new, "default", "old", change, "merge", WriteOptions(field_manager="me"))
    (entry,) = record.object["metadata"]["managedFields"]
    assert (entry["manager"], entry["apiVersion"]) == ("me", "events.k8s.io/v1")
    assert entry["fieldsV1"] == {"f:metadata": {"f:labels": {".": {}, "f:a": {}}}}
