"""The metrics and the behavior of an autoscaler, in the words of the annotations in which ``autoscaling/v1`` has them.

``v1`` has metrics of an older form: what ``v2`` says in a ``target`` (or a ``current`` value) it says in a field for
each sort of value. A behavior is written with the names that Go gives its fields, and read with names in any case.

Upstream: ``pkg/apis/autoscaling/v1/conversion.go``. Pure, called by ``autoscalers``.
"""

from __future__ import annotations

from gitopslab.machinery.objects import Object

_RULES = ("stabilizationWindowSeconds", "selectPolicy", "policies", "tolerance")
_POLICY = ("type", "value", "periodSeconds")
_ZERO = "0"  # a quantity that Go writes out though nobody set it


def metric_to_v1(metric: Object, when: str) -> Object:
    """A metric of ``v2`` in the words of ``v1``; ``when`` is ``target``, or ``current`` in a status."""
    made = {"type": metric.get("type")}
    for source, write in _WRITERS.items():
        if (part := metric.get(source)) is not None:
            made[source] = _given(write(part, part.get(when) or {}, when))
    return made


def metric_from_v1(metric: Object, when: str) -> Object:
    """A metric of ``v1`` in the words of ``v2``.

    Raises:
        TypeError: It is no metric.
        AttributeError: It is no metric.
    """
    made: Object = {"type": metric.get("type")}
    for source, read in _READERS.items():
        if (part := metric.get(source)) is not None:
            written, value = read(part, when)
            made[source] = {**_given(written), when: _given(value)}
    return made


def behavior_to_v1(behavior: Object) -> Object:
    """A behavior as Go writes a type that says nothing of its names in JSON."""
    return {_go_name(side): _rules(behavior.get(side)) for side in ("scaleUp", "scaleDown")}


def behavior_from_v1(behavior: Object) -> Object:
    """A behavior, whatever the case of its names; names nobody knows are left out.

    Raises:
        TypeError: It is no behavior.
        AttributeError: It is no behavior.
    """
    sides = _named(behavior, ("scaleUp", "scaleDown"))
    made = {side: _named(rules, _RULES) for side, rules in sides.items()}
    for rules in made.values():
        if "policies" in rules:
            rules["policies"] = [_named(policy, _POLICY) for policy in rules["policies"]]
    return made


def _rules(rules: Object | None) -> Object | None:
    if rules is None:
        return None
    policies = rules.get("policies")
    listed = policies and [{_go_name(field): policy.get(field) for field in _POLICY} for policy in policies]
    return {_go_name(field): rules.get(field) for field in _RULES} | {"Policies": listed}


def _named(given: Object, names: tuple[str, ...]) -> Object:
    known = {name.lower(): name for name in names}
    return {known[key.lower()]: value for key, value in given.items() if key.lower() in known and value is not None}


def _go_name(name: str) -> str:
    return name[0].upper() + name[1:]


def _given(fields: Object) -> Object:
    return {field: value for field, value in fields.items() if value is not None}


def _field(when: str, name: str) -> str:
    return f"{when}{name}"


def _resource_to_v1(part: Object, value: Object, when: str) -> Object:
    average = value.get("averageValue") or (None if when == "target" else _ZERO)
    return {
        "name": part.get("name"),
        _field(when, "AverageUtilization"): value.get("averageUtilization"),
        _field(when, "AverageValue"): average,
        "container": part.get("container"),
    }


def _pods_to_v1(part: Object, value: Object, when: str) -> Object:
    metric = part.get("metric") or {}
    return {
        "metricName": metric.get("name"),
        _field(when, "AverageValue"): value.get("averageValue") or _ZERO,
        "selector": metric.get("selector"),
    }


def _object_to_v1(part: Object, value: Object, when: str) -> Object:
    metric, target = part.get("metric") or {}, part.get("describedObject") or {}
    return {
        "target": {field: target[field] for field in ("kind", "name", "apiVersion") if field in target},
        "metricName": metric.get("name"),
        _field(when, "Value"): value.get("value") or _ZERO,
        "selector": metric.get("selector"),
        "averageValue": value.get("averageValue"),
    }


def _external_to_v1(part: Object, value: Object, when: str) -> Object:
    metric = part.get("metric") or {}
    return {
        "metricName": metric.get("name"),
        "metricSelector": metric.get("selector"),
        _field(when, "Value"): value.get("value") or (None if when == "target" else _ZERO),
        _field(when, "AverageValue"): value.get("averageValue"),
    }


def _resource_from_v1(part: Object, when: str) -> tuple[Object, Object]:
    utilization = part.get(_field(when, "AverageUtilization"))
    value = {
        "type": "AverageValue" if utilization is None else "Utilization",
        "averageValue": part.get(_field(when, "AverageValue")),
        "averageUtilization": utilization,
    }
    return {"name": part.get("name"), "container": part.get("container")}, value


def _pods_from_v1(part: Object, when: str) -> tuple[Object, Object]:
    value = {"type": "AverageValue", "averageValue": part.get(_field(when, "AverageValue"))}
    return {"metric": _metric(part, "selector")}, value


def _object_from_v1(part: Object, when: str) -> tuple[Object, Object]:
    average, total = part.get("averageValue"), part.get(_field(when, "Value"))
    if average is not None and when == "target" and total in (0, _ZERO):
        total = None  # v1 cannot leave it out
    value = {"type": "Value" if average is None else "AverageValue", "value": total, "averageValue": average}
    return {"describedObject": part.get("target"), "metric": _metric(part, "selector")}, value


def _external_from_v1(part: Object, when: str) -> tuple[Object, Object]:
    total = part.get(_field(when, "Value"))
    value = {
        "type": "AverageValue" if total is None else "Value",
        "value": total,
        "averageValue": part.get(_field(when, "AverageValue")),
    }
    return {"metric": _metric(part, "metricSelector")}, value


def _metric(part: Object, selector: str) -> Object:
    return _given({"name": part.get("metricName"), "selector": part.get(selector)})


_WRITERS = {
    "object": _object_to_v1,
    "pods": _pods_to_v1,
    "resource": _resource_to_v1,
    "containerResource": _resource_to_v1,
    "external": _external_to_v1,
}
_READERS = {
    "object": _object_from_v1,
    "pods": _pods_from_v1,
    "resource": _resource_from_v1,
    "containerResource": _resource_from_v1,
    "external": _external_from_v1,
}
