"""Following a kind: what is there, then every change, for as long as the reader wants.

Opened by ``client.watch`` and read by ``mirror`` (one thread a watch). It lists, streams, and when the history it asks
for is compacted (410 Gone) lists again and tells the difference, as client-go's reflector does::

    list ──> ADDED … ──> BOOKMARK (initial-events-end) ──> stream ──> ADDED | MODIFIED | DELETED …
      ^                                                      │ 410, or an unreadable stream
      └──────────────────────────────────────────────────────┘

A server that cannot be reached is raised to the reader, who may iterate again later and gets what has changed.
Keeping the objects is left to ``mirror``.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import orjson
import urllib3

from gitopslab import errors
from gitopslab.controlplane.runtime.api import EventType, WatchEvent
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, key_of

if TYPE_CHECKING:
    from gitopslab.clusters.client import Client

INITIAL_EVENTS_END = "k8s.io/initial-events-end"
"""The annotation of the bookmark that follows the last object of a list."""

_SERVER_SECONDS = 270  # the server ends the stream then, and we go on where it ended
_SILENCE_SECONDS = _SERVER_SECONDS + 20.0


class Watch:
    """A place in the stream of changes of one resource.

    Iterate to receive; ``close`` from any thread ends the iteration at once. After an exception a new iteration lists
    again and tells what has changed meanwhile. Objects handed out are shared: copy before changing.
    """

    def __init__(
        self, client: Client, resource: Resource, namespace: str, *, selectors: Mapping[str, str], resource_version: str
    ) -> None:
        self.resource = resource
        self._client = client
        self._namespace = namespace
        self._selectors = dict(selectors)
        self._revision = resource_version
        self._known: dict[tuple[str, str], Object] = {}
        self._answer: urllib3.BaseHTTPResponse | None = None
        self._lock = threading.Lock()
        self._closed = False

    def __iter__(self) -> Iterator[WatchEvent]:
        while not self._closed:
            try:
                if not self._revision:
                    yield from self._relist()
                yield from self._stream()
            except errors.GoneError:
                self._revision = ""
            except errors.LabError:
                if self._closed:
                    return
                # What comes back may be another cluster, with revisions of its own.
                self._revision = ""
                raise

    def close(self) -> None:
        """Stop following; a reader that waits in another thread returns at once."""
        with self._lock:
            self._closed = True
            answer = self._answer
        if answer is not None:
            # Raised when the stream ended by itself just now.
            with contextlib.suppress(OSError, ValueError, RuntimeError):
                answer.shutdown()

    def _relist(self) -> Iterator[WatchEvent]:
        items, revision = self._client.list_with_revision(
            self.resource.key,
            self._namespace,
            labels=self._selectors.get("labelSelector", ""),
            fields=self._selectors.get("fieldSelector", ""),
        )
        present = {key_of(item) for item in items}
        for key in [key for key in self._known if key not in present]:
            yield self._event("DELETED", self._known[key])
        for item in items:
            before = self._known.get(key_of(item))
            if before is None or before["metadata"].get("uid") != item["metadata"].get("uid"):
                yield self._event("ADDED", item)
            elif before["metadata"].get("resourceVersion") != item["metadata"].get("resourceVersion"):
                yield self._event("MODIFIED", item)
        self._revision = revision
        marker = {"metadata": {"resourceVersion": revision, "annotations": {INITIAL_EVENTS_END: "true"}}}
        yield WatchEvent("BOOKMARK", self.resource.key, marker, _number(revision))

    def _stream(self) -> Iterator[WatchEvent]:
        query = {
            "watch": "true",
            "resourceVersion": self._revision,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(_SERVER_SECONDS),
            **self._selectors,
        }
        path = self._client.path(self.resource, self._namespace)
        answer = self._client.connection.send(
            "GET", path, query=query, headers={"Accept": "application/json"}, stream=True, read_seconds=_SILENCE_SECONDS
        )
        with self._lock:
            self._answer = answer
        try:
            for line in self._lines(answer):
                yield self._received(orjson.loads(line))
        finally:
            with self._lock:
                self._answer = None
            answer.close()

    def _lines(self, answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        rest = b""
        chunks = answer.stream(65536)
        while not self._closed:
            try:
                chunk = next(chunks)
            except StopIteration:
                return
            # The server went away or was silent for too long, and what comes back may be another cluster.
            except (urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError):
                self._revision = ""
                return
            *lines, rest = (rest + chunk).split(b"\n")
            yield from filter(None, lines)

    def _received(self, message: Object) -> WatchEvent:
        kind, obj = message["type"], message["object"]
        if kind == "ERROR":
            raise errors.from_status(obj)
        self._revision = obj["metadata"]["resourceVersion"]
        return self._event(kind, obj)

    def _event(self, kind: EventType, obj: Object) -> WatchEvent:
        if kind == "DELETED":
            self._known.pop(key_of(obj), None)
        elif kind != "BOOKMARK":
            self._known[key_of(obj)] = obj
        return WatchEvent(kind, self.resource.key, obj, _number(obj["metadata"].get("resourceVersion", "")))


def _number(revision: str) -> int:
    return int(revision) if revision.isdigit() else 0
