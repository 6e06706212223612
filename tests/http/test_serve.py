"""The application on a real socket, over real HTTPS, in this process."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from builders import config_map, pod
from client_certificates import client_certificate
from exchange import TOKEN
from sockets import FakeExec, FakePorts, ScriptedProcess

from gitopslab.background import server
from gitopslab.controlplane.http import resources
from gitopslab.controlplane.http.app import build_app
from gitopslab.controlplane.http.certificates import new_ca, server_certificate
from gitopslab.controlplane.http.serve import serve
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import SetupError

PATIENCE = 60.0  # seconds; a watch without a time-out stays open for half an hour
Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


def run(
    verbs: Verbs,
    folder: Path,
    story: Callable[[Connect, asyncio.Task[None]], Awaitable[None]],
    *,
    as_user: str = "",
    **running: Any,
) -> None:
    ca = new_ca()
    pair = server_certificate(ca)
    (folder / "ca").write_bytes(ca.certificate)
    (folder / "crt").write_bytes(pair.certificate)
    (folder / "key").write_bytes(pair.key)
    trust = ssl.create_default_context(cadata=ca.certificate.decode())
    if as_user:
        mine = client_certificate(ca, as_user)
        (folder / "mine").write_bytes(mine.certificate + mine.key)
        trust.load_cert_chain(folder / "mine")

    async def told() -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        files = {"certfile": folder / "crt", "keyfile": folder / "key", "ca": folder / "ca"}
        server = asyncio.create_task(serve(build_app(verbs, **running), listener, **files))
        await story(lambda: asyncio.open_connection("127.0.0.1", port, ssl=trust), server)
        server.cancel()
        await asyncio.wait([server])

    asyncio.run(told())


def request(path: str, token: str = TOKEN) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


async def answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.splitlines() if line.lower().startswith(b"content-length"))
    return head, await reader.readexactly(length)


def test_a_connection_serves_many_requests(verbs: Verbs, tmp_path: Path) -> None:
    async def story(connect: Connect, server: asyncio.Task[None]) -> None:
        reader, writer = await connect()
        for _ in range(3):
            writer.write(request("/api/v1/namespaces/default"))
            head, body = await answer(reader)
            assert head.startswith(b"HTTP/1.1 200")
            assert json.loads(body)["metadata"]["name"] == "default"
        writer.close()

    run(verbs, tmp_path, story)


def test_a_client_certificate_is_a_credential(verbs: Verbs, tmp_path: Path) -> None:
    async def story(connect: Connect, server: asyncio.Task[None]) -> None:
        reader, writer = await connect()
        for _ in range(2):
            writer.write(request("/api/v1/nodes", token=""))
            head, body = await answer(reader)
            assert head.startswith(b"HTTP/1.1 403")
            assert json.loads(body)["message"].startswith('nodes is forbidden: User "jane" cannot list')
        writer.close()

    run(verbs, tmp_path, story, as_user="jane")


def test_a_write_reaches_an_open_watch_by_itself(verbs: Verbs, api: LocalApi, tmp_path: Path) -> None:
    async def story(connect: Connect, server: asyncio.Task[None]) -> None:
        reader, writer = await connect()
        writer.write(request("/api/v1/configmaps?watch=true"))
        await reader.readuntil(b"\r\n\r\n")
        api.create(config_map("a"))
        async with asyncio.timeout(PATIENCE):
            await reader.readuntil(b'"name":"a"')
        writer.close()

    run(verbs, tmp_path, story)


def test_stopping_ends_open_watches_cleanly(verbs: Verbs, tmp_path: Path) -> None:
    async def story(connect: Connect, server: asyncio.Task[None]) -> None:
        reader, writer = await connect()
        writer.write(request("/api/v1/configmaps?watch=true"))
        await reader.readuntil(b"\r\n\r\n")
        server.cancel()
        done, _ = await asyncio.wait([server], timeout=PATIENCE)
        assert done, "it waits for its watchers"
        assert (await reader.read()).endswith(b"0\r\n\r\n")
        writer.close()

    run(verbs, tmp_path, story)


async def left_of(reader: asyncio.StreamReader) -> bytes:
    """Everything until the server closes the connection."""
    async with asyncio.timeout(PATIENCE):
        return await reader.read()


@pytest.mark.parametrize("fill", [b"a", b"a\r\nX: "], ids=["one header", "many headers"])
def test_a_head_beyond_all_measure_is_refused_and_not_kept(verbs: Verbs, tmp_path: Path, fill: bytes) -> None:
    head = b"GET / HTTP/1.1\r\nHost: x\r\nX: " + fill * 1024 * 1024

    async def story(connect: Connect, server: asyncio.Task[None]) -> None:
        reader, writer = await connect()
        writer.write(head[: 1024 * 1024 + 1])
        assert (await left_of(reader)).startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
        writer.close()

    run(verbs, tmp_path, story)


@pytest.mark.parametrize("sent", [b"", b"GET /version HTTP/1.1\r\nHost: x\r\n"], ids=["nothing", "half a head"])
def test_a_client_that_does_not_finish_asking_is_not_waited_for(
    verbs: Verbs, tmp_path: Path, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_HEAD_SECONDS", 0.05)

    async def story(connect: Connect, server: asyncio.Task[None]) -> None:
        reader, writer = await connect()
        writer.write(sent)
        assert await left_of(reader) == b""
        writer.close()

    run(verbs, tmp_path, story)


def test_a_client_that_has_asked_may_think_as_long_as_it_likes(
    verbs: Verbs, api: LocalApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_HEAD_SECONDS", 0.05)

    async def story(connect: Connect, server: asyncio.Task[None]) -> None:
        reader, writer = await connect()
        writer.write(request("/api/v1/configmaps?watch=true"))
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.1)
        api.create(config_map("a"))
        async with asyncio.timeout(PATIENCE):
            await reader.readuntil(b'"name":"a"')
        writer.close()

    run(verbs, tmp_path, story)


def test_one_connection_too_many_is_closed_and_the_others_go_on(
    verbs: Verbs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_MOST_CONNECTIONS", 2)

    async def story(connect: Connect, server: asyncio.Task[None]) -> None:
        kept = [await connect() for _ in range(2)]
        refused, writer = await connect()
        assert await left_of(refused) == b""
        for reader, asking in kept:
            asking.write(request("/api/v1/namespaces/default"))
            assert (await answer(reader))[0].startswith(b"HTTP/1.1 200")
            asking.close()
        writer.close()

    run(verbs, tmp_path, story)


def test_one_watch_too_many_is_refused_until_another_ends(
    verbs: Verbs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "_MOST_WATCHES", 1)

    async def story(connect: Connect, server: asyncio.Task[None]) -> None:
        reader, first = await connect()
        first.write(request("/api/v1/configmaps?watch=true"))
        await reader.readuntil(b"\r\n\r\n")
        other, second = await connect()
        second.write(request("/api/v1/configmaps?watch=true"))
        head, body = await answer(other)
        assert head.startswith(b"HTTP/1.1 429")
        assert b"\r\nretry-after: 1" in head.lower()
        assert json.loads(body)["reason"] == "TooManyRequests"
        first.close()
        while head.startswith(b"HTTP/1.1 429"):
            second.write(request("/api/v1/configmaps?watch=true"))
            head = await other.readuntil(b"\r\n\r\n")
            if head.startswith(b"HTTP/1.1 429"):
                await other.readexactly(len(body))
        assert head.startswith(b"HTTP/1.1 200")
        second.close()

    run(verbs, tmp_path, story)


def test_text_that_is_no_utf8_ends_a_websocket_quietly(
    verbs: Verbs, api: LocalApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    api.create(pod("web", spec={"nodeName": "one"}))
    opening = (
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n"
    )
    text, goodbye = b"\x81\x81\0\0\0\0\xff", b"\x88\x82\0\0\0\0\x03\xe8"

    async def story(connect: Connect, server: asyncio.Task[None]) -> None:
        for frames in (text, text + goodbye):
            reader, writer = await connect()
            path = "/api/v1/namespaces/default/pods/web/exec?command=cat&stdin=true"
            writer.write(request(path)[:-2] + opening)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
            writer.write(frames)
            await left_of(reader)
            writer.close()

    world = FakeExec()
    world.process = ScriptedProcess(waits=True)
    run(verbs, tmp_path, story, exec=world, ports=FakePorts())
    assert caplog.text == ""


def test_other_machines_are_never_served(tmp_path: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as listener, pytest.raises(SetupError, match="refusing to serve"):
        asyncio.run(serve(build_app, listener, certfile=tmp_path, keyfile=tmp_path, ca=tmp_path))  # type: ignore[arg-type]
