"""Writes what is found out about an Application: its status, its conditions, its events.

Source: ``persistAppStatus``, ``setOperationState`` and ``setAppCondition`` in ``controller/appcontroller.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gitopslab.controlplane.runtime.api import Api
from gitopslab.gitops.argocd.auditing import Auditor
from gitopslab.gitops.argocd.autosync import Decision
from gitopslab.gitops.argocd.conditions import EVALUATED, INVALID_SPEC, UNKNOWN_ERROR
from gitopslab.gitops.argocd.kinds import APPLICATIONS, CONTROLLER, NAMESPACE, REFRESH, UNKNOWN
from gitopslab.gitops.argocd.settings import Settings
from gitopslab.gitops.argocd.state import Comparison
from gitopslab.gitops.argocd.status import (
    HEALTH_SOURCE,
    compared_to,
    health_of,
    resources_of,
    with_conditions,
)
from gitopslab.gitops.argocd.sync.step import Step
from gitopslab.machinery.clock import Clock, timestamp
from gitopslab.machinery.merge import merge_difference
from gitopslab.machinery.objects import Object, annotations_of, name_of, namespace_of

_OF_SPEC = (INVALID_SPEC, UNKNOWN_ERROR)
_OF_UPDATE: Object = {"sourceHydrator": {}, "summary": {}}
"""What an Application holds once it synced by itself: that is an update, and Go writes these even if empty."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found out about an Application.

    Attributes:
        comparison: With what its spec asks for.
        decision: Whether it syncs by itself.
        summary: ``status.summary``.
        orphans: How many objects beside it belong to nobody.
    """

    comparison: Comparison
    decision: Decision
    summary: Object
    orphans: int

    def conditions(self, known: Sequence[Object], now: float) -> list[Object]:
        """The conditions that follow, given those there are."""
        found = with_conditions(known, (), _OF_SPEC, now)
        found = with_conditions(found, self.comparison.conditions, EVALUATED, now)
        words = f"Application has {self.orphans} orphaned resources"
        orphaned = [{"type": "OrphanedResourceWarning", "message": words}] if self.orphans else []
        found = with_conditions(found, orphaned, ("OrphanedResourceWarning",), now)
        if self.decision.keeps_condition:
            return found
        failed = [{"type": "SyncError", "message": self.decision.error}] if self.decision.error else []
        return with_conditions(found, failed, ("SyncError",), now)


class Teller:
    """Tells of Applications, and writes only what is new.

    Args:
        api: With the identity of the application controller.
        clock: The lab's time.
        settings: Whether Applications hold the health of their resources.
    """

    def __init__(self, api: Api, clock: Clock, settings: Settings) -> None:
        self._api = api
        self._settings = settings
        self._clock = clock
        self._auditor = Auditor(api, clock, CONTROLLER)

    def compared(self, app: Object, found: Found, *, looked: bool) -> Object:
        """How a comparison ended, and what follows from it; the Application as it is then.

        Args:
            app: As it was read.
            found: What was found out.
            looked: Whether Git was looked at.
        """
        now, before = self._clock.now(), app.get("status") or {}
        comparison, decision = found.comparison, found.decision
        after: Object = {
            **before,
            "conditions": found.conditions(before.get("conditions") or (), now),
            "controllerNamespace": NAMESPACE,
            "health": {**(before.get("health") or {}), "status": health_of(app, comparison)},
            "resourceHealthSource": "" if self._settings.persists_health else HEALTH_SOURCE,
            "resources": resources_of(app, comparison, with_health=self._settings.persists_health),
            "sourceType": comparison.source_type,
            "sourceTypes": list(comparison.source_types),
            "summary": found.summary,
            "sync": {"comparedTo": compared_to(app), "status": comparison.status, **_commits(comparison)},
        }
        if looked or not before.get("reconciledAt"):
            after["reconciledAt"] = timestamp(now)
        kept = {key: value for key, value in after.items() if value not in ("", []) and (value or key in before)}
        if decision.operation is None:
            return self._write(app, kept, {})
        self._auditor.event(app, "Normal", "OperationStarted", decision.event)
        return self._write(app, {**_OF_UPDATE, **kept}, {"operation": decision.operation})

    def refused(self, app: Object, wrong: Iterable[Object]) -> Object:
        """What is wrong with the spec: nothing is compared until it is mended.

        Simplified: when the settings cannot be read, which is said nowhere, the resources stay as they were.
        """
        before = app.get("status") or {}
        conditions = with_conditions(before.get("conditions") or (), wrong, _OF_SPEC, self._clock.now())
        health = {**(before.get("health") or {}), "status": UNKNOWN}
        sync = {**(before.get("sync") or {}), "status": UNKNOWN}
        return self._write(app, {**before, "conditions": conditions, "health": health, "sync": sync}, {})

    def stepped(self, app: Object, step: Step) -> Object:
        """How far an operation is; at its end, that it ended."""
        after = {**(app.get("status") or {}), "operationState": step.state}
        if step.history is not None:
            after["history"] = step.history
        written = self._patch(app, after, {"operation": None} if step.is_over else {})
        if step.is_over:
            kind, message = step.event
            self._auditor.event(app, kind, "OperationCompleted", message)
        return written

    def noted(self, app: Object, condition: Object) -> None:
        """One condition, in the place of those of its type; nothing else is told."""
        before, now = app.get("status") or {}, self._clock.now()
        conditions = with_conditions(before.get("conditions") or (), [condition], (condition["type"],), now)
        self._patch(app, {**before, "conditions": conditions}, {})

    def deletion_failed(self, app: Object, message: str) -> None:
        """Why a deletion does not go on."""
        self.noted(app, {"type": "DeletionError", "message": message})
        why = f"Unable to delete application resources: {message}"
        self._auditor.event(app, "Warning", "StatusRefreshed", why)

    def keep_finalizers(self, app: Object, finalizers: list[str]) -> None:
        """Write an Application's finalizers, where they are others."""
        if finalizers != list(app["metadata"].get("finalizers") or ()):
            patch = {"metadata": {"finalizers": finalizers or None}}
            self._api.patch(APPLICATIONS, name_of(app), patch, namespace_of(app))

    def _write(self, app: Object, after: Object, more: Object) -> Object:
        """Write a new outcome, take a refresh annotation away, and say what changed."""
        before = app.get("status") or {}
        for part in ("sync", "health"):
            old, new = ((side.get(part) or {}).get("status", "") for side in (before, after))
            if old != new:
                self._auditor.event(app, "Normal", "ResourceUpdated", f"Updated {part} status: {old} -> {new}")
                if part == "health":
                    after["health"]["lastTransitionTime"] = timestamp(self._clock.now())
        if REFRESH in annotations_of(app):
            more = {**more, "metadata": {"annotations": {REFRESH: None}}}
        return self._patch(app, after, more)

    def _patch(self, app: Object, after: Object, more: Object) -> Object:
        change = merge_difference(app.get("status") or {}, after)
        patch = {**more, **({"status": change} if change else {})}
        return self._api.patch(APPLICATIONS, name_of(app), patch, namespace_of(app)) if patch else app


def _commits(comparison: Comparison) -> Object:
    """The commits that were compared; of several sources none when one of them cannot be read."""
    if comparison.sources and not comparison.loaded:
        return {}
    return {name: value for name, value in comparison.place.items() if name.startswith("revision") and value}
