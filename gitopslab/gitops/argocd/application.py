"""Application: Git and the cluster are compared, the outcome is told, and syncs are carried out.

Story of one reconcile: an operation that was asked for goes on; then, if it is the Application's turn (somebody asked,
a live object changed, two minutes are over), manifests are made, compared, and status, health and conditions written;
an Application that syncs by itself may get an operation from that. Deletion takes its resources with it when a
finalizer says so. Source: ``controller/appcontroller.go``.

Simplified: the Application's own cluster is its only destination; sources are not verified (``signatureKeys``) and not
hydrated (``spec.sourceHydrator``); Applications live in Argo CD's own namespace.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import LabError
from gitopslab.gitops.argocd.clusters import clusters
from gitopslab.gitops.argocd.compare import EVALUATED, Comparer, Question
from gitopslab.gitops.argocd.diff import Differ
from gitopslab.gitops.argocd.kinds import (
    APP_PROJECTS,
    APPLICATIONS,
    CONTROLLER,
    FIELD_MANAGER,
    NAMESPACE,
    REFRESH,
    SKIP_RECONCILE,
    UNKNOWN,
)
from gitopslab.gitops.argocd.live import LiveState
from gitopslab.gitops.argocd.project import invalid_spec, project_of
from gitopslab.gitops.argocd.refresh import Level, Refreshing
from gitopslab.gitops.argocd.sources import Sources, sources_of
from gitopslab.gitops.argocd.state import Comparison
from gitopslab.gitops.argocd.status import (
    HEALTH_SOURCE,
    compared_to,
    difference,
    health_of,
    resources_of,
    with_conditions,
)
from gitopslab.gitops.argocd.tracking import instance_of
from gitopslab.gitops.surroundings import Surroundings
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object, annotations_of, is_terminating, uid_of

_SPEC_CONDITIONS = ("InvalidSpecError", "UnknownError")


class ApplicationController:
    """Reconciles Applications.

    Args:
        given: What every controller works with.
    """

    name = CONTROLLER

    def __init__(self, given: Surroundings) -> None:
        self._given = given
        self._api = given.api_for(CONTROLLER)
        self._recorder = Recorder(self._api, given.clock, CONTROLLER)
        self._apps = given.manager.informer(APPLICATIONS)
        self._projects = given.manager.informer(APP_PROJECTS)
        self._secrets = given.manager.informer("secrets")
        self._refreshing = Refreshing(given.clock)
        self._sources = Sources(given, self.name)
        self.sources: tuple[Source, ...] = (Source(APPLICATIONS), Source(APP_PROJECTS, self._of_project))
        self._live = LiveState(given, self._follow)
        self._comparer = Comparer(given.catalog, self._live, Differ(given.api_for(FIELD_MANAGER), given.catalog))

    def reconcile(self, request: Request) -> Result:
        """Bring an Application's status to what Git and the cluster say, and its sync a step further."""
        app = self._apps.get(request.name, request.namespace)
        if app is None or request.namespace != NAMESPACE:
            self._refreshing.forget(request)
            return DONE
        if annotations_of(app).get(SKIP_RECONCILE) == "true":
            return DONE
        if is_terminating(app):
            return DONE
        live = self._fingerprint(app)
        level = self._refreshing.level(request, app, live)
        if level is None:
            return Result(self._refreshing.wait(request, app))
        return self._refresh(request, app, level, live)

    def _follow(self, source: Source) -> None:
        self.sources = (*self.sources, source)

    def _of_project(self, event: WatchEvent) -> Iterable[Request]:
        """A project that changes has its Applications looked at again."""
        for app in self._apps.list(NAMESPACE):
            if project_of(app) == event.object["metadata"]["name"]:
                request = Request(NAMESPACE, app["metadata"]["name"])
                self._refreshing.ask(request, Level.LATEST)
                yield request

    def _fingerprint(self, app: Object) -> Hashable:
        """What changes whenever an object of the Application does."""
        managed = self._live.managed_by(instance_of(app)).values()
        return frozenset((uid_of(obj), obj["metadata"].get("resourceVersion")) for obj in managed)

    # -- comparing ----------------------------------------------------------------------------------------------------

    def _refresh(self, request: Request, app: Object, level: Level, live: Hashable) -> Result:
        project = self._projects.get(project_of(app), NAMESPACE)
        wrong = invalid_spec(app, project, clusters(self._secrets.list(NAMESPACE)))
        if wrong or project is None:
            self._refuse(app, wrong)
            self._refreshing.done(request, live)
            return Result(self._refreshing.wait(request, app))
        sources = sources_of(app["spec"])
        revisions = self._revisions(app, sources, level)
        target, error = None, ""
        try:
            anew = annotations_of(app).get(REFRESH) == "hard"
            target = self._sources.target(app, sources, revisions, anew=anew)
            if target is None:
                return DONE
        except LabError as failure:
            if self._refreshing.is_excused(request, level):
                self._refreshing.done(request, live, trouble=True)
                return Result(self._refreshing.wait(request, app))
            error = failure.message
        comparison = self._comparer.compare(Question(app, project, sources, revisions, target, error))
        written = self._tell(app, comparison, level)
        self._refreshing.done(request, live, trouble=target is None)
        return Result(self._refreshing.wait(request, written))

    def _revisions(self, app: Object, sources: tuple[Object, ...], level: Level) -> tuple[str, ...]:
        """What to compare with: the commits that are known, or what the spec names."""
        sync = (app.get("status") or {}).get("sync") or {}
        known = sync.get("revisions") or [sync.get("revision")]
        if level is Level.RECENT and len(known) == len(sources) and all(known):
            return tuple(known)
        return tuple(source.get("targetRevision") or "" for source in sources)

    def _tell(self, app: Object, comparison: Comparison, level: Level) -> Object:
        """Write down how a comparison ended."""
        now, before = self._given.clock.now(), app.get("status") or {}
        conditions = with_conditions(before.get("conditions") or (), (), _SPEC_CONDITIONS, now)
        after: Object = {
            **before,
            "conditions": with_conditions(conditions, comparison.conditions, EVALUATED, now),
            "controllerNamespace": NAMESPACE,
            "health": {**(before.get("health") or {}), "status": health_of(app, comparison)},
            "resourceHealthSource": HEALTH_SOURCE,
            "resources": resources_of(app, comparison),
            "sourceType": comparison.source_type,
            "sync": {"comparedTo": compared_to(app), "revision": comparison.revision, "status": comparison.status},
        }
        if level > Level.RECENT or not before.get("reconciledAt"):
            after["reconciledAt"] = timestamp(now)
        return self._write(app, {key: value for key, value in after.items() if value not in ("", [])})

    def _refuse(self, app: Object, wrong: Iterable[str]) -> Object:
        """Write down what is wrong with the spec: nothing is compared until it is mended."""
        before = app.get("status") or {}
        said = [{"type": "InvalidSpecError", "message": message} for message in wrong]
        conditions = with_conditions(before.get("conditions") or (), said, _SPEC_CONDITIONS, self._given.clock.now())
        health = {**(before.get("health") or {}), "status": UNKNOWN}
        sync = {"comparedTo": {"destination": {}}, **(before.get("sync") or {}), "status": UNKNOWN}
        return self._write(app, {**before, "conditions": conditions, "health": health, "sync": sync})

    def _write(self, app: Object, after: Object) -> Object:
        """Write a status where it differs, take a refresh annotation away, and say what changed."""
        before = app.get("status") or {}
        for part in ("sync", "health"):
            old, new = (side.get(part, {}).get("status", "") for side in (before, after))
            if old != new:
                self._say(app, f"Updated {part} status: {old} -> {new}")
                if part == "health":
                    after["health"]["lastTransitionTime"] = timestamp(self._given.clock.now())
        patch: Object = {}
        if change := difference(before, after):
            patch["status"] = change
        if REFRESH in annotations_of(app):
            patch["metadata"] = {"annotations": {REFRESH: None}}
        if not patch:
            return app
        return self._api.patch(APPLICATIONS, app["metadata"]["name"], patch, NAMESPACE)

    def _say(self, app: Object, message: str) -> None:
        self._recorder.event(app, "Normal", "ResourceUpdated", message)
