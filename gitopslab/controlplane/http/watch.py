"""Watch streams: changes as lines of JSON, for as long as the client listens.

Called by ``resources``. A stream sleeps until the feed wakes it, takes everything that is pending and sends it as one
piece, so an event is on its way as soon as the write that made it is committed. The more watch the same, the longer
each gathers events before its next piece: under load pieces grow and their number does not. The bytes of an object
were made once, by the store; watchers join them and make none of their own. A client that reads too slowly is stopped
by the feed, which drops what it held for it and tells it to list again.

Upstream: ``apiserver/pkg/endpoints/handlers/watch.go`` and ``storage/cacher``.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Sequence

from starlette.types import Receive, Send

from gitopslab.controlplane.http.answers import warning_headers
from gitopslab.controlplane.http.parameters import ListOptions
from gitopslab.controlplane.http.rendering import Look, render_error, render_event, render_events
from gitopslab.controlplane.runtime import strands
from gitopslab.controlplane.server.feed import Subscription
from gitopslab.controlplane.server.options import Caller
from gitopslab.controlplane.server.records import Change, Record
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import ApiError
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object

BOOKMARK_SECONDS = 60.0
"""How often a bookmark is sent to those who allow it."""

BEFORE_END = 2.0
"""The last bookmark comes so many seconds before a watch ends, so that the next one begins where this one was."""

_SHORTEST = 1800.0  # ``--min-request-timeout``: without timeoutSeconds a watch lasts once to twice as long
_TURN = 0.0002  # seconds; about what it costs to serve one watcher, so that none comes twice before all others
_INITIAL_END = "k8s.io/initial-events-end"
_TOLD_AS_EVENTS = (410, 504)  # a version that is too old, or not there yet


class WatchStream:
    """One client's watch.

    Args:
        verbs: Where to subscribe.
        resource: What is watched.
        options: From the query.
        look: How objects are shown.
        warnings: What the client is told besides.
    """

    def __init__(
        self, verbs: Verbs, resource: Resource, options: ListOptions, look: Look, warnings: Sequence[str] = ()
    ) -> None:
        self._verbs = verbs
        self._resource = resource
        self._options = options
        self._look = look
        self._warnings = warnings
        self._wake = asyncio.Event()
        self._sent_any = False

    async def run(self, who: Caller, namespace: str, receive: Receive, send: Send) -> None:
        """Stream until the client goes, the time is over, or the server stops.

        Raises:
            ApiError: Before anything is sent: the request makes no sense.
        """
        try:
            past, subscription = await strands.run(lambda: self._subscribe(who, namespace))
        except ApiError as error:
            if error.code not in _TOLD_AS_EVENTS:
                raise
            await self._start(send)
            await _send(send, render_error(error.status, self._look), more=False)
            return
        listener = asyncio.create_task(until_disconnect(receive))
        listener.add_done_callback(lambda _: self._wake.set())
        try:
            await self._stream(past, subscription, listener, send)
        except asyncio.CancelledError:
            await _send(send, b"", more=False)  # the server stops: end the stream cleanly, so that clients come back
            raise
        finally:
            subscription.close()
            listener.cancel()

    async def _start(self, send: Send) -> None:
        headers = [(b"content-type", self._look.stream_type), (b"cache-control", b"no-cache, private")]
        headers += warning_headers(self._warnings)
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    def _subscribe(self, who: Caller, namespace: str) -> tuple[Sequence[Change], Subscription]:
        options = self._options
        version = options.resource_version
        if options.initial_events is False and version in ("", "0"):
            version = str(self._verbs.store.revision)
        return self._verbs.watch(
            who, self._resource, namespace, labels=options.labels, fields=options.fields, resource_version=version,
            initial_events=bool(options.initial_events),
        )  # fmt: skip

    async def _stream(
        self, past: Sequence[Change], subscription: Subscription, listener: asyncio.Task[None], send: Send
    ) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + (self._options.timeout_seconds or _SHORTEST * random.uniform(1, 2))
        # Before anything else can be written: the bookmark says that everything up to now was sent.
        opening = self._events(past)
        if self._options.initial_events and self._options.bookmarks:
            opening += self._bookmark(self._verbs.store.revision, {_INITIAL_END: "true"})
        await self._start(send)
        if opening:
            await _send(send, opening)
        subscription.on_wake(self._wake.set)
        bookmark_at = self._next_bookmark(loop.time(), end)
        while loop.time() < end:
            await self._sleep_until(min(end, bookmark_at))
            if listener.done():
                return
            revision = self._verbs.store.revision
            try:
                piece = self._events(await _taken(subscription))
            except ApiError as error:
                await _send(send, render_error(error.status, self._look), more=False)
                return
            if loop.time() >= bookmark_at:
                piece += self._bookmark(revision, {})
                bookmark_at = self._next_bookmark(loop.time(), end)
            if piece:
                await _send(send, piece)
                await asyncio.sleep(subscription.crowd * _TURN)
            if subscription.is_ended:
                break
        await _send(send, b"", more=False)

    def _next_bookmark(self, now: float, end: float) -> float:
        moment = min(now + BOOKMARK_SECONDS, end - BEFORE_END)
        return moment if self._options.bookmarks and moment > now else math.inf

    async def _sleep_until(self, moment: float) -> None:
        if not self._wake.is_set():
            timer = asyncio.get_running_loop().call_at(moment, self._wake.set)
            try:
                await self._wake.wait()
            finally:
                timer.cancel()
        self._wake.clear()

    def _events(self, changes: Sequence[Change]) -> bytes:
        if not changes:
            return b""
        first, self._sent_any = not self._sent_any, True
        return render_events(self._resource, changes, self._now(), first=first)

    def _bookmark(self, revision: int, annotations: dict[str, str]) -> bytes:
        """An event without an object: everything up to this resourceVersion was sent."""
        metadata: Object = {"resourceVersion": str(revision)}
        if annotations:
            metadata["annotations"] = annotations
        resource = self._resource
        record = Record.of({"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata})
        first, self._sent_any = not self._sent_any, True
        return render_event(resource, "BOOKMARK", record, self._now(), first=first)

    def _now(self) -> Look:
        return Look(self._look.accepted, self._look.include, self._verbs.clock.now())


async def _taken(subscription: Subscription) -> Sequence[Change]:
    """What is pending; who has to be asked to convert it is waited for."""
    return subscription.pending() if subscription.late is None else await strands.run(subscription.pending)


async def until_disconnect(receive: Receive) -> None:
    """Return when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, piece: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": more})
