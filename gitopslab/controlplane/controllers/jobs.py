"""The rules of Jobs: what has succeeded and failed, whether the Job is over, and how many pods should run.

Pure functions over a Job and its pods; ``job`` fetches those and carries the answers out. A pod that ended is counted
exactly once: its finalizer keeps it until its uid is in ``status.uncountedTerminatedPods``, and its uid leaves that
list together with the step of the counter.

Upstream: ``pkg/controller/job/job_controller.go``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gitopslab.controlplane.controllers import jobindexes, jobpolicy
from gitopslab.controlplane.controllers.podstate import is_active, is_ready, is_terminal, phase_of
from gitopslab.machinery.clock import seconds_of, timestamp
from gitopslab.machinery.objects import Object, condition_of, is_condition_true, is_terminating, uid_of

TRACKING = "batch.kubernetes.io/job-tracking"
_FIRST_DELAY, _LONGEST_DELAY = 10.0, 600.0  # seconds before a failed pod is replaced, doubling each time


def is_finished(job: Object) -> bool:
    """Whether a Job has completed or failed for good."""
    return is_condition_true(job, "Complete") or is_condition_true(job, "Failed")


def is_suspended(job: Object) -> bool:
    """Whether a Job should not run for now."""
    return bool(job["spec"].get("suspend"))


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


@dataclass(slots=True)
class Tally:
    """What is known of a Job's pods.

    Attributes:
        active: Pods that run or wait to run.
        ready: How many of them are ready.
        terminating: How many pods are on their way out.
        succeeded: How many completions there are, those not yet in the status included.
        failed: How many failures count, likewise.
        succeeded_indexes: The indexes that are complete.
        failed_indexes: The indexes that are given up.
        ended: Pods to be counted, with their outcome: ``succeeded``, ``failed`` or ``ignored``.
    """

    active: list[Object] = field(default_factory=list)
    ready: int = 0
    terminating: int = 0
    succeeded: int = 0
    failed: int = 0
    succeeded_indexes: set[int] = field(default_factory=set)
    failed_indexes: set[int] = field(default_factory=set)
    ended: list[tuple[Object, str]] = field(default_factory=list)


def tally(job: Object, pods: list[Object]) -> Tally:
    """Count a Job's pods together with what its status has counted before."""
    status = job.get("status", {})
    uncounted = status.get("uncountedTerminatedPods") or {}
    known = {outcome: set(uncounted.get(outcome) or ()) for outcome in ("succeeded", "failed")}
    found = Tally(active=[pod for pod in pods if is_active(pod)])
    found.ready = sum(is_ready(pod) for pod in found.active)
    found.terminating = sum(is_terminating(pod) and not is_terminal(pod) for pod in pods)
    found.succeeded_indexes = jobindexes.parsed(status.get("completedIndexes") or "")
    found.failed_indexes = jobindexes.parsed(status.get("failedIndexes") or "")
    found.ended = [(pod, outcome) for pod in pods if is_tracked(pod) and (outcome := _outcome(job, pod))]
    new = {"succeeded": 0, "failed": 0, "ignored": 0}
    for pod, outcome in found.ended:
        new[outcome] += uid_of(pod) not in known.get(outcome, ())
        _note_index(job, pod, outcome, found)
    found.succeeded = status.get("succeeded", 0) + len(known["succeeded"]) + new["succeeded"]
    found.failed = status.get("failed", 0) + len(known["failed"]) + new["failed"]
    if jobindexes.is_indexed(job):
        found.succeeded = len(found.succeeded_indexes)
    return found


def _outcome(job: Object, pod: Object) -> str:
    if phase_of(pod) == "Succeeded":
        return "succeeded"
    if not has_failed(job, pod):
        return ""
    return "ignored" if jobpolicy.verdict(job, pod)[0] == "Ignore" else "failed"


def _note_index(job: Object, pod: Object, outcome: str, found: Tally) -> None:
    index = jobindexes.index_of(pod)
    if not jobindexes.is_indexed(job) or not 0 <= index < (job["spec"].get("completions") or 0):
        return
    if outcome == "succeeded":
        found.succeeded_indexes.add(index)
    limit = job["spec"].get("backoffLimitPerIndex")
    if outcome == "failed" and limit is not None:
        gives_up = jobpolicy.verdict(job, pod)[0] == "FailIndex"
        if gives_up or jobindexes.failures_of(pod) >= limit:
            found.failed_indexes.add(index)


def ending(job: Object, found: Tally, now: float) -> Object | None:
    """The condition that decides how a Job ends, before its last pods are gone: FailureTarget or SuccessCriteriaMet."""
    for kind in ("FailureTarget", "SuccessCriteriaMet"):
        known = condition_of(job, kind)
        if known is not None and known["status"] == "True":
            return known
    failure = _failure(job, found, now)
    if failure is not None:
        return _condition("FailureTarget", *failure, now)
    rule = jobpolicy.met_rule(job, found.succeeded_indexes)
    if rule is not None:
        return _condition("SuccessCriteriaMet", "SuccessPolicy", f"Matched rules at index {rule}", now)
    if _is_complete(job, found):
        return _condition("SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods", now)
    return None


