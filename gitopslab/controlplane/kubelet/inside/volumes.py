"""The volumes that simulated containers can write: what lies in them, and what played programs will yet write.

``room`` asks for the layers of a container's mounts. A program is played ahead when it starts, so what it writes is
known before its time has come: it is expected here, and lies in the volume from then on. Whoever starts later finds it;
whoever runs already is told what the others write, and is played again when that has changed.

What happens in a volume is put on the ``shelf`` too, so that after a restart of this process it holds what it held, and
programs that go on are worked out again from what they found.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush
from operator import itemgetter

from gitopslab.controlplane.kubelet.inside.filesystem import Disk, Layer, Part
from gitopslab.controlplane.kubelet.inside.shelf import Row, Run, Shelf
from gitopslab.controlplane.kubelet.mounts import Mounted
from gitopslab.controlplane.kubelet.runtime import Task
from gitopslab.controlplane.kubelet.session import MOST_TEXT, Change
from gitopslab.machinery.clock import Clock

_REMEMBERED = 1024 * 1024  # bytes of the newest writes of one volume
_PER_WRITE = 200
History = tuple[Change, ...]
Changed = Callable[[str, str], None]
"""Told a volume's identity and a path in it."""

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

    @property
    def size(self) -> int:
        """What it takes to remember it, about."""
        return _PER_WRITE + len(self.path) + len(self.contents or "")


class KeptLayer(Layer):
    """A layer that is on the shelf.

    Args:
        disk: Where it takes room.
        identity: What tells it from all others.
        shelf: Has it, from an earlier life of this process perhaps.
        clock: The time.
    """

    covers = True
    """Whether there is something below it."""

    def __init__(self, disk: Disk, identity: str, shelf: Shelf, clock: Clock) -> None:
        super().__init__(disk)
        self.identity = identity
        self._shelf = shelf
        self._clock = clock
        for row in shelf.rows(identity):
            self._recall(row)

    def _recall(self, row: Row) -> None:
        with suppress(OSError):
            if row.contents is None:
                super().remove(row.path, covers=self.covers)
            else:
                super().write(row.path, row.contents.decode("utf-8", "surrogateescape"))

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        super().write(path, text)
        self._shelf.fold(self._put(path, self.written[path], self._clock.now()))

    def remove(self, path: str, *, covers: bool) -> None:
        """Remove a file."""
        super().remove(path, covers=covers)
        self._shelf.fold(self._put(path, None, self._clock.now()))

    def clear(self) -> None:
        """Throw it away."""
        super().clear()
        self._shelf.remove(self.identity)

    def _put(self, path: str, contents: bytes | None, at: float, run: Run | None = None) -> int:
        return self._shelf.add(self.identity, at, run, path, contents)


class Volume(KeptLayer):
    """A layer that remembers when it was written.

    Args:
        disk: Where it takes room.
        identity: What tells it from all others.
        shelf: Has it, from an earlier life of this process perhaps.
        clock: The time.
        changed: Told its identity and the path when a visitor has written.
    """

    covers = False

    def __init__(self, disk: Disk, identity: str, shelf: Shelf, clock: Clock, changed: Changed) -> None:
        self.journal: deque[_Write] = deque()
        self._numbers: deque[int] = deque()
        self._remembered = 0
        self._changed = changed
        super().__init__(disk, identity, shelf, clock)

    def _recall(self, row: Row) -> None:
        super()._recall(row)
        if row.number:
            text = None if row.contents is None else row.contents.decode("utf-8", "surrogateescape")
            self._remember(_Write(row.at, 0, row.run, self.identity, row.path, text), row.number)

    def write(self, path: str, text: str) -> None:
        """Write a file, now."""
        Layer.write(self, path, text)
        self._note(path, text)

    def remove(self, path: str, *, covers: bool) -> None:
        """Remove a file, now."""
        Layer.remove(self, path, covers=covers)
        self._note(path, None)

    def happen(self, write: _Write) -> None:
        """The time of an expected write has come."""
        with suppress(OSError):  # there is no room: the real program would complain
            if write.contents is None:
                Layer.remove(self, write.path, covers=False)
            else:
                Layer.write(self, write.path, write.contents)
        self._keep(write)

    def _note(self, path: str, contents: str | None) -> None:
        self._keep(_Write(self._clock.now(), 0, None, self.identity, path, contents))
        self._changed(self.identity, path)

    def _keep(self, write: _Write) -> None:
        contents = None if write.contents is None else write.contents.encode("utf-8", "surrogateescape")
        self._remember(write, self._put(write.path, contents, write.at, write.run))

    def _remember(self, write: _Write, number: int) -> None:
        """Note a write, with as much of it as a program can read; the oldest ones make room for it."""
        write = replace(write, contents=None if write.contents is None else write.contents[:MOST_TEXT])
        self.journal.append(write)
        self._numbers.append(number)
        self._remembered += write.size
        while self._remembered > _REMEMBERED:
            self._remembered -= self.journal.popleft().size
            self._shelf.fold(self._numbers.popleft())


