"""What an ApplicationSet says of itself: conditions, health, and the Applications it has. Pure.

Source: ``setApplicationSetStatusCondition`` in ``applicationset/controllers/applicationset_controller.go``,
``applicationset/status``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gitopslab.gitops.argocd.kinds import GROUP
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object, find_condition, name_of, namespace_of

UP_TO_DATE = "All applications have been generated successfully"
_GENERATED = "Successfully generated parameters for all Applications"
_HEALTH = (("ErrorOccurred", "Degraded"), ("RolloutProgressing", "Progressing"), ("ResourcesUpToDate", "Healthy"))
_FIELDS = ("type", "status", "reason", "message")


def well() -> list[Object]:
    """The conditions of one that has all its Applications."""
    reason = "ApplicationSetUpToDate"
    return [
        _condition("ErrorOccurred", False, reason, UP_TO_DATE),
        _condition("ParametersGenerated", True, "ParametersGenerated", _GENERATED),
        _condition("ResourcesUpToDate", True, reason, UP_TO_DATE),
    ]


def failed(reason: str, message: str, *, generated: bool) -> list[Object]:
    """The conditions of one that could not be followed.

    Args:
        reason: As in ``ApplicationValidationError``.
        message: What is wrong.
        generated: Whether there are parameters at all.
    """
    parameters = _condition("ParametersGenerated", True, "ParametersGenerated", _GENERATED)
    if not generated:
        parameters = _condition("ParametersGenerated", False, "ErrorOccurred", message)
    return [
        _condition("ErrorOccurred", True, reason, message),
        parameters,
        _condition("ResourcesUpToDate", False, "ErrorOccurred", message),
    ]


def status(before: Object, conditions: Sequence[Object], apps: Iterable[Object] | None, now: float) -> Object:
    """The status of an ApplicationSet.

    Args:
        before: As it was.
        conditions: What is so now; one that was so before keeps its time.
        apps: Its Applications; None when they were not looked at.
        now: Seconds since the epoch.
    """
    told = [_timed(condition, before.get("conditions") or [], now) for condition in conditions]
    found = {**before, "conditions": told, "health": _health(told)}
    if apps is not None:
        resources = [_resource(app) for app in sorted(apps, key=name_of)]
        found |= {"resources": resources, "resourcesCount": len(resources)}
    return {key: value for key, value in found.items() if value not in ([], 0)}


def _condition(kind: str, is_true: bool, reason: str, message: str) -> Object:
    return {"type": kind, "status": str(is_true), "reason": reason, "message": message}


def _timed(condition: Object, before: Sequence[Object], now: float) -> Object:
    known = find_condition(before, condition["type"])
    if known is not None and all(known.get(field) == condition[field] for field in _FIELDS):
        return known
    return {**condition, "lastTransitionTime": timestamp(now)}


def _health(conditions: Sequence[Object]) -> Object:
    for kind, health in _HEALTH:
        condition = find_condition(conditions, kind)
        if condition is not None and condition["status"] == "True":
            return {"status": health, "message": condition["message"]}
    return {"status": "Unknown", "message": "Waiting for health status to be determined"}


def _resource(app: Object) -> Object:
    told = app.get("status") or {}
    found = {"group": GROUP, "version": "v1alpha1", "kind": "Application"}
    found |= {"name": name_of(app), "namespace": namespace_of(app)}
    sync, health = ((told.get(part) or {}).get("status") for part in ("sync", "health"))
    return {**found, **({"status": sync} if sync else {}), "health": {"status": health} if health else {}}
