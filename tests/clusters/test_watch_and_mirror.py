"""A watch tells every change, also over a gap; a mirror keeps what it tells."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from canned_api import CannedApi, Refused, Request, Stream, kubeconfig, served

from gitopslab import errors
from gitopslab.clusters.client import Client
from gitopslab.clusters.mirror import Mirror
from gitopslab.machinery.objects import Object, name_of

PATIENCE = 60.0


def pod(name: str, revision: int) -> Object:
    return {"metadata": {"name": name, "namespace": "demo", "uid": name, "resourceVersion": str(revision)}}


class Pods:
    """The pods of a canned cluster: one list after the other, and the changes between them."""

    def __init__(self) -> None:
        self.lists: list[tuple[int, list[Object]]] = []
        self.streams: list[list[Any] | None] = []  # None: stays open and silent until the test ends
        self.over = threading.Event()
        self.watching = threading.Event()
        self.asked: list[str] = []

    def answer(self, request: Request) -> Any:
        if "watch" not in request.query:
            revision, items = self.lists.pop(0)
            return {"metadata": {"resourceVersion": str(revision)}, "items": items}
        self.asked.append(request.query["resourceVersion"])
        changes = self.streams.pop(0) if self.streams else None
        self.watching.set()
        if changes and isinstance(changes[0], Refused):
            raise changes[0]
        return Stream(self._open() if changes is None else iter(changes))

    def _open(self) -> Iterator[Any]:
        yield {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "99"}}}
        self.over.wait(PATIENCE)


@pytest.fixture
def pods() -> Iterator[Pods]:
    made = Pods()
    yield made
    made.over.set()


@pytest.fixture
def client(pods: Pods, tmp_path: Path) -> Iterator[Client]:
    api = CannedApi()
    api.on("GET", "/api/v1/pods", pods.answer)
    with served(api) as address:
        made = Client(kubeconfig(tmp_path, address))
        yield made
        pods.over.set()
        made.close()


def heard(client: Client, until: str, resource_version: str = "") -> list[tuple[str, str]]:
    """What a watch tells, up to the bookmark with revision ``until``."""
    watch = client.watch("pods", resource_version=resource_version)
    found = []
    for event in watch:
        found.append((event.type, name_of(event.object)))
        if event.type == "BOOKMARK" and event.object["metadata"]["resourceVersion"] == until:
            break
    watch.close()
    return found


def change(kind: str, obj: Object) -> Object:
    return {"type": kind, "object": obj}


def test_a_watch_begins_with_what_is_there_and_goes_on_from_that_revision(client: Client, pods: Pods) -> None:
    pods.lists = [(7, [pod("a", 3), pod("b", 5)])]
    pods.streams = [[change("MODIFIED", pod("a", 8))], [change("DELETED", pod("b", 9))], None]
    assert heard(client, "99") == [
        ("ADDED", "a"), ("ADDED", "b"), ("BOOKMARK", ""), ("MODIFIED", "a"), ("DELETED", "b"), ("BOOKMARK", ""),
    ]  # fmt: skip
    assert pods.asked == ["7", "8", "9"], "each stream goes on where the one before it ended"


def test_a_watch_can_begin_at_a_revision_without_a_list(client: Client, pods: Pods) -> None:
    pods.streams = [[change("ADDED", pod("c", 12))], None]
    assert heard(client, "99", resource_version="11") == [("ADDED", "c"), ("BOOKMARK", "")]
    assert pods.asked[0] == "11"


GONE: Object = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}


@pytest.mark.parametrize(
    "gap", [[change("ERROR", GONE)], [Refused(410, "Expired", "too old")]], ids=["in the stream", "as the answer"]
)
def test_over_compacted_history_a_watch_tells_only_the_difference(client: Client, pods: Pods, gap: list[Any]) -> None:
    pods.lists = [
        (7, [pod("same", 1), pod("changed", 2), pod("gone", 3)]),
        (30, [pod("same", 1), pod("changed", 20), pod("new", 21)]),
    ]
    pods.streams = [gap, None]
    after = heard(client, "99")[4:]
    assert after == [
        ("DELETED", "gone"), ("MODIFIED", "changed"), ("ADDED", "new"), ("BOOKMARK", ""), ("BOOKMARK", ""),
    ]  # fmt: skip


def test_a_server_that_is_gone_is_told_to_the_reader(client: Client, pods: Pods) -> None:
    pods.streams = [[Refused(403, "Forbidden", "pods is forbidden")]]
    with pytest.raises(errors.ApiError, match="pods is forbidden"):
        heard(client, "99", resource_version="1")


def test_closing_releases_a_reader_that_waits(client: Client, pods: Pods) -> None:
    watch = client.watch("pods", resource_version="1")
    told: list[str] = []
    reader = threading.Thread(target=lambda: told.extend(event.type for event in watch), daemon=True)
    reader.start()
    assert pods.watching.wait(PATIENCE)
    watch.close()
    reader.join(PATIENCE)
    assert not reader.is_alive()
    assert not pods.over.is_set(), "the server still held the stream open"


def test_a_mirror_holds_the_newest_of_each_object(client: Client, pods: Pods) -> None:
    pods.lists = [(7, [pod("a", 3), pod("b", 5)])]
    pods.streams = [
        [change("MODIFIED", pod("a", 8)), change("DELETED", pod("b", 9)), change("ADDED", pod("c", 10))],
        None,
    ]
    mirror = Mirror(client, ["pods"])
    mirror.start()
    assert mirror.wait_synced(PATIENCE)
    seen = -1
    found: dict[str, str] = {}
    while set(found) != {"a", "c"} or found["a"] != "8":
        assert mirror.wait(seen, PATIENCE)
        seen, objects = mirror.state()
        found = {name_of(obj): obj["metadata"]["resourceVersion"] for obj in objects["pods"]}
    mirror.close()


def test_a_mirror_that_cannot_reach_its_cluster_says_why_and_recovers(client: Client, pods: Pods) -> None:
    pods.lists = [(7, [pod("a", 3)]), (8, [pod("a", 3)])]
    pods.streams = [[Refused(403, "Forbidden", "not now")], None]
    mirror = Mirror(client, ["pods"])
    mirror.start()
    seen, errors_seen = -1, []
    while not (errors_seen and errors_seen[-1] == "" and "not now" in errors_seen):
        assert mirror.wait(seen, PATIENCE)
        seen = mirror.state()[0]
        errors_seen.append(mirror.error)
    assert [name_of(obj) for obj in mirror.state()[1]["pods"]] == ["a"]
    mirror.close()


def test_a_closed_mirror_releases_whoever_waits(client: Client, pods: Pods) -> None:
    pods.lists = [(7, [])]
    mirror = Mirror(client, ["pods"])
    mirror.start()
    assert mirror.wait_synced(PATIENCE)
    seen = mirror.state()[0]
    waiter = threading.Thread(target=lambda: mirror.wait(seen, PATIENCE), daemon=True)
    waiter.start()
    mirror.close()
    waiter.join(PATIENCE)
    assert not waiter.is_alive()
