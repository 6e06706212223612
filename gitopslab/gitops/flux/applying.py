"""From what a Kustomization has built to what is in the cluster: stage by stage, then the inventory, then health."""

from __future__ import annotations

import time

from gitopslab.gitops.flux.appliers import Appliers
from gitopslab.gitops.flux.apply import SKIPPED, ApplyError, StillThereError
from gitopslab.gitops.flux.prune import prune
from gitopslab.gitops.flux.report import Failure, HealthFailure, Report, is_news
from gitopslab.gitops.flux.run import Run, Step
from gitopslab.gitops.flux.waiting import look, watched
from gitopslab.gitops.inventory import Entry, entries_of, missing
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, is_condition_true

LOOK_AGAIN = 1.0
"""Seconds until what has to settle is looked at again."""

_STAGE_TIMEOUT = 60.0
_SLICE = 0.02  # seconds of applying before others get their turn: two hundred objects take a second or two


class Applying:
    """Applies what runs have built.

    Args:
        appliers: Who applies.
        report: Tells of it.
        clock: The lab's time.
    """

    def __init__(self, appliers: Appliers, report: Report, clock: Clock) -> None:
        self._appliers = appliers
        self._report = report
        self._clock = clock

    def apply(self, obj: Object, run: Run) -> float | None:
        """Apply a piece of what is left; seconds until the next piece, None when all is applied.

        Raises:
            Failure: Something is refused, or does not settle.
        """
        end = time.monotonic() + _SLICE
        try:
            while run.stages:
                if not self._has_settled(obj, run):
                    return LOOK_AGAIN
                while run.stages and len(run.written) < len(run.stages[0]):
                    self._apply_next(obj, run)
                    if time.monotonic() >= end:
                        return 0.0
                run.next_stage(self._clock.now())
        except StillThereError as error:
            if self._clock.now() - run.started >= run.timeout(obj):
                raise Failure("ReconciliationFailed", error.message) from error
            return LOOK_AGAIN
        except ApplyError as error:
            before = "".join(f"{action}\n" for action in run.actions if action.is_change)
            raise Failure("ReconciliationFailed", f"{error.message}\n{before}") from error
        self._settle_inventory(obj, run)
        run.step = Step.HEALTH
        return None

    def is_healthy(self, obj: Object, run: Run) -> bool:
        """Whether all that is waited for is well.

        Raises:
            HealthFailure: It has failed, or it is late.
        """
        wanted = watched(obj, [action.object for action in run.actions if action.done != SKIPPED])
        if not wanted:
            return True
        if not run.checked_since:
            run.checked_since = self._clock.now()
            run.was_healthy = is_condition_true(obj, "Healthy")
            if is_news(obj, run) or not run.was_healthy:
                self._report.steps(run, "Running health checks for")
        now = look(self._appliers.of(obj), wanted, self._clock.now(), run.checks)
        took = self._clock.now() - run.checked_since
        if now.is_over:
            run.healthy_after = took
            return True
        if now.failed:
            raise HealthFailure(took, f"failed early due to stalled resources: [{', '.join(now.failed)}]")
        if took >= run.timeout(obj):
            raise HealthFailure(took, f"timeout waiting for: [{', '.join(now.waiting)}]")
        return False

    def _apply_next(self, obj: Object, run: Run) -> None:
        """Plan one object of a stage, or write one, once all of them are planned."""
        stage, applier, spec = run.stages[0], self._appliers.of(obj), obj["spec"]
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
            now = look(self._appliers.of(obj), run.settling, self._clock.now())
            if not now.is_over:
                if self._clock.now() - run.settling_since >= _STAGE_TIMEOUT:
                    raise ApplyError(f"timeout waiting for: [{', '.join(now.waiting)}]")
                return False
        return True

    def _settle_inventory(self, obj: Object, run: Run) -> None:
        """Write down what is owned now, and delete what is not any more."""
        self._report.changes(obj, run, run.changes)
        new = [Entry.of(action.object) for action in run.actions]
        old = entries_of((obj.get("status") or {}).get("inventory"))
        if obj["spec"].get("prune"):
            pruned = prune(self._appliers.of(obj), obj, missing(old, new))
            self._report.changes(obj, run, pruned.actions)
            new += pruned.refused
            run.inventory = new
            if pruned.errors:
                raise Failure("PruneFailed", pruned.message)
        run.inventory = new
