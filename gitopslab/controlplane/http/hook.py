"""``POST /hook/…``: calls of webhooks, which come without credentials of the cluster (``runtime.hooks``)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from gitopslab.controlplane.runtime import strands
from gitopslab.controlplane.runtime.hooks import Hooks

_LARGEST = 1024 * 1024


class HookEndpoint:
    """Serves the hooks.

    Args:
        hooks: Acts on the calls.
    """

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    async def answer(self, request: Request) -> Response:
        """Answer one call; what it does is told by its status alone."""
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > _LARGEST:
                return Response(status_code=413)
        headers = {name.lower(): value for name, value in request.headers.items()}
        return Response(status_code=await strands.run(lambda: self._hooks.receive(request.url.path, headers, body)))
