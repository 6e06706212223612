"""Application: Git and the cluster are compared, the outcome is told, and syncs are carried out.

Story of one reconcile: an operation that was asked for goes a step further; then, if it is the Application's turn
(somebody asked, a live object changed, two minutes are over), manifests are made and compared, status, health and
conditions written, and an Application that syncs by itself gets an operation when it needs one. An Application that is
deleted takes its resources along when a finalizer says so. A project that changes wakes nobody: its Applications follow
its new rules at their next look. Source: ``controller/appcontroller.go``.

Simplified: the Application's own cluster is its only destination; sources are not verified (``signatureKeys``) and not
hydrated (``spec.sourceHydrator``).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import partial

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import LabError
from gitopslab.gitops.argocd import autosync, settings
from gitopslab.gitops.argocd.applications import Applications, ProjectError
from gitopslab.gitops.argocd.asking import Answer, Asker
from gitopslab.gitops.argocd.clusters import OWN
from gitopslab.gitops.argocd.compare import Comparer
from gitopslab.gitops.argocd.deletion import Deletions, hook_finalizers
from gitopslab.gitops.argocd.diff import Differ
from gitopslab.gitops.argocd.ending import Endings, has_hooks
from gitopslab.gitops.argocd.kinds import (
    APPLICATIONS,
    CONTROLLER,
    FIELD_MANAGER,
    NAMESPACE,
    REFRESH,
    SKIP_RECONCILE,
)
from gitopslab.gitops.argocd.live import LiveState
from gitopslab.gitops.argocd.project import refusal
from gitopslab.gitops.argocd.refresh import Level, Refreshing
from gitopslab.gitops.argocd.sources import Sources
from gitopslab.gitops.argocd.state import Key
from gitopslab.gitops.argocd.summary import summary_of
from gitopslab.gitops.argocd.sync.operation import Operations
from gitopslab.gitops.argocd.sync.step import Circumstances, Step
from gitopslab.gitops.argocd.telling import Found, Teller
from gitopslab.gitops.argocd.tracking import instance_of
from gitopslab.gitops.surroundings import Surroundings
from gitopslab.machinery.golang import is_true
from gitopslab.machinery.objects import Object, annotations_of, is_terminating, name_of, namespace_of, uid_of

_SETTINGS = (settings.NAME, settings.PARAMETERS)
_LOOK_AGAIN = 5.0  # what a deletion waits for is watched; this is for what nobody watches


class ApplicationController:
    """Reconciles Applications.

    Args:
        given: What every controller works with.
    """

    name = CONTROLLER

    def __init__(self, given: Surroundings) -> None:
        self._given = given
        known = settings.Settings(given.manager.informer("configmaps"))
        api, plain = given.api_for(FIELD_MANAGER), given.api_for(CONTROLLER)
        self._applications = Applications(given.manager, known)
        self.sources: tuple[Source, ...] = (
            Source(APPLICATIONS),
            Source("configmaps", self._of_settings),
        )
        self._live = LiveState(given, self._follow, self._applications.beside, known)
        comparer = Comparer(given.catalog, self._live, Differ(api, given.catalog), known)
        self._asker = Asker(Sources(given, self.name), comparer)
        self._refreshing = Refreshing(given.clock, known)
        self._operations = Operations(api, given.catalog, given.clock, plain)
        deletions = Deletions(plain, given.catalog, given.clock)
        self._endings = Endings(self._applications, self._live, self._asker, deletions)
        self._teller = Teller(plain, given.clock, known)

    def reconcile(self, request: Request) -> Result:
        """Bring an Application's sync a step further, and its status to what Git and the cluster say."""
        app = self._applications.get(request)
        if app is None:
            self._refreshing.forget(request)
            self._operations.forget(request)
            return DONE
        if is_true(annotations_of(app).get(SKIP_RECONCILE, "")):
            return DONE
        if is_terminating(app) and not app.get("operation"):
            return self._end(request, app)
        if not app.get("operation"):
            return self._refresh(request, app)
        step = self._operate(request, app)
        if not step:
            # It goes on at once, or when Git has answered; asked for something else meanwhile, Git would begin anew.
            return Result(step)
        look = self._refresh(request, app)
        return Result(min(step, look.requeue_after or step))

    # -- what wakes it ------------------------------------------------------------------------------------------------

    def _follow(self, source: Source) -> None:
        self.sources = (*self.sources, source)

    def _of_settings(self, event: WatchEvent) -> Iterable[Request]:
        """Settings that change have all Applications looked at again."""
        is_meant = namespace_of(event.object) == NAMESPACE and name_of(event.object) in _SETTINGS
        requests = self._applications.all() if is_meant else []
        for request in requests:
            self._refreshing.ask(request, Level.LATEST)
        return requests

    # -- comparing ----------------------------------------------------------------------------------------------------

    def _refresh(self, request: Request, app: Object) -> Result:
        """Compare an Application, if it is its turn."""
        live = self._fingerprint(app)
        level = self._refreshing.level(request, app, live)
        if level is None and (fault := self._applications.fault_of_project(app)):
            self._teller.noted(app, fault)
        if level is not None and not self._compare(request, app, level, live):
            return DONE
        return Result(self._refreshing.wait(request, app))

    def _fingerprint(self, app: Object) -> Hashable:
        """What changes whenever an object of the Application does, or one is orphaned beside them."""
        managed = self._live.managed_by(instance_of(app)).values()
        versions = frozenset((uid_of(obj), obj["metadata"].get("resourceVersion")) for obj in managed)
        return versions, tuple(self._orphans(app))

    def _orphans(self, app: Object) -> list[Key]:
        namespace = app["spec"]["destination"].get("namespace", "")
        return self._live.orphans(self._applications.project(app) or {}, namespace)

    def _compare(self, request: Request, app: Object, level: Level, live: Hashable) -> bool:
        """Compare, and tell the outcome; False while manifests are being made."""
        project, faults = self._applications.project(app), self._applications.faults(app)
        if faults or project is None:
            self._teller.refused(app, faults)
            self._refreshing.done(request, live)
            return True
        anew = annotations_of(app).get(REFRESH) == "hard"
        place, recent = _place(app, level), level is Level.RECENT
        answer = self._asker.ask(app, project, place, anew=anew, wish=level.name, recent=recent)
        if answer is None:
            return False
        excused = answer.is_trouble and self._refreshing.is_excused(request, level)
        self._refreshing.done(request, live, trouble=answer.is_trouble)
        known = self._asker.ask(app, project, place, wish="known", recent=True) if excused else answer
        if known is not None and not (excused and known.is_trouble):
            self._tell(request, app, project, known, level)
        return True

    def _tell(self, request: Request, app: Object, project: Object, answer: Answer, level: Level) -> None:
        """Write down how a comparison ended, and begin a sync where that follows from it."""
        try:
            comparison = self._asker.compare(answer)
        except settings.SettingsError:
            self._teller.refused(app, ())
            return
        windows = project["spec"].get("syncWindows") or ()
        decision = autosync.decide(app, comparison, self._given.clock.now(), windows)
        if not answer.is_trouble and not is_terminating(app):
            self._teller.keep_finalizers(app, hook_finalizers(app, answer.objects))
        warns = (project["spec"].get("orphanedResources") or {}).get("warn") is not False
        orphans = len(self._orphans(app)) if warns else 0
        found = Found(comparison, decision, summary_of(comparison, self._given.manager), orphans)
        self._teller.compared(app, found, looked=level > Level.RECENT)
        if decision.after is not None:
            self._refreshing.come_back(request, decision.after)

    # -- syncing and ending -------------------------------------------------------------------------------------------

    def _operate(self, request: Request, app: Object) -> float | None:
        """Go a step with an operation; seconds until the next step, None when somebody will tell."""
        project, lacking = self._applications.project(app) or {"spec": {}}, ""
        try:
            project = self._applications.usable_project(app)
        except ProjectError as error:
            lacking = error.message
        given = Circumstances(
            compare=partial(self._asker.compared, app, project),
            refusal=lambda obj, namespaced: refusal(project, obj, OWN, namespaced=namespaced),
            windows=project["spec"].get("syncWindows") or (),
            project_error=lacking,
        )
        step = self._operations.advance(app, given)
        self._teller.stepped(app, step)
        if step.is_over:
            level = _after(step)
            if level is not None:
                self._refreshing.ask(request, level)
            return 0.0
        return step.after

    def _end(self, request: Request, app: Object) -> Result:
        """Do what the finalizers of an Application ask for, as far as it goes now, and tell how it is meanwhile.

        Where hooks run at the end, Git is asked for them each time, and nothing is told.
        """
        try:
            finalizers = self._endings.advance(app)
        except LabError as error:
            self._teller.deletion_failed(app, error.message)
            return Result(_LOOK_AGAIN)
        if finalizers is None:
            return DONE
        self._teller.keep_finalizers(app, finalizers)
        if not finalizers:
            return DONE
        if not has_hooks(app):
            self._refresh(request, app)
        return Result(_LOOK_AGAIN)


def _after(step: Step) -> Level | None:
    """How thoroughly to compare after an operation; not at all after one that has changed nothing."""
    operation = step.state["operation"]
    if operation.get("sync") is None or operation["sync"].get("dryRun"):
        return None
    return Level.LATEST if (operation.get("initiatedBy") or {}).get("automated") else Level.FORCED


def _place(app: Object, level: Level) -> Object:
    """What to compare with: the sources at the commits that are known, or at the newest."""
    spec, sync = app["spec"], (app.get("status") or {}).get("sync") or {}
    known = {field: sync[field] for field in ("revision", "revisions") if sync.get(field)}
    several = spec.get("sources") or ()
    fits = len(known.get("revisions") or ()) == len(several) if several else "revision" in known
    sources = {"sources": spec["sources"]} if several else {"source": spec.get("source") or {}}
    return {**sources, **known} if level is Level.RECENT and fits else sources
