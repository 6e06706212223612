"""Writes the scheduler's Events the way it does: as ``events.k8s.io``, seen through core/v1.

Other components still write core Events with ``firstTimestamp`` and ``count`` (``runtime.recorder``); the scheduler's
have ``eventTime``, an ``action`` and a ``series``. Upstream: ``client-go/tools/events``. Best effort, as events are.

Simplified: upstream writes a repeat into the series at once only the first time and then every half hour; here each
repeat is written. Upstream leaves the message out of what makes an event a repeat, so that a changed reason can hide
behind an old text; here it is a new event.
"""

from __future__ import annotations

from typing import Literal

from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.correlator import Recent
from gitopslab.errors import ApiError
from gitopslab.machinery.clock import Clock, micro_timestamp
from gitopslab.machinery.objects import Object, name_of, namespace_of, object_reference, uid_of

_MAX_MESSAGE = 1024
_SERIES_ENDS = 360.0  # seconds without a repeat after which the same thing is a new event
_REMEMBERED = 4096

_Key = tuple[str, str, str]


class SeriesRecorder:
    """Speaks for the scheduler.

    Args:
        api: Where events are written.
        clock: Gives their times.
        component: ``reportingComponent``, as in ``default-scheduler``.
        host: The machine it runs on, the second half of ``reportingInstance``.
    """

    def __init__(self, api: Api, clock: Clock, component: str, host: str = "lab-control-plane") -> None:
        self._api = api
        self._clock = clock
        self._component = component
        self._instance = f"{component}-{host}"
        self._series: Recent[_Key, tuple[str, str, int, float]] = Recent(_REMEMBERED)
        self._written = 0

    def event(
        self,
        about: Object,
        kind: Literal["Normal", "Warning"],
        reason: str,
        message: str,
        *,
        action: str,
        related: Object | None = None,
    ) -> None:
        """Say that something happened to an object; the same again soon lengthens the series.

        Args:
            about: The object.
            kind: ``Normal`` or ``Warning``.
            reason: One CamelCase word.
            message: A sentence; cut with `` ...`` where it gets too long.
            action: What was being done: ``Scheduling``, ``Binding`` or ``Preempting``.
            related: The other object that took part.
        """
        if len(message) > _MAX_MESSAGE:
            message = f"{message[: _MAX_MESSAGE - 4]} ..."
        key = (uid_of(about) or name_of(about), reason, message)
        known = self._series.get(key)
        try:
            if known is not None and self._clock.now() - known[3] <= _SERIES_ENDS:
                self._repeat(key, *known)
            else:
                self._first(key, about, kind, action, related)
        except ApiError:
            self._series.drop(key)

    def _first(self, key: _Key, about: Object, kind: str, action: str, related: Object | None) -> None:
        now = self._clock.now()
        namespace = namespace_of(about) or "default"
        self._written += 1  # a clock that stands still must not give two events one name
        name = f"{name_of(about)}.{int(now * 1e9) + self._written:x}"
        event: Object = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": object_reference(about),
            "reason": key[1],
            "message": key[2],
            "source": {},
            "firstTimestamp": None,
            "lastTimestamp": None,
            "type": kind,
            "eventTime": micro_timestamp(now),
            "action": action,
            "reportingComponent": self._component,
            "reportingInstance": self._instance,
        }
        if related is not None:
            event["related"] = object_reference(related)
        self._api.create(event)
        self._series.put(key, (namespace, name, 1, now))
        self._series.forget(lambda oldest: now - oldest[3] > _SERIES_ENDS)

    def _repeat(self, key: _Key, namespace: str, name: str, count: int, _: float) -> None:
        now = self._clock.now()
        series = {"count": count + 1, "lastObservedTime": micro_timestamp(now)}
        self._api.patch("events", name, {"series": series}, namespace)
        self._series.put(key, (namespace, name, count + 1, now))
