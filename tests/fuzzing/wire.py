"""Sends requests as bytes, exactly as they were made, and says what is wrong with an answer.

No HTTP library is between: each would refuse to send what a server must be able to refuse.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
from dataclasses import dataclass
from typing import Any

from fuzzing.requests import Request

PATIENCE = 60.0
"""Seconds after which a request that got no answer is called hung; more than the slowest machine needs."""

_GLANCE = 0.05  # seconds that a stream is looked at
_OPEN = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)
_GOODBYE = b"\x88\x82\0\0\0\0\x03\xe8"


@dataclass(frozen=True)
class Server:
    """Where requests go."""

    host: str
    port: int
    tls: ssl.SSLContext
    token: str


@dataclass
class Answer:
    """What came back; the code is 0 when the connection ended without an answer."""

    code: int = 0
    headers: bytes = b""
    body: bytes = b""


class Client:
    """One connection that is opened again when the server has closed it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, request: Request) -> Answer:
        """Send it and read the answer.

        Raises:
            TimeoutError: There was none.
        """
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(
                self._server.host, self._server.port, ssl=self._server.tls, limit=1 << 24
            )
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._exchange(request)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await self.close()
            return Answer()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close it."""
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None

    async def _exchange(self, request: Request) -> Answer:
        assert self._reader is not None
        assert self._writer is not None
        self._writer.write(self._bytes_of(request))
        if request.raw is not None:
            return await self._whatever_comes()
        answer = await self._head(self._reader)
        if request.frames is not None and answer.code == 101:
            await self._talk(request.frames)
            return answer
        await self._body(self._reader, request, answer)
        if b"\r\nconnection: close" in answer.headers.lower():
            await self.close()
        return answer

    def _bytes_of(self, request: Request) -> bytes:
        token = f"Bearer {self._server.token}"
        if request.raw is not None:
            return request.raw.replace(b"TOKEN", token.encode())
        named = {name.lower() for name, _ in request.headers}
        headers = [] if "authorization" in named else [("Authorization", token)]
        headers += [("Host", "127.0.0.1"), *request.headers]
        if request.body or request.method in ("POST", "PUT", "PATCH"):
            headers.append(("Content-Length", str(len(request.body))))
        lines = [f"{request.method} {request.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        head = "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n"
        return head + (_OPEN if request.frames is not None else b"") + b"\r\n" + request.body

    async def _head(self, reader: asyncio.StreamReader) -> Answer:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            code = int(head.split(b" ", 2)[1])
            if code != 100:
                return Answer(code, head)

    async def _body(self, reader: asyncio.StreamReader, request: Request, answer: Answer) -> None:
        fields = dict(line.lower().partition(b":")[::2] for line in answer.headers.splitlines()[1:])
        if request.method == "HEAD" or answer.code in (204, 304):
            return
        if b"content-length" in fields:
            answer.body = await reader.readexactly(int(fields[b"content-length"]))
            if fields.get(b"content-encoding", b"").strip() == b"gzip":
                answer.body = gzip.decompress(answer.body)
        elif fields.get(b"transfer-encoding", b"").strip() == b"chunked":
            await self._glance(reader, answer)
        else:
            answer.body = await reader.read()
            await self.close()

    async def _glance(self, reader: asyncio.StreamReader, answer: Answer) -> None:
        """Look at a stream for a moment and hang up, as clients do."""
        try:
            async with asyncio.timeout(_GLANCE):
                while size := int(await reader.readline(), 16):
                    answer.body += await reader.readexactly(size)
                    await reader.readline()
                await reader.readline()
        except TimeoutError:
            await self.close()

    async def _talk(self, frames: list[bytes]) -> None:
        assert self._writer is not None
        for frame in frames:
            self._writer.write(frame)
        self._writer.write(_GOODBYE)
        await self._whatever_comes()

    async def _whatever_comes(self) -> Answer:
        """The first line of what the server says to bytes that are no request, if it says anything."""
        assert self._reader is not None
        answer = Answer()
        try:
            async with asyncio.timeout(_GLANCE):
                answer.headers = await self._reader.read(1 << 16)
                while await self._reader.read(1 << 16):
                    pass
        except TimeoutError:
            pass
        words = answer.headers.split(b" ", 2)
        answer.code = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
        await self.close()
        return answer


AS_THE_REAL_SERVER = (
    b"This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    b'container not found ("',
    b" not found in pod ",
    b"failed to find sandboxID for pod ",
)
"""What the real server and its kubelets answer with 500, too, to requests that are good, as chance has it."""


def fault(request: Request, answer: Answer) -> str:
    """What is wrong with the answer; empty when nothing is."""
    if answer.code >= 500 and not any(words in answer.body for words in AS_THE_REAL_SERVER):
        return f"{answer.code}: {answer.body[:800].decode('utf-8', 'replace')}"
    is_json = b"content-type: application/json" in answer.headers.lower()
    if (
        answer.code < 400
        or not is_json
        or request.raw is not None
        or request.method == "HEAD"
        or "/proxy" in request.target
    ):
        return ""
    try:
        status: Any = json.loads(answer.body)
    except ValueError:
        return f"{answer.code} with a body that is no JSON: {answer.body[:300]!r}"
    if status.get("kind") != "Status" or status.get("code") != answer.code or not status.get("message"):
        return f"{answer.code} without a Status that says why: {answer.body[:300]!r}"
    return ""
