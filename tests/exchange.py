"""Calls an ASGI application without a network and without waiting; used by the tests of the HTTP room."""

from __future__ import annotations

import asyncio
import json
import selectors
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp

from gitopslab.controlplane.runtime.logs import LogLine

TOKEN = "secret-of-the-admin"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


class FakeLogs:
    """Lines kept in a list; stands behind the Logs protocol."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, str, bool], list[LogLine]] = {}
        self.followers: list[Callable[[], None]] = []

    def read(self, namespace: str, pod: str, container: str, previous: bool = False) -> list[LogLine] | None:
        return self.lines.get((pod, container, previous))

    def on_line(self, wake: Callable[[], None]) -> Callable[[], None]:
        self.followers.append(wake)
        return lambda: self.followers.remove(wake)

    def write(self, pod: str, container: str, *texts: str, at: float = 0.0) -> None:
        self.lines.setdefault((pod, container, False), []).extend((at, text) for text in texts)
        for wake in self.followers:
            wake()


@dataclass
class Response:
    """What came back."""

    code: int
    headers: dict[str, str]
    body: bytes
    all_headers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Exchange:
    """One request in flight: what it sent so far, and a way to hang up."""

    def __init__(self, app: ASGIApp, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        path, _, query = target.partition("?")
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self.scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https",
            "path": path, "raw_path": path.encode(), "root_path": "", "query_string": query.encode(), "headers": raw,
            "server": ("127.0.0.1", 6443),
        }  # fmt: skip
        self._app = app
        self._body: bytes | None = body
        self._gone = asyncio.Event()
        self._news = asyncio.Event()
        self.messages: list[dict[str, Any]] = []

    def start(self) -> asyncio.Task[Response]:
        """Let it run beside the test."""
        return asyncio.create_task(self.run())

    async def run(self) -> Response:
        """Run it to its end."""
        await self._app(self.scope, self._receive, self._send)
        return self.response

    @property
    def response(self) -> Response:
        start = self.messages[0]
        pairs = [(name.decode(), value.decode()) for name, value in start["headers"]]
        body = b"".join(message.get("body", b"") for message in self.messages[1:])
        return Response(start["status"], dict(pairs), body, pairs)

    @property
    def is_over(self) -> bool:
        return len(self.messages) > 1 and not self.messages[-1].get("more_body", False)

    async def lines(self, count: int) -> list[Any]:
        """Wait until so many lines of JSON have come."""
        while len(found := self.response.body.splitlines() if self.messages else []) < count:
            self._news.clear()
            await self._news.wait()
        return [json.loads(line) for line in found]

    async def text(self, wanted: str) -> str:
        """Wait until a text has come."""
        while wanted not in (found := self.response.body.decode() if self.messages else ""):
            self._news.clear()
            await self._news.wait()
        return found

    def hang_up(self) -> None:
        self._gone.set()

    async def _receive(self) -> dict[str, Any]:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.messages.append(message)
        self._news.set()


class Client:
    """Calls an application as an administrator."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def open(self, method: str, target: str, body: Any = None, **headers: str) -> Exchange:
        sent = {"authorization": f"Bearer {TOKEN}", "user-agent": "tests/1.0", "accept": "application/json"}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        return Exchange(self.app, method, target, sent, content)

    def __call__(self, method: str, target: str, body: Any = None, **headers: str) -> Response:
        async def run() -> Response:
            return await self.open(method, target, body, **headers).run()

        return asyncio.run(run())

    def get(self, target: str, **headers: str) -> Response:
        return self("GET", target, **headers)


class _JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time moves only when nothing is left to do, and then at once."""

    def __init__(self) -> None:
        self._moment = 0.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self._moment

    def jump(self, seconds: float) -> None:
        self._moment += seconds


class _JumpingSelector(selectors.SelectSelector):
    def __init__(self, loop: _JumpingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout:
            self._loop.jump(timeout)
        return found


def play(story: Callable[[], Awaitable[None]]) -> None:
    """Run a story on a loop that never waits."""

    async def told() -> None:
        await story()

    with asyncio.Runner(loop_factory=_JumpingLoop) as runner:
        runner.run(told())
