"""Makes the claims of generic ephemeral volumes: one a volume, owned by its pod, so that it goes with it.

The manager calls it with a pod that has such a volume, and again when a claim of it was deleted. Binding the claim is
``volume``'s business, deleting it garbage collection's.

Upstream: ``pkg/controller/volume/ephemeral``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.controllers.volume import CLAIMS
from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source, own_key
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import ApiError
from gitopslab.machinery.clock import Clock, seconds_of
from gitopslab.machinery.objects import (
    Object,
    condition_of,
    controller_of,
    controller_reference,
    is_terminating,
    key_of,
    name_of,
    namespace_of,
    uid_of,
)

_SCHEDULER_FIRST = 1.0
"""Seconds that the scheduler has for its first look. On a real cluster both hear of a pod at once, and the scheduler is
quicker: it says that it waits for this controller."""


class EphemeralVolumeController:
    """Reconciles pods to the claims of their ephemeral volumes."""

    name = "ephemeral_volume"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._recorder = Recorder(api, clock, self.name)
        self._pods = manager.informer("pods")
        self._claims = manager.informer(CLAIMS)
        self.sources: tuple[Source, ...] = (Source("pods", _new), Source(CLAIMS, _lost))

    def reconcile(self, request: Request) -> Result:
        """Make the claims that are missing."""
        pod = self._pods.get(request.name, request.namespace)
        if pod is None or is_terminating(pod):
            return DONE
        age = self._clock.now() - seconds_of(pod["metadata"]["creationTimestamp"])
        if not pod["spec"].get("nodeName") and condition_of(pod, "PodScheduled") is None and age < _SCHEDULER_FIRST:
            return Result(_SCHEDULER_FIRST - age)
        for volume in _ephemeral(pod):
            try:
                self._claim(pod, volume)
            except ApiError as error:
                text = f"ephemeral volume {volume['name']}: {error.message}"
                self._recorder.event(pod, "Warning", "FailedBinding", text)
                raise
        return DONE

    def _claim(self, pod: Object, volume: Object) -> None:
        name = f"{name_of(pod)}-{volume['name']}"
        claim = self._claims.get(name, namespace_of(pod))
        if claim is None:
            self._create(_claim_for(pod, name, volume["ephemeral"].get("volumeClaimTemplate") or {}))
        elif (controller_of(claim) or {}).get("uid") != uid_of(pod):
            where = namespace_of(pod)
            text = f"PVC {where}/{name} was not created for pod {where}/{name_of(pod)} (pod is not owner)"
            raise ApiError(409, "Conflict", text)

    def _create(self, claim: Object) -> None:
        try:
            self._api.create(claim)
        except ApiError as error:
            raise ApiError(error.code, error.reason, f"create PVC {name_of(claim)}: {error.message}") from error


def _claim_for(pod: Object, name: str, template: Object) -> Object:
    metadata = template.get("metadata") or {}
    kept = {field: metadata[field] for field in ("labels", "annotations") if metadata.get(field)}
    named = {"name": name, "namespace": namespace_of(pod), "ownerReferences": [controller_reference(pod)]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {**named, **kept},
        "spec": template.get("spec") or {},
    }


def _ephemeral(pod: Object) -> list[Object]:
    return [volume for volume in pod["spec"].get("volumes") or () if "ephemeral" in volume]


def _new(event: WatchEvent) -> Iterable[Request]:
    return own_key(event) if event.type != "DELETED" and _ephemeral(event.object) else ()


def _lost(event: WatchEvent) -> Iterable[Request]:
    """The pod whose claim was deleted: its controller, which is enough, since it made the claim."""
    owner = controller_of(event.object)
    if event.type != "DELETED" or owner is None or owner["kind"] != "Pod":
        return ()
    return (Request(key_of(event.object)[0], owner["name"]),)
