"""``/lab``: the hand on this cluster, beside Kubernetes' own paths and never inside of them.

Called by ``app`` for requests that were let in: to most callers RBAC allows none of these paths, so it is the
administrator's credentials that open them. A path and a body become one call of ``Controls``; what the calls do is the
daemon's business. ``lab.embedded`` speaks it::

    GET  /lab                        the state; ?seen=N waits for another version than N
    POST /lab/clock                  {"speed": 10} | {"advance": 60} | {"step": 60}
    POST /lab/components/NAME        {"running": false}
    POST /lab/nodes/NAME             {"kubelet": false} | {"power": false}
    GET  /lab/history                what was written after ?after=REVISION, at most ?limit=N
    POST /lab/history                {"end": REVISION} returns to that revision; "since" is another then
    GET  /lab/history/at             the revision at ?time=SECONDS
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope, Send

from gitopslab.controlplane.http.answers import NOT_FOUND, Answer
from gitopslab.controlplane.http.body import read_body
from gitopslab.controlplane.http.request import RequestInfo
from gitopslab.controlplane.http.security import Headers
from gitopslab.controlplane.runtime import strands
from gitopslab.controlplane.runtime.controls import Controls
from gitopslab.controlplane.server.options import Caller
from gitopslab.errors import ApiError, bad_request
from gitopslab.machinery.objects import Object

_LONGEST_WAIT = 25.0  # seconds until a waiting question is answered all the same
_MOST_ENTRIES = 5_000


class LabEndpoint:
    """Serves the controls of a cluster.

    Args:
        controls: They.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    async def __call__(
        self, who: Caller, info: RequestInfo | None, headers: Headers, scope: Scope, receive: Receive, send: Send
    ) -> Answer | None:
        """Answer one request."""
        parts = [part for part in scope["path"].split("/") if part][1:]
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        match scope.get("method"), parts:
            case "GET", []:
                return await self._state(query)
            case "GET", ["history"]:
                return self._history(query)
            case "POST", ["history"]:
                self._controls.return_to(int(_number(_body(await read_body(receive, headers)), "end")))
                return _json(self._controls.state())
            case "GET", ["history", "at"]:
                return _json({"revision": self._controls.revision_at(_number(query, "time"))})
            case "POST", ["clock"]:
                return await self._clock(_body(await read_body(receive, headers)))
            case "POST", ["components", name]:
                running = _truth(_body(await read_body(receive, headers)), "running")
                await strands.run(lambda: self._controls.switch(name, running))
                return _json(self._controls.state())
            case "POST", ["nodes", name]:
                wishes = _body(await read_body(receive, headers))
                wanted = {key: _truth(wishes, key) for key in _only(wishes, _OF_NODES)}
                await strands.run(lambda: self._controls.switch_node(name, **wanted))
                return _json(self._controls.state())
            case (("GET" | "POST"), _):
                return NOT_FOUND
        raise ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")

    async def _state(self, query: Mapping[str, str]) -> Answer:
        if "seen" in query:
            with contextlib.suppress(TimeoutError):  # nothing changed, which is an answer too
                await asyncio.wait_for(self._controls.changed(int(_number(query, "seen"))), _LONGEST_WAIT)
        return _json(self._controls.state())

    async def _clock(self, wishes: Mapping[str, Any]) -> Answer:
        _only(wishes, _OF_THE_CLOCK)
        if "speed" in wishes:
            self._controls.run(_number(wishes, "speed"))
        if "advance" in wishes:
            await self._controls.advance(_number(wishes, "advance"))
        if "step" not in wishes:
            return _json(self._controls.state())
        action = self._controls.step(_number(wishes, "step"))
        entries = [entry._asdict() for entry in action.entries]
        return _json({**self._controls.state(), "action": {**action._asdict(), "entries": entries}})

    def _history(self, query: Mapping[str, str]) -> Answer:
        after = int(_number({"after": 0, **query}, "after"))
        limit = int(_number({"limit": _MOST_ENTRIES, **query}, "limit"))
        entries = self._controls.log(after, max(1, min(limit, _MOST_ENTRIES)))
        return _json({"entries": [entry._asdict() for entry in entries]})


_OF_THE_CLOCK = frozenset({"speed", "advance", "step"})
_OF_NODES = frozenset({"kubelet", "power"})


def _json(content: Object) -> Answer:
    return Answer(200, orjson.dumps(content))


def _body(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"the body is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise bad_request("the body must be an object")
    return content


def _only(wishes: Mapping[str, Any], known: frozenset[str]) -> Mapping[str, Any]:
    unknown = sorted(wishes.keys() - known)
    if unknown or not wishes:
        raise bad_request(f"unknown: {', '.join(unknown)}" if unknown else f"one of: {', '.join(sorted(known))}")
    return wishes


def _number(values: Mapping[str, Any], key: str) -> float:
    try:
        number = float(values[key])
    except (KeyError, TypeError, ValueError):
        raise bad_request(f"{key} must be a number") from None
    if not math.isfinite(number):
        raise bad_request(f"{key} must be a finite number")
    return number


def _truth(values: Mapping[str, Any], key: str) -> bool:
    value = values.get(key)
    if not isinstance(value, bool):
        raise bad_request(f"{key} must be true or false")
    return value
