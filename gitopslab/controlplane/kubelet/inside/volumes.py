"""The volumes that simulated containers can write: what lies in them, and what played programs will yet write.

``room`` asks for the layers of a container's mounts. A program is played ahead when it starts, so what it writes is
known before its time has come: it is expected here, and lies in the volume from then on. Who starts later finds it: the
next run of the container, another one of the pod, with a ``hostPath`` another pod of the node.

Simplified: a program finds a volume as it is when it starts; what others write meanwhile only visitors see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from gitopslab.controlplane.kubelet.inside.filesystem import Disk, Layer
from gitopslab.controlplane.kubelet.runtime import Task
from gitopslab.machinery.clock import Clock

Run = tuple[str, str, int]
History = tuple[tuple[float, str, str | None], ...]


@dataclass(frozen=True, slots=True, order=True)
class _Write:
    """A file that is written or, without contents, removed; the earlier ones come first."""

    at: float
    turn: int
    run: Run = field(compare=False)
    layer: Layer = field(compare=False)
    path: str = field(compare=False)
    contents: str | None = field(compare=False)


class Volumes:
    """All volumes.

    Args:
        clock: The time.
        disk: Where they take room.
    """

    def __init__(self, clock: Clock, disk: Disk) -> None:
        self._clock = clock
        self._disk = disk
        self._layers: dict[str, Layer] = {}
        self._writes: list[_Write] = []
        self._runs: dict[Run, History] = {}

    def of(self, task: Task) -> Callable[[], Mapping[str, Layer]]:
        """Gives mount path to layer of a container's volumes, as they are whenever it is asked."""
        mounts = {path: self._layer(identity) for path, identity in task.volumes().items()}

        def look() -> Mapping[str, Layer]:
            self._settle()
            return mounts

        return look

    def expect(self, task: Task, history: History) -> None:
        """Have the volumes hold what a run writes, each file at its time.

        Told again, nothing is done, unless it has turned out to write something else from now on.
        """
        known = self._runs.get(task.key)
        if known == history:
            return
        since = float("-inf") if known is None else self._clock.now()
        self._runs[task.key] = history
        self.stop(task.key, since)
        mounts = sorted(task.volumes().items(), reverse=True)  # the deeper one comes first
        for turn, (after, path, contents) in enumerate(history):
            for mount, identity in mounts:
                if path.startswith(f"{mount}/") and task.started + after > since:
                    layer, inner = self._layer(identity), path[len(mount) :]
                    heappush(self._writes, _Write(task.started + after, turn, task.key, layer, inner, contents))
                    break

    def stop(self, run: Run, at: float) -> None:
        """A run ends before its program would: it writes nothing afterwards."""
        self._drop(lambda write: write.run == run and write.at > at)

    def cut(self, uid: str) -> None:
        """All runs of a pod end now."""
        self._settle()
        self._drop(lambda write: write.run[0] == uid)

    def forget(self, uid: str) -> None:
        """A pod is gone, and its own volumes with it."""
        self.cut(uid)
        self._runs = {run: history for run, history in self._runs.items() if run[0] != uid}
        for identity in [identity for identity in self._layers if identity.startswith(f"pod {uid}/")]:
            self._layers.pop(identity).clear()

    def _layer(self, identity: str) -> Layer:
        return self._layers.setdefault(identity, Layer(self._disk))

    def _settle(self) -> None:
        while self._writes and self._writes[0].at <= self._clock.now():
            write = heappop(self._writes)
            with suppress(OSError):  # there is no room: the real program would complain
                if write.contents is None:
                    write.layer.remove(write.path, covers=False)
                else:
                    write.layer.write(write.path, write.contents)

    def _drop(self, goes: Callable[[_Write], bool]) -> None:
        kept = [write for write in self._writes if not goes(write)]
        if len(kept) < len(self._writes):
            heapify(kept)
            self._writes = kept
