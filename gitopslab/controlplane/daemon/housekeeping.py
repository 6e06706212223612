"""What a real cluster's etcd does by itself: old events expire and old history is compacted.

``__main__`` adds it to the manager, so that it follows the cluster's clock. It works in small steps, with other work
between them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.runtime.reconcile import Request, Result, Source
from gitopslab.controlplane.server.store import Store
from gitopslab.errors import LabError
from gitopslab.machinery.objects import name_of, namespace_of

EVENT_TTL = 3600.0
"""Seconds an Event is kept after it was last written (``kube-apiserver --event-ttl``)."""

MOST_EVENTS = 10_000
"""Events kept at most. Simplified: the real API server keeps all that are young enough, on the disk of etcd."""

HISTORY = 20_000
"""Revisions kept for watches and time travel. Simplified: the real API server forgets what is some minutes old."""

MOST_BYTES = 256 * 1024 * 1024
"""Of the database; beyond that history is halved until it fits, or is short."""

_SHORT = 500  # revisions; the present state may well need more room, and then less history would not help

_EVERY = 60.0
_ROUND = Request("", "round")
_STEP = 2_000  # revisions compacted at once: some ten milliseconds

log = logging.getLogger(__name__)


class Housekeeper:
    """Tidies once a minute.

    Args:
        plane: What to tidy.
    """

    name = "housekeeper"
    sources: tuple[Source, ...] = (Source("namespaces", lambda _event: (_ROUND,)),)  # there are some from the start

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._round: Iterator[None] | None = None

    def reconcile(self, request: Request) -> Result:
        """Do the next small step."""
        try:
            self._round = self._round or tidy(self._plane)
            next(self._round)
        except StopIteration:
            self._round = None
            return Result(requeue_after=_EVERY)
        except LabError as error:  # such as a full disk: the cluster goes on, and the next minute tries again
            log.warning("housekeeping is put off: %s", error.message)
            self._round = None
            return Result(requeue_after=_EVERY)
        return Result(requeue_after=0.0)


def tidy(plane: ControlPlane) -> Iterator[None]:
    """Delete expired events and drop history beyond what is kept, a step for each turn of the iterator."""
    store = plane.store
    expired = store.revision_at(plane.clock.now() - EVENT_TTL)
    events = sorted(store.list("events"), key=lambda record: record.revision)
    for number, record in enumerate(events):
        if record.revision > expired and len(events) - number <= MOST_EVENTS:
            break
        event = record.copy()
        plane.api.delete("events", name_of(event), namespace_of(event))
        yield
    yield from _compact(store, store.revision - HISTORY)
    while store.size > MOST_BYTES and (kept := store.revision - store.compacted) > _SHORT:
        yield from _compact(store, store.compacted + kept // 2)


def _compact(store: Store, oldest: int) -> Iterator[None]:
    while oldest > store.compacted:
        store.compact(min(oldest, store.compacted + _STEP))
        yield
