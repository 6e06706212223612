"""The ASGI application: who asks, where the request goes, and that every failure is told as a ``Status``.

The daemon calls ``build_app`` and serves the result; tests talk to it in memory. A request passes::

    socket ─ uvicorn ─ routes ─ guard (caller, errors) ─ resources | discovery | openapi | health
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import orjson
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gitopslab.controlplane.http.answers import NOT_FOUND, Answer, of_error, send_answer
from gitopslab.controlplane.http.discovery import discover, paths, server_version
from gitopslab.controlplane.http.health import health
from gitopslab.controlplane.http.openapi import answer_openapi
from gitopslab.controlplane.http.request import parse
from gitopslab.controlplane.http.resources import ResourceEndpoint
from gitopslab.controlplane.http.security import (
    ANONYMOUS,
    PUBLIC_PATHS,
    Authenticate,
    Authorize,
    Headers,
    managing,
    only_authenticated,
    path_refusal,
    refusal,
)
from gitopslab.controlplane.runtime.logs import Logs
from gitopslab.controlplane.server.options import Caller
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import ApiError
from gitopslab.machinery.kinds import Catalog

log = logging.getLogger(__name__)

Respond = Callable[[Caller, Headers, Scope, Receive, Send], Awaitable[Answer | None]]
"""Answers one request of a known caller; None when it has sent for itself, as streams do."""


def build_app(
    verbs: Verbs, *, authenticate: Authenticate, authorize: Authorize = only_authenticated, logs: Logs | None = None
) -> ASGIApp:
    """The Kubernetes API of a ``Verbs``, as an ASGI application.

    Args:
        verbs: The API server's core.
        authenticate: Names the caller behind a request.
        authorize: Whether that caller may do something to a resource.
        logs: What containers wrote; None when nothing runs pods.
    """
    api = Guard(authenticate, _ApiEndpoint(verbs, authorize, logs))
    rest = Guard(authenticate, _RestEndpoint(verbs))
    below = [Mount("/api", api), Mount("/apis", api)]
    return Starlette(routes=[*below, Route("/api", api), Route("/apis", api), Mount("/", rest)])


_HEALTH = ("/healthz", "/livez", "/readyz")


class Guard:
    """Names the caller of every request, and tells every failure as a ``Status``.

    Args:
        authenticate: Names the caller.
        respond: Answers.
    """

    def __init__(self, authenticate: Authenticate, respond: Respond) -> None:
        self._authenticate = authenticate
        self._respond = respond

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        started = False

        async def stream(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            caller = managing(self._authenticate(headers), headers.get(b"user-agent", b""))
            answer = await self._respond(caller, headers, scope, receive, stream)
        except ApiError as error:
            answer = of_error(error)
        except asyncio.CancelledError:
            return  # the server stops: streams have ended themselves, and uvicorn would call it a failure
        except Exception as error:
            if started:
                raise  # too late for a Status; the connection breaks off
            log.exception("%s %s failed", scope["method"], scope["path"])
            answer = of_error(ApiError(500, "InternalError", f"Internal error occurred: {error}"))
        if answer is not None:
            await send_answer(send, answer, headers)


class _ApiEndpoint:
    """Everything below ``/api`` and ``/apis``: resources, and discovery where a path names none."""

    def __init__(self, verbs: Verbs, authorize: Authorize, logs: Logs | None) -> None:
        self._catalog: Catalog = verbs.catalog
        self._authorize = authorize
        self._resources = ResourceEndpoint(verbs, logs)

    async def __call__(
        self, who: Caller, headers: Headers, scope: Scope, receive: Receive, send: Send
    ) -> Answer | None:
        info = parse(scope["method"], scope["path"])
        if info is None:
            _check_path(who, scope)
            return discover(self._catalog, scope["path"], headers)
        if not self._authorize(who, info):
            raise refusal(who, info)
        return await self._resources.serve(who, info, headers, scope, receive, send)


class _RestEndpoint:
    """Health, version, OpenAPI and the index."""

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs

    async def __call__(
        self, who: Caller, headers: Headers, scope: Scope, receive: Receive, send: Send
    ) -> Answer | None:
        _check_path(who, scope)
        path = scope["path"].rstrip("/")
        if path.startswith(_HEALTH):
            return health(path, scope["query_string"], {"etcd": lambda: self._verbs.store.revision})
        if path == "/version":
            return server_version()
        if path.startswith(("/openapi/v2", "/openapi/v3")):
            return answer_openapi(self._verbs.catalog, path, headers)
        if not path:
            return Answer(200, orjson.dumps({"paths": paths(self._verbs.catalog)}))
        return NOT_FOUND


def _check_path(who: Caller, scope: Scope) -> None:
    """Everybody who is known may read what is no resource; anybody, what is public."""
    if who.user == ANONYMOUS.user and scope["path"] not in PUBLIC_PATHS:
        raise path_refusal(who, scope["method"], scope["path"])
