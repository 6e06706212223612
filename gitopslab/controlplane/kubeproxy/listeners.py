"""A listener for one port of a Service: takes connections and passes their bytes on to an endpoint.

``proxier`` opens and closes them. An endpoint that refuses is passed over for the next one, as kube-proxy did when it
still passed bytes on itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket

from gitopslab.controlplane.kubeproxy.balancer import Balancer
from gitopslab.controlplane.runtime.pumping import pump
from gitopslab.controlplane.runtime.streams import Connection, Ports, RefusedError, StartError

_PIECE = 65_536
_MOST = 256  # connections of one port at once
_TAKEN = frozenset({errno.EACCES, errno.EADDRINUSE})


class Listener:
    """Listens.

    Args:
        at: The loopback address.
        port: The port that is asked for; another one is taken when it cannot be had.
        balancer: Chooses endpoints.
        ports: Connects to them.
    """

    def __init__(self, at: str, port: int, balancer: Balancer, ports: Ports) -> None:
        self.balancer = balancer
        self._ports = ports
        self._socket = _bound(at, port)
        self._open: set[asyncio.StreamWriter] = set()
        self._serving = asyncio.get_running_loop().create_task(self._serve())

    @property
    def port(self) -> int:
        """The port that it really has."""
        return int(self._socket.getsockname()[1])

    async def close(self) -> None:
        """Take no more connections; those that are open go on."""
        self._serving.cancel()
        await asyncio.gather(self._serving, return_exceptions=True)
        self._socket.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._take, sock=self._socket)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            server.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            connection = await self._connect(writer.get_extra_info("peername")[0])
            if connection is not None:
                await _pass_on(connection, reader, writer)
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._open.discard(writer)
            writer.close()

    async def _connect(self, client: str) -> Connection | None:
        if len(self._open) > _MOST:
            return None
        for endpoint in self.balancer.choices(client):
            with contextlib.suppress(RefusedError, StartError):
                if not endpoint.pod:
                    return await _on_this_machine(endpoint.port)
                return await self._ports.connect(endpoint.namespace, endpoint.pod, endpoint.port)
        return None


class _Local:
    """A connection to a port of this machine."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        return await self._reader.read(_PIECE)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def end_input(self) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            self._writer.write_eof()

    async def close(self) -> None:
        self._writer.close()


async def _on_this_machine(port: int) -> _Local | None:
    try:
        return _Local(*await asyncio.open_connection("127.0.0.1", port))
    except OSError:
        return None


async def _pass_on(connection: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    async def send(piece: bytes) -> None:
        writer.write(piece)
        await writer.drain()

    await pump(connection, lambda: reader.read(_PIECE), send)


def _bound(at: str, port: int) -> socket.socket:
    for wanted in (port, 0):
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((at, wanted))
        except OSError as error:
            made.close()
            if error.errno not in _TAKEN or not wanted:
                raise
            continue
        made.listen(128)
        made.setblocking(False)
        return made
    raise AssertionError("a port that the system chooses is free")
