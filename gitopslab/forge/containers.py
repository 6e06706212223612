"""Lets the nodes of a cluster in: they come to the forge at this machine's address in a network that both stand on.

``__main__`` starts it where the cluster asks for it. What comes from anywhere else is hung up on before a byte is read,
also when another machine sends it here by a route of its own. Who may do what is asked by the forge, as of everybody.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network

from gitopslab.background.process import LOOPBACK

_PIECE = 64 * 1024
_log = logging.getLogger(__name__)


async def let_in(address: str, port: int, guests: Sequence[IPv4Network]) -> bool:
    """Listen at an address of this machine, and carry what comes from some networks to the same port of loopback.

    Args:
        address: Of this machine in the network.
        port: There and on loopback.
        guests: Who may come.

    Returns:
        False when nothing can listen there: Docker may not run just now, and everybody else is served all the same.
    """

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        comer = IPv4Address(writer.get_extra_info("peername")[0])
        if not any(comer in network for network in guests):
            writer.transport.abort()
            return
        try:
            inward, outward = await asyncio.open_connection(LOOPBACK, port)
        except OSError as error:
            _log.warning("a node could not be let in: %s", error)
            writer.transport.abort()
            return
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(reader, outward))
                both.create_task(_pump(inward, writer))
        finally:
            for each in (writer, outward):
                each.close()

    try:
        await asyncio.start_server(carry, address, port, limit=_PIECE)
    except OSError as error:
        _log.warning("nodes cannot be let in at %s: %s", address, error)
        return False
    return True


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One direction, until its sender has nothing more to say."""
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
