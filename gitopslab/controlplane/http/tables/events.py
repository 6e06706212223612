"""Events in a table: the newest time first in the row, as one reads a log."""

from __future__ import annotations

from gitopslab.controlplane.http.tables.printer import UNKNOWN, Cells, Column, Printer, since
from gitopslab.machinery.objects import Object, name_of


def _event(obj: Object, now: float) -> Cells:
    first, last, count = _times(obj, now)
    about = obj.get("involvedObject") or obj.get("regarding") or {}
    kind, name = str(about.get("kind") or "").lower(), about.get("name")
    return [
        last,
        obj.get("type") or "",
        obj.get("reason") or "",
        f"{kind}/{name}" if name else kind,
        about.get("fieldPath") or "",
        _source(obj),
        str(obj.get("message") or obj.get("note") or "").strip(),
        first,
        count,
        name_of(obj),
    ]


def _times(obj: Object, now: float) -> tuple[str, str, int]:
    """First seen, last seen, and how often; an event that is repeated as a series counts there."""
    began = obj.get("firstTimestamp") or obj.get("deprecatedFirstTimestamp")
    ended = obj.get("lastTimestamp") or obj.get("deprecatedLastTimestamp")
    first = since(began or obj.get("eventTime"), now)
    last = since(ended, now) if ended else first
    series = obj.get("series")
    if series:
        observed = series.get("lastObservedTime")
        return first, since(observed, now) if observed else UNKNOWN, series.get("count", 0)
    return first, last, obj.get("count") or obj.get("deprecatedCount") or 1


def _source(obj: Object) -> str:
    source = obj.get("source") or obj.get("deprecatedSource") or {}
    component = source.get("component") or obj.get("reportingComponent") or obj.get("reportingController") or ""
    host = source.get("host") or obj.get("reportingInstance")
    return f"{component}, {host}" if host else component


_PRINTER = Printer(
    (
        Column("Last Seen", "Time since it last happened."),
        Column("Type", "Normal or Warning."),
        Column("Reason", "What happened, in one word."),
        Column("Object", "What it happened to."),
        Column("Subobject", "Which part of it.", priority=1),
        Column("Source", "Who noticed.", priority=1),
        Column("Message", "What happened, in a sentence."),
        Column("First Seen", "Time since it first happened.", priority=1),
        Column("Count", "How often it happened.", priority=1),
        Column("Name", "Unique within a namespace; cannot be changed.", format="name", priority=1),
    ),
    _event,
)

PRINTERS = {"events": _PRINTER, "events.events.k8s.io": _PRINTER}
