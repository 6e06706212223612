"""One Event, two APIs: the words of core and those of ``events.k8s.io``.

Upstream: ``pkg/apis/events/v1/conversion.go``. Pure; what may be in an Event is ``validation.events``'.
"""

from __future__ import annotations

from gitopslab.controlplane.server.records import Record
from gitopslab.machinery.objects import Object

_CORE_NAMES = {
    "regarding": "involvedObject",
    "note": "message",
    "reportingController": "reportingComponent",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
_NAMES = {core: name for name, core in _CORE_NAMES.items()}
_ALWAYS_IN_CORE: Object = {
    "involvedObject": {}, "source": {}, "firstTimestamp": None, "lastTimestamp": None, "eventTime": None,
    "reportingComponent": "", "reportingInstance": "",
}  # fmt: skip
_ALWAYS: Object = {
    "eventTime": None, "regarding": {}, "deprecatedSource": {}, "deprecatedFirstTimestamp": None,
    "deprecatedLastTimestamp": None,
}  # fmt: skip


def to_core(event: Object) -> Object:
    """An Event of ``events.k8s.io`` in the words of core; a new object that shares its parts."""
    renamed = {_CORE_NAMES.get(key, key): value for key, value in event.items()}
    return {**renamed, "apiVersion": "v1", **{key: renamed.get(key, zero) for key, zero in _ALWAYS_IN_CORE.items()}}


def shown(record: Record) -> Record:
    """A stored Event in the words of ``events.k8s.io``."""
    event = record.object
    renamed = {_NAMES.get(key, key): value for key, value in event.items()}
    given = {key: value for key, value in renamed.items() if value != "" or key not in _UNWRITTEN}
    whole = {**given, "apiVersion": "events.k8s.io/v1", **{key: given.get(key, zero) for key, zero in _ALWAYS.items()}}
    made = Record.of(whole)
    made.revision = record.revision
    return made


_UNWRITTEN = ("reportingController", "reportingInstance")
"""Fields that only core writes when they are empty."""
