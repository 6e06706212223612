"""The rules of Jobs: what has succeeded and failed, and how many pods should run.

Pure functions over a Job and its pods; ``job`` fetches those and carries the answers out, ``jobends`` says whether the
Job is over, ``jobaccounts`` counts pods into the status.

Upstream: ``pkg/controller/job/job_controller.go``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gitopslab.controlplane.controllers import jobindexes, jobpolicy
from gitopslab.controlplane.controllers.jobbackoff import finished_at
from gitopslab.controlplane.controllers.podstate import is_active, is_ready, is_terminal, least_advanced, phase_of
from gitopslab.machinery.objects import Object, is_condition_true, is_terminating, uid_of

TRACKING = "batch.kubernetes.io/job-tracking"
CONTROLLER = "kubernetes.io/job-controller"


def is_finished(job: Object) -> bool:
    """Whether a Job has completed or failed for good."""
    return is_condition_true(job, "Complete") or is_condition_true(job, "Failed")


def is_suspended(job: Object) -> bool:
    """Whether a Job should not run for now."""
    return bool(job["spec"].get("suspend"))


def is_managed_elsewhere(job: Object) -> bool:
    """Whether ``managedBy`` gives a Job to another controller, which this one must not disturb."""
    return job["spec"].get("managedBy") not in (None, CONTROLLER)


def is_tracked(pod: Object) -> bool:
    """Whether a pod still waits to be counted."""
    return TRACKING in (pod["metadata"].get("finalizers") or ())


def replaces_only_failed(job: Object) -> bool:
    """Whether a pod must have ended before another takes its place, instead of being on its way out."""
    return job["spec"].get("podReplacementPolicy") == "Failed" or job["spec"].get("podFailurePolicy") is not None


def has_failed(job: Object, pod: Object) -> bool:
    """Whether a pod counts as a failure; by default one that is being deleted does."""
    if phase_of(pod) == "Failed":
        return True
    return not replaces_only_failed(job) and is_terminating(pod) and phase_of(pod) != "Succeeded"


def counts(job: Object, pod: Object) -> bool:
    """Whether a failed pod counts against the limits; a rule may say that it is to be ignored."""
    return jobpolicy.verdict(job, pod)[0] != "Ignore"


@dataclass(slots=True)
class Tally:
    """What is known of a Job's pods.

    Attributes:
        pods: All of them.
        active: Pods that run or wait to run.
        terminating: How many pods are on their way out.
        successes: Pods that succeeded and were not counted before.
        failures: Pods that failed and were not counted before.
        succeeded: How many completions there are, those not yet in the status included.
        failed: How many failures count, likewise.
        succeeded_indexes: The indexes that are complete.
        failed_indexes: The indexes that are given up.
        awaited: By index the last failed pod, kept until another takes its place and takes over its count of failures.
    """

    pods: list[Object]
    active: list[Object]
    terminating: int
    successes: list[Object] = field(default_factory=list)
    failures: list[Object] = field(default_factory=list)
    succeeded: int = 0
    failed: int = 0
    succeeded_indexes: set[int] = field(default_factory=set)
    failed_indexes: set[int] = field(default_factory=set)
    awaited: dict[int, Object] = field(default_factory=dict)

    @property
    def ready(self) -> int:
        """How many active pods are ready."""
        return sum(map(is_ready, self.active))

    def stopped(self, pod: Object) -> None:
        """Note that an active pod was deleted."""
        self.active = [each for each in self.active if each is not pod]
        self.terminating += 1


def tally(job: Object, pods: list[Object]) -> Tally:
    """Count a Job's pods together with what its status has counted before."""
    status = job.get("status", {})
    uncounted = status.get("uncountedTerminatedPods") or {}
    known = {outcome: set(uncounted.get(outcome) or ()) for outcome in ("succeeded", "failed")}
    departing = sum(is_terminating(pod) and not is_terminal(pod) for pod in pods)
    found = Tally(pods, [pod for pod in pods if is_active(pod)], departing)
    valid = [pod for pod in pods if is_tracked(pod) and jobindexes.is_valid(job, pod)]
    found.successes = [pod for pod in valid if phase_of(pod) == "Succeeded" and uid_of(pod) not in known["succeeded"]]
    found.failures = [pod for pod in valid if has_failed(job, pod) and uid_of(pod) not in known["failed"]]
    found.succeeded = status.get("succeeded", 0) + len(known["succeeded"]) + len(found.successes)
    found.failed = status.get("failed", 0) + len(known["failed"]) + sum(counts(job, pod) for pod in found.failures)
    if jobindexes.is_indexed(job):
        _note_indexes(job, found, valid)
    return found


