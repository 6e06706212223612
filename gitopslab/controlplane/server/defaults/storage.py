"""Defaults of PersistentVolume, PersistentVolumeClaim, StorageClass and CSIDriver."""

from __future__ import annotations

from gitopslab.machinery.objects import Object

_OLD_SOURCES = (("PersistentVolumeClaim", ""), ("VolumeSnapshot", "snapshot.storage.k8s.io"))


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
    """A file system, not a block device."""
    spec = claim.setdefault("spec", {})
    spec.setdefault("volumeMode", "Filesystem")
    spec.setdefault("resources", {})
    _set_sources(spec)
    _set_phase(claim)


def _set_sources(spec: Object) -> None:
    """Two fields for one thing: the older one knows claims and snapshots only, and quietly forgets all else."""
    old, new = spec.get("dataSource"), spec.get("dataSourceRef")
    if (new or {}).get("namespace"):
        new = None  # as a field of a feature that is off it is dropped before it is looked at
    if new is None and old is not None and (old.get("kind"), old.get("apiGroup") or "") not in _OLD_SOURCES:
        spec.pop("dataSource")
    elif old is not None and new is None:
        spec["dataSourceRef"] = dict(old)
    elif new is not None and old is None:
        spec["dataSource"] = dict(new)


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
    """No drivers at all are null, as Go writes a list that is not there."""
    spec = node.setdefault("spec", {})
    spec["drivers"] = spec.get("drivers") or None
