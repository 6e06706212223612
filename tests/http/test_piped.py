"""Logs and watches inside of WebSockets."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from builders import config_map, pod
from exchange import FakeLogs
from sockets import Socket

from gitopslab.controlplane.http.app import build_app
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import Object

LOG = "/api/v1/namespaces/default/pods/web/log"
MAPS = "/api/v1/namespaces/default/configmaps"
RUNNING: Object = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
Open = Callable[..., Socket]


def tell(story: Callable[[], Awaitable[Any]]) -> None:
    async def told() -> None:
        async with asyncio.timeout(5):
            await story()

    asyncio.run(told())


@pytest.fixture
def opened(verbs: Verbs, api: LocalApi, logs: FakeLogs, clock: JumpableClock) -> Open:
    """Opens WebSockets to an API with a pod ``web`` that runs and has written two lines."""
    stored = api.create(pod("web", spec={"containers": [{"name": "c", "image": "x"}], "nodeName": "n"}))
    entry = {"name": "c", "state": RUNNING, "containerID": "sim://1", "image": "x", "imageID": "", "ready": True}
    stored["status"].update({"phase": "Running", "containerStatuses": [{**entry, "restartCount": 0}]})
    api.update(stored, "status")
    for text in ("one", "two"):
        logs.write("web", "c", text, at=clock.now())
    app = build_app(verbs, logs=logs)
    return lambda target, *protocols: Socket(app, target, *protocols)


@pytest.mark.parametrize("protocol", ["", "binary.k8s.io"])
def test_a_log_comes_as_bytes_after_an_empty_message(opened: Open, protocol: str) -> None:
    async def story() -> None:
        async with opened(LOG, *([protocol] if protocol else [])) as socket:
            assert socket.protocol == protocol
            assert [await socket.receive() for _ in range(3)] == [b"", b"one\ntwo\n", 1000]

    tell(story)


def test_a_log_comes_as_text_in_base64(opened: Open) -> None:
    async def story() -> None:
        async with opened(f"{LOG}?tailLines=1", "base64.binary.k8s.io") as socket:
            await socket.receive()
            assert await socket.receive() == base64.b64encode(b"two\n").decode()

    tell(story)


def test_a_followed_log_goes_on_until_the_client_is_gone(opened: Open, logs: FakeLogs, clock: JumpableClock) -> None:
    async def story() -> None:
        async with opened(f"{LOG}?follow=true") as socket:
            assert [await socket.receive() for _ in range(2)] == [b"", b"one\ntwo\n"]
            logs.write("web", "c", "three", at=clock.now())
            assert await socket.receive() == b"three\n"

    tell(story)


def test_a_long_log_comes_in_pieces(opened: Open, logs: FakeLogs, clock: JumpableClock) -> None:
    logs.write("web", "c", "x" * 5000, at=clock.now())

    async def story() -> None:
        async with opened(f"{LOG}?tailLines=1") as socket:
            lengths = [len(piece) for _ in range(4) if isinstance(piece := await socket.receive(), bytes)]
            assert lengths == [0, 2048, 2048, 905]

    tell(story)


def test_there_is_no_log_of_a_pod_that_is_not_there_and_none_in_other_protocols(opened: Open) -> None:
    async def story() -> None:
        async with opened(LOG.replace("web", "nope")) as socket:
            assert socket.status["message"] == 'pods "nope" not found'
        async with opened(LOG, "v4.channel.k8s.io") as socket:
            assert socket.status["code"] == 403

    tell(story)


def test_each_event_of_a_watch_is_a_message(opened: Open, api: LocalApi) -> None:
    api.create(config_map("a"))
    api.create(config_map("b"))

    async def story() -> None:
        async with opened(f"{MAPS}?watch=true") as socket:
            events = [json.loads(str(await socket.receive())) for _ in range(2)]
            assert [(one["type"], one["object"]["metadata"]["name"]) for one in events] == [
                ("ADDED", "a"),
                ("ADDED", "b"),
            ]
            api.delete("configmaps", "a", "default")
            assert json.loads(str(await socket.receive()))["type"] == "DELETED"

    tell(story)
