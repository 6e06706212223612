"""Layers that outlive the process: what is written in a container, and what lies in a volume and was written when.

Each puts on the ``shelf`` what happens in it, and reads itself back from there. Leaves to others: who mounts a volume,
and what will yet be written into it (``volumes``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from gitopslab.controlplane.kubelet.inside.filesystem import Disk, Layer
from gitopslab.controlplane.kubelet.inside.shelf import Row, Run, Shelf
from gitopslab.controlplane.kubelet.session import MOST_TEXT
from gitopslab.machinery.clock import Clock

_REMEMBERED = 1024 * 1024  # bytes of the newest writes of one volume
_PER_WRITE = 200
Changed = Callable[[str, str], None]
"""Told a volume's identity and a path in it."""


@dataclass(frozen=True, slots=True, order=True)
class Write:
    """A file that is written or removed; the earlier ones come first.

    Attributes:
        at: When, in epoch seconds.
        turn: Tells the order of those of one moment.
        run: Which program's; None for a visitor's.
        identity: Of the volume.
        path: Of the file in it.
        contents: None when it is removed.
    """

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
        self.journal: deque[Write] = deque()
        self._numbers: deque[int] = deque()
        self._remembered = 0
        self._changed = changed
        super().__init__(disk, identity, shelf, clock)

    def _recall(self, row: Row) -> None:
        super()._recall(row)
        if row.number:
            text = None if row.contents is None else row.contents.decode("utf-8", "surrogateescape")
            self._remember(Write(row.at, 0, row.run, self.identity, row.path, text), row.number)

    def write(self, path: str, text: str) -> None:
        """Write a file, now."""
        Layer.write(self, path, text)
        self._note(path, text)

    def remove(self, path: str, *, covers: bool) -> None:
        """Remove a file, now."""
        Layer.remove(self, path, covers=covers)
        self._note(path, None)

    def happen(self, write: Write) -> None:
        """The time of an expected write has come."""
        with suppress(OSError):  # there is no room: the real program would complain
            if write.contents is None:
                Layer.remove(self, write.path, covers=False)
            else:
                Layer.write(self, write.path, write.contents)
        self._keep(write)

    def _note(self, path: str, contents: str | None) -> None:
        self._keep(Write(self._clock.now(), 0, None, self.identity, path, contents))
        self._changed(self.identity, path)

    def _keep(self, write: Write) -> None:
        contents = None if write.contents is None else write.contents.encode("utf-8", "surrogateescape")
        self._remember(write, self._put(write.path, contents, write.at, write.run))

    def _remember(self, write: Write, number: int) -> None:
        """Note a write, with as much of it as a program can read; the oldest ones make room for it."""
        write = replace(write, contents=None if write.contents is None else write.contents[:MOST_TEXT])
        self.journal.append(write)
        self._numbers.append(number)
        self._remembered += write.size
        while self._remembered > _REMEMBERED:
            self._remembered -= self.journal.popleft().size
            self._shelf.fold(self._numbers.popleft())
