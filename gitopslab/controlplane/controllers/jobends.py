"""Says whether and how a Job ends, and what its conditions tell.

Pure functions over a Job and its ``Tally``. A Job ends in two steps: FailureTarget or SuccessCriteriaMet decides how
while pods may still be stopping, Failed or Complete follows once none is left.

Upstream: ``syncJob`` in ``pkg/controller/job/job_controller.go``.
"""

from __future__ import annotations

from gitopslab.controlplane.controllers import jobpolicy
from gitopslab.controlplane.controllers.jobs import Tally, has_failed, is_suspended
from gitopslab.controlplane.controllers.podstate import phase_of
from gitopslab.machinery.clock import seconds_of, timestamp
from gitopslab.machinery.objects import Object, condition_of, find_condition


def ending(job: Object, found: Tally, now: float) -> Object | None:
    """The condition that decides how a Job ends: FailureTarget, or SuccessCriteriaMet by a policy.

    That all completions are there is ``reached``'s to say, once surplus pods are stopped.
    """
    for kind in ("SuccessCriteriaMet", "FailureTarget"):
        known = condition_of(job, kind)
        if known is not None and known["status"] == "True":
            return known
    failure = _failure(job, found, now)
    if failure is not None:
        return condition("FailureTarget", *failure, now)
    rule = jobpolicy.met_rule(job, found.succeeded_indexes)
    if rule is not None:
        return condition("SuccessCriteriaMet", "SuccessPolicy", f"Matched rules at index {rule}", now)
    return None


def _failure(job: Object, found: Tally, now: float) -> tuple[str, str] | None:
    spec = job["spec"]
    for pod in found.pods:
        action, why = jobpolicy.verdict(job, pod) if has_failed(job, pod) else ("", "")
        if action == "FailJob":
            return "PodFailurePolicy", why
    if found.failed > spec.get("backoffLimit", 6) or _restarts_exceed(job, found):
        return "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    left = seconds_to_deadline(job, now)
    if left is not None and left <= 0:
        return "DeadlineExceeded", "Job was active longer than specified deadline"
    most, failed = spec.get("maxFailedIndexes"), len(found.failed_indexes)
    if most is not None and failed > most:
        return "MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes"
    if failed and failed + len(found.succeeded_indexes) >= (spec.get("completions") or 0):
        return "FailedIndexes", "Job has failed indexes"
    return None


def _restarts_exceed(job: Object, found: Tally) -> bool:
    """Pods that restart in place fail by their restarts (``pastBackoffLimitOnFailure``)."""
    if (job["spec"]["template"].get("spec") or {}).get("restartPolicy") != "OnFailure":
        return False
    restarts = 0
    for pod in found.pods:
        status = pod.get("status", {})
        if phase_of(pod) in ("Running", "Pending"):
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


def reached(job: Object, found: Tally, now: float) -> Object | None:
    """SuccessCriteriaMet when all completions are there and no pod is left active."""
    completions = job["spec"].get("completions")
    is_enough = found.succeeded > 0 if completions is None else found.succeeded >= completions
    if not is_enough or found.active:
        return None
    return condition("SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods", now)


def condition(kind: str, reason: str, message: str, now: float, *, status: str = "True") -> Object:
    """A condition as Jobs carry them."""
    moment = timestamp(now)
    times = {"lastProbeTime": moment, "lastTransitionTime": moment}
    return {"type": kind, "status": status, **times, "reason": reason, "message": message}


def final(cause: Object, now: float) -> Object:
    """The condition a Job ends with, once none of its pods is left running: Failed or Complete."""
    kind = "Failed" if cause["type"] == "FailureTarget" else "Complete"
    return condition(kind, cause.get("reason", ""), cause.get("message", ""), now)


def suspension(job: Object, now: float) -> Object | None:
    """The Suspended condition when it has to change."""
    known = condition_of(job, "Suspended")
    wanted = "True" if is_suspended(job) else "False"
    if (known or {}).get("status", "False") == wanted:
        return None
    reason, message = ("JobSuspended", "Job suspended") if wanted == "True" else ("JobResumed", "Job resumed")
    return condition("Suspended", reason, message, now, status=wanted)


def with_condition(conditions: list[Object], new: Object) -> list[Object]:
    """The list with this condition, in the place it had or at the end; unchanged when it says nothing new."""
    known = find_condition(conditions, new["type"])
    if known is None:
        return [*conditions, new]
    if all(known.get(key) == new.get(key) for key in ("status", "reason", "message")):
        return conditions
    return [new if each is known else each for each in conditions]
