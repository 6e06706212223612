"""Storage: protection from deletion while in use, the default StorageClass, and who may grow a claim."""

from __future__ import annotations

from gitopslab.controlplane.server.admission.attributes import Attributes, Reader
from gitopslab.machinery import quantity
from gitopslab.machinery.objects import Object, annotations_of
from gitopslab.machinery.volumes import default_class

_CLASSES = "storageclasses.storage.k8s.io"
_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"


def protect(attributes: Attributes, finalizer: str) -> None:
    """StorageObjectInUseProtection: what is new gets the finalizer that its controller takes off when unused."""
    if attributes.operation != "CREATE":
        return
    finalizers = attributes.wished()["metadata"].setdefault("finalizers", [])
    if finalizer not in finalizers:
        finalizers.append(finalizer)


def set_default_class(attributes: Attributes, reader: Reader) -> None:
    """DefaultStorageClass: a new claim that names no class gets the default one; of several, the newest."""
    claim = attributes.wished()
    if attributes.operation != "CREATE" or "storageClassName" in claim["spec"]:
        return
    if _CLASS_ANNOTATION in annotations_of(claim):
        return
    name = default_class(reader.all(_CLASSES))
    if name:
        claim["spec"]["storageClassName"] = name


def check_resize(attributes: Attributes, reader: Reader) -> None:
    """PersistentVolumeClaimResize: a bound claim grows only when its class allows it."""
    claim, before = attributes.wished(), attributes.before
    if before is None or _size(claim) <= _size(before) or before.get("status", {}).get("phase") != "Bound":
        return
    name = claim["spec"].get("storageClassName") or ""
    found = reader.find(_CLASSES, "", name) if name else None
    if found is None or not found.get("allowVolumeExpansion"):
        raise attributes.refusal(
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support "
            "resize"
        )


def _size(claim: Object) -> int:
    return quantity.whole(claim["spec"].get("resources", {}).get("requests", {}).get("storage", 0))
