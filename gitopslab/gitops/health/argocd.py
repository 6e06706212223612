"""Health as Argo CD sees it: of an object by the rules of its kind, and of an application by its worst object.

Kinds without a rule have no health at all and hold nothing up. Source: ``gitops-engine/pkg/health``,
``resource_customizations`` and ``controller/health.go`` of Argo CD v3.5.1.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gitopslab.gitops.health import argocd_flux, argocd_others, argocd_workloads
from gitopslab.machinery.objects import Object, annotations_of, group_of, is_terminating

HOOK_FINALIZER = "argocd.argoproj.io/hook-finalizer"
IGNORE_HEALTHCHECK = "argocd.argoproj.io/ignore-healthcheck"


class Status(enum.StrEnum):
    """What Argo CD can say of health, best first."""

    HEALTHY = "Healthy"
    SUSPENDED = "Suspended"
    PROGRESSING = "Progressing"
    MISSING = "Missing"
    DEGRADED = "Degraded"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Health:
    """A status and the words for it, which are often none."""

    status: Status
    message: str = ""


_ORDER = list(Status)


def is_worse(current: str, new: str) -> bool:
    """Whether a status is worse than the one there is."""
    return _ORDER.index(Status(new)) > _ORDER.index(Status(current))


def health_of(obj: Object) -> Health | None:
    """What Argo CD says of a live object; None for a kind that it has no rule for.

    A hook that only its finalizer keeps is judged as if nobody had deleted it: its outcome still counts.
    """
    if is_terminating(obj) and HOOK_FINALIZER not in (obj["metadata"].get("finalizers") or ()):
        return Health(Status.PROGRESSING, "Pending deletion")
    rule = _KINDS.get((group_of(str(obj.get("apiVersion", ""))), str(obj.get("kind", ""))))
    if rule is None:
        return None
    status, message = rule(obj)
    return Health(Status(status), message)


def is_ignored(live: Object) -> bool:
    """Whether an object asks that nobody look at its health."""
    return annotations_of(live).get(IGNORE_HEALTHCHECK) == "true"


def health_of_application(resources: Iterable[tuple[Object | None, Object | None]]) -> Status:
    """The health of an application: that of the worst object that is there.

    Objects that are missing make it OutOfSync and not unhealthy, unless there is none at all.

    Args:
        resources: Target and live object of each resource; not hooks, not what is skipped, not the application itself.
    """
    worst, known, there = Status.HEALTHY, False, False
    for _, live in resources:
        known, there = True, there or live is not None
        if live is None or is_ignored(live):
            continue
        health = health_of(live)
        if health is not None and is_worse(worst, health.status):
            worst = health.status
    if known and not there and is_worse(worst, Status.MISSING):
        return Status.MISSING
    return worst


# Simplified: Argo CD brings scripts for the kinds of some sixty other projects; here are those the lab can hold.
_KINDS: dict[tuple[str, str], Callable[[Object], tuple[str, str]]] = {
    ("apps", "Deployment"): argocd_workloads.deployment,
    ("apps", "ReplicaSet"): argocd_workloads.replica_set,
    ("apps", "StatefulSet"): argocd_workloads.stateful_set,
    ("apps", "DaemonSet"): argocd_workloads.daemon_set,
    ("", "Pod"): argocd_workloads.pod,
    ("batch", "Job"): argocd_workloads.job,
    ("batch", "CronJob"): argocd_workloads.cron_job,
    ("", "Service"): argocd_others.service,
    ("", "PersistentVolumeClaim"): argocd_others.claim,
    ("networking.k8s.io", "Ingress"): argocd_others.ingress,
    ("extensions", "Ingress"): argocd_others.ingress,
    ("autoscaling", "HorizontalPodAutoscaler"): argocd_others.autoscaler,
    ("apiregistration.k8s.io", "APIService"): argocd_others.api_service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): argocd_others.definition,
    ("policy", "PodDisruptionBudget"): argocd_others.budget,
    ("argoproj.io", "ApplicationSet"): argocd_others.application_set,
    ("source.toolkit.fluxcd.io", "GitRepository"): argocd_flux.source,
    ("source.toolkit.fluxcd.io", "OCIRepository"): argocd_flux.source,
    ("source.toolkit.fluxcd.io", "HelmChart"): argocd_flux.source,
    ("source.toolkit.fluxcd.io", "HelmRepository"): argocd_flux.helm_repository,
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): argocd_flux.reconciler,
    ("image.toolkit.fluxcd.io", "ImageUpdateAutomation"): argocd_flux.reconciler,
    ("image.toolkit.fluxcd.io", "ImageRepository"): argocd_flux.image_repository,
    ("image.toolkit.fluxcd.io", "ImagePolicy"): argocd_flux.image_policy,
    ("helm.toolkit.fluxcd.io", "HelmRelease"): argocd_flux.release,
    ("notification.toolkit.fluxcd.io", "Receiver"): argocd_flux.receiver,
}
