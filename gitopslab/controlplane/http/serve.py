"""Runs the application on a socket: HTTPS by uvicorn, tuned for one process on loopback.

The daemon binds the socket and awaits ``serve``; cancelling that ends every connection at once, open watches
included. Threads, signals, log files and reloading are not wanted here and switched off.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from gitopslab.errors import SetupError

_KEEP_ALIVE = 300  # seconds an idle connection is kept: notebooks pause longer than uvicorn's 5
_PATIENCE = 1.0  # seconds a connection gets to say goodbye when the server stops


async def serve(app: ASGIApp, listener: socket.socket, *, certfile: Path, keyfile: Path) -> None:
    """Serve HTTPS until cancelled.

    Args:
        app: The application.
        listener: A socket that is bound to a loopback address.
        certfile: The server's certificate, PEM.
        keyfile: Its private key, PEM.

    Raises:
        SetupError: The socket can be reached from other machines.
    """
    _check_loopback(listener)
    server = _Server(_config(app, certfile, keyfile))
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


def _config(app: ASGIApp, certfile: Path, keyfile: Path) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        interface="asgi3",
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        log_level="error",  # it would warn of every upgrade that we refuse
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        backlog=512,
        ssl_certfile=str(certfile),
        ssl_keyfile=str(keyfile),
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
    )


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
