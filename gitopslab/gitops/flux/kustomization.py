"""Kustomization: what a path of a source holds is in the cluster, and stays there.

Story of one reconcile (``run`` keeps where it is): find the artifact and the dependencies, build, apply stage by stage,
write down what is owned, delete what no longer is, wait for health, and say so. It begins when the source has a new
revision, when the spec changes, when somebody asks, and once an interval, which is what repairs drift. Nothing that it
owns is watched.

Simplified: only this cluster is applied to, and a Kustomization for another one (``kubeConfig``) is refused. A timeout
of less than 30 s counts, so that a lesson need not wait; the real controller waits 30 s at least. A new revision ends
the health checks of the one before; the real controller does so only behind a feature gate. A reconcile for which
nothing has changed tells no steps.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import ApiError, LabError, RenderError
from gitopslab.gitops.flux.apply import SKIPPED, Applier, ApplyError, StillThereError, prepared
from gitopslab.gitops.flux.build import Built, PathError, build
from gitopslab.gitops.flux.causes import Artifact, Causes
from gitopslab.gitops.flux.checks import Checks
from gitopslab.gitops.flux.decryption import check_keys, check_plain
from gitopslab.gitops.flux.dependencies import source_of, unready
from gitopslab.gitops.flux.durations import seconds
from gitopslab.gitops.flux.elsewhere import elsewhere
from gitopslab.gitops.flux.expressions import ExpressionError
from gitopslab.gitops.flux.kinds import KUSTOMIZATIONS, is_suspended
from gitopslab.gitops.flux.marks import is_owned, owner_labels, spoken
from gitopslab.gitops.flux.normalizing import normalized
from gitopslab.gitops.flux.ownership import MANAGER
from gitopslab.gitops.flux.prune import prune
from gitopslab.gitops.flux.report import EarlyFailure, Failure, HealthFailure, Report, TerminalError, is_news
from gitopslab.gitops.flux.run import Run, Step
from gitopslab.gitops.flux.schedule import Schedule
from gitopslab.gitops.flux.surroundings import Surroundings, add_finalizer, drop_finalizer, has_finalizer
from gitopslab.gitops.flux.variables import variables_of
from gitopslab.gitops.flux.waiting import look, watched
from gitopslab.gitops.inventory import Entry, entries_of, missing
from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, is_condition_true, is_terminating, namespace_of, uid_of

STATUS_MANAGER = "gotk-kustomize-controller"
_DEPENDENCY_DELAY = 30.0
_LOOK_AGAIN = 1.0
_STAGE_TIMEOUT = 60.0
_SLICE = 0.02  # seconds of applying before others get their turn: two hundred objects take a second or two
_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"


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
        self._appliers = {"": Applier(self._api, given.catalog, given.clock)}
        self._report = Report(self._status, Recorder(self._status, given.clock, MANAGER), given.clock)
        self._schedule = Schedule(given.clock)
        self._objects = given.manager.informer(KUSTOMIZATIONS)
        self._runs: dict[Request, Run] = {}
        self._built: dict[Request, tuple[object, Built]] = {}
        self._leaving: set[Request] = set()  # what they own was asked to go
        self._causes = Causes(given.manager, self._objects)
        self.sources: tuple[Source, ...] = (
            Source(KUSTOMIZATIONS),
            *self._causes.sources,
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
            self._report.suspended(obj)
            return DONE
        cause = self._causes.of(obj)
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
        run.latest = obj
        try:
            return self._go_on(request, obj, run)
        except TerminalError as failure:
            del self._runs[request]
            self._report.stalled(run.latest, run, failure)
            return self._schedule.idle(request, run.cause)
        except Failure as failure:
            del self._runs[request]
            if isinstance(failure, EarlyFailure):
                self._report.not_begun(run.latest, run, failure)
            else:
                self._report.failed(run.latest, run, failure)
            retry = failure.again or seconds(obj["spec"].get("retryInterval"), seconds(obj["spec"]["interval"]))
            return self._schedule.done(request, run.cause, retry)

    def _waiting_for_a_stage(self, _event: WatchEvent) -> Iterable[Request]:
        return [request for request, run in self._runs.items() if run.step is Step.STAGE]

    # -- one run ------------------------------------------------------------------------------------------------------

    def _go_on(self, request: Request, obj: Object, run: Run) -> Result:
        if run.step is Step.BUILD and not self._begin(request, obj, run):
            return DONE
        if run.step is Step.STAGE and (soon := self._apply(obj, run)) is not None:
            self._tell(run, "Detecting drift for")
            return Result(soon)
        if run.step is Step.HEALTH and not self._is_healthy(obj, run):
            return Result(_LOOK_AGAIN)
        del self._runs[request]
        self._report.succeeded(run.latest, run)
        return self._schedule.done(request, run.cause, seconds(obj["spec"]["interval"]))

    def _begin(self, request: Request, obj: Object, run: Run) -> bool:
        """Find everything that is needed, and build; whether there is something to apply now."""
        run.checks = self._checks(obj)
        artifact = self._must_have_artifact(obj)
        run.revision, run.origin = artifact.revision, artifact.origin
        try:
            reason = unready(obj, self._objects, artifact.revision)
        except ExpressionError as error:
            raise TerminalError("InvalidCELExpression", error.message) from error
        if reason:
            raise EarlyFailure("DependencyNotReady", reason, again=_DEPENDENCY_DELAY)
        if is_news(obj, run):
            self._tell(run, "Fetching manifests for")
        if obj["spec"].get("kubeConfig"):
            raise Failure("ReconciliationFailed", elsewhere(self._api, obj))
        built = self._build(request, obj, run, artifact)
        if built is None:
            self._tell(run, "Building manifests for")
            return False
        if is_news(obj, run):
            self._tell(run, "Building manifests for", "Detecting drift for")
        objects = [normalized(each, self._given.typed) for each in built.objects]
        try:
            check_plain(objects)
        except RenderError as error:
            run.digest = built.digest
            raise Failure("ReconciliationFailed", error.message) from error
        run.begin(built, prepared(objects, owner_labels(obj), obj["spec"].get("commonMetadata")))
        return True

    def _tell(self, run: Run, *doing: str) -> None:
        for words in doing:
            run.latest = self._report.progress(run.latest, run, words)

    def _checks(self, obj: Object) -> Checks:
        try:
            return Checks.read(obj["spec"].get("healthCheckExprs") or ())
        except ExpressionError as error:
            raise TerminalError("InvalidCELExpression", error.message) from error

    def _must_have_artifact(self, obj: Object) -> Artifact:
        kind, namespace, name = source_of(obj)
        if kind == "ExternalArtifact":
            gate = "ExternalArtifact feature gate is disabled"
            raise TerminalError("AccessDenied", f"can't access '{kind}/{namespace}/{name}', {gate}", is_denied=True)
        if self._causes.source(obj) is None:
            raise EarlyFailure("ArtifactFailed", f'{kind}.source.toolkit.fluxcd.io "{name}" not found')
        artifact = self._causes.artifact(obj)
        if artifact is None:
            raise EarlyFailure("ArtifactFailed", "Source artifact not found, retrying in 30s", again=_DEPENDENCY_DELAY)
        return artifact

    def _applier(self, obj: Object) -> Applier:
        """Who applies: the controller itself, or the service account that the Kustomization names."""
        account = obj["spec"].get("serviceAccountName") or ""
        key = f"{namespace_of(obj)}/{account}" if account else ""
        if key not in self._appliers:
            api = self._given.api_as(namespace_of(obj), account, MANAGER)
            self._appliers[key] = Applier(api, self._given.catalog, self._given.clock)
        return self._appliers[key]

    def _build(self, request: Request, obj: Object, run: Run, artifact: Artifact) -> Built | None:
        """The objects; from the last run when nothing they are made of has changed."""
        try:
            check_keys(self._api, obj)
        except RenderError as error:
            raise Failure("BuildFailed", error.message) from error
        variables = self._variables(obj)
        told = variables.message if isinstance(variables, RenderError) else tuple(sorted(variables.items()))
        what = (artifact.digest, uid_of(obj), obj["metadata"]["generation"], told)
        known = self._built.get(request)
        if known is not None and known[0] == what:
            return known[1]
        spec, timeout, storage = obj["spec"], run.timeout(obj), self._given.storage

        def do() -> Built:
            content = storage.read(artifact.path, artifact.digest)
            if content is None:
                raise LabError("Source is not ready, artifact not found, retrying in 30s")
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
            raise EarlyFailure("ArtifactFailed", error.message, again=_DEPENDENCY_DELAY) from error
        self._built[request] = (what, built)
        return built

    def _variables(self, obj: Object) -> Mapping[str, str] | RenderError:
        try:
            return variables_of(self._api, obj)
        except RenderError as error:
            return error

    def _apply(self, obj: Object, run: Run) -> float | None:
        """Apply a piece of what is left; seconds until the next piece, None when all is applied."""
        end = time.monotonic() + _SLICE
        try:
            while run.stages:
                if not self._has_settled(obj, run):
                    return _LOOK_AGAIN
                while run.stages and len(run.written) < len(run.stages[0]):
                    self._apply_next(obj, run)
                    if time.monotonic() >= end:
                        return 0.0
                run.next_stage(self._given.clock.now())
        except StillThereError as error:
            if self._given.clock.now() - run.started >= run.timeout(obj):
                raise Failure("ReconciliationFailed", error.message) from error
            return _LOOK_AGAIN
        except ApplyError as error:
            before = "".join(f"{action}\n" for action in run.actions if action.is_change)
            raise Failure("ReconciliationFailed", f"{error.message}\n{before}") from error
        self._settle_inventory(obj, run)
        run.step = Step.HEALTH
        return None

    def _apply_next(self, obj: Object, run: Run) -> None:
        """Plan one object of a stage, or write one, once all of them are planned."""
        stage, applier, spec = run.stages[0], self._applier(obj), obj["spec"]
        if len(run.planned) < len(stage):
            wanted = stage[len(run.planned)] = applier.placed(stage[len(run.planned)])
            planned = applier.plan(wanted, force=bool(spec.get("force")), ignore=tuple(spec.get("ignore") or ()))
            run.planned.append(planned)
        else:
            at = len(run.written)
            run.written.append(applier.write(stage[at], run.planned[at]))

    def _has_settled(self, obj: Object, run: Run) -> bool:
        """Whether what the last stage made is established: kinds, namespaces and classes come before their users."""
        if run.settling:
            now = look(self._applier(obj), run.settling, self._given.clock.now())
            if not now.is_over:
                if self._given.clock.now() - run.settling_since >= _STAGE_TIMEOUT:
                    raise ApplyError(f"timeout waiting for: [{', '.join(now.waiting)}]")
                return False
        return True

    def _settle_inventory(self, obj: Object, run: Run) -> None:
        """Write down what is owned now, and delete what is not any more."""
        self._report.changes(obj, run, run.changes)
        new = [Entry.of(action.object) for action in run.actions]
        old = entries_of((obj.get("status") or {}).get("inventory"))
        if obj["spec"].get("prune"):
            pruned = prune(self._applier(obj), obj, missing(old, new))
            self._report.changes(obj, run, pruned.actions)
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
            if is_news(obj, run) or not run.was_healthy:
                self._tell(run, "Running health checks for")
        now = look(self._applier(obj), wanted, self._given.clock.now(), run.checks)
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
            if not self._can_impersonate(obj):
                names = "\n".join(spoken(entry.object) for entry in entries)
                self._report.trouble(obj, f"unable to prune objects: \n{names}")
            elif (result := self._delete(request, obj, entries)) is not None:
                return result
        self._forget(request)
        self._report.gone(obj)
        drop_finalizer(self._status, KUSTOMIZATIONS, obj)
        return DONE

    def _delete(self, request: Request, obj: Object, entries: Sequence[Entry]) -> Result | None:
        """Delete what is owned; when to come again, or None when nothing is left to be done."""
        if request not in self._leaving:
            pruned = prune(self._applier(obj), obj, entries)
            if pruned.errors:
                self._report.trouble(obj, "pruning for deleted resource failed")
                return self._schedule.failed(request, "deletion")
            self._report.deleted(obj, pruned.actions)
            self._leaving.add(request)
        if obj["spec"].get("deletionPolicy") == "WaitForTermination":
            if self._is_ending(obj, entries):
                return Result(_LOOK_AGAIN)
            if self._is_late(obj):
                self._report.trouble(obj, "failed to wait for resources termination")
        return None

    def _can_impersonate(self, obj: Object) -> bool:
        account = obj["spec"].get("serviceAccountName")
        if not account:
            return True
        try:
            self._api.get("serviceaccounts", account, namespace_of(obj))
        except ApiError:
            return False
        return True

    def _is_ending(self, obj: Object, entries: Iterable[Entry]) -> bool:
        """Whether something that was deleted is still there, and it is not too late to wait for it."""
        there = (self._applier(obj).live(entry.object) for entry in entries)
        is_there = any(live and is_terminating(live) and is_owned(live, obj) for live in there)
        return is_there and not self._is_late(obj)

    def _is_late(self, obj: Object) -> bool:
        return self._given.clock.now() - seconds_of(obj["metadata"]["deletionTimestamp"]) >= Run.timeout(obj)

    def _forget(self, request: Request) -> None:
        self._runs.pop(request, None)
        self._leaving.discard(request)
        self._schedule.forget(request)


def _deletes(spec: Object) -> bool:
    policy = spec.get("deletionPolicy") or "MirrorPrune"
    return bool(spec.get("prune")) if policy == "MirrorPrune" else policy != "Orphan"
