"""Defaults of PersistentVolume, PersistentVolumeClaim, StorageClass and CSIDriver."""

from __future__ import annotations

from gitopslab.machinery.objects import Object


def set_volume(volume: Object) -> None:
    """Keep the data when released; a file system, not a block device."""
    spec = volume.setdefault("spec", {})
    if not spec.get("persistentVolumeReclaimPolicy"):
        spec["persistentVolumeReclaimPolicy"] = "Retain"
    spec.setdefault("volumeMode", "Filesystem")
    if "hostPath" in spec:
        spec["hostPath"].setdefault("type", "")
    _set_phase(volume)


def set_claim(claim: Object) -> None:
    """A file system, not a block device; a source of no group has null for one, as Go writes it."""
    spec = claim.setdefault("spec", {})
    spec.setdefault("volumeMode", "Filesystem")
    spec.setdefault("resources", {})
    for field in ("dataSource", "dataSourceRef"):
        if spec.get(field) is not None:
            spec[field] = {"apiGroup": None, **spec[field]}
    _set_phase(claim)


def set_class(storage_class: Object) -> None:
    """Delete released volumes, bind at once."""
    storage_class.setdefault("reclaimPolicy", "Delete")
    storage_class.setdefault("volumeBindingMode", "Immediate")


def set_driver(driver: Object) -> None:
    """Volumes are attached, live longer than a pod, and are not told about it."""
    spec = driver.setdefault("spec", {})
    spec.setdefault("attachRequired", True)
    for field in ("podInfoOnMount", "storageCapacity", "requiresRepublish", "seLinuxMount"):
        spec.setdefault(field, False)
    spec.setdefault("fsGroupPolicy", "ReadWriteOnceWithFSType")
    if not spec.get("volumeLifecycleModes"):
        spec["volumeLifecycleModes"] = ["Persistent"]


def _set_phase(obj: Object) -> None:
    status = obj.setdefault("status", {})
    if not status.get("phase"):
        status["phase"] = "Pending"


def set_node(node: Object) -> None:
    """No drivers at all are null, and none of their keys, as Go writes a list that is not there."""
    spec = node.setdefault("spec", {})
    spec["drivers"] = spec.get("drivers") or None
    for driver in spec["drivers"] or ():
        driver.setdefault("topologyKeys", None)
