"""A local copy of a few kinds, kept up to date by watches.

Widgets open one and read it; it opens one ``Watch`` and one daemon thread a kind, the only threads of this room.
Readers never wait for the network: they ask for the state, and for the moment it changes.
What the state means is left to ``views``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from gitopslab import errors
from gitopslab.clusters.client import Client
from gitopslab.clusters.watch import INITIAL_EVENTS_END, Watch
from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.machinery.objects import Object, annotations_of, key_of

_RETRY_SECONDS = (0.3, 1.0, 2.0, 5.0)


class Mirror:
    """The objects of some kinds, as the cluster last told.

    Args:
        client: The cluster.
        kinds: Which kinds to follow, in any spelling.
        namespace: Only what is in this one, and what is cluster-wide; empty for all.

    Attributes:
        error: Why the newest attempt to reach the cluster failed; empty while all is well.
    """

    def __init__(self, client: Client, kinds: Sequence[str], namespace: str = "") -> None:
        self._client = client
        self._namespace = namespace
        self._objects: dict[str, dict[tuple[str, str], Object]] = {kind: {} for kind in kinds}
        self._unsynced = set(kinds)
        self._troubles: dict[str, str] = {}
        self._changed = threading.Condition()
        self._version = 0
        self._stop = threading.Event()
        self._watches: list[Watch] = []

    @property
    def error(self) -> str:
        """Why the cluster cannot be followed right now; empty while it can."""
        with self._changed:
            return next(iter(self._troubles.values()), "")

    def start(self) -> None:
        """Begin to follow; returns at once."""
        self._begin(list(self._objects))

    def follow(self, kinds: Iterable[str]) -> None:
        """Follow some more kinds from now on; returns at once."""
        with self._changed:
            fresh = [kind for kind in kinds if kind not in self._objects]
            self._objects.update({kind: {} for kind in fresh})
            self._unsynced.update(fresh)
        self._begin(fresh)

    def _begin(self, kinds: Sequence[str]) -> None:
        for kind in kinds:
            threading.Thread(target=self._follow, args=(kind,), name=f"gitopslab-watch-{kind}", daemon=True).start()

    def close(self) -> None:
        """Stop following; the threads end at once."""
        self._stop.set()
        with self._changed:
            watches = list(self._watches)
            self._version += 1
            self._changed.notify_all()
        for watch in watches:
            watch.close()

    def state(self) -> tuple[int, dict[str, list[Object]]]:
        """The state's number, and the objects by kind; the objects are shared and read-only."""
        with self._changed:
            return self._version, {kind: list(objects.values()) for kind, objects in self._objects.items()}

    def wait(self, seen: int, timeout: float) -> bool:
        """Wait until the state is newer than number ``seen``; False when ``timeout`` seconds passed without."""
        with self._changed:
            return self._changed.wait_for(lambda: self._version != seen or self._stop.is_set(), timeout)

    def wait_synced(self, timeout: float) -> bool:
        """Wait until every kind is known completely, or following one failed."""
        with self._changed:
            self._changed.wait_for(lambda: not self._unsynced or bool(self._troubles), timeout)
            return not self._unsynced

    def _follow(self, kind: str) -> None:
        failures = 0
        watch: Watch | None = None
        while not self._stop.is_set():
            try:
                watch = watch or self._open(kind)
                for event in watch:
                    failures = 0
                    self._keep(kind, event)
            except errors.LabError as error:
                self._report(kind, str(error))
                self._stop.wait(_RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)])
                failures += 1

    def _open(self, kind: str) -> Watch:
        watch = self._client.watch(kind, self._namespace)
        with self._changed:
            self._watches.append(watch)
            stopped = self._stop.is_set()
        if stopped:
            watch.close()
        return watch

    def _keep(self, kind: str, event: WatchEvent) -> None:
        with self._changed:
            if event.type == "BOOKMARK":
                if INITIAL_EVENTS_END not in annotations_of(event.object):
                    return
                self._unsynced.discard(kind)
            elif event.type == "DELETED":
                self._objects[kind].pop(key_of(event.object), None)
            else:
                self._objects[kind][key_of(event.object)] = event.object
            self._troubles.pop(kind, None)
            self._version += 1
            self._changed.notify_all()

    def _report(self, kind: str, trouble: str) -> None:
        with self._changed:
            if self._troubles.get(kind) != trouble:
                self._troubles[kind] = trouble
                self._version += 1
                self._changed.notify_all()
