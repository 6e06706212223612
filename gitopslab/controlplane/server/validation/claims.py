"""Rules of PersistentVolumeClaims.

Also called for the claim templates inside pods; volumes and classes are ``storage``'s.
"""

from __future__ import annotations

from typing import Any

from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.validation import formats, gostruct
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.metadata import check_selector
from gitopslab.controlplane.server.validation.numbers import POSITIVE, amount, check_basic
from gitopslab.machinery.objects import Object, annotations_of

ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
VOLUME_MODES = ("Block", "Filesystem")
_IMMUTABLE = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"


def check_claim(causes: Causes, claim: Object) -> None:
    """A new claim."""
    check_claim_spec(causes, claim["spec"], "spec")


def check_claim_change(causes: Causes, claim: Object, before: Object, subresource: str) -> None:
    """A claim binds once; then only its size may grow."""
    if subresource == "status":
        for name, value in (claim.get("status", {}).get("capacity") or {}).items():
            check_basic(causes, value, f"status.capacity[{name}]")
        return
    check_claim_spec(causes, claim["spec"], "spec")
    _check_class_annotation(causes, claim, before)
    old, new = before["spec"], _masked(claim, before)
    if not same(new, old):
        difference = gostruct.difference("PersistentVolumeClaimSpec", old, new)
        causes.forbidden("spec", f"{_IMMUTABLE}\n{difference}")
    _check_size(causes, claim, before)
    if claim["spec"].get("volumeMode") != old.get("volumeMode"):
        causes.invalid("volumeMode", claim["spec"].get("volumeMode"), "field is immutable")


def check_claim_spec(causes: Causes, spec: Object, path: str) -> None:
    """Access modes, size, class and mode."""
    check_access_modes(
        causes, spec.get("accessModes") or [], f"{path}.accessModes", "at least 1 access mode is required"
    )
    check_selector(causes, spec.get("selector"), f"{path}.selector")
    size = (spec.get("resources", {}).get("requests") or {}).get("storage")
    if size is None:
        causes.required(f"{path}.resources[storage]")
    elif amount(size) <= 0:
        causes.invalid(f"{path}.resources[storage]", str(size), POSITIVE)
    for field in ("storageClassName", "volumeAttributesClassName"):
        if spec.get(field):
            causes.each(f"{path}.{field}", spec[field], formats.problems_of_subdomain(spec[field]))
    if spec.get("volumeMode") is not None and spec["volumeMode"] not in VOLUME_MODES:
        causes.unsupported(f"{path}.volumeMode", spec["volumeMode"], VOLUME_MODES)
    for field in ("dataSource", "dataSourceRef"):
        if spec.get(field) is not None:
            _check_source(causes, spec[field], f"{path}.{field}")
    _check_same_source(causes, spec.get("dataSource"), spec.get("dataSourceRef"), path)


def check_access_modes(causes: Causes, modes: list[str], path: str, detail: str = "") -> None:
    """How a volume may be mounted."""
    if not modes:
        causes.required(path, detail)
    for mode in modes:
        if mode not in ACCESS_MODES:
            causes.unsupported(path, mode, ACCESS_MODES)
    if "ReadWriteOncePod" in modes and any(mode in ACCESS_MODES[:3] for mode in modes):
        causes.forbidden(path, "may not use ReadWriteOncePod with other access modes")


def _check_same_source(causes: Causes, source: Object | None, reference: Object | None, path: str) -> None:
    """Both fields name one thing. Upstream shows a path of fields, which is printed as nothing."""
    if source is None or reference is None:
        return
    if reference.get("namespace"):
        causes.invalid(path, {}, "may not be specified when dataSourceRef.namespace is specified")
    elif any(source.get(field) != reference.get(field) for field in ("apiGroup", "kind", "name")):
        causes.invalid(path, {}, "must match dataSourceRef")


def _check_source(causes: Causes, source: Object, path: str) -> None:
    for field in ("name", "kind"):
        if not source.get(field):
            causes.required(f"{path}.{field}")
    group = source.get("apiGroup") or ""
    if not group and source.get("kind") != "PersistentVolumeClaim":
        text = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        causes.invalid(path, source.get("kind", ""), text)
    if group:
        causes.each(f"{path}.apiGroup", group, formats.problems_of_subdomain(group))
    if source.get("namespace"):
        causes.each(f"{path}.namespace", source["namespace"], formats.problems_of_label(source["namespace"]))


def _check_class_annotation(causes: Causes, claim: Object, before: Object) -> None:
    old, new = (annotations_of(item).get(_CLASS_ANNOTATION, "") for item in (before, claim))
    if old != new:
        causes.invalid(f"metadata.annotations.{_CLASS_ANNOTATION}", new, "field is immutable")


def _masked(claim: Object, before: Object) -> dict[str, Any]:
    """The new spec with what may change put back: the volume once, the class once, the size of a bound claim."""
    old, new = before["spec"], dict(claim["spec"])
    if not old.get("volumeName"):
        new.pop("volumeName", None)
    if "storageClassName" not in old:
        new.pop("storageClassName", None)
    if claim.get("status", {}).get("phase") == "Bound":
        resources = dict(new.get("resources") or {})
        wished = dict(resources.get("requests") or {})
        wished["storage"] = (old.get("resources", {}).get("requests") or {}).get("storage")
        new["resources"] = {**resources, "requests": wished}
        if "volumeAttributesClassName" in new:
            new["volumeAttributesClassName"] = old.get("volumeAttributesClassName")
    return new


def _check_size(causes: Causes, claim: Object, before: Object) -> None:
    """A claim may shrink only to take back a growth that never happened."""
    old, new = (
        amount((item["spec"].get("resources", {}).get("requests") or {}).get("storage", 0)) for item in (before, claim)
    )
    actual = amount((before.get("status", {}).get("capacity") or {}).get("storage", 0))
    if new < old and new <= actual:
        causes.forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")
