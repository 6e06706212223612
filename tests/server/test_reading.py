from __future__ import annotations

import pytest
from builders import ADMIN, config_map

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.reading import Page
from gitopslab.controlplane.server.store import Change
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import ApiError, GoneError
from gitopslab.machinery.objects import name_of


def names(page: Page) -> list[str]:
    return [name_of(record.object) for record in page.records]


def told(changes: list[Change]) -> list[tuple[str, str]]:
    return [(change.type, change.key[1]) for change in changes]


def config_maps(verbs: Verbs):  # type: ignore[no-untyped-def]
    return verbs.catalog.by_key("configmaps")


def test_a_chunked_list_shows_one_moment_whatever_is_written_meanwhile(verbs: Verbs, api: LocalApi) -> None:
    for name in "abcde":
        api.create(config_map(name))
    resource = config_maps(verbs)
    first = verbs.list(ADMIN, resource, "default", limit=2)
    api.create(config_map("aa"))
    api.delete("configmaps", "d", "default")
    second = verbs.list(ADMIN, resource, "default", limit=2, continue_=first.continue_)
    third = verbs.list(ADMIN, resource, "default", limit=2, continue_=second.continue_)
    assert [names(first), names(second), names(third)] == [["a", "b"], ["c", "d"], ["e"]]
    assert [first.remaining, second.remaining, third.remaining] == [3, 1, None]
    assert third.continue_ == ""


def test_a_token_from_nowhere_is_refused(verbs: Verbs) -> None:
    with pytest.raises(ApiError, match="continue key is not valid"):
        verbs.list(ADMIN, config_maps(verbs), "default", limit=1, continue_="nonsense")


def test_a_chunk_of_compacted_history_is_gone(verbs: Verbs, api: LocalApi) -> None:
    for name in "abc":
        api.create(config_map(name))
    first = verbs.list(ADMIN, config_maps(verbs), "default", limit=1)
    api.create(config_map("d"))
    verbs.store.compact(verbs.store.revision)
    with pytest.raises(GoneError, match="continue parameter is too old"):
        verbs.list(ADMIN, config_maps(verbs), "default", limit=1, continue_=first.continue_)


def test_a_watch_begins_right_after_its_revision_and_goes_on(verbs: Verbs, api: LocalApi) -> None:
    api.create(config_map("before"))
    since = str(verbs.store.revision)
    api.create(config_map("missed"))
    past, subscription = verbs.watch(ADMIN, config_maps(verbs), "default", resource_version=since)
    api.create(config_map("live"))
    api.delete("configmaps", "missed", "default")
    assert told(past) == [("ADDED", "missed")]
    assert told(subscription.pending()) == [("ADDED", "live"), ("DELETED", "missed")]


def test_a_watch_of_a_selector_sees_objects_come_and_go_as_their_labels_change(verbs: Verbs, api: LocalApi) -> None:
    _, subscription = verbs.watch(
        ADMIN, config_maps(verbs), "", labels="env=dev", resource_version=str(verbs.store.revision)
    )
    api.create(config_map("a"))
    for value in ("dev", "prod"):
        api.patch("configmaps", "a", {"metadata": {"labels": {"env": value}}}, "default")
    changes = subscription.pending()
    assert told(changes) == [("ADDED", "a"), ("DELETED", "a")]
    assert changes[1].record.object["metadata"]["labels"] == {"env": "dev"}, "the last state this watcher could see"
    assert changes[1].record.object["metadata"]["resourceVersion"] == str(verbs.store.revision)


def test_a_watch_hears_nothing_of_other_namespaces(verbs: Verbs, api: LocalApi) -> None:
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}})
    _, subscription = verbs.watch(ADMIN, config_maps(verbs), "other", resource_version=str(verbs.store.revision))
    api.create(config_map("a"))
    assert subscription.pending() == []


def test_a_watch_from_before_the_kept_history_is_gone(verbs: Verbs, api: LocalApi) -> None:
    api.create(config_map("a"))
    verbs.store.compact(verbs.store.revision)
    with pytest.raises(GoneError, match="too old resource version: 1"):
        verbs.watch(ADMIN, config_maps(verbs), "", resource_version="1")


@pytest.mark.parametrize(
    ("labels", "fields", "message"),
    [
        ("a=b=c", "", "found '=', expected: ',' or 'end of string'"),
        ("", "spec.bogus=1", "field label not supported: spec.bogus"),
    ],
)
def test_a_selector_that_cannot_be_understood_is_a_bad_request(
    verbs: Verbs, labels: str, fields: str, message: str
) -> None:
    with pytest.raises(ApiError, match=message) as caught:
        verbs.list(ADMIN, verbs.catalog.by_key("pods"), "", labels=labels, fields=fields)  # type: ignore[arg-type]
    assert caught.value.code == 400


def test_a_reader_that_falls_too_far_behind_is_told_to_list_again(
    verbs: Verbs, api: LocalApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gitopslab.controlplane.server.feed._MOST_PENDING", 2)
    _, subscription = verbs.watch(ADMIN, config_maps(verbs), "", resource_version=str(verbs.store.revision))
    for name in "abc":
        api.create(config_map(name))
    with pytest.raises(GoneError):
        subscription.pending()
