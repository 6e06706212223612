"""The lines that simulated containers have written (``runtime.logs.Logs``).

The API server's ``log`` subresource reads them. Lines are made from the program when somebody asks, so thousands of
pods cost nothing, and the same lines come back after a restart of the cluster; no file is kept. While somebody
follows, a reconciler of its own wakes the followers twice a second. Leaves to others: tail, since, timestamps and the
wire (the API server).

Simplified: of each run the newest lines are kept, and of a container only its present run and the one before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import overload

from gitopslab.controlplane.kubelet.config import ConfigError, Lookup, environment, mounted
from gitopslab.controlplane.kubelet.network import internal_ip
from gitopslab.controlplane.kubelet.runtime import Runtime, Settings, Task
from gitopslab.controlplane.runtime.logs import LogLine
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.machinery.clock import Clock, seconds_of
from gitopslab.machinery.objects import Object, uid_of

_KEPT_LINES = 10_000
_KEPT_RUNS = 256
_MOST_A_READ = 100_000  # lines made at once; a reader of an old, busy log catches up over several reads
_WAKE_EVERY = 0.5
_TICK = Request("", "followers")
"""The one request of ``LogClock``."""


class Lines(Sequence[LogLine]):
    """The lines of one run; counts all that were ever written, holds the newest.

    Args:
        source: Gives the lines in order, and None texts where nothing was printed; may never end.
    """

    def __init__(self, source: Iterator[tuple[float, str | None]]) -> None:
        self._source = source
        self._ahead: tuple[float, str | None] | None = None
        self._kept: deque[LogLine] = deque(maxlen=_KEPT_LINES)
        self._count = 0

    def advance(self, now: float) -> None:
        """Take in what was written until now."""
        for _ in range(_MOST_A_READ):
            line = self._ahead or next(self._source, None)
            if line is None:
                return
            if line[0] > now:
                self._ahead = line
                return
            self._ahead = None
            moment, text = line
            if text is not None:
                self._kept.append((moment, text))
                self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[LogLine]:
        return iter(self._kept)

    @overload
    def __getitem__(self, index: int) -> LogLine: ...
    @overload
    def __getitem__(self, index: slice) -> list[LogLine]: ...
    def __getitem__(self, index: int | slice) -> LogLine | list[LogLine]:
        gone = self._count - len(self._kept)
        if isinstance(index, int):
            return self._kept[(index + self._count if index < 0 else index) - gone]
        start, stop, step = index.indices(self._count)
        return list(islice(self._kept, max(0, start - gone), max(0, stop - gone), step))


class SimulatedLogs:
    """What every container of the simulated nodes has written.

    Args:
        manager: Its pods are read, and its loop wakes followers.
        clock: The time.
        runtime: Knows what programs print.
        lookup: Finds ConfigMaps and Secrets, for programs that print them.
    """

    def __init__(self, manager: Manager, clock: Clock, runtime: Runtime, lookup: Lookup) -> None:
        self._manager = manager
        self._clock = clock
        self._runtime = runtime
        self._lookup = lookup
        self._runs: dict[tuple[str, str, str], Lines] = {}
        self._followers: dict[object, Callable[[], None]] = {}

    def read(self, namespace: str, pod: str, container: str, previous: bool = False) -> Sequence[LogLine] | None:
        """The lines of a container's present (or last) run, or of the one before it."""
        found = self._manager.informer("pods").get(pod, namespace)
        spec, entry = _of_container(found, container) if found else (None, None)
        run = _run(entry, previous=previous) if entry else None
        if found is None or spec is None or entry is None or run is None:
            return None
        started, ended, attempt = run
        key = (uid_of(found), container, f"{attempt}/{started}")
        if key not in self._runs:
            while len(self._runs) >= _KEPT_RUNS:
                del self._runs[next(iter(self._runs))]
            self._runs[key] = Lines(self._runtime.output(self._task(found, spec, attempt, started)))
        lines = self._runs[key]
        lines.advance(min(self._clock.now(), ended))
        return lines

    def on_line(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Wake a follower while time passes; gives the function that ends it."""
        token = object()
        self._followers[token] = wake
        self._manager.ask(LogClock.name, _TICK)
        return lambda: self._followers.pop(token, None) and None

    def wake(self) -> bool:
        """Wake all followers; False when there are none."""
        for follower in list(self._followers.values()):
            follower()
        return bool(self._followers)

    def _task(self, pod: Object, container: Object, attempt: int, started: float) -> Task:
        node = self._manager.informer("nodes").get(pod["spec"].get("nodeName", ""))
        address = pod.get("status", {}).get("podIP", "")
        host = internal_ip(node) if node else ""

        def settings() -> Settings:
            try:
                variables = environment(pod, container, self._lookup, pod_ip=address, host_ip=host)
                return variables, mounted(pod, container, self._lookup)
            except ConfigError:  # taken away since the start
                return {}, {}

        return Task(pod, container, attempt, started, settings, address)


class LogClock:
    """Wakes followers of logs, as long as there are any.

    Args:
        logs: Has the followers.
    """

    name = "kubelet-logs"
    sources: tuple[Source, ...] = ()

    def __init__(self, logs: SimulatedLogs) -> None:
        self._logs = logs

    def reconcile(self, request: Request) -> Result:
        """Wake all followers."""
        return Result(requeue_after=_WAKE_EVERY) if self._logs.wake() else DONE


def _of_container(pod: Object, name: str) -> tuple[Object | None, Object | None]:
    """A container's entries in spec and status."""
    for field, shown in (("containers", "containerStatuses"), ("initContainers", "initContainerStatuses")):
        spec = next((one for one in pod["spec"].get(field) or () if one["name"] == name), None)
        if spec is not None:
            entries = pod.get("status", {}).get(shown) or ()
            return spec, next((one for one in entries if one["name"] == name), None)
    return None, None


def _run(entry: Object, *, previous: bool) -> tuple[float, float, int] | None:
    """Start, end and attempt of a run; None when there was none."""
    state, last = entry.get("state", {}), (entry.get("lastState") or {}).get("terminated")
    count = int(entry.get("restartCount", 0))
    present = state.get("running") or state.get("terminated")
    if previous or present is None:
        attempt = count if present is None else count - 1
        return None if last is None else (seconds_of(last["startedAt"]), seconds_of(last["finishedAt"]) + 1, attempt)
    ended = seconds_of(present["finishedAt"]) + 1 if "finishedAt" in present else float("inf")
    return seconds_of(present["startedAt"]), ended, count
