"""Rules of Deployment, ReplicaSet, ReplicationController, DaemonSet, ControllerRevision and PodTemplate.

``statefulsets``, which has a file of its own, uses what they share.
"""

from __future__ import annotations

from typing import Any

from gitopslab.controlplane.server.validation import podspec
from gitopslab.controlplane.server.validation.causes import Causes, Struct
from gitopslab.controlplane.server.validation.metadata import (
    check_immutable,
    check_selector,
    selects,
)
from gitopslab.controlplane.server.validation.numbers import (
    check_at_most_everything,
    check_count_or_percent,
    check_not_negative,
    is_zero,
)
from gitopslab.machinery.objects import Object

MISMATCH = "`selector` does not match template `labels`"
_MORE_THAN_REPLICAS = "cannot be greater than status.replicas"


def check_deployment(causes: Causes, deployment: Object) -> None:
    """A new or changed Deployment."""
    spec = deployment["spec"]
    check_not_negative(causes, spec, "spec", "replicas")
    if check_required_selector(causes, spec, "empty selector is invalid for deployment"):
        _check_template(causes, spec, "ReplicaSet")
    _check_strategy(causes, spec.get("strategy") or {}, "spec.strategy")
    check_not_negative(causes, spec, "spec", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
        causes.invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


def check_deployment_change(causes: Causes, deployment: Object, before: Object, subresource: str) -> None:
    """Everything but the selector may change."""
    if subresource == "status":
        _check_deployment_status(causes, deployment.get("status") or {}, before.get("status") or {})
        return
    check_deployment(causes, deployment)
    check_immutable(causes, deployment["spec"].get("selector"), before["spec"].get("selector"), "spec.selector")


def check_replica_set(causes: Causes, replica_set: Object) -> None:
    """A new or changed ReplicaSet."""
    spec = replica_set["spec"]
    check_not_negative(causes, spec, "spec", "replicas", "minReadySeconds")
    if check_required_selector(causes, spec, "empty selector is invalid for deployment"):
        _check_template(causes, spec, "ReplicaSet")


def check_replica_set_change(causes: Causes, replica_set: Object, before: Object, subresource: str) -> None:
    """Everything but the selector may change."""
    if subresource == "status":
        status = replica_set.get("status") or {}
        counts = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")
        check_not_negative(causes, status, "status", "replicas", *counts, "observedGeneration", "terminatingReplicas")
        check_bounds(causes, status, *counts)
        return
    check_replica_set(causes, replica_set)
    check_immutable(causes, replica_set["spec"].get("selector"), before["spec"].get("selector"), "spec.selector")


def check_replication_controller(causes: Causes, controller: Object) -> None:
    """A new or changed ReplicationController, whose selector is a plain map that may change."""
    spec = controller["spec"]
    selector, template = spec.get("selector"), spec.get("template")
    check_not_negative(causes, spec, "spec", "minReadySeconds")
    if not selector:
        causes.required("spec.selector")
    check_not_negative(causes, spec, "spec", "replicas")
    if template is None:
        causes.required("spec.template")
        return
    if selector and not selector.items() <= (template_labels(spec) or {}).items():
        causes.invalid("spec.template.metadata.labels", template_labels(spec), MISMATCH)
    podspec.check_template(causes, template, "spec.template")
    check_always_on(causes, spec, "ReplicationController")


def check_replication_controller_change(causes: Causes, controller: Object, before: Object, subresource: str) -> None:
    """Everything may change."""
    if subresource == "status":
        check_replica_set_change(causes, controller, before, subresource)
    else:
        check_replication_controller(causes, controller)


def check_daemon_set(causes: Causes, daemon_set: Object) -> None:
    """A new or changed DaemonSet."""
    spec = daemon_set["spec"]
    selector = spec.get("selector")
    check_selector(causes, selector, "spec.selector")
    if not selects(spec.get("selector"), template_labels(spec)):
        causes.invalid("spec.template.metadata.labels", template_labels(spec), MISMATCH)
    if selector is not None and _is_empty(selector):
        causes.invalid("spec.selector", selector, "empty selector is invalid for daemonset")
    podspec.check_template(causes, spec.get("template") or {}, "spec.template")
    check_always_on(causes, spec, "DaemonSet")
    check_not_negative(causes, spec, "spec", "minReadySeconds")
    _check_daemon_strategy(causes, spec.get("updateStrategy") or {}, "spec.updateStrategy")
    check_not_negative(causes, spec, "spec", "revisionHistoryLimit")


def check_daemon_set_change(causes: Causes, daemon_set: Object, before: Object, subresource: str) -> None:
    """Everything but the selector may change."""
    if subresource == "status":
        counts = (
            "currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady",
            "observedGeneration", "updatedNumberScheduled", "numberAvailable", "numberUnavailable", "collisionCount",
        )  # fmt: skip
        status = daemon_set.get("status") or {}
        check_not_negative(causes, status, "status", *counts)
        check_collisions(causes, status, before.get("status") or {})
        return
    check_immutable(causes, daemon_set["spec"].get("selector"), before["spec"].get("selector"), "spec.selector")
    check_daemon_set(causes, daemon_set)


def check_revision(causes: Causes, revision: Object) -> None:
    """A new ControllerRevision."""
    _check_number(causes, revision)
    data = revision.get("data")
    if not isinstance(data, dict):
        causes.required("data", "data is mandatory" if data is None else "data must be a valid JSON object")


def check_revision_change(causes: Causes, revision: Object, before: Object, subresource: str) -> None:
    """History is not rewritten."""
    _check_number(causes, revision)
    check_immutable(causes, revision.get("data"), before.get("data"), "data")


def _check_number(causes: Causes, revision: Object) -> None:
    if revision.get("revision", 0) < 0:
        causes.invalid("revision", revision["revision"], "must be greater than or equal to 0")


def check_required_selector(
    causes: Causes, spec: Object, empty: str, unreadable: str = "invalid label selector"
) -> bool:
    """A selector must be there and select something.

    Returns:
        Whether it can be read: the template is looked at only beside a selector that can (``ValidateDeploymentSpec``).
    """
    selector = spec.get("selector")
    if selector is None:
        causes.required("spec.selector")
        return True
    found = len(causes.found)
    check_selector(causes, selector, "spec.selector")
    readable = len(causes.found) == found
    if not readable:
        causes.invalid("spec.selector", selector, unreadable)
    if _is_empty(selector):
        causes.invalid("spec.selector", selector, empty)
    return readable


def _is_empty(selector: Object) -> bool:
    return not selector.get("matchLabels") and not selector.get("matchExpressions")


def template_labels(spec: Object) -> dict[str, str] | None:
    """The labels of the pod template."""
    return ((spec.get("template") or {}).get("metadata") or {}).get("labels")


def _check_template(causes: Causes, spec: Object, kind: str) -> None:
    if not selects(spec.get("selector"), template_labels(spec)):
        causes.invalid("spec.template.metadata.labels", template_labels(spec), MISMATCH)
    podspec.check_template(causes, spec.get("template") or {}, "spec.template")
    check_always_on(causes, spec, kind)


def check_always_on(causes: Causes, spec: Object, kind: str) -> None:
    """Pods that are kept running never end by themselves."""
    template = (spec.get("template") or {}).get("spec") or {}
    if template.get("restartPolicy") != "Always":
        causes.unsupported("spec.template.spec.restartPolicy", template.get("restartPolicy"), ("Always",))
    if template.get("activeDeadlineSeconds") is not None:
        text = f"activeDeadlineSeconds in {kind} is not Supported"
        causes.forbidden("spec.template.spec.activeDeadlineSeconds", text)


def _check_strategy(causes: Causes, strategy: Object, path: str) -> None:
    kind, rolling = strategy.get("type") or "", strategy.get("rollingUpdate")
    if kind == "Recreate":
        if rolling is not None:
            causes.forbidden(f"{path}.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")
    elif kind == "RollingUpdate":
        _check_rolling_deployment(causes, rolling or {}, f"{path}.rollingUpdate")
    else:
        causes.unsupported(path, _internal(kind, rolling), ("Recreate", "RollingUpdate"))


def _internal(kind: str, rolling: Any) -> Object:
    """A strategy as upstream's internal type is printed."""
    if rolling:
        rolling = Struct(MaxUnavailable=rolling.get("maxUnavailable", 0), MaxSurge=rolling.get("maxSurge", 0))
    return Struct(Type=kind, RollingUpdate=rolling or None)


def _check_rolling_deployment(causes: Causes, rolling: Object, path: str) -> None:
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    check_count_or_percent(causes, unavailable, f"{path}.maxUnavailable")
    check_count_or_percent(causes, surge, f"{path}.maxSurge")
    if is_zero(unavailable) and is_zero(surge):
        causes.invalid(f"{path}.maxUnavailable", unavailable or 0, "may not be 0 when `maxSurge` is 0")
    check_at_most_everything(causes, unavailable, f"{path}.maxUnavailable")


def _check_daemon_strategy(causes: Causes, strategy: Object, path: str) -> None:
    kind, rolling = strategy.get("type") or "", strategy.get("rollingUpdate") or {}
    if kind == "OnDelete":
        return
    if kind != "RollingUpdate":
        causes.unsupported(path, _internal(kind, rolling), ("RollingUpdate", "OnDelete"))
        return
    here = f"{path}.rollingUpdate"
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    for field, value in (("maxUnavailable", unavailable), ("maxSurge", surge)):
        check_count_or_percent(causes, value, f"{here}.{field}")
        check_at_most_everything(causes, value, f"{here}.{field}")
    if not is_zero(unavailable) and not is_zero(surge):
        causes.invalid(f"{here}.maxSurge", surge, "may not be set when maxUnavailable is non-zero")
    elif is_zero(unavailable) and is_zero(surge):
        causes.required(f"{here}.maxUnavailable", "cannot be 0 when maxSurge is 0")


def _check_deployment_status(causes: Causes, status: Object, before: Object) -> None:
    counts = ("updatedReplicas", "readyReplicas", "availableReplicas")
    check_not_negative(causes, status, "status", "observedGeneration", "replicas", *counts, "unavailableReplicas")
    check_not_negative(causes, status, "status", "terminatingReplicas", "collisionCount")
    check_bounds(causes, status, *counts)
    check_collisions(causes, status, before)


def check_collisions(causes: Causes, status: Object, before: Object) -> None:
    """Hashes that were taken once stay taken."""
    known = before.get("collisionCount")
    if known is not None and status.get("collisionCount", 0) < known:
        causes.invalid("status.collisionCount", status.get("collisionCount", 0), "cannot be decremented")


def check_bounds(causes: Causes, status: Object, *counts: str) -> None:
    """No count of pods is above that of all."""
    for field in counts:
        if status.get(field, 0) > status.get("replicas", 0):
            causes.invalid(f"status.{field}", status.get(field, 0), _MORE_THAN_REPLICAS)
    if "availableReplicas" in counts and status.get("availableReplicas", 0) > status.get("readyReplicas", 0):
        causes.invalid("status.availableReplicas", status["availableReplicas"], "cannot be greater than readyReplicas")


def check_pod_template(causes: Causes, found: Object) -> None:
    """A new or changed PodTemplate."""
    podspec.check_template(causes, found.get("template") or {}, "template")


def check_pod_template_change(causes: Causes, found: Object, before: Object, subresource: str) -> None:
    """Everything may change."""
    check_pod_template(causes, found)
