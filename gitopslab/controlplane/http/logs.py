"""``pods/NAME/log``: what a container wrote, whole or as it comes.

Called by ``resources``. The lines come from a ``Logs`` (the kubelets); which of them are meant is ``log_lines``'
business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.types import Message, Receive, Send

from gitopslab.controlplane.http.answers import Answer
from gitopslab.controlplane.http.log_lines import LogOptions, Run, container_of, log_options, run_of, status_of, written
from gitopslab.controlplane.http.parameters import Query
from gitopslab.controlplane.http.request import RequestInfo
from gitopslab.controlplane.http.watch import until_disconnect
from gitopslab.controlplane.runtime.logs import LogLine, Logs
from gitopslab.controlplane.server.feed import Subscription
from gitopslab.controlplane.server.options import Caller
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.machinery.kinds import Resource

_PLAIN = b"text/plain"
_START: Message = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", _PLAIN)]}
_END: Message = {"type": "http.response.body", "body": b""}


class LogEndpoint:
    """Answers ``pods/NAME/log``.

    Args:
        verbs: Where the pod is read.
        logs: Where its lines are; None when nothing runs pods.
    """

    def __init__(self, verbs: Verbs, logs: Logs | None) -> None:
        self._verbs = verbs
        self._logs = logs

    async def serve(
        self, who: Caller, resource: Resource, info: RequestInfo, query: Query, receive: Receive, send: Send
    ) -> Answer | None:
        """Answer at once, or follow and return None when the stream is over.

        Raises:
            ApiError: No such pod or container, or nothing to show.
        """
        options = log_options(query, info.name)
        pod = self._verbs.get(who, resource, info.namespace, info.name).object
        if not pod.get("spec", {}).get("nodeName"):
            container_of(pod, options.container)  # looked at even when there is no kubelet to ask
            return Answer(204, b"", _PLAIN)
        run = run_of(pod, options)
        lines: Sequence[LogLine] | None = ()
        if self._logs is not None:
            lines = self._logs.read(run.namespace, run.pod, run.container, run.previous)
        if lines is None:
            return Answer(200, f"unable to retrieve container logs for {run.container_id}".encode(), _PLAIN)
        opening = written(lines, options, self._verbs.clock.now())
        if not options.follow or options.previous or self._logs is None:
            return Answer(200, opening, _PLAIN)
        follower = Follower(self._verbs, self._logs, run, options)
        await follower.follow(who, resource, opening, len(lines), receive, send)
        return None


class Follower:
    """Sends what one run of a container writes, until it has ended or the client is gone.

    Args:
        verbs: Tells when the run has ended.
        logs: Has the lines.
        run: Whose.
        options: How they are shown.
    """

    def __init__(self, verbs: Verbs, logs: Logs, run: Run, options: LogOptions) -> None:
        self._verbs = verbs
        self._logs = logs
        self._run = run
        self._options = options
        self._wake = asyncio.Event()

    async def follow(
        self, who: Caller, resource: Resource, opening: bytes, seen: int, receive: Receive, send: Send
    ) -> None:
        """Send ``opening`` and every line after the first ``seen`` ones."""
        listener = asyncio.create_task(until_disconnect(receive))
        listener.add_done_callback(lambda _: self._wake.set())
        forget = self._logs.on_line(self._wake.set)
        fields, version = f"metadata.name={self._run.pod}", str(self._verbs.store.revision)
        _, changes = self._verbs.watch(who, resource, self._run.namespace, fields=fields, resource_version=version)
        changes.on_wake(self._wake.set)
        try:
            await send(_START)
            await _send(send, opening)
            await self._stream(seen, len(opening), listener, changes, send)
        finally:
            forget()
            changes.close()
            listener.cancel()
            await send(_END)

    async def _stream(
        self, seen: int, sent: int, listener: asyncio.Task[None], changes: Subscription, send: Send
    ) -> None:
        limit = self._options.limit
        goes_on = True
        while goes_on and not listener.done() and (limit is None or sent < limit):
            await self._wake.wait()
            self._wake.clear()
            changes.pending()  # they only wake; the pod is read from the store
            goes_on, lines = self._read()
            left = None if limit is None else limit - sent
            piece = written(lines[seen:], LogOptions(timestamps=self._options.timestamps, limit=left), 0)
            seen, sent = len(lines), sent + len(piece)
            await _send(send, piece)

    def _read(self) -> tuple[bool, Sequence[LogLine]]:
        """Whether the run goes on, and its lines: those of the previous run once a newer one has taken its place."""
        run = self._run
        record = self._verbs.store.get("pods", (run.namespace, run.pod))
        status = status_of(record.object, run.container) if record else None
        is_replaced = status is not None and status.get("containerID") != run.container_id
        lines = self._logs.read(run.namespace, run.pod, run.container, is_replaced) or ()
        is_running = status is not None and (status.get("state") or {}).get("running") is not None
        return is_running and not is_replaced, lines


async def _send(send: Send, piece: bytes) -> None:
    if piece:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
