"""Counts a Job's pods into its status, each exactly once.

Pure functions. A pod's finalizer keeps it until its uid is in ``status.uncountedTerminatedPods``, and its uid leaves
that list together with the step of the counter. So whenever the controller dies, the next one counts right.

Upstream: ``trackJobStatusAndRemoveFinalizers`` in ``pkg/controller/job/job_controller.go``.
"""

from __future__ import annotations

from gitopslab.controlplane.controllers import jobindexes
from gitopslab.controlplane.controllers.jobs import Tally, counts, has_failed, is_tracked
from gitopslab.controlplane.controllers.podstate import phase_of
from gitopslab.machinery.objects import Object, is_terminating, uid_of


def releasable(job: Object, found: Tally, cause: Object | None) -> list[Object]:
    """The pods whose finalizer may go: those that ended, and all of them when the Job ends.

    A failed pod whose index will be tried again stays until another takes over its count of failures.
    """
    kept = {uid_of(pod) for pod in found.awaited.values()}
    is_over = is_terminating(job) or cause is not None
    return [
        pod
        for pod in found.pods
        if is_tracked(pod)
        and (is_over or phase_of(pod) == "Succeeded" or (has_failed(job, pod) and uid_of(pod) not in kept))
    ]


def noted(job: Object, pods: list[Object], cause: Object | None) -> Object:
    """``uncountedTerminatedPods`` with the uids of these pods. Successes of an Indexed Job count by their index.

    When a Job fails, what was still running counts as failed; when it succeeds, it does not count.
    """
    uncounted = job["status"].get("uncountedTerminatedPods") or {}
    succeeded, failed = (dict.fromkeys(uncounted.get(outcome) or ()) for outcome in ("succeeded", "failed"))
    fails = cause is not None and cause["type"] == "FailureTarget"
    for pod in pods:
        if phase_of(pod) == "Succeeded" and uid_of(pod) not in failed:
            succeeded.update({} if jobindexes.is_indexed(job) else {uid_of(pod): None})
        elif (has_failed(job, pod) or fails) and jobindexes.is_valid(job, pod) and counts(job, pod):
            failed[uid_of(pod)] = None
    return {outcome: list(uids) for outcome, uids in (("succeeded", succeeded), ("failed", failed)) if uids}


def counted(job: Object) -> None:
    """Move the uncounted pods, whose finalizers are gone, to the counters; changes the Job's status in place."""
    status = job["status"]
    uncounted = status.get("uncountedTerminatedPods") or {}
    for outcome in ("succeeded", "failed"):
        total = status.get(outcome, 0) + len(uncounted.get(outcome) or ())
        status.update({outcome: total} if total else {})
    status["uncountedTerminatedPods"] = {}


def with_counts(job: Object, found: Tally) -> None:
    """Bring the numbers of pods and the indexes in the Job's status up to date, in place."""
    status = job["status"]
    status.pop("active", None)
    status.update({"ready": found.ready, "terminating": found.terminating})
    status.update({"active": len(found.active)} if found.active else {})
    if not jobindexes.is_indexed(job):
        return
    completed = jobindexes.spelled(found.succeeded_indexes)
    for field, value in (("succeeded", found.succeeded), ("completedIndexes", completed)):
        status.pop(field, None)
        status.update({field: value} if value else {})
    if job["spec"].get("backoffLimitPerIndex") is not None:
        status["failedIndexes"] = jobindexes.spelled(found.failed_indexes)
