"""Runs an application on a loopback socket by uvicorn, as every process of the lab does.

The composition roots await ``run`` with a configuration of their own (TLS or not); cancelling that ends every
connection at once. Threads, signals, log files and reloading are not wanted and switched off. A head of a request that
grows or lingers beyond measure ends its connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from gitopslab.errors import SetupError

LARGEST_HEAD = 1024 * 1024
"""Bytes of a request line with its headers: ``http.DefaultMaxHeaderBytes`` of Go."""

_KEEP_ALIVE = 300  # seconds an idle connection is kept: notebooks pause longer than uvicorn's 5
_PATIENCE = 1.0  # seconds a connection gets to say goodbye when the server stops
_MOST_CONNECTIONS = 1000  # at once. Simplified: a real server takes as many as the system gives it sockets
_HEAD_SECONDS = 32.0  # for a head to arrive: ``ReadHeaderTimeout`` of the real API server
_TOO_LARGE = b"431 Request Header Fields Too Large"


def config(app: ASGIApp, **options: Any) -> uvicorn.Config:
    """What all have in common: no log files, no tracebacks to a client, no headers that nobody asked for."""
    given: dict[str, Any] = {
        "http": BoundedHeads,
        "ws": "none",
        "lifespan": "off",
        "log_config": None,
        "access_log": False,
        "log_level": "error",  # it would warn of every upgrade that we refuse
        "proxy_headers": False,
        "server_header": False,
        "timeout_keep_alive": _KEEP_ALIVE,
        "backlog": 512,
        "h11_max_incomplete_event_size": LARGEST_HEAD,
    }
    return uvicorn.Config(app, interface="asgi3", **given | options)


async def run(configured: uvicorn.Config, listener: socket.socket) -> None:
    """Serve until cancelled.

    Raises:
        SetupError: The socket can be reached from other machines.
    """
    _check_loopback(listener)
    server = _Server(configured)
    try:
        await server.serve(sockets=[listener])
    finally:
        await _close(server)


class BoundedHeads(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # whichever of uvicorn's installs
    """Watches the head of a request.

    It is watched where httptools reads it; h11, which reads it on Windows, has the same limit of its own.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Count the connection; one too many is closed at once."""
        super().connection_made(transport)
        self._in_head = False
        self._head = 0
        self._timer: asyncio.TimerHandle | None = None
        self._expect_a_head()
        if len(self.connections) > _MOST_CONNECTIONS:
            transport.close()

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
        if self._head > LARGEST_HEAD and not self.transport.is_closing():
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


class _Server(uvicorn.Server):
    """Leaves signals to the process, which knows what else must stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def _check_loopback(listener: socket.socket) -> None:
    address = listener.getsockname()[0]
    if not ipaddress.ip_address(address).is_loopback:
        raise SetupError(f"refusing to serve on {address}", "the lab listens on a loopback address only")


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
