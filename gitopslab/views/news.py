"""What happened to an object lately: its newest Events, and what is not true of it.

Called by ``board`` and ``graph`` for the details of a pod or another object; reads Events and conditions.
Sentences that explain a pod are left to ``reasons``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object
from gitopslab.views.message import Message

_NEWEST = 3
_LONGEST_MESSAGE = 160


@dataclass(frozen=True, slots=True)
class News(Message):
    """One event, as the details of an object show it."""

    type: str
    reason: str
    message: str
    count: int
    seconds: float


def by_uid(events: Iterable[Object], *kinds: str) -> dict[str, list[Object]]:
    """Events by the uid of the object they are about; only about some kinds, or simply about all."""
    found: dict[str, list[Object]] = defaultdict(list)
    for event in events:
        about = event.get("involvedObject") or {}
        if not kinds or about.get("kind") in kinds:
            found[about.get("uid") or ""].append(event)
    return found


def newest(events: Iterable[Object]) -> tuple[News, ...]:
    """The last three, newest first."""
    return tuple(
        News(
            event.get("type") or "Normal",
            event.get("reason") or "",
            (event.get("message") or "")[:_LONGEST_MESSAGE],
            int(event.get("count") or (event.get("series") or {}).get("count") or 1),
            when_of(event),
        )
        for event in sorted(events, key=in_order, reverse=True)[:_NEWEST]
    )


def doubts_of(obj: Object) -> tuple[tuple[str, str, str], ...]:
    """Conditions that are not True, as ``(type, reason, message)``."""
    return tuple(
        (each["type"], each.get("reason") or "", (each.get("message") or "")[:_LONGEST_MESSAGE])
        for each in obj.get("status", {}).get("conditions") or []
        if each.get("status") != "True" and each["type"] != "PodReadyToStartContainers"
    )


def when_of(event: Object) -> float:
    """When an event was last seen, whichever of its four time fields says so."""
    series = (event.get("series") or {}).get("lastObservedTime")
    made = event.get("metadata", {}).get("creationTimestamp")
    text = series or event.get("lastTimestamp") or event.get("eventTime") or made
    return seconds_of(text) if text else 0.0


def in_order(event: Object) -> tuple[int, int]:
    """A sort key that puts events in the order they happened: most of them know only the second."""
    revision = event.get("metadata", {}).get("resourceVersion") or ""
    return int(when_of(event)), int(revision) if revision.isdigit() else 0
