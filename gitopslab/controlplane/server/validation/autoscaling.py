"""Rules of HorizontalPodAutoscaler: its bounds, its target, its metrics and its behavior.

Upstream: ``pkg/apis/autoscaling/validation``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.numbers import NOT_NEGATIVE, POSITIVE, amount, check_not_negative
from gitopslab.controlplane.server.validation.resources import check_container_name
from gitopslab.machinery.objects import Object

_LONGEST_WINDOW, _LONGEST_PERIOD = 3600, 1800
_SELECT = ("Disabled", "Max", "Min")
_POLICIES = ("Percent", "Pods")
_TARGETS = ("Utilization", "Value", "AverageValue")
_ONLY = "must populate the given metric source only"
_NEITHER = "must set either a target raw value or a target utilization"
_BOTH = "may not set both a target raw value and a target utilization"


def check_autoscaler(causes: Causes, autoscaler: Object) -> None:
    """A new HorizontalPodAutoscaler."""
    _check_spec(causes, autoscaler.get("spec") or {}, checks_version=True)


def check_autoscaler_change(causes: Causes, autoscaler: Object, before: Object, subresource: str) -> None:
    """Everything may change; a target that stays is not looked at again."""
    if subresource == "status":
        check_not_negative(causes, autoscaler.get("status") or {}, "status", "currentReplicas", "desiredReplicas")
        return
    spec = autoscaler.get("spec") or {}
    is_moved = _target_type(spec) != _target_type(before.get("spec") or {})
    _check_spec(causes, spec, checks_version=is_moved)


def _target_type(spec: Object) -> tuple[Any, Any]:
    target = spec.get("scaleTargetRef") or {}
    return target.get("apiVersion"), target.get("kind")


def _check_spec(causes: Causes, spec: Object, *, checks_version: bool) -> None:
    low, high = spec.get("minReplicas"), spec.get("maxReplicas", 0)
    if low is not None and low < 1:
        causes.invalid("spec.minReplicas", low, "must be greater than or equal to 1")
    if high == 0:
        causes.required("spec.maxReplicas", "must be set and greater than 0")
    elif high < 0:
        causes.invalid("spec.maxReplicas", high, "must be greater than or equal to 1")
    if low is not None and high < low:
        causes.invalid("spec.maxReplicas", high, "must be greater than or equal to `minReplicas`")
    target = spec.get("scaleTargetRef") or {}
    _check_reference(causes, target, "spec.scaleTargetRef")
    if checks_version:
        _check_version(causes, target, "spec.scaleTargetRef", needs_group=target.get("kind") != "ReplicationController")
    metrics = spec.get("metrics") or []
    for index, metric in enumerate(metrics):
        _check_metric(causes, metric, f"spec.metrics[{index}]")
    if low == 0 and not any(metric.get("type") in ("Object", "External") for metric in metrics):
        text = "must specify at least one Object or External metric to support scaling to zero replicas"
        causes.forbidden("spec.metrics", text)
    behavior = spec.get("behavior") or {}
    for way in ("scaleUp", "scaleDown"):
        if way in behavior:
            _check_rules(causes, behavior[way], f"spec.behavior.{way}")


def _check_reference(causes: Causes, reference: Object, path: str) -> None:
    for field in ("kind", "name"):
        value = reference.get(field)
        if not value:
            causes.required(f"{path}.{field}")
        else:
            causes.each(f"{path}.{field}", value, formats.problems_of_path_segment(value))


def _check_version(causes: Causes, reference: Object, path: str, *, needs_group: bool) -> None:
    version = reference.get("apiVersion") or ""
    if version.count("/") > 1:
        causes.invalid(f"{path}.apiVersion", version, f"unexpected GroupVersion string: {version}")
    elif needs_group and "/" not in version:
        causes.invalid(f"{path}.apiVersion", version, "apiVersion must specify API group")


# -- metrics ----------------------------------------------------------------------------------------------------------


def _check_metric(causes: Causes, metric: Object, path: str) -> None:
    kind = metric.get("type") or ""
    if not kind:
        causes.required(f"{path}.type", "must specify a metric source type")
    if kind not in _SOURCES:
        causes.unsupported(f"{path}.type", kind, sorted(_SOURCES))
    present = [(field, check) for field, check in _SOURCES.values() if metric.get(field) is not None]
    for field, check in present[:1]:
        check(causes, metric[field], f"{path}.{field}")
    expected = _SOURCES[kind][0] if kind in _SOURCES else ""
    if expected and metric.get(expected) is None:
        causes.required(f"{path}.{expected}", "must populate information for the given metric source")
    if len(present) != 1:
        for field, _ in present:
            if field != expected:
                causes.forbidden(f"{path}.{field}", _ONLY)


def _check_object(causes: Causes, source: Object, path: str) -> None:
    described = source.get("describedObject") or {}
    _check_reference(causes, described, f"{path}.describedObject")
    _check_version(causes, described, f"{path}.describedObject", needs_group=False)
    _check_identifier(causes, source, path)
    target = _check_target(causes, source, path)
    if target.get("value") is None and target.get("averageValue") is None:
        causes.required(f"{path}.target.averageValue", "must set either a target value or averageValue")


def _check_external(causes: Causes, source: Object, path: str) -> None:
    _check_identifier(causes, source, path)
    target = _check_target(causes, source, path)
    value, average = target.get("value"), target.get("averageValue")
    text = "a target value for metric {} a per-pod target"
    if value is None and average is None:
        causes.required(f"{path}.target.averageValue", f"must set either {text.format('or')}")
    if value is not None and average is not None:
        causes.forbidden(f"{path}.target.value", f"may not set both {text.format('and')}")


def _check_pods(causes: Causes, source: Object, path: str) -> None:
    _check_identifier(causes, source, path)
    if _check_target(causes, source, path).get("averageValue") is None:
        causes.required(f"{path}.target.averageValue", "must specify a positive target averageValue")


def _check_resource(causes: Causes, source: Object, path: str) -> None:
    if not source.get("name"):
        causes.required(f"{path}.name", "must specify a resource name")
    _check_amount_or_percentage(causes, source, path)


def _check_container_resource(causes: Causes, source: Object, path: str) -> None:
    if not source.get("name"):
        causes.required(f"{path}.name", "must specify a resource name")
    else:
        check_container_name(causes, source["name"], f"{path}.name")
    if not source.get("container"):
        causes.required(f"{path}.container", "must specify a container")
    else:
        causes.each(f"{path}.container", source["container"], formats.problems_of_label(source["container"]))
    _check_amount_or_percentage(causes, source, path)


def _check_amount_or_percentage(causes: Causes, source: Object, path: str) -> None:
    target = _check_target(causes, source, path)
    is_percentage, is_amount = target.get("averageUtilization") is not None, target.get("averageValue") is not None
    if not is_percentage and not is_amount:
        causes.required(f"{path}.target.averageUtilization", _NEITHER)
    if is_percentage and is_amount:
        causes.forbidden(f"{path}.target.averageValue", _BOTH)


def _check_identifier(causes: Causes, source: Object, path: str) -> None:
    name = (source.get("metric") or {}).get("name")
    if not name:
        causes.required(f"{path}.metric.name", "must specify a metric name")
    else:
        causes.each(f"{path}.metric.name", name, formats.problems_of_path_segment(name))


def _check_target(causes: Causes, source: Object, path: str) -> Object:
    """The target of a source, after a look at what it says."""
    target: Object = source.get("target") or {}
    kind, path = target.get("type") or "", f"{path}.target"
    if not kind:
        causes.required(f"{path}.type", "must specify a metric target type")
    if kind not in _TARGETS:
        causes.invalid(f"{path}.type", kind, "must be either Utilization, Value, or AverageValue")
    for field in ("value", "averageValue"):
        if target.get(field) is not None and amount(target[field]) <= 0:
            causes.invalid(f"{path}.{field}", target[field], "must be positive")
    percentage = target.get("averageUtilization")
    if percentage is not None and percentage < 1:
        causes.invalid(f"{path}.averageUtilization", percentage, "must be greater than 0")
    return target


_SOURCES: dict[str, tuple[str, Callable[[Causes, Object, str], None]]] = {
    "Object": ("object", _check_object),
    "External": ("external", _check_external),
    "Pods": ("pods", _check_pods),
    "Resource": ("resource", _check_resource),
    "ContainerResource": ("containerResource", _check_container_resource),
}
"""Types of metrics: the field each is told in, and its rules; of several only the first is looked at, in this order."""


# -- behavior ---------------------------------------------------------------------------------------------------------


def _check_rules(causes: Causes, rules: Object, path: str) -> None:
    window, select = rules.get("stabilizationWindowSeconds"), rules.get("selectPolicy")
    if window is not None and window < 0:
        causes.invalid(f"{path}.stabilizationWindowSeconds", window, "must be greater than or equal to zero")
    if window is not None and window > _LONGEST_WINDOW:
        text = f"must be less than or equal to {_LONGEST_WINDOW}"
        causes.invalid(f"{path}.stabilizationWindowSeconds", window, text)
    if select is not None and select not in _SELECT:
        causes.unsupported(f"{path}.selectPolicy", select, _SELECT)
    if not rules.get("policies"):
        causes.required(f"{path}.policies", "must specify at least one Policy")
    for index, policy in enumerate(rules.get("policies") or ()):
        _check_policy(causes, policy, f"{path}.policies[{index}]")
    tolerance = rules.get("tolerance")
    if tolerance is not None and amount(tolerance) < 0:
        causes.invalid(f"{path}.tolerance", str(tolerance), NOT_NEGATIVE)


def _check_policy(causes: Causes, policy: Object, path: str) -> None:
    if policy.get("type") not in _POLICIES:
        causes.unsupported(f"{path}.type", policy.get("type") or "", _POLICIES)
    for field in ("value", "periodSeconds"):
        if policy.get(field, 0) <= 0:
            causes.invalid(f"{path}.{field}", policy.get(field, 0), POSITIVE)
    if policy.get("periodSeconds", 0) > _LONGEST_PERIOD:
        text = f"must be less than or equal to {_LONGEST_PERIOD}"
        causes.invalid(f"{path}.periodSeconds", policy["periodSeconds"], text)