def _note_indexes(job: Object, found: Tally, valid: list[Object]) -> None:
    status, completions = job.get("status", {}), job["spec"]["completions"]
    found.succeeded_indexes = jobindexes.parsed(status.get("completedIndexes") or "", completions)
    found.succeeded_indexes |= {jobindexes.index_of(pod) for pod in valid if phase_of(pod) == "Succeeded"}
    found.succeeded = len(found.succeeded_indexes)
    if job["spec"].get("backoffLimitPerIndex") is not None:
        found.failed_indexes = jobindexes.parsed(status.get("failedIndexes") or "", completions)
        found.failed_indexes |= {jobindexes.index_of(pod) for pod in valid if _gives_up(job, pod)}
        found.awaited = _awaited(job, found, valid)


def _gives_up(job: Object, pod: Object) -> bool:
    """Whether a pod's failure is the last its index may have."""
    if not has_failed(job, pod):
        return False
    action = jobpolicy.verdict(job, pod)[0]
    limit = job["spec"]["backoffLimitPerIndex"]
    return action == "FailIndex" or (action != "Ignore" and jobindexes.failures_of(pod) >= limit)


def _awaited(job: Object, found: Tally, valid: list[Object]) -> dict[int, Object]:
    settled = found.succeeded_indexes | found.failed_indexes | {jobindexes.index_of(pod) for pod in found.active}
    last: dict[int, Object] = {}
    for pod in sorted((pod for pod in valid if has_failed(job, pod)), key=finished_at):
        index = jobindexes.index_of(pod)
        before = last.get(index)
        if index not in settled and (before is None or jobindexes.attempts_of(before) <= jobindexes.attempts_of(pod)):
            last[index] = pod
    return last


def wanted_active(job: Object, found: Tally) -> int:
    """How many pods should be active now."""
    if is_suspended(job):
        return 0
    parallelism = int(job["spec"].get("parallelism", 1))
    completions = job["spec"].get("completions")
    if completions is None:
        # A work queue: once one pod has succeeded the others finish and none is started.
        return len(found.active) if found.succeeded else parallelism
    return max(0, min(parallelism, int(completions) - found.succeeded))


def surplus(job: Object, found: Tally) -> list[Object]:
    """The active pods that are too many: of an index all but one, and then those that have come least far."""
    spare: list[Object] = []
    left = found.active
    if jobindexes.is_indexed(job):
        by_index: dict[int, list[Object]] = {}
        for pod in found.active:
            index = jobindexes.index_of(pod) if jobindexes.is_valid(job, pod) else -1
            by_index.setdefault(index, []).append(pod)
        spare = by_index.pop(-1, [])
        for rivals in by_index.values():
            spare += least_advanced(rivals)[:-1]
        left = [pod for pod in found.active if not any(pod is each for each in spare)]
    more = len(found.active) - wanted_active(job, found) - len(spare)
    return [*spare, *(least_advanced(left)[:more] if more > 0 else ())]


def free_indexes(job: Object, found: Tally, count: int) -> list[int]:
    """The first ``count`` indexes that need a pod, lowest first."""
    taken = {jobindexes.index_of(pod) for pod in found.active} | found.succeeded_indexes | found.failed_indexes
    if replaces_only_failed(job):
        going = (pod for pod in found.pods if is_terminating(pod) and not is_terminal(pod))
        taken |= {jobindexes.index_of(pod) for pod in going}
    return [index for index in range(job["spec"]["completions"]) if index not in taken][:count]
