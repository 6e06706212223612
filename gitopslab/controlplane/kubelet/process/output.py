"""What a program writes, as lines.

``runs`` gives the reading end of the pipe that is both stdout and stderr. A program that talks without end is read with
a breath between two pieces, so that it holds up nobody but itself.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

_PIECE = 65_536
_LONGEST_LINE = 16 * 1024  # containerd breaks longer ones, too
_BREATH = 0.02


async def listen(descriptor: int, say: Callable[[str], None]) -> None:
    """Say every line until the pipe ends; the descriptor is closed then."""
    reader = asyncio.StreamReader(limit=_PIECE)
    pipe = os.fdopen(descriptor, "rb", 0)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    unfinished = b""
    try:
        while piece := await reader.read(_PIECE):
            *lines, unfinished = (unfinished + piece).split(b"\n")
            for line in lines:
                say(_text(line))
            while len(unfinished) > _LONGEST_LINE:
                say(_text(unfinished[:_LONGEST_LINE]))
                unfinished = unfinished[_LONGEST_LINE:]
            if len(piece) > _LONGEST_LINE:
                await asyncio.sleep(_BREATH)
        if unfinished:
            say(_text(unfinished))
    finally:
        transport.close()


def _text(line: bytes) -> str:
    return line[:_LONGEST_LINE].decode("utf-8", "replace").removesuffix("\r")
