"""Reads the body of a request, never more than the real API server would.

Called by ``resources``. What the bytes of an object mean is ``server.decode``'s, what a patch means
``server.patches``'.
"""

from __future__ import annotations

import asyncio

from starlette.types import Receive

from gitopslab.controlplane.http.security import Headers
from gitopslab.errors import ApiError, bad_request

LIMIT = 3 * 1024 * 1024
"""``MaxRequestBodyBytes`` of the real server."""

_PATIENCE = 60.0  # seconds for a body to arrive: ``--request-timeout``


async def read_body(receive: Receive, headers: Headers) -> bytes:
    """The whole body.

    Raises:
        ApiError: 413 when it is larger than the limit, told before it is read where the length is known; 400 when the
            client hangs up before its end, since the first half of a manifest may well be a manifest too; 408 when
            the client takes too long over it.
    """
    announced = headers.get(b"content-length", b"")
    if announced.isdigit() and int(announced) > LIMIT:
        raise _too_large()
    try:
        async with asyncio.timeout(_PATIENCE):
            return await _read(receive)
    except TimeoutError:
        raise ApiError(408, "Timeout", f"Timeout: the body did not arrive within {_PATIENCE:.0f} s") from None


async def _read(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise bad_request("unexpected EOF")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LIMIT:
            raise _too_large()
    return body


def _too_large() -> ApiError:
    return ApiError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {LIMIT}")
