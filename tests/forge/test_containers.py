"""Containers are let in by the network they are on."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import sys

import pytest

from gitopslab.forge.containers import let_in

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a machine has one loopback address")
HERE = "127.0.0.2"


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that reads to the end before it answers."""
    writer.write((await reader.read()).upper())
    writer.close()


async def _asked(port: int, source: str) -> bytes:
    """What somebody gets who comes from an address."""
    try:
        reader, writer = await asyncio.open_connection(HERE, port, local_addr=(source, 0))
        writer.write(b"hello" * 100_000)
        writer.write_eof()
        return await reader.read()
    except ConnectionError:
        return b"hung up"


def test_only_who_comes_from_the_network_is_let_in() -> None:
    async def both() -> tuple[bytes, bytes]:
        async with await asyncio.start_server(_echo, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            assert await let_in(HERE, port, [ipaddress.IPv4Network(f"{HERE}/32")])
            return await _asked(port, HERE), await _asked(port, "127.0.0.3")

    guest, stranger = asyncio.run(both())
    assert guest == b"HELLO" * 100_000
    assert stranger in (b"", b"hung up")


def test_where_nothing_can_listen_that_is_all() -> None:
    async def tried() -> bool:
        with socket.create_server((HERE, 0)) as taken:
            return await let_in(HERE, taken.getsockname()[1], [ipaddress.IPv4Network("127.0.0.0/8")])

    assert asyncio.run(tried()) is False
