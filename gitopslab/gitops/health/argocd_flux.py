"""Argo CD's health of Flux's objects, which it may deploy.

The scripts in ``resource_customizations/*.toolkit.fluxcd.io`` count conditions; the outcome here is the same.
"""

from __future__ import annotations

from collections.abc import Collection

from gitopslab.machinery.objects import Object, condition_of, is_condition_true

Told = tuple[str, str]


def reconciler(obj: Object) -> Told:
    """A Kustomization or an ImageUpdateAutomation: Ready, or waiting for it."""
    return _told(obj, going=_ready_is(obj, "Unknown") and is_condition_true(obj, "Reconciling"))


def source(obj: Object) -> Told:
    """Ready, and with an artifact."""
    going = _ready_is(obj, "Unknown") and is_condition_true(obj, "Reconciling")
    outdated = condition_of(obj, "ArtifactOutdated") or {}
    more = f" {outdated.get('reason', '')}" if outdated.get("status") == "True" else ""
    well = _ready_is(obj, "True") and is_condition_true(obj, "ArtifactInStorage")
    return _told(obj, going=going, well=well, more=more)


def helm_repository(obj: Object) -> Told:
    """As any source; one that is a registry has no status."""
    spec = obj.get("spec") or {}
    if spec.get("type") == "oci" and not spec.get("suspend"):
        return "Healthy", "Helm repositories of type 'oci' do not contain any information in the status."
    return source(obj)


def release(obj: Object) -> Told:
    """Two of ready, released and tested, exactly: with all three the script calls it degraded."""
    going = _ready_is(obj, "Unknown") and is_condition_true(obj, "Reconciling")
    true = sum(is_condition_true(obj, kind) for kind in ("Ready", "Released", "TestSuccess"))
    return _told(obj, going=going, well=true == 2)


def image_repository(obj: Object) -> Told:
    """Scanned, or scanning."""
    return _told(obj, going=_works_for(obj, ("NewGeneration", "Scanning")))


def image_policy(obj: Object) -> Told:
    """With an image, or looking for it. A policy cannot be suspended."""
    reasons = ("NewGeneration", "AccessingRepository", "ApplyingPolicy")
    return _told(obj, going=_works_for(obj, reasons), suspends=False)


def receiver(obj: Object) -> Told:
    """Ready or not."""
    return _told(obj, going=False)


def _told(obj: Object, *, going: bool, well: bool | None = None, more: str = "", suspends: bool = True) -> Told:
    if suspends and (obj.get("spec") or {}).get("suspend") is True:
        return "Suspended", f"{obj.get('kind')} is suspended"
    if not (obj.get("status") or {}).get("conditions"):
        return "Progressing", "Status unknown"
    message = (condition_of(obj, "Ready") or {}).get("reason", "") + more
    if going:
        return "Progressing", message
    is_well = _ready_is(obj, "True") if well is None else well
    return ("Healthy" if is_well else "Degraded"), message


def _ready_is(obj: Object, status: str) -> bool:
    return (condition_of(obj, "Ready") or {}).get("status") == status


def _works_for(obj: Object, reasons: Collection[str]) -> bool:
    working = condition_of(obj, "Reconciling") or {}
    return _ready_is(obj, "False") and working.get("status") == "True" and working.get("reason") in reasons
