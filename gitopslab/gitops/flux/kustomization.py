"""Kustomization: what a path of a source holds is in the cluster, and stays there.

Story of one reconcile (``run`` keeps where it is): find the artifact and the dependencies, build, apply stage by stage,
write down what is owned, delete what no longer is, wait for health, and say so. It begins when the source has a new
revision, when the spec changes, when somebody asks, and once an interval, which is what repairs drift. Nothing that it
owns is watched.

Simplified: the controller acts with its own rights (``serviceAccountName``, ``kubeConfig``), does not decrypt
(``decryption``), does not evaluate ``healthCheckExprs`` and ``readyExpr``, and knows no ``spec.ignore``. A new revision
ends the health checks of the one before; the real controller does so only behind a feature gate.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import LabError, RenderError
from gitopslab.gitops.flux.apply import SKIPPED, Applier, ApplyError, StillThereError, prepared
from gitopslab.gitops.flux.build import Built, PathError, build
from gitopslab.gitops.flux.dependencies import source_of, unready
from gitopslab.gitops.flux.durations import seconds
from gitopslab.gitops.flux.kinds import KUSTOMIZATIONS, SOURCES, is_suspended, requested_at
from gitopslab.gitops.flux.marks import is_owned, owner_labels
from gitopslab.gitops.flux.ownership import MANAGER
from gitopslab.gitops.flux.prune import prune
from gitopslab.gitops.flux.report import EarlyFailure, Failure, HealthFailure, Report
from gitopslab.gitops.flux.run import Run, Step
from gitopslab.gitops.flux.schedule import Schedule
from gitopslab.gitops.flux.surroundings import Surroundings, add_finalizer, drop_finalizer, has_finalizer
from gitopslab.gitops.flux.variables import variables_of
from gitopslab.gitops.flux.waiting import look, watched
from gitopslab.gitops.inventory import Entry, entries_of, missing
from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, is_condition_true, is_terminating, name_of, namespace_of, uid_of

STATUS_MANAGER = "gotk-kustomize-controller"
_DEPENDENCY_DELAY = 30.0
_LOOK_AGAIN = 1.0
_STAGE_TIMEOUT = 60.0
_SLICE = 0.02  # seconds of applying before others get their turn: two hundred objects take a second or two
_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"


@dataclass(frozen=True, slots=True)
class _Artifact:
    """What a source has."""

    revision: str
    digest: str
    path: str


class KustomizationController:
    """Reconciles Kustomizations.

    Args:
        given: What every controller works with.
        sources: Which kinds of source the cluster has, of ``kinds.SOURCES``.
    """

    name = "kustomization-controller"
    kind = KUSTOMIZATIONS

    def __init__(self, given: Surroundings) -> None:
        self._given = given
        self._api = given.api_for(MANAGER)
        self._status = given.api_for(STATUS_MANAGER)
        self._applier = Applier(self._api, given.catalog, given.clock)
        self._report = Report(self._status, Recorder(self._status, given.clock, MANAGER), given.clock)
        self._schedule = Schedule(given.clock)
        self._objects = given.manager.informer(KUSTOMIZATIONS)
        self._runs: dict[Request, Run] = {}
        self._built: dict[Request, tuple[object, Built]] = {}
        self.sources: tuple[Source, ...] = (
            Source(KUSTOMIZATIONS),
            Source(SOURCES["GitRepository"], self._users_of_source),
            Source(SOURCES["OCIRepository"], self._users_of_source),
            Source("configmaps", self._users_of_variables),
            Source("secrets", self._users_of_variables),
            Source(_DEFINITIONS, self._waiting_for_a_stage),
        )

    def reconcile(self, request: Request) -> Result:
        """Go on with the run that is under way, or begin one when there is a reason to."""
        obj = self._objects.get(request.name, request.namespace)
        if obj is None:
            self._forget(request)
            return DONE
        run = self._runs.get(request)
        if run is not None and run.step is Step.STAGE:
            return self._finish_applying(request, obj, run)
        if is_terminating(obj):
            return self._finalize(request, obj)
        if not has_finalizer(obj):
            add_finalizer(self._status, KUSTOMIZATIONS, obj)
            return DONE
        if is_suspended(obj):
            self._forget(request)
            return DONE
        cause = self._cause(obj)
        if run is None or run.cause != cause:
            if not self._schedule.is_due(request, cause):
                return self._schedule.later(request)
            run = self._runs[request] = Run(cause, obj, self._given.clock.now())
        return self._try(request, obj, run)

    def _finish_applying(self, request: Request, obj: Object, run: Run) -> Result:
        """Apply to the end whatever was changed since it began: the inventory must name all that was written."""
        result = self._try(request, {**run.object, "status": obj.get("status")}, run)
        return result if request in self._runs and run.step is Step.STAGE else Result(0.0)

    def _try(self, request: Request, obj: Object, run: Run) -> Result:
        try:
            return self._go_on(request, obj, run)
        except Failure as failure:
            del self._runs[request]
            if isinstance(failure, EarlyFailure):
                self._report.not_begun(obj, failure)
            else:
                self._report.failed(obj, run, failure)
            retry = failure.again or seconds(obj["spec"].get("retryInterval"), seconds(obj["spec"]["interval"]))
            return self._schedule.done(request, run.cause, retry)

    # -- why a run begins ---------------------------------------------------------------------------------------------

    def _cause(self, obj: Object) -> tuple[object, ...]:
        artifact = self._artifact(obj)
        return (
            uid_of(obj),
            obj["metadata"].get("generation"),
            requested_at(obj),
            artifact and (artifact.revision, artifact.digest),
            self._variable_versions(obj),
        )

    def _artifact(self, obj: Object) -> _Artifact | None:
        source = self._source(obj)
        found = ((source or {}).get("status") or {}).get("artifact")
        return None if not found else _Artifact(found["revision"], found["digest"], found["path"])

    def _source(self, obj: Object) -> Object | None:
        kind, namespace, name = source_of(obj)
        resource = SOURCES.get(kind)
        return None if resource is None else self._given.manager.informer(resource).get(name, namespace)

    def _variable_versions(self, obj: Object) -> tuple[str, ...]:
        references = (obj["spec"].get("postBuild") or {}).get("substituteFrom") or ()
        found = []
        for reference in references:
            informer = self._given.manager.informer(_plural(reference))
            there = informer.get(reference["name"], namespace_of(obj))
            found.append("" if there is None else str(there["metadata"]["resourceVersion"]))
        return tuple(found)

    def _users_of_source(self, event: WatchEvent) -> Iterable[Request]:
        told = (event.object["kind"], namespace_of(event.object), name_of(event.object))
        return [Request(namespace_of(each), name_of(each)) for each in self._objects if source_of(each) == told]

    def _users_of_variables(self, event: WatchEvent) -> Iterable[Request]:
        kind, name = event.object["kind"], name_of(event.object)
        for each in self._objects.list(namespace_of(event.object)):
            references = (each["spec"].get("postBuild") or {}).get("substituteFrom") or ()
            if any((reference["kind"], reference["name"]) == (kind, name) for reference in references):
                yield Request(namespace_of(each), name_of(each))

    def _waiting_for_a_stage(self, _event: WatchEvent) -> Iterable[Request]:
        return [request for request, run in self._runs.items() if run.step is Step.STAGE]

    # -- one run ------------------------------------------------------------------------------------------------------

    def _go_on(self, request: Request, obj: Object, run: Run) -> Result:
        if run.step is Step.BUILD:
            artifact = self._must_have_artifact(obj)
            run.revision = artifact.revision
            if reason := unready(obj, self._objects, artifact.revision):
                raise EarlyFailure("DependencyNotReady", reason, again=_DEPENDENCY_DELAY)
            built = self._build(request, obj, run, artifact)
            if built is None:
                self._report.progress(obj, run, "Building manifests for")
                return DONE
            run.begin(built, prepared(built.objects, owner_labels(obj), obj["spec"].get("commonMetadata")))
        if run.step is Step.STAGE and (soon := self._apply(obj, run)) is not None:
            self._report.progress(obj, run, "Detecting drift for")
            return Result(soon)
        if run.step is Step.HEALTH and not self._is_healthy(obj, run):
            self._report.progress(obj, run, "Running health checks for")
            return Result(_LOOK_AGAIN)
        del self._runs[request]
        self._report.succeeded(obj, run)
        return self._schedule.done(request, run.cause, seconds(obj["spec"]["interval"]))

    def _must_have_artifact(self, obj: Object) -> _Artifact:
        kind, _, name = source_of(obj)
        if self._source(obj) is None:
            raise EarlyFailure("ArtifactFailed", f'{kind}.source.toolkit.fluxcd.io "{name}" not found')
        artifact = self._artifact(obj)
        if artifact is None:
            raise EarlyFailure("ArtifactFailed", "Source artifact not found, retrying in 30s", again=_DEPENDENCY_DELAY)
        return artifact

    def _build(self, request: Request, obj: Object, run: Run, artifact: _Artifact) -> Built | None:
        """The objects; from the last run when nothing they are made of has changed."""
        try:
            variables = variables_of(self._api, obj)
        except RenderError as error:
            raise Failure("BuildFailed", error.message) from error
        what = (artifact.digest, obj["metadata"]["generation"], tuple(sorted(variables.items())))
        known = self._built.get(request)
        if known is not None and known[0] == what:
            return known[1]
        spec, timeout, storage = obj["spec"], run.timeout(obj), self._given.storage

        def do() -> Built:
            content = storage.read(artifact.path, artifact.digest)
            if content is None:
                raise LabError("Source artifact not found, retrying in 30s")
            return build(content, spec, variables, timeout)

        outcome = self._given.work.ask(self.name, request, what, do)
        if outcome is None:
            return None
        try:
            built = outcome.get()
        except PathError as error:
            raise Failure("ArtifactFailed", error.message) from error
        except RenderError as error:
            raise Failure("BuildFailed", error.message) from error
        except LabError as error:
            raise Failure("ArtifactFailed", error.message, again=_DEPENDENCY_DELAY) from error
        self._built[request] = (what, built)
        return built

    def _apply(self, obj: Object, run: Run) -> float | None:
        """Apply a piece of what is left; seconds until the next piece, None when all is applied."""
        force = bool(obj["spec"].get("force"))
        end = time.monotonic() + _SLICE
        try:
            while run.stages:
                if not self._has_settled(run):
                    return _LOOK_AGAIN
                while run.stages and len(run.written) < len(run.stages[0]):
                    self._apply_next(run, force=force)
                    if time.monotonic() >= end:
                        return 0.0
                run.next_stage(self._given.clock.now())
        except StillThereError as error:
            if self._given.clock.now() - run.started >= run.timeout(obj):
                raise Failure("ReconciliationFailed", error.message) from error
            return _LOOK_AGAIN
        except ApplyError as error:
            message = "\n".join([error.message, *map(str, run.changes)])
            raise Failure("ReconciliationFailed", message) from error
        self._settle_inventory(obj, run)
        run.step = Step.HEALTH
        return None

    def _apply_next(self, run: Run, *, force: bool) -> None:
        """Plan one object of a stage, or write one, once all of them are planned."""
        stage = run.stages[0]
        if len(run.planned) < len(stage):
            run.planned.append(self._applier.plan(stage[len(run.planned)], force=force))
        else:
            at = len(run.written)
            run.written.append(self._applier.write(stage[at], run.planned[at]))

    def _has_settled(self, run: Run) -> bool:
        """Whether what the last stage made is established: kinds, namespaces and classes come before their users."""
        if run.settling:
            now = look(self._applier, run.settling)
            if not now.is_over:
                if self._given.clock.now() - run.settling_since >= _STAGE_TIMEOUT:
                    raise Failure("ReconciliationFailed", f"timeout waiting for: [{', '.join(now.waiting)}]")
                return False
        return True

    def _settle_inventory(self, obj: Object, run: Run) -> None:
        """Write down what is owned now, and delete what is not any more."""
        self._report.changes(obj, run.changes)
        new = [Entry.of(action.object) for action in run.actions]
        old = entries_of((obj.get("status") or {}).get("inventory"))
        if obj["spec"].get("prune"):
            pruned = prune(self._applier, obj, missing(old, new))
            self._report.changes(obj, pruned.actions)
            new += pruned.refused
            run.inventory = new
            if pruned.errors:
                raise Failure("PruneFailed", pruned.message)
        run.inventory = new

    def _is_healthy(self, obj: Object, run: Run) -> bool:
        wanted = watched(obj, [action.object for action in run.actions if action.done != SKIPPED])
        if not wanted:
            return True
        if not run.checked_since:
            run.checked_since = self._given.clock.now()
            run.was_healthy = is_condition_true(obj, "Healthy")
        now = look(self._applier, wanted)
        took = self._given.clock.now() - run.checked_since
        if now.is_over:
            run.healthy_after = took
            return True
        if now.failed:
            raise HealthFailure(took, f"failed early due to stalled resources: [{', '.join(now.failed)}]")
        if took >= run.timeout(obj):
            raise HealthFailure(took, f"timeout waiting for: [{', '.join(now.waiting)}]")
        return False

    # -- the end ------------------------------------------------------------------------------------------------------

    def _finalize(self, request: Request, obj: Object) -> Result:
        """Delete what is owned, unless the policy, or a suspension, says to leave it."""
        if not has_finalizer(obj):
            return DONE
        entries = entries_of((obj.get("status") or {}).get("inventory"))
        if entries and not is_suspended(obj) and _deletes(obj["spec"]):
            pruned = prune(self._applier, obj, entries)
            self._report.deleted(obj, pruned.actions)
            if pruned.errors:
                self._report.failed(obj, Run((), obj, self._given.clock.now()), Failure("PruneFailed", pruned.message))
                return Result(seconds(obj["spec"].get("retryInterval"), seconds(obj["spec"]["interval"])))
            if obj["spec"].get("deletionPolicy") == "WaitForTermination" and self._is_ending(obj, entries):
                return Result(_LOOK_AGAIN)
        self._forget(request)
        drop_finalizer(self._status, KUSTOMIZATIONS, obj)
        return DONE

    def _is_ending(self, obj: Object, entries: Iterable[Entry]) -> bool:
        """Whether something that was deleted is still there, and it is not too late to wait for it."""
        since = self._given.clock.now() - seconds_of(obj["metadata"]["deletionTimestamp"])
        there = (self._applier.live(entry.object) for entry in entries)
        return since < Run.timeout(obj) and any(live and is_terminating(live) and is_owned(live, obj) for live in there)

    def _forget(self, request: Request) -> None:
        self._runs.pop(request, None)
        self._schedule.forget(request)


def _plural(reference: Object) -> str:
    return "configmaps" if reference["kind"] == "ConfigMap" else "secrets"


def _deletes(spec: Object) -> bool:
    policy = spec.get("deletionPolicy") or "MirrorPrune"
    return bool(spec.get("prune")) if policy == "MirrorPrune" else policy != "Orphan"
