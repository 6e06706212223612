"""Defaults of the small groups, from autoscaling to scheduling."""

from __future__ import annotations

from gitopslab.machinery.objects import Object

_RBAC = "rbac.authorization.k8s.io"
_SCALE_UP = (("Pods", 4), ("Percent", 100))
_RULE_PERIOD = 15


def set_autoscaler(autoscaler: Object) -> None:
    """At least one replica; 80 per cent of the requested CPU; the behavior that Kubernetes documents."""
    spec = autoscaler.setdefault("spec", {})
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior = spec.get("behavior")
    if behavior is not None:
        _set_scaling(behavior.setdefault("scaleUp", {}), _SCALE_UP, window=0)
        _set_scaling(behavior.setdefault("scaleDown", {}), _SCALE_UP[1:], window=None)
    status = autoscaler.setdefault("status", {})
    status.setdefault("currentMetrics", None)
    status.setdefault("desiredReplicas", 0)


def set_old_autoscaler(autoscaler: Object) -> None:
    """One of ``v1``: at least one replica."""
    autoscaler.setdefault("spec", {}).setdefault("minReplicas", 1)


def _set_scaling(rules: Object, policies: tuple[tuple[str, int], ...], window: int | None) -> None:
    rules.setdefault("selectPolicy", "Max")
    if window is not None:
        rules.setdefault("stabilizationWindowSeconds", window)
    if rules.get("policies") is None:  # an empty list stays, and is refused
        rules["policies"] = [{"type": kind, "value": value, "periodSeconds": _RULE_PERIOD} for kind, value in policies]


def set_disruption_budget(budget: Object) -> None:
    """Counts that Go writes out even when zero."""
    budget.setdefault("spec", {})
    status = budget.setdefault("status", {})
    for field in ("currentHealthy", "desiredHealthy", "disruptionsAllowed", "expectedPods"):
        status.setdefault(field, 0)


def set_role(role: Object) -> None:
    """Rules that are not there are null, as Go writes such a list."""
    role.setdefault("rules", None)


def set_role_binding(binding: Object) -> None:
    """Roles, users and groups belong to the rbac group; ServiceAccounts to core."""
    reference = binding.setdefault("roleRef", {})
    if not reference.get("apiGroup"):
        reference["apiGroup"] = _RBAC
    for subject in binding.get("subjects") or ():
        if not subject.get("apiGroup") and subject.get("kind") in ("User", "Group"):
            subject["apiGroup"] = _RBAC


def set_priority_class(priority_class: Object) -> None:
    """Preempts what is lower."""
    priority_class.setdefault("preemptionPolicy", "PreemptLowerPriority")
    priority_class.setdefault("value", 0)


def set_api_service(service: Object) -> None:
    """Another API server listens where HTTPS does."""
    server = service.setdefault("spec", {}).get("service")
    if server is not None:
        server.setdefault("port", 443)


def set_flow_schema(schema: Object) -> None:
    """Tried among the first thousand."""
    spec = schema.setdefault("spec", {})
    spec["matchingPrecedence"] = spec.get("matchingPrecedence") or 1000


def set_priority_level(level: Object) -> None:
    """Thirty shares, none of which is lent; queues as Kubernetes documents them."""
    spec = level.setdefault("spec", {})
    for field, shares in (("exempt", 0), ("limited", 30)):
        if spec.get(field) is not None:
            spec[field].setdefault("nominalConcurrencyShares", shares)
            spec[field].setdefault("lendablePercent", 0)
    queuing = ((spec.get("limited") or {}).get("limitResponse") or {}).get("queuing")
    if queuing is not None:
        for field, value in (("queues", 64), ("handSize", 8), ("queueLengthLimit", 50)):
            queuing[field] = queuing.get(field) or value


def set_claim_of_devices(claim: Object) -> None:
    """One device a request, where it does not say; devices without conditions have null, as Go writes them."""
    _set_requests(claim.setdefault("spec", {}))
    for device in (claim.get("status") or {}).get("devices") or ():
        device.setdefault("conditions", None)


def set_claim_template(template: Object) -> None:
    """The same of a template."""
    _set_requests(template.setdefault("spec", {}).setdefault("spec", {}))


def _set_requests(spec: Object) -> None:
    for request in spec.setdefault("devices", {}).get("requests") or ():
        for wish in (request.get("exactly"), *(request.get("firstAvailable") or ())):
            if wish is not None:
                wish["allocationMode"] = wish.get("allocationMode") or "ExactCount"
                if wish["allocationMode"] == "ExactCount" and not wish.get("count"):
                    wish["count"] = 1
