"""CertificateSigningRequests: each way of writing one may change one part of it, and the request itself none.

Called by ``prepare_update``. Upstream: ``pkg/registry/certificates/certificates/strategy.go``.
"""

from __future__ import annotations

from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object

_DECIDED = ("Approved", "Denied")


def prepare_update(obj: Object, before: Object, subresource: str, now: float) -> None:
    """Put back what this way may not change, and stamp new conditions.

    Args:
        obj: The wished state; changed in place.
        before: The stored state.
        subresource: ``approval`` writes conditions, ``status`` all but the decision, empty only metadata.
        now: The time.
    """
    obj["spec"] = before["spec"]
    old: Object = before.get("status") or {}
    conditions = (obj.get("status") or {}).get("conditions") or []
    if subresource == "status":
        conditions = _with_decision_of(conditions, old.get("conditions") or [])
        obj["status"] = {**(obj.get("status") or {})}
    else:
        obj["status"] = dict(old)
    if subresource:
        _set(obj["status"], _stamped(conditions, old.get("conditions") or [], timestamp(now)))


def _set(status: Object, conditions: list[Object]) -> None:
    status.pop("conditions", None)
    if conditions:
        status["conditions"] = conditions


def _with_decision_of(conditions: list[Object], old: list[Object]) -> list[Object]:
    """With Approved and Denied as they were, unless there are more or fewer: validation has a word for that."""
    for kind in _DECIDED:
        kept = [one for one in old if one.get("type") == kind]
        if len(kept) == sum(one.get("type") == kind for one in conditions):
            left = iter(kept)
            conditions = [next(left) if one.get("type") == kind else one for one in conditions]
    return conditions


def _stamped(conditions: list[Object], old: list[Object], now: str) -> list[Object]:
    """A condition that was there in this status keeps the time of its transition; other times missing are now."""
    since = {(one.get("type"), one.get("status")): one.get("lastTransitionTime") for one in old}
    return [
        {
            **one,
            "lastUpdateTime": one.get("lastUpdateTime") or now,
            "lastTransitionTime": one.get("lastTransitionTime")
            or since.get((one.get("type"), one.get("status")))
            or now,
        }
        for one in conditions
    ]
