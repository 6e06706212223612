"""The volumes that simulated containers can write: what lies in them, and what played programs will yet write.

``room`` asks for the layers of a container's mounts. A program is played ahead when it starts, so what it writes is
known before its time has come: it is expected here, and lies in the volume from then on. Whoever starts later finds it;
whoever runs already is told what the others write, and is played again when that has changed.

After a restart of this process volumes hold what they held (``layers``), and programs that go on are worked out again
from what they found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from operator import itemgetter

from gitopslab.controlplane.kubelet.inside.filesystem import Disk, Part
from gitopslab.controlplane.kubelet.inside.layers import Changed, Volume, Write
from gitopslab.controlplane.kubelet.inside.shelf import Run, Shelf
from gitopslab.controlplane.kubelet.mounts import Mounted
from gitopslab.controlplane.kubelet.runtime import Task
from gitopslab.controlplane.kubelet.session import Change
from gitopslab.machinery.clock import Clock

History = tuple[Change, ...]
Later = tuple[float, str, str, str | None]
"""Seconds after a run's start, a mount path, a path in that volume and what was written there; None removes it."""


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
        self._writes: list[Write] = []
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
                    heappush(self._writes, Write(task.started + after, turn, task.key, one.volume, inner, contents))
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

    def _coming(self, identity: str) -> list[Write]:
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

    def _drop(self, goes: Callable[[Write], bool]) -> None:
        gone = [write for write in self._writes if goes(write)]
        if gone:
            self._writes = [write for write in self._writes if not goes(write)]
            heapify(self._writes)
            for identity, path in {(write.identity, write.path) for write in gone}:
                self._changed(identity, path)
