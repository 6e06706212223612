"""``portforward`` as kubectl does it: SPDY/3.1 inside of a WebSocket.

``portforward`` calls ``serve_tunnel`` for the subprotocol ``SPDY/3.1+portforward.k8s.io``. One session carries any
number of connections, each a pair of streams that the client opens: ``data`` goes both ways, ``error`` brings the one
text that says why it went wrong. Frames are ``spdy``'s business; what listens on a port comes from a ``Ports`` (the
kubelets). Upstream: ``k8s.io/cri-streaming/pkg/streaming/portforward/httpstream.go``, ``moby/spdystream``.

Simplified: there is no flow control. Neither end of the real connection has any either: the library on both sides
passes over WINDOW_UPDATE and never waits for one. A connection that does not take its data holds up the others of its
session, once its share of memory is full.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.websockets import WebSocket, WebSocketDisconnect

from gitopslab.controlplane.http.streams.channels import GOING_AWAY
from gitopslab.controlplane.http.streams.spdy import (
    Data,
    Frame,
    Framer,
    GoAway,
    GoAwayReason,
    Ping,
    Reset,
    RstStream,
    SpdyError,
    SynReply,
    SynStream,
)
from gitopslab.controlplane.runtime.pumping import pump
from gitopslab.controlplane.runtime.streams import Connection, RefusedError, StartError

SUBPROTOCOL = "SPDY/3.1+portforward.k8s.io"

Connect = Callable[[int], Awaitable[Connection]]
"""Connects to a port of the pod."""

_MOST_STREAMS = 256  # open at once; a browser opens six connections a host
_MOST_WAITING = 256 * 1024  # bytes of one stream that its connection has not taken


@dataclass(slots=True)
class Stream:
    """One stream that the client has opened.

    Attributes:
        number: Its id.
        request: Which pair it belongs to.
        kind: ``data`` or ``error``.
        port: The port that is meant.
        waiting: What came and was not taken.
        over: Whether the client has said all.
    """

    number: int
    request: str
    kind: str
    port: int
    waiting: bytearray = field(default_factory=bytearray)
    over: bool = False
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def put(self, data: bytes, over: bool) -> None:
        """Take in what came; waits while too much of it is waiting."""
        while len(self.waiting) > _MOST_WAITING and not self.over:
            self._changed.clear()
            await self._changed.wait()
        self.waiting += data
        self.over = self.over or over
        self._changed.set()

    async def get(self) -> bytes:
        """The next piece; empty when the client has said all."""
        while not self.waiting and not self.over:
            self._changed.clear()
            await self._changed.wait()
        piece = bytes(self.waiting)
        self.waiting.clear()
        self._changed.set()
        return piece

    def end(self) -> None:
        """The client gave it up."""
        self.waiting.clear()
        self.over = True
        self._changed.set()


async def serve_tunnel(socket: WebSocket, connect: Connect) -> None:
    """Serve one session until the client goes."""
    await socket.accept(SUBPROTOCOL)
    session = _Session(socket, connect)
    try:
        await session.run()
        code = 1000
    except asyncio.CancelledError:
        code = GOING_AWAY
        raise
    finally:
        await session.close()
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # the client is gone
            await socket.close(code)


class _Session:
    """The streams of one connection of kubectl."""

    def __init__(self, socket: WebSocket, connect: Connect) -> None:
        self._socket = socket
        self._connect = connect
        self._framer = Framer()
        self._streams: dict[int, Stream] = {}
        self._pairs: dict[str, dict[str, Stream]] = {}
        self._forwards: dict[int, asyncio.Task[None]] = {}
        self._last = 0

    async def run(self) -> None:
        while True:
            raw = await self._socket.receive()
            if raw["type"] == "websocket.disconnect":
                return
            try:
                for frame in self._framer.feed(raw.get("bytes") or b""):
                    await self._handle(frame)
            except SpdyError:
                await self._send(GoAway(self._last, GoAwayReason.PROTOCOL_ERROR))
                return

    async def close(self) -> None:
        forwards = list(self._forwards.values())
        for forward in forwards:
            forward.cancel()
        await asyncio.gather(*forwards, return_exceptions=True)

    async def _handle(self, frame: Frame) -> None:
        """What asks for nothing (SETTINGS, HEADERS, WINDOW_UPDATE, GOAWAY, replies to us) is passed over."""
        match frame:
            case SynStream():
                await self._open(frame)
            case Data(number, data, fin):
                stream = self._streams.get(number)
                if stream is None:
                    if data:  # the end of a stream may cross our own end of it
                        await self._send(RstStream(number, Reset.INVALID_STREAM))
                elif stream.kind == "data":
                    await stream.put(data, fin)
            case RstStream(number):
                if (forward := self._forwards.get(number)) is not None:
                    forward.cancel()
            case Ping(number) if number % 2:
                await self._send(frame)

    async def _open(self, frame: SynStream) -> None:
        if frame.stream % 2 == 0 or frame.stream <= self._last:
            await self._send(RstStream(frame.stream, Reset.PROTOCOL_ERROR))
            return
        self._last = frame.stream
        stream = _stream_of(frame)
        pair = self._pairs.get(stream.request, {}) if stream else {}
        if stream is None or stream.kind in pair or len(self._streams) >= _MOST_STREAMS:
            await self._send(RstStream(frame.stream, Reset.REFUSED_STREAM))
            return
        self._streams[stream.number] = stream
        self._pairs.setdefault(stream.request, pair)[stream.kind] = stream
        await self._send(SynReply(stream.number))
        if len(pair) == 2:
            del self._pairs[stream.request]
            self._forwards[pair["data"].number] = asyncio.create_task(self._forward(pair["data"], pair["error"]))

    async def _forward(self, data: Stream, error: Stream) -> None:
        """One forwarded connection, from its two streams to its end; kubectl waits for the end of both."""
        why: bytes = b""
        ending: Frame = Data(data.number, b"", fin=True)
        try:
            connection = await self._connect(data.port)
            await pump(connection, data.get, lambda piece: self._send(Data(data.number, piece)))
        except (RefusedError, StartError) as error_text:
            why, ending = str(error_text).encode(), RstStream(data.number, Reset.CANCEL)
        finally:
            await self._send(Data(error.number, why, fin=True))
            await self._send(ending)
            data.end()
            del self._streams[data.number], self._streams[error.number], self._forwards[data.number]

    async def _send(self, frame: Frame) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # gone; ``run`` hears of it
            await self._socket.send_bytes(self._framer.encode(frame))


def _stream_of(frame: SynStream) -> Stream | None:
    """The stream that is asked for; None when its headers do not say what it is."""
    headers = frame.headers
    kind, port = headers.get("streamtype", ""), headers.get("port", "")
    if kind not in ("data", "error") or not (port.isascii() and port.isdigit() and 0 < int(port[:9]) < 65536):
        return None
    # clients that name no request open the two streams of a pair one after the other
    request = headers.get("requestid") or str(frame.stream - (2 if kind == "data" else 0))
    return Stream(frame.stream, request, kind, int(port), over=frame.fin)
