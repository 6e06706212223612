"""The probes of one running container, advanced to a moment.

``containers`` makes one a turn: it tells whether the container counts as started and ready, words the failures, and
notes in the container's memory when a liveness or startup probe has failed for good. Upstream: ``pkg/kubelet/prober``.
Leaves to others: what one try sees and how tries are counted (``probes``), killing the container (the table of
stages).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gitopslab.controlplane.kubelet.life import Unit
from gitopslab.controlplane.kubelet.probes import Tries, advance, begin
from gitopslab.controlplane.kubelet.runtime import Runtime, Task
from gitopslab.machinery.objects import Object

_LATE = 1.0  # a probe first seen this long after its container's start was under way before this process began


class Prober:
    """The probes of a container.

    Args:
        container: Its entry in the spec.
        unit: Its memory; tries and a verdict are noted there.
        runtime: Answers a try.
        task: Gives the present run, when a try is due.
        seconds: Since the container's start.
    """

    def __init__(
        self, container: Object, unit: Unit, runtime: Runtime, task: Callable[[], Task], seconds: float
    ) -> None:
        self._container = container
        self._unit = unit
        self._runtime = runtime
        self._task = task
        self._seconds = seconds
        self.messages: list[str] = []

    def advance(self, started: bool, ready: bool) -> tuple[bool, bool]:
        """Make all tries that are due; whether the container is started and ready now."""
        if not started:
            if not self._passes("startupProbe", holds=False):
                threshold = self._container["startupProbe"].get("failureThreshold") or 3
                if self._unit.tries["startupProbe"].failures >= threshold:
                    self._unit.killed = "startup"
                return False, False
            ready = "readinessProbe" not in self._container
        if "readinessProbe" in self._container:
            ready = self._passes("readinessProbe", holds=ready)
        if "livenessProbe" in self._container and not self._passes("livenessProbe", holds=True):
            self._unit.killed = "liveness"
        return True, ready

    def _passes(self, name: str, *, holds: bool) -> bool:
        probe = self._container.get(name)
        if probe is None:
            return True
        tries = self._unit.tries.get(name) or self._begin(probe, holds)
        if tries.next is None:
            return tries.result
        if tries.next <= self._seconds:
            task = self._task()
            tries = advance(tries, probe, lambda at: self._runtime.check(task, name, at), self._seconds)
            self.messages += [
                f"{name.removesuffix('Probe').capitalize()} probe failed: {said}" for said in tries.messages
            ]
            if tries.messages:
                tries = replace(tries, messages=())
        self._unit.tries[name] = tries
        return tries.result

    def _begin(self, probe: Object, holds: bool) -> Tries:
        """The first try; one that starts after a startup probe, or after this process, begins now."""
        return begin(probe, result=holds, at=self._seconds if self._seconds > _LATE else 0.0)
