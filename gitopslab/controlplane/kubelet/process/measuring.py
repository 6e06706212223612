"""What the processes of a container use, as the system counts it.

``runtime`` asks for ``kubectl top`` and the autoscaler, ``runs`` watches a limit. psutil is imported with the first
question.

Simplified: shared pages count for each process, and CPU limits are not enforced; a control group does both.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gitopslab.controlplane.runtime.metrics import Usage

_NANO = 10**9
_FRESH = 2.0  # seconds between two samples
_TABLE_SECONDS = 2.0
_SPARE = 128 * 1024 * 1024


@dataclass(slots=True)
class Meter:
    """The counter of one container.

    Attributes:
        began: When its first sample would have been taken.
        last: When the last one was, and the CPU seconds at that time.
        cores: What it used between the last two.
    """

    began: float = field(default_factory=time.monotonic)
    last: tuple[float, float] | None = None
    cores: float = 0.0

    def read(self, pid: int) -> Usage:
        """What the container with this first process uses now; CPU since the sample before."""
        now = time.monotonic()
        moment, before = self.last or (self.began, 0.0)
        if self.last is None or now - moment >= _FRESH:
            used = _cpu_seconds(pid)
            self.cores = max(0.0, used - before) / max(0.1, now - moment)
            self.last = (now, used)
        return Usage(int(self.cores * _NANO), memory(pid))


def memory(pid: int) -> int:
    """The resident bytes of a process and all that it started."""
    return sum(_of(process, lambda one: one.memory_info().rss) for process in _family(pid))


def most(limit: int) -> int:
    """The memory that a process may ask for at all, so that one which takes too much in a moment meets a wall."""
    return 2 * limit + _SPARE


def _cpu_seconds(pid: int) -> float:
    def seconds(process: Any) -> float:
        times = process.cpu_times()
        return float(times.user + times.system + getattr(times, "children_user", 0.0))

    return float(sum(_of(process, seconds) for process in _family(pid)))


def _family(pid: int) -> list[Any]:
    """A process and all that it started, as far as the table of processes knew them a moment ago."""
    import psutil

    children, found, waiting = _TABLE.children(), [], [pid]
    while waiting:
        one = waiting.pop()
        with contextlib.suppress(psutil.Error):
            found.append(psutil.Process(one))
            waiting += children.get(one, ())
    return found


class _Table:
    """Which processes of the machine are whose children; read every two seconds at most, however many ask."""

    def __init__(self) -> None:
        self._read = -_TABLE_SECONDS
        self._children: dict[int, list[int]] = {}

    def children(self) -> dict[int, list[int]]:
        """The children of each process."""
        now = time.monotonic()
        if now - self._read >= _TABLE_SECONDS:
            self._read, self._children = now, {}
            for pid, parent in _parents():
                self._children.setdefault(parent, []).append(pid)
        return self._children


def _parents() -> Iterator[tuple[int, int]]:
    """Every process with its parent; read directly where that is ten times faster than by psutil."""
    import psutil

    if sys.platform != "linux":
        yield from ((process.pid, process.info["ppid"]) for process in psutil.process_iter(["ppid"]))
        return
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                yield int(name), int(file.read().rpartition(b")")[2].split()[1])


_TABLE = _Table()


def _of(process: Any, ask: Any) -> Any:
    import psutil

    try:
        return ask(process)
    except psutil.Error:
        return 0
