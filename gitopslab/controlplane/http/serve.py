"""Runs the API's application on a socket: HTTPS, client certificates and WebSockets as kubectl speaks them.

The daemon binds the socket and awaits ``serve``; cancelling that ends every connection at once, open watches
included. How a process of the lab serves at all is ``background.server``'s.

A client may show a certificate of the cluster's own authority; whom it stands for is ``security``'s to say.

Simplified: a certificate of another authority breaks the connection off; the real server answers 401.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets import http11
from websockets.frames import CloseCode
from websockets.protocol import State

from gitopslab.background.server import LARGEST_HEAD, BoundedHeads, config, run
from gitopslab.controlplane.http.security import CLIENT_CERTIFICATE

_LARGEST_MESSAGE = 32 * 1024 * 1024  # of a WebSocket, as the real server takes it


async def serve(app: ASGIApp, listener: socket.socket, *, certfile: Path, keyfile: Path, ca: Path) -> None:
    """Serve HTTPS until cancelled.

    Args:
        app: The application.
        listener: A socket that is bound to a loopback address.
        certfile: The server's certificate, PEM.
        keyfile: Its private key, PEM.
        ca: The certificate authority whose client certificates are believed, PEM.

    Raises:
        SetupError: The socket can be reached from other machines.
    """
    configured = config(
        app,
        http=_Protocol,
        ws=_WebSockets,
        ws_max_size=_LARGEST_MESSAGE,
        ws_ping_interval=None,  # clients ping; one that only reads now and then would miss ours
        ws_per_message_deflate=False,  # loopback is faster
        ssl_certfile=str(certfile),
        ssl_keyfile=str(keyfile),
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
        ssl_ca_certs=str(ca),
        ssl_cert_reqs=ssl.CERT_OPTIONAL,
    )
    http11.MAX_LINE_LENGTH = LARGEST_HEAD  # it reads a head that was read already; commands of ``exec`` may be long
    await run(configured, listener)


class _Protocol(BoundedHeads):
    """Hands the certificate that a client has shown to every request of its connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Note the certificate, once a connection."""
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True) if tls is not None else None
        if certificate:
            self.app_state: dict[str, Any] = {**self.app_state, CLIENT_CERTIFICATE: certificate}


class _WebSockets(WebSocketsSansIOProtocol):
    """Leaves subprotocols to the application: ``SPDY/3.1+portforward.k8s.io`` is no token, and kubectl asks for it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.conn.process_subprotocol = lambda headers: None  # type: ignore[method-assign]

    def send_receive_event_to_app(self) -> None:
        """Hand a message on; text that is no UTF-8 ends the connection, and is no news for the log."""
        if self.curr_msg_data_type == "text" and not _is_utf8(b"".join(self.frames)):
            self.frames = []
            if self.conn.state is State.OPEN:  # else its end has come with the same bytes, and follows
                self.conn.send_close(CloseCode.INVALID_DATA)
                self.handle_parser_exception()
            return
        super().send_receive_event_to_app()

    async def send(self, message: Any) -> None:
        """Send; a refusal ends the handshake too, which uvicorn would otherwise call an error."""
        await super().send(message)
        self.handshake_complete = self.handshake_complete or self.close_sent


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
