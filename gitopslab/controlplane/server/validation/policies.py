"""Rules of LimitRange, ResourceQuota, PodDisruptionBudget, PriorityClass and RuntimeClass."""

from __future__ import annotations

from decimal import Decimal

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.metadata import check_immutable, check_labels, check_selector
from gitopslab.controlplane.server.validation.numbers import (
    amount,
    check_at_most_everything,
    check_count_or_percent,
    check_not_negative,
)
from gitopslab.controlplane.server.validation.resources import (
    check_container_name,
    check_name,
    check_quantity,
    check_quota_name,
    check_requirements,
    may_overcommit,
)
from gitopslab.controlplane.server.validation.scheduling import check_tolerations
from gitopslab.controlplane.server.validation.scopes import check_scopes
from gitopslab.machinery.objects import Object, name_of

_LIMIT_TYPES = ("Container", "Pod", "PersistentVolumeClaim")
_EVICTION_POLICIES = ("AlwaysAllow", "IfHealthyBudget")
_BUDGET_COUNTS = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
_HIGHEST_USER_PRIORITY = 1_000_000_000
_SYSTEM_CLASSES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}


def check_limit_range(causes: Causes, limit_range: Object) -> None:
    """A new or changed LimitRange."""
    seen: set[str] = set()
    for index, item in enumerate(limit_range.get("spec", {}).get("limits") or ()):
        path, kind = f"spec.limits[{index}]", item.get("type") or ""
        problems = formats.problems_of_qualified_name(kind)
        causes.each(f"{path}.type", kind, problems)
        if not problems and "/" not in kind and kind not in _LIMIT_TYPES:
            causes.invalid(f"{path}.type", kind, "must be a standard limit type or fully qualified")
        if kind in seen:
            causes.duplicate(f"{path}.type", kind)
        seen.add(kind)
        _check_limit_names(causes, item, kind, path)
        _check_limit_order(causes, item, path)


def check_limit_range_change(causes: Causes, limit_range: Object, before: Object, subresource: str) -> None:
    """Everything may change."""
    check_limit_range(causes, limit_range)


def check_quota(causes: Causes, quota: Object) -> None:
    """A new ResourceQuota."""
    spec = quota.get("spec") or {}
    _check_amounts(causes, spec.get("hard") or {}, "spec.hard")
    check_scopes(causes, spec)


def _check_amounts(causes: Causes, amounts: Object, path: str) -> None:
    for name, value in amounts.items():
        check_quota_name(causes, name, f"{path}[{name}]")
        check_quantity(causes, name, value, f"{path}[{name}]")


def check_quota_change(causes: Causes, quota: Object, before: Object, subresource: str) -> None:
    """Its scopes stay."""
    if subresource == "status":
        for field in ("hard", "used"):
            _check_amounts(causes, (quota.get("status") or {}).get(field) or {}, f"status.{field}")
        return
    check_quota(causes, quota)
    new, old = (item.get("spec", {}).get("scopes") or [] for item in (quota, before))
    if set(new) != set(old):
        causes.invalid("spec.scopes", new or None, "field is immutable")


