"""Writes Kubernetes Events, and counts repeats instead of writing them again.

Upstream: ``client-go/tools/record`` (core/v1 Events, correlated by their whole key). Events are best effort: when one
cannot be written (its namespace is going away, say) the control loop goes on.
"""

from __future__ import annotations

from typing import Literal

from gitopslab.controlplane.runtime.api import Api
from gitopslab.errors import ApiError
from gitopslab.machinery.clock import Clock, timestamp
from gitopslab.machinery.names import new_uid
from gitopslab.machinery.objects import Object, name_of, object_reference

_REMEMBERED = 4096  # client-go's LRU size for correlation
_MAX_MESSAGE = 1024  # events' own limit (``core/validation/events.go``)


class Recorder:
    """Speaks for one component.

    Args:
        api: Where events are written.
        clock: Gives first and last timestamps.
        component: ``source.component``, as in ``deployment-controller``.
        host: ``source.host``, for kubelets the node's name.
    """

    def __init__(self, api: Api, clock: Clock, component: str, host: str = "") -> None:
        self._api = api
        self._clock = clock
        self._source = {"component": component, **({"host": host} if host else {})}
        self._seen: dict[tuple[str, ...], tuple[str, str, int]] = {}

    def event(
        self, about: Object, kind: Literal["Normal", "Warning"], reason: str, message: str, *, field: str = ""
    ) -> None:
        """Say that something happened to an object; the same again within this process raises ``count``.

        Args:
            about: The object; its reference goes into ``involvedObject``.
            kind: ``Normal`` or ``Warning``.
            reason: One CamelCase word.
            message: A sentence, cut to 1024 characters.
            field: ``involvedObject.fieldPath``, as in ``spec.containers{nginx}``.
        """
        reference = {**object_reference(about), **({"fieldPath": field} if field else {})}
        message = message[:_MAX_MESSAGE]
        key = (reference.get("uid", ""), name_of(about), field, kind, reason, message)
        try:
            if key not in self._seen or not self._repeat(key):
                self._first(key, reference)
        except ApiError:
            self._seen.pop(key, None)

    def _first(self, key: tuple[str, ...], reference: Object) -> None:
        now = self._clock.now()
        namespace = reference.get("namespace") or "default"
        name = f"{reference.get('name', '')}.{int(now * 1e9) & 0xFFFFFFFFFFFFFFFF:x}{new_uid()[:4]}"
        self._api.create(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": name, "namespace": namespace},
                "involvedObject": reference,
                "reason": key[4],
                "message": key[5],
                "source": self._source,
                "firstTimestamp": timestamp(now),
                "lastTimestamp": timestamp(now),
                "count": 1,
                "type": key[3],
                "eventTime": None,
                "reportingComponent": self._source["component"],
                "reportingInstance": self._source.get("host", ""),
            }
        )
        if len(self._seen) >= _REMEMBERED:
            self._seen.pop(next(iter(self._seen)))
        self._seen[key] = (namespace, name, 1)

    def _repeat(self, key: tuple[str, ...]) -> bool:
        namespace, name, count = self._seen[key]
        change = {"count": count + 1, "lastTimestamp": timestamp(self._clock.now())}
        self._api.patch("events", name, change, namespace)
        self._seen[key] = (namespace, name, count + 1)
        return True
