"""Runs the application on a socket: HTTPS by uvicorn, tuned for one process on loopback.

The daemon binds the socket and awaits ``serve``; cancelling that ends every connection at once, open watches
included. Threads, signals, log files and reloading are not wanted here and switched off.

A client may show a certificate of the cluster's own authority; whom it stands for is ``security``'s to say.

Simplified: a certificate of another authority breaks the connection off; the real server answers 401.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.auto import AutoHTTPProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode
from websockets.protocol import State

from gitopslab.controlplane.http.security import CLIENT_CERTIFICATE
from gitopslab.errors import SetupError

_KEEP_ALIVE = 300  # seconds an idle connection is kept: notebooks pause longer than uvicorn's 5
_LARGEST_MESSAGE = 32 * 1024 * 1024  # of a WebSocket, as the real server takes it
_PATIENCE = 1.0  # seconds a connection gets to say goodbye when the server stops
_MOST_CONNECTIONS = 1000  # at once. Simplified: the real server takes as many as the system gives it sockets
_LARGEST_HEAD = 1024 * 1024  # bytes of a request line with its headers: ``http.DefaultMaxHeaderBytes`` of Go
_HEAD_SECONDS = 32.0  # for a head to arrive: ``ReadHeaderTimeout`` of the real server
_TOO_LARGE = b"431 Request Header Fields Too Large"


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
    _check_loopback(listener)
    server = _Server(_config(app, certfile, keyfile, ca))
    try:
        await server.serve(sockets=[listener])
    finally:
        await _close(server)


class _Server(uvicorn.Server):
    """Leaves signals to the daemon, which knows what else must stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class _Protocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # whichever of uvicorn's installs
    """Hands the certificate that a client has shown to every request of its connection, and keeps what it may take.

    A head is watched where httptools reads it; h11, which reads it on Windows, has the same limit of its own.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Note the certificate, once a connection; one too many is closed at once."""
        super().connection_made(transport)
        self._in_head = False
        self._head = 0
        self._timer: asyncio.TimerHandle | None = None
        self._expect_a_head()
        if len(self.connections) > _MOST_CONNECTIONS:
            transport.close()
        tls = transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True) if tls is not None else None
        if certificate:
            self.app_state: dict[str, Any] = {**self.app_state, CLIENT_CERTIFICATE: certificate}

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect no more."""
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head of a request grows beyond all measure."""
        super().data_received(data)
        if not self._in_head:  # most often: a head comes in one piece
            self._head = 0
            self._expect_nothing()
            return
        self._head += len(data)
        self._expect_a_head()
        if self._head > _LARGEST_HEAD and not self.transport.is_closing():
            about = b"content-type: text/plain\r\ncontent-length: %d\r\nconnection: close" % len(_TOO_LARGE)
            self.transport.write(b"HTTP/1.1 %b\r\n%b\r\n\r\n%b" % (_TOO_LARGE, about, _TOO_LARGE))
            self.transport.close()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        """A head has ended."""
        self._in_head = False
        super().on_headers_complete()

    def _expect_a_head(self) -> None:
        """Close the connection when there is no whole head in time."""
        if self._timer is None:
            self._timer = self.loop.call_later(_HEAD_SECONDS, self.transport.close)

    def _expect_nothing(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


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


def _config(app: ASGIApp, certfile: Path, keyfile: Path, ca: Path) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        interface="asgi3",
        http=_Protocol,
        lifespan="off",
        ws=_WebSockets,
        ws_max_size=_LARGEST_MESSAGE,
        ws_ping_interval=None,  # clients ping; one that only reads now and then would miss ours
        ws_per_message_deflate=False,  # loopback is faster
        log_config=None,
        access_log=False,
        log_level="error",  # it would warn of every upgrade that we refuse
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        backlog=512,
        h11_max_incomplete_event_size=_LARGEST_HEAD,
        ssl_certfile=str(certfile),
        ssl_keyfile=str(keyfile),
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
        ssl_ca_certs=str(ca),
        ssl_cert_reqs=ssl.CERT_OPTIONAL,
    )


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _check_loopback(listener: socket.socket) -> None:
    address = listener.getsockname()[0]
    if not ipaddress.ip_address(address).is_loopback:
        raise SetupError(f"refusing to serve on {address}", "the embedded cluster listens on a loopback address only")


async def _close(server: uvicorn.Server) -> None:
    """End streams first, so that their clients see an end and not a break; then close every connection."""
    for listening in server.servers:
        listening.close()
    tasks = list(server.server_state.tasks)
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=_PATIENCE)
    for connection in list(server.server_state.connections):
        connection.transport.close()
    await asyncio.sleep(0)
