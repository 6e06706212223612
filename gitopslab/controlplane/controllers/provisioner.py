"""Makes volumes for claims of the lab's own storage class, on the node the scheduler chose, and deletes them again.

It plays the ``rancher.io/local-path`` provisioner that kind and k3s install, and resizes as an external resizer does.
The manager calls it when a claim asks for a volume (``volume`` has put an annotation on it), grows, or a volume of
its own was released.

Simplified: no directory is made, since nodes are simulated.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.controllers.volume import CLAIMS, CLASSES, PROVISIONED_BY, PROVISIONERS, VOLUMES
from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import AlreadyExistsError, NotFoundError
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import (
    Object,
    annotations_of,
    is_terminating,
    key_of,
    name_of,
    namespace_of,
    object_reference,
    uid_of,
)
from gitopslab.machinery.volumes import SELECTED_NODE, capacity, class_of, requested

NAME = "rancher.io/local-path"
_SELECTED = "local.path.provisioner/selected-node"
_ROOT = "/var/local-path-provisioner"


def volume_for(claim: Object, storage_class: Object) -> Object:
    """The volume that is made for a claim."""
    name, node = f"pvc-{uid_of(claim)}", annotations_of(claim).get(SELECTED_NODE, "")
    path = f"{_ROOT}/{name}_{namespace_of(claim)}_{name_of(claim)}"
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {_SELECTED: node, PROVISIONED_BY: NAME}},
        "spec": {
            "accessModes": claim["spec"]["accessModes"],
            "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
            "claimRef": object_reference(claim),
            "hostPath": {"path": path, "type": "DirectoryOrCreate"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            "storageClassName": name_of(storage_class),
            "volumeMode": claim["spec"].get("volumeMode") or "Filesystem",
        },
    }


class LocalPathProvisioner:
    """Reconciles claims of its classes, and volumes it made (a request without a namespace is a volume)."""

    name = NAME

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._recorder = Recorder(api, clock, self.name)
        self._claims = manager.informer(CLAIMS)
        self._volumes = manager.informer(VOLUMES)
        self._classes = manager.informer(CLASSES)
        self.sources: tuple[Source, ...] = (Source(CLAIMS, self._asking), Source(VOLUMES, self._own))

    def reconcile(self, request: Request) -> Result:
        """Make, grow or delete one volume."""
        if not request.namespace:
            volume = self._volumes.get(request.name)
            if volume is not None:
                self._clear(volume)
            return DONE
        claim = self._claims.get(request.name, request.namespace)
        storage_class = self._classes.get(class_of(claim)) if claim is not None else None
        if claim is None or storage_class is None or is_terminating(claim):
            return DONE
        if not claim["spec"].get("volumeName"):
            self._provision(claim, storage_class)
        elif storage_class.get("allowVolumeExpansion"):
            self._grow(claim)
        return DONE

    def _provision(self, claim: Object, storage_class: Object) -> None:
        wanted = volume_for(claim, storage_class)
        # A volume on one node's disk can only be made once that node is known.
        if SELECTED_NODE not in annotations_of(claim) or self._volumes.get(name_of(wanted)) is not None:
            return
        subject = f'"{namespace_of(claim)}/{name_of(claim)}"'
        message = f"External provisioner is provisioning volume for claim {subject}"
        self._recorder.event(claim, "Normal", "Provisioning", message)
        try:
            self._api.create(wanted)
        except AlreadyExistsError:
            return
        message = f"Successfully provisioned volume {name_of(wanted)}"
        self._recorder.event(claim, "Normal", "ProvisioningSucceeded", message)

    def _grow(self, claim: Object) -> None:
        volume = self._volumes.get(claim["spec"]["volumeName"])
        if volume is None or claim.get("status", {}).get("phase") != "Bound":
            return
        size = {"storage": claim["spec"]["resources"]["requests"]["storage"]}
        if capacity(volume) < requested(claim):
            message = f"External resizer is resizing volume {name_of(volume)}"
            self._recorder.event(claim, "Normal", "Resizing", message)
            volume = self._api.patch(VOLUMES, name_of(volume), {"spec": {"capacity": size}})
        if claim["status"].get("capacity") != volume["spec"]["capacity"]:
            self._api.update({**claim, "status": {**claim["status"], "capacity": volume["spec"]["capacity"]}}, "status")
            self._recorder.event(claim, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded")

    def _clear(self, volume: Object) -> None:
        is_released = volume.get("status", {}).get("phase") == "Released"
        if not is_released or volume["spec"].get("persistentVolumeReclaimPolicy") != "Delete" or is_terminating(volume):
            return
        try:
            self._api.delete(VOLUMES, name_of(volume), uid=uid_of(volume))
        except NotFoundError:
            return

    @staticmethod
    def _asking(event: WatchEvent) -> Iterable[Request]:
        is_ours = NAME in (annotations_of(event.object).get(key) for key in PROVISIONERS)
        return (Request(*key_of(event.object)),) if is_ours else ()

    @staticmethod
    def _own(event: WatchEvent) -> Iterable[Request]:
        is_ours = annotations_of(event.object).get(PROVISIONED_BY) == NAME
        return (Request("", name_of(event.object)),) if is_ours else ()
