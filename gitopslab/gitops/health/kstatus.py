"""kstatus: whether an object has become what its spec asks for, as Flux decides it.

Flux asks it of every object that a Kustomization waits for. The generic rules come first, then those of the kind, then
a ``Ready`` condition; what has none of these is ``Current`` as soon as it exists. Source:
``fluxcd/cli-utils/pkg/kstatus/status`` and, for Jobs, the reader that kustomize-controller adds.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from gitopslab.gitops.health import workloads
from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, condition_of, group_of, is_terminating


class Status(enum.StrEnum):
    """What kstatus can say."""

    IN_PROGRESS = "InProgress"
    FAILED = "Failed"
    CURRENT = "Current"
    TERMINATING = "Terminating"
    NOT_FOUND = "NotFound"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Health:
    """A status and the words for it."""

    status: Status
    message: str = ""


NOT_FOUND = Health(Status.NOT_FOUND, "Resource not found")
"""Of an object that is not there."""

_CURRENT = Health(Status.CURRENT, "Resource is current")
_SCHEDULE_WINDOW = 15.0


def health_of(obj: Object | None, now: float | None = None) -> Health:
    """What kstatus says of an object as it was read.

    Args:
        obj: The object; None is one that is not there.
        now: The time in epoch seconds; without it no pod has waited too long for a node.
    """
    if obj is None:
        return NOT_FOUND
    return _generic(obj) or _without_node(obj, now) or _of_kind(obj) or _ready(obj) or _CURRENT


def _generic(obj: Object) -> Health | None:
    """The rules that hold for every kind: deletion, an unseen generation, Reconciling and Stalled."""
    if is_terminating(obj):
        return Health(Status.TERMINATING, "Resource scheduled for deletion")
    observed = (obj.get("status") or {}).get("observedGeneration")
    generation = obj.get("metadata", {}).get("generation")
    if observed is not None and generation is not None and observed != generation:
        message = f"{obj.get('kind')} generation is {generation}, but latest observed generation is {observed}"
        return Health(Status.IN_PROGRESS, message)
    for kind, status in (("Reconciling", Status.IN_PROGRESS), ("Stalled", Status.FAILED)):
        condition = condition_of(obj, kind)
        if condition is not None and condition.get("status") == "True":
            return Health(status, condition.get("message", ""))
    return None


def _without_node(obj: Object, now: float | None) -> Health | None:
    """A pod that the scheduler finds no node for has failed after a while."""
    is_waiting = obj.get("kind") == "Pod" and (obj.get("status") or {}).get("phase") == "Pending"
    if now is None or not is_waiting or not workloads.is_unschedulable(obj):
        return None
    is_late = now - seconds_of(obj["metadata"]["creationTimestamp"]) >= _SCHEDULE_WINDOW
    return Health(Status.FAILED, "Pod could not be scheduled") if is_late else None


def _of_kind(obj: Object) -> Health | None:
    key = (group_of(str(obj.get("apiVersion", ""))), str(obj.get("kind", "")))
    rule = _KINDS.get(key)
    if rule is None:
        return None
    word, message = rule(obj)
    return Health(Status(word), message)


def _ready(obj: Object) -> Health | None:
    """Kinds without a rule of their own usually say whether they are Ready."""
    ready = condition_of(obj, "Ready")
    if ready is None:
        return None
    message = ready.get("message", "")
    if ready.get("status") == "True":
        return _CURRENT
    return Health(Status.IN_PROGRESS, message)


_KINDS: dict[tuple[str, str], Callable[[Object], tuple[str, str]]] = {
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "ReplicaSet"): workloads.replica_set,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("apps", "DaemonSet"): workloads.daemon_set,
    ("batch", "Job"): workloads.job,
    ("", "Pod"): workloads.pod,
    ("", "PersistentVolumeClaim"): workloads.claim,
    ("", "Service"): workloads.service,
    ("policy", "PodDisruptionBudget"): workloads.budget,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): workloads.definition,
    ("", "ConfigMap"): workloads.always,
    ("", "Secret"): workloads.always,
    ("batch", "CronJob"): workloads.always,
}
