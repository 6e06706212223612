"""The one loop that calls reconcilers.

Data flow of a step:

1. every informer of which something changed takes it in,
2. each event is mapped by the sources of each reconciler to requests, which join that reconciler's queue,
3. one request is taken (reconcilers take turns, a batch each) and reconciled,
4. its result is "done", "again after this long", or an error, which backs off.

Informers are drained before every single reconcile, so a reconciler always sees its own earlier writes; that is why
none of them needs the expectations that client-go controllers keep.

Tests call ``settle`` and ``advance`` with a jumpable clock; the daemon calls ``step`` from its event loop, where a
reconciler that waits for somebody outside does not hold up the others (``strands``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial

from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.informer import Informer
from gitopslab.controlplane.runtime.reconcile import Reconciler, Request, Source
from gitopslab.controlplane.runtime.workqueue import WorkQueue
from gitopslab.errors import ApiError
from gitopslab.machinery.clock import Clock, JumpableClock
from gitopslab.machinery.objects import Object, key_of

_BATCH = 64
"""Requests a reconciler may do in a row. While kubelets report a hundred pods, the ReplicaSet above them waits, and its
hundred wake-ups become one request: taking strict turns would make it count all its pods a hundred times."""

log = logging.getLogger(__name__)

_MOST_STEPS = 200_000  # a settle that takes longer is a reconciler that never finds rest


class Manager:
    """Runs reconcilers over shared informers.

    Args:
        api: Where informers list and watch.
        clock: Decides when delayed requests are due.

    Attributes:
        last: The name of the reconciler that was called last, and what it was asked.
    """

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._informers: dict[str, Informer] = {}
        self._news: dict[str, Informer] = {}  # those with something to take in
        self._loops: list[tuple[Reconciler, WorkQueue]] = []
        self._stopped: set[str] = set()
        self._sleepers: list[Callable[[], None]] = []
        self._begin: Callable[[Callable[[], None]], None] = lambda do: do()
        self._turn = 0
        self._left = _BATCH
        self.last: tuple[str, Request] | None = None

    def informer(self, resource: str) -> Informer:
        """The shared informer of a resource; made on first use."""
        if resource not in self._informers:
            made = self._informers[resource] = Informer(self._api, resource)
            made.on_wake(lambda: self._news.update({resource: made}))
        return self._informers[resource]

    def add(self, reconciler: Reconciler) -> None:
        """Run a reconciler from now on; it is asked at once about everything its sources hold."""
        queue = WorkQueue(self._clock)
        self._drain()
        for source in reconciler.sources:
            for obj in self.informer(source.resource):
                _enqueue(queue, source, WatchEvent("ADDED", source.resource, obj, 0), None)
        self._loops.append((reconciler, queue))

    @property
    def names(self) -> list[str]:
        """The reconcilers' names, in the order they were added."""
        return [reconciler.name for reconciler, _ in self._loops]

    def stop(self, name: str) -> None:
        """Stop calling the reconciler with this name; its queue keeps filling, as when a component is down."""
        self._stopped.add(name)

    def start(self, name: str) -> None:
        """Call a stopped reconciler again."""
        self._stopped.discard(name)

    def ask(self, name: str, request: Request) -> None:
        """Have a reconciler look at something now, for what no watch reports: a process ended, a follower came."""
        for reconciler, queue in self._loops:
            if reconciler.name == name:
                queue.add(request)
        self.wake()

    def wake(self) -> None:
        """Have a sleeping loop look again: there is work, or the clock was moved."""
        for wake in self._sleepers:
            wake()

    def on_wake(self, wake: Callable[[], None]) -> None:
        """Have ``wake`` called at every ``wake``."""
        self._sleepers.append(wake)

    def run_with(self, begin: Callable[[Callable[[], None]], None]) -> None:
        """Have ``begin`` call what reconciles; it may return before that is at an end."""
        self._begin = begin

    def step(self) -> bool:
        """Reconcile one request that is due; False when there is none."""
        self._drain()
        for _ in range(len(self._loops) + 1 if self._loops else 0):
            reconciler, queue = self._loops[self._turn]
            if self._left and reconciler.name not in self._stopped and (request := queue.take()) is not None:
                self._left -= 1
                self.last = (reconciler.name, request)
                self._begin(partial(self._reconcile, reconciler, queue, request))
                return True
            self._turn, self._left = (self._turn + 1) % len(self._loops), _BATCH
        return False

    def next_due(self) -> float | None:
        """When there is something to do again, in epoch seconds; None when only a change can bring work."""
        dues = [queue.next_due() for reconciler, queue in self._loops if reconciler.name not in self._stopped]
        return min((due for due in dues if due is not None), default=None)

    def settle(self) -> None:
        """Step until nothing is due now. For tests and lessons on a jumpable clock.

        Raises:
            RuntimeError: A reconciler never finds rest; its name is in the message.
        """
        for _ in range(_MOST_STEPS):
            if not self.step():
                return
        busy = [reconciler.name for reconciler, queue in self._loops if len(queue)]
        raise RuntimeError(f"no rest after {_MOST_STEPS} steps: {', '.join(busy)} still has work")

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass on a jumpable clock, stopping at every moment at which something is due."""
        clock = self._clock
        assert isinstance(clock, JumpableClock), "the daemon advances its clock for itself"
        end = clock.now() + seconds
        self.settle()
        while (due := self.next_due()) is not None and due <= end:
            clock.jump(max(0.0, due - clock.now()))
            self.settle()
        clock.jump(max(0.0, end - clock.now()))
        self.settle()

    def _drain(self) -> None:
        while self._news:
            news, self._news = self._news, {}
            for informer in news.values():
                for event, before in informer.poll():
                    for source, queue in self._listeners(event.resource):
                        _enqueue(queue, source, event, before)

    def _listeners(self, resource: str) -> Iterator[tuple[Source, WorkQueue]]:
        """Whose sources name a resource now: a definition of a custom resource brings reconcilers new sources."""
        for reconciler, queue in self._loops:
            for source in reconciler.sources:
                if source.resource == resource:
                    yield source, queue

    def _reconcile(self, reconciler: Reconciler, queue: WorkQueue, request: Request) -> None:
        try:
            self._ask(reconciler, queue, request)
        finally:
            queue.done(request)

    def _ask(self, reconciler: Reconciler, queue: WorkQueue, request: Request) -> None:
        try:
            result = reconciler.reconcile(request)
        except ApiError as error:
            log.debug("%s %s: %s", reconciler.name, request, error.message)
            queue.add_failed(request)
            return
        except Exception:
            log.exception("%s failed on %s", reconciler.name, request)
            queue.add_failed(request)
            return
        queue.forget(request)
        if result.requeue_after is not None:
            queue.add_after(request, result.requeue_after)


def _enqueue(queue: WorkQueue, source: Source, event: WatchEvent, before: Object | None) -> None:
    try:
        requests = list(source.requests(event))
        if source.previous and before is not None:
            requests += source.requests(WatchEvent("DELETED", event.resource, before, event.revision))
        delay = source.delay(event, before)
    except Exception:  # an object that nobody thought of must not stop every other reconciler
        log.exception("an event of %s %s cannot be mapped", event.resource, key_of(event.object))
        return
    for request in requests:
        if delay:
            queue.add_after(request, delay)
        else:
            queue.add(request)
