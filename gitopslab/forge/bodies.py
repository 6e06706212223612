"""Bodies of requests: on disk, not in memory, whole, and never larger than they may be.

Called by everything here that takes one. A client that hangs up before the end leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import SpooledTemporaryFile
from typing import IO

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

_IN_MEMORY = 1024 * 1024
_PATIENCE = 60.0  # seconds without a byte


async def pieces(request: Request, largest: int) -> AsyncIterator[bytes]:
    """The body, piece by piece, unzipped if it came zipped.

    Raises:
        HTTPException: 413 when it is larger than it may be, 408 when nothing comes any more, 400 when it is not gzip.
        ClientDisconnect: It broke off.
    """
    unzip = zlib.decompressobj(wbits=31) if request.headers.get("content-encoding") == "gzip" else None
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > largest:
        raise HTTPException(413, f"The body is larger than {largest} bytes")
    left = largest
    stream = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(_PATIENCE):
                piece = await anext(stream)
        except StopAsyncIteration:
            break
        except TimeoutError:
            raise HTTPException(408, f"Nothing came for {_PATIENCE:.0f} s") from None
        for plain in [piece] if unzip is None else _unzipped(unzip, piece, left):
            left -= len(plain)
            if left < 0:
                raise HTTPException(413, f"The body is larger than {largest} bytes")
            yield plain
    if unzip is not None and not unzip.eof:
        raise HTTPException(400, "The zipped body breaks off")


@asynccontextmanager
async def spooled(request: Request, largest: int) -> AsyncIterator[IO[bytes]]:
    """The whole body as a file, at its beginning; a large one is on disk."""
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        async for piece in pieces(request, largest):
            file.write(piece)
        file.seek(0)
        yield file


def _unzipped(unzip: zlib._Decompress, piece: bytes, largest: int) -> list[bytes]:
    try:
        return [unzip.decompress(piece, largest + 1)]
    except zlib.error as error:
        raise HTTPException(400, f"The body is not gzip: {error}") from error


__all__ = ["ClientDisconnect", "pieces", "spooled"]
