"""Rules of PersistentVolume, also of one that a VolumeAttachment has within; claims have a module of their own."""

from __future__ import annotations

import posixpath
from typing import Any

from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.validation import formats, gostruct
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.claims import VOLUME_MODES, check_access_modes
from gitopslab.controlplane.server.validation.metadata import check_immutable
from gitopslab.controlplane.server.validation.numbers import POSITIVE, amount, check_basic
from gitopslab.controlplane.server.validation.scheduling import check_node_selector
from gitopslab.controlplane.server.validation.volumes import check_driver, check_source
from gitopslab.machinery.objects import Object, annotations_of

SOURCES = (
    "hostPath", "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "flocker", "nfs", "rbd", "quobyte", "cephfs",
    "iscsi", "cinder", "fc", "flexVolume", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume",
    "azureDisk", "scaleIO", "local", "storageos", "csi",
)  # fmt: skip
_MOUNT_OPTIONS = "volume.beta.kubernetes.io/mount-options"
_MOUNTED = (
    "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "nfs", "rbd", "quobyte", "iscsi", "cinder", "cephfs",
    "azureFile", "vsphereVolume", "azureDisk", "photonPersistentDisk",
)  # fmt: skip
"""Sources for which an annotation may give the options of mounting."""

_RECLAIM = ("Delete", "Recycle", "Retain")
_NOT_WITHIN = "may not be specified in the context of inline volumes"


def check_volume(causes: Causes, volume: Object) -> None:
    """A new or changed PersistentVolume."""
    spec = volume["spec"]
    check_access_modes(causes, spec.get("accessModes") or [], "spec.accessModes")
    _check_capacity(causes, spec.get("capacity") or {})
    policy = spec.get("persistentVolumeReclaimPolicy")
    if policy and policy not in _RECLAIM:
        causes.unsupported("spec.persistentVolumeReclaimPolicy", policy, _RECLAIM)
    _check_node_affinity(causes, spec.get("nodeAffinity"))
    _check_sources(causes, spec, "spec")
    if spec.get("storageClassName"):
        causes.each(
            "spec.storageClassName", spec["storageClassName"], formats.problems_of_subdomain(spec["storageClassName"])
        )
    if spec.get("volumeMode") is not None and spec["volumeMode"] not in VOLUME_MODES:
        causes.unsupported("spec.volumeMode", spec["volumeMode"], VOLUME_MODES)
    _check_attributes_class(causes, spec)
    if _MOUNT_OPTIONS in annotations_of(volume) and not any(spec.get(name) is not None for name in _MOUNTED):
        text = "may not specify mount options for this volume type"
        causes.forbidden(f"metadata.annotations.{_MOUNT_OPTIONS}", text)


def check_volume_within(causes: Causes, spec: Object, path: str) -> None:
    """The volume that a VolumeAttachment describes itself: one of CSI, which nobody claims."""
    for field in ("claimRef", "capacity"):
        if spec.get(field):
            causes.forbidden(f"{path}.{field}", _NOT_WITHIN)
    if spec.get("csi") is None:
        causes.required(f"{path}.csi", "has to be specified in the context of inline volumes")
    check_access_modes(causes, spec.get("accessModes") or [], f"{path}.accessModes")
    if spec.get("persistentVolumeReclaimPolicy") not in (None, "", "Retain"):
        text = "may only be Retain in the context of inline volumes"
        causes.forbidden(f"{path}.persistentVolumeReclaimPolicy", text)
    if spec.get("nodeAffinity") is not None:
        causes.forbidden(f"{path}.nodeAffinity", _NOT_WITHIN)
    _check_sources(causes, spec, path)
    if spec.get("storageClassName"):
        causes.forbidden(f"{path}.storageClassName", _NOT_WITHIN)
    if spec.get("volumeMode") not in (None, "Filesystem"):
        text = "may not specify volumeMode other than Filesystem in the context of inline volumes"
        causes.forbidden(f"{path}.volumeMode", text)


def check_volume_change(causes: Causes, volume: Object, before: Object, subresource: str) -> None:
    """Where the data is stays."""
    if subresource == "status":
        return
    new, old = volume["spec"], before["spec"]
    if not same(_source(new), _source(old)):
        difference = gostruct.difference("PersistentVolumeSource", _source(old), _source(new))
        text = "spec.persistentvolumesource is immutable after creation"
        causes.forbidden("spec.persistentvolumesource", f"{text}\n{difference}")
    check_immutable(causes, new.get("volumeMode"), old.get("volumeMode"), "volumeMode")
    if old.get("nodeAffinity") is not None and not same(new.get("nodeAffinity"), old["nodeAffinity"]):
        text = "field is immutable, except for updating from beta label to GA"
        causes.invalid("nodeAffinity", new.get("nodeAffinity"), text)
    if old.get("volumeAttributesClassName") is not None and new.get("volumeAttributesClassName") is None:
        causes.forbidden("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden")


def _source(spec: Object) -> dict[str, Any]:
    return {name: spec[name] for name in SOURCES if name in spec}


def _check_capacity(causes: Causes, capacity: dict[str, str]) -> None:
    if not capacity:
        causes.required("spec.capacity")
    if "storage" not in capacity or len(capacity) > 1:
        causes.unsupported("spec.capacity", capacity or None, ("storage",))
    for name, value in capacity.items():
        check_basic(causes, value, f"spec.capacity[{name}]")
        if amount(value) <= 0:
            causes.invalid(f"spec.capacity[{name}]", str(value), POSITIVE)


def _check_node_affinity(causes: Causes, affinity: Object | None) -> None:
    if affinity is None:
        return
    if affinity.get("required") is None:
        causes.required("spec.nodeAffinity.required", "must specify required node constraints")
    else:
        check_node_selector(causes, affinity["required"], "spec.nodeAffinity.required")


def _check_sources(causes: Causes, spec: Object, path: str) -> None:
    given = [name for name in SOURCES if spec.get(name) is not None]
    if not given:
        causes.required(path, "must specify a volume type")
        return
    first, *others = given
    if first == "local":
        _check_local(causes, spec, path)
    elif first == "csi":
        check_driver(causes, spec["csi"].get("driver") or "", f"{path}.csi.driver")
        if not spec["csi"].get("volumeHandle"):
            causes.required(f"{path}.csi.volumeHandle")
    else:
        check_source(causes, first, spec[first], f"{path}.{first}")
    for name in others:
        causes.forbidden(f"{path}.{name}", "may not specify more than 1 volume type")
    mounts_all = posixpath.normpath((spec.get("hostPath") or {}).get("path") or ".") == "/"
    if mounts_all and spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        text = "may not be 'recycle' for a hostPath mount of '/'"
        causes.forbidden(f"{path}.persistentVolumeReclaimPolicy", text)


def _check_local(causes: Causes, spec: Object, path: str) -> None:
    where = spec["local"].get("path") or ""
    if not where:
        causes.required(f"{path}.local.path")
    else:
        causes.each(f"{path}.local.path", where, formats.problems_of_steps_back(where))
    if spec.get("nodeAffinity") is None:
        causes.required(f"{path}.nodeAffinity", "Local volume requires node affinity")


def _check_attributes_class(causes: Causes, spec: Object) -> None:
    name = spec.get("volumeAttributesClassName")
    if name is None:
        return
    if not name:
        causes.required("spec.volumeAttributesClassName", "an empty string is disallowed")
    else:
        causes.each("spec.volumeAttributesClassName", name, formats.problems_of_subdomain(name))
    if spec.get("csi") is None:
        causes.required("spec.csi", "has to be specified when using volumeAttributesClassName")
