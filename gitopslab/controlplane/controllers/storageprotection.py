"""Holds claims that pods use, volumes that are bound, and classes that either names back from deletion.

The API server puts a finalizer on each new claim, volume and VolumeAttributesClass; the controllers here take it off
once deletion was asked for and nobody uses the object any more.

Upstream: ``pkg/controller/volume/{pvcprotection,pvprotection,vacprotection}``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.controllers.podstate import is_terminal, node_of
from gitopslab.controlplane.controllers.volume import CLAIMS, VOLUMES, by_claim
from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import NotFoundError
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, is_terminating, name_of, namespace_of
from gitopslab.machinery.usage import volume_classes

CLAIM_FINALIZER = "kubernetes.io/pvc-protection"
VOLUME_FINALIZER = "kubernetes.io/pv-protection"
CLASS_FINALIZER = "kubernetes.io/vac-protection"
CLASSES = "volumeattributesclasses.storage.k8s.io"


def _drop(api: Api, resource: str, obj: Object, finalizer: str) -> None:
    kept = [name for name in obj["metadata"].get("finalizers") or () if name != finalizer]
    try:
        api.patch(resource, name_of(obj), {"metadata": {"finalizers": kept or None}}, namespace_of(obj))
    except NotFoundError:
        return


def _is_held(obj: Object, finalizer: str) -> bool:
    return is_terminating(obj) and finalizer in (obj["metadata"].get("finalizers") or ())


class ClaimProtection:
    """Reconciles claims that are being deleted."""

    name = "pvc-protection-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._claims = manager.informer(CLAIMS)
        self._pods = manager.informer("pods")
        self.sources: tuple[Source, ...] = (Source(CLAIMS), Source("pods", self._used))

    def reconcile(self, request: Request) -> Result:
        """Let a claim go that no pod on a node uses."""
        claim = self._claims.get(request.name, request.namespace)
        if claim is not None and _is_held(claim, CLAIM_FINALIZER):
            users = self._pods.indexed(by_claim, f"{request.namespace}/{request.name}")
            if not any(node_of(pod) and not is_terminal(pod) for pod in users):
                _drop(self._api, CLAIMS, claim, CLAIM_FINALIZER)
        return DONE

    def _used(self, event: WatchEvent) -> Iterable[Request]:
        """The claims a pod that goes or has ended may have held."""
        if event.type != "DELETED" and not is_terminal(event.object):
            return ()
        return [Request(*key.split("/", 1)) for key in by_claim(event.object)]


class VolumeProtection:
    """Reconciles volumes that are being deleted."""

    name = "pv-protection-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._volumes = manager.informer(VOLUMES)
        self.sources: tuple[Source, ...] = (Source(VOLUMES),)

    def reconcile(self, request: Request) -> Result:
        """Let a volume go that is not bound."""
        volume = self._volumes.get(request.name)
        if volume is None or volume.get("status", {}).get("phase") == "Bound":
            return DONE
        if _is_held(volume, VOLUME_FINALIZER):
            _drop(self._api, VOLUMES, volume, VOLUME_FINALIZER)
        return DONE


class ClassProtection:
    """Reconciles VolumeAttributesClasses that are being deleted."""

    name = "volumeattributesclass-protection-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._classes = manager.informer(CLASSES)
        self._claims = manager.informer(CLAIMS)
        self._volumes = manager.informer(VOLUMES)
        self.sources: tuple[Source, ...] = (
            Source(CLASSES),
            Source(CLAIMS, lambda event: _named(volume_classes(event.object)), previous=True),
            Source(VOLUMES, lambda event: _named(by_class(event.object)), previous=True),
        )

    def reconcile(self, request: Request) -> Result:
        """Let a class go that no claim and no volume names."""
        found = self._classes.get(request.name)
        if found is not None and _is_held(found, CLASS_FINALIZER):
            users = (self._claims.indexed(volume_classes, request.name), self._volumes.indexed(by_class, request.name))
            if not any(map(any, users)):
                _drop(self._api, CLASSES, found, CLASS_FINALIZER)
        return DONE


def by_class(volume: Object) -> Iterable[str]:
    """The index of volumes by the VolumeAttributesClass they have."""
    name = volume["spec"].get("volumeAttributesClassName")
    return (name,) if name else ()


def _named(names: Iterable[str]) -> list[Request]:
    return [Request("", name) for name in names]