def _failure(job: Object, found: Tally, now: float) -> tuple[str, str] | None:
    spec = job["spec"]
    for pod, outcome in found.ended:
        action, why = jobpolicy.verdict(job, pod)
        if outcome == "failed" and action == "FailJob":
            return "PodFailurePolicy", why
    if found.failed > spec.get("backoffLimit", 6) or _restarts_exceed(job, found):
        return "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    left = seconds_to_deadline(job, now)
    if left is not None and left <= 0:
        return "DeadlineExceeded", "Job was active longer than specified deadline"
    most = spec.get("maxFailedIndexes")
    if most is not None and len(found.failed_indexes) > most:
        return "MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes"
    done = found.succeeded_indexes | found.failed_indexes
    if found.failed_indexes and len(done) >= (spec.get("completions") or 0):
        return "FailedIndexes", "Job has failed indexes"
    return None


def _restarts_exceed(job: Object, found: Tally) -> bool:
    """Pods that restart in place fail by their restarts (``pastBackoffLimitOnFailure``)."""
    if (job["spec"]["template"].get("spec") or {}).get("restartPolicy") != "OnFailure":
        return False
    restarts = 0
    for pod in found.active:
        status = pod.get("status", {})
        statuses = (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ()))
        restarts += sum(each.get("restartCount") or 0 for each in statuses)
    limit = job["spec"].get("backoffLimit", 6)
    return bool(restarts > 0 if limit == 0 else restarts >= limit)


def seconds_to_deadline(job: Object, now: float) -> float | None:
    """Seconds until ``activeDeadlineSeconds`` have passed; None when they never will."""
    limit, start = job["spec"].get("activeDeadlineSeconds"), job.get("status", {}).get("startTime")
    if limit is None or start is None or is_suspended(job):
        return None
    return seconds_of(start) + float(limit) - now


def _is_complete(job: Object, found: Tally) -> bool:
    completions = job["spec"].get("completions")
    if completions is None:
        return found.succeeded > 0 and not found.active
    return found.succeeded >= completions and not found.active


def _condition(kind: str, reason: str, message: str, now: float) -> Object:
    moment = timestamp(now)
    times = {"lastProbeTime": moment, "lastTransitionTime": moment}
    return {"type": kind, "status": "True", **times, "reason": reason, "message": message}


def final(cause: Object, now: float) -> Object:
    """The condition a Job ends with, once none of its pods is left running: Failed or Complete."""
    kind = "Failed" if cause["type"] == "FailureTarget" else "Complete"
    return _condition(kind, cause.get("reason", ""), cause.get("message", ""), now)


def suspension(job: Object, now: float) -> Object | None:
    """The Suspended condition when it has to change."""
    known = condition_of(job, "Suspended")
    wanted = "True" if is_suspended(job) else "False"
    if (known or {}).get("status", "False") == wanted:
        return None
    reason, message = ("JobSuspended", "Job suspended") if wanted == "True" else ("JobResumed", "Job resumed")
    return {**_condition("Suspended", reason, message, now), "status": wanted}


def wanted_active(job: Object, found: Tally) -> int:
    """How many pods should be active now."""
    if is_suspended(job):
        return 0
    parallelism = int(job["spec"].get("parallelism", 1))
    completions = job["spec"].get("completions")
    if completions is None:
        # A work queue: once one pod has succeeded the others finish and none is started.
        return min(parallelism, len(found.active)) if found.succeeded else parallelism
    done = found.succeeded + (len(found.failed_indexes) if jobindexes.is_indexed(job) else 0)
    return max(0, min(parallelism, int(completions) - done))


def free_indexes(job: Object, found: Tally) -> list[int]:
    """The indexes that need a pod, lowest first."""
    taken = {jobindexes.index_of(pod) for pod in found.active} | found.succeeded_indexes | found.failed_indexes
    return [index for index in range(job["spec"].get("completions") or 0) if index not in taken]


def delay(pods: list[Object], now: float) -> float:
    """Seconds before another pod may be started, after the failures since the last success."""
    ends = sorted((_ended_at(pod), phase_of(pod)) for pod in pods if is_terminal(pod))
    failures = 0
    for _, phase in ends:
        failures = failures + 1 if phase == "Failed" else 0
    if not failures:
        return 0.0
    wait = min(_FIRST_DELAY * 2.0 ** (failures - 1), _LONGEST_DELAY)
    return max(0.0, ends[-1][0] + wait - now)


def _ended_at(pod: Object) -> float:
    """When a pod ended: its last container's end, or else when it stopped being ready."""
    status = pod.get("status", {})
    ends = [
        terminated["finishedAt"]
        for each in status.get("containerStatuses") or ()
        if (terminated := (each.get("state") or {}).get("terminated")) and terminated.get("finishedAt")
    ]
    ready = condition_of(pod, "Ready") or {}
    text = max(ends, default="") or ready.get("lastTransitionTime") or pod["metadata"]["creationTimestamp"]
    return seconds_of(text)
