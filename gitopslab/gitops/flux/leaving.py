"""What becomes of the objects of a deleted Kustomization: its policy, or a suspension, may say to leave them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gitopslab.controlplane.runtime.reconcile import Request, Result
from gitopslab.gitops.flux.appliers import Appliers
from gitopslab.gitops.flux.applying import LOOK_AGAIN
from gitopslab.gitops.flux.kinds import is_suspended
from gitopslab.gitops.flux.marks import is_owned, spoken
from gitopslab.gitops.flux.prune import prune
from gitopslab.gitops.flux.report import Report
from gitopslab.gitops.flux.run import Run
from gitopslab.gitops.flux.schedule import Schedule
from gitopslab.gitops.inventory import Entry, entries_of
from gitopslab.machinery.clock import Clock, seconds_of
from gitopslab.machinery.objects import Object, is_terminating


class Leaving:
    """Deletes what leaves with its Kustomization.

    Args:
        appliers: Who deletes.
        report: Tells of it.
        schedule: Of the Kustomizations.
        clock: The lab's time.
    """

    def __init__(self, appliers: Appliers, report: Report, schedule: Schedule, clock: Clock) -> None:
        self._appliers = appliers
        self._report = report
        self._schedule = schedule
        self._clock = clock
        self._asked: set[Request] = set()  # what they own was asked to go

    def go_on(self, request: Request, obj: Object) -> Result | None:
        """Delete what is owned; when to come again, or None when nothing is left to be done."""
        entries = entries_of((obj.get("status") or {}).get("inventory"))
        if not entries or is_suspended(obj) or not _deletes(obj["spec"]):
            return None
        if not self._appliers.can_impersonate(obj):
            names = "\n".join(spoken(entry.object) for entry in entries)
            self._report.trouble(obj, f"unable to prune objects: \n{names}")
            return None
        return self._delete(request, obj, entries)

    def forget(self, request: Request) -> None:
        """It is gone, or it stays after all."""
        self._asked.discard(request)

    def _delete(self, request: Request, obj: Object, entries: Sequence[Entry]) -> Result | None:
        if request not in self._asked:
            pruned = prune(self._appliers.of(obj), obj, entries)
            if pruned.errors:
                self._report.trouble(obj, "pruning for deleted resource failed")
                return self._schedule.failed(request, "deletion")
            self._report.deleted(obj, pruned.actions)
            self._asked.add(request)
        if obj["spec"].get("deletionPolicy") == "WaitForTermination":
            if self._is_ending(obj, entries):
                return Result(LOOK_AGAIN)
            if self._is_late(obj):
                self._report.trouble(obj, "failed to wait for resources termination")
        return None

    def _is_ending(self, obj: Object, entries: Iterable[Entry]) -> bool:
        """Whether something that was deleted is still there, and it is not too late to wait for it."""
        there = (self._appliers.of(obj).live(entry.object) for entry in entries)
        is_there = any(live and is_terminating(live) and is_owned(live, obj) for live in there)
        return is_there and not self._is_late(obj)

    def _is_late(self, obj: Object) -> bool:
        return self._clock.now() - seconds_of(obj["metadata"]["deletionTimestamp"]) >= Run.timeout(obj)


def _deletes(spec: Object) -> bool:
    policy = spec.get("deletionPolicy") or "MirrorPrune"
    return bool(spec.get("prune")) if policy == "MirrorPrune" else policy != "Orphan"