class Volumes:
    """All volumes.

    Args:
        clock: The time.
        disk: Where they take room.
        shelf: Keeps them.
        changed: Told a volume's identity and a path in it that is written, or is to be, though nobody knew of it.
    """

    def __init__(self, clock: Clock, disk: Disk, shelf: Shelf, changed: Changed) -> None:
        self._clock = clock
        self._disk = disk
        self._shelf = shelf
        self._tell = changed
        self._revisions: dict[str, dict[Mounted, int]] = {}  # of those who asked for one, by the volume
        self._layers: dict[str, Volume] = {}
        self._writes: list[_Write] = []
        self._runs: dict[Run, History] = {}

    def of(self, task: Task) -> Callable[[], Mapping[str, Part]]:
        """Gives mount path to what is there of a container's volumes, as they are whenever it is asked."""
        mounts = {path: Part(self._layer(one.volume), one.within) for path, one in task.volumes().items()}

        def look() -> Mapping[str, Part]:
            self._settle()
            return mounts

        return look

    def prepare(self, task: Task) -> None:
        """Make the directories of volumes that are mounted in a container, where they are not there yet."""
        for one in task.volumes().values():
            layer, inside = self._layer(one.volume), f"{one.within}/"
            if one.within and not any(path == one.within or path.startswith(inside) for path in layer.written):
                layer.write(inside, "")

    def others(self, task: Task) -> Callable[[], Sequence[Later]]:
        """Gives what others than this run write from its start on, as far as that is known whenever it is asked."""
        mounts, known, found = task.volumes(), -1, list[Later]()

        def look() -> Sequence[Later]:
            nonlocal known, found
            if known != (now := self.revision(task)):
                known = now
                found = sorted(
                    (write.at - task.started, mount, write.path[len(one.within) :], write.contents)
                    for mount, one in mounts.items()
                    for write in (*self._layer(one.volume).journal, *self._coming(one.volume))
                    if write.at >= task.started and write.run != task.key and one.holds(write.path)
                )
            return found

        return look

    def revision(self, task: Task) -> int:
        """Grows with what is known of the volumes of a container."""
        return sum(self._revisions.setdefault(one.volume, {}).setdefault(one, 0) for one in task.volumes().values())

    def expect(self, task: Task, history: History) -> None:
        """Have the volumes hold what a run writes, each file at its time.

        Told again, nothing is done, unless it has turned out to write something else from now on.
        """
        known = self._runs.get(task.key)
        if known == history:
            return
        since = self._shelf.written(task.key) if known is None else self._clock.now()
        uid, name, attempt = task.key
        self._runs.pop((uid, name, attempt - 2), None)  # of each container the present run and the one before
        self._runs[task.key] = history
        self.stop(task.key, since)
        self._expect(task, [change for change in history if task.started + change[0] > since])

    def expect_more(self, task: Task, changes: Sequence[Change], history: History) -> None:
        """Have the volumes hold what a run writes after what they expect of it, which is a history now."""
        self._settle()
        since = self._shelf.written(task.key)  # by this process or the one before
        self._runs[task.key] = history
        self._expect(task, [change for change in changes if task.started + change[0] >= since])

    def _expect(self, task: Task, changes: Sequence[Change]) -> None:
        mounts = sorted(task.volumes().items(), key=itemgetter(0), reverse=True)  # the deeper one comes first
        for turn, (after, path, contents) in enumerate(changes):
            for mount, one in mounts:
                if path.startswith(f"{mount}/"):
                    inner = one.within + path[len(mount) :]
                    heappush(self._writes, _Write(task.started + after, turn, task.key, one.volume, inner, contents))
                    self._changed(one.volume, inner)
                    break

    def stop(self, run: Run, at: float) -> None:
        """A run ends before its program would: it writes nothing afterwards."""
        self._drop(lambda write: write.run == run and write.at > at)

    def cut(self, uid: str) -> None:
        """All runs of a pod end now."""
        self._settle()
        self._drop(lambda write: write.run is not None and write.run[0] == uid)

    def forget(self, uid: str) -> None:
        """A pod is gone, or a volume, and what lay there with it."""
        self.cut(uid)
        self._runs = {run: history for run, history in self._runs.items() if run[0] != uid}
        self._drop(lambda write: write.identity == f"volume {uid}")
        of_pod = f"pod {uid}/"
        looked_at = {identity for identity in self._layers if identity.startswith(of_pod)}  # and never written, perhaps
        for identity in looked_at.union(self._shelf.layers(of_pod), (f"volume {uid}",)):
            self._layer(identity).clear()
            del self._layers[identity]
            self._revisions.pop(identity, None)

    def _layer(self, identity: str) -> Volume:
        if identity not in self._layers:
            self._layers[identity] = Volume(self._disk, identity, self._shelf, self._clock, self._changed)
        return self._layers[identity]

    def _coming(self, identity: str) -> list[_Write]:
        return [write for write in self._writes if write.identity == identity]

    def _settle(self) -> None:
        while self._writes and self._writes[0].at <= self._clock.now():
            write = heappop(self._writes)
            self._layer(write.identity).happen(write)

    def _changed(self, identity: str, path: str) -> None:
        revisions = self._revisions.get(identity, {})
        for one in filter(lambda one: one.holds(path), revisions):
            revisions[one] += 1
        self._tell(identity, path)

    def _drop(self, goes: Callable[[_Write], bool]) -> None:
        gone = [write for write in self._writes if goes(write)]
        if gone:
            self._writes = [write for write in self._writes if not goes(write)]
            heapify(self._writes)
            for identity, path in {(write.identity, write.path) for write in gone}:
                self._changed(identity, path)
