"""Application: Git and the cluster are compared, the outcome is told, and syncs are carried out.

Story of one reconcile: an operation that was asked for goes a step further; then, if it is the Application's turn
(somebody asked, a live object changed, two minutes are over), manifests are made and compared, status, health and
conditions written, and an Application that syncs by itself gets an operation when it needs one. An Application that is
deleted takes its resources along when a finalizer says so. Source: ``controller/appcontroller.go``.

Simplified: the Application's own cluster is its only destination; sources are not verified (``signatureKeys``) and not
hydrated (``spec.sourceHydrator``); Applications live in Argo CD's own namespace.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from functools import partial

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import LabError
from gitopslab.gitops.argocd import autosync, settings
from gitopslab.gitops.argocd.clusters import OWN, Cluster, DestinationError, clusters, destination
from gitopslab.gitops.argocd.compare import Comparer, Question
from gitopslab.gitops.argocd.deletion import Deletions, abandoned, hook_finalizers
from gitopslab.gitops.argocd.diff import Differ
from gitopslab.gitops.argocd.kinds import (
    APP_PROJECTS,
    APPLICATIONS,
    CONTROLLER,
    FIELD_MANAGER,
    NAMESPACE,
    POST_DELETE_FINALIZER,
    PRE_DELETE_FINALIZER,
    REFRESH,
    SKIP_RECONCILE,
)
from gitopslab.gitops.argocd.live import LiveState
from gitopslab.gitops.argocd.project import invalid_spec, is_live_permitted, project_of, refusal
from gitopslab.gitops.argocd.refresh import Level, Refreshing
from gitopslab.gitops.argocd.sources import Sources, Target, sources_of
from gitopslab.gitops.argocd.state import Comparison, Key
from gitopslab.gitops.argocd.summary import summary_of
from gitopslab.gitops.argocd.sync.operation import Operations
from gitopslab.gitops.argocd.sync.step import Circumstances
from gitopslab.gitops.argocd.telling import Found, Teller
from gitopslab.gitops.argocd.tracking import instance_of
from gitopslab.gitops.surroundings import Surroundings
from gitopslab.machinery.objects import Object, annotations_of, is_terminating, name_of, namespace_of, uid_of

_HOOKED = (PRE_DELETE_FINALIZER, POST_DELETE_FINALIZER)
_LOOK_AGAIN = 5.0  # what a deletion waits for is watched; this is for what nobody watches


class ApplicationController:
    """Reconciles Applications.

    Args:
        given: What every controller works with.
    """

    name = CONTROLLER

    def __init__(self, given: Surroundings) -> None:
        self._given = given
        self._apps = given.manager.informer(APPLICATIONS)
        self._projects = given.manager.informer(APP_PROJECTS)
        self._secrets = given.manager.informer("secrets")
        self._teller = Teller(given.api_for(CONTROLLER), given.clock)
        known = settings.Settings(given.manager.informer("configmaps"))
        self._refreshing = Refreshing(given.clock, known)
        self._sources = Sources(given, self.name)
        self.sources: tuple[Source, ...] = (
            Source(APPLICATIONS),
            Source(APP_PROJECTS, self._of_project),
            Source("configmaps", self._of_settings),
        )
        self._live = LiveState(given, self._follow, self._watching)
        api = given.api_for(FIELD_MANAGER)
        self._comparer = Comparer(given.catalog, self._live, Differ(api, given.catalog), known)
        self._operations = Operations(api, given.catalog, given.clock)
        self._deletions = Deletions(api, given.catalog, given.clock)

    def reconcile(self, request: Request) -> Result:
        """Bring an Application's sync a step further, and its status to what Git and the cluster say."""
        app = self._apps.get(request.name, request.namespace)
        if app is None or request.namespace != NAMESPACE:
            self._forget(request)
            return DONE
        if annotations_of(app).get(SKIP_RECONCILE) == "true":
            return DONE
        if is_terminating(app) and not app.get("operation"):
            return self._end(app)
        step = self._operate(request, app) if app.get("operation") else None
        if step == 0.0:
            return Result(step)
        look = self._refresh(request, app)
        return look if step is None else Result(min(step, look.requeue_after or step))

    def _follow(self, source: Source) -> None:
        self.sources = (*self.sources, source)

    def _of_project(self, event: WatchEvent) -> Iterable[Request]:
        """A project that changes has its Applications looked at again."""
        return self._asked(app for app in self._apps.list(NAMESPACE) if project_of(app) == name_of(event.object))

    def _of_settings(self, event: WatchEvent) -> Iterable[Request]:
        """Settings that change have all Applications looked at again."""
        is_meant = (namespace_of(event.object), name_of(event.object)) == (NAMESPACE, settings.NAME)
        return self._asked(self._apps.list(NAMESPACE)) if is_meant else ()

    def _asked(self, apps: Iterable[Object]) -> list[Request]:
        requests = [Request(NAMESPACE, name_of(app)) for app in apps]
        for request in requests:
            self._refreshing.ask(request, Level.LATEST)
        return requests

    def _watching(self, namespace: str) -> list[Request]:
        """The Applications that want to know what belongs to nobody in a namespace."""
        curious = {name_of(one) for one in self._projects.list(NAMESPACE) if "orphanedResources" in one["spec"]}
        apps = self._apps.list(NAMESPACE) if curious else ()
        there = (app for app in apps if app["spec"]["destination"].get("namespace") == namespace)
        return [Request(NAMESPACE, name_of(app)) for app in there if project_of(app) in curious]

    def _project(self, app: Object) -> Object | None:
        return self._projects.get(project_of(app), NAMESPACE)

    def _forget(self, request: Request) -> None:
        self._refreshing.forget(request)
        self._operations.forget(request)

    # -- comparing ----------------------------------------------------------------------------------------------------

    def _refresh(self, request: Request, app: Object) -> Result:
        """Compare an Application, if it is its turn."""
        live = self._fingerprint(app)
        level = self._refreshing.level(request, app, live)
        if level is not None and not self._compare(request, app, level, live):
            return DONE
        return Result(self._refreshing.wait(request, self._apps.get(name_of(app), NAMESPACE) or app))

    def _fingerprint(self, app: Object) -> Hashable:
        """What changes whenever an object of the Application does, or one is orphaned beside them."""
        managed = self._live.managed_by(instance_of(app)).values()
        versions = frozenset((uid_of(obj), obj["metadata"].get("resourceVersion")) for obj in managed)
        return versions, tuple(self._orphans(app))

    def _orphans(self, app: Object) -> list[Key]:
        namespace = app["spec"]["destination"].get("namespace", "")
        return self._live.orphans(self._project(app) or {}, namespace)

    def _compare(self, request: Request, app: Object, level: Level, live: Hashable) -> bool:
        """Compare, and tell the outcome; False while manifests are being made."""
        project = self._project(app)
        known = clusters(self._secrets.list(NAMESPACE))
        wrong = invalid_spec(app, project, known) or _too_far(app, known)
        if wrong or project is None:
            self._teller.refused(app, wrong)
            self._refreshing.done(request, live)
            return True
        sources, error = sources_of(app["spec"]), ""
        revisions = self._revisions(app, sources, level)
        try:
            anew = annotations_of(app).get(REFRESH) == "hard"
            target = self._sources.target(app, sources, revisions, anew=anew)
        except LabError as failure:
            target, error = None, failure.message
        if target is None and not error:
            return False
        excused = bool(error) and self._refreshing.is_excused(request, level)
        self._refreshing.done(request, live, trouble=bool(error))
        if not excused:
            several = bool(app["spec"].get("sources"))
            comparison = self._comparer.compare(Question(app, project, sources, revisions, target, error, several))
            self._tell(request, app, project, comparison, target, level)
        return True

    def _revisions(self, app: Object, sources: tuple[Object, ...], level: Level) -> tuple[str, ...]:
        """What to compare with: the commits that are known, or what the spec names."""
        sync = (app.get("status") or {}).get("sync") or {}
        known = sync.get("revisions") or [sync.get("revision")]
        if level is Level.RECENT and len(known) == len(sources) and all(known):
            return tuple(known)
        return tuple(source.get("targetRevision") or "" for source in sources)

    def _tell(
        self,
        request: Request,
        app: Object,
        project: Object,
        comparison: Comparison,
        target: Target | None,
        level: Level,
    ) -> None:
        """Write down how a comparison ended, and begin a sync where that follows from it."""
        windows = project["spec"].get("syncWindows") or ()
        decision = autosync.decide(app, comparison, self._given.clock.now(), windows)
        if target is not None:
            self._teller.keep_finalizers(app, hook_finalizers(app, target.objects))
        found = Found(comparison, decision, summary_of(comparison, self._given.manager), self._warned(app, project))
        self._teller.compared(app, found, looked=level > Level.RECENT)
        if decision.after is not None:
            self._refreshing.come_back(request, decision.after)

    def _warned(self, app: Object, project: Object) -> int:
        """How many objects beside the Application belong to nobody, where its project warns of them."""
        is_wanted = (project["spec"].get("orphanedResources") or {}).get("warn") is not False
        return len(self._orphans(app)) if is_wanted else 0

    # -- syncing ------------------------------------------------------------------------------------------------------

    def _operate(self, request: Request, app: Object) -> float | None:
        """Go a step with an operation; seconds until the next step, None when it is over or somebody will tell."""
        project = self._project(app)
        missing = "" if project is not None else f'appproject.argoproj.io "{project_of(app)}" not found'
        given = Circumstances(
            compare=partial(self._compare_for, app, project or {}),
            refusal=lambda obj, namespaced: refusal(project or {}, obj, OWN, namespaced=namespaced),
            windows=((project or {}).get("spec") or {}).get("syncWindows") or (),
            project_error=missing,
        )
        step = self._operations.advance(app, given)
        self._teller.stepped(app, step)
        if step.is_over:
            self._refreshing.ask(request, Level.FORCED)
            return 0.0
        return step.after

    def _compare_for(self, app: Object, project: Object, place: Object) -> Comparison | None:
        """What an operation is about to change; None while manifests are being made."""
        sources, error = sources_of(place), ""
        asked = place.get("revisions") or [place.get("revision")] * len(sources)
        revisions = tuple(
            revision or source.get("targetRevision") or "" for source, revision in zip(sources, asked, strict=True)
        )
        try:
            target = self._sources.target(app, sources, revisions)
        except LabError as failure:
            target, error = None, failure.message
        if target is None and not error:
            return None
        several = "sources" in place
        return self._comparer.compare(Question(app, project, sources, revisions, target, error, several))

    # -- the end ------------------------------------------------------------------------------------------------------

    def _end(self, app: Object) -> Result:
        """Do what the finalizers of an Application ask for, as far as it goes now."""
        try:
            finalizers = self._finalizers_left(app)
        except LabError as error:
            self._teller.deletion_failed(app, error.message)
            return Result(_LOOK_AGAIN)
        if finalizers is None:
            return DONE
        self._teller.keep_finalizers(app, finalizers)
        return Result(_LOOK_AGAIN) if finalizers else DONE

    def _finalizers_left(self, app: Object) -> list[str] | None:
        """Do what comes next; the finalizers that are left, None while Git is asked."""
        project = self._project(app)
        if project is None:
            raise LabError(f'appproject.argoproj.io "{project_of(app)}" not found')
        try:
            destination(app["spec"]["destination"], clusters(self._secrets.list(NAMESPACE)))
        except DestinationError:
            return abandoned(app)
        wanted = self._hooks_of_deletion(app)
        if wanted is None:
            return None
        live = [obj for obj in self._live.managed_by(instance_of(app)).values() if is_live_permitted(project, obj, OWN)]
        return self._deletions.advance(app, live, wanted)

    def _hooks_of_deletion(self, app: Object) -> list[Object] | None:
        """What Git has, where hooks run at the end; None while it is looked up."""
        if not any(name.startswith(_HOOKED) for name in app["metadata"].get("finalizers") or ()):
            return []
        sources = sources_of(app["spec"])
        # The newest, so that a hook that was mended can run.
        target = self._sources.target(app, sources, self._revisions(app, sources, Level.LATEST))
        return None if target is None else self._comparer.ready(app, target.objects)


def _too_far(app: Object, known: Sequence[Cluster]) -> list[str]:
    """What keeps an Application from a cluster that Argo CD knows of, and the lab's cannot reach."""
    cluster = destination(app["spec"]["destination"], known)
    if cluster.server == OWN.server:
        return []
    return [f'error getting cluster by server "{cluster.server}": the lab\'s Argo CD reaches only its own cluster']
