"""Writes Kubernetes Events, and counts repeats instead of writing them again.

Upstream: ``client-go/tools/record``, core/v1 Events. What is a repeat, and what is one too many, is ``correlator``'s to
say. Events are best effort: when one cannot be written (its namespace is going away, say) the control loop goes on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from copy import copy
from typing import Literal

from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.correlator import REMEMBERED, Correlator, Recent, Subject
from gitopslab.errors import ApiError
from gitopslab.machinery.clock import Clock, timestamp
from gitopslab.machinery.objects import Object, object_reference

_MAX_MESSAGE = 1024  # events' own limit (``core/validation/events.go``)
_AT_ONCE = 20  # binary digits of the nanoseconds in an event's name, a millisecond's worth, that do not tell the time
_DIGEST = 14  # of these, those that tell events of different components apart; the first ones count


class Recorder:
    """Speaks for one component.

    Args:
        api: Where events are written.
        clock: Gives first and last timestamps.
        component: ``source.component``, as in ``deployment-controller``.
        host: ``source.host``, for kubelets the node's name.
        remembered: How many events it can tell to be repeats.
    """

    def __init__(self, api: Api, clock: Clock, component: str, host: str = "", *, remembered: int = REMEMBERED) -> None:
        self._api = api
        self._clock = clock
        self._source = {"component": component, **({"host": host} if host else {})}
        self._correlator = Correlator(clock, remembered)
        self._seen: Recent[Subject, tuple[str, str, int]] = Recent(remembered)
        self._turn = (0, 0)

    def at(self, host: str) -> Recorder:
        """The same component on another machine; both remember together what was said."""
        other = copy(self)
        other._source = {**self._source, "host": host}
        return other

    def event(
        self,
        about: Object,
        kind: Literal["Normal", "Warning"],
        reason: str,
        message: str,
        *,
        field: str = "",
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        """Say that something happened to an object; the same again raises ``count``.

        Args:
            about: The object; its reference goes into ``involvedObject``.
            kind: ``Normal`` or ``Warning``.
            reason: One CamelCase word.
            message: A sentence, cut to 1024 characters.
            field: ``involvedObject.fieldPath``, as in ``spec.containers{nginx}``.
            annotations: Of the event.
        """
        reference = {**object_reference(about), **({"fieldPath": field} if field else {})}
        uid = reference.get("uid", "")
        names = (reference.get("namespace", ""), reference.get("name", ""), uid, field)
        found = self._correlator.correlate((*names, kind, reason), "/".join((*names[:3], kind)), message)
        if found is None:
            return
        key, text = found
        try:
            said = {"type": kind, "reason": reason, "message": text[:_MAX_MESSAGE]}
            self._write(key, reference, said, annotations or {}, is_combined=text != message)
        except ApiError:
            self._seen.drop(key)

    def _write(
        self, key: Subject, reference: Object, said: Object, annotations: Mapping[str, str], *, is_combined: bool
    ) -> None:
        now = timestamp(self._clock.now())
        seen = self._seen.get(key)
        if seen is None:
            namespace, name, count = reference.get("namespace") or "default", self._name(reference, said), 1
            event = self._event(namespace, name, reference, said, now)
            if is_combined:
                event["reportingComponent"] = ""  # of the event it is made of, client-go takes no more than this over
            elif annotations:
                event["metadata"]["annotations"] = dict(annotations)
            self._api.create(event)
        else:
            namespace, name, count = seen[0], seen[1], seen[2] + 1
            change = {"count": count, "lastTimestamp": now, "message": said["message"]}
            self._api.patch("events", name, change, namespace)
        self._seen.put(key, (namespace, name, count))

    def _name(self, reference: Object, said: Object) -> str:
        """The object's name and the time in nanoseconds; its end keeps in order and apart what is said at once."""
        moment = int(self._clock.now() * 1e9) >> _AT_ONCE
        self._turn = (moment, self._turn[1] + 1 if moment == self._turn[0] else 0)
        words = f"{reference} {said} {self._source}".encode()
        digest = int.from_bytes(hashlib.blake2b(words, digest_size=3).digest()) % (1 << _DIGEST)
        turn = min(self._turn[1], (1 << _AT_ONCE - _DIGEST) - 1)
        return f"{reference.get('name', '')}.{moment << _AT_ONCE | turn << _DIGEST | digest:x}"

    def _event(self, namespace: str, name: str, reference: Object, said: Object, now: str) -> Object:
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": reference,
            **said,
            "source": self._source,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "eventTime": None,
            "reportingComponent": self._source["component"],
            "reportingInstance": self._source.get("host", ""),
        }
