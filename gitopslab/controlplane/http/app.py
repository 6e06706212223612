"""The ASGI application: who asks, where the request goes, and that every failure is told as a ``Status``.

The daemon calls ``build_app`` and serves the result; tests talk to it in memory. A request passes::

    socket ─ uvicorn ─ routes ─ guard (entrance, errors) ─ resources | discovery | openapi | openid | health | lab
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import orjson
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gitopslab.controlplane.http import metrics
from gitopslab.controlplane.http.answers import JSON, NOT_FOUND, Answer, for_people, of_error, refusing, send_answer
from gitopslab.controlplane.http.binary import encoded
from gitopslab.controlplane.http.discovery import Served, discover, paths, server_version
from gitopslab.controlplane.http.health import health
from gitopslab.controlplane.http.hook import HookEndpoint
from gitopslab.controlplane.http.lab import LabEndpoint
from gitopslab.controlplane.http.metrics import Requests
from gitopslab.controlplane.http.negotiation import accepted_untransformed, check_route
from gitopslab.controlplane.http.openapi import answer_openapi
from gitopslab.controlplane.http.openid import openid
from gitopslab.controlplane.http.parameters import check_timeout, query_of
from gitopslab.controlplane.http.request import RequestInfo, method_not_allowed, parse
from gitopslab.controlplane.http.resources import ResourceEndpoint, served_elsewhere
from gitopslab.controlplane.http.security import Entrance, Headers
from gitopslab.controlplane.http.streams.endpoint import StreamEndpoint
from gitopslab.controlplane.runtime.controls import Controls
from gitopslab.controlplane.runtime.hooks import Hooks
from gitopslab.controlplane.runtime.logs import Logs
from gitopslab.controlplane.runtime.streams import Exec, Ports
from gitopslab.controlplane.server.options import Caller
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import ApiError, bad_request

log = logging.getLogger(__name__)

Respond = Callable[[Caller, RequestInfo | None, Headers, Scope, Receive, Send], Awaitable[Answer | None]]
"""Answers one request that was let in; None when it has sent for itself, as streams do."""


def build_app(
    verbs: Verbs,
    *,
    logs: Logs | None = None,
    exec: Exec | None = None,
    ports: Ports | None = None,
    controls: Controls | None = None,
    hooks: Hooks | None = None,
) -> ASGIApp:
    """The Kubernetes API of a ``Verbs``, as an ASGI application.

    Args:
        verbs: The API server's core, which also knows the callers and their rights.
        logs: What containers wrote; None when nothing runs pods.
        exec: Starts processes in containers; None when nothing runs pods.
        ports: Connects to ports of pods; None when nothing runs pods.
        controls: Moves the clock and stops components, and can close the API's own paths; None when nobody may.
        hooks: Acts on calls of webhooks; None when nobody does.
    """
    entrance, requests = Entrance(verbs.tokens, verbs.authorizer), Requests(verbs)
    refusal = controls.refusal if controls is not None else None
    resources = ResourceEndpoint(verbs, logs, StreamEndpoint(verbs, exec, ports))
    api = Guard(entrance, _ApiEndpoint(verbs, resources), refusal, requests)
    rest = Guard(entrance, _RestEndpoint(verbs, controls, requests), refusal, requests)
    below: list[BaseRoute] = [Mount("/api", api), Mount("/apis", api)]
    if controls is not None:
        lab = Guard(entrance, LabEndpoint(controls))
        below += [Mount("/lab", lab), Route("/lab", lab)]
    if hooks is not None:
        below.append(Route("/hook/{digest}", HookEndpoint(hooks).answer, methods=["POST", "GET", "PUT"]))
    # A bare router: the guard tells every failure itself, and whatever wraps it would be passed by every event.
    return Router(routes=[*below, Route("/api", api), Route("/apis", api), Mount("/", rest)])


_HEALTH = ("/healthz", "/livez", "/readyz")
_FAILURES = 400  # the first of their codes
_SWITCHING = 101  # of a connection that becomes something else
_READING = ("GET", "HEAD", "OPTIONS")


class Guard:
    """Has every request admitted before it is answered, and tells every failure as a ``Status``.

    Args:
        entrance: Admits.
        respond: Answers.
        refusal: Says why a path is closed now, None while it is open; default it is always open.
        requests: Counts them; default nobody does.
    """

    def __init__(
        self,
        entrance: Entrance,
        respond: Respond,
        refusal: Callable[[str], ApiError | None] | None = None,
        requests: Requests | None = None,
    ) -> None:
        self._entrance = entrance
        self._respond = respond
        self._refusal = refusal
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; one for a WebSocket is a GET that may end in an answer too."""
        if self._requests is None:
            await self._serve(scope, receive, send)
            return
        kind = "readOnly" if scope.get("method", "GET") in _READING else "mutating"
        self._requests.under_way[kind] += 1
        try:
            code = await self._serve(scope, receive, send)
        finally:
            self._requests.under_way[kind] -= 1
        if code:
            headers: dict[bytes, bytes] = dict(scope["headers"])
            info, content_type = parse(scope.get("method", "GET"), scope["path"]), headers.get(b"content-type", b"")
            self._requests.count(info, scope["path"], query_of(scope["query_string"]), content_type, code)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> int:
        """Serve one request; returns the code of the answer, 0 when there was none."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        method = scope.get("method", "GET")
        in_lines, started = False, 0

        async def stream(message: Message) -> None:
            nonlocal started
            started = started or message.get("status", _SWITCHING)
            await send(message)

        try:
            in_lines = _is_read_by_people(scope, headers)
            if self._refusal is not None and (refused := self._refusal(scope["path"])) is not None:
                raise refused
            info = parse(method, scope["path"])
            if b"timeout=" in scope["query_string"]:
                check_timeout(query_of(scope["query_string"]), info)
            caller = self._entrance.admit(scope, headers, info)
            answer = await self._respond(caller, info, headers, scope, receive, stream)
        except ApiError as error:
            if started:
                raise
            answer = of_error(error)
        except asyncio.CancelledError:
            return 0  # the server stops: streams have ended themselves, and uvicorn would call it a failure
        except RecursionError:
            answer = of_error(bad_request("exceeded max depth"))  # only what was sent can be nested so deeply
        except Exception as error:
            if started:
                raise  # too late for a Status; the connection breaks off
            log.exception("%s %s failed", method, scope["path"])
            answer = of_error(ApiError(500, "InternalError", f"Internal error occurred: {error}"))
        if answer is not None:
            answer = for_people(answer) if in_lines else answer
            answer = _as_accepted(answer, headers) if b"accept" in headers else answer
            await send_answer(refusing(send) if scope["type"] == "websocket" else send, answer, headers)
            return answer.code
        return started


def _as_accepted(answer: Answer, headers: Headers) -> Answer:
    """What tells how a request ended, as its client takes it; an object was written so before.

    A failure is told even to who accepts none of the forms of a ``Status``: as JSON on many lines (``WriteRawJSON``).
    """
    if answer.media_type != JSON or not answer.body.startswith(b'{"kind":"Status"'):
        return answer
    form = accepted_untransformed(headers[b"accept"].decode("latin-1"))
    if form is None:
        return for_people(answer) if answer.code >= _FAILURES else answer
    return encoded(answer, form.encoding)


def _is_read_by_people(scope: Scope, headers: Headers) -> bool:
    """Whether the client wants lines, or is one that shows what it gets."""
    wish = query_of(scope["query_string"]).get("pretty", "")
    if wish:
        return wish.lower() in ("1", "t", "true")
    return headers.get(b"user-agent", b"").startswith((b"curl", b"Wget", b"Mozilla/5.0"))


def _check_routed(scope: Scope, headers: Headers, media_type: str) -> None:
    """Refuse as a route does that answers GET in one form."""
    if scope.get("method", "GET") != "GET":
        raise method_not_allowed()
    check_route(headers.get(b"accept", b"").decode("latin-1"), (media_type,))


class _ApiEndpoint:
    """Everything below ``/api`` and ``/apis``: resources, and discovery where a path names none."""

    def __init__(self, verbs: Verbs, resources: ResourceEndpoint) -> None:
        self._verbs = verbs
        self._resources = resources

    async def __call__(
        self, who: Caller, info: RequestInfo | None, headers: Headers, scope: Scope, receive: Receive, send: Send
    ) -> Answer | None:
        if info is None:
            host, port = scope["server"]
            served = Served(self._verbs.catalog, served_elsewhere(self._verbs), f"{host}:{port}")
            return discover(served, scope.get("method", "GET"), scope["path"], headers)
        return await self._resources.serve(who, info, headers, scope, receive, send)


class _RestEndpoint:
    """Health, version, metrics, OpenAPI and the index."""

    def __init__(self, verbs: Verbs, controls: Controls | None, requests: Requests) -> None:
        self._verbs = verbs
        self._controls = controls
        self._requests = requests

    async def __call__(
        self, who: Caller, info: RequestInfo | None, headers: Headers, scope: Scope, receive: Receive, send: Send
    ) -> Answer | None:
        path = scope["path"].rstrip("/")
        if path.startswith(_HEALTH):
            return health(scope["path"], scope["query_string"], {"etcd": self._reach_store})
        if path == metrics.PATH:
            return self._requests.answer()
        if path == "/version":
            _check_routed(scope, headers, "application/json")
            return server_version()
        if path.startswith(("/openapi/v2", "/openapi/v3")):
            return answer_openapi(self._verbs.catalog, path, headers)
        if (answer := openid(path, self._verbs.accounts.key)) is not None:
            _check_routed(scope, headers, answer.media_type.decode())
            return answer
        if not path:
            return for_people(Answer(200, orjson.dumps({"paths": paths(self._verbs.catalog)})))
        return NOT_FOUND

    def _reach_store(self) -> None:
        closed = self._controls.refusal("/api") if self._controls is not None else None
        if closed is not None:
            raise closed
