"""The application on a real socket, over real HTTPS, in this process."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from builders import config_map
from client_certificates import client_certificate
from exchange import TOKEN

from gitopslab.controlplane.http.app import build_app
from gitopslab.controlplane.http.certificates import new_ca, server_certificate
from gitopslab.controlplane.http.serve import serve
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import SetupError

PATIENCE = 60.0  # seconds; a watch without a time-out stays open for half an hour
Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


def run(
    verbs: Verbs, folder: Path, story: Callable[[Connect, asyncio.Task[None]], Awaitable[None]], *, as_user: str = ""
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
        server = asyncio.create_task(serve(build_app(verbs), listener, **files))
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


def test_other_machines_are_never_served(tmp_path: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as listener, pytest.raises(SetupError, match="refusing to serve"):
        asyncio.run(serve(build_app, listener, certfile=tmp_path, keyfile=tmp_path, ca=tmp_path))  # type: ignore[arg-type]
