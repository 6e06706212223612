"""Clients that accept protobuf alone, as Go programs can be told to."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from builders import config_map
from exchange import Client, play

from gitopslab.controlplane.http.negotiation import Accepted, Encoding
from gitopslab.controlplane.http.rendering import Look, render_error, render_event, render_list
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.reading import Page
from gitopslab.controlplane.server.records import Record
from gitopslab.machinery import protobuf
from gitopslab.machinery.kinds import Catalog

PROTOBUF = protobuf.MEDIA_TYPE


def test_an_object_is_written_in_protobuf(client: Client) -> None:
    answer = client.get("/api/v1/namespaces/default", accept=PROTOBUF)
    assert (answer.code, answer.headers["content-type"]) == (200, PROTOBUF)
    wanted = client.get("/api/v1/namespaces/default").json["metadata"]
    assert without_zeroes(protobuf.read(answer.body)["metadata"]) == without_zeroes(wanted)


def test_a_list_is_written_in_protobuf(client: Client) -> None:
    body = client.get("/api/v1/namespaces", accept=f"{PROTOBUF},application/json").body
    assert body.startswith(b"k8s\x00\n\x13\n\x02v1\x12\rNamespaceList")
    assert b"default" in body


def test_what_is_created_comes_back_in_protobuf(client: Client) -> None:
    answer = client("POST", "/api/v1/namespaces/default/configmaps", config_map("c", data={"a": "b"}), accept=PROTOBUF)
    assert (answer.code, protobuf.read(answer.body)["data"]) == (201, {"a": "b"})


def test_failures_and_successes_are_told_in_protobuf(client: Client, api: LocalApi) -> None:
    status = protobuf.read(client.get("/api/v1/namespaces/nosuch", accept=PROTOBUF).body)
    assert (status["kind"], status["code"], status["reason"]) == ("Status", 404, "NotFound")
    api.create(config_map("c"))
    status = protobuf.read(client("DELETE", "/api/v1/namespaces/default/configmaps/c", accept=PROTOBUF).body)
    assert status["status"] == "Success"


def test_only_metadata_is_written_in_protobuf(client: Client) -> None:
    form = "as={};g=meta.k8s.io;v=v1"
    one = client.get("/api/v1/namespaces/default", accept=f"{PROTOBUF};{form.format('PartialObjectMetadata')}")
    assert b"PartialObjectMetadata" in one.body
    listed = client.get("/api/v1/namespaces", accept=f"{PROTOBUF};{form.format('PartialObjectMetadataList')}")
    assert b"PartialObjectMetadataList" in listed.body


@pytest.mark.parametrize("path", ["/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1"])
def test_discovery_is_written_in_protobuf(client: Client, path: str) -> None:
    read = protobuf.read(client.get(path, accept=PROTOBUF).body)
    plain = client.get(path).json
    assert read.pop("apiVersion") == plain.get("apiVersion", "")
    assert without_zeroes(read) == without_zeroes({key: plain[key] for key in plain if key != "apiVersion"})


def without_zeroes(value: object) -> object:
    if isinstance(value, dict):
        return {key: without_zeroes(item) for key, item in value.items() if item not in ("", False, 0)}
    return [without_zeroes(item) for item in value] if isinstance(value, list) else value


def test_clients_learn_where_the_server_is(client: Client) -> None:
    addresses = client.get("/api").json["serverAddressByClientCIDRs"]
    assert addresses == [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:6443"}]


def test_a_watch_sends_events_with_their_length(client: Client) -> None:
    async def story() -> None:
        answer = await client.open("GET", "/api/v1/namespaces?watch=1&timeoutSeconds=1", accept=PROTOBUF).run()
        assert answer.headers["content-type"] == f"{PROTOBUF};stream=watch"
        length = int.from_bytes(answer.body[:4])
        event = answer.body[4 : 4 + length]
        assert event.startswith(b"\n\x05ADDED\x12")
        assert protobuf.read(event[event.index(protobuf.PREFIX) :])["metadata"]["name"] == "default"

    play(story)


def test_what_ends_a_watch_is_told_in_protobuf() -> None:
    look = Look(Accepted(encoding=Encoding.PROTOBUF))
    event = render_error({"kind": "Status", "apiVersion": "v1", "code": 410}, look)
    assert event[4:].startswith(b"\n\x05ERROR\x12")
    assert protobuf.read(event[event.index(protobuf.PREFIX) :])["code"] == 410


@pytest.mark.parametrize(("header", "code"), [(PROTOBUF, 406), (f"{PROTOBUF},application/json", 200)])
def test_openapi_has_a_protobuf_of_its_own(client: Client, header: str, code: int) -> None:
    assert client.get("/openapi/v2", accept=header).code == code


class CountingObject(dict[str, Any]):
    """An object that counts how often its data is read."""

    reads = 0

    def get(self, key: str, default: Any = None) -> Any:
        self.reads += key == "data"
        return super().get(key, default)


def test_an_object_is_put_into_protobuf_once_for_all_lists_and_watches(api: LocalApi) -> None:
    obj = CountingObject(api.create(config_map("c", data={"a": "b"})))
    page, look = Page([Record(1, orjson.dumps(obj), obj)], 1), Look(Accepted(encoding=Encoding.PROTOBUF))
    [resource] = [one for one in Catalog() if one.key == "configmaps"]
    lists = {render_list(resource, page, look) for _ in range(2)}
    events = {render_event(resource, "ADDED", page.records[0], look, first=True) for _ in range(2)}
    assert len(lists) == len(events) == 1
    assert obj.reads == 1
