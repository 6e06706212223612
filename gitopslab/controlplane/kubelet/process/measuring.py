"""What the processes of a container use, as the system counts it.

``runtime`` asks for ``kubectl top`` and the autoscaler, ``runs`` watches a limit. psutil is imported with the first
question.

Simplified: shared pages count for each process, and CPU limits are not enforced; a control group does both.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from gitopslab.controlplane.runtime.metrics import Usage

_NANO = 10**9
_FRESH = 2.0  # seconds between two samples
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
    import psutil

    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.Error:
        return []


def _of(process: Any, ask: Any) -> Any:
    import psutil

    try:
        return ask(process)
    except psutil.Error:
        return 0
