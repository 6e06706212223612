"""Many connections at once, and readers that do not keep up."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from kubernetes import client
from watching import events

pytestmark = pytest.mark.process

_LARGE = "x" * 100_000


def put(core: client.CoreV1Api, namespace: str, name: str, value: str = "v") -> None:
    body = {"metadata": {"name": name, "labels": {"mine": "yes"}}, "data": {"k": value}}
    core.create_namespaced_config_map(namespace, body, _preload_content=False)


def test_forty_watchers_see_the_same_changes_in_the_same_order(core: client.CoreV1Api, namespace: str) -> None:
    since = core.list_namespaced_config_map(namespace).metadata.resource_version
    ready = threading.Barrier(41)

    def follow(_: int) -> list[str]:
        stream = events(
            core.list_namespaced_config_map, namespace, label_selector="mine=yes", resource_version=since,
            allow_watch_bookmarks=True, deserialize=False,
        )  # fmt: skip
        ready.wait(timeout=60)
        seen: list[str] = []
        for event in stream:
            seen.append(f"{event['type']} {event['object']['metadata']['name']}")
            if seen[-1] == "ADDED last":
                return seen
        raise AssertionError("the stream ended early")

    with ThreadPoolExecutor(40) as pool:
        watchers = [pool.submit(follow, number) for number in range(40)]
        ready.wait(timeout=60)
        for number in range(20):
            put(core, namespace, f"c{number:02}")
            core.patch_namespaced_config_map(f"c{number:02}", namespace, {"data": {"k": "w"}}, _preload_content=False)
        put(core, namespace, "last")
        seen = [watcher.result(timeout=60) for watcher in watchers]
    assert all(one == seen[0] for one in seen)
    changes = [f"{kind} c{number:02}" for number in range(20) for kind in ("ADDED", "MODIFIED")]
    assert seen[0] == [*changes, "ADDED last"]


def test_a_reader_that_sleeps_holds_nobody_up_and_misses_nothing(core: client.CoreV1Api, namespace: str) -> None:
    since = core.list_namespaced_config_map(namespace).metadata.resource_version
    options: dict[str, Any] = {"label_selector": "mine=yes", "resource_version": since}
    asleep = core.list_namespaced_config_map(
        namespace, watch=True, timeout_seconds=300, _preload_content=False, **options
    )
    awake = events(core.list_namespaced_config_map, namespace, **options)
    names = [f"c{number:03}" for number in range(150)]  # more bytes than any socket takes in unread
    for name in names:
        put(core, namespace, name, _LARGE)
        assert next(awake)["object"].metadata.name == name
    rest, seen = b"", []
    for piece in asleep.stream():
        *lines, rest = (rest + piece).split(b"\n")
        seen += [json.loads(line)["object"]["metadata"]["name"] for line in lines]
        if seen[-1:] == names[-1:]:
            break
    assert seen == names
    asleep.close()


def test_one_connection_serves_many_requests(official: client.ApiClient, core: client.CoreV1Api) -> None:
    pools = official.rest_client.pool_manager.pools
    for _ in range(50):
        core.list_namespace()
    [pool] = [pools[key] for key in pools.keys()]  # noqa: SIM118  a RecentlyUsedContainer has no iterator
    assert (pool.num_connections, pool.num_requests) == (1, 50)
