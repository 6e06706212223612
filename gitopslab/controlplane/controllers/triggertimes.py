"""When the pods behind a Service last changed, which Endpoints and EndpointSlices tell in an annotation.

Both controllers keep one of these each, as upstream's do (``endpointslice/util.TriggerTimeTracker``).
"""

from __future__ import annotations

from gitopslab.controlplane.controllers.podstate import ready_condition
from gitopslab.machinery.objects import Object, key_of, name_of

TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time"


class TriggerTimes:
    """Remembers when the pods of each Service last changed, to say how long ago a slice's change was caused."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], dict[str, str]] = {}

    def advance(self, service: Object, pods: list[Object]) -> str:
        """The earliest change since the last call; empty when nothing that is timed has changed."""
        known = self._known.get(key_of(service), {})
        times = {"": service["metadata"].get("creationTimestamp") or ""}
        for pod in pods:
            changed = (ready_condition(pod) or {}).get("lastTransitionTime")
            if changed:
                times[name_of(pod)] = changed
        self._known[key_of(service)] = times
        return min((time for name, time in times.items() if time > known.get(name, "")), default="")

    def forget(self, key: tuple[str, str]) -> None:
        """Drop what is known of a Service that is gone."""
        self._known.pop(key, None)
