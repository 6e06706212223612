"""Several byte streams over one WebSocket: the ``channel.k8s.io`` protocols.

``remotecommand`` and ``portforward`` speak through a ``ChannelSocket``: every message begins with the number of its
channel. What the channels carry is theirs to say. Upstream: ``k8s.io/streaming/pkg/httpstream/wsstream``.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from gitopslab.errors import ApiError

_CLOSE = 255  # in v5 a message on this channel closes the one it names

GOING_AWAY = 1001
"""The close code that says the server stops."""


@dataclass(frozen=True, slots=True)
class ChannelProtocol:
    """One of the subprotocols.

    Attributes:
        name: As it is negotiated; empty when the client asks for none.
        binary: Whether messages are bytes; otherwise base64 after a digit.
        closes: Whether the client can close single channels.
        structured: Whether the error channel ends with a ``Status`` as JSON; otherwise with the text of an error.
    """

    name: str
    binary: bool = True
    closes: bool = False
    structured: bool = True


V5 = ChannelProtocol("v5.channel.k8s.io", closes=True)
V4 = ChannelProtocol("v4.channel.k8s.io")
V4_BASE64 = ChannelProtocol("v4.base64.channel.k8s.io", binary=False)
V1 = ChannelProtocol("channel.k8s.io", structured=False)
V1_BASE64 = ChannelProtocol("base64.channel.k8s.io", binary=False, structured=False)
UNNAMED = ChannelProtocol("", structured=False)


class Message(NamedTuple):
    """What came from the client on a channel; ``closed`` says that nothing more will."""

    channel: int
    data: bytes
    closed: bool = False


def negotiated(asked: Sequence[str], served: Sequence[ChannelProtocol]) -> ChannelProtocol:
    """The first protocol of the client's list that is served.

    Raises:
        ApiError: 403, as the real server's handshake fails, when there is none.
    """
    by_name = {protocol.name: protocol for protocol in served}
    for name in asked or ("",):
        if name in by_name:
            return by_name[name]
    names = " ".join(by_name)
    raise ApiError(403, "Forbidden", f"requested protocol(s) are not supported: {list(asked)}; supports [{names}]")


class ChannelSocket:
    """The server's end of one connection.

    Args:
        socket: Not yet accepted.
        protocol: What was negotiated.
    """

    def __init__(self, socket: WebSocket, protocol: ChannelProtocol) -> None:
        self._socket = socket
        self.protocol = protocol

    async def accept(self) -> None:
        """Open the connection; from here on errors can only be told inside of it."""
        await self._socket.accept(self.protocol.name or None)

    async def receive(self) -> Message | None:
        """The next message; None when the client is gone. What makes no sense is passed over, as upstream does."""
        while True:
            raw = await self._socket.receive()
            if raw["type"] == "websocket.disconnect":
                return None
            data = raw.get("bytes") or (raw.get("text") or "").encode()
            message = self._decoded(data) if data else None
            if message is not None:
                return message

    async def send(self, channel: int, data: bytes) -> None:
        """Send a message; one to a client that is gone is dropped."""
        try:
            if self.protocol.binary:
                await self._socket.send_bytes(bytes((channel,)) + data)
            else:
                await self._socket.send_text(str(channel) + base64.b64encode(data).decode())
        except (WebSocketDisconnect, RuntimeError):
            return  # ``receive`` tells that it is gone

    async def close(self, code: int = 1000) -> None:
        """End the connection; harmless when it has ended."""
        states = (self._socket.client_state, self._socket.application_state)
        if states == (WebSocketState.CONNECTED, WebSocketState.CONNECTED):
            try:
                await self._socket.close(code)
            except (WebSocketDisconnect, RuntimeError):
                return

    def _decoded(self, data: bytes) -> Message | None:
        channel, rest = data[0], data[1:]
        if self.protocol.closes and channel == _CLOSE:
            return Message(rest[0], b"", closed=True) if len(rest) == 1 else None
        if self.protocol.binary:
            return Message(channel, rest)
        try:
            return Message(channel - ord("0"), base64.b64decode(rest, validate=True))
        except binascii.Error:
            return None
