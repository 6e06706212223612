"""Streams over real WebSockets and real TLS, in this process: the handshake, large messages, and stopping."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from exchange import TOKEN
from sockets import FakeExec, FakePorts, ScriptedProcess
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gitopslab.controlplane.http.app import build_app
from gitopslab.controlplane.http.certificates import new_ca, server_certificate
from gitopslab.controlplane.http.serve import serve
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.verbs import Verbs

PATH = "/api/v1/namespaces/default/pods/web"
V5: Any = "v5.channel.k8s.io"


class Server:
    """A served application whose pods are stand-ins."""

    def __init__(self, verbs: Verbs, folder: Path) -> None:
        self.exec = FakeExec()
        self._app = build_app(verbs, exec=self.exec, ports=FakePorts())
        ca = new_ca()
        pair = server_certificate(ca)
        contents = {"certfile": pair.certificate, "keyfile": pair.key, "ca": ca.certificate}
        self._files = {name: folder / name for name in contents}
        for name, path in self._files.items():
            path.write_bytes(contents[name])
        self._trust = ssl.create_default_context(cadata=ca.certificate.decode())
        self.task: asyncio.Task[None] | None = None
        self._port = 0

    def run(self, story: Callable[[], Awaitable[None]]) -> None:
        async def told() -> None:
            listener = socket.create_server(("127.0.0.1", 0))
            self._port = listener.getsockname()[1]
            self.task = asyncio.create_task(serve(self._app, listener, **self._files))
            async with asyncio.timeout(10):
                await story()
            self.task.cancel()
            await asyncio.wait([self.task])

        asyncio.run(told())

    @asynccontextmanager
    async def open(self, path: str) -> AsyncIterator[ClientConnection]:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        url = f"wss://127.0.0.1:{self._port}{PATH}/{path}"
        async with connect(
            url, ssl=self._trust, subprotocols=[V5], additional_headers=headers, max_size=None
        ) as client:
            yield client


@pytest.fixture
def server(verbs: Verbs, api: LocalApi, tmp_path: Path) -> Server:
    """A server with one pod."""
    spec = {"nodeName": "one", "containers": [{"name": "c", "image": "nginx"}]}
    api.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "default"}, "spec": spec})
    return Server(verbs, tmp_path)


def test_large_messages_pass(server: Server) -> None:
    process = server.exec.process = ScriptedProcess((1, b"o" * 2_000_000), waits=True)

    async def story() -> None:
        async with server.open("exec?command=cat&stdin=true") as client:
            assert await client.recv() == b"\x01"
            assert len(await client.recv()) == 2_000_001
            await client.send(b"\x00" + b"i" * 2_000_000)
            await client.send(b"\xff\x00")
            assert [message async for message in client][-1] == b'\x03{"metadata":{},"status":"Success"}'
        assert process.heard == b"i" * 2_000_000

    server.run(story)


def test_refusal_is_an_answer_instead_of_a_handshake(server: Server) -> None:
    async def story() -> None:
        with pytest.raises(InvalidStatus) as caught:
            async with server.open("exec?command=ls&container=x"):
                pass
        assert caught.value.response.status_code == 400
        assert b"container x is not valid for pod web" in (caught.value.response.body or b"")

    server.run(story)


def test_stopping_closes_open_streams(server: Server) -> None:
    process = server.exec.process = ScriptedProcess(waits=True)

    async def story() -> None:
        async with server.open("exec?command=sleep&stdin=true") as client:
            await client.recv()
            assert server.task is not None
            server.task.cancel()
            with pytest.raises(ConnectionClosed) as caught:
                await client.recv()
            done, _ = await asyncio.wait([server.task], timeout=20)
            assert done, "it waits for its clients"
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1001
        assert process.closed

    server.run(story)
