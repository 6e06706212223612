"""Answers that go on, inside of a WebSocket: logs and watches of clients that cannot read a plain stream, as browsers.

``resources`` has their endpoints write into a ``Pipe`` as they write to any client. Upstream:
``k8s.io/streaming/pkg/httpstream/wsstream`` (``Reader``) and ``WatchServer.HandleWS``.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Iterable, Sequence

from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from gitopslab.controlplane.http.answers import Answer
from gitopslab.controlplane.http.negotiation import Encoding
from gitopslab.controlplane.http.rendering import Look
from gitopslab.controlplane.http.streams.channels import ChannelProtocol, negotiated

Frames = Callable[[bytes], Iterable[bytes | str]]
"""Cuts what is written into messages."""

_BYTES = tuple(ChannelProtocol(name) for name in ("", "binary.k8s.io"))
_BASE64 = ChannelProtocol("base64.binary.k8s.io", binary=False)
_LARGEST = 2048


async def pipe_log(
    scope: Scope, receive: Receive, send: Send, serve: Callable[[Receive, Send], Awaitable[Answer | None]]
) -> Answer | None:
    """Serve a log.

    Args:
        scope: A request, for a WebSocket or not.
        receive: From its client.
        send: To it.
        serve: Writes the log, or gives it as an answer.

    Raises:
        ApiError: The client speaks no protocol of ours, or there is no log.
    """
    if scope["type"] != "websocket":
        return await serve(receive, send)
    protocol = negotiated(scope.get("subprotocols", ()), (*_BYTES, _BASE64))
    pipe = Pipe(WebSocket(scope, receive, send), protocol.name, _pieces if protocol.binary else _coded, opening=b"")
    answer = await serve(pipe.receive, pipe.send)
    if answer is None or answer.code != 200:
        return answer
    await pipe.send({"type": "http.response.start", "status": 200})
    await pipe.send({"type": "http.response.body", "body": answer.body})
    return None


def pipe_watch(scope: Scope, receive: Receive, send: Send, look: Look) -> tuple[Receive, Send]:
    """Where a watch reads and writes: each event is a message of its own in a WebSocket.

    Simplified: events in another encoding than JSON that come at once are one message.
    """
    if scope["type"] != "websocket":
        return receive, send
    is_text = look.accepted.encoding is Encoding.JSON
    asked: Sequence[str] = scope.get("subprotocols", ())
    pipe = Pipe(WebSocket(scope, receive, send), asked[0] if len(asked) == 1 else "", _lines if is_text else _whole)
    return pipe.receive, pipe.send


class Pipe:
    """A WebSocket that takes the messages of a plain answer.

    Args:
        socket: Not yet accepted; the answer's start accepts it.
        protocol: What was negotiated.
        frames: Cuts what is written into messages.
        opening: A message that comes before all others; default none.
    """

    def __init__(self, socket: WebSocket, protocol: str, frames: Frames, opening: bytes | None = None) -> None:
        self._socket = socket
        self._protocol = protocol
        self._frames = frames
        self._opening = opening
        self._opened = asyncio.Event()

    async def receive(self) -> Message:
        """Tell that the client is gone; what it sends is passed over."""
        await self._opened.wait()
        while (await self._socket.receive())["type"] != "websocket.disconnect":
            pass
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take a part of the answer; one for a client that is gone is dropped."""
        if message["type"] == "http.response.start":
            await self._socket.accept(self._protocol or None)
            self._opened.set()
        try:
            await self._pass_on(message)
        except (WebSocketDisconnect, RuntimeError):
            return  # ``receive`` tells that it is gone

    async def _pass_on(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if self._opening is not None:
                await self._socket.send_bytes(self._opening)
            return
        for frame in self._frames(message.get("body", b"")):
            await (self._socket.send_text(frame) if isinstance(frame, str) else self._socket.send_bytes(frame))
        if not message.get("more_body", False):
            await self._socket.close()


def _pieces(written: bytes) -> Iterable[bytes]:
    return (written[start : start + _LARGEST] for start in range(0, len(written), _LARGEST))


def _coded(written: bytes) -> Iterable[str]:
    return (base64.b64encode(piece).decode() for piece in _pieces(written))


def _whole(written: bytes) -> Iterable[bytes]:
    return (written,) if written else ()


def _lines(written: bytes) -> Iterable[str]:
    return (line.decode() for line in written.splitlines(keepends=True))
