"""Warnings about PersistentVolumes, their claims, StorageClasses and CSIDrivers."""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.server.warnings import nodelabels
from gitopslab.controlplane.server.warnings.amounts import fractional
from gitopslab.machinery.objects import Object, annotations_of

_CLASS = "volume.beta.kubernetes.io/storage-class"
_OLD_ANNOTATIONS = {
    _CLASS: 'deprecated since v1.8; use "storageClassName" attribute instead',
    "volume.beta.kubernetes.io/mount-options": 'deprecated since v1.31; use "mountOptions" attribute instead',
}
_GONE = {
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
_SPELLED = {"storageos": "storageOS"}


def of_volume(volume: Object, before: Object | None) -> Iterable[str]:
    """Old annotations, labels and kinds of storage."""
    spec = volume["spec"]
    for key, text in _OLD_ANNOTATIONS.items():
        if key in annotations_of(volume):
            yield f"metadata.annotations[{key}]: {text}"
    if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        advice = "Instead, the recommended approach is to use dynamic provisioning."
        yield f"spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. {advice}"
    terms = ((spec.get("nodeAffinity") or {}).get("required") or {}).get("nodeSelectorTerms") or ()
    for index, term in enumerate(terms):
        yield from nodelabels.in_term(term, f"spec.nodeAffinity.required.nodeSelectorTerms[{index}]")
    for source, text in _GONE.items():
        if spec.get(source) is not None:
            yield f"spec.{_SPELLED.get(source, source)}: {text}"


def of_claim(claim: Object, before: Object | None) -> Iterable[str]:
    """The class in an annotation, and a size that is not whole."""
    if _CLASS in annotations_of(claim):
        yield f"metadata.annotations[{_CLASS}]: {_OLD_ANNOTATIONS[_CLASS]}"
    yield from of_claim_spec(claim["spec"], "spec")


def of_claim_spec(spec: Object, path: str) -> Iterable[str]:
    """The sizes in the spec of a claim, also of one that is a template."""
    resources = spec.get("resources") or {}
    for field in ("requests", "limits"):
        yield from fractional(resources.get(field), ("storage",), f"{path}.resources.{field}")


def of_class(storage_class: Object, before: Object | None) -> Iterable[str]:
    """Topologies by labels of old names."""
    for index, term in enumerate(storage_class.get("allowedTopologies") or ()):
        for at, expression in enumerate(term.get("matchLabelExpressions") or ()):
            old = nodelabels.OLD.get(expression.get("key", ""))
            if old is not None:
                yield f"allowedTopologies[{index}].matchLabelExpressions[{at}].key: {old}"


def of_driver(driver: Object, before: Object | None) -> Iterable[str]:
    """Tokens that a driver may get with the attributes of a volume, when it newly asks for some."""
    spec = driver["spec"]
    asked = spec.get("tokenRequests") or []
    known = before["spec"].get("tokenRequests") if before is not None else None
    if asked and asked != known and spec.get("serviceAccountTokenInSecrets") is None:
        advice = (
            "if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes"
        )
        yield f"spec.serviceAccountTokenInSecrets is unset; {advice}"
