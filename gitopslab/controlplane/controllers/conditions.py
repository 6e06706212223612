"""Sets one condition in a list of conditions, keeping the times right.

Pure functions for every controller that reports through ``status.conditions``. They return new lists and leave what
they are given alone. What a condition says is the caller's.
"""

from __future__ import annotations

from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object, find_condition

Condition = tuple[str, str, str, str]
"""Type, status, reason and message."""


def put(conditions: list[Object], condition: Object) -> list[Object]:
    """The list with this condition in it, at its end when it is new or says something new.

    One with the same status and reason stays as it is; with the same status only, it keeps ``lastTransitionTime``
    (``SetDeploymentCondition`` and its kin).
    """
    known = find_condition(conditions, condition["type"])
    if known is not None and known.get("status") == condition["status"]:
        if known.get("reason") == condition.get("reason"):
            return conditions
        if "lastTransitionTime" in known:
            condition = {**condition, "lastTransitionTime": known["lastTransitionTime"]}
    return [*remove(conditions, condition["type"]), condition]


def with_condition(obj: Object, condition: Condition, now: float) -> Object:
    """The object with a condition; one that is there keeps its place, and its time while its status stays."""
    kind, state, reason, message = condition
    told = {"type": kind, "status": state, "lastTransitionTime": timestamp(now), "reason": reason, "message": message}
    status = obj.get("status") or {}
    conditions = list(status.get("conditions") or [])
    old = find_condition(conditions, kind)
    if old is None:
        conditions.append(told)
    else:
        if old.get("status") == state and old.get("lastTransitionTime"):
            told["lastTransitionTime"] = old["lastTransitionTime"]
        conditions[conditions.index(old)] = told
    return {**obj, "status": {**status, "conditions": conditions}}


def remove(conditions: list[Object], kind: str) -> list[Object]:
    """The list without the condition of this type."""
    return [condition for condition in conditions if condition.get("type") != kind]
