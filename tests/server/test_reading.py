from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from builders import ADMIN, config_map

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.reading import Page
from gitopslab.controlplane.server.records import Change
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
    future = base64.urlsafe_b64encode(b'{"v": "meta.k8s.io/v1", "rv": 9999, "start": "default/a"}').decode()
    for token in ("nonsense", future):
        with pytest.raises(ApiError, match="continue key is not valid"):
            verbs.list(ADMIN, config_maps(verbs), "default", limit=1, continue_=token)


def test_a_negative_limit_is_none_and_a_list_of_every_namespace_is_chunked_in_its_own_order(
    verbs: Verbs, api: LocalApi
) -> None:
    for namespace in ("a", "a-b"):
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        api.create(config_map(f"in-{namespace}", namespace))
    whole = verbs.list(ADMIN, config_maps(verbs), "", limit=-1)
    assert (names(whole), whole.continue_) == (["in-a-b", "in-a"], "")
    first = verbs.list(ADMIN, config_maps(verbs), "", limit=1)
    rest = verbs.list(ADMIN, config_maps(verbs), "", limit=1, continue_=first.continue_)
    assert [names(first), names(rest)] == [["in-a-b"], ["in-a"]]


@pytest.mark.parametrize("text", ["-1", "1_0", " 1", "+1", "x", "9" * 30])
def test_a_resource_version_that_is_no_number_is_a_bad_request(verbs: Verbs, text: str) -> None:
    with pytest.raises(ApiError, match=r"ParseUint: parsing .*: (invalid syntax|value out of range)") as caught:
        verbs.list(ADMIN, config_maps(verbs), "default", resource_version=text)
    assert caught.value.code == 400


def test_a_list_at_a_revision_that_is_compacted_is_gone(verbs: Verbs, api: LocalApi) -> None:
    api.create(config_map("a"))
    verbs.store.compact(verbs.store.revision)
    with pytest.raises(GoneError, match="resourceVersion for the provided list is too old"):
        verbs.list(ADMIN, config_maps(verbs), "default", resource_version="1", resource_version_match="Exact")


def test_a_chunk_of_compacted_history_is_gone_but_the_rest_of_the_present_can_be_had(
    verbs: Verbs, api: LocalApi
) -> None:
    for name in "abc":
        api.create(config_map(name))
    first = verbs.list(ADMIN, config_maps(verbs), "default", limit=1)
    api.create(config_map("d"))
    verbs.store.compact(verbs.store.revision)
    with pytest.raises(GoneError, match="continue parameter is too old") as gone:
        verbs.list(ADMIN, config_maps(verbs), "default", limit=1, continue_=first.continue_)
    token = gone.value.status["metadata"]["continue"]
    rest = verbs.list(ADMIN, config_maps(verbs), "default", limit=2, continue_=token)
    assert names(rest) == ["b", "c"]
    assert names(verbs.list(ADMIN, config_maps(verbs), "default", continue_=rest.continue_)) == ["d"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "bcd"),
        ({"resource_version": "0"}, "bcd"),
        ({"resource_version": "0", "limit": 1}, "bcd"),
        ({"limit": 1}, "b"),
        ({"limit": -1}, "bcd"),
        ({"resource_version": "RV"}, "bcd"),
        ({"resource_version": "RV", "resource_version_match": "NotOlderThan"}, "bcd"),
        ({"resource_version": "RV", "resource_version_match": "Exact"}, "ab"),
        ({"resource_version": "RV", "limit": 5}, "ab"),
        ({"resource_version": "RV", "limit": 1, "resource_version_match": "NotOlderThan"}, "b"),
    ],
    ids=lambda value: str(value),
)
def test_a_version_a_match_and_a_limit_together_say_which_moment_is_listed(
    verbs: Verbs, api: LocalApi, options: dict[str, Any], expected: str
) -> None:
    for name in "ab":
        api.create(config_map(name))
    revision = str(verbs.store.revision)
    for name in "cd":
        api.create(config_map(name))
    api.delete("configmaps", "a", "default")
    if "resource_version" in options:
        options = {**options, "resource_version": options["resource_version"].replace("RV", revision)}
    page = verbs.list(ADMIN, config_maps(verbs), "default", **options)
    assert names(page) == list(expected)


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ({"resource_version": "abc"}, 400, 'Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax'),
        ({"resource_version": "-1"}, 400, 'parsing "-1": invalid syntax'),
        ({"resource_version": "9" * 30}, 400, "value out of range"),
        ({"resource_version": "99999"}, 504, "Too large resource version: 99999, current: "),
        ({"resource_version": "1", "resource_version_match": "Exact"}, 410, "for the provided list is too old"),
        ({"resource_version": "5", "continue_": "TOKEN"}, 400, "not allowed when using continue"),
        ({"continue_": "eyJ2IjoidjEiLCJydiI6MSwic3RhcnQiOiJhIn0"}, 400, "not recognize this encoded version v1"),
    ],
    ids=["no number", "negative", "huge", "to come", "compacted", "version and token", "token of another format"],
)
def test_a_moment_that_cannot_be_listed_is_refused(
    verbs: Verbs, api: LocalApi, options: dict[str, Any], code: int, message: str
) -> None:
    for name in "ab":
        api.create(config_map(name))
    token = verbs.list(ADMIN, config_maps(verbs), "default", limit=1).continue_
    verbs.store.compact(verbs.store.revision)
    if options.get("continue_") == "TOKEN":
        options = {**options, "continue_": token}
    with pytest.raises(ApiError, match=message) as refused:
        verbs.list(ADMIN, config_maps(verbs), "default", **options)
    assert refused.value.code == code


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


