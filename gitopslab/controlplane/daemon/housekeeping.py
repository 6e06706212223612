"""What a real cluster's etcd does by itself: old events expire and old history is compacted.

``__main__`` runs it beside the manager's loop.
"""

from __future__ import annotations

import asyncio
import logging

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.errors import LabError
from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, name_of, namespace_of

EVENT_TTL = 3600.0
"""Seconds an Event is kept after it last happened (``kube-apiserver --event-ttl``)."""

HISTORY = 20_000
"""Revisions kept for watches and time travel. The real API server compacts by time, every five minutes."""

_EVERY = 60.0

log = logging.getLogger(__name__)


async def keep_house(plane: ControlPlane) -> None:
    """Tidy once a minute, for ever."""
    while True:
        await asyncio.sleep(_EVERY)
        try:
            tidy(plane)
        except LabError as error:  # such as a full disk: the cluster goes on, and the next minute tries again
            log.warning("housekeeping is put off: %s", error.message)


def tidy(plane: ControlPlane) -> None:
    """Delete expired events and drop history beyond what is kept."""
    now = plane.clock.now()
    for event in plane.api.list("events"):
        if now - _last_seen(event) > EVENT_TTL:
            plane.api.delete("events", name_of(event), namespace_of(event))
    oldest = plane.store.revision - HISTORY
    if oldest > plane.store.compacted:
        plane.store.compact(oldest)


def _last_seen(event: Object) -> float:
    series = event.get("series") or {}
    text = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return seconds_of(text or event["metadata"]["creationTimestamp"])
