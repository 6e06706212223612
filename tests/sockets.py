"""Opens WebSockets to an ASGI application without a network; and stand-ins for what runs in pods."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from exchange import TOKEN
from starlette.types import ASGIApp

from gitopslab.controlplane.runtime.streams import Connection, Descriptor, Output, Place, Process, StartError


class Socket:
    """One client of a WebSocket."""

    def __init__(self, app: ASGIApp, target: str, *protocols: str, token: str = TOKEN) -> None:
        path, _, query = target.partition("?")
        self._app = app
        self._scope = {
            "type": "websocket", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "wss", "path": path,
            "raw_path": path.encode(), "root_path": "", "query_string": query.encode(), "subprotocols": list(protocols),
            "headers": [(b"authorization", f"Bearer {token}".encode()), (b"user-agent", b"tests/1.0")],
            "extensions": {"websocket.http.response": {}},
        }  # fmt: skip
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self.protocol: str | None = None
        self.refused: tuple[int, bytes] | None = None

    async def __aenter__(self) -> Socket:
        self._task = asyncio.create_task(self._app(self._scope, self._to_app.get, self._from_app.put))  # type: ignore[arg-type]
        self._to_app.put_nowait({"type": "websocket.connect"})
        first = await self._from_app.get()
        if first["type"] == "websocket.accept":
            self.protocol = first.get("subprotocol") or ""
        else:
            body = (await self._from_app.get()).get("body", b"")
            self.refused = (first["status"], body)
        return self

    async def __aexit__(self, *why: object) -> None:
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": 1000})
        assert self._task is not None
        await self._task

    def stop_server(self) -> None:
        assert self._task is not None
        self._task.cancel()

    def send(self, data: bytes) -> None:
        self._to_app.put_nowait({"type": "websocket.receive", "bytes": data})

    def send_text(self, text: str) -> None:
        self._to_app.put_nowait({"type": "websocket.receive", "text": text})

    async def receive(self) -> bytes | str | int:
        """The next message, or the code with which the server closed."""
        message = await self._from_app.get()
        if message["type"] == "websocket.close":
            return int(message.get("code", 1000))
        found: bytes | str = message["bytes"] if message.get("bytes") is not None else message["text"]
        return found

    async def rest(self) -> tuple[dict[int, bytes], int]:
        """Everything until the server closes, by channel, and its code."""
        channels: dict[int, bytes] = {}
        while not isinstance(message := await self.receive(), int):
            assert isinstance(message, bytes)
            channels[message[0]] = channels.get(message[0], b"") + message[1:]
        return channels, message

    @property
    def status(self) -> Any:
        assert self.refused is not None
        return json.loads(self.refused[1])


class ScriptedProcess:
    """Says what it was told to say, remembers what it heard, and ends when its input does or when it is told."""

    def __init__(self, *said: tuple[int, bytes], code: int = 0, waits: bool = False) -> None:
        self._said = [Output(Descriptor(source), data) for source, data in said]
        self._code = code
        self._over = asyncio.Event()
        if not waits:
            self._over.set()
        self.heard = b""
        self.size = (0, 0)
        self.closed = False

    async def read(self) -> Output | None:
        if self._said:
            return self._said.pop(0)
        await self._over.wait()
        return None

    async def write(self, data: bytes) -> None:
        self.heard += data

    def end_input(self) -> None:
        self._over.set()

    def resize(self, columns: int, rows: int) -> None:
        self.size = (columns, rows)

    async def wait(self) -> int:
        return self._code

    async def close(self) -> None:
        self.closed = True


class FakeExec:
    """Stands behind the Exec protocol: hands out one process, or refuses."""

    def __init__(self) -> None:
        self.process: ScriptedProcess | None = None
        self.error: Exception | None = None
        self.asked: tuple[Place, tuple[str, ...], bool, bool] | None = None

    async def start(self, place: Place, command: Sequence[str], *, stdin: bool, tty: bool) -> Process:
        self.asked = (place, tuple(command), stdin, tty)
        return self._given()

    async def attach(self, place: Place, *, stdin: bool) -> Process:
        self.asked = (place, (), stdin, False)
        return self._given()

    def _given(self) -> Process:
        if self.error is not None:
            raise self.error
        assert self.process is not None
        return self.process


class Echo:
    """A connection that says what it hears, in capitals, and ends when its input does."""

    def __init__(self) -> None:
        self._pieces: asyncio.Queue[bytes] = asyncio.Queue()
        self.closed = False

    async def read(self) -> bytes:
        return await self._pieces.get()

    async def write(self, data: bytes) -> None:
        self._pieces.put_nowait(data.upper())

    def end_input(self) -> None:
        self._pieces.put_nowait(b"")

    async def close(self) -> None:
        self.closed = True


class FakePorts:
    """Stands behind the Ports protocol: everything listens but what is in ``deaf``."""

    def __init__(self) -> None:
        self.deaf: set[int] = set()
        self.error: Exception | None = None
        self.connections: list[Echo] = []

    def check(self, namespace: str, pod: str) -> None:
        if self.error is not None:
            raise self.error

    async def connect(self, namespace: str, pod: str, port: int) -> Connection:
        self.check(namespace, pod)
        if port in self.deaf:
            raise StartError(f"nothing listens on {port}")
        self.connections.append(Echo())
        return self.connections[-1]
