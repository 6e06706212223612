"""The volumes that simulated containers can write: what lies in them, and what played programs will yet write.

``room`` asks for the layers of a container's mounts. A program is played ahead when it starts, so what it writes is
known before its time has come: it is expected here, and lies in the volume from then on. Whoever starts later finds it;
whoever runs already is told what the others write, and is played again when that has changed.

Simplified: volumes are kept in memory. After a restart of the daemon they are empty, and programs that go on are worked
out again from that.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from gitopslab.controlplane.kubelet.inside.filesystem import Disk, Layer
from gitopslab.controlplane.kubelet.runtime import Task
from gitopslab.controlplane.kubelet.session import MOST_TEXT
from gitopslab.machinery.clock import Clock

_REMEMBERED = 200  # writes of one volume
Run = tuple[str, str, int]
History = tuple[tuple[float, str, str | None], ...]


Later = tuple[float, str, str, str | None]
"""Seconds after a run's start, a mount path, a path in that volume and what was written there; None removes it."""


@dataclass(frozen=True, slots=True, order=True)
class _Write:
    """A file that is written or, without contents, removed; the earlier ones come first. Visitors are no run."""

    at: float
    turn: int
    run: Run | None = field(compare=False)
    identity: str = field(compare=False)
    path: str = field(compare=False)
    contents: str | None = field(compare=False)


class Volume(Layer):
    """A layer that remembers when it was written.

    Args:
        disk: Where it takes room.
        identity: What tells it from all others.
        clock: The time.
        changed: Told its identity when a visitor has written.
    """

    def __init__(self, disk: Disk, identity: str, clock: Clock, changed: Callable[[str], None]) -> None:
        super().__init__(disk)
        self.journal: deque[_Write] = deque(maxlen=_REMEMBERED)
        self._identity = identity
        self._clock = clock
        self._changed = changed

    def write(self, path: str, text: str) -> None:
        """Write a file, now."""
        super().write(path, text)
        self._note(path, text[:MOST_TEXT])

    def remove(self, path: str, *, covers: bool) -> None:
        """Remove a file, now."""
        super().remove(path, covers=covers)
        self._note(path, None)

    def happen(self, write: _Write) -> None:
        """The time of an expected write has come."""
        with suppress(OSError):  # there is no room: the real program would complain
            if write.contents is None:
                super().remove(write.path, covers=False)
            else:
                super().write(write.path, write.contents)
        self.journal.append(write)

    def _note(self, path: str, contents: str | None) -> None:
        self.journal.append(_Write(self._clock.now(), 0, None, self._identity, path, contents))
        self._changed(self._identity)


class Volumes:
    """All volumes.

    Args:
        clock: The time.
        disk: Where they take room.
        changed: Told the identity of a volume into which something is written, or is to be, that nobody knew of.
    """

    def __init__(self, clock: Clock, disk: Disk, changed: Callable[[str], None]) -> None:
        self._clock = clock
        self._disk = disk
        self._tell = changed
        self._revisions: Counter[str] = Counter()
        self._layers: dict[str, Volume] = {}
        self._writes: list[_Write] = []
        self._runs: dict[Run, History] = {}

    def of(self, task: Task) -> Callable[[], Mapping[str, Layer]]:
        """Gives mount path to layer of a container's volumes, as they are whenever it is asked."""
        mounts = {path: self._layer(identity) for path, identity in task.volumes().items()}

        def look() -> Mapping[str, Layer]:
            self._settle()
            return mounts

        return look

    def others(self, task: Task) -> Callable[[], Sequence[Later]]:
        """Gives what others than this run write from its start on, as far as that is known whenever it is asked."""
        mounts, known, found = task.volumes(), -1, list[Later]()

        def look() -> Sequence[Later]:
            nonlocal known, found
            if known != (now := self.revision(task)):
                known = now
                found = sorted(
                    (write.at - task.started, mount, write.path, write.contents)
                    for mount, identity in mounts.items()
                    for write in (*self._layer(identity).journal, *self._coming(identity))
                    if write.at >= task.started and write.run != task.key
                )
            return found

        return look

    def revision(self, task: Task) -> int:
        """Grows with what is known of the volumes of a container."""
        return sum(self._revisions[identity] for identity in task.volumes().values())

    def expect(self, task: Task, history: History) -> None:
        """Have the volumes hold what a run writes, each file at its time.

        Told again, nothing is done, unless it has turned out to write something else from now on.
        """
        known = self._runs.get(task.key)
        if known == history:
            return
        since = float("-inf") if known is None else self._clock.now()
        uid, name, attempt = task.key
        self._runs.pop((uid, name, attempt - 2), None)  # of each container the present run and the one before
        self._runs[task.key] = history
        self.stop(task.key, since)
        mounts = sorted(task.volumes().items(), reverse=True)  # the deeper one comes first
        for turn, (after, path, contents) in enumerate(history):
            for mount, identity in mounts:
                if path.startswith(f"{mount}/") and task.started + after > since:
                    inner = path[len(mount) :]
                    heappush(self._writes, _Write(task.started + after, turn, task.key, identity, inner, contents))
                    self._changed(identity)
                    break

    def stop(self, run: Run, at: float) -> None:
        """A run ends before its program would: it writes nothing afterwards."""
        self._drop(lambda write: write.run == run and write.at > at)

    def cut(self, uid: str) -> None:
        """All runs of a pod end now."""
        self._settle()
        self._drop(lambda write: write.run is not None and write.run[0] == uid)

    def forget(self, uid: str) -> None:
        """A pod is gone, and its own volumes with it."""
        self.cut(uid)
        self._runs = {run: history for run, history in self._runs.items() if run[0] != uid}
        for identity in [identity for identity in self._layers if identity.startswith(f"pod {uid}/")]:
            self._layers.pop(identity).clear()
            self._revisions.pop(identity, None)

    def _layer(self, identity: str) -> Volume:
        if identity not in self._layers:
            self._layers[identity] = Volume(self._disk, identity, self._clock, self._changed)
        return self._layers[identity]

    def _coming(self, identity: str) -> list[_Write]:
        return [write for write in self._writes if write.identity == identity]

    def _settle(self) -> None:
        while self._writes and self._writes[0].at <= self._clock.now():
            write = heappop(self._writes)
            self._layer(write.identity).happen(write)

    def _changed(self, identity: str) -> None:
        self._revisions[identity] += 1
        self._tell(identity)

    def _drop(self, goes: Callable[[_Write], bool]) -> None:
        gone = [write for write in self._writes if goes(write)]
        if gone:
            self._writes = [write for write in self._writes if not goes(write)]
            heapify(self._writes)
            for identity in {write.identity for write in gone}:
                self._changed(identity)
