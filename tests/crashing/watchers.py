"""Watchers that go on from the last revision they saw, and check that nothing comes twice and nothing is left out."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

from crashing.connection import Server


class Watcher:
    """Follows one resource.

    Args:
        server: Where.
        path: Of the resource.
        revision: Where it begins.
        bookmarks: Whether it wants bookmarks.
    """

    def __init__(self, server: Server, path: str, revision: str, *, bookmarks: bool) -> None:
        self._server = server
        self.path = path
        self._options = {"watch": "true", "allowWatchBookmarks": str(bookmarks).lower()}
        self._news = asyncio.Condition()
        self.newest = int(revision)
        self.steps: dict[str, list[tuple[str, str]]] = {}
        self.held: dict[str, str] = {}
        self.events = 0
        self.resumed = 0

    async def run(self) -> None:
        """Follow for ever; cancel to stop."""
        while True:
            await self._server.here.wait()
            try:
                await self._stream()
            except httpx.TransportError:
                await asyncio.sleep(0.002)
            self.resumed += 1

    async def until(self, revision: int) -> None:
        """Wait until it has seen this revision."""
        async with self._news:
            await asyncio.wait_for(self._news.wait_for(lambda: self.newest >= revision), 120)

    async def _stream(self) -> None:
        query = {**self._options, "resourceVersion": str(self.newest)}
        async with self._server.http.stream("GET", self.path, params=query, timeout=None) as answer:
            assert answer.status_code == 200, await answer.aread()
            async for line in answer.aiter_lines():
                await self._take(json.loads(line))

    async def _take(self, event: dict[str, Any]) -> None:
        kind, found = event["type"], event["object"]
        assert kind != "ERROR", found
        revision = int(found["metadata"]["resourceVersion"])
        if kind == "BOOKMARK":
            assert revision >= self.newest, f"a bookmark of {revision} after {self.newest}"
        else:
            assert revision > self.newest, f"{kind} {found['metadata']['name']} of {revision} after {self.newest}"
            self._book(kind, found)
        async with self._news:
            self.newest = revision
            self._news.notify_all()

    def _book(self, kind: str, found: dict[str, Any]) -> None:
        name = found["metadata"]["name"]
        is_new = name not in self.held
        assert is_new == (kind == "ADDED"), f"{kind} {name} while it was {'not ' if is_new else ''}there"
        self.events += 1
        self.steps.setdefault(name, []).append((kind, found.get("data", {}).get("v", "")))
        if kind == "DELETED":
            del self.held[name]
        else:
            self.held[name] = found["metadata"]["resourceVersion"]
