"""What an Application's status says, and how it is written: only what changed, and nothing when nothing did.

Source: ``persistAppStatus`` in ``controller/appcontroller.go``, ``ApplicationStatus`` in ``types.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gitopslab.gitops.argocd import hooks
from gitopslab.gitops.argocd.deletion import needs_confirmation
from gitopslab.gitops.argocd.state import Comparison, Managed
from gitopslab.gitops.health.argocd import Status, health_of_application, is_ignored
from gitopslab.gitops.health.argocd import health_of as health_of_object
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object, name_of, namespace_of

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
        return {**found, "sources": [_written(source) for source in spec["sources"]]}
    return {**found, "source": _written(spec.get("source") or {})}


def _written(source: Any) -> Any:
    """A source as Go writes it: without what is empty, but for the values of charts, which stay as they are."""
    if isinstance(source, list):
        return [_written(each) for each in source]
    if not isinstance(source, dict):
        return source
    pairs = ((key, value if key == "valuesObject" else _written(value)) for key, value in source.items())
    return {key: value for key, value in pairs if value not in ("", False, None, []) or key == "repoURL"}


def resources_of(app: Object, comparison: Comparison, *, with_health: bool = False) -> list[Object]:
    """``status.resources``: everything but hooks that are only in Git.

    Args:
        app: The Application.
        comparison: With its resources.
        with_health: Also how each is, as before Argo CD 3.
    """
    there = [each for each in comparison.resources if not (each.hook and each.live is None)]
    return [{**_resource(app, each), **(_health(app, each) if with_health else {})} for each in there]


def health_of(app: Object, comparison: Comparison) -> str:
    """The health of an Application: the worst of what is there and is its own."""
    counted = [each for each in comparison.resources if _has_a_say(app, each)]
    return str(health_of_application((each.target, each.live) for each in counted))


def _has_a_say(app: Object, resource: Managed) -> bool:
    if resource.target is not None and hooks.is_skipped(resource.target):
        return False
    if resource.hook or (resource.live is not None and hooks.is_ignored(resource.live)):
        return False
    itself = ("argoproj.io", "Application", namespace_of(app), name_of(app))
    return tuple(resource.key) != itself


def _health(app: Object, resource: Managed) -> Object:
    """How a resource is; nothing for one that has no say, or that says nothing."""
    if not _has_a_say(app, resource):
        return {}
    if resource.live is None:
        return {"health": {"status": str(Status.MISSING)}}
    health = None if is_ignored(resource.live) else health_of_object(resource.live)
    if health is None:
        return {}
    return {"health": {"status": str(health.status), **({"message": health.message} if health.message else {})}}


def _resource(app: Object, resource: Managed) -> Object:
    """One entry; what is empty or false is left out, as Go leaves it out."""
    group, kind, namespace, _ = resource.key
    found: Object = {
        "group": group,
        "hook": resource.hook,
        "kind": kind,
        "name": name_of(resource.object),
        "namespace": namespace,
        "requiresDeletionConfirmation": any(needs_confirmation(app, obj) for obj in (resource.target, resource.live)),
        "requiresPruning": resource.requires_pruning,
        "status": resource.status,
        "syncWave": hooks.wave(resource.target) if resource.target is not None else 0,
        "version": resource.version,
    }
    return {field: value for field, value in found.items() if value}
