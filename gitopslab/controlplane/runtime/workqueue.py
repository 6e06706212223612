"""A queue of requests that coalesces, with back-off on the lab's clock.

The properties of client-go's workqueue: fair (first in, first out), stingy (a request that is added many times before
it is taken is done once, and nobody gets one that somebody works on), and a failing request comes back later and later
(5 ms doubling up to 1000 s).
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque

from gitopslab.controlplane.runtime.reconcile import Request
from gitopslab.machinery.clock import Clock

_BASE_DELAY = 0.005
_MAX_DELAY = 1000.0
_DOUBLINGS = 60  # more reach no longer delay, and no number in the end


class WorkQueue:
    """Requests waiting for one reconciler.

    Args:
        clock: Tells when delayed requests are due.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ready: deque[Request] = deque()
        self._queued: set[Request] = set()
        self._taken: set[Request] = set()
        self._due: dict[Request, float] = {}
        self._timers: list[tuple[float, int, Request]] = []
        self._failures: dict[Request, int] = {}
        self._order = itertools.count()

    def __len__(self) -> int:
        return len(self._ready)

    def add(self, request: Request) -> None:
        """Ask for a request now; one that already waits is not added twice, and one that is worked on comes after."""
        if request not in self._queued:
            self._queued.add(request)
            if request not in self._taken:
                self._ready.append(request)

    def add_after(self, request: Request, seconds: float) -> None:
        """Ask for a request in a while; of several times for one request the earliest counts."""
        due = self._clock.now() + seconds
        known = self._due.get(request)
        if known is None or due < known:
            self._due[request] = due
            heapq.heappush(self._timers, (due, next(self._order), request))

    def add_failed(self, request: Request) -> None:
        """Ask again after a failure, later each time."""
        failures = self._failures.get(request, 0)
        self._failures[request] = failures + 1
        self.add_after(request, min(_BASE_DELAY * 2.0 ** min(failures, _DOUBLINGS), _MAX_DELAY))

    def forget(self, request: Request) -> None:
        """Forget that a request ever failed."""
        self._failures.pop(request, None)

    def take(self) -> Request | None:
        """The next request that is due, or None; it is ``done`` sooner or later."""
        self._release()
        if not self._ready:
            return None
        request = self._ready.popleft()
        self._queued.discard(request)
        self._taken.add(request)
        return request

    def done(self, request: Request) -> None:
        """Nobody works on a request any more; it can be taken again if somebody asked for it meanwhile."""
        self._taken.discard(request)
        if request in self._queued:
            self._ready.append(request)

    def next_due(self) -> float | None:
        """When the next request can be taken, in epoch seconds; None when nothing waits."""
        if self._ready:
            return self._clock.now()
        while self._timers and self._due.get(self._timers[0][2]) != self._timers[0][0]:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def _release(self) -> None:
        while self._timers and self._timers[0][0] <= self._clock.now():
            due, _, request = heapq.heappop(self._timers)
            if self._due.get(request) == due:
                del self._due[request]
                self.add(request)
