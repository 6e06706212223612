"""Argo CD's health of Services, claims, autoscalers and other kinds that do not run themselves.

The rules and words of ``gitops-engine/pkg/health/health_*.go`` and of the scripts in ``resource_customizations``.
"""

from __future__ import annotations

import json
from typing import Any

from gitopslab.machinery.objects import Object, annotations_of, condition_of, is_condition_true, is_terminating

Told = tuple[str, str]
_HEALTHY, _PROGRESSING, _DEGRADED, _UNKNOWN = "Healthy", "Progressing", "Degraded", "Unknown"
_V1_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
_DEFINITION_FAULTS = (
    ("Terminating", "True", _PROGRESSING, "CRD is terminating"),
    ("NamesAccepted", "False", _DEGRADED, "CRD names have not been accepted"),
    ("NonStructuralSchema", "True", _DEGRADED, "Schema violations found"),
)
_CANNOT_SCALE = {
    "AbleToScale": {"FailedGetScale", "FailedUpdateScale"},
    "ScalingActive": {
        "FailedGetResourceMetric", "FailedGetObjectMetric", "FailedGetPodsMetric", "FailedGetExternalMetric",
        "FailedComputeMetricsReplicas", "InvalidSelector",
    },
}  # fmt: skip


def service(obj: Object) -> Told:
    """A load balancer waits for its address from outside; the others wait for nothing."""
    is_balancer = obj.get("spec", {}).get("type") == "LoadBalancer"
    return ingress(obj) if is_balancer else (_HEALTHY, "")


def ingress(obj: Object) -> Told:
    """Healthy once somebody gave it an address."""
    addresses = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    return (_HEALTHY if addresses else _PROGRESSING), ""


def claim(obj: Object) -> Told:
    """By its phase."""
    phases = {"Lost": _DEGRADED, "Pending": _PROGRESSING, "Bound": _HEALTHY}
    return phases.get((obj.get("status") or {}).get("phase", ""), _UNKNOWN), ""


def autoscaler(obj: Object) -> Told:
    """Whether it can scale; that it need not is fine. ``v1`` says so in an annotation."""
    conditions: list[Any] = (obj.get("status") or {}).get("conditions") or []
    if str(obj.get("apiVersion")).endswith("/v1"):
        try:
            conditions = json.loads(annotations_of(obj).get(_V1_CONDITIONS, "[]"))
        except ValueError as error:
            return _UNKNOWN, f"failed to convert conditions annotation to typed: {error}"
    for condition in conditions:
        if condition.get("reason") in _CANNOT_SCALE.get(condition.get("type"), ()):
            return _DEGRADED, condition.get("message", "")
    for condition in conditions:
        if condition.get("type") in ("AbleToScale", "ScalingLimited") and condition.get("status") == "True":
            return _HEALTHY, condition.get("message", "")
    return _PROGRESSING, "Waiting to Autoscale"


def api_service(obj: Object) -> Told:
    """By whether the server behind it answers."""
    available = condition_of(obj, "Available")
    if available is None:
        return _PROGRESSING, "Waiting to be processed"
    words = f"{available.get('reason', '')}: {available.get('message', '')}"
    return (_HEALTHY if available.get("status") == "True" else _PROGRESSING), words


def budget(obj: Object) -> Told:
    """A disruption budget that nobody could compute is bad; one that allows nothing is not."""
    told = (_PROGRESSING, "Waiting for status")
    for condition in (obj.get("status") or {}).get("conditions") or ():
        reason = condition.get("reason", "")
        if condition.get("status") == "False" and reason != "InsufficientPods":
            return _DEGRADED, f"PodDisruptionBudget has {reason}"
        told = (_HEALTHY, f"PodDisruptionBudget has {reason}")
    return told


def definition(obj: Object) -> Told:
    """Whether its kind is served, and why not."""
    if is_terminating(obj):
        return _PROGRESSING, "CRD is terminating"
    conditions = (obj.get("status") or {}).get("conditions") or ()
    if not conditions:
        return _PROGRESSING, "Status conditions not found"
    for condition in conditions:
        for kind, value, health, words in _DEFINITION_FAULTS:
            if (condition.get("type"), condition.get("status")) == (kind, value):
                return health, f"{words}: {condition.get('message', '')}"
        if condition.get("type") == "Established" and condition.get("reason") == "Installing":
            return _PROGRESSING, "CRD is being installed"
    is_established = is_condition_true(obj, "Established")
    return (_HEALTHY, "CRD is healthy") if is_established else (_DEGRADED, "CRD is not established")


def application_set(obj: Object) -> Told:
    """By the first of its conditions that says something."""
    rules = (
        ("ErrorOccurred", "True", _DEGRADED),
        ("ResourcesUpToDate", "False", _DEGRADED),
        ("RolloutProgressing", "True", _PROGRESSING),
        ("ResourcesUpToDate", "True", _HEALTHY),
    )
    for kind, status, health in rules:
        condition = condition_of(obj, kind)
        if condition is not None and condition.get("status") == status:
            return health, condition.get("message", "")
    return _PROGRESSING, "Waiting for the status to be reported"
