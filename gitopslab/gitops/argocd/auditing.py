"""Events about Applications, as Argo CD's audit log writes them: each by itself, never counted together.

Source: ``AuditLogger`` in ``util/argo/audit_logger.go``.
"""

from __future__ import annotations

import itertools
from typing import Literal

from gitopslab.controlplane.runtime.api import Api
from gitopslab.errors import ApiError
from gitopslab.machinery.clock import Clock, timestamp
from gitopslab.machinery.objects import Object, name_of, namespace_of, object_reference

_TICK = 1 << 10  # of the nanoseconds of a name, the last bits tell apart what is said at one moment


class Auditor:
    """Says what happened to Applications.

    Args:
        api: Where events are written.
        clock: Dates them.
        component: ``source.component``.
    """

    def __init__(self, api: Api, clock: Clock, component: str) -> None:
        self._api = api
        self._clock = clock
        self._source = {"component": component}
        self._said = itertools.count()

    def event(self, app: Object, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        """Say that something happened to an Application; what cannot be written is not said.

        Args:
            app: The Application.
            kind: ``Normal`` or ``Warning``.
            reason: One CamelCase word.
            message: A sentence, however long.
        """
        now = self._clock.now()
        at = timestamp(now)
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{name_of(app)}.{self._moment(now):x}",
                "namespace": namespace_of(app),
                "annotations": _destination(app),
            },
            "involvedObject": object_reference(app),
            "type": kind,
            "reason": reason,
            "message": message,
            "source": self._source,
            "firstTimestamp": at,
            "lastTimestamp": at,
            "count": 1,
        }
        try:
            self._api.create(event)
        except ApiError:
            return

    def _moment(self, now: float) -> int:
        nanoseconds = int(now * 1e9)
        return nanoseconds - nanoseconds % _TICK + next(self._said) % _TICK


def _destination(app: Object) -> dict[str, str]:
    said = app["spec"].get("destination") or {}
    return {"dest-namespace": said.get("namespace", ""), "dest-server": said.get("server", "")}
