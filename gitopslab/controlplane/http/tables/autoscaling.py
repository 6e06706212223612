"""HorizontalPodAutoscalers and Scales in a table: what is measured against what is aimed at."""

from __future__ import annotations

from typing import Any

from gitopslab.controlplane.http.tables.printer import AGE, NAME, NONE, UNKNOWN, UNSET, Cells, Column, Printer, age
from gitopslab.machinery.objects import Object, name_of

_FIELDS = {
    "External": "external",
    "Pods": "pods",
    "Object": "object",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}
_MOST = 2  # metrics shown before "+ N more..."


def _autoscaler(obj: Object, now: float) -> Cells:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    target = spec.get("scaleTargetRef", {})
    least = spec.get("minReplicas")
    return [
        name_of(obj),
        f"{target.get('kind', '')}/{target.get('name', '')}",
        _metrics(spec.get("metrics") or [], status.get("currentMetrics") or []),
        UNSET if least is None else str(least),
        spec.get("maxReplicas", 0),
        status.get("currentReplicas", 0),
        age(obj, now),
    ]


def _metrics(specs: list[Object], statuses: list[Object]) -> str:
    if not specs:
        return NONE
    texts = [_metric(spec, statuses[at] if at < len(statuses) else {}) for at, spec in enumerate(specs)]
    shown = ", ".join(texts[:_MOST])
    return f"{shown} + {len(texts) - _MOST} more..." if len(texts) > _MOST else shown


def _metric(spec: Object, status: Object) -> str:
    field = _FIELDS.get(spec.get("type", ""))
    if field is None:
        return "<unknown type>"
    source = spec.get(field) or {}
    target, current = source.get("target") or {}, (status.get(field) or {}).get("current") or {}
    average = target.get("averageValue")
    if field in ("resource", "containerResource"):
        seen, wanted = _resource(target, current)
        return f"{source.get('name', '')}: {seen}/{wanted}"
    if field == "pods":
        return f"{current.get('averageValue', UNKNOWN)}/{average}"
    if average is not None:
        return f"{current.get('averageValue', UNKNOWN)}/{average} (avg)"
    return f"{current.get('value', UNKNOWN)}/{target.get('value', '0')}"


def _resource(target: Object, current: Object) -> tuple[Any, Any]:
    if target.get("averageValue") is not None:
        return current.get("averageValue", UNKNOWN), target["averageValue"]
    return _percent(current, UNKNOWN), _percent(target, "<auto>")


def _percent(value: Object, missing: str) -> str:
    utilization = value.get("averageUtilization")
    return missing if utilization is None else f"{utilization}%"


def _scale(obj: Object, now: float) -> Cells:
    return [
        name_of(obj),
        obj.get("spec", {}).get("replicas", 0),
        obj.get("status", {}).get("replicas", 0),
        age(obj, now),
    ]


PRINTERS = {
    "horizontalpodautoscalers.autoscaling": Printer(
        (
            NAME,
            Column("Reference", "What is scaled."),
            Column("Targets", "Each metric: what it is, and what it should be."),
            Column("MinPods", "Never fewer than this."),
            Column("MaxPods", "Never more than this."),
            Column("Replicas", "How many there are."),
            AGE,
        ),
        _autoscaler,
    ),
    "scales.autoscaling": Printer(
        (
            Column("Name", "Unique within a namespace; cannot be changed."),  # the real one has no format here
            Column("Desired", "How many pods are wanted.", type="integer"),
            Column("Available", "How many pods there are.", type="integer"),
            AGE,
        ),
        _scale,
    ),
}
