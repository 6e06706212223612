"""Watch streams: what comes, in which form, and when they end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from builders import config_map
from exchange import TABLE, Client, play

from gitopslab.controlplane.http.watch import BEFORE_END, BOOKMARK_SECONDS
from gitopslab.controlplane.server import feed
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.controlplane.server.webhookclients import Destination, Review
from gitopslab.machinery.objects import Object

_MAPS = "/api/v1/namespaces/default/configmaps"


def test_a_watch_begins_with_what_is_there_and_follows_every_change(client: Client, api: LocalApi) -> None:
    async def story() -> None:
        api.create(config_map("a"))
        exchange = client.open("GET", f"{_MAPS}?watch=true")
        task = exchange.start()
        await exchange.lines(1)
        api.patch("configmaps", "a", {"data": {"k": "v"}}, "default")
        api.delete("configmaps", "a", "default")
        events = await exchange.lines(3)
        assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]
        assert events[1]["object"]["data"] == {"k": "v"}
        assert {event["object"]["kind"] for event in events} == {"ConfigMap"}
        exchange.hang_up()
        await task

    play(story)


def test_a_watch_from_a_version_tells_only_what_came_later(client: Client, api: LocalApi, verbs: Verbs) -> None:
    async def story() -> None:
        api.create(config_map("a"))
        since = verbs.store.revision
        api.create(config_map("b"))
        exchange = client.open("GET", f"{_MAPS}?watch=true&resourceVersion={since}")
        task = exchange.start()
        events = await exchange.lines(1)
        assert [event["object"]["metadata"]["name"] for event in events] == ["b"]
        exchange.hang_up()
        await task

    play(story)


def test_headers_come_before_the_first_event(client: Client) -> None:
    async def story() -> None:
        exchange = client.open("GET", f"{_MAPS}?watch=true")
        task = exchange.start()
        await asyncio.sleep(0)
        assert exchange.response.code == 200
        exchange.hang_up()
        await task

    play(story)


def test_an_object_that_leaves_the_selector_is_deleted_for_its_watcher(client: Client, api: LocalApi) -> None:
    async def story() -> None:
        api.create(config_map("a", metadata={"labels": {"x": "y"}}))
        exchange = client.open("GET", f"{_MAPS}?watch=true&labelSelector=x%3Dy")
        task = exchange.start()
        await exchange.lines(1)
        api.patch("configmaps", "a", {"metadata": {"labels": {"x": "z"}}}, "default")
        assert (await exchange.lines(2))[1]["type"] == "DELETED"
        exchange.hang_up()
        await task

    play(story)


_BY_OLD_PATH = "/api/v1/watch/namespaces/default/configmaps/a"
_BY_NAME = f"{_MAPS}?watch=1&fieldSelector=metadata.name%3Da"


@pytest.mark.parametrize("target", [_BY_OLD_PATH, _BY_NAME], ids=["old path", "field selector"])
def test_one_object_can_be_watched(client: Client, api: LocalApi, target: str) -> None:
    async def story() -> None:
        api.create(config_map("b"))
        api.create(config_map("a"))
        exchange = client.open("GET", target)
        task = exchange.start()
        assert [event["object"]["metadata"]["name"] for event in await exchange.lines(1)] == ["a"]
        exchange.hang_up()
        await task

    play(story)


def test_a_table_is_watched_with_its_columns_only_once(client: Client, api: LocalApi) -> None:
    async def story() -> None:
        exchange = client.open("GET", f"{_MAPS}?watch=true", accept=TABLE)
        task = exchange.start()
        await asyncio.sleep(0)
        for name in "ab":
            api.create(config_map(name))
        first, second = await exchange.lines(2)
        assert first["object"]["columnDefinitions"][0]["name"] == "Name"
        assert second["object"]["columnDefinitions"] is None
        assert second["object"]["rows"][0]["cells"] == ["b", 0, "0s"]
        exchange.hang_up()
        await task

    play(story)


def test_initial_events_end_with_a_bookmark_that_says_so(client: Client, api: LocalApi) -> None:
    query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"

    async def story() -> None:
        api.create(config_map("a"))
        exchange = client.open("GET", f"{_MAPS}?{query}")
        task = exchange.start()
        added, bookmark = await exchange.lines(2)
        assert (added["type"], bookmark["type"]) == ("ADDED", "BOOKMARK")
        assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        exchange.hang_up()
        await task

    play(story)


def test_a_bookmark_never_claims_what_was_not_sent(client: Client, api: LocalApi) -> None:
    query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"

    async def story() -> None:
        exchange = client.open("GET", f"{_MAPS}?{query}")

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                api.create(config_map("meanwhile"))
            await exchange._send(message)

        task = asyncio.create_task(client.app(exchange.scope, exchange._receive, send))  # type: ignore[arg-type]
        bookmark, added = await exchange.lines(2)
        assert (bookmark["type"], added["type"]) == ("BOOKMARK", "ADDED")
        versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in (bookmark, added)]
        assert versions[0] < versions[1]
        exchange.hang_up()
        await task

    play(story)


def test_without_initial_events_only_what_is_new_comes(client: Client, api: LocalApi) -> None:
    query = "watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan"

    async def story() -> None:
        api.create(config_map("old"))
        exchange = client.open("GET", f"{_MAPS}?{query}")
        task = exchange.start()
        await asyncio.sleep(0)
        api.create(config_map("new"))
        assert [event["object"]["metadata"]["name"] for event in await exchange.lines(1)] == ["new"]
        exchange.hang_up()
        await task

    play(story)


def test_bookmarks_come_every_minute_to_those_who_allow_them(client: Client, verbs: Verbs) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        query = f"watch=true&allowWatchBookmarks=true&resourceVersion={verbs.store.revision}"
        exchange = client.open("GET", f"{_MAPS}?{query}")
        task = exchange.start()
        bookmarks = await exchange.lines(2)
        assert loop.time() - begin == pytest.approx(2 * BOOKMARK_SECONDS)
        assert {event["type"] for event in bookmarks} == {"BOOKMARK"}
        assert bookmarks[0]["object"]["metadata"] == {"resourceVersion": str(verbs.store.revision)}
        exchange.hang_up()
        await task

    play(story)


def test_a_last_bookmark_comes_just_before_the_end(client: Client, verbs: Verbs) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        query = f"watch=true&allowWatchBookmarks=true&timeoutSeconds=10&resourceVersion={verbs.store.revision}"
        exchange = client.open("GET", f"{_MAPS}?{query}")
        task = exchange.start()
        [bookmark] = await exchange.lines(1)
        assert bookmark["type"] == "BOOKMARK"
        assert loop.time() - begin == pytest.approx(10 - BEFORE_END)
        await task
        assert len(exchange.response.body.splitlines()) == 1

    play(story)


@pytest.mark.parametrize("version", ["", "&resourceVersion=0"], ids=["no version", "version 0"])
def test_a_watch_of_what_there_is_tells_where_that_ends(client: Client, api: LocalApi, version: str) -> None:
    async def story() -> None:
        api.create(config_map("a"))
        exchange = client.open("GET", f"{_MAPS}?watch=true&allowWatchBookmarks=true{version}")
        task = exchange.start()
        added, bookmark = await exchange.lines(2)
        assert (added["type"], bookmark["type"]) == ("ADDED", "BOOKMARK")
        assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        exchange.hang_up()
        await task

    play(story)


def test_a_watch_ends_when_its_time_is_over(client: Client) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        exchange = client.open("GET", f"{_MAPS}?watch=true&timeoutSeconds=30")
        await exchange.run()
        assert exchange.is_over
        assert loop.time() - begin == pytest.approx(30)

    play(story)


def test_a_watch_without_a_limit_ends_within_an_hour(client: Client) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        await client.open("GET", f"{_MAPS}?watch=true").run()
        assert 1800 <= loop.time() - begin <= 3600

    play(story)


def test_a_client_that_hangs_up_leaves_nothing_behind(client: Client, api: LocalApi, verbs: Verbs) -> None:
    async def story() -> None:
        before = verbs.feed.watchers
        exchange = client.open("GET", f"{_MAPS}?watch=true")
        task = exchange.start()
        await asyncio.sleep(0)
        assert verbs.feed.watchers == before + 1
        exchange.hang_up()
        await task
        assert verbs.feed.watchers == before
        assert len(asyncio.all_tasks()) == 1

    play(story)


def test_history_that_is_gone_is_told_as_an_event(client: Client, api: LocalApi, verbs: Verbs) -> None:
    async def story() -> None:
        for name in "abc":
            api.create(config_map(name))
        verbs.store.compact(verbs.store.revision)
        exchange = client.open("GET", f"{_MAPS}?watch=true&resourceVersion=1")
        response = await exchange.run()
        assert response.code == 200
        assert response.json["type"] == "ERROR"
        assert (response.json["object"]["code"], response.json["object"]["reason"]) == (410, "Expired")
        assert exchange.is_over

    play(story)


def test_a_reader_that_falls_too_far_behind_must_list_again(
    client: Client, api: LocalApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "_MOST_PENDING", 2)

    async def story() -> None:
        exchange = client.open("GET", f"{_MAPS}?watch=true")
        task = exchange.start()
        await asyncio.sleep(0)
        for name in "abcd":
            api.create(config_map(name))
        response = await task
        assert response.json["type"] == "ERROR"
        assert response.json["object"]["code"] == 410

    play(story)


def test_a_stopping_server_ends_its_watches_cleanly(client: Client) -> None:
    async def story() -> None:
        exchange = client.open("GET", f"{_MAPS}?watch=true")
        task = exchange.start()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert exchange.is_over

    play(story)


@pytest.mark.parametrize(("query", "code"), [("resourceVersion=abc", 400), ("resourceVersion=-1", 400)])
def test_a_watch_that_makes_no_sense_is_refused_before_it_begins(client: Client, query: str, code: int) -> None:
    answer = client.get(f"{_MAPS}?watch=true&{query}")
    assert (answer.code, answer.json["kind"]) == (code, "Status")


def test_a_watch_from_a_version_to_come_waits_for_it(client: Client, api: LocalApi, verbs: Verbs) -> None:
    async def story() -> None:
        exchange = client.open("GET", f"{_MAPS}?watch=true&resourceVersion={verbs.store.revision + 1}")
        task = exchange.start()
        await asyncio.sleep(0)
        for name in "ab":
            api.create(config_map(name))
        assert [event["object"]["metadata"]["name"] for event in await exchange.lines(1)] == ["b"]
        exchange.hang_up()
        await task

    play(story)


def test_the_state_at_a_version_to_come_is_refused_as_an_event(client: Client) -> None:
    query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=99999"
    answer = client.get(f"{_MAPS}?{query}")
    assert (answer.code, answer.json["type"], answer.json["object"]["code"]) == (200, "ERROR", 504)


def test_a_watch_cannot_be_read_as_yaml(client: Client) -> None:
    assert client.get(f"{_MAPS}?watch=true", accept="application/yaml").code == 406


def test_what_has_to_be_converted_outside_is_waited_for(client: Client, api: LocalApi, verbs: Verbs) -> None:
    async def story() -> None:
        names = {"plural": "ports", "singular": "port", "kind": "Port"}
        schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
        asked = {"conversionReviewVersions": ["v1"], "clientConfig": {"url": "https://127.0.0.1:8443/"}}
        versions = [
            {"name": name, "served": True, "storage": name == "v1", "schema": schema} for name in ("v1", "v2")
        ]  # fmt: skip
        spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": versions}
        head = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
        conversion = {"strategy": "Webhook", "webhook": asked}
        made = api.create(
            {**head, "metadata": {"name": "ports.example.com"}, "spec": {**spec, "conversion": conversion}}
        )
        accepted = {**names, "listKind": "PortList"}
        conditions = [{"type": "Established", "status": "True"}]
        api.update(
            {**made, "status": {**made["status"], "acceptedNames": accepted, "conditions": conditions}}, "status"
        )
        verbs.call_webhooks(_Renaming())
        exchange = client.open("GET", "/apis/example.com/v2/namespaces/default/ports?watch=true")
        task = exchange.start()
        metadata = {"name": "a", "namespace": "default"}
        api.create({"apiVersion": "example.com/v1", "kind": "Port", "metadata": metadata, "colour": "red"})
        (event,) = await exchange.lines(1)
        assert (event["object"]["apiVersion"], event["object"]["seen"]) == ("example.com/v2", "red")
        exchange.hang_up()
        await task

    play(story)


class _Renaming:
    """A webhook that renames a field; stands for the network."""

    def prepared(self, destination: Destination, body: bytes, seconds: int, review: Review) -> Callable[[], Object]:
        given = json.loads(body)
        request = given["request"]
        objects = [
            {**one, "apiVersion": request["desiredAPIVersion"], "seen": one["colour"]} for one in request["objects"]
        ]
        response = {"uid": request["uid"], "convertedObjects": objects, "result": {"status": "Success"}}
        return lambda: {**given, "response": response}
