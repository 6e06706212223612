"""A source of objects for live widgets that a test changes by hand; the real one is ``clusters.mirror.Mirror``."""

from __future__ import annotations

import threading

from gitopslab.machinery.objects import Object

PATIENCE = 60.0
"""Seconds a test waits for a thread before it calls it broken."""


class FakeSource:
    """A source whose state a test changes."""

    def __init__(self) -> None:
        self.error = ""
        self.closed = threading.Event()
        self._changed = threading.Condition()
        self._version = 0
        self._objects: dict[str, list[Object]] = {"pods": []}

    def change(self, *names: str) -> None:
        with self._changed:
            self._version += 1
            self._objects = {"pods": [{"metadata": {"name": name}} for name in names]}
            self._changed.notify_all()

    def start(self) -> None:
        pass

    def close(self) -> None:
        self.closed.set()
        with self._changed:
            self._changed.notify_all()

    def state(self) -> tuple[int, dict[str, list[Object]]]:
        with self._changed:
            return self._version, self._objects

    def wait(self, seen: int, timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._version != seen or self.closed.is_set(), timeout)

    def wait_synced(self, timeout: float) -> bool:
        return True
