"""Says that somebody else has to grow a volume whose claim asks for more than it has.

The manager calls it with a bound claim that changed. None of the volumes a cluster knows by itself can grow; the driver
of a volume brings a resizer of its own, in the lab ``provisioner``.

Upstream: ``pkg/controller/volume/expand``.
"""

from __future__ import annotations

from gitopslab.controlplane.controllers.volume import CLAIMS, VOLUMES
from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.machinery import quantity
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, uid_of
from gitopslab.machinery.volumes import is_for, requested

_MESSAGE = "waiting for an external controller to expand this PVC"


class ExpandController:
    """Watches claims that grow."""

    name = "volume_expand"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._recorder = Recorder(api, clock, self.name)
        self._claims = manager.informer(CLAIMS)
        self._volumes = manager.informer(VOLUMES)
        self._asked: dict[str, int] = {}
        self.sources: tuple[Source, ...] = (Source(CLAIMS),)

    def reconcile(self, request: Request) -> Result:
        """Say it once for each size."""
        claim = self._claims.get(request.name, request.namespace)
        if claim is None or not self._wants_more(claim):
            return DONE
        if self._asked.get(uid_of(claim)) != requested(claim):
            self._asked[uid_of(claim)] = requested(claim)
            self._recorder.event(claim, "Normal", "ExternalExpanding", _MESSAGE)
        return DONE

    def _wants_more(self, claim: Object) -> bool:
        status = claim.get("status", {})
        volume = self._volumes.get(claim["spec"].get("volumeName") or "")
        has = quantity.whole((status.get("capacity") or {}).get("storage", 0))
        is_bound = status.get("phase") == "Bound" and volume is not None and is_for(volume, claim)
        return is_bound and requested(claim) > has