def test_watches_of_the_same_share_what_they_are_told_and_each_takes_it_for_itself(verbs: Verbs, api: LocalApi) -> None:
    since = str(verbs.store.revision)
    first, second, other = (
        verbs.watch(ADMIN, config_maps(verbs), "", labels=labels, resource_version=since)[1]
        for labels in ("env=dev", "env=dev", "env!=dev")
    )
    api.create(config_map("a", metadata={"labels": {"env": "dev"}}))
    [change] = first.pending()
    first.close()
    api.create(config_map("b", metadata={"labels": {"env": "dev"}}))
    told = second.pending()
    assert [found.key for found in told] == [("default", "a"), ("default", "b")]
    assert told[0].event is change.event, "the bytes are made once"
    assert (first.pending(), other.pending()) == ([], [])


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
        ("n>x;", "", "unable to parse requirement: [values[0]: Invalid value: \"x;\": for 'Gt', 'Lt' operators"),
        ("n>x;", "", 'must be an integer, values[0][n]: Invalid value: "x;": a valid label must be'),
        ("a=b;c=d", "", 'unable to parse requirement: values[0][a]: Invalid value: "b;c": a valid label'),
        ("a in (-x,-y)", "", 'unable to parse requirement: [values[0][a]: Invalid value: "-x"'),
        ("-a ~ b", "", 'unable to parse requirement: <nil>: Invalid value: "-a"'),
    ],
)
def test_a_selector_that_cannot_be_understood_is_a_bad_request(
    verbs: Verbs, labels: str, fields: str, message: str
) -> None:
    with pytest.raises(ApiError, match=re.escape(message)) as caught:
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


@pytest.mark.parametrize(
    ("token", "told"),
    [
        ("bogus", "illegal base64 data at input byte 4"),
        ("a+b", "illegal base64 data at input byte 1"),
        ("bm90IGpzb24", "invalid character 'o' in literal null (expecting 'u')"),
    ],
)
def test_a_token_of_somebody_else_is_refused_in_gos_words(verbs: Verbs, token: str, told: str) -> None:
    with pytest.raises(ApiError) as refused:
        verbs.list(ADMIN, config_maps(verbs), "default", limit=1, continue_=token)
    assert refused.value.message == f"invalid continue token: continue key is not valid: {told}"
