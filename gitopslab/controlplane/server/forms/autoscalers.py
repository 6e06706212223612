"""One HorizontalPodAutoscaler, two versions: ``autoscaling/v2``, in which it is kept, and the older ``v1``.

``v1`` knows one metric, the CPU. What else there is of an autoscaler it carries in annotations.

Upstream: ``pkg/apis/autoscaling/v1/conversion.go``. Pure.
"""

from __future__ import annotations

from typing import Any

import orjson

from gitopslab.controlplane.server.forms.metricspecs import (
    behavior_from_v1,
    behavior_to_v1,
    metric_from_v1,
    metric_to_v1,
)
from gitopslab.controlplane.server.records import Record
from gitopslab.machinery import schema
from gitopslab.machinery.objects import Object
from gitopslab.machinery.typed import Reader, TypedError

_PREFIX = "autoscaling.alpha.kubernetes.io/"
_CARRIED = {
    "metrics": ("spec", "metrics"),
    "current-metrics": ("status", "currentMetrics"),
    "behavior": ("spec", "behavior"),
    "conditions": ("status", "conditions"),
}
"""What annotations carry, by the end of their names."""
_TOLERANCES = ("scale-down-tolerance", "scale-up-tolerance")  # of old; they are dropped

_V2 = schema.struct("autoscaling.v2.HorizontalPodAutoscaler")
_SAME_STATUS = ("observedGeneration", "lastScaleTime", "currentReplicas", "desiredReplicas")


def to_v2(autoscaler: Object) -> Object:
    """An autoscaler of ``v1`` in the words of ``v2``; a new object that shares its parts."""
    spec, status = dict(autoscaler.get("spec") or {}), dict(autoscaler.get("status") or {})
    percentage = spec.pop("targetCPUUtilizationPercentage", None)
    parts: dict[str, Object] = {
        "spec": spec,
        "status": {field: status[field] for field in _SAME_STATUS if field in status},
    }
    if (current := status.get("currentCPUUtilizationPercentage")) is not None:
        now = {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": current}}}
        parts["status"]["currentMetrics"] = [now]
    metadata, carried = _unpacked(autoscaler.get("metadata") or {})
    for name, value in carried.items():
        part, field = _CARRIED[name]
        parts[part][field] = value
    if percentage is not None:
        spec["metrics"] = [*spec.get("metrics", ()), _cpu(percentage)]
    return {**autoscaler, "apiVersion": "autoscaling/v2", "metadata": metadata, **parts}


def shown(record: Record) -> Record:
    """A stored autoscaler in the words of ``v1``."""
    made = Record.of(_to_v1(record.object))
    made.revision = record.revision
    return made


def _to_v1(autoscaler: Object) -> Object:
    spec, status = dict(autoscaler.get("spec") or {}), autoscaler.get("status") or {}
    metrics, behavior = spec.pop("metrics", None) or [], spec.pop("behavior", None)
    percentage = next((found for metric in metrics if (found := _percentage(metric, "target")) is not None), None)
    if percentage is not None:
        spec["targetCPUUtilizationPercentage"] = percentage
    told = {field: status[field] for field in _SAME_STATUS if field in status}
    current = next(
        (found for one in status.get("currentMetrics") or () if (found := _percentage(one, "current")) is not None),
        None,
    )
    if current is not None:
        told["currentCPUUtilizationPercentage"] = current
    carried = {
        "metrics": [metric_to_v1(metric, "target") for metric in metrics if _percentage(metric, "target") is None],
        "current-metrics": [metric_to_v1(metric, "current") for metric in status.get("currentMetrics") or ()],
        "behavior": behavior and behavior_to_v1(behavior),
        "conditions": status.get("conditions"),
    }
    metadata = _packed(autoscaler["metadata"], carried)
    told.setdefault("currentReplicas", 0)
    return {**autoscaler, "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": told}


def _cpu(percentage: int) -> Object:
    target = {"type": "Utilization", "averageUtilization": percentage}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def _percentage(metric: Object, field: str) -> int | None:
    resource = metric.get("resource") or {}
    found: int | None = (resource.get(field) or {}).get("averageUtilization")
    return found if metric.get("type") == "Resource" and resource.get("name") == "cpu" else None


def _packed(metadata: Object, carried: dict[str, Any]) -> Object:
    notes = {f"{_PREFIX}{name}": orjson.dumps(value).decode() for name, value in carried.items() if value}
    return {**metadata, "annotations": {**(metadata.get("annotations") or {}), **notes}} if notes else metadata


def _unpacked(metadata: Object) -> tuple[Object, dict[str, Any]]:
    """Metadata without the annotations that carry something, and what they carry; what does not fit is passed over."""
    notes = metadata.get("annotations") or {}
    carried = {}
    for name, (part, field) in _CARRIED.items():
        try:
            whole = {part: {field: _read(name, orjson.loads(notes.get(f"{_PREFIX}{name}", "")))}}
            carried[name] = Reader().read(_V2, whole)[part][field]
        except (orjson.JSONDecodeError, TypedError, KeyError, TypeError, AttributeError):  # null is nothing at all
            continue
    dropped = {f"{_PREFIX}{name}" for name in (*_CARRIED, *_TOLERANCES)}
    rest = {key: value for key, value in notes.items() if key not in dropped}
    if rest == notes:
        return metadata, carried
    bare = {key: value for key, value in metadata.items() if key != "annotations"}
    return ({**bare, "annotations": rest} if rest else bare), carried


def _read(name: str, value: Any) -> Any:
    """What an annotation carries, in the words of ``v2``."""
    if name == "behavior":
        return behavior_from_v1(value) or None
    if name == "conditions":
        return value
    when = "current" if name == "current-metrics" else "target"
    return [metric_from_v1(metric, when) for metric in value]