def check_budget(causes: Causes, budget: Object) -> None:
    """A new or changed PodDisruptionBudget."""
    spec = budget.get("spec") or {}
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        shown = {
            "MinAvailable": spec["minAvailable"],
            "Selector": spec.get("selector"),
            "MaxUnavailable": spec["maxUnavailable"],
            "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy"),
        }
        causes.invalid("spec", shown, "minAvailable and maxUnavailable cannot be both set")
    for field in ("minAvailable", "maxUnavailable"):
        check_count_or_percent(causes, spec.get(field), f"spec.{field}")
        check_at_most_everything(causes, spec.get(field), f"spec.{field}")
    check_selector(causes, spec.get("selector"), "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in _EVICTION_POLICIES:
        causes.unsupported("spec.unhealthyPodEvictionPolicy", policy, _EVICTION_POLICIES)


def check_budget_change(causes: Causes, budget: Object, before: Object, subresource: str) -> None:
    """Everything may change."""
    if subresource == "status":
        check_not_negative(causes, budget.get("status") or {}, "status", *_BUDGET_COUNTS)
    else:
        check_budget(causes, budget)


def check_runtime_class(causes: Causes, runtime_class: Object) -> None:
    """A new or changed RuntimeClass."""
    handler = runtime_class.get("handler") or ""
    if not handler:
        causes.required("handler")
    else:
        causes.each("handler", handler, formats.problems_of_label(handler))
    overhead, scheduling = runtime_class.get("overhead"), runtime_class.get("scheduling")
    if overhead:
        check_requirements(causes, {"limits": overhead.get("podFixed")}, "overhead")
    if scheduling:
        check_labels(causes, scheduling.get("nodeSelector"), "scheduling.nodeSelector")
        tolerations = scheduling.get("tolerations") or []
        check_tolerations(causes, tolerations, "scheduling.tolerations")
        seen: list[tuple[str, ...]] = []
        for index, one in enumerate(tolerations):
            key = tuple(one.get(field) or "" for field in ("key", "operator", "value", "effect"))
            if key in seen:
                causes.duplicate(f"scheduling.tolerations[{index}]", one)
            seen.append(key)


def check_runtime_class_change(causes: Causes, runtime_class: Object, before: Object, subresource: str) -> None:
    """The handler stays."""
    if runtime_class.get("handler") != before.get("handler"):
        causes.invalid("handler", runtime_class.get("handler") or "", "field is immutable")


def check_priority_class(causes: Causes, priority_class: Object) -> None:
    """A new PriorityClass; the highest numbers are the system's."""
    name, value = name_of(priority_class), priority_class.get("value", 0)
    if name.startswith("system-"):
        if _SYSTEM_CLASSES.get(name) != value:
            text = "priority class names with 'system-' prefix are reserved for system use only. error: "
            known = f"value of {name} PriorityClass must be {_SYSTEM_CLASSES.get(name)}"
            unknown = f"{name} is not a known system priority class"
            causes.forbidden("metadata.name", text + (known if name in _SYSTEM_CLASSES else unknown))
    elif value > _HIGHEST_USER_PRIORITY:
        text = f"maximum allowed value of a user defined priority is {_HIGHEST_USER_PRIORITY}"
        causes.forbidden("value", text)
    policy = priority_class.get("preemptionPolicy")
    if policy == "":
        causes.required("preemptionPolicy")
    elif policy is not None and policy not in ("PreemptLowerPriority", "Never"):
        causes.unsupported("preemptionPolicy", policy, ("PreemptLowerPriority", "Never"))


def check_priority_class_change(causes: Causes, priority_class: Object, before: Object, subresource: str) -> None:
    """Pods have the number already, so it stays."""
    if priority_class.get("value", 0) != before.get("value", 0):
        causes.forbidden("value", "may not be changed in an update.")
    check_immutable(causes, priority_class.get("preemptionPolicy"), before.get("preemptionPolicy"), "preemptionPolicy")


def _check_limit_names(causes: Causes, item: Object, kind: str, path: str) -> None:
    if kind == "Pod":
        for field in ("default", "defaultRequest"):
            if item.get(field):
                causes.forbidden(f"{path}.{field}", "may not be specified when `type` is 'Pod'")
    if kind == "PersistentVolumeClaim" and not any("storage" in (item.get(field) or {}) for field in ("min", "max")):
        text = "either minimum or maximum storage value is required, but neither was provided"
        causes.required(f"{path}.limits", text)
    for field in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio"):
        for name in item.get(field) or ():
            if kind in ("Pod", "Container"):
                check_container_name(causes, name, f"{path}.{field}[{name}]")
            else:
                check_name(causes, name, f"{path}.{field}[{name}]")


def _check_limit_order(causes: Causes, item: Object, path: str) -> None:
    """``min`` ≤ ``defaultRequest`` ≤ ``default`` ≤ ``max``."""
    low, high = item.get("min") or {}, item.get("max") or {}
    limit, request = item.get("default") or {}, item.get("defaultRequest") or {}
    rows = (
        (low, high, "min", low, "min value {0} is greater than max value {1}"),
        (low, request, "defaultRequest", request, "min value {0} is greater than default request value {1}"),
        (request, high, "defaultRequest", request, "default request value {0} is greater than max value {1}"),
        (
            request,
            limit,
            "defaultRequest",
            request,
            "default request value {0} is greater than default limit value {1}",
        ),
        (low, limit, "default", low, "min value {0} is greater than default value {1}"),
        (limit, high, "default", high, "default value {0} is greater than max value {1}"),
    )
    for smaller, larger, field, shown, text in rows:
        for name in smaller.keys() & larger.keys():
            if amount(smaller[name]) > amount(larger[name]):
                causes.invalid(f"{path}.{field}[{name}]", shown[name], text.format(smaller[name], larger[name]))
    for name, ratio in (item.get("maxLimitRequestRatio") or {}).items():
        if amount(ratio) < 1:
            causes.invalid(f"{path}.maxLimitRequestRatio[{name}]", ratio, f"ratio {ratio} is less than 1")
        if amount(low.get(name, 0)) and name in high:
            _check_ratio(causes, ratio, amount(high[name]) / amount(low[name]), f"{path}.maxLimitRequestRatio[{name}]")
    for name in request.keys() & limit.keys():
        if not may_overcommit(name) and amount(request[name]) != amount(limit[name]):
            text = f"default value {limit[name]} must equal to defaultRequest value {request[name]} in {name}"
            causes.invalid(f"{path}.defaultRequest[{name}]", request[name], text)


def _check_ratio(causes: Causes, ratio: str, highest: Decimal, path: str) -> None:
    if amount(ratio) > highest:
        causes.invalid(path, ratio, f"ratio {ratio} is greater than max/min = {float(highest):f}")
