"""Kustomization: what a path of a source holds is in the cluster, and stays there.

Story of one reconcile (``run`` keeps where it is): find the artifact and the dependencies, build (``preparing``), apply
stage by stage, write down what is owned, delete what no longer is, wait for health (``applying``), and say so
(``report``). It begins when the source has a new revision, when the spec changes, when somebody asks, and once an
interval, which is what repairs drift. Nothing that it owns is watched. What becomes of that in the end: ``leaving``.

Simplified: only this cluster is applied to, and a Kustomization for another one (``kubeConfig``) is refused. A new
revision ends the health checks of the one before; the real controller does so only behind a feature gate. A reconcile
for which nothing has changed tells no steps.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.gitops.flux.appliers import Appliers
from gitopslab.gitops.flux.applying import LOOK_AGAIN, Applying
from gitopslab.gitops.flux.causes import Causes
from gitopslab.gitops.flux.durations import seconds
from gitopslab.gitops.flux.kinds import KUSTOMIZATIONS, is_suspended
from gitopslab.gitops.flux.leaving import Leaving
from gitopslab.gitops.flux.ownership import MANAGER
from gitopslab.gitops.flux.preparing import Preparing
from gitopslab.gitops.flux.report import EarlyFailure, Failure, Report, TerminalError
from gitopslab.gitops.flux.run import Run, Step
from gitopslab.gitops.flux.schedule import Schedule
from gitopslab.gitops.flux.surroundings import Surroundings, add_finalizer, drop_finalizer, has_finalizer
from gitopslab.machinery.objects import Object, is_terminating

STATUS_MANAGER = "gotk-kustomize-controller"
_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"


class KustomizationController:
    """Reconciles Kustomizations.

    Args:
        given: What every controller works with.
    """

    name = "kustomization-controller"
    kind = KUSTOMIZATIONS

    def __init__(self, given: Surroundings) -> None:
        self._clock = given.clock
        self._status = given.api_for(STATUS_MANAGER)
        self._report = Report(self._status, Recorder(self._status, given.clock, MANAGER), given.clock)
        self._schedule = Schedule(given.clock)
        self._objects = given.manager.informer(KUSTOMIZATIONS)
        self._causes = Causes(given.manager, self._objects)
        self._preparing = Preparing(given, self.name, self._objects, self._causes, self._report)
        appliers = Appliers(given)
        self._applying = Applying(appliers, self._report, given.clock)
        self._leaving = Leaving(appliers, self._report, self._schedule, given.clock)
        self._runs: dict[Request, Run] = {}
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
            run = self._runs[request] = Run(cause, obj, self._clock.now())
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

    def _go_on(self, request: Request, obj: Object, run: Run) -> Result:
        if run.step is Step.BUILD and not self._preparing.prepare(request, obj, run):
            return DONE
        if run.step is Step.STAGE and (soon := self._applying.apply(obj, run)) is not None:
            self._report.steps(run, "Detecting drift for")
            return Result(soon)
        if run.step is Step.HEALTH and not self._applying.is_healthy(obj, run):
            return Result(LOOK_AGAIN)
        del self._runs[request]
        self._report.succeeded(run.latest, run)
        return self._schedule.done(request, run.cause, seconds(obj["spec"]["interval"]))

    def _finalize(self, request: Request, obj: Object) -> Result:
        """Let it go once what is to leave with it has left."""
        if not has_finalizer(obj):
            return DONE
        if (going := self._leaving.go_on(request, obj)) is not None:
            return going
        self._forget(request)
        self._report.gone(obj)
        drop_finalizer(self._status, KUSTOMIZATIONS, obj)
        return DONE

    def _waiting_for_a_stage(self, _event: WatchEvent) -> Iterable[Request]:
        return [request for request, run in self._runs.items() if run.step is Step.STAGE]

    def _forget(self, request: Request) -> None:
        self._runs.pop(request, None)
        self._preparing.forget(request)
        self._leaving.forget(request)
        self._schedule.forget(request)
