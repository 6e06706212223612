"""Flux's conditions: which there are, and how they are put into a status.

Source: ``fluxcd/pkg/apis/meta`` and ``fluxcd/pkg/runtime/conditions``. A condition's ``lastTransitionTime`` moves with
any change of its status, reason or message.
"""

from __future__ import annotations

from dataclasses import dataclass

from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object, find_condition

READY = "Ready"
RECONCILING = "Reconciling"
STALLED = "Stalled"
HEALTHY = "Healthy"

_FIRST = {STALLED: 0, RECONCILING: 1, READY: 2}


@dataclass(frozen=True, slots=True)
class Condition:
    """What is to be said."""

    type: str
    status: str
    reason: str
    message: str

    @classmethod
    def true(cls, type: str, reason: str, message: str) -> Condition:
        """It is so."""
        return cls(type, "True", reason, message)

    @classmethod
    def false(cls, type: str, reason: str, message: str) -> Condition:
        """It is not so."""
        return cls(type, "False", reason, message)

    @classmethod
    def unknown(cls, type: str, reason: str, message: str) -> Condition:
        """It is not known yet."""
        return cls(type, "Unknown", reason, message)


def put(conditions: list[Object], *said: Condition, generation: int, now: float) -> list[Object]:
    """The conditions and these, in Flux's order: Stalled, Reconciling, Ready; then the newest; then by name."""
    found = list(conditions)
    for each in said:
        told = {
            "lastTransitionTime": timestamp(now),
            "message": each.message,
            "observedGeneration": generation,
            "reason": each.reason,
            "status": each.status,
            "type": each.type,
        }
        known = find_condition(found, each.type)
        if known is not None and all(known.get(key) == told[key] for key in ("status", "reason", "message")):
            told["lastTransitionTime"] = known.get("lastTransitionTime", told["lastTransitionTime"])
        found = [*without(found, each.type), told]
    return sorted(found, key=_place)


def _place(condition: Object) -> tuple[int, int, str]:
    weight = _FIRST.get(condition["type"], len(_FIRST))
    is_first = weight < len(_FIRST)
    return weight, 0 if is_first else -int(condition.get("observedGeneration", 0)), condition["type"]


def without(conditions: list[Object], *types: str) -> list[Object]:
    """The conditions but those of these types."""
    return [condition for condition in conditions if condition.get("type") not in types]
