"""Carries bytes between a client's stream and a connection into a pod and back.

``http.streams`` and ``kubeproxy`` call ``pump``; how the client's side is framed is theirs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from gitopslab.controlplane.runtime.streams import Connection


async def pump(
    connection: Connection, receive: Callable[[], Awaitable[bytes]], send: Callable[[bytes], Awaitable[None]]
) -> None:
    """Carry until the pod has said all; the connection is closed then.

    Args:
        connection: Into the pod.
        receive: Gives the client's next piece; empty when it has said all.
        send: Sends the client a piece.
    """

    async def upstream() -> None:
        while piece := await receive():
            await connection.write(piece)
        connection.end_input()

    sending = asyncio.create_task(upstream())
    try:
        while piece := await connection.read():
            await send(piece)
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await connection.close()
