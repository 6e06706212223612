"""Lets containers of one network in: nodes of kind or k3d come to the forge at this machine's address in it.

``__main__`` starts it where the cluster asks for it. What comes from anywhere else is hung up on before a byte is read,
also when another machine sends it here by a route of its own. Who may do what is asked by the forge, as of everybody.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging

from gitopslab.background.process import LOOPBACK

_PIECE = 64 * 1024
_log = logging.getLogger(__name__)


async def let_in(address: str, port: int, guests: ipaddress.IPv4Network | None) -> bool:
    """Listen at an address of this machine, and carry what comes from a network to the same port of loopback.

    Args:
        address: Of this machine in the network.
        port: There and on loopback.
        guests: Who may come; None for nobody.

    Returns:
        False when nothing can listen there: Docker may not run just now, and everybody else is served all the same.
    """

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if guests is None or ipaddress.ip_address(writer.get_extra_info("peername")[0]) not in guests:
            writer.transport.abort()
            return
        try:
            inward, outward = await asyncio.open_connection(LOOPBACK, port)
        except OSError as error:
            _log.warning("a container could not be let in: %s", error)
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
        _log.warning("containers cannot be let in at %s: %s", address, error)
        return False
    return True


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One direction, until its sender has nothing more to say."""
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()


def network_of(address: str) -> ipaddress.IPv4Network | None:
    """The network of the interface that has an address; None when there is none."""
    import psutil

    wanted = ipaddress.IPv4Address(address)
    for addresses in psutil.net_if_addrs().values():
        for each in addresses:
            if each.netmask and ":" not in each.address:
                found = ipaddress.IPv4Network(f"{each.address}/{each.netmask}", strict=False)
                if wanted in found:
                    return found
    return None
