"""What an Application's status says, and how it is written: only what changed, and nothing when nothing did.

Source: ``persistAppStatus`` in ``controller/appcontroller.go``, ``ApplicationStatus`` in ``types.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gitopslab.gitops.argocd import hooks
from gitopslab.gitops.argocd.deletion import needs_confirmation
from gitopslab.gitops.argocd.kinds import NAMESPACE
from gitopslab.gitops.argocd.state import Comparison, Managed
from gitopslab.gitops.health.argocd import health_of_application
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object, name_of

HEALTH_SOURCE = "appTree"
"""Where to look for the health of single resources: not in the Application."""


def with_conditions(
    known: Sequence[Object], said: Iterable[Object], evaluated: Sequence[str], now: float
) -> list[Object]:
    """Conditions with those of some types replaced by new ones; the same again keeps its time.

    Args:
        known: Those there are.
        said: New ones: ``type`` and ``message``.
        evaluated: The types that were looked at.
        now: Seconds since the epoch.
    """
    kept = [each for each in known if each["type"] not in evaluated]
    for each in said:
        old = next((k for k in known if (k["type"], k["message"]) == (each["type"], each["message"])), None)
        kept.append(old or {"lastTransitionTime": timestamp(now), "message": each["message"], "type": each["type"]})
    return sorted(kept, key=lambda each: (each["type"], each["message"]))


def compared_to(app: Object) -> Object:
    """What a comparison was made with: when it differs from the spec, the spec has changed since."""
    spec = app["spec"]
    found = {"destination": spec.get("destination") or {}}
    if spec.get("ignoreDifferences"):
        found["ignoreDifferences"] = spec["ignoreDifferences"]
    if spec.get("sources"):
        return {**found, "sources": spec["sources"]}
    return {**found, "source": spec.get("source") or {}}


def resources_of(app: Object, comparison: Comparison) -> list[Object]:
    """``status.resources``: everything but hooks that are only in Git."""
    return [_resource(app, each) for each in comparison.resources if not (each.hook and each.live is None)]


def health_of(app: Object, comparison: Comparison) -> str:
    """The health of an Application: the worst of what is there and is its own."""
    counted = [each for each in comparison.resources if _has_a_say(app, each)]
    return str(health_of_application((each.target, each.live) for each in counted))


def _has_a_say(app: Object, resource: Managed) -> bool:
    if resource.target is not None and hooks.is_skipped(resource.target):
        return False
    if resource.hook or (resource.live is not None and hooks.is_ignored(resource.live)):
        return False
    itself = ("argoproj.io", "Application", NAMESPACE, name_of(app))
    return tuple(resource.key) != itself


def _resource(app: Object, resource: Managed) -> Object:
    """One entry; what is empty or false is left out, as Go leaves it out."""
    group, kind, namespace, name = resource.key
    found: Object = {
        "group": group,
        "hook": resource.hook,
        "kind": kind,
        "name": name,
        "namespace": namespace,
        "requiresDeletionConfirmation": any(needs_confirmation(app, obj) for obj in (resource.target, resource.live)),
        "requiresPruning": resource.requires_pruning,
        "status": resource.status,
        "syncWave": hooks.wave(resource.target) if resource.target is not None else 0,
        "version": resource.version,
    }
    return {field: value for field, value in found.items() if value}
