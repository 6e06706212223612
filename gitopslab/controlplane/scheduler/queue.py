"""The scheduling queue: which pod is tried next, and when a pod that found no node is tried again.

A waiting pod is in one of four places:

1. *active*: to be tried now; higher priority first, then who came first,
2. *waiting*: tried in vain; a change that one of its refusing plugins awaits brings it back, or five minutes do,
3. *backoff*: brought back too soon after a failure; ready again 1 s after the first, doubling to 10 s,
4. *gated*: not to be tried at all until its scheduling gates are gone.

When nobody is active, pods are taken out of backoff early (upstream since 1.33: SchedulerPopFromBackoffQ), except after
an error, when the API may need the pause.

``reconciler`` fills and empties it. Upstream: ``scheduler/backend/queue``.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from gitopslab.controlplane.scheduler.podinfo import PodInfo
from gitopslab.machinery.clock import Clock

_INITIAL_BACKOFF = 1.0
_MAX_BACKOFF = 10.0
_MAX_WAITING = 300.0  # ``podMaxInUnschedulablePodsDuration``

Key = tuple[str, str]
_Entry = tuple[float, float, int, Key]


class Place(Enum):
    """Where a pod waits."""

    ACTIVE = "active"
    WAITING = "waiting"
    BACKOFF = "backoff"
    GATED = "gated"


@dataclass(slots=True)
class QueuedPod:
    """A pod in the queue.

    Attributes:
        pod: The pod as last seen.
        since: When it came, or last failed.
        failures: How often it found no node.
        errors: How often in a row something else went wrong.
        rejected_by: The plugins that refused it last time; empty means that any change may help.
    """

    pod: PodInfo
    since: float
    failures: int = 0
    errors: int = 0
    rejected_by: frozenset[str] = frozenset()
    place: Place = Place.ACTIVE
    ticket: int = 0

    @property
    def backoff(self) -> float:
        """Seconds after ``since`` until it may be tried again."""
        count = self.errors or self.failures
        return min(_INITIAL_BACKOFF * 2.0 ** (count - 1), _MAX_BACKOFF) if count else 0.0


class SchedulingQueue:
    """Pods that want a node.

    Args:
        clock: Tells when a back-off is over.
        admits: Whether a pod may be tried at all (``pre_enqueue``).
    """

    def __init__(self, clock: Clock, admits: Callable[[PodInfo], bool]) -> None:
        self._clock = clock
        self._admits = admits
        self._pods: dict[Key, QueuedPod] = {}
        self._waiting: dict[Key, QueuedPod] = {}
        # Heaps hold entries that may be outdated: a pod that has moved on has a newer ticket.
        self._active: list[_Entry] = []
        self._early: list[_Entry] = []
        self._timers: list[_Entry] = []
        self._tickets = itertools.count(1)

    def __len__(self) -> int:
        return len(self._pods)

    def get(self, key: Key) -> QueuedPod | None:
        """The pod with this namespace and name, or None."""
        return self._pods.get(key)

    def waiting(self) -> list[QueuedPod]:
        """The pods that wait for a change in the cluster."""
        return list(self._waiting.values())

    def set(self, pod: PodInfo) -> None:
        """Take in a pod that is new or has changed; a change of its spec or labels is a reason to try again.

        Simplified: the real one asks the refusing plugins about each change of the pod itself.
        """
        known = self._pods.get(pod.key)
        if known is None or known.pod.uid != pod.uid:
            self._enter(QueuedPod(pod, self._clock.now()))
            return
        changed = known.pod.spec != pod.spec or known.pod.labels != pod.labels
        known.pod = pod
        if changed and known.place is not Place.BACKOFF:
            self._enter(known)

    def remove(self, key: Key) -> None:
        """Forget a pod: it is gone, or has a node."""
        self._pods.pop(key, None)
        self._waiting.pop(key, None)

    def pop(self) -> QueuedPod | None:
        """Take out the next pod to try, or None."""
        self._release()
        for heap in (self._active, self._early):
            queued = self._top(heap)
            if queued is not None:
                heapq.heappop(heap)
                self.remove(queued.pod.key)
                return queued
        return None

    def failed(self, queued: QueuedPod, rejected_by: frozenset[str]) -> None:
        """Put back a pod that found no node: it waits for a change."""
        queued.failures, queued.errors = queued.failures + 1, 0
        queued.rejected_by, queued.since = rejected_by, self._clock.now()
        self._put(queued, Place.WAITING)

    def errored(self, queued: QueuedPod) -> None:
        """Put back a pod for which something went wrong: it is tried again after its back-off."""
        queued.errors += 1
        queued.since = self._clock.now()
        self._put(queued, Place.BACKOFF)

    def activate(self, queued: QueuedPod) -> None:
        """Try a waiting pod again, at the earliest when its back-off is over."""
        is_over = queued.since + queued.backoff <= self._clock.now()
        self._put(queued, Place.ACTIVE if is_over else Place.BACKOFF)

    def next_due(self) -> float | None:
        """When ``pop`` will give a pod, in epoch seconds; None when only a change can bring that about."""
        if self._top(self._active) is not None or self._top(self._early) is not None:
            return self._clock.now()
        return self._timers[0][0] if self._top(self._timers) is not None else None

    def _enter(self, queued: QueuedPod) -> None:
        self._put(queued, Place.ACTIVE if self._admits(queued.pod) else Place.GATED)

    def _put(self, queued: QueuedPod, place: Place) -> None:
        pod = queued.pod
        queued.place, queued.ticket = place, next(self._tickets)
        self.remove(pod.key)
        self._pods[pod.key] = queued
        match place:
            case Place.ACTIVE:
                heapq.heappush(self._active, (-pod.priority, queued.since, queued.ticket, pod.key))
            case Place.WAITING:
                self._waiting[pod.key] = queued
                self._set_timer(queued, queued.since + _MAX_WAITING)
            case Place.BACKOFF:
                end = queued.since + queued.backoff
                self._set_timer(queued, end)
                if not queued.errors:
                    # Ends within the same second count as one, so that priority decides among them.
                    heapq.heappush(self._early, (float(int(end)), -pod.priority, queued.ticket, pod.key))

    def _set_timer(self, queued: QueuedPod, due: float) -> None:
        heapq.heappush(self._timers, (due, 0.0, queued.ticket, queued.pod.key))

    def _top(self, heap: list[_Entry]) -> QueuedPod | None:
        """The pod of a heap's first entry, after throwing away those that are outdated."""
        while heap:
            _, _, ticket, key = heap[0]
            queued = self._pods.get(key)
            if queued is not None and queued.ticket == ticket:
                return queued
            heapq.heappop(heap)
        return None

    def _release(self) -> None:
        """Bring back pods whose time is up.

        Simplified: the real one looks every 30 s for pods that wait too long; this one is on time.
        """
        while (queued := self._top(self._timers)) is not None and self._timers[0][0] <= self._clock.now():
            heapq.heappop(self._timers)
            self._put(queued, Place.ACTIVE)
