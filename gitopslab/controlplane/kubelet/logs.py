"""The lines that simulated containers have written (``runtime.logs.Logs``).

The API server's ``log`` subresource reads them. Lines are made from the program when somebody asks, so thousands of
pods cost nothing, and the same lines come back after a restart of the cluster; no file is kept. While somebody
follows, a reconciler of its own wakes the followers twice a second. Leaves to others: tail, since, timestamps and the
wire (the API server).

Simplified: of each run the newest lines are kept, and of a container only its present run and the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gitopslab.controlplane.kubelet.lines import Lines
from gitopslab.controlplane.kubelet.runs import Runs
from gitopslab.controlplane.kubelet.runtime import Runtime
from gitopslab.controlplane.runtime.logs import LogLine
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import uid_of

_KEPT_RUNS = 256
_WAKE_EVERY = 0.5
_TICK = Request("", "followers")
"""The one request of ``LogClock``."""


class SimulatedLogs:
    """What every container of the simulated nodes has written.

    Args:
        manager: Its loop wakes followers.
        clock: The time.
        runtime: Knows what programs print.
        runs: Finds whose lines are meant.
    """

    def __init__(self, manager: Manager, clock: Clock, runtime: Runtime, runs: Runs) -> None:
        self._manager = manager
        self._clock = clock
        self._runtime = runtime
        self._found = runs
        self._runs: dict[tuple[str, str, str], Lines] = {}
        self._followers: dict[object, Callable[[], None]] = {}

    def read(self, namespace: str, pod: str, container: str, previous: bool = False) -> Sequence[LogLine] | None:
        """The lines of a container's present (or last) run, or of the one before it."""
        found = self._found.pod(namespace, pod)
        run = self._found.find(found, container, previous=previous) if found else None
        if run is None:
            return None
        task = run.task
        key = (uid_of(task.pod), container, f"{task.attempt}/{task.started}")
        if key not in self._runs:
            while len(self._runs) >= _KEPT_RUNS:
                del self._runs[next(iter(self._runs))]
            self._runs[key] = Lines(self._runtime.output(task), self._runtime.said(task))
        lines = self._runs[key]
        lines.advance(min(self._clock.now(), run.ended))
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
